"""Runs that a worker keeps open between chunks: the only thing that stays behind."""

from __future__ import annotations

import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from importlib import import_module
from pathlib import Path
from typing import Any

from xtcview.errors import EngineError
from xtcview.reduce.task import Task, identity

READERS = 4  # runs kept open per process


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
        constants = (task.detector, *constants_of(task.calib_dir, detector.source))
        if self.detector is None or constants != self.constants:
            self.detector, self.constants = detector, constants
        self.token = task.token


_idle: list[Reader] = []
_idle_lock = threading.Lock()


def _open(task: Task) -> Reader:
    run = import_module(task.library).open(task.spec)
    found = identity(run, task.identity[0])
    if found != task.identity:
        _close(run)
        raise EngineError(
            f"{task.spec} on {platform.node()} is another run than here: (events, times and "
            f"fiducials of the first and last) are {found}, expected {task.identity}. Engines must "
            "see the same files"
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


def constants_of(calib_dir: str, source: str) -> tuple[Any, ...]:
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
