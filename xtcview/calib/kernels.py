"""Two inner loops of the common mode, compiled where numba is installed (`xtcview[fast]`).

numpy needs several passes for each; the bits are the same. The loops are plain Python, so that
they can be tested without a compiler; `compiled` gives what numba makes of them.
``XTCVIEW_NUMBA=off`` does as if numba were not installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

VARIABLE = "XTCVIEW_NUMBA"
LOW, HIGH = -127, 126  # half ADU that fit one byte; what lies outside is moved to the ends


class Kernels(NamedTuple):
    """Compiled functions of this module."""

    near_codes: Callable[..., None]
    subtract_shift: Callable[..., None]


def near_codes(values: NDArray[np.float32], codes: NDArray[np.uint8]) -> None:
    """Write for each value its number of half ADU, cut towards 0, as a byte of two's complement.

    Parameters
    ----------
    values : ndarray of float32
        Shape (pixels,), ADU; nan counts as far below.
    codes : ndarray of uint8
        Shape (pixels,), the result.
    """
    low, high = np.float32(LOW), np.float32(HIGH)
    for i in range(values.size):
        half = values[i] + values[i]
        half = half if half > low else low
        half = half if half < high else high
        codes[i] = np.uint8(np.int32(half) & 255)


def subtract_shift(values: NDArray[np.float32], shift: float) -> None:
    """Subtract a shift in place, in float64 and rounded once, as psana does; shape (pixels,)."""
    for i in range(values.size):
        values[i] = np.float32(np.float64(values[i]) - shift)


@lru_cache(maxsize=1)
def compiled() -> Kernels | None:
    """Return the compiled functions; None without numba."""
    if os.environ.get(VARIABLE) == "off":
        return None
    try:
        import numba
    except ImportError:
        return None
    # without Python's lock, so that two threads share the segments of an event
    build: Any = numba.njit(nogil=True, cache=True)
    return Kernels(build(near_codes), build(subtract_shift))
