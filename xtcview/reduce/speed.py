"""How fast a reduction is, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

WINDOW = 5.0  # s that a rate is taken over


class Speed(NamedTuple):
    """Rates over the last seconds.

    Parameters
    ----------
    events : float
        Events per second, all engines together; nan while unknown.
    engines : int
        At work just now.
    megabytes : float
        Frames per second, in 10**6 bytes.
    left : float
        Seconds until the end, at this speed; nan while unknown.
    """

    events: float
    engines: int
    megabytes: float
    left: float

    def __str__(self) -> str:
        if not self.events > 0:
            return "no event yet"
        each = f" ({self.events / self.engines:.3g} each)" if self.engines > 1 else ""
        where = f"{self.engines} engines" if self.engines > 1 else "1 engine"
        return (
            f"{self.events:.3g} events/s on {where}{each}, {self.megabytes:.3g} MB/s, "
            f"{self.left:.0f} s left"
        )


class Meter:
    """Takes note of what is merged, and when.

    Parameters
    ----------
    events : int
        How many were there before.
    """

    def __init__(self, events: int = 0) -> None:
        self._marks: deque[tuple[float, int, int]] = deque([(time.monotonic(), events, 0)])
        self.engines = 1

    def note(self, events: int, size: int, now: float | None = None) -> None:
        """Take note of so many events and bytes in all."""
        now = time.monotonic() if now is None else now
        self._marks.append((now, events, size))
        while len(self._marks) > 2 and now - self._marks[1][0] > WINDOW:
            self._marks.popleft()

    def speed(self, left: int) -> Speed:
        """Return the speed, and the time for `left` more events."""
        (began, events, size), (ended, more, larger) = self._marks[0], self._marks[-1]
        seconds = max(ended - began, 1e-9)
        if more == events:
            return Speed(float("nan"), self.engines, float("nan"), float("nan"))
        rate = (more - events) / seconds
        return Speed(rate, self.engines, (larger - size) / seconds / 1e6, left / rate)
