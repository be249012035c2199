"""All streams' indexes merged: which event lies where.

DAQ nodes of equal (seconds, nanoseconds, fiducial) are one event. Nodes of control system
streams join the event of equal fiducial within 5 s (psana XtcInput/src/IndexList and
RunMap rules); those without a partner are no events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.format.index import Index

from .files import XtcFile

IOC_WINDOW = 5  # s between the clocks of the DAQ and of a control system stream

EVENT = np.dtype([
    ("time",     "<u8"),  #  0  seconds << 32 | nanoseconds
    ("fiducial", "<u4"),  #  8
    ("step",     "<i4"),  # 12  calib cycle, from 0; -1 before the first
    ("first",    "<i8"),  # 16  its contributions: daq[first:last], ioc[ioc_first:ioc_last]
    ("last",     "<i8"),  # 24
    ("ioc_first", "<i8"),  # 32
    ("ioc_last", "<i8"),  # 40
])  # 48  # fmt: skip

PART = np.dtype([
    ("time",     "<u8"),  #  0
    ("fiducial", "<u4"),  #  8
    ("file",     "<i4"),  # 12  position in the run's list of files
    ("offset",   "<i8"),  # 16  byte of the datagram
    ("step",     "<i4"),  # 24
    ("damage",   "<u4"),  # 28  of the root
    ("empty",    "<u4"),  # 32  bit k: segment k has no payload
])  # 36  # fmt: skip

CYCLE = np.dtype([
    ("time",   "<u8"),  #  0
    ("file",   "<i4"),  #  8
    ("offset", "<i8"),  # 12  byte of its BeginCalibCycle
])  # 20  # fmt: skip

Table = npt.NDArray[Any]


@dataclass(frozen=True)
class Timeline:
    """Where every event of a run lies.

    Parameters
    ----------
    events : ndarray of EVENT
        Sorted by (time, fiducial).
    daq : ndarray of PART
        Contributions of DAQ streams, sorted by (time, fiducial, stream, chunk).
    ioc : ndarray of PART
        Contributions of control system streams, sorted by (fiducial, time).
    cycles : ndarray of CYCLE
        All DAQ streams' copies of the calib cycles, sorted by (time, stream, chunk).
    indexes : tuple of Index
        One per file.
    """

    events: Table
    daq: Table
    ioc: Table
    cycles: Table
    indexes: tuple[Index, ...]

    def find(self, time: int, fiducial: int) -> int:
        """Return the number of the event with this exact time and fiducial, -1 without one."""
        times, fiducials = self._columns["time"], self._columns["fiducial"]
        at = int(times.searchsorted(np.uint64(time)))
        while at < len(times) and times.item(at) == time:
            if fiducials.item(at) == fiducial:
                return at
            at += 1
        return -1

    @cached_property
    def _columns(self) -> dict[str, Table]:
        """Columns that a jump needs, each in one piece: searching strided ones would copy them."""
        tables = {name: self.events[name] for name in EVENT.names or ()}
        tables |= {f"daq_{name}": self.daq[name] for name in ("file", "offset")}
        return {name: np.ascontiguousarray(column) for name, column in tables.items()}

    def parts(self, number: int) -> list[tuple[int, int]]:
        """List (file, offset) of an event's contributions; DAQ streams first."""
        column = self._columns
        file, offset = column["daq_file"], column["daq_offset"]
        daq = range(column["first"].item(number), column["last"].item(number))
        found = [(file.item(i), offset.item(i)) for i in daq]
        first, last = column["ioc_first"].item(number), column["ioc_last"].item(number)
        if first == last:
            return found
        ioc = self.ioc[first:last]
        return found + sorted(zip(ioc["file"].tolist(), ioc["offset"].tolist(), strict=True))

    def step(self, number: int) -> int:
        """Return the calib cycle of an event."""
        return int(self._columns["step"].item(number))

    def event_of(self, ioc: bool = False) -> npt.NDArray[np.int64]:
        """Return the event number of every contribution of `daq`, or of `ioc`.

        A control system contribution without partner counts to the last event before it (-1:
        before the first).
        """
        if not ioc:
            at = np.arange(len(self.daq))
            return np.searchsorted(self.events["first"], at, "right") - 1
        found = np.searchsorted(self.events["time"], self.ioc["time"], "right") - 1
        for number in np.flatnonzero(self.events["ioc_last"] > self.events["ioc_first"]):
            found[self.events["ioc_first"][number] : self.events["ioc_last"][number]] = number
        return found


def merge(files: Sequence[XtcFile], indexes: Sequence[Index]) -> Timeline:
    """Merge the indexes of a run's files, which are sorted by stream and chunk."""
    cycles = _cycles(files, indexes)
    tables = _parts(files, indexes, np.unique(cycles["time"]))
    daq = _join([t for f, t in zip(files, tables, strict=True) if not f.is_ioc])
    ioc = _join([t for f, t in zip(files, tables, strict=True) if f.is_ioc])
    daq = daq[np.lexsort((daq["file"], daq["fiducial"], daq["time"]))]
    ioc = ioc[np.lexsort((ioc["time"], ioc["fiducial"]))]
    new = np.ones(len(daq), bool)
    new[1:] = (np.diff(daq["time"]) != 0) | (np.diff(daq["fiducial"]) != 0)
    first = np.flatnonzero(new)
    events = np.zeros(len(first), EVENT)
    for name in ("time", "fiducial", "step"):
        events[name] = daq[name][first]
    events["first"], events["last"] = first, np.append(first[1:], len(daq))
    _match_ioc(events, ioc)
    return Timeline(events, daq, ioc, cycles, tuple(indexes))


def _clock(rows: Table) -> Table:
    """Return seconds << 32 | nanoseconds."""
    clock: Table = rows["seconds"].astype("<u8") << np.uint64(32) | rows["nanoseconds"]
    return clock


def _cycles(files: Sequence[XtcFile], indexes: Sequence[Index]) -> Table:
    """List the calib cycles of the DAQ streams, which all have the same clocks."""
    tables = []
    for number, (file, found) in enumerate(zip(files, indexes, strict=True)):
        own = found.calib_cycles[:0] if file.is_ioc else found.calib_cycles
        table = np.zeros(len(own), CYCLE)
        table["time"], table["file"], table["offset"] = _clock(own), number, own["offset"]
        tables.append(table)
    joined = np.concatenate(tables)
    return joined[np.lexsort((joined["file"], joined["time"]))]


def _parts(files: Sequence[XtcFile], indexes: Sequence[Index], steps: Table) -> list[Table]:
    """Make each file's table; `steps` are the clocks of the run's calib cycles."""
    tables, last, stream = [], -1, -1
    for number, (file, found) in enumerate(zip(files, indexes, strict=True)):
        last = last if file.stream == stream else -1
        stream = file.stream
        table = np.zeros(len(found.nodes), PART)
        table["time"] = _clock(found.nodes)
        for name in ("fiducial", "offset", "damage", "empty"):
            table[name] = found.nodes[name]
        table["file"] = number
        # by position in the file: right with empty cycles and equal times; by clock only what
        # has no calib cycle before it in its file, as in later chunks or when some are missing
        own = np.searchsorted(steps, _clock(found.calib_cycles))
        before = np.searchsorted(found.calib_cycles["offset"], found.nodes["offset"])
        by_clock = np.searchsorted(steps, table["time"]) - 1
        table["step"] = np.append(last, own)[before]
        table["step"] = np.where(before, table["step"], np.maximum(by_clock, last))
        last = max(last, int(own[-1])) if len(own) else last
        tables.append(table)
    return tables


def _join(tables: list[Table]) -> Table:
    return np.concatenate(tables) if tables else np.zeros(0, PART)


def _match_ioc(events: Table, ioc: Table) -> None:
    """Give each event the range of `ioc` with equal fiducial, at most `IOC_WINDOW` s away."""
    key = (ioc["fiducial"].astype("<u8") << np.uint64(32)) | ioc["time"] >> np.uint64(32)
    fiducial = events["fiducial"].astype("<u8") << np.uint64(32)
    seconds = events["time"] >> np.uint64(32)
    low = np.maximum(seconds, np.uint64(IOC_WINDOW)) - np.uint64(IOC_WINDOW)
    events["ioc_first"] = np.searchsorted(key, fiducial | low)
    events["ioc_last"] = np.searchsorted(key, fiducial | (seconds + np.uint64(IOC_WINDOW)), "right")
