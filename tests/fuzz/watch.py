"""The bounds of one input: seconds of the processor, bytes of memory."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 5.0  # of the processor, so that a busy machine is no fault
MEGABYTES = 200
_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


class TooSlow(AssertionError):
    """An input took longer than `SECONDS`."""


class TooMuch(AssertionError):
    """An input took more memory than `MEGABYTES`."""


@contextmanager
def watched() -> Iterator[None]:
    """Raise when what is done inside takes too long or too much memory."""
    before = _resident()
    old = signal.signal(signal.SIGPROF, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
    taken = (_peak() - before) >> 10
    if taken > MEGABYTES:
        raise TooMuch(f"{taken} MB of memory for one input; at most {MEGABYTES} are allowed")


def _too_slow(*_: Any) -> None:
    raise TooSlow(f"one input took more than {SECONDS} s of the processor")


def _resident() -> int:
    """Return kB in memory now, and let the highest count begin here."""
    try:
        _CLEAR.write_text("5")
    except OSError:  # not Linux, or not allowed: memory is not watched
        return 1 << 60
    return _peak()


def _peak() -> int:
    text = _STATUS.read_text()
    return int(text[text.index("VmHWM:") + 6 :].split(None, 1)[0])
