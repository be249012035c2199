"""Who an event is: its time and fiducial."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import total_ordering
from typing import NamedTuple

from xtcview.format.headers import Dgram


@total_ordering
class EventTime:
    """Name of an event: its time and fiducial. A value: comparable, hashable, small to pickle.

    Parameters
    ----------
    time : int
        Seconds << 32 | nanoseconds.
    fiducial : int
        360 Hz pulse id.

    Raises
    ------
    ValueError
        The numbers do not fit into 64 and 32 bits.
    """

    __slots__ = ("_fiducial", "_time")

    def __init__(self, time: int, fiducial: int) -> None:
        self._time, self._fiducial = int(time), int(fiducial)
        if not (0 <= self._time < 1 << 64 and 0 <= self._fiducial < 1 << 32):
            raise ValueError(f"time {time} or fiducial {fiducial} is no 64-bit and 32-bit number")

    def time(self) -> int:
        """Return seconds << 32 | nanoseconds."""
        return self._time

    def seconds(self) -> int:
        """Return the UNIX time in whole seconds."""
        return self._time >> 32

    def nanoseconds(self) -> int:
        """Return the nanoseconds within the second."""
        return self._time & 0xFFFFFFFF

    def fiducial(self) -> int:
        """Return the 360 Hz pulse id."""
        return self._fiducial

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EventTime):
            return NotImplemented
        return (self._time, self._fiducial) == (other._time, other._fiducial)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, EventTime):
            return NotImplemented
        return (self._time, self._fiducial) < (other._time, other._fiducial)

    def __hash__(self) -> int:
        return hash((self._time, self._fiducial))

    def __reduce__(self) -> tuple[type[EventTime], tuple[int, int]]:
        return EventTime, (self._time, self._fiducial)

    def __repr__(self) -> str:
        return f"EventTime({iso(self.seconds(), self.nanoseconds())}, fiducial={self._fiducial})"


def iso(seconds: int, nanoseconds: int) -> str:
    """Write a time as ISO 8601 in UTC with nanoseconds."""
    day = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{day:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


class EventId(NamedTuple):
    """Who an event is; taken from its first stream's datagram."""

    head: Dgram
    run_number: int

    def time(self) -> tuple[int, int]:
        """Return (seconds, nanoseconds)."""
        return self.head.seconds, self.head.nanoseconds

    def fiducials(self) -> int:
        """Return the 360 Hz pulse id."""
        return self.head.fiducial

    def ticks(self) -> int:
        """Return the 119 MHz counter within the fiducial."""
        return self.head.low & 0xFFFFFF

    def vector(self) -> int:
        """Return the number of events since Configure, modulo 32768."""
        return self.head.high >> 17

    def run(self) -> int:
        """Return the run number."""
        return self.run_number

    def idxtime(self) -> EventTime:
        """Return the name under which `run.event` finds the event."""
        return EventTime(self.head.seconds << 32 | self.head.nanoseconds, self.head.fiducial)

    def __repr__(self) -> str:
        day = datetime.fromtimestamp(self.head.seconds, timezone.utc)
        when = f"{day:%Y-%m-%d %H:%M:%S}.{self.head.nanoseconds:09d}-00"
        return (
            f"XtcEventId(run={self.run_number}, time={when}, fiducials={self.fiducials()}, "
            f"ticks={self.ticks()}, vector={self.vector()}, control={self.head.low >> 24})"
        )
