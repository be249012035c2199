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
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xtcview.errors import EngineError, FormatError
from xtcview.reduce import ops
from xtcview.reduce.limits import Limit, is_cancelled
from xtcview.reduce.ops import Array, State
from xtcview.reduce.readers import Reader, reader_of
from xtcview.reduce.report import Skipped
from xtcview.reduce.task import Task, package_version

FRAMES = 4  # read before they are added, side by side

Result = list[Any]  # [summary dict, events per segment, *state]


@dataclass
class _Tally:
    """What a chunk has gathered so far."""

    ops: tuple[ops.Op, ...]
    events: int
    dtype: str = ""
    counted: int = 0
    bytes: int = 0
    present: Array | None = None
    state: State = ()
    skipped: list[Skipped] = field(default_factory=list)
    frames: list[Array] = field(default_factory=list)
    held: list[Array] = field(default_factory=list)

    def take(self, frame: Array, held: Array) -> None:
        if self.present is None:
            self.dtype = frame.dtype.str
            self.present = np.zeros(len(frame), np.int64)
            self.state = ops.zero(self.ops, frame.shape, frame.dtype, self.events)
        self.frames.append(frame)
        self.held.append(held)
        if len(self.frames) == FRAMES:
            self.flush()

    def flush(self) -> None:
        if self.present is not None:
            ops.add(self.ops, self.state, self.frames, self.held)
            self.present += np.sum(self.held, axis=0, dtype=np.int64)
            self.counted += len(self.frames)
            self.bytes += sum(frame.nbytes for frame in self.frames)
        self.frames, self.held = [], []


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
        ``[summary, present, *state]``: a dict with 'counted', 'skipped', 'dtype', 'bytes',
        'seconds' and 'left' (events at the end that were not begun: the time was over or the
        reduction cancelled), the events per segment, and the arrays of the ops; no arrays when no
        event counted.

    Raises
    ------
    XtcError
        When the run or the detector cannot be opened here. An event that cannot be read is
        listed in 'skipped' instead.
    """
    began = time.perf_counter()
    if task.version != package_version():
        raise EngineError(
            f"xtcview is {package_version()} on {platform.node()} (process {os.getpid()}), "
            f"expected {task.version}: install the same version on all engines and restart them"
        )
    tally = _Tally(ops.find(task.ops), len(events))
    done = 0
    with reader_of(task) as reader, Limit(task.timeout) as limit:
        for number in events:
            late = time.perf_counter() - began > task.seconds
            if (done and late) or is_cancelled(task.token):
                break
            _take(tally, reader, limit, int(number), bool(task.calib_dir))
            done += 1
    tally.flush()
    summary = {
        "counted": tally.counted,
        "skipped": [tuple(one) for one in tally.skipped],
        "dtype": tally.dtype,
        "bytes": tally.bytes,
        "left": len(events) - done,
        "seconds": time.perf_counter() - began,
    }
    return [summary] if tally.present is None else [summary, tally.present, *tally.state]


def _take(tally: _Tally, reader: Reader, limit: Limit, number: int, calib: bool) -> None:
    try:
        with limit.event():
            found = read_event(reader.run, reader.detector, number, calib)
        if not isinstance(found, Skipped):
            _check(found[0], found[1], tally.dtype)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a line of the report, others go on
        found = Skipped("failed", f"{type(error).__name__}: {error}", number)
    if isinstance(found, Skipped):
        tally.skipped.append(found)
    else:
        tally.take(*found)


def read_event(run: Any, detector: Any, number: int, calib: bool) -> tuple[Array, Array] | Skipped:
    """Return one frame (segments, rows, cols) and which segments it holds, or why there is none."""
    event = run.event(number)
    if event is None:
        return Skipped("missing", "the run gives no event of this number", number)
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
    return frame.reshape(detector.shape), found.present


def _check(frame: Array, held: Array, dtype: str) -> None:
    """Refuse a frame that the ops cannot add exactly."""
    if dtype and frame.dtype.str != dtype:
        raise FormatError(f"the frame is {frame.dtype.str}, those before are {dtype}")
    if frame.dtype.kind not in "iuf":
        raise FormatError(f"a frame of {frame.dtype} cannot be summed; integers or floats can")
    if frame.dtype.kind == "f":
        values = frame if held.all() else frame[held]
        if not np.all(np.abs(values) <= ops.FIXED_LIMIT):  # also false for nan
            raise FormatError(
                f"a calibrated value is not finite or beyond {ops.FIXED_LIMIT} ADU, "
                "so that it cannot be summed exactly"
            )
