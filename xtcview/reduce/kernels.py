"""Kernels that read four frames side by side, so that each sum is touched once for all four.

numba compiles them (``pip install 'xtcview[fast]'``). Without it, with ``XTCVIEW_NUMBA=off`` and
until `load` was called, the parts add frame by frame with numpy. Both give the same bits.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from xtcview.calib.kernels import VARIABLE
from xtcview.reduce.parts import FIXED_SQUARE_STEP, FIXED_STEP, Array

SIDE = 4  # frames side by side
WORTH = 32  # frames from which on it is worth to load numba, about a second once per process
NAMES = ("sum", "square", "min", "max")  # parts that a kernel adds, in its order

_UP, _SQUARE_UP = 1 / FIXED_STEP, 1 / FIXED_SQUARE_STEP
_lock = threading.Lock()
_kernels: dict[str, Callable[..., None]] = {}  # by kind of number; empty without numba
_tried = False


def load() -> bool:
    """Compile the kernels, or find those compiled before; False without numba."""
    global _tried
    with _lock:
        if not _tried:
            _tried = True
            if os.environ.get(VARIABLE) == "off":
                return False
            try:
                numba = import_module("numba")
            except ImportError:
                return False
            _kernels.update(_compiled(numba))
    return bool(_kernels)


def unload() -> None:
    """Go back to numpy, until `load` is called again."""
    global _tried
    with _lock:
        _kernels.clear()
        _tried = False


def _compiled(numba: Any) -> dict[str, Callable[..., None]]:
    found = {}
    for kind, function in (("i", _integers), ("f", _floats), ("count", _count)):
        try:
            found[kind] = numba.njit(nogil=True, cache=True)(function)
        except RuntimeError:  # no folder to keep compiled code in
            found[kind] = numba.njit(nogil=True)(function)
    return found


def kernel(frames: Sequence[Array]) -> Callable[..., None] | None:
    """Return the kernel for frames of this type, if it is loaded."""
    dtype = frames[0].dtype
    if not _kernels or not dtype.isnative or dtype.itemsize > (8 if dtype.kind == "f" else 4):
        return None
    if dtype.kind == "f" and dtype.itemsize < 4:
        return None
    return _kernels.get("f" if dtype.kind == "f" else "i")


def add(kernel: Callable[..., None], states: Mapping[str, Array], frames: Sequence[Array]) -> None:
    """Add `SIDE` frames, or one segment of each, to the states of the parts in `NAMES`."""
    flat = (states[name].reshape(-1) if name in states else None for name in NAMES)
    kernel(*flat, *(np.ascontiguousarray(frame).reshape(-1) for frame in frames))


def warm(states: Mapping[str, Array], dtype: np.dtype[Any]) -> float:
    """Compile what frames of this type need, with states of one pixel; return the seconds."""
    began = time.perf_counter()
    frames = [np.zeros(1, dtype)] * SIDE
    found, count = kernel(frames), counter()
    if found is not None and states:
        add(found, states, frames)
    if count is not None and dtype.kind in "iu" and dtype.isnative:
        count(np.zeros(1, np.int64), np.zeros(1, np.intp), frames[0])
    return time.perf_counter() - began


def counter() -> Callable[[Array, Array, Array], None] | None:
    """Return ``count(counts, table, values)``, which does counts[table[value]] += 1, if loaded."""
    return _kernels.get("count")


# What is None is cut out by the compiler. Python's numbers of a test are wider than those of numba,
# so the kernels are only ever called compiled.


def _integers(total: Any, square: Any, low: Any, high: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    for i in range(a.size):
        p, q, r, s = np.int64(a[i]), np.int64(b[i]), np.int64(c[i]), np.int64(d[i])
        if total is not None:
            total[i] += p + q + r + s
        if square is not None:
            square[i] += p * p + q * q + r * r + s * s
        if low is not None:
            low[i] = min(low[i], min(min(a[i], b[i]), min(c[i], d[i])))
        if high is not None:
            high[i] = max(high[i], max(max(a[i], b[i]), max(c[i], d[i])))


def _floats(total: Any, square: Any, low: Any, high: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    for i in range(a.size):
        p, q, r, s = np.float64(a[i]), np.float64(b[i]), np.float64(c[i]), np.float64(d[i])
        if total is not None:
            total[i] += np.int64(np.rint(p * _UP)) + np.int64(np.rint(q * _UP))
            total[i] += np.int64(np.rint(r * _UP)) + np.int64(np.rint(s * _UP))
        if square is not None:
            square[i] += np.int64(np.rint(p * p * _SQUARE_UP))
            square[i] += np.int64(np.rint(q * q * _SQUARE_UP))
            square[i] += np.int64(np.rint(r * r * _SQUARE_UP))
            square[i] += np.int64(np.rint(s * s * _SQUARE_UP))
        if low is not None:
            low[i] = min(low[i], min(min(a[i], b[i]), min(c[i], d[i])))
        if high is not None:
            high[i] = max(high[i], max(max(a[i], b[i]), max(c[i], d[i])))


def _count(counts: Any, table: Any, values: Any) -> None:
    for i in range(values.size):
        counts[table[values[i]]] += 1
