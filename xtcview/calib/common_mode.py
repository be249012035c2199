"""Common mode: the shift that all pixels of a segment share, from event to event.

Algorithms 1 and 5 of psana, one shift per segment, made for the CSPAD. Those of other detectors,
with a shift per piece of a segment, are in `xtcview.calib.regions`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import kernels
from xtcview.calib.histogram import first_peak
from xtcview.calib.parameters import OFF, CommonMode, common_mode_parameters
from xtcview.errors import ConstantsError

__all__ = [
    "OFF",
    "CommonMode",
    "Shifts",
    "common_mode",
    "common_mode_parameters",
    "find_shifts",
    "fitting",
    "stack_of",
    "subtract_common_mode",
    "subtract_shift",
]

# Pixels of a 2x1 that have no connection to the sensor, on the diagonals of both ASICs. The common
# mode skips the corners (0, 0) and (0, 194).
DIAGONAL = np.arange(10, 181, 10)
UNBONDED_ROWS = np.concatenate([DIAGONAL, DIAGONAL])
UNBONDED_COLS = np.concatenate([DIAGONAL, DIAGONAL + 194])
UNBONDED_SHAPE = (185, 388)


class Shifts(NamedTuple):
    """What a common mode correction found, region by region.

    Parameters
    ----------
    regions : str
        What has a shift of its own: 'segment', 'chunk', 'bank', 'row' or 'column' of a bank.
    found : ndarray of float64
        ADU; nan where nothing could be found. (segments,) for whole segments.
    applied : ndarray of bool
        Whether it was subtracted; False where it was not found, or refused as too large.
    """

    regions: str
    found: NDArray[np.float64]
    applied: NDArray[np.bool_]

    @property
    def offsets(self) -> NDArray[np.float64]:
        """ADU subtracted, nan where nothing was."""
        return np.where(self.applied, self.found, np.nan)


def find_shifts(
    panels: NDArray[np.float32],
    parameters: CommonMode,
    bad: NDArray[np.bool_] | None = None,
    present: NDArray[np.bool_] | None = None,
) -> Shifts:
    """Return how far each segment is shifted, and whether that is to be corrected.

    Parameters
    ----------
    panels : ndarray of float32
        Shape (segments, rows, columns), ADU after pedestals.
    parameters : CommonMode
        Algorithm 0, 1 or 5, and limits.
    bad : ndarray of bool, optional
        Shape of panels; these pixels do not vote (algorithm 1).
    present : ndarray of bool, optional
        Shape (segments,); the others are skipped.

    Returns
    -------
    Shifts
        Per segment; not found where the correction is off or the segment is absent.
    """
    stack = stack_of(panels)
    shifts = no_shifts(len(stack))
    excluded = None if bad is None else stack_of(fitting(bad, panels, "bad pixels"))
    check_segments(stack, parameters)
    for i, segment in enumerate(stack):
        if present is None or present[i]:
            positions = None if excluded is None else np.flatnonzero(excluded[i])
            shifts.found[i], shifts.applied[i] = segment_shift(segment, parameters, positions)
    return shifts


def no_shifts(segments: int) -> Shifts:
    """Return shifts of segments of which nothing is found yet."""
    return Shifts("segment", np.full(segments, np.nan), np.zeros(segments, np.bool_))


def common_mode(
    panels: NDArray[np.float32],
    parameters: CommonMode,
    bad: NDArray[np.bool_] | None = None,
    present: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return how much is to be subtracted from each segment; see `find_shifts`.

    Returns
    -------
    ndarray of float64
        Shape (segments,), ADU to subtract; nan where the correction is off, rejected or the
        segment is absent.
    """
    return find_shifts(panels, parameters, bad, present).offsets


def subtract_common_mode(
    panels: NDArray[np.float32],
    offsets: NDArray[np.float64],
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return panels minus the offset of each segment, a segment with nan as it is.

    Computed in float64 and rounded once, as psana does.
    """
    image = np.empty_like(panels) if out is None else out
    if image is not panels:
        np.copyto(image, panels)
    for target, offset in zip(stack_of(image), offsets, strict=True):
        if not np.isnan(offset):
            subtract_shift(target, float(offset))
    return image


def subtract_shift(segment: NDArray[np.float32], shift: float) -> None:
    """Subtract a shift from all pixels of a segment, in place, in float64 and rounded once."""
    fast = kernels.compiled()
    if fast is not None and segment.flags.c_contiguous:
        fast.subtract_shift(segment.reshape(-1), shift)
    else:
        np.subtract(segment, shift, out=segment, dtype=np.float64, casting="same_kind")


def segment_shift(
    segment: NDArray[np.float32], parameters: CommonMode, bad: NDArray[np.intp] | None
) -> tuple[float, bool]:
    """Return the shift of one segment in ADU, nan if there is none, and whether it is accepted.

    Parameters
    ----------
    segment : ndarray of float32
        (rows, columns), ADU after pedestals.
    parameters : CommonMode
        Algorithm 0, 1 or 5.
    bad : ndarray of intp, optional
        Flat positions of pixels that do not vote.
    """
    found, accepted = np.nan, False
    if parameters.algorithm == 1:
        found, accepted = _peak_mode(segment, bad, parameters)
    if not accepted and (parameters.algorithm == 5 or parameters.falls_back):
        mean = _unbonded_mode(segment)
        accepted = abs(mean) <= parameters.mean_max
        found = mean if accepted or np.isnan(found) else found
    return found, accepted


def _peak_mode(
    segment: NDArray[np.float32], bad: NDArray[np.intp] | None, parameters: CommonMode
) -> tuple[float, bool]:
    """Return the position of the first peak of the histogram, ADU, and whether it is accepted."""
    peak = first_peak(segment, bad, parameters.threshold)
    if peak is None:
        return np.nan, False
    mean, sigma = peak
    return mean, abs(mean) <= parameters.mean_max and sigma <= parameters.sigma_max


def _unbonded_mode(segment: NDArray[np.float32]) -> float:
    """Return the mean of the unbonded pixels, ADU."""
    total = np.float32(segment[UNBONDED_ROWS, UNBONDED_COLS].sum(dtype=np.float64))
    return float(total) / len(UNBONDED_ROWS)  # a float32 sum, as psana's results show


def stack_of(panels: np.ndarray) -> np.ndarray:
    """Return panels as (segments, rows, columns); an image is one segment."""
    return panels.reshape(-1, *panels.shape[-2:])


def fitting(constants: np.ndarray, panels: np.ndarray, name: str) -> np.ndarray:
    """Return constants in the shape of the panels; an error if they are not of these.

    Flat ones, or with rows of all segments below one another, are in the order of the panels.
    """
    turned = constants.ndim > 1 and constants.shape[-1] != panels.shape[-1]
    if constants.size != panels.size or turned:
        raise ConstantsError(
            f"{name}: expected {panels.size} values for panels of shape {panels.shape}, found "
            f"shape {constants.shape}; are they of another detector?"
        )
    return constants.reshape(panels.shape)


def flags(chosen: np.ndarray, panels: np.ndarray, name: str) -> np.ndarray:
    """Return True and False in the shape of the panels; numbers might mean either."""
    if chosen.dtype != bool:
        raise ConstantsError(
            f"{name}: expected an array of bool, True where they are meant, found {chosen.dtype}; "
            "of a mask in which 1 is good, give 'mask == 0' for the bad pixels"
        )
    return fitting(chosen, panels, name)


def check_segments(stack: np.ndarray, parameters: CommonMode) -> None:
    """Refuse unbonded pixels on segments that have none."""
    needed = parameters.algorithm == 5 or parameters.falls_back
    if needed and stack.shape[1:] != UNBONDED_SHAPE:
        raise ConstantsError(
            f"the common mode of unbonded pixels is made for segments of {UNBONDED_SHAPE}, found "
            f"{stack.shape[1:]}; use algorithm 1 without fallback, or (0,) for none"
        )
