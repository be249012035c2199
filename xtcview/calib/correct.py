"""The correction chain: raw ADU -> calibrated ADU, one pure function per step.

Panels are arrays (segments, rows, columns); a camera's image counts as one segment. The order is
psana's: pedestals, common mode, gain map, pixel gain, status.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.common_mode import (
    OFF,
    CommonMode,
    common_mode,
    common_mode_parameters,
    fitting,
    stack_of,
    subtract_common_mode,
)

__all__ = [
    "LOW_GAIN",
    "OFF",
    "Calibrated",
    "CommonMode",
    "bad_pixels",
    "calibrate",
    "common_mode",
    "common_mode_parameters",
    "gain_factor",
    "subtract_common_mode",
    "subtract_pedestals",
]

LOW_GAIN = 6.85  # psana's factor: a pixel in low gain is that much less sensitive


class Calibrated(NamedTuple):
    """Result of `calibrate`."""

    panels: NDArray[np.float32]  # ADU, shape of the raw panels
    common_mode: NDArray[np.float64]  # (segments,) ADU subtracted, nan = nothing was


def subtract_pedestals(
    raw: np.ndarray, pedestals: np.ndarray | None, out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Return float32(raw) - pedestals, ADU, shape of raw; pedestals None counts as zero."""
    zero = np.float32(0)
    other = zero if pedestals is None else fitting(pedestals, raw, "pedestals")
    panels: NDArray[np.float32]
    panels = np.subtract(raw, other, out=out, dtype=np.float32, casting="same_kind")
    return panels


def gain_factor(gain_maps: NDArray[np.uint16], low: float = LOW_GAIN) -> NDArray[np.float32]:
    """Return the factor that brings pixels in low gain to the scale of high gain.

    Parameters
    ----------
    gain_maps : ndarray of uint16
        Shape (quads, 185, 194), from the configuration. Bit 2 * section + half of a word
        belongs to that ASIC; 1 = high gain.
    low : float
        Factor of a pixel in low gain.

    Returns
    -------
    ndarray of float32
        Shape (quads * 8, 185, 388), 1 or `low`.
    """
    bits = np.arange(16, dtype=np.uint16).reshape(1, 8, 1, 2, 1)
    high = (gain_maps[:, None, :, None, :] >> bits) & 1  # (quads, sections, rows, halves, cols)
    factor: NDArray[np.float32] = np.where(high, np.float32(1), np.float32(low))
    return factor.reshape(-1, gain_maps.shape[1], 2 * gain_maps.shape[2])


def bad_pixels(*statuses: np.ndarray | None) -> NDArray[np.bool_] | None:
    """Return True where any of the status arrays is not 0; None if all of them are None."""
    given = [status != 0 for status in statuses if status is not None]
    return np.logical_or.reduce(given) if given else None


def calibrate(
    raw: np.ndarray,
    pedestals: np.ndarray | None = None,
    parameters: CommonMode = OFF,
    *,
    bad: NDArray[np.bool_] | None = None,
    factor: np.ndarray | None = None,
    gain: np.ndarray | None = None,
    present: NDArray[np.bool_] | None = None,
    out: NDArray[np.float32] | None = None,
) -> Calibrated:
    """Return the panels after the whole chain.

    Parameters
    ----------
    raw : ndarray
        Shape (segments, rows, columns) or (rows, columns), ADU.
    pedestals : ndarray, optional
        ADU, subtracted; None counts as zero.
    parameters : CommonMode
        Common mode; pixels in `bad` do not vote, yet the correction applies to all pixels.
    bad : ndarray of bool, optional
        True = bad; these pixels become 0.
    factor : ndarray, optional
        From `gain_factor`, multiplied. psana applies it to the full CSPAD only.
    gain : ndarray, optional
        The constants 'pixel_gain', multiplied.
    present : ndarray of bool, optional
        Shape (segments,); absent segments stay 0 (psana turns them into minus the pedestals).
    out : ndarray of float32, optional
        Where to put the result, shape of raw.

    Returns
    -------
    Calibrated
        Panels in ADU of high gain, float32 throughout, and the common mode per segment.

    Raises
    ------
    ConstantsError
        If an array does not have as many values as raw.
    """
    panels = subtract_pedestals(raw, pedestals, out)
    offsets = common_mode(panels, parameters, bad, present)
    if not np.isnan(offsets).all():
        subtract_common_mode(panels, offsets, out=panels)
    for name, factors in (("gain factor", factor), ("pixel_gain", gain)):
        if factors is not None:
            np.multiply(panels, fitting(factors, raw, name), out=panels, casting="same_kind")
    if bad is not None:  # not a product with 0: nan would survive
        np.copyto(panels, np.float32(0), where=fitting(bad, raw, "bad pixels"))
    if present is not None and not present.all():
        stack_of(panels)[~present] = 0
    return Calibrated(panels, offsets)
