"""Which event a person means who types a number, a time or a fiducial."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from xtcview.errors import NoEventError

SECOND = 10**9  # ns
FIRST_CLOCK = 10**8  # s; whole numbers from here on are UNIX times: 1973, before any run
_FIDUCIAL = re.compile(r"(?:f|fid|fiducial)\s*(\d+)", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{9,})(?:\.(\d{1,9})|[\s,]+(\d{1,9}))?")
_DAY = re.compile(
    r"(?:(\d{4}-\d\d-\d\d)[T ])?(\d{1,2}:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?\s*(?:UTC|Z)?"
)


class Found(NamedTuple):
    """An event, and in words how far it is from what was asked for ('' when it is that)."""

    number: int
    words: str


def find(times: Sequence[Any], text: str, shown: int = 0) -> Found:
    """Return the event nearest to what was typed.

    Parameters
    ----------
    times : sequence of EventTime
        `run.times()`.
    text : str
        '17' or '-1': number of the event. 'f 4096': fiducial, of the events with it the nearest
        to the shown one, as fiducials come again every 364 s. '1371300000.25' or '1371300000,
        250000000': seconds with a fraction, or seconds and nanoseconds, since 1970.
        '2013-06-15 12:40:00.25' or '12:40:00': UTC, without a date on the day of the first event.
    shown : int
        Number of the event that is on screen.

    Raises
    ------
    NoEventError
        When it is none of these, or the run has no such event.
    """
    text = " ".join(text.split())
    if not len(times):
        raise NoEventError("this run has no events")
    if found := _FIDUCIAL.fullmatch(text):
        return _fiducial(times, int(found[1]), shown)
    if re.fullmatch(r"[+-]?\d+", text) and int(text) < FIRST_CLOCK:
        return _number(len(times), int(text))
    when = _clock(times, text)
    if when is None:
        raise NoEventError(
            f"{text!r:.60} names no event: type its number, 'f 4096' for a fiducial, "
            "seconds since 1970, or a time such as 12:40:00.25"
        )
    return _nearest(times, when)


def _number(n: int, asked: int) -> Found:
    if -n <= asked < n:
        return Found(asked % n, "")
    raise NoEventError(f"event {asked}: this run has events 0 to {n - 1}")


def _fiducial(times: Sequence[Any], asked: int, shown: int) -> Found:
    here = _ns(times[min(max(shown, 0), len(times) - 1)])
    same = [i for i, t in enumerate(times) if t.fiducial() == asked]
    if not same:
        raise NoEventError(f"no event of this run has fiducial {asked}")
    best = min(same, key=lambda i: abs(_ns(times[i]) - here))
    more = f"one of {len(same)} with fiducial {asked}, the nearest" if len(same) > 1 else ""
    return Found(best, more)


def _clock(times: Sequence[Any], text: str) -> int | None:
    """Return ns since 1970, None when the text is no time."""
    if found := _CLOCK.fullmatch(text):
        seconds, fraction, nanoseconds = found.groups()
        return int(seconds) * SECOND + int(nanoseconds or (fraction or "0").ljust(9, "0"))
    found = _DAY.fullmatch(text)
    if not found:
        return None
    day, clock, fraction = found.groups()
    first = datetime.fromtimestamp(times[0].seconds(), timezone.utc)
    try:
        when = datetime.fromisoformat(f"{day or first.date()}T{clock.zfill(5)}+00:00")
    except ValueError:
        return None
    return int(when.timestamp()) * SECOND + int((fraction or "0").ljust(9, "0"))


def _nearest(times: Sequence[Any], when: int) -> Found:
    at = bisect_left(times, when, key=_ns)
    near = [i for i in (at - 1, at) if 0 <= i < len(times)]
    best = min(near, key=lambda i: abs(_ns(times[i]) - when))
    away = _ns(times[best]) - when
    if not away:
        return Found(best, "")
    return Found(best, f"nearest event, {_span(abs(away))} {'later' if away > 0 else 'earlier'}")


def _ns(t: Any) -> int:
    return int(t.seconds()) * SECOND + int(t.nanoseconds())


def _span(ns: int) -> str:
    """Write a time for a person, in the unit that suits it."""
    for size, unit in ((3600 * SECOND, "h"), (SECOND, "s"), (10**6, "ms"), (1000, "us")):
        if ns >= size:
            return f"{ns / size:.4g} {unit}"
    return f"{ns} ns"
