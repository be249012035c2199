"""How many pixels have which value."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.analysis.edges import MAX_BINS, Counts, Floats
from xtcview.calib.common_mode import fitting, flags, stack_of
from xtcview.errors import AnalysisError


class Histogram(NamedTuple):
    """Result of `histogram`: every pixel that counts is in one of the last four."""

    edges: Floats  # (bins + 1,), unit of the panels
    counts: Counts  # (bins,)
    below: int  # pixels under the first edge
    above: int  # pixels at the last edge or over it
    unknown: int  # pixels that are nan


def histogram(
    panels: np.ndarray,
    low: float,
    high: float,
    width: float = 1.0,
    bad: NDArray[np.bool_] | None = None,
    present: NDArray[np.bool_] | None = None,
) -> Histogram:
    """Return the histogram of the values of the pixels.

    Parameters
    ----------
    panels : ndarray
        Shape (segments, rows, columns) or (rows, columns).
    low, high : float
        First and last edge, unit of the panels; the last bin may reach beyond `high`.
    width : float
        Of a bin: bin i holds low + i * width <= value < low + (i + 1) * width.
    bad : ndarray of bool, optional
        True = the pixel does not count.
    present : ndarray of bool, optional
        Shape (segments,); segments that the event lacks do not count.

    Raises
    ------
    AnalysisError
        Limits and width that make no bins, or too many.
    ConstantsError
        Arrays of different sizes.
    """
    bins = number_of_bins(low, high, width)
    stack = stack_of(panels)
    excluded = None if bad is None else stack_of(flags(bad, panels, "bad pixels"))
    every = np.ones(len(stack), np.bool_)
    held = every if present is None else fitting(present, every, "present segments")
    counts = np.zeros(bins + 3, np.intp)  # below, the bins, above, unknown
    for number, segment in enumerate(stack):
        if held[number]:
            good = segment if excluded is None else segment[~excluded[number]]
            counts += np.bincount(places(good.ravel(), low, width, bins), minlength=bins + 3)
    edges = low + width * np.arange(bins + 1, dtype=np.float64)
    below, above, unknown = (int(counts[at]) for at in (0, -2, -1))
    return Histogram(edges, counts[1:-2], below, above, unknown)


def places(values: np.ndarray, low: float, width: float, bins: int) -> Counts:
    """Return where each value is counted: 0 below, 1 to `bins`, then above, then nan."""
    place = np.floor((values.astype(np.float64) - low) / width)
    place = np.clip(place + 1, 0, bins + 1, out=place)
    place[np.isnan(place)] = bins + 2
    return place.astype(np.intp)


def number_of_bins(low: float, high: float, width: float) -> int:
    """Return how many bins of a width there are between two edges.

    Raises
    ------
    AnalysisError
        None, or too many.
    """
    number = (high - low) / width if width > 0 else 0.0
    if not 0 < number <= MAX_BINS:
        raise AnalysisError(
            f"histogram from {low} to {high} in steps of {width}: expected 1 to {MAX_BINS} bins"
        )
    return int(np.ceil(number - 1e-9))  # 0.3 / 0.1 is a hair above 3
