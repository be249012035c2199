"""What can be computed: ops, made of parts that are accumulated frame by frame.

An op such as ``mean`` needs one or more *parts* (here the sum). Parts are shared: ``sum``, ``mean``
and ``std`` together read each frame once and keep one sum. The state of a reduction is a plain
tuple of arrays, one per part, so that it travels between processes without being copied.

All parts are exact and free of order. Integers are summed as integers. Calibrated values are
rounded per event to a fixed step (`FIXED_STEP`) before they are summed as integers. So any split of
the events into chunks, on any number of engines, merges to the same bits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from xtcview.errors import XtcError, near

Array = NDArray[Any]
State = tuple[Array, ...]

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
        ``add(state, frame)`` adds one segment of one frame, in place.
    merge : numpy.ufunc
        Joins two states; associative and commutative.
    """

    name: str
    zero: Callable[[tuple[int, ...], np.dtype[Any], int], Array]
    add: Callable[[Array, Array], object]
    merge: np.ufunc


@dataclass(frozen=True)
class Op:
    """One result, computed from parts.

    Parameters
    ----------
    name : str
        The attribute of the reduction.
    parts : tuple of Part
        What is accumulated.
    finalize : callable
        ``finalize(parts, n, dtype)`` -> the result. `n` counts the events per segment and
        broadcasts over the frame; `dtype` is that of the frames.
    """

    name: str
    parts: tuple[Part, ...]
    finalize: Callable[[State, Array, np.dtype[Any]], Array]


def _sum_zero(shape: tuple[int, ...], dtype: np.dtype[Any], events: int) -> Array:
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


def _square_zero(shape: tuple[int, ...], dtype: np.dtype[Any], events: int) -> Array:
    largest = (
        FIXED_LIMIT**2 / FIXED_SQUARE_STEP if dtype.kind == "f" else 4.0 ** (8 * dtype.itemsize)
    )
    if largest * events > np.iinfo(np.int64).max:
        raise XtcError(
            f"the squares of {events} frames of {dtype} do not fit 64 bits: "
            "select fewer events or leave out 'std'"
        )
    return np.zeros(shape, np.int64)


def _square_add(state: Array, frame: Array) -> None:
    if frame.dtype.kind == "f":
        exact = np.square(frame, dtype=np.float64)
        state += np.rint(exact * (1 / FIXED_SQUARE_STEP)).astype(np.int64)
    else:
        state += np.square(frame, dtype=np.int64)


def _lowest(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype: np.dtype[Any]) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


SUM = Part("sum", _sum_zero, _sum_add, np.add)
SQUARE = Part("square", _square_zero, _square_add, np.add)
MIN = Part(
    "min",
    lambda shape, dtype, events: np.full(shape, _highest(dtype), dtype),
    lambda state, frame: np.minimum(state, frame, out=state),
    np.minimum,
)
MAX = Part(
    "max",
    lambda shape, dtype, events: np.full(shape, _lowest(dtype), dtype),
    lambda state, frame: np.maximum(state, frame, out=state),
    np.maximum,
)


def _per_event(total: Array, n: Array) -> Array:
    """Divide by the events counted; nan where there was none."""
    quotient: Array = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    return quotient


def _step(dtype: np.dtype[Any], fixed: float) -> float:
    return fixed if dtype.kind == "f" else 1.0


def _sum(parts: State, n: Array, dtype: np.dtype[Any]) -> Array:
    return parts[0] * FIXED_STEP if dtype.kind == "f" else parts[0].astype(np.int64)


def _mean(parts: State, n: Array, dtype: np.dtype[Any]) -> Array:
    return _per_event(parts[0], n) * _step(dtype, FIXED_STEP)


def _std(parts: State, n: Array, dtype: np.dtype[Any]) -> Array:
    mean_of_squares = _per_event(parts[1], n) * _step(dtype, FIXED_SQUARE_STEP)
    variance = mean_of_squares - np.square(_mean(parts, n, dtype))
    # rounding may leave a constant pixel a hair below zero
    return np.sqrt(np.maximum(variance, 0.0))


def _extreme(parts: State, n: Array, dtype: np.dtype[Any]) -> Array:
    return np.where(n > 0, parts[0], np.nan).astype(np.float64)


OPS: dict[str, Op] = {
    op.name: op
    for op in (
        Op("sum", (SUM,), _sum),  # int64, exact; calibrated: float64
        Op("mean", (SUM,), _mean),  # float64
        Op("std", (SUM, SQUARE), _std),  # float64, of the population: divided by n
        Op("min", (MIN,), _extreme),  # float64
        Op("max", (MAX,), _extreme),  # float64
    )
}


_COUNTING = re.compile(r"(above|below):(-?\d{1,9}(?:\.\d{1,9})?)", re.ASCII)


def _counting(name: str) -> Op | None:
    """Return the op that counts the events in which a pixel is above, or below, so many ADU."""
    match = _COUNTING.fullmatch(name)
    if match is None:
        return None
    compare: np.ufunc = np.greater if match.group(1) == "above" else np.less
    limit = float(match.group(2))

    def add(state: Array, frame: Array) -> None:
        state += compare(frame, limit)

    def zero(shape: tuple[int, ...], dtype: np.dtype[Any], events: int) -> Array:
        return np.zeros(shape, np.int32)

    part = Part(name, zero, add, np.add)
    return Op(name, (part,), lambda parts, n, dtype: parts[0].astype(np.int64))


def find(names: str | Iterable[str]) -> tuple[Op, ...]:
    """Return the ops of these names; 'above:16000' and 'below:1' count events per pixel.

    Raises
    ------
    XtcError
        For an unknown name, or none at all.
    """
    if not isinstance(names, Iterable):
        raise XtcError(f"ops={names!r}: expected names such as ['mean', 'max'].{near('', OPS)}")
    wanted = [names] if isinstance(names, str) else list(names)
    if not wanted:
        raise XtcError(f"no op is given, so there is nothing to compute.{near('', OPS)}")
    found = {name: OPS.get(name) or _counting(str(name)) for name in wanted}
    for name, op in found.items():
        if op is None:
            raise XtcError(f"no op is called {name!r}.{near(str(name), [*OPS, 'above:16000'])}")
    return tuple(op for op in found.values() if op is not None)


def parts_of(ops: Iterable[Op]) -> tuple[Part, ...]:
    """Return the parts that these ops need, each once."""
    return tuple({part.name: part for op in ops for part in op.parts}.values())


def zero(ops: Iterable[Op], shape: tuple[int, ...], dtype: DTypeLike, events: int) -> State:
    """Return the neutral state.

    Parameters
    ----------
    ops : iterable of Op
        What is to be computed.
    shape : tuple of int
        (segments, rows, cols).
    dtype : dtype
        Of the frames.
    events : int
        At most so many frames will be added, here or by merging.

    Raises
    ------
    XtcError
        When sums of so many frames would not fit 64 bits.
    """
    return tuple(part.zero(shape, np.dtype(dtype), events) for part in parts_of(ops))


def add(ops: Iterable[Op], state: State, frames: Sequence[Array], present: Sequence[Array]) -> None:
    """Add frames to a state, in place.

    Parameters
    ----------
    ops : iterable of Op
        The ops that the state was made for.
    state : tuple of ndarray
        From `zero`.
    frames : sequence of ndarray
        Each (segments, rows, cols).
    present : sequence of ndarray of bool
        Each (segments,): segments that the event does not hold are not counted.
    """
    parts = parts_of(ops)
    # a segment of the state stays in the processor's cache while all frames pass over it
    for segment in range(len(state[0])):
        for part, array in zip(parts, state, strict=True):
            for frame, held in zip(frames, present, strict=True):
                if held[segment]:
                    part.add(array[segment], frame[segment])


def merge(ops: Iterable[Op], total: State, other: State) -> None:
    """Add another state to `total`, in place; the order of merging does not matter."""
    for part, a, b in zip(parts_of(ops), total, other, strict=True):
        part.merge(a, b, out=a)


def finalize(ops: Iterable[Op], state: State, n: Array, dtype: DTypeLike) -> dict[str, Array]:
    """Return the results.

    Parameters
    ----------
    ops : iterable of Op
        The ops that the state was made for.
    state : tuple of ndarray
        Merged state.
    n : ndarray of int64
        (segments,): events that held each segment.
    dtype : dtype
        Of the frames.

    Returns
    -------
    dict of str to ndarray
        By the ops' names, each (segments, rows, cols) in ADU. Where no event held a segment the
        sum is 0 and all other results are nan.
    """
    kept = dict(zip((part.name for part in parts_of(ops)), state, strict=True))
    counts = n.reshape(n.shape + (1,) * (state[0].ndim - n.ndim))
    return {
        op.name: op.finalize(tuple(kept[part.name] for part in op.parts), counts, np.dtype(dtype))
        for op in ops
    }
