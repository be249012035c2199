"""Regions of interest: which pixels, and what is in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.common_mode import fitting, flags, stack_of
from xtcview.errors import AnalysisError

Mask = NDArray[np.bool_]


class RoiStatistics(NamedTuple):
    """Result of `roi_statistics`, in the unit of the panels."""

    pixels: int  # that count
    total: float
    mean: float  # nan without pixels, as the following three
    std: float  # of the population: divided by the number of pixels
    lowest: float
    highest: float
    above: int | None  # pixels above the threshold; None without one


def box(
    shape: tuple[int, ...],
    rows: tuple[int, int],
    cols: tuple[int, int],
    segment: int | None = None,
) -> Mask:
    """Return True in a rectangle of a segment's own rows and columns.

    Parameters
    ----------
    shape : tuple of int
        Of the panels, (segments, rows, columns) or (rows, columns).
    rows, cols : (int, int)
        First, and the first after the last.
    segment : int, optional
        All segments where not given.

    Raises
    ------
    AnalysisError
        A rectangle that is not inside.
    """
    inside = np.zeros(shape, np.bool_)
    stack = stack_of(inside)
    sides = zip((rows, cols), stack.shape[1:], strict=True)
    if not all(0 <= first < stop <= size for (first, stop), size in sides):
        raise AnalysisError(f"box of rows {rows} and columns {cols}: not inside {stack.shape[1:]}")
    if segment is not None and not 0 <= segment < len(stack):
        raise AnalysisError(f"box in segment {segment}: expected 0 to {len(stack) - 1}")
    which = slice(None) if segment is None else slice(segment, segment + 1)
    stack[which, slice(*rows), slice(*cols)] = True
    return inside


def disc(x: np.ndarray, y: np.ndarray, center: tuple[float, float], radius: float) -> Mask:
    """Return True where a pixel at (x, y) is at most `radius` from the center, same unit."""
    return np.asarray(np.hypot(x - center[0], y - center[1]) <= radius)


def band(values: np.ndarray, low: float, high: float) -> Mask:
    """Return True where low <= value < high: a ring of radii or q, a sector of azimuths."""
    return np.asarray((values >= low) & (values < high))


def roi_statistics(
    panels: np.ndarray,
    roi: Mask,
    bad: Mask | None = None,
    present: Mask | None = None,
    threshold: float | None = None,
) -> RoiStatistics:
    """Return what is in a region of interest.

    Parameters
    ----------
    panels : ndarray
        Shape (segments, rows, columns) or (rows, columns). A nan that counts makes the numbers
        nan.
    roi : ndarray of bool
        True = inside; as many values as the panels.
    bad : ndarray of bool, optional
        True = the pixel does not count.
    present : ndarray of bool, optional
        Shape (segments,); segments that the event lacks do not count.
    threshold : float, optional
        Pixels above it are counted.

    Returns
    -------
    RoiStatistics
        Sums are made in float64.

    Raises
    ------
    ConstantsError
        Arrays of different sizes.
    """
    stack = stack_of(panels)
    used = flags(roi, stack, "region of interest")
    if bad is not None:
        used = used & ~flags(bad, stack, "bad pixels")
    if present is not None:
        held = fitting(present, np.ones(len(stack)), "present segments")
        used = used & held[:, None, None]
    values = stack[used].astype(np.float64)
    above = None if threshold is None else int(np.count_nonzero(values > threshold))
    if values.size == 0:
        return RoiStatistics(0, 0.0, np.nan, np.nan, np.nan, np.nan, above)
    return RoiStatistics(
        values.size,
        float(values.sum()),
        float(values.mean()),
        float(values.std()),
        float(values.min()),
        float(values.max()),
        above,
    )
