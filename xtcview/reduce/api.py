"""`reduce`: many events of a run -> one result, in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from xtcview.errors import SourceError, XtcError
from xtcview.reduce import ops as known
from xtcview.reduce import several
from xtcview.reduce.checkpoint import Saver, meta_of
from xtcview.reduce.groups import group
from xtcview.reduce.op import Op
from xtcview.reduce.pools import check_engines
from xtcview.reduce.recipe import recipe
from xtcview.reduce.reduction import Reduction
from xtcview.reduce.rules import Rules, carried
from xtcview.reduce.selection import choose
from xtcview.reduce.task import LIBRARY, TIMEOUT, Task, identity, package_version
from xtcview.run.datasource import open_run


def reduce(
    run: Any,
    name: str | None = None,
    ops: str | Op | Iterable[str | Op] = ("sum", "mean"),
    *,
    events: Any = None,
    where: str | Callable[[Any], Any] | None = None,
    by: Any = None,
    each: Callable[[Any, Any], Any] | None = None,
    engines: Any = "serial",
    calib: bool = False,
    checkpoint: bool | str | Path = True,
    timeout: float = TIMEOUT,
    library: str = LIBRARY,
) -> Reduction:
    """Reduce a detector's data over many events; returns at once.

    Parameters
    ----------
    run : Run or str, or list of them
        From `xtcview.open`, or a data set string. Each worker opens it again by ``run.spec``.
        Events of several runs are numbered one run after another.
    name : str, optional
        Detector, by name, source or alias. Without it the run's only area detector.
    ops : str, Op or iterable of them
        Any of 'sum', 'mean', 'std' and 'var' (of the population), 'min' and 'max', and those of
        `xtcview.reduce.ops`, such as 'above(30)'; computed in one pass.
    events : slice, range, mask, sequence of int or of EventTime, optional
        Which events; all by default.
    where : str or callable, optional
        Which of these: a condition on numbers of the events, such as
        ``'EBeam.ebeamCharge > 0.1 and 140 in codes'`` or ``'step in (0, 2)'`` (see
        `xtcview.reduce.expressions`); or ``function(evt)`` -> bool.
    by : str, (str, edges) or callable, optional
        Results by group: by the value of an expression such as 'step' or ``'round(delay, 1)'``, by
        bins of it, or by what ``function(evt)`` gives. Results then have one more axis, the first;
        ``r.groups`` are the keys, and ``r[key]`` is the result of one group.
    each : callable, optional
        ``each(frame, evt)`` -> what is reduced in place of the frame (segments, rows, cols): an
        array of any one shape, or a number; None leaves the event out.
    engines : 'serial', int, Client, Cluster or concurrent.futures.Executor
        Where: in a thread of this process; on so many ipyparallel engines of this machine, which
        are started once and used again; or on what is given, which is left alone.
    calib : bool
        Reduce ``det.calib(evt)`` instead of ``det.raw(evt)``. Floats, also those of `each`, are
        rounded to 2**-16 ADU, and for 'std' and 'var' their squares to 2**-6 ADU^2, so that the
        result does not depend on the order.
    checkpoint : bool, str or Path
        File that holds, from the first half minute on, what there is so far, for `resume`. True
        keeps it in the user's cache folder until the end; False means none.
    timeout : float
        Seconds that one event may take before it is reported as failed.
    library : str
        Module with `open` and `Detector`, importable where the work is done; for tests.

    Returns
    -------
    Reduction
        Grows while it runs; `Reduction.wait` waits for the end.

    Raises
    ------
    SourceError
        When the run has no such detector, or several and no name was given; or no such number.
    XtcError
        For an unknown op, an event that the run does not have, or a condition that cannot be read.
    EngineError
        For engines that cannot be understood.
    MissingExtraError
        When engines are wanted and ipyparallel is not installed.
    """
    wanted = known.find(ops)
    check_engines(engines)
    run, library = _opened(run, library)
    detector = import_module(library).Detector(name, run)
    if not hasattr(type(detector), "calib"):
        what = f"{name!r} sends no pictures that could be reduced"
        raise SourceError(f"{what}; run.scalars([...]) gives its numbers for all events")
    condition, use = _condition(where)
    selection, grouping = group(run, choose(run, events, condition), by)
    task = Task(
        spec=run.spec,
        identity=identity(run),
        detector=detector.name,
        ops=known.sendable(wanted),
        calib_dir=str(run.calib_dir) if calib else "",
        token=uuid4().hex,
        library=library,
        version=package_version(),
        timeout=timeout,
        rules=Rules(carried(use), grouping, carried(each)),
    )
    shape = tuple(detector.shape)
    meta = meta_of(task, detector.source, shape, [op.text for op in wanted])
    path = checkpoint if isinstance(checkpoint, bool) else Path(checkpoint)
    saver = Saver(path, task.token, meta | recipe(task.rules, selection))
    return Reduction(task, wanted, shape, selection, engines, saver)


def _opened(run: Any, library: str) -> tuple[Any, str]:
    """Return what is reduced, and the module that opens it elsewhere."""
    if isinstance(run, str | Path):
        return open_run(run), library
    if not isinstance(run, Sequence):
        return run, library
    runs = [open_run(one) if isinstance(one, str | Path) else one for one in run]
    return (runs[0], library) if len(runs) == 1 else (several.SeveralRuns(runs), several.LIBRARY)


def _condition(where: Any) -> tuple[str | None, Callable[[Any], Any] | None]:
    """Return the condition as text, and as function."""
    if where is None or isinstance(where, str):
        return where, None
    if callable(where):
        return None, where
    raise XtcError(
        f"where={where!r:.100} cannot be understood: give a text such as 'step == 1', or a "
        "function of the event"
    )
