"""What bounds a chunk where it runs: the time of one event, and a reduction that was cancelled.

In the main thread of a process, where engines and process pools work, an event that takes too long
is interrupted by a timer signal, so that the report names it. Elsewhere, and in code that does not
come back to Python, only the process that waits for the chunk can notice (see `flow`).
"""

from __future__ import annotations

import math
import signal
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

REMEMBERED = 100  # cancelled reductions

_cancelled: deque[str] = deque(maxlen=REMEMBERED)


def cancel(token: str) -> None:
    """Let the chunks of a reduction that run in this process end with their present event."""
    _cancelled.append(token)


def is_cancelled(token: str) -> bool:
    """Tell whether a reduction was cancelled in this process."""
    return token in _cancelled


class Limit:
    """Bounds the seconds of each event while it is entered.

    Parameters
    ----------
    seconds : float
        For one event.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._before: Any = None

    def __enter__(self) -> Limit:
        ours = threading.current_thread() is threading.main_thread()
        if ours and hasattr(signal, "setitimer") and math.isfinite(self.seconds):
            before = signal.getsignal(signal.SIGALRM)
            # a timer of somebody else's is left alone, and a handler that cannot be put back
            if before is not None and not any(signal.getitimer(_TIMER)):
                self._before = before
                signal.signal(signal.SIGALRM, self._over)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGALRM, self._before)
            self._before = None

    def _over(self, number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"it takes more than {self.seconds:g} s")

    @contextmanager
    def event(self) -> Iterator[None]:
        """Raise `TimeoutError` when the body takes longer, if this thread can be interrupted."""
        if self._before is None:
            yield
            return
        signal.setitimer(_TIMER, self.seconds)
        try:
            yield
        finally:
            signal.setitimer(_TIMER, 0.0)


_TIMER = getattr(signal, "ITIMER_REAL", 0)
