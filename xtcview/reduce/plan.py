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
CUT = 2.0  # a chunk that takes so many times longer than meant ends early and gives the rest back
ATTEMPTS = 3  # engines that an event may cost, the last one all by itself, before it is given up
PARTS = 8  # a suspect chunk is cut into: one engine is lost per cut, and starting one takes seconds


@dataclass(frozen=True)
class Chunk:
    """Events that one task reads.

    Parameters
    ----------
    number : int
        Counts the chunks of a reduction; each is merged once.
    events : sequence of int
        Event numbers.
    losses : int
        How many engines were lost while they worked on these events.
    """

    number: int
    events: Sequence[int]
    losses: int = 0


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
        self._suspects: deque[Chunk] = deque()
        self._seconds = 0.0
        self._events = 0
        self._send = 0.0  # seconds per chunk

    def take(self) -> Chunk | None:
        """Return the next chunk; None when all were handed out.

        Chunks on which an engine was lost come last, so that everything else is merged before.
        """
        if self._again:
            return self._again.popleft()
        if self._position < len(self._selected):
            length = self._length()
            events = compact(self._selected[self._position : self._position + length])
            self._position += length
            return self._numbered(events)
        return self._suspects.popleft() if self._suspects else None

    @property
    def finished(self) -> bool:
        """Whether all chunks were handed out."""
        return self._position == len(self._selected) and not self._again and not self._suspects

    @property
    def suspicious(self) -> bool:
        """Whether only chunks are left on which workers were lost."""
        return bool(self._suspects) and not self._again and self._position == len(self._selected)

    def _numbered(self, events: Sequence[int], losses: int = 0) -> Chunk:
        self._number += 1
        return Chunk(self._number - 1, events, losses)

    def give_back(self, chunk: Chunk) -> None:
        """Queue a chunk that was not begun, or whose engine was lost for another reason."""
        (self._suspects if chunk.losses else self._again).append(chunk)

    def accuse(self, chunk: Chunk) -> bool:
        """Queue a chunk on which an engine was lost; False when it is given up.

        The first time may be an accident. From then on it is cut into parts, until the event is
        found that takes its engine along.
        """
        losses = chunk.losses + 1
        if losses == 1:
            self._suspects.append(replace(chunk, losses=losses))
        elif len(chunk.events) > 1:
            step = -(-len(chunk.events) // PARTS)
            for first in range(0, len(chunk.events), step):
                part = chunk.events[first : first + step]
                self._suspects.append(self._numbered(part, losses))
        elif losses < ATTEMPTS:
            self._suspects.append(replace(chunk, losses=losses))
        else:
            return False
        return True

    def rest(self, chunk: Chunk, left: int) -> None:
        """Queue the last `left` events of a chunk that ended early."""
        if left:
            self._again.append(self._numbered(chunk.events[len(chunk.events) - left :]))

    def learn(self, events: int, seconds: float, sent: int = 0) -> None:
        """Take note of what a chunk took, and how many bytes were sent between processes."""
        self._events += events
        self._seconds += seconds
        self._send = max(self._send, SEND * sent)

    def seconds(self) -> float:
        """Return how long a chunk should take: longer where its result costs more."""
        return max(SECONDS, SECONDS_PER_WORKER * self._workers, WORTH * self._send)

    def _length(self) -> int:
        left = len(self._selected) - self._position
        if not self._events:
            share = len(self._selected) // (4 * self._workers)
            return min(left, max(1, min(FIRST, share)))
        pace = max(self._seconds / self._events, 1e-6)  # seconds per event
        goal = self.seconds() / pace
        # while a chunk runs, the client takes the results of all other workers
        shortest = max(SHORTEST, max(WORTH_LAST, self._workers) * self._send)
        even = max(left / (2 * self._workers), shortest / pace)
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
