"""All streams' indexes merged: which event lies where.

DAQ nodes of equal (seconds, nanoseconds, fiducial) are one event. Nodes of control system
streams join the event of equal fiducial within 5 s (psana XtcInput/src/IndexList and
RunMap rules); those without a partner are no events.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.format.index import Index, Segment

from .columns import Columns, column, constant, interleave, join, take
from .cycles import Part, Table, clock, cycles_of, steps
from .files import XtcFile

IOC_WINDOW = 5  # s between the clocks of the DAQ and of a control system stream

_PLACE = ("file", "offset", "damage", "empty")  # columns of a contribution
_TYPES = {
    "time": "<u8", "fiducial": "<u4", "step": "<i4",
    "file": "<u2", "offset": "<i8", "damage": "<u4", "empty": "<u4",
}  # fmt: skip


@dataclass(frozen=True)
class Timeline:
    """Where every event of a run lies.

    Parameters
    ----------
    events : Columns
        Sorted by (time, fiducial). ``time`` (uint64, seconds << 32 | nanoseconds), ``fiducial``,
        ``step`` (calib cycle from 0; -1 before the first), ``first`` and ``last`` (its
        contributions are ``daq[first:last]``), ``ioc_first`` and ``ioc_last`` (of `ioc`).
    daq : Columns
        Contributions of DAQ streams, in the events' order, then by stream and chunk: ``file``
        (position in the run's list), ``offset`` (byte of the datagram), ``damage`` (of its root),
        ``empty`` (bit k: segment k has no payload).
    ioc : Columns
        Contributions of control system streams, sorted by (fiducial, time), which they name too.
    cycles : ndarray of CYCLE
        All DAQ streams' copies of the calib cycles, sorted by (time, stream, chunk).
    indexes : tuple of Index
        One per file, without nodes: these are in `daq` and `ioc`.
    """

    events: Columns
    daq: Columns
    ioc: Columns
    cycles: Table
    indexes: tuple[Index, ...]

    def find(self, time: int, fiducial: int) -> int:
        """Return the number of the event with this exact time and fiducial, -1 without one."""
        times, fiducials, *_ = self._places
        at = bisect_left(times, time)
        while at < len(times) and times[at] == time:
            if fiducials[at] == fiducial:
                return at
            at += 1
        return -1

    def parts(self, number: int) -> list[tuple[int, int]]:
        """List (file, offset) of an event's contributions; DAQ streams first."""
        _, _, _, first, last, ioc_first, ioc_last, file, offset = self._places
        found = [(file[i], offset[i]) for i in range(first[number], last[number])]
        rows = slice(ioc_first[number], ioc_last[number])
        if rows.start == rows.stop:
            return found
        ioc = zip(self.ioc["file"][rows].tolist(), self.ioc["offset"][rows].tolist(), strict=True)
        return found + sorted(ioc)

    @cached_property
    def _places(self) -> tuple[memoryview, ...]:
        """Columns that say which event is where, at hand for every event."""
        names = ("time", "fiducial", "step", "first", "last", "ioc_first", "ioc_last")
        places = (self.daq.numbers(name) for name in ("file", "offset"))
        return *map(self.events.numbers, names), *places

    def step(self, number: int) -> int:
        """Return the calib cycle of an event."""
        return int(self._places[2][number])

    def event_of(self, ioc: bool = False) -> npt.NDArray[np.int64]:
        """Return the event number of every contribution of `daq`, or of `ioc`.

        A control system contribution without partner counts to the last event before it (-1:
        before the first).
        """
        events = self.events
        if not ioc:
            return np.repeat(np.arange(len(events)), events["last"] - events["first"])
        found = np.searchsorted(events["time"], self.ioc["time"], "right") - 1
        first, counts = events["ioc_first"], events["ioc_last"] - events["ioc_first"]
        rows = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
        found[rows] = np.repeat(np.arange(len(events)), counts)
        return found

    def clocks(self, rows: Table, ioc: bool = False) -> npt.NDArray[np.uint64]:
        """Return seconds, nanoseconds and fiducial of some contributions, (rows, 3)."""
        table = self.ioc[rows] if ioc else self.events[self.event_of()[rows]]
        time = table["time"]
        return np.stack(
            [time >> np.uint64(32), time & np.uint64(0xFFFFFFFF), table["fiducial"]], axis=1
        )

    def datagrams(self) -> list[int]:
        """Count the L1Accepts of each file."""
        files = len(self.indexes)
        daq, ioc = (np.bincount(t["file"], minlength=files) for t in (self.daq, self.ioc))
        counts: list[int] = (daq + ioc).tolist()
        return counts


def part(number: int, index: Index) -> Part:
    """Return the contributions of one file, the `number`-th, in its index's order.

    ``before`` counts the file's calib cycles in front of each.
    """
    nodes, cycles = index.nodes, index.calib_cycles
    before = np.searchsorted(cycles["offset"], nodes["offset"])
    return {
        "time": clock(nodes),
        "fiducial": nodes["fiducial"].astype(_TYPES["fiducial"]),
        "file": constant(number, len(nodes), _TYPES["file"]),
        "offset": nodes["offset"].astype(_TYPES["offset"]),
        "damage": column(nodes["damage"], _TYPES["damage"]),
        "empty": column(nodes["empty"], _TYPES["empty"]),
        "before": column(before, "<i4"),
    }


def without_nodes(index: Index) -> Index:
    """Return what is needed of an index once its nodes are part of a timeline.

    Copied, since views would keep the whole index file in memory.
    """
    copies = {n: getattr(index, n).copy() for n in ("calib_cycles", "codes")}
    segments = (Segment(s.src.copy(), s.sources.copy(), s.types.copy()) for s in index.segments)
    return replace(index, nodes=index.nodes[:0].copy(), segments=tuple(segments), **copies)


def merge(files: Sequence[XtcFile], parts: Sequence[Part], indexes: Sequence[Index]) -> Timeline:
    """Merge the contributions of a run's files, which are sorted by stream and chunk.

    The parts are used up: of millions of rows, two copies would not fit.
    """
    cycles = cycles_of(files, indexes)
    found = steps(files, parts, indexes, np.unique(cycles["time"]))
    for rows, step in zip(parts, found, strict=True):
        rows["step"] = step
    ioc = _ioc([part for part, file in zip(parts, files, strict=True) if file.is_ioc])
    daq, events = _daq([part for part, file in zip(parts, files, strict=True) if not file.is_ioc])
    return Timeline(with_ioc(events, ioc), daq, ioc, cycles, tuple(map(without_nodes, indexes)))


def _pop(parts: Sequence[Part], name: str) -> Table:
    """Take a column out of all parts, joined."""
    return join([part.pop(name) for part in parts])


def _ioc(parts: Sequence[Part]) -> Columns:
    names = ("time", "fiducial", *_PLACE)
    if not parts:
        return Columns(**{name: np.zeros(0, _TYPES[name]) for name in names})
    ioc = Columns(**{name: _pop(parts, name) for name in names})
    return ioc[np.lexsort((ioc["time"], ioc["fiducial"]))]


def _daq(parts: Sequence[Part]) -> tuple[Columns, Columns]:
    """Return the contributions in order, and the events that they form."""
    if parts and _are_alike(parts):
        return _interleaved(parts)
    if not parts:
        return grouped({name: np.zeros(0, dtype) for name, dtype in _TYPES.items()})
    order, time, fiducial = _sorted(_pop(parts, "time"), _pop(parts, "fiducial"))
    rows = {name: take(_pop(parts, name), order) for name in ("step", *_PLACE)}
    return grouped({"time": time, "fiducial": fiducial, **rows})


def grouped(rows: Part) -> tuple[Columns, Columns]:
    """Return sorted contributions of DAQ streams, and the events that they form."""
    time, fiducial = rows["time"], rows["fiducial"]
    new = np.ones(len(time), bool)
    new[1:] = (time[1:] != time[:-1]) | (fiducial[1:] != fiducial[:-1])
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(new))[: len(first)]
    own = {name: take(rows[name], first) for name in ("time", "fiducial", "step")}
    return Columns(**{n: rows[n] for n in _PLACE}), Columns(**own, first=first, last=last)


def _are_alike(parts: Sequence[Part]) -> bool:
    """Return whether every file has a part of every event, none twice: nothing is to be sorted."""
    time, fiducial = parts[0]["time"], parts[0]["fiducial"]
    return bool((time[1:] > time[:-1]).all()) and all(
        np.array_equal(p["time"], time) and np.array_equal(p["fiducial"], fiducial)
        for p in parts[1:]
    )


def _interleaved(parts: Sequence[Part]) -> tuple[Columns, Columns]:
    """Return the contributions and events of files that are alike, event by event."""
    count = len(parts)
    found = {name: parts[0][name] for name in ("time", "fiducial", "step")}
    first = np.arange(0, count * len(found["time"]), count)
    daq = {n: interleave([p.pop(n) for p in parts]) for n in _PLACE}
    return Columns(**daq), Columns(**found, first=first, last=first + count)


def _sorted(time: Table, fiducial: Table) -> tuple[Any, Table, Table]:
    """Return the rows in the order of time and fiducial, equal ones as they are, and both."""
    if (time[1:] > time[:-1]).all():
        return slice(None), time, fiducial
    order = np.argsort(time, kind="stable")  # quick: each file is sorted
    time = time[order]
    fiducial = fiducial[order]
    same = time[1:] == time[:-1]
    if (fiducial[1:] < fiducial[:-1])[same].any():
        again = np.lexsort((fiducial, time))
        return order[again], time[again], fiducial[again]
    return order, time, fiducial


def ioc_order(rows: Columns) -> Table:
    """Return what control system contributions are sorted by: fiducial, then seconds."""
    key: Table = (rows["fiducial"].astype("<u8") << np.uint64(32)) | rows["time"] >> np.uint64(32)
    return key


def with_ioc(events: Columns, ioc: Columns) -> Columns:
    """Give each event the range of `ioc` with equal fiducial, at most `IOC_WINDOW` s away."""
    names = ("time", "fiducial", "step", "first", "last")
    columns = {name: events[name] for name in names}
    if not len(ioc):
        none = constant(0, len(events), "<i8")
        return Columns(**columns, ioc_first=none, ioc_last=none)
    key = ioc_order(ioc)
    fiducial = events["fiducial"].astype("<u8") << np.uint64(32)
    seconds = events["time"] >> np.uint64(32)
    low = np.maximum(seconds, np.uint64(IOC_WINDOW)) - np.uint64(IOC_WINDOW)
    first = np.searchsorted(key, fiducial | low)
    last = np.searchsorted(key, fiducial | (seconds + np.uint64(IOC_WINDOW)), "right")
    return Columns(**columns, ioc_first=first, ioc_last=last)
