"""All values of one process variable in a run, without visiting events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.types.epics import EPOCH

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Series:
    """The archived values of a process variable; unpacks into (times, values).

    Parameters
    ----------
    name : str
        The PV, not its alias.
    times : ndarray of float64
        UNIX time in s of the events that carry the values, ascending.
    values : ndarray
        One per time; of an array PV one row per time, of objects where their lengths differ.
    events : ndarray of int64
        Numbers of these events; -1 for a value archived before the first.
    stamps : ndarray of float64
        UNIX time in s at which EPICS measured the values.
    status, severity : ndarray of int16
        EPICS alarm state.
    initial : object
        Value that Configure gave, which holds before the first; None without one.
    labels : tuple of str
        Of an enumeration: what its numbers mean.
    """

    name: str
    times: Array
    values: Array
    events: Array
    stamps: Array
    status: Array
    severity: Array
    initial: Any = None
    labels: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Array]:
        return iter((self.times, self.values))

    def __len__(self) -> int:
        return len(self.times)

    def at(self, events: Array) -> Array:
        """Return the value that holds at each of some events: the last one at or before it.

        Parameters
        ----------
        events : ndarray of int
            Event numbers.

        Raises
        ------
        LookupError
            There is no value yet at one of them.
        """
        row = np.searchsorted(self.events, events, "right") - 1
        if (row >= 0).all():
            found: Array = self.values[row]
            return found
        if self.initial is None:
            raise LookupError(f"{self.name} has no value before event {self.events[:1]}")
        first = np.asarray(self.initial)[None]
        known = np.concatenate([first, self.values]) if len(self.values) else first
        earlier: Array = known[row + 1]
        return earlier


def series(
    name: str, events: Sequence[int], times: Array, records: Sequence[Any], first: Any
) -> Series:
    """Return the series of the TIME records of some events.

    Parameters
    ----------
    name : str
    events : sequence of int
        Event of each record.
    times : ndarray of uint64
        Of the run's events.
    records : sequence of Record
    first : Record or None
        Of Configure.
    """
    numbers = np.array(events, "i8")
    clocks = times[np.maximum(numbers, 0)]
    seconds = (clocks >> np.uint64(32)).astype("f8") + (clocks & np.uint64(0xFFFFFFFF)) * 1e-9
    stamps = [(r.stamp().sec() + EPOCH) + r.stamp().nsec() * 1e-9 for r in records]
    return Series(
        name,
        seconds,
        _values(records, first),
        numbers,
        np.array(stamps, "f8"),
        np.array([r.status() for r in records], "i2"),
        np.array([r.severity() for r in records], "i2"),
        None if first is None else _value(first),
        _labels(first),
    )


def _value(record: Any) -> Any:
    """Return the one value, or the array, of a record."""
    return record.value(0) if record.numElements() == 1 else np.asarray(record.data())


def _values(records: Sequence[Any], first: Any) -> Array:
    like = records[0] if records else first
    if not records:
        return np.asarray([] if like is None else like.data())[:0]
    lengths = {record.numElements() for record in records}
    if len(lengths) == 1:
        stacked = np.array([np.asarray(record.data()) for record in records])
        return stacked[:, 0] if lengths == {1} else stacked
    found = np.empty(len(records), object)
    found[:] = [np.asarray(record.data()) for record in records]
    return found


def _labels(first: Any) -> tuple[str, ...]:
    """Return the labels of an enumeration, which only Configure's record has."""
    dbr: Any = first.dbr() if first is not None and first.isCtrl() else None
    if not hasattr(dbr, "no_str"):
        return ()
    return tuple(dbr.strings()[: dbr.no_str()])
