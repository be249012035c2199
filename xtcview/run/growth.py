"""A timeline goes on: what was appended to the files is merged into its last seconds.

What lies further back stays as it is, so that the work grows with what is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.format.index import Index

from . import timeline
from .columns import Columns, join, take
from .cycles import Part, cycles_of, steps
from .files import XtcFile
from .timeline import IOC_WINDOW, Timeline

_SLACK = np.uint64(2 * IOC_WINDOW << 32)  # before a new contribution, nothing changes its partner
_KEPT = ("file", "offset", "damage", "empty")
_NAMED = ("time", "fiducial", *_KEPT)
Array = npt.NDArray[Any]


def extended(
    old: Timeline, files: Sequence[XtcFile], parts: Sequence[Part], indexes: Sequence[Index]
) -> tuple[Timeline, int]:
    """Return a timeline with more contributions.

    Parameters
    ----------
    old : Timeline
        Of the same files.
    files : sequence of XtcFile
    parts : sequence of Part
        One per file: its new contributions.
    indexes : sequence of Index
        One per file, with all its calib cycles.

    Returns
    -------
    Timeline
    int
        Number of the first event that may differ from the old one of this number.
    """
    found, clocks = _with_cycles(old, files, indexes)
    numbers = steps(files, parts, indexes, clocks)
    new = [{**rows, "step": step} for rows, step in zip(parts, numbers, strict=True)]
    times = [rows["time"].min() for rows in new if len(rows["time"])]
    if not times:
        return found, len(found.events)
    first = int(np.searchsorted(found.events["time"], max(min(times), _SLACK) - _SLACK))
    ioc, moved = _with_ioc(found.ioc, [r for r, f in zip(new, files, strict=True) if f.is_ioc])
    daq, tail = _tail(found, first, [r for r, f in zip(new, files, strict=True) if not f.is_ioc])
    tail = timeline.with_ioc(tail, ioc)
    head = _shifted(found.events[:first], moved)
    begin = found.daq[: len(found.daq) - _rows_behind(found, first)]
    return replace(found, events=_joined(head, tail), daq=_joined(begin, daq), ioc=ioc), first


def renumbered(old: Timeline, places: Sequence[int], indexes: Sequence[Index]) -> Timeline:
    """Return a timeline whose files have moved in the run's list.

    Parameters
    ----------
    places : sequence of int
        New position of every file.
    indexes : sequence of Index
        One per file of the new list.
    """
    to = np.array(places)
    cycles = old.cycles.copy()
    cycles["file"] = to[cycles["file"]]
    return replace(
        old, daq=_moved(old.daq, to), ioc=_moved(old.ioc, to), cycles=cycles, indexes=tuple(indexes)
    )


def _moved(rows: Columns, to: Array) -> Columns:
    file = rows["file"]
    return rows.replaced(file=to[file].astype(file.dtype)) if len(rows) else rows


def _with_cycles(
    old: Timeline, files: Sequence[XtcFile], indexes: Sequence[Index]
) -> tuple[Timeline, Array]:
    """Return the timeline with all calib cycles, and their clocks.

    A calib cycle that becomes known late may lie before known ones: then these count one more.
    """
    cycles = cycles_of(files, indexes)
    clocks, before = np.unique(cycles["time"]), np.unique(old.cycles["time"])
    number = np.append(np.searchsorted(clocks, before), -1).astype("<i4")
    events = old.events
    if len(events) and (number[:-1] != np.arange(len(before))).any():
        events = events.replaced(step=number[events["step"]])
    indexes = tuple(map(timeline.without_nodes, indexes))
    return replace(old, events=events, cycles=cycles, indexes=indexes), clocks


def _rows_behind(old: Timeline, first: int) -> int:
    """Count the DAQ contributions of an event and of those behind it."""
    return len(old.daq) - int(old.events["first"][first]) if first < len(old.events) else 0


def _tail(old: Timeline, first: int, new: Sequence[Part]) -> tuple[Columns, Columns]:
    """Return the DAQ contributions and events from the `first` on, new ones included."""
    events = old.events[first:]
    begin = len(old.daq) - _rows_behind(old, first)
    counts = events["last"] - events["first"]
    known = {name: np.repeat(events[name], counts) for name in ("time", "fiducial", "step")}
    known |= {name: old.daq[name][begin:] for name in _KEPT}
    rows = {name: join([known[name], *(part[name] for part in new)]) for name in known}
    order = np.lexsort([rows[n] for n in ("offset", "file", "fiducial", "time")])
    daq, found = timeline.grouped({name: take(rows[name], order) for name in rows})
    return daq, found.replaced(first=found["first"] + begin, last=found["last"] + begin)


def _with_ioc(old: Columns, parts: Sequence[Part]) -> tuple[Columns, Array]:
    """Return the control system contributions with new ones, and how far each old one moved."""
    if not parts:
        return old, np.zeros(len(old) + 1, "<i8")
    new = Columns(**{name: join([part[name] for part in parts]) for name in _NAMED})
    new = new[np.lexsort((new["time"], new["fiducial"]))]
    at = np.searchsorted(timeline.ioc_order(old), timeline.ioc_order(new), "right")
    columns = {name: np.insert(old[name], at, new[name]) for name in _NAMED}
    return Columns(**columns), np.cumsum(np.bincount(at, minlength=len(old) + 1))


def _shifted(events: Columns, moved: Array) -> Columns:
    """Return events whose control system contributions moved; they have no new ones."""
    first, last = events["ioc_first"], events["ioc_last"]
    begin = first + moved[first]
    end = np.where(last > first, last + moved[np.maximum(last, 1) - 1], begin)
    return events.replaced(ioc_first=begin, ioc_last=end)


def _joined(head: Columns, tail: Columns) -> Columns:
    return Columns(**{name: join([head[name], tail[name]]) for name in tail.names})
