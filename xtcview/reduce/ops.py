"""What can be computed: ops, made of parts that are accumulated frame by frame.

An op such as ``mean`` needs one or more *parts* (here the sum). Parts are shared: ``sum``, ``mean``
and ``std`` together read each frame once and keep one sum. The state of a reduction is a plain
list of arrays, one per part, so that it travels between processes without being copied.

Besides the names 'sum', 'mean', 'std', 'var', 'min' and 'max' there are `above`, `below`,
`histogram`, `projection`, `radial`, `roi`, `table` and, for everything else, `custom`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import DTypeLike

from xtcview.reduce import kernels
from xtcview.reduce.counting import histogram
from xtcview.reduce.custom import custom
from xtcview.reduce.op import Field, Op, State
from xtcview.reduce.optext import find
from xtcview.reduce.parts import FIXED_LIMIT, FIXED_SQUARE_STEP, FIXED_STEP, Array, Part
from xtcview.reduce.pixelwise import OPS, above, below, projection, radial
from xtcview.reduce.rows import roi, table

__all__ = [
    "FIXED_LIMIT", "FIXED_SQUARE_STEP", "FIXED_STEP", "OPS", "Array", "Field", "Op", "Part",
    "State", "above", "add", "below", "custom", "finalize", "find", "histogram", "merge",
    "parts_of", "projection", "radial", "roi", "sendable", "table", "warm", "zero",
]  # fmt: skip


def sendable(ops: Iterable[Op]) -> tuple[str | Op, ...]:
    """Return ops as they are sent to workers: those with a name by it."""
    return tuple(op.name if OPS.get(op.name) is op else op for op in ops)


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
        When sums of so many frames would not fit 64 bits, or a histogram would not fit memory.
    """
    return [part.zero(shape, np.dtype(dtype), events) for part in parts_of(ops)]


def warm(ops: Iterable[Op], dtype: DTypeLike, events: int) -> float:
    """Get ready to add frames of this type; return the seconds that took, once per process."""
    pixel: tuple[int, ...] = (1,)
    parts = [part for part in parts_of(ops) if part.name in kernels.NAMES]
    states = {part.name: part.zero(pixel, np.dtype(dtype), events) for part in parts}
    return kernels.warm(states, np.dtype(dtype))


def add(
    ops: Iterable[Op],
    state: State,
    frames: Sequence[Array],
    present: Sequence[Array],
    rows: Sequence[dict[str, Array]] = (),
) -> None:
    """Add frames to a state, in place.

    Parameters
    ----------
    ops : iterable of Op
        The ops that the state was made for.
    state : list of ndarray
        From `zero`.
    frames : sequence of ndarray
        Each (segments, rows, cols).
    present : sequence of ndarray of bool
        Each (segments,): segments that the event does not hold are not counted.
    rows : sequence of dict of str to ndarray
        Of each frame, what parts that take rows keep of it.
    """
    parts = parts_of(ops)
    for number, part in enumerate(parts):
        if part.takes == "frame":
            for frame, held in zip(frames, present, strict=True):
                state[number] = part.add(state[number], frame, held)
        elif part.takes == "row":
            for row in rows:
                state[number] = part.add(state[number], row[part.name])
    pairs = zip(parts, state, strict=True)
    _add_segments([pair for pair in pairs if pair[0].takes == "segment"], frames, present)


def _add_segments(
    pairs: Sequence[tuple[Part, Array]], frames: Sequence[Array], present: Sequence[Array]
) -> None:
    kernel = kernels.kernel(frames) if len(frames) == kernels.SIDE else None
    fused = {part.name: array for part, array in pairs if part.name in kernels.NAMES}
    if kernel is not None and fused and all(held.all() for held in present):
        kernels.add(kernel, fused, frames)
        pairs, fused = [pair for pair in pairs if pair[0].name not in fused], {}
    # a segment of the state stays in the processor's cache while all frames pass over it
    for segment in range(len(frames[0])) if pairs else ():
        one = slice(segment, segment + 1)
        here = [f[one] for f, held in zip(frames, present, strict=True) if held[segment]]
        together = kernel is not None and bool(fused) and len(here) == kernels.SIDE
        if kernel is not None and together:
            kernels.add(kernel, {name: array[one] for name, array in fused.items()}, here)
        for part, array in pairs:
            if not (together and part.name in fused):
                for frame in here:
                    part.add(array[one], frame)


def merge(ops: Iterable[Op], total: State, other: State) -> None:
    """Add another state to `total`, in place; the order of merging does not matter."""
    for number, part in enumerate(parts_of(ops)):
        if isinstance(part.merge, np.ufunc):
            part.merge(total[number], other[number], out=total[number])
        else:
            total[number] = part.merge(total[number], other[number])


def finalize(
    ops: Iterable[Op], state: State, n: Array, dtype: DTypeLike, ndim: int = 3
) -> dict[str, Array]:
    """Return the results.

    Parameters
    ----------
    ops : iterable of Op
        The ops that the state was made for.
    state : list of ndarray
        Merged state.
    n : ndarray of int64
        (segments,): events that held each segment.
    dtype : dtype
        Of the frames.
    ndim : int
        Axes of the frames, with that of the segments.

    Returns
    -------
    dict of str to ndarray
        By the names of the ops' fields; pictures are (segments, rows, cols) in ADU. Where no
        event held a segment the sum is 0 and all other results are nan.
    """
    kept = dict(zip((part.name for part in parts_of(ops)), state, strict=True))
    counts = n.reshape(n.shape + (1,) * (ndim - n.ndim))
    results: dict[str, Array] = {}
    for op in ops:
        parts = [kept[part.name] for part in op.parts]
        found = op.finalize(parts, counts, np.dtype(dtype))
        results |= found if isinstance(found, dict) else {op.name: found}
    return results
