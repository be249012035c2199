"""Common mode: the shift that all pixels of a segment share, from event to event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import ConstantsError

# Pixels of a 2x1 that have no connection to the sensor, on the diagonals of both ASICs. The common
# mode skips the corners (0, 0) and (0, 194).
DIAGONAL = np.arange(10, 181, 10)
UNBONDED_ROWS = np.concatenate([DIAGONAL, DIAGONAL])
UNBONDED_COLS = np.concatenate([DIAGONAL, DIAGONAL + 194])
UNBONDED_SHAPE = (185, 388)

# Histogram of algorithm 1: one bin per ADU, -1000..1999
BINS = 3000
FIRST_BIN = -1000
FIRST_HALF, LAST_HALF = 2 * FIRST_BIN - 1, 2 * (FIRST_BIN + BINS) - 1


@dataclass(frozen=True)
class CommonMode:
    """Parameters of the common mode correction; the defaults are psana's for the CSPAD.

    Attributes
    ----------
    algorithm : int
        0 off, 1 first peak of the histogram, 5 mean of the unbonded pixels.
    mean_max : float
        Largest correction in ADU; a larger one is rejected.
    sigma_max : float
        Largest width of the peak in ADU (algorithm 1).
    threshold : float
        A peak must rise above this number of pixels per ADU (algorithm 1).
    fallback : bool
        Where algorithm 1 finds nothing, use algorithm 5.
    """

    algorithm: int = 1
    mean_max: float = 25.0
    sigma_max: float = 25.0
    threshold: float = 100.0
    fallback: bool = True


OFF = CommonMode(algorithm=0)


def common_mode_parameters(numbers: Sequence[float] | np.ndarray) -> CommonMode:
    """Return the parameters that a file or a user gives as numbers.

    Parameters
    ----------
    numbers : sequence of float
        `1 mean_max sigma_max threshold [fallback]`, `5 mean_max` or `0 ...`. Without the fifth
        number there is no fallback; only the defaults of `CommonMode` have it.

    Raises
    ------
    ConstantsError
        If a number is missing or the algorithm is not one of 0, 1 and 5.
    """
    values = [float(n) for n in np.ravel(numbers)]
    needed = {0: 1, 1: 4, 5: 2}
    algorithm = values[0] if values else None
    if algorithm not in needed:
        raise ConstantsError(
            f"common mode {values}: expected algorithm 0 (off), 1 (histogram peak) or 5 (unbonded "
            "pixels) as the first number; give (0,) to go on without"
        )
    if len(values) < needed[int(algorithm)]:
        raise ConstantsError(
            f"common mode {values}: algorithm {algorithm:g} needs {needed[int(algorithm)]} "
            f"numbers, found {len(values)}; expected 1 mean_max sigma_max threshold [fallback] "
            "or 5 mean_max"
        )
    if algorithm == 0:
        return OFF
    if algorithm == 5:
        return CommonMode(5, mean_max=values[1])
    fallback = len(values) > 4 and values[4] > 0.1
    return CommonMode(1, values[1], values[2], values[3], fallback)


def common_mode(
    panels: NDArray[np.float32],
    parameters: CommonMode,
    bad: NDArray[np.bool_] | None = None,
    present: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return how far each segment is shifted.

    Parameters
    ----------
    panels : ndarray of float32
        Shape (segments, rows, columns), ADU after pedestals.
    parameters : CommonMode
        Algorithm and limits.
    bad : ndarray of bool, optional
        Shape of panels; these pixels do not vote (algorithm 1).
    present : ndarray of bool, optional
        Shape (segments,); the others are skipped.

    Returns
    -------
    ndarray of float64
        Shape (segments,), ADU to subtract; nan where the correction is off, rejected or the
        segment is absent.
    """
    stack = stack_of(panels)
    found = np.full(len(stack), np.nan)
    if parameters.algorithm == 0:
        return found
    if parameters.algorithm == 5 or parameters.fallback:
        _check_2x1(stack)
    excluded = None if bad is None else stack_of(fitting(bad, panels, "bad pixels"))
    for i, segment in enumerate(stack):
        if present is not None and not present[i]:
            continue
        if parameters.algorithm == 1:
            found[i] = _peak_mode(segment, None if excluded is None else excluded[i], parameters)
        if np.isnan(found[i]) and (parameters.algorithm == 5 or parameters.fallback):
            found[i] = _unbonded_mode(segment, parameters.mean_max)
    return found


def subtract_common_mode(
    panels: NDArray[np.float32],
    offsets: NDArray[np.float64],
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return panels minus the offset of each segment, a segment with nan as it is.

    Computed in float64 and rounded once, as psana does.
    """
    image = np.empty_like(panels) if out is None else out
    for segment, offset, target in zip(stack_of(panels), offsets, stack_of(image), strict=True):
        shift = np.nan_to_num(offset)
        np.subtract(segment, shift, out=target, dtype=np.float64, casting="same_kind")
    return image


def _peak_mode(
    segment: NDArray[np.float32], bad: NDArray[np.bool_] | None, parameters: CommonMode
) -> float:
    """Return the position of the first peak of the histogram, ADU; nan if it is not acceptable."""
    counts = _histogram(segment, bad)
    peak = _first_peak(counts, parameters.threshold)
    if peak is None:
        return np.nan
    mean, sigma = _refined(counts, *peak)
    accepted = abs(mean) <= parameters.mean_max and sigma <= parameters.sigma_max
    return mean if accepted else np.nan


def _histogram(segment: NDArray[np.float32], bad: NDArray[np.bool_] | None) -> NDArray[np.intp]:
    """Return how many pixels have each ADU, (BINS,), values rounded half away from zero.

    Counts half ADU, cut towards zero, and joins the two halves of each ADU afterwards: exact, and
    half the work of rounding every pixel.
    """
    halves = np.clip(segment + segment, FIRST_HALF, LAST_HALF).ravel()
    unknown = np.isnan(halves)
    if unknown.any():
        halves[unknown] = FIRST_HALF
    bins = halves.astype(np.int32)
    bins -= FIRST_HALF
    counts = np.bincount(bins, minlength=LAST_HALF - FIRST_HALF + 1)
    if bad is not None:
        counts -= np.bincount(bins[np.flatnonzero(bad)], minlength=len(counts))
    inner = counts[1:-1]  # what lies outside was clipped to the ends
    zero = -2 * FIRST_BIN  # position of half 0, which alone makes bin 0; others have two halves
    below, above = inner[:zero], inner[zero + 1 :]
    parts = below[::2] + below[1::2], inner[zero : zero + 1], above[::2] + above[1::2]
    return np.concatenate(parts)


def _first_peak(counts: NDArray[np.intp], threshold: float) -> tuple[int, int, int] | None:
    """Return bin, left end and right end of the first hump above the threshold.

    The hump ends where the counts fall to half of its maximum; a larger one to the right, of
    photons, is not looked at.
    """
    floor = int(threshold) if int(threshold) > 0 else 100
    above = np.flatnonzero(counts > floor)
    if above.size == 0:
        return None
    start = int(above[0])
    highest = np.maximum.accumulate(counts[start:])
    fallen = np.flatnonzero(counts[start:] <= highest // 2)
    right = start + int(fallen[0]) if fallen.size else BINS
    position = start + int(np.argmax(counts[start:right]))
    low = np.flatnonzero(counts[: position + 1] <= counts[position] // 2)
    return position, int(low[-1]) if low.size else -1, right


def _refined(counts: NDArray[np.intp], position: int, left: int, right: int) -> tuple[float, float]:
    """Return mean and sigma of the peak in ADU, from moments around its highest bin, twice."""
    mean, sigma = float(position), (right - left) / 2.36  # full width at half maximum
    for _ in range(2):
        reach = int(2 * sigma + 0.5)
        first, last = max(0, position - reach), min(BINS - 1, position + reach)
        weights = counts[first : last + 1]
        away = np.arange(first, last + 1) - mean
        total = float(weights.sum())
        shift = float((weights * away).sum()) / total
        sigma = max(0.0, float((weights * away * away).sum()) / total - shift * shift) ** 0.5
        mean += shift
    return mean + FIRST_BIN, sigma


def _unbonded_mode(segment: NDArray[np.float32], mean_max: float) -> float:
    """Return the mean of the unbonded pixels, ADU; nan if it is larger than allowed."""
    total = np.float32(segment[UNBONDED_ROWS, UNBONDED_COLS].sum(dtype=np.float64))
    mean = float(total) / len(UNBONDED_ROWS)  # a float32 sum, as psana's results show
    return mean if abs(mean) <= mean_max else np.nan


def stack_of(panels: np.ndarray) -> np.ndarray:
    """Return panels as (segments, rows, columns); an image is one segment."""
    return panels.reshape(-1, *panels.shape[-2:])


def fitting(constants: np.ndarray, panels: np.ndarray, name: str) -> np.ndarray:
    """Return constants in the shape of the panels; an error if the sizes differ."""
    if constants.size != panels.size:
        raise ConstantsError(
            f"{name}: expected {panels.size} values for panels of shape {panels.shape}, found "
            f"shape {constants.shape}; are they of another detector?"
        )
    return constants.reshape(panels.shape)


def _check_2x1(stack: np.ndarray) -> None:
    if stack.shape[1:] != UNBONDED_SHAPE:
        raise ConstantsError(
            f"the common mode of unbonded pixels is made for segments of {UNBONDED_SHAPE}, found "
            f"{stack.shape[1:]}; use algorithm 1 without fallback, or (0,) for none"
        )
