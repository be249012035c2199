"""One chunk of events, as a pure task: run, detector, ops and event numbers -> partial state.

`run_chunk` runs wherever an executor puts it: in a thread, another process, an engine on another
machine. It opens the run itself. Nothing stays behind but a few open runs, which the next chunk
of the same run finds again.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from xtcview.errors import EngineError, FormatError
from xtcview.reduce import kernels, ops
from xtcview.reduce.limits import Limit, is_cancelled
from xtcview.reduce.op import Op
from xtcview.reduce.parts import FIXED_LIMIT, Array
from xtcview.reduce.readers import Reader, reader_of
from xtcview.reduce.report import Skipped
from xtcview.reduce.rules import Shot
from xtcview.reduce.tally import Tally
from xtcview.reduce.task import Task, package_version

Result = list[Any]  # [summary dict, then per group: events per segment, *state]


def run_chunk(task: Task, events: Sequence[int]) -> Result:
    """Read events and accumulate them.

    Parameters
    ----------
    task : Task
        Run, detector and ops.
    events : sequence of int
        Event numbers.

    Returns
    -------
    list
        ``[summary, present, *state]``: a dict with 'counted', 'skipped', 'dtype', 'shape',
        'groups', 'bytes', 'seconds' and 'left' (events at the end that were not begun: the time
        was over or the reduction cancelled), the events per segment, and the arrays of the ops; no
        arrays when no event counted, and as many times the arrays as there are 'groups'.

    Raises
    ------
    XtcError
        When the run or the detector cannot be opened here. An event that cannot be read is
        listed in 'skipped' instead.
    """
    if len(events) >= kernels.WORTH:
        kernels.load()  # once per process: no part of what an event takes
    began = time.perf_counter()
    if task.version != package_version():
        raise EngineError(
            f"xtcview is {package_version()} on {platform.node()} (process {os.getpid()}), "
            f"expected {task.version}: install the same version on all engines and restart them"
        )
    tally = Tally(ops.find(task.ops), len(events))
    done = 0
    with reader_of(task) as reader, Limit(task.timeout) as limit:
        for number in events:
            late = time.perf_counter() - began - tally.warming > task.seconds
            if (done and late) or is_cancelled(task.token):
                break
            _take(tally, reader, task, limit, int(number))
            done += 1
    summary, arrays = tally.close()
    seconds = time.perf_counter() - began - tally.warming
    summary |= {"left": len(events) - done, "seconds": seconds}
    return [summary, *arrays]


def _take(tally: Tally, reader: Reader, task: Task, limit: Limit, number: int) -> None:
    try:
        with limit.event():
            found = _read(tally.ops, reader, task, number)
        if not isinstance(found, Skipped):
            shot, key, rows = found
            _check(tally, shot)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a line of the report, others go on
        found = Skipped("failed", f"{type(error).__name__}: {error}", number)
    if isinstance(found, Skipped):
        tally.skipped.append(found)
    else:
        tally.take(shot, key, rows)


def _read(
    wanted: tuple[Op, ...], reader: Reader, task: Task, number: int
) -> tuple[Shot, Any, dict[str, Array]] | Skipped:
    """Return what is reduced of an event, its group and its rows of tables, or why nothing."""
    event = reader.run.event(number)
    if event is None:
        return Skipped("missing", "the run gives no event of this number", number)
    rules = task.rules
    refused = rules.refusal(event, number)
    found = refused or read_frame(reader.detector, event, number, bool(task.calib_dir))
    if isinstance(found, Skipped):
        return found
    shot = rules.made(found, tuple(reader.detector.shape), event, number)
    key = rules.key(event, number)
    for one in (shot, key):
        if isinstance(one, Skipped):
            return one
    assert isinstance(shot, Shot)
    parts = [part for part in ops.parts_of(wanted) if part.row is not None]
    return shot, key, {p.name: p.row(*shot, event, number) for p in parts if p.row is not None}


def read_frame(detector: Any, event: Any, number: int, calib: bool) -> Shot | Skipped:
    """Return one frame (segments, rows, cols) and which segments it holds, or why there is none."""
    damage = event.damage(detector.source)
    if damage:
        return Skipped("damaged", f"damage word {damage:#x} of {detector.source}", number)
    found = detector.read(event)
    if found is None:
        # what could not be read is no data either, but for another reason
        for problem in getattr(event, "problems", ()):
            return Skipped("failed", f"{problem.file}: {problem.what}", number)
        return Skipped("missing", f"no data of {detector.source}", number)
    frame = detector.calib(event) if calib else found.panels
    return Shot(frame.reshape(detector.shape), found.present)


def _check(tally: Tally, shot: Shot) -> None:
    """Refuse a frame that the ops cannot add exactly."""
    frame, held = shot
    if tally.dtype and frame.dtype.str != tally.dtype:
        raise FormatError(f"the frame is {frame.dtype.str}, those before are {tally.dtype}")
    if tally.shape and frame.shape != tally.shape:
        raise FormatError(f"the frame has shape {frame.shape}, those before {tally.shape}")
    if frame.dtype.kind not in "iuf":
        raise FormatError(f"a frame of {frame.dtype} cannot be summed; integers or floats can")
    if frame.dtype.kind == "f" and any(part.finite for part in ops.parts_of(tally.ops)):
        values = frame if held.all() else frame[held]
        if not np.all(np.abs(values) <= FIXED_LIMIT):  # also false for nan
            raise FormatError(
                f"a calibrated value is not finite or beyond {FIXED_LIMIT} ADU, "
                "so that it cannot be summed exactly"
            )
