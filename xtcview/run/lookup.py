"""Which event a person means, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xtcview.format.headers import FIDUCIALS

from .eventid import EventTime, iso
from .files import plural

if TYPE_CHECKING:
    from .run import Run

_PERIOD = FIDUCIALS / 360  # s after which fiducials come again
_SECOND = 1 << 32


def find(run: Run, which: Any) -> int:
    """Return the number of the event that is meant, -1 without one.

    Parameters
    ----------
    run : Run
    which : EventTime, int or tuple of int
        Name; number (negative: from the end); or (seconds, nanoseconds[, fiducial]).

    Raises
    ------
    IndexError
        A number outside of the run.
    TypeError
        None of these.
    """
    if isinstance(which, EventTime):
        return run.timeline.find(which.time(), which.fiducial())
    if isinstance(which, int | np.integer) and not isinstance(which, bool):
        there = len(run.timeline.events)
        if not -there <= which < there:
            raise IndexError(f"event {which} of {run}")
        return range(there)[int(which)]
    seconds, nanoseconds, *fiducial = _clock(which)
    time = seconds << 32 | nanoseconds
    if fiducial:
        return run.timeline.find(time, fiducial[0])
    same = _equal(run, time)
    return same[0] if same else -1


def find_fiducial(run: Run, fiducial: int, near: Any) -> int:
    """Return the number of the event with a fiducial that is nearest to a time, -1 without one.

    Fiducials come again every 364 s: only an event within half of that is meant.

    Parameters
    ----------
    fiducial : int
    near : float, EventTime or tuple of int
        UNIX time in s, or (seconds, nanoseconds).
    """
    numbers = np.flatnonzero(run.timeline.events["fiducial"] == fiducial)
    if not len(numbers):
        return -1
    away = np.abs(_seconds(run.timeline.events["time"][numbers]) - _unix(near))
    best = int(away.argmin())
    return int(numbers[best]) if away[best] <= _PERIOD / 2 else -1


def why(run: Run, which: Any) -> str:
    """Say why a run does not have an event; '' when it has.

    Parameters
    ----------
    run : Run
    which : EventTime, int or tuple of int
        As for `find`.
    """
    there = len(run.timeline.events)
    try:
        number = find(run, which)
    except IndexError:
        return f"{run} has {plural(there, 'event')}; their numbers are 0 to {there - 1}"
    if number >= 0:
        return ""
    name = isinstance(which, EventTime)
    seconds, nanoseconds, *fiducial = _of_name(which) if name else _clock(which)
    reasons = [_about_time(run, seconds << 32 | nanoseconds, fiducial)]
    of_data = [problem for problem in run.problems if ".xtc" in Path(problem.file).name]
    reasons += [f"and {problem}" for problem in of_data[:3]]
    return "; ".join(reasons)


def _about_time(run: Run, time: int, fiducial: Sequence[int]) -> str:
    times, fiducials = run.timeline.events["time"], run.timeline.events["fiducial"]
    same = _equal(run, time)
    if same:
        there = ", ".join(str(fiducials.item(i)) for i in same)
        return f"there is an event at this time, with fiducial {there} instead of {fiducial[0]}"
    at = int(times.searchsorted(np.uint64(time)))
    asked = iso(time >> 32, time & 0xFFFFFFFF) if time % _SECOND < 10**9 else f"time {time}"
    if at == 0:
        return f"{asked} is {_apart(times[0], time)} before the first event of {run}"
    if at == len(times):
        return f"{asked} is {_apart(time, times[-1])} behind the last event of {run}"
    before, behind = _apart(time, times[at - 1]), _apart(times[at], time)
    return f"{asked} is between event {at - 1} ({before} earlier) and event {at} ({behind} later)"


def _equal(run: Run, time: int) -> list[int]:
    times = run.timeline.events["time"]
    ends = (int(times.searchsorted(np.uint64(time), side)) for side in ("left", "right"))
    return list(range(*ends))


def _of_name(name: EventTime) -> tuple[int, int, int]:
    return name.seconds(), name.nanoseconds(), name.fiducial()


def _clock(which: Any) -> tuple[int, ...]:
    """Return (seconds, nanoseconds[, fiducial]) as plain numbers."""
    integers = isinstance(which, Sequence) and not isinstance(which, str | bytes)
    if not integers or len(which) not in (2, 3) or not all(map(_is_integer, which)):
        wanted = "an EventTime, a number or (seconds, nanoseconds[, fiducial])"
        raise TypeError(f"expected {wanted}, found {which!r}")
    numbers = tuple(int(n) for n in which)
    if not all(0 <= n < _SECOND for n in numbers):
        raise ValueError(f"{which!r}: seconds, nanoseconds and fiducial are from 0 to 2**32 - 1")
    return numbers


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _seconds(time: Any) -> Any:
    return (time >> np.uint64(32)).astype("f8") + (time & np.uint64(0xFFFFFFFF)) * 1e-9


def _unix(near: Any) -> float:
    if isinstance(near, int | float | np.number):
        return float(near)
    clock = _of_name(near) if isinstance(near, EventTime) else _clock(near)
    return float(clock[0] + clock[1] * 1e-9)


def _apart(later: Any, earlier: Any) -> str:
    ns = [(int(t) >> 32) * 10**9 + (int(t) & 0xFFFFFFFF) for t in (later, earlier)]
    return f"{(ns[0] - ns[1]) / 1e9:.6g} s"
