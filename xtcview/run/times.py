"""The names of many events as a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from .eventid import EventTime


class Times(Sequence[EventTime]):
    """Names of events, in order; backed by the run's table, made when asked for."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._time, self._fiducial = map(table.numbers, ("time", "fiducial"))

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, at: int) -> EventTime: ...
    @overload
    def __getitem__(self, at: slice) -> Times: ...
    def __getitem__(self, at: int | slice) -> EventTime | Times:
        if isinstance(at, slice):
            return Times(self._table[at])
        return EventTime(self._time[at], self._fiducial[at])

    def __repr__(self) -> str:
        ends = f": {self[0]!r} .. {self[-1]!r}" if len(self) else ""
        return f"<Times of {len(self):,} events{ends}>"
