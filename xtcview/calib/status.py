"""Which pixels a dark run finds bad, and why: psana's bits of pixel_status.

The limits are those of psana's dark processing: mean +- 6 sigma over all pixels of the detector,
within what the electronics can give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# bit -> what it says
MEANING = {
    1: "rms too high",
    2: "rms too low",
    4: "saturated in too many events",
    8: "no counts in too many events",
    16: "mean too high",
    32: "mean too low",
    64: "in no event",  # ours: psana has no word for a segment that was absent all the time
}
NOISY, QUIET, SATURATED, EMPTY, HIGH, LOW, UNSEEN = MEANING


@dataclass(frozen=True)
class Limits:
    """What a good pixel of a dark run keeps to; the defaults are psana's.

    Attributes
    ----------
    sigmas : float
        How far rms and mean of a pixel may be from those of the detector, in sigma over pixels.
    lowest, highest : float
        ADU: counts below and above mean nothing, in an event and on average.
    fraction : float
        Part of the events in which a pixel may be below `lowest` or above `highest`.
    rms_lowest, rms_highest : float
        ADU: the limits of the rms are within these.
    """

    sigmas: float = 6.0
    lowest: float = 1.0
    highest: float = 16000.0
    fraction: float = 0.1
    rms_lowest: float = 0.001
    rms_highest: float = 16000.0


class Judged(NamedTuple):
    """Result of `judge`."""

    status: NDArray[np.uint16]  # 0 = good
    rms_range: tuple[float, float]  # ADU, within which a pixel is good
    mean_range: tuple[float, float]


def judge(mean: Floats, rms: Floats, above: Floats, below: Floats, limits: Limits) -> Judged:
    """Return the status of each pixel of a dark run.

    Parameters
    ----------
    mean, rms : ndarray of float64
        ADU, any one shape; nan in pixels that no event held.
    above, below : ndarray of float64
        Part of the events in which the count was above `Limits.highest`, below `Limits.lowest`.
    limits : Limits
        What a good pixel keeps to.

    Returns
    -------
    Judged
        Status of that shape, uint16, the sum of bits of `MEANING`; and the ranges.
    """
    seen = np.isfinite(mean)
    rms_range = _range(rms[seen], limits.sigmas, limits.rms_lowest, limits.rms_highest)
    mean_range = _range(mean[seen], limits.sigmas, limits.lowest, limits.highest)
    status = np.where(seen, 0, UNSEEN).astype(np.uint16)
    for bit, where in (
        (NOISY, rms > rms_range[1]),
        (QUIET, rms < rms_range[0]),
        (SATURATED, above > limits.fraction),
        (EMPTY, below > limits.fraction),
        (HIGH, mean > mean_range[1]),
        (LOW, mean < mean_range[0]),
    ):
        status[where & seen] |= bit
    return Judged(status, rms_range, mean_range)


def _range(values: Floats, sigmas: float, lowest: float, highest: float) -> tuple[float, float]:
    if not values.size:
        return lowest, highest
    centre, sigma = float(values.mean()), float(values.std())
    return max(centre - sigmas * sigma, lowest), min(centre + sigmas * sigma, highest)
