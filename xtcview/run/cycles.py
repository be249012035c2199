"""Calib cycles: the copies of each in the streams, and which one an event belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.format.index import Index

from .columns import column, constant, is_constant
from .files import XtcFile

CYCLE = np.dtype([
    ("time",   "<u8"),  #  0
    ("file",   "<i4"),  #  8
    ("offset", "<i8"),  # 12  byte of its BeginCalibCycle
])  # 20  # fmt: skip

Table = npt.NDArray[Any]
Part = dict[str, Table]  # columns of one file's contributions


def clock(rows: Table) -> Table:
    """Return seconds << 32 | nanoseconds."""
    clock: Table = rows["seconds"].astype("<u8") << np.uint64(32) | rows["nanoseconds"]
    return clock


def cycles_of(files: Sequence[XtcFile], indexes: Sequence[Index]) -> Table:
    """List the calib cycles of the DAQ streams, which all have the same clocks."""
    tables = []
    for number, (file, found) in enumerate(zip(files, indexes, strict=True)):
        own = found.calib_cycles[:0] if file.is_ioc else found.calib_cycles
        table = np.zeros(len(own), CYCLE)
        table["time"], table["file"], table["offset"] = clock(own), number, own["offset"]
        tables.append(table)
    joined = np.concatenate(tables)
    return joined[np.lexsort((joined["file"], joined["time"]))]


def steps(
    files: Sequence[XtcFile], parts: Sequence[Part], indexes: Sequence[Index], clocks: Table
) -> list[Table]:
    """Return the calib cycle of each file's contributions; `clocks` are those of the cycles."""
    found, last, stream = [], -1, -1
    for file, rows, index in zip(files, parts, indexes, strict=True):
        last = last if file.stream == stream else -1
        stream = file.stream
        own = np.searchsorted(clocks, clock(index.calib_cycles))
        found.append(_step(rows, np.append(last, own), clocks))
        last = max(last, int(own[-1])) if len(own) else last
    return found


def _step(rows: Part, numbers: Table, clocks: Table) -> Table:
    """Return the calib cycle of one file's contributions.

    By position in the file: right with empty cycles and equal times. By clock only what has no
    calib cycle before it in its file, as in later chunks or when some are missing.
    """
    before = rows["before"]
    if is_constant(before) and len(before) and before[0]:
        return constant(numbers[before[0]], len(before), "<i4")
    by_clock = np.searchsorted(clocks, rows["time"]) - 1
    step = np.where(before, numbers[before], np.maximum(by_clock, numbers[0]))
    return column(step, "<i4")
