"""The first peak of a segment's histogram, by the rules of psana's common mode algorithm 1."""

from __future__ import annotations

from operator import mul
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import kernels

# Histogram of algorithm 1: one bin per ADU, -1000..1999
BINS = 3000
FIRST_BIN = -1000
FIRST_HALF, LAST_HALF = 2 * FIRST_BIN - 1, 2 * (FIRST_BIN + BINS) - 1
FIRST_NEAR = -63  # ADU of the first bin that is complete when half ADU are cut to one byte


def first_peak(
    segment: NDArray[np.float32], bad: NDArray[np.intp] | None, threshold: float
) -> tuple[float, float] | None:
    """Return mean and sigma of the first peak, ADU; None if there is none.

    Parameters
    ----------
    segment : ndarray of float32
        (rows, columns), ADU after pedestals.
    bad : ndarray of intp, optional
        Flat positions of pixels that do not count.
    threshold : float
        Pixels per ADU that a peak must have more of; 100 if it is not 1 or more.
    """
    peak = _near_peak(segment, bad, threshold)
    if peak is not None:
        return peak
    counts = _far_histogram(segment, bad)  # not all of the peak is near 0: count everything
    hump = _first_hump(counts, threshold)
    return None if hump is None else _refined(counts, FIRST_BIN, hump)


def _near_peak(
    segment: NDArray[np.float32], bad: NDArray[np.intp] | None, threshold: float
) -> tuple[float, float] | None:
    """Return mean and sigma of the first peak if it lies near 0; None when that is not sure.

    The usual case, in half the time: bytes are counted much faster than wider numbers. Nothing
    outside of -63..62 ADU is needed when no bin below can be a peak and both ends of the first
    hump are within.
    """
    below, counts = _near_histogram(segment, bad)
    if below > _floor(threshold):
        return None
    hump = _first_hump(counts, threshold)
    if hump is None or hump.left < 0 or hump.right == len(counts):
        return None
    return _refined(counts, FIRST_NEAR, hump, within=True)


def _near_histogram(
    segment: NDArray[np.float32], bad: NDArray[np.intp] | None
) -> tuple[int, list[int]]:
    """Return how many pixels are below -63 ADU, and how many have each of -63..62 ADU."""
    codes = _near_codes(segment)
    counts = _count_bytes(codes)
    if bad is not None:
        voteless = np.bincount(codes.reshape(-1)[bad], minlength=256).tolist()
        counts = [all_of - of for all_of, of in zip(counts, voteless, strict=True)]
    halves = counts[129:] + counts[:127]  # of the half ADU -127..126
    return halves[0], _joined(halves[1:-2], 126)


def _near_codes(segment: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return half ADU -127..126, cut towards 0, as bytes; those outside are moved to the ends."""
    fast = kernels.compiled()
    if fast is None or not segment.flags.c_contiguous:
        halves = _cut_halves(segment, kernels.LOW, kernels.HIGH)
        return halves.astype(np.int8, order="C").view(np.uint8)
    codes = np.empty(segment.shape, np.uint8)
    fast.near_codes(segment.reshape(-1), codes.reshape(-1))
    return codes


def _count_bytes(codes: NDArray[np.uint8]) -> list[int]:
    """Return how often each of 256 values is there; Pillow, where it is, counts 3 times faster."""
    try:
        from PIL import Image
    except ImportError:
        found: list[int] = np.bincount(codes.reshape(-1), minlength=256).tolist()
        return found
    return Image.frombuffer("L", codes.shape[::-1], codes, "raw", "L", 0, 1).histogram()


def _far_histogram(segment: NDArray[np.float32], bad: NDArray[np.intp] | None) -> list[int]:
    """Return how many pixels have each ADU, `BINS` of them, values rounded half away from zero.

    Counts half ADU, cut towards zero, and joins the two halves of each ADU afterwards: exact, and
    half the work of rounding every pixel.
    """
    bins = _cut_halves(segment, FIRST_HALF, LAST_HALF).astype(np.int16).reshape(-1)
    bins -= np.int16(FIRST_HALF)
    counts = np.bincount(bins, minlength=LAST_HALF - FIRST_HALF + 1)
    if bad is not None:
        counts -= np.bincount(bins[bad], minlength=len(counts))
    return _joined(counts[1:-1].tolist(), -2 * FIRST_BIN)  # what lies outside was cut to the ends


def _cut_halves(values: NDArray[np.float32], low: int, high: int) -> NDArray[np.float32]:
    """Return twice the values, those outside of low..high moved to the ends, nan to the lower."""
    halves: NDArray[np.float32] = np.add(values, values)
    np.fmax(halves, np.float32(low), out=halves)
    np.minimum(halves, np.float32(high), out=halves)
    return halves


def _joined(halves: list[int], zero: int) -> list[int]:
    """Return counts per ADU from counts per half ADU; half 0, at `zero`, alone makes ADU 0."""
    below, above = halves[:zero], halves[zero + 1 :]
    left = [a + b for a, b in zip(below[::2], below[1::2], strict=True)]
    right = [a + b for a, b in zip(above[::2], above[1::2], strict=True)]
    return [*left, halves[zero], *right]


def _floor(threshold: float) -> int:
    return int(threshold) if int(threshold) > 0 else 100


class _Hump(NamedTuple):
    """The first hump of a histogram, in bins."""

    position: int
    left: int  # where the counts have fallen to half; -1 if they have not
    right: int  # likewise; the number of bins if they have not


def _first_hump(counts: list[int], threshold: float) -> _Hump | None:
    """Return the first hump above the threshold; None if there is none.

    The hump ends where the counts fall to half of its maximum; a larger one to the right, of
    photons, is not looked at.
    """
    floor, peak, position, right = _floor(threshold), -1, -1, len(counts)
    for i, count in enumerate(counts):
        if count > peak and count > floor:
            peak, position = count, i
        elif count <= peak // 2 and peak > 0:
            right = i
            break
    if position < 0:
        return None
    left = position
    while left >= 0 and counts[left] > peak // 2:
        left -= 1
    return _Hump(position, left, right)


def _refined(
    counts: list[int], zero: int, hump: _Hump, within: bool = False
) -> tuple[float, float] | None:
    """Return mean and sigma of the peak in ADU, from moments around its highest bin, twice.

    Parameters
    ----------
    counts : list of int
        Pixels per ADU.
    zero : int
        ADU of the first bin.
    hump : _Hump
        Where the peak is.
    within : bool
        Return None when bins outside of the counts would be needed.
    """
    base = zero - FIRST_BIN  # numbers of psana's bins: other ones would give other last bits
    mean, sigma = (
        float(base + hump.position),
        (hump.right - hump.left) / 2.36,
    )  # from the half width
    for _ in range(2):
        reach = int(2 * sigma + 0.5)
        first, last = max(0, hump.position - reach), min(len(counts) - 1, hump.position + reach)
        if within and last - first < 2 * reach:
            return None
        weights = counts[first : last + 1]
        away = [base + i - mean for i in range(first, last + 1)]
        total = sum(weights)
        shift = sum(map(mul, away, weights)) / total
        square = sum(a * a * w for a, w in zip(away, weights, strict=True)) / total
        sigma = max(0.0, square - shift * shift) ** 0.5
        mean += shift
    return mean + FIRST_BIN, sigma
