"""`reduce`: many events of a run -> one result, in the background."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from xtcview.reduce import ops as known
from xtcview.reduce.checkpoint import Saver, meta_of
from xtcview.reduce.plan import select
from xtcview.reduce.pools import check_engines
from xtcview.reduce.reduction import Reduction
from xtcview.reduce.task import LIBRARY, TIMEOUT, Task, identity, package_version
from xtcview.run.datasource import open_run


def reduce(
    run: Any,
    name: str | None = None,
    ops: str | Iterable[str] = ("sum", "mean"),
    *,
    events: Any = None,
    engines: Any = "serial",
    calib: bool = False,
    checkpoint: bool | str | Path = True,
    timeout: float = TIMEOUT,
    library: str = LIBRARY,
) -> Reduction:
    """Reduce a detector's data over many events; returns at once.

    Parameters
    ----------
    run : Run or str
        From `xtcview.open`, or a data set string. Each worker opens it again by ``run.spec``.
    name : str, optional
        Detector, by name, source or alias. Without it the run's only area detector.
    ops : str or iterable of str
        Any of 'sum', 'mean', 'std' (of the population), 'min' and 'max', and 'above:<ADU>' or
        'below:<ADU>', the number of events in which a pixel is so; computed in one pass.
    events : slice, range, mask, sequence of int or of EventTime, optional
        Which events; all by default.
    engines : 'serial', int, Client, Cluster or concurrent.futures.Executor
        Where: in a thread of this process; on so many ipyparallel engines of this machine, which
        are started once and used again; or on what is given, which is left alone.
    calib : bool
        Reduce ``det.calib(evt)`` instead of ``det.raw(evt)``. Values are rounded to 2**-16 ADU, and
        for 'std' their squares to 2**-6 ADU^2, so that the result does not depend on the order.
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
        When the run has no such detector, or several and no name was given.
    XtcError
        For an unknown op or an event that the run does not have.
    EngineError
        For engines that cannot be understood.
    MissingExtraError
        When engines are wanted and ipyparallel is not installed.
    """
    wanted = known.find(ops)
    check_engines(engines)
    if isinstance(run, str | Path):
        run = open_run(run)
    detector = import_module(library).Detector(name, run)
    selected = select(run, events)
    task = Task(
        spec=run.spec,
        identity=identity(run),
        detector=detector.name,
        ops=tuple(op.name for op in wanted),
        calib_dir=str(run.calib_dir) if calib else "",
        token=uuid4().hex,
        library=library,
        version=package_version(),
        timeout=timeout,
    )
    shape = tuple(detector.shape)
    path = checkpoint if isinstance(checkpoint, bool) else Path(checkpoint)
    saver = Saver(path, task.token, meta_of(task, detector.source, shape, task.ops))
    return Reduction(task, wanted, shape, selected, engines, saver)
