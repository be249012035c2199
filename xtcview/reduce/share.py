"""What is still to be read, dealt to ranks: contiguous slices, whatever was done before.

A selection is a list of event numbers; a *span* is a range of positions in it, ``(first, last)``
without the last.
"""

from __future__ import annotations

from collections.abc import Iterable

from xtcview.errors import XtcError

Span = tuple[int, int]

GOAL = 2.0  # s per chunk: merging a state takes 1 % of it
FIRST = 10  # events in the first chunk
LONGEST = 5000  # events


def missing(count: int, done: Iterable[Span]) -> list[Span]:
    """Return the spans of ``range(count)`` that are in none of `done`.

    Raises
    ------
    XtcError
        When two spans overlap or one is outside: an event would be counted twice.
    """
    left, position = [], 0
    for first, last in sorted(tuple(span) for span in done):
        if not position <= first <= last <= count:
            raise XtcError(
                f"the span {first}:{last} of {count} events is outside or was counted twice"
            )
        left.append((position, first))
        position = last
    left.append((position, count))
    return [(first, last) for first, last in left if first < last]


def deal(spans: Iterable[Span], rank: int, size: int) -> list[Span]:
    """Return the share of one rank: as many events as any other has, or one more.

    Parameters
    ----------
    spans : iterable of (int, int)
        What is to be dealt, in order.
    rank, size : int
        Whose share, of how many.
    """
    todo = list(spans)
    total = sum(last - first for first, last in todo)
    begin, end = total * rank // size, total * (rank + 1) // size
    share, before = [], 0
    for first, last in todo:
        low, high = max(begin - before, 0), min(end - before, last - first)
        if low < high:
            share.append((first + low, first + high))
        before += last - first
    return share


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, those that touch as one."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and result[-1][1] == first:
            result[-1] = (result[-1][0], last)
        else:
            result.append((first, last))
    return result


class Pace:
    """How many events make a chunk of `GOAL` seconds, by what they took so far."""

    def __init__(self) -> None:
        self._events, self._seconds = 0, 0.0

    def learn(self, events: int, seconds: float) -> None:
        """Take note of a chunk."""
        self._events += events
        self._seconds += seconds

    def length(self, left: int) -> int:
        """Return the length of the next chunk, of `left` events."""
        if not self._events:
            return min(left, FIRST)
        pace = max(self._seconds / self._events, 1e-6)
        return max(1, min(left, LONGEST, int(GOAL / pace)))
