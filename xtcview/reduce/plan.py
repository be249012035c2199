"""Which events, and in which chunks: contiguous slices of the selection, cut as the work goes on.

The first chunks are small, so that something is seen soon. Then a chunk is as long as takes about
`SECONDS` of an engine's time, by what the chunks so far took, or more where sending its result
costs much. The last ones are shorter again, so that the engines end together. Any cut gives the
same bits (see `ops`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import XtcError

Numbers = NDArray[np.int64]

_HOW = (
    "events={} cannot be understood: give a slice, a mask with one bool per event, event numbers "
    "or event times"
)

FIRST = 10  # events in a chunk while nothing is known of their cost
SECONDS = 0.3  # of one engine per chunk; 0.2-0.5 s keeps the cost of sending and merging small
SECONDS_PER_WORKER = 0.2  # more engines, longer chunks: merging takes one core of the client
SHORTEST = 0.1  # seconds, for the last ones
SEND = 2.5e-9  # seconds per byte of a result that goes to another process; 0.3-1 GB/s are measured
WORTH = 10  # a chunk takes so many times longer than sending its result; the last ones 3 times
WORTH_LAST = 3
LONGEST = 1000  # events: bounds what is lost when an engine dies
ATTEMPTS = 3  # a chunk that loses this many engines is not tried again


@dataclass(frozen=True)
class Chunk:
    """Events that one task reads.

    Parameters
    ----------
    number : int
        Counts the chunks of a reduction; each is merged once.
    events : sequence of int
        Event numbers.
    attempt : int
        How often it was tried before.
    """

    number: int
    events: Sequence[int]
    attempt: int = 0


class Plan:
    """Hands out the chunks of one selection.

    Parameters
    ----------
    selected : ndarray of int64
        Event numbers.
    workers : int
        How many tasks run at a time.
    """

    def __init__(self, selected: Numbers, workers: int) -> None:
        self._selected = selected
        self._workers = workers
        self._position = 0
        self._number = 0
        self._again: deque[Chunk] = deque()
        self._seconds = 0.0
        self._events = 0
        self._send = 0.0  # seconds per chunk

    def take(self) -> Chunk | None:
        """Return the next chunk; None when all were handed out."""
        if self._again:
            return self._again.popleft()
        if self._position == len(self._selected):
            return None
        length = self._length()
        events = compact(self._selected[self._position : self._position + length])
        chunk = Chunk(self._number, events)
        self._position += length
        self._number += 1
        return chunk

    def give_back(self, chunk: Chunk) -> bool:
        """Queue a chunk whose engine was lost; False when it was tried often enough."""
        if chunk.attempt + 1 >= ATTEMPTS:
            return False
        self._again.append(replace(chunk, attempt=chunk.attempt + 1))
        return True

    def learn(self, events: int, seconds: float, sent: int = 0) -> None:
        """Take note of what a chunk took, and how many bytes were sent between processes."""
        self._events += events
        self._seconds += seconds
        self._send = max(self._send, SEND * sent)

    def _length(self) -> int:
        left = len(self._selected) - self._position
        if not self._events:
            share = len(self._selected) // (4 * self._workers)
            return min(left, max(1, min(FIRST, share)))
        pace = max(self._seconds / self._events, 1e-6)  # seconds per event
        goal = max(SECONDS, SECONDS_PER_WORKER * self._workers, WORTH * self._send) / pace
        even = max(left / (2 * self._workers), max(SHORTEST, WORTH_LAST * self._send) / pace)
        return min(left, max(1, int(min(goal, even, LONGEST))))


def compact(numbers: Numbers) -> Sequence[int]:
    """Return evenly spaced numbers as a range, others as they are."""
    if len(numbers) == 1:
        return range(int(numbers[0]), int(numbers[0]) + 1)
    step = int(numbers[1] - numbers[0])
    if np.all(np.diff(numbers) == step):
        return range(int(numbers[0]), int(numbers[-1]) + (1 if step > 0 else -1), step)
    return [int(number) for number in numbers]


def select(run: Any, events: Any = None) -> Numbers:
    """Return the numbers of the events that are meant.

    Parameters
    ----------
    run : Run
        Whose events.
    events : slice, range, mask, sequence of int or of EventTime, optional
        None means all. A mask has one bool per event. Negative numbers count from the end.

    Returns
    -------
    ndarray of int64
        In the given order.

    Raises
    ------
    XtcError
        For an event that the run does not have, or one that is selected twice.
    """
    times = run.times()
    if events is None:
        return np.arange(len(times), dtype=np.int64)
    if isinstance(events, slice):
        return np.arange(len(times), dtype=np.int64)[events]
    if isinstance(events, str) or not isinstance(events, Iterable):
        raise XtcError(_HOW.format(f"{events!r}"))
    values = list(events)
    if values and hasattr(values[0], "fiducial"):
        return _unique(_numbers_of(times, values))
    chosen = np.asarray(values if values else np.empty(0, np.int64))
    if chosen.dtype == np.bool_:
        return _masked(chosen, len(times))
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise XtcError(_HOW.format(f"{type(events).__name__} of {chosen.dtype}"))
    return _unique(_counted(chosen.astype(np.int64), len(times)))


def _masked(mask: NDArray[np.bool_], total: int) -> Numbers:
    if mask.shape != (total,):
        raise XtcError(
            f"the mask has {mask.size} values, the run {total} events; they must be equal"
        )
    return np.flatnonzero(mask).astype(np.int64)


def _counted(numbers: Numbers, total: int) -> Numbers:
    outside = (numbers < -total) | (numbers >= total)
    if outside.any():
        raise XtcError(f"there is no event {numbers[outside][0]}: the run has {total} events")
    return np.where(numbers < 0, numbers + total, numbers)


def _numbers_of(times: Sequence[Any], wanted: Iterable[Any]) -> Numbers:
    known = {(t.time(), t.fiducial()): number for number, t in enumerate(times)}
    found = [known.get((t.time(), t.fiducial()), -1) for t in wanted]
    if -1 in found:
        raise XtcError(f"the run has no event at the time selected at position {found.index(-1)}")
    return np.asarray(found, np.int64)


def _unique(numbers: Numbers) -> Numbers:
    values, counts = np.unique(numbers, return_counts=True)
    if (counts > 1).any():
        raise XtcError(f"event {values[counts > 1][0]} is selected more than once")
    return numbers
