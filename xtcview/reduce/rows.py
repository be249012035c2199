"""Ops with one row per event: numbers of each frame, in a table in the order of the events."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.analysis.roi import RoiStatistics, roi_statistics
from xtcview.errors import XtcError, near
from xtcview.reduce.carried import Carried
from xtcview.reduce.op import Field, Op, State, call_text
from xtcview.reduce.parts import Array, DType, Part

PLAIN: dict[str, Callable[[Array], Any]] = {
    "sum": lambda values: values.sum(dtype=np.float64),
    "mean": lambda values: values.mean(dtype=np.float64),
    "std": lambda values: values.std(dtype=np.float64),
    "min": np.min,
    "max": np.max,
}
NUMBER = "event"  # name of the first column


def table(name: str = "table", **columns: str | Callable[[Array, Any], Any]) -> Op:
    """Keep numbers of each event.

    Parameters
    ----------
    name : str
        Of the result: a structured array with one row per event counted, in order; column 'event'
        is its number.
    **columns : str or callable
        'sum', 'mean', 'std', 'min' or 'max' of the pixels of the segments that the event holds; or
        ``function(frame, evt)`` -> number, or array of one shape, such as a profile. An event for
        which it raises is not counted, and reported.

    Raises
    ------
    XtcError
        No columns, or one that is neither.
    """
    if not columns:
        raise XtcError("table(): expected columns, such as table(total='sum', peak='max')")
    for column, what in columns.items():
        if column == NUMBER or not (callable(what) or what in PLAIN):
            raise XtcError(
                f"table({column}={what!r}): expected a function of (frame, evt), or a text, for a "
                f"column not called {NUMBER!r}.{near(str(what), PLAIN)}"
            )
    rows = _Columns({c: w if isinstance(w, str) else Carried(w) for c, w in columns.items()})
    said = {c: w if isinstance(w, str) else Carried(w).name for c, w in columns.items()}
    named = None if name == "table" else name
    text = call_text("table", name=named, **said)
    return _op(name, text, rows, exact=said == columns)


def roi(mask: NDArray[np.bool_], threshold: float | None = None, name: str = "roi") -> Op:
    """Keep what is in a region of interest of each event.

    Parameters
    ----------
    mask : ndarray of bool
        True = inside; of the detector's shape. See `xtcview.analysis.roi`.
    threshold : float, optional
        Pixels above it are counted.
    name : str
        Of the result: a structured array with one row per event counted, in order: 'event' and
        the fields of `xtcview.analysis.roi.RoiStatistics`, float64.
    """
    rows = _Region(np.asarray(mask, np.bool_), threshold)
    text = f"roi(<{np.count_nonzero(mask)} pixels>, threshold={threshold!r})"
    return _op(name, text, rows)


class _Columns:
    """Row of `table`."""

    def __init__(self, columns: dict[str, str | Carried]) -> None:
        self._columns = columns

    def __call__(self, frame: Array, held: Array, evt: Any, number: int) -> Array:
        inside = frame if held.all() else frame[held]
        values = {
            name: PLAIN[what](inside) if isinstance(what, str) else what(frame, evt)
            for name, what in self._columns.items()
        }
        return _row(number, values)


class _Region:
    """Row of `roi`; the mask travels as bits."""

    def __init__(self, mask: NDArray[np.bool_], threshold: float | None) -> None:
        self._shape, self._threshold = mask.shape, threshold
        self._bits = np.packbits(mask)

    @cached_property
    def _mask(self) -> Array:
        count = int(np.prod(self._shape))
        return np.unpackbits(self._bits, count=count).astype(np.bool_).reshape(self._shape)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_mask"}

    def __call__(self, frame: Array, held: Array, evt: Any, number: int) -> Array:
        found = roi_statistics(frame, self._mask, present=held, threshold=self._threshold)
        values = zip(RoiStatistics._fields, found, strict=True)
        return _row(number, {name: value for name, value in values if value is not None})


def _row(number: int, values: dict[str, Any]) -> Array:
    """Return a structured array of one row."""
    found = {name: np.asarray(value, np.float64) for name, value in values.items()}
    kinds = [(NUMBER, "<i8"), *((name, "<f8", value.shape) for name, value in found.items())]
    row = np.zeros(1, kinds)
    row[NUMBER] = number
    for name, value in found.items():
        row[name] = value
    return row


def _op(
    name: str, text: str, row: Callable[[Array, Array, Any, int], Array], exact: bool = False
) -> Op:
    part = Part(f"rows {name}", _zero, joined, joined, takes="row", row=row, finite=False)
    return Op(name, (part,), partial(_table, name), (Field(name, (NUMBER,), ""),), text, exact)


def _zero(shape: tuple[int, ...], dtype: DType, events: int) -> Array:
    return np.zeros(0, [(NUMBER, "<i8")])


def joined(a: Array, b: Array) -> Array:
    """Return the rows of two tables.

    Raises
    ------
    XtcError
        They have different columns.
    """
    if not len(a) or not len(b):
        return b if len(b) else a
    if a.dtype != b.dtype:
        raise XtcError(
            f"the rows of event {a[NUMBER][0]} hold {a.dtype.descr}, those of event "
            f"{b[NUMBER][0]} {b.dtype.descr}: functions of a table must give one shape"
        )
    return np.concatenate([a, b])


def _table(name: str, parts: State, n: Array, dtype: DType) -> Array:
    found: Array = parts[0][np.argsort(parts[0][NUMBER], kind="stable")]
    return found
