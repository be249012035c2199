"""`resume`: go on with a reduction whose process has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from xtcview.errors import XtcError
from xtcview.reduce import checkpoint
from xtcview.reduce import ops as known
from xtcview.reduce.checkpoint import Checkpoint, Saver
from xtcview.reduce.op import Op
from xtcview.reduce.ops import sendable
from xtcview.reduce.pools import check_engines
from xtcview.reduce.recipe import remade
from xtcview.reduce.reduction import Reduction
from xtcview.reduce.task import LIBRARY, Task, identity, package_version


def resume(
    path: str | Path | None = None,
    *,
    ops: str | Op | Iterable[str | Op] | None = None,
    by: Callable[[Any], Any] | None = None,
    each: Callable[[Any, Any], Any] | None = None,
    where: Callable[[Any], Any] | None = None,
    engines: Any = "serial",
    library: str = LIBRARY,
) -> Reduction:
    """Go on with a reduction from its checkpoint; returns at once.

    The result has the same bits as if it had never been interrupted.

    Parameters
    ----------
    path : str or Path, optional
        The checkpoint: what was given to `reduce`, or what its `repr` named. Without it the only
        one that was left behind in the user's cache folder.
    ops : optional
        As given to `reduce`; only needed for ops that are no texts.
    by, each, where : callable, optional
        The functions that were given to `reduce`; texts are in the checkpoint.
    engines : optional
        As for `reduce`.
    library : str
        As for `reduce`.

    Returns
    -------
    Reduction
        Goes on with the events that are not in the checkpoint, and with the checkpoint.

    Raises
    ------
    XtcError
        When the run, the constants or the version are not those of the checkpoint.
    FormatError
        When the file cannot be read as a checkpoint.
    FileNotFoundError
        When it is not there.
    """
    check_engines(engines)
    file = Path(path) if path is not None else _only()
    begun = checkpoint.read(file)
    meta = begun.meta
    wanted = _ops(file, meta["ops"]) if ops is None else known.find(ops)
    library = meta["library"] if library == LIBRARY else library
    run = import_module(library).open(meta["spec"])
    detector = import_module(library).Detector(meta["detector"], run)
    _check(file, begun, run, detector, [op.text for op in wanted])
    selection, rules = remade(begun, run, by, each, where)
    task = Task(
        spec=meta["spec"],
        identity=tuple(meta["identity"]),
        detector=meta["detector"],
        ops=sendable(wanted),
        calib_dir=meta["calib_dir"],
        token=uuid4().hex,
        library=library,
        version=package_version(),
        timeout=meta["timeout"],
        rules=rules,
    )
    saver = Saver(file, task.token, meta)
    return Reduction(task, wanted, tuple(detector.shape), selection, engines, saver, begun)


def _ops(file: Path, texts: list[str]) -> tuple[Op, ...]:
    try:
        return known.find(texts)
    except XtcError as error:
        raise XtcError(
            f"{file}: its ops {', '.join(texts)} cannot all be made from text; give ops=... as "
            f"they were given to reduce ({error})"
        ) from error


def _only() -> Path:
    """Return the checkpoint that was left behind, if there is just one."""
    found = sorted(checkpoint.folder().glob(f"*{checkpoint.SUFFIX}"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(map(str, found)) or "none"
    raise XtcError(f"give the checkpoint to resume; in {checkpoint.folder()} there is: {names}")


def _check(file: Path, begun: Checkpoint, run: Any, detector: Any, names: list[str]) -> None:
    """Refuse to add to a checkpoint what does not belong to it."""
    meta = begun.meta
    source, folder = detector.source, meta["calib_dir"]
    found = {
        "version": package_version(),
        "identity": list(identity(run, meta["identity"][0])),
        "source": source,
        "shape": list(detector.shape),
        "ops": names,
        "calib_dir": str(run.calib_dir) if folder else "",
        "constants": checkpoint.constants(folder, source),
    }
    for key, value in found.items():
        if meta[key] != value:
            raise XtcError(
                f"{file} was written with {key} {meta[key]!r:.300}, here it is {value!r:.300}: the "
                "result would be neither; reduce again"
            )
