"""Several runs as one timeline: all their events in order, any of them at once."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, overload

from .event import Event
from .eventid import EventTime
from .run import Run

_OPEN = 8  # runs whose files stay open


class TimeOfRun(EventTime):
    """Name of an event that knows its run: two runs may have events of the same clock.

    Parameters
    ----------
    time, fiducial : int
        See `EventTime`.
    position : int
        Of the run in its data source.
    """

    __slots__ = ("position",)

    def __init__(self, time: int, fiducial: int, position: int) -> None:
        super().__init__(time, fiducial)
        self.position = position

    def __reduce__(self) -> tuple[Any, ...]:
        return TimeOfRun, (self.time(), self.fiducial(), self.position)


class TimesOfRuns(Sequence[TimeOfRun]):
    """Names of the events of several runs, run after run; made when asked for."""

    def __init__(self, runs: Sequence[Run], numbers: range | None = None) -> None:
        self._runs = runs
        self._ends = list(accumulate(len(run.times()) for run in runs))
        self._numbers = range(self._ends[-1]) if numbers is None else numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> TimeOfRun: ...
    @overload
    def __getitem__(self, at: slice) -> TimesOfRuns: ...
    def __getitem__(self, at: int | slice) -> TimeOfRun | TimesOfRuns:
        if isinstance(at, slice):
            return TimesOfRuns(self._runs, self._numbers[at])
        position, number = self.place(self._numbers[at])
        time = self._runs[position].times()[number]
        return TimeOfRun(time.time(), time.fiducial(), position)

    def place(self, number: int) -> tuple[int, int]:
        """Return the run's position and the number in it of an event of all runs."""
        position = bisect_right(self._ends, number)
        return position, number - (self._ends[position - 1] if position else 0)

    def __repr__(self) -> str:
        names = ", ".join(str(run.run()) for run in self._runs)
        return f"<Times of {len(self):,} events of runs {names}>"


class Runs(Sequence[Run]):
    """Runs of a data source, opened when first asked for.

    All stay known; the files of those that were not used for long are closed until read again.

    Parameters
    ----------
    openers : sequence of callable
        One per run.
    """

    def __init__(self, openers: Sequence[Callable[[], Run]]) -> None:
        self._openers = openers
        self._runs: OrderedDict[int, Run] = OrderedDict()

    def __len__(self) -> int:
        return len(self._openers)

    @overload
    def __getitem__(self, at: int) -> Run: ...
    @overload
    def __getitem__(self, at: slice) -> list[Run]: ...
    def __getitem__(self, at: int | slice) -> Run | list[Run]:
        if isinstance(at, slice):
            return [self[i] for i in range(len(self))[at]]
        at = range(len(self))[at]
        if at not in self._runs:
            self._runs[at] = self._openers[at]()
        self._runs.move_to_end(at)
        for old in list(self._runs)[:-_OPEN]:
            self._runs[old].close()
        return self._runs[at]


def find(runs: Runs, times: TimesOfRuns, which: Any) -> tuple[int, Event | None]:
    """Return the position of a run and its event; (-1, None) when no run has it.

    Parameters
    ----------
    which : int, EventTime or tuple of int
        Number among all events (negative: from the end); name; (seconds, nanoseconds[, fiducial]).

    Raises
    ------
    IndexError
        A number outside of the runs.
    TypeError
        None of these.
    """
    if hasattr(which, "__index__") and not isinstance(which, bool):
        position, number = times.place(range(len(times))[which])
        return position, runs[position].event(number)
    known = [which.position] if isinstance(which, TimeOfRun) else range(len(runs))
    for position in known:
        event = runs[position].event(which)
        if event is not None:
            return position, event
    return -1, None
