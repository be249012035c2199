"""Masks of pixels by where they lie on a segment: edges, centre, unbonded pixels, neighbours.

A mask is uint8, 1 = good and 0 = bad, as psana has it. Functions that take the shape of a segment
return (rows, columns), the same for all segments; the others take and return any stack of them.
Which pixels belong to a mask are facts of psana's segment geometries.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import ConstantsError

Mask = NDArray[np.uint8]
Shape = tuple[int, int]

SENSOR_2X1 = (185, 388)  # rows, columns of a CSPAD segment
UNBONDED = np.arange(0, 181, 10)  # p: pixels (p, p) and (p, p + 194) have no sensor behind them
_HALF = 194

# Shape of a segment -> first row and first column behind each border between its ASICs
BORDERS: dict[Shape, tuple[tuple[int, ...], tuple[int, ...]]] = {
    SENSOR_2X1: ((), (194,)),
    (704, 768): ((352,), (384,)),  # Epix100a
    (352, 384): ((176,), (192,)),  # Epix10ka
    (512, 1024): ((256,), (256, 512, 768)),  # Jungfrau
}
_CROSS = ((-1, 0), (0, -1), (0, 0), (0, 1), (1, 0))
_BLOCK = tuple((dr, dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1))


def of_edges(shape: Shape, width: int = 1) -> Mask:
    """Return a mask of the outermost rows and columns of a segment, `width` of them each."""
    mask = np.zeros(shape, np.uint8)
    _check_width(shape, width)
    mask[width : shape[0] - width, width : shape[1] - width] = 1
    return mask


def of_borders(shape: Shape, width: int = 1) -> Mask:
    """Return a mask of the rows and columns on both sides of the borders between ASICs.

    On a 2x1 of the CSPAD these are the wide pixels, columns 193 and 194; on a segment without
    such a border, none.
    """
    _check_width(shape, width)
    mask = np.ones(shape, np.uint8)
    rows, cols = BORDERS.get(shape, ((), ()))
    for row in rows:
        mask[row - width : row + width] = 0
    for col in cols:
        mask[:, col - width : col + width] = 0
    return mask


def of_unbonded(shape: Shape) -> Mask:
    """Return a mask of the 38 pixels of a 2x1 without a connection; no other segment has any."""
    return _around_unbonded(shape, ((0, 0),))


def of_unbonded_neighbours(shape: Shape, eight: bool = False) -> Mask:
    """Return a mask of the unbonded pixels and their four or eight neighbours.

    With four neighbours the corners (0, 0) and (0, 194) themselves stay good, as in psana.
    """
    mask = _around_unbonded(shape, _BLOCK if eight else _CROSS)
    if shape == SENSOR_2X1 and not eight:
        mask[0, [0, _HALF]] = 1
    return mask


def _around_unbonded(shape: Shape, offsets: tuple[tuple[int, int], ...]) -> Mask:
    mask = np.ones(shape, np.uint8)
    if shape != SENSOR_2X1:
        return mask
    for half in (0, _HALF):
        for row, col in offsets:
            rows, cols = UNBONDED + row, UNBONDED + half + col
            inside = (rows >= 0) & (cols >= half)  # what lies beside it is another ASIC
            mask[rows[inside], cols[inside]] = 0
    return mask


def geometric(
    shape: Shape,
    *,
    edges: bool = False,
    central: bool = False,
    unbond: bool = False,
    unbondnbrs: bool = False,
    unbondnbrs8: bool = False,
    width: int = 1,
    wcentral: int = 1,
) -> Mask:
    """Return psana's ``mask_geo`` of a segment, (rows, columns).

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of a segment.
    edges, central, unbond, unbondnbrs, unbondnbrs8 : bool
        What is masked. Of the last three only the largest counts, as in psana.
    width, wcentral : int
        Rows and columns masked at each edge, and on each side of a border between ASICs.

    Raises
    ------
    ConstantsError
        A width that does not fit the segment.
    """
    mask = np.ones(shape, np.uint8)
    if edges:
        mask &= of_edges(shape, width)
    if central:
        mask &= of_borders(shape, wcentral)
    if unbondnbrs or unbondnbrs8:
        mask &= of_unbonded_neighbours(shape, unbondnbrs8)
    elif unbond:
        mask &= of_unbonded(shape)
    return mask


def neighbours(mask: Mask, radius: int = 1, pattern: str = "r") -> Mask:
    """Return a mask in which every pixel near a bad one is bad too.

    Parameters
    ----------
    mask : ndarray of uint8
        Shape (..., rows, columns); segments do not touch each other.
    radius : int
        How far it reaches, pixels.
    pattern : str
        'r' rhombus (radius 1: four neighbours), 'c' circle, 's' square (radius 1: eight).

    Returns
    -------
    ndarray of uint8
        Of the same shape.
    """
    rows, cols = mask.shape[-2:]
    grown: Mask = mask.copy()
    for dr in range(-radius, radius + 1):
        for dc in range(-radius, radius + 1):
            if not _reaches(dr, dc, radius, pattern):
                continue
            to = (..., slice(max(dr, 0), rows + min(dr, 0)), slice(max(dc, 0), cols + min(dc, 0)))
            of = (..., slice(max(-dr, 0), rows - max(dr, 0)), slice(max(-dc, 0), cols - max(dc, 0)))
            grown[to] &= mask[of]
    return grown


def _reaches(row: int, col: int, radius: int, pattern: str) -> bool:
    if pattern == "r":
        return abs(row) + abs(col) <= radius
    if pattern == "c":
        return row * row + col * col <= radius * radius
    if pattern == "s":
        return True
    raise ConstantsError(f"pattern {pattern!r}: expected 'r' rhombus, 'c' circle or 's' square")


def merge(*masks: Mask | None) -> Mask | None:
    """Return a mask that is good where all given ones are; None when none is given."""
    given = [np.asarray(mask, np.uint8) for mask in masks if mask is not None]
    merged: Mask | None = np.bitwise_and.reduce(given) if given else None
    return merged


def of_status(bad: NDArray[np.bool_]) -> Mask:
    """Return the mask of bad pixels, of their shape."""
    return (~bad).astype(np.uint8)


def _check_width(shape: Shape, width: int) -> None:
    if not 0 <= 2 * width <= min(shape):
        raise ConstantsError(f"a width of {width} does not fit a segment of {shape}")
