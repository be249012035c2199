"""Edges of bins, and which value belongs to which bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xtcview.errors import AnalysisError

Floats = NDArray[np.float64]
Counts = NDArray[np.intp]

MAX_BINS = 1 << 24  # a width of the wrong unit would claim more than memory


def even_edges(values: ArrayLike, width: float) -> Floats:
    """Return the edges of bins of one width that hold all values.

    Parameters
    ----------
    values : array of float
        Such as radii; nan is left out.
    width : float
        Of a bin, in the unit of the values.

    Returns
    -------
    ndarray of float64
        Shape (bins + 1,), multiples of the width.

    Raises
    ------
    AnalysisError
        No value at all, or a width that makes no bins or too many.
    """
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    if not (width > 0 and finite.size):
        raise AnalysisError(f"bins of width {width} for {finite.size} values: nothing to divide")
    first, last = np.floor(finite.min() / width), np.floor(finite.max() / width)
    if last - first >= MAX_BINS:
        raise AnalysisError(
            f"a width of {width} makes {last - first:.0f} bins between {finite.min()} and "
            f"{finite.max()}; are both in the same unit?"
        )
    return width * np.arange(first, last + 2)


def bin_numbers(values: ArrayLike, edges: ArrayLike) -> Counts:
    """Return the bin of each value, shape of the values; -1 for those in none of them.

    Bin i holds edges[i] <= value < edges[i + 1], the last one its right edge too, as in
    `np.histogram`.

    Raises
    ------
    AnalysisError
        Edges that do not increase.
    """
    limits, numbers = np.asarray(edges, np.float64), np.asarray(values, np.float64)
    if limits.ndim != 1 or limits.size < 2 or not (np.diff(limits) > 0).all():
        raise AnalysisError(f"bin edges: expected two or more that increase, found {limits}")
    found: Counts = np.searchsorted(limits, numbers, side="right") - 1
    found[numbers == limits[-1]] = limits.size - 2
    found[found == limits.size - 1] = -1
    return found
