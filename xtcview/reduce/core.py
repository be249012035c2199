"""One chunk of events, as a pure task: run, detector, ops and event numbers -> partial state.

`run_chunk` runs wherever an executor puts it: in a thread, another process, an engine on another
machine. It opens the run itself. Nothing stays behind but a few open runs, which the next chunk
of the same run finds again.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from glob import escape
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from xtcview.errors import EngineError, FormatError
from xtcview.reduce import ops
from xtcview.reduce.ops import Array, State
from xtcview.reduce.report import Skipped

FRAMES = 4  # read before they are added, side by side
LIBRARY = "xtcview"  # has `open` and `Detector`
READERS = 4  # runs kept open per process

Identity = tuple[int, ...]
Result = list[Any]  # [summary dict, events per segment, *state]


@dataclass(frozen=True)
class Task:
    """What all chunks of a reduction have in common; small and picklable.

    Parameters
    ----------
    spec : str
        Data set string that opens the run.
    identity : tuple of int
        From `identity`; the run opened elsewhere must have the same.
    detector : str
        Name of the detector.
    ops : tuple of str
        Names of the ops.
    calib_dir : str
        Reduce ``det.calib`` with the constants of this folder; '' means ``det.raw``.
    token : str
        Of the reduction; with a new one the files of constants are looked at again.
    library : str
        Module that opens the run and reads it: `LIBRARY`, or another one for tests.
    version : str
        Of this package; that of the engine must be the same.
    """

    spec: str
    identity: Identity
    detector: str
    ops: tuple[str, ...]
    calib_dir: str
    token: str
    library: str
    version: str


def package_version() -> str:
    """Return the installed version of this package."""
    try:
        return version("xtcview")
    except PackageNotFoundError:  # runs from a folder that was never installed
        return "not installed"


def identity(run: Any) -> Identity:
    """Return numbers by which a run opened elsewhere is known to be the same.

    They are the number of events, and time and fiducial of the first and the last.
    """
    times = run.times()
    ends = (times[0], times[len(times) - 1]) if len(times) else ()
    return (len(times), *(value for t in ends for value in (t.time(), t.fiducial())))


@dataclass
class Reader:
    """An open run with the detector that was read last."""

    key: tuple[Any, ...]
    run: Any
    token: str = ""
    detector: Any = None
    constants: tuple[Any, ...] = ()

    def prepare(self, task: Task) -> None:
        """Make the task's detector, unless it is there and its constants have not changed."""
        if self.token == task.token:
            return
        detector = import_module(task.library).Detector(task.detector, self.run)
        constants = (task.detector, *_constants(task.calib_dir, detector.source))
        if self.detector is None or constants != self.constants:
            self.detector, self.constants = detector, constants
        self.token = task.token


_idle: list[Reader] = []
_idle_lock = threading.Lock()


def _open(task: Task) -> Reader:
    run = import_module(task.library).open(task.spec)
    found = identity(run)
    if found != task.identity:
        _close(run)
        raise EngineError(
            f"{task.spec} on {platform.node()} is another run than here: (events, times and "
            f"fiducials of the first and last) are {found}, expected {task.identity}. Engines must "
            "see the same files; if the run has grown since, open it again"
        )
    if task.calib_dir and str(run.calib_dir) != task.calib_dir:
        _close(run)
        raise EngineError(
            f"{task.spec} on {platform.node()} would be calibrated from {run.calib_dir}, expected "
            f"{task.calib_dir}: set the option psana.calib-dir there too, or put the constants "
            "beside the data"
        )
    return Reader(_key(task), run)


def _key(task: Task) -> tuple[Any, ...]:
    return task.library, task.spec, task.identity, task.calib_dir


def _constants(calib_dir: str, source: str) -> tuple[Any, ...]:
    """Return name, time and size of a detector's files of constants."""
    if not calib_dir:
        return ()
    files = sorted(Path(calib_dir).glob(f"*/{escape(source)}/*/*"))
    stats = ((str(file), file.stat()) for file in files)
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _close(run: Any) -> None:
    close = getattr(run, "close", None)
    if close is not None:
        close()


def close_readers() -> None:
    """Close the runs that were kept open in this process."""
    with _idle_lock:
        closing, _idle[:] = list(_idle), []
    for reader in closing:
        _close(reader.run)


@contextmanager
def reader_of(task: Task) -> Iterator[Reader]:
    """Lend an open run to one chunk; threads never share one."""
    key = _key(task)
    with _idle_lock:
        reader = next((r for r in _idle if r.key == key), None)
        if reader is not None:
            _idle.remove(reader)
    reader = reader or _open(task)
    try:
        reader.prepare(task)
        yield reader
    finally:
        with _idle_lock:
            _idle.append(reader)
            oldest = _idle.pop(0) if len(_idle) > READERS else None
        if oldest is not None:
            _close(oldest.run)


@dataclass
class _Tally:
    """What a chunk has gathered so far."""

    ops: tuple[ops.Op, ...]
    events: int
    dtype: str = ""
    counted: int = 0
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
        ``[summary, present, *state]``: a dict with 'counted', 'skipped', 'dtype' and 'seconds',
        the events per segment, and the arrays of the ops; no arrays when no event counted.

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
    with reader_of(task) as reader:
        for number in events:
            _take(tally, reader, int(number), bool(task.calib_dir))
    tally.flush()
    summary = {
        "counted": tally.counted,
        "skipped": [tuple(one) for one in tally.skipped],
        "dtype": tally.dtype,
        "seconds": time.perf_counter() - began,
    }
    return [summary] if tally.present is None else [summary, tally.present, *tally.state]


def _take(tally: _Tally, reader: Reader, number: int, calib: bool) -> None:
    try:
        found = read_event(reader.run, reader.detector, number, calib)
        if not isinstance(found, Skipped):
            _check(found[0], found[1], tally.dtype)
    except Exception as error:  # noqa: BLE001 - becomes a line of the report, the others go on
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
