"""What is accumulated frame by frame: exact, and free of order.

Integers are summed as integers. Calibrated values are rounded per event to a fixed step
(`FIXED_STEP`) before they are summed as integers. So any split of the events into chunks, on any
number of engines, merges to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import XtcError

Array = NDArray[Any]
DType = np.dtype[Any]

FIXED_STEP = 1 / (1 << 16)  # ADU: calibrated values are rounded to this before they are summed
FIXED_SQUARE_STEP = 1 / (1 << 6)  # ADU squared: likewise their squares
FIXED_LIMIT = 1 << 19  # ADU: larger values would overflow the 63 bits of a sum of 2**19 squares


@dataclass(frozen=True)
class Part:
    """One array that is accumulated over the frames.

    Parameters
    ----------
    name : str
        Parts of one name are the same part.
    zero : callable
        ``zero(shape, dtype, events)`` -> neutral array, wide enough for that many frames.
    add : callable
        What a frame adds, by `takes`. 'segment': ``add(state, frame)`` adds one segment of one
        frame, in place; both are (1, ...). 'frame': ``add(state, frame, present)`` -> state.
        'row': ``add(state, row)`` -> state, with a row of `row`.
    merge : numpy.ufunc or callable
        Joins two states: a ufunc where that is done value by value, else ``merge(a, b)`` -> state.
        Associative and commutative.
    takes : str
        See `add`.
    row : callable, optional
        ``row(frame, present, evt, number)`` -> what to keep of one event.
    finite : bool
        Whether values that are no numbers, or beyond `FIXED_LIMIT`, are refused.
    """

    name: str
    zero: Callable[[tuple[int, ...], DType, int], Array]
    add: Callable[..., Any]
    merge: Callable[..., Array]
    takes: Literal["segment", "frame", "row"] = "segment"
    row: Callable[[Array, Array, Any, int], Array] | None = None
    finite: bool = True


def _sum_zero(shape: tuple[int, ...], dtype: DType, events: int) -> Array:
    if dtype.kind == "f":
        return np.zeros(shape, np.int64)
    info = np.iinfo(dtype)
    largest = max(-int(info.min), int(info.max)) * events
    if largest > np.iinfo(np.int64).max:
        raise XtcError(f"the sum of {events} frames of {dtype} does not fit 64 bits")
    # half the bytes to touch and to send, as long as they are enough
    return np.zeros(shape, np.int32 if largest <= np.iinfo(np.int32).max else np.int64)


def _sum_add(state: Array, frame: Array) -> None:
    if frame.dtype.kind == "f":
        state += np.rint(frame * np.float64(1 / FIXED_STEP)).astype(np.int64)
    else:
        np.add(state, frame, out=state)


def _square_zero(shape: tuple[int, ...], dtype: DType, events: int) -> Array:
    largest = (
        FIXED_LIMIT**2 / FIXED_SQUARE_STEP if dtype.kind == "f" else 4.0 ** (8 * dtype.itemsize)
    )
    if largest * events > np.iinfo(np.int64).max:
        raise XtcError(
            f"the squares of {events} frames of {dtype} do not fit 64 bits: "
            "select fewer events or leave out 'std' and 'var'"
        )
    return np.zeros(shape, np.int64)


def _square_add(state: Array, frame: Array) -> None:
    if frame.dtype.kind == "f":
        exact = np.square(frame, dtype=np.float64)
        state += np.rint(exact * (1 / FIXED_SQUARE_STEP)).astype(np.int64)
    else:
        state += np.square(frame, dtype=np.int64)


def _min_zero(shape: tuple[int, ...], dtype: DType, events: int) -> Array:
    return np.full(shape, np.inf if dtype.kind == "f" else np.iinfo(dtype).max, dtype)


def _max_zero(shape: tuple[int, ...], dtype: DType, events: int) -> Array:
    return np.full(shape, -np.inf if dtype.kind == "f" else np.iinfo(dtype).min, dtype)


def _min_add(state: Array, frame: Array) -> None:
    np.minimum(state, frame, out=state)


def _max_add(state: Array, frame: Array) -> None:
    np.maximum(state, frame, out=state)


SUM = Part("sum", _sum_zero, _sum_add, np.add)
SQUARE = Part("square", _square_zero, _square_add, np.add)
MIN = Part("min", _min_zero, _min_add, np.minimum)
MAX = Part("max", _max_zero, _max_add, np.maximum)


def count_type(events: int) -> type[np.unsignedinteger[Any]]:
    """Return the narrowest type that counts so many events; fewer bytes to touch and to send."""
    return np.uint16 if events < 1 << 16 else np.uint32


def _count_zero(shape: tuple[int, ...], dtype: DType, events: int) -> Array:
    return np.zeros(shape, count_type(events))


def _count_add(compare: np.ufunc, limit: float, state: Array, frame: Array) -> None:
    np.add(state, compare(frame, limit), out=state)


def counting_part(compare: np.ufunc, limit: float) -> Part:
    """Return the part that counts, per pixel, the events for which ``compare(value, limit)``."""
    name, add = f"{compare.__name__} {limit!r}", partial(_count_add, compare, limit)
    return Part(name, _count_zero, add, np.add, finite=False)
