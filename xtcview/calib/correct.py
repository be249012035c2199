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
    Shifts,
    check_segments,
    common_mode,
    common_mode_parameters,
    fitting,
    no_shifts,
    segment_shift,
    stack_of,
    subtract_common_mode,
    subtract_shift,
)
from xtcview.calib.regions import subtract_regions
from xtcview.calib.sharing import each

__all__ = [
    "LOW_GAIN",
    "OFF",
    "STEPS",
    "BadPixels",
    "Calibrated",
    "CommonMode",
    "Shifts",
    "bad_pixels",
    "calibrate",
    "common_mode",
    "common_mode_parameters",
    "gain_factor",
    "ready",
    "subtract_common_mode",
    "subtract_pedestals",
]

LOW_GAIN = 6.85  # psana's factor: a pixel in low gain is that much less sensitive


# The chain, in psana's order; a detector can be asked for some of it
STEPS = ("pedestals", "common_mode", "gain_map", "pixel_gain", "mask")


class BadPixels(NamedTuple):
    """Bad pixels, made ready for many events.

    Parameters
    ----------
    pixels : ndarray of bool
        (segments, rows, columns), True = bad.
    positions : tuple of ndarray of intp
        Their flat positions in each segment.
    """

    pixels: NDArray[np.bool_]
    positions: tuple[NDArray[np.intp], ...]


class Calibrated(NamedTuple):
    """Result of `calibrate`."""

    panels: NDArray[np.float32]  # ADU, shape of the raw panels
    common_mode: tuple[Shifts, ...]  # what was found, per kind of region; empty when it is off

    @property
    def offsets(self) -> NDArray[np.float64]:
        """ADU subtracted from each segment (algorithms 1 and 5), nan where nothing was."""
        first = self.common_mode[:1]
        if first and first[0].regions == "segment":
            return first[0].offsets
        return np.full(len(stack_of(self.panels)), np.nan)


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


def ready(bad: NDArray[np.bool_] | BadPixels | None) -> BadPixels | None:
    """Return bad pixels with their positions, to be found once and used for many events."""
    if bad is None or isinstance(bad, BadPixels):
        return bad
    return BadPixels(bad, tuple(np.flatnonzero(segment) for segment in stack_of(bad)))


def calibrate(
    raw: np.ndarray,
    pedestals: np.ndarray | None = None,
    parameters: CommonMode = OFF,
    *,
    bad: NDArray[np.bool_] | BadPixels | None = None,
    factor: np.ndarray | None = None,
    gain: np.ndarray | None = None,
    present: NDArray[np.bool_] | None = None,
    rms: np.ndarray | None = None,
    mask: NDArray[np.uint8] | None = None,
    interleaved: bool = False,
    out: NDArray[np.float32] | None = None,
) -> Calibrated:
    """Return the panels after the whole chain; a step without its argument is left out.

    Parameters
    ----------
    raw : ndarray
        Shape (segments, rows, columns) or (rows, columns), ADU.
    pedestals : ndarray, optional
        ADU, subtracted; None counts as zero.
    parameters : CommonMode
        Common mode; pixels in `bad` do not vote, yet the correction applies to all pixels.
    bad : ndarray of bool or BadPixels, optional
        True = bad; these pixels become 0, unless a mask is given.
    factor : ndarray, optional
        From `gain_factor`, multiplied. psana applies it to the full CSPAD only.
    gain : ndarray, optional
        The constants 'pixel_gain', multiplied.
    present : ndarray of bool, optional
        Shape (segments,); absent segments stay 0 (psana turns them into minus the pedestals) and
        have no common mode.
    rms : ndarray, optional
        Noise in ADU, for algorithm 6.
    mask : ndarray of uint8, optional
        1 = good; where it is 0 pixels become 0, instead of those in `bad`.
    interleaved : bool
        See `xtcview.calib.regions.subtract_regions`.
    out : ndarray of float32, optional
        Where to put the result, shape of raw.

    Returns
    -------
    Calibrated
        Panels in ADU of high gain, float32 throughout, and what the common mode was.

    Raises
    ------
    ConstantsError
        If an array does not have as many values as raw, or the algorithm is not made for it.
    """
    panels: NDArray[np.float32] = np.empty(raw.shape, np.float32) if out is None else out
    known = ready(bad)
    whole = fitting(known.pixels, raw, "bad pixels") if known else None
    chain = _Chain(
        stack_of(raw),
        stack_of(panels),
        _stack("pedestals", pedestals, raw),
        tuple(_stack(n, a, raw) for n, a in (("gain factor", factor), ("pixel_gain", gain))),
        known.positions if known else None,
        None if mask is None else stack_of(fitting(mask, raw, "mask")) == 0,
    )
    there = np.arange(len(chain.raw)) if present is None else np.flatnonzero(present)
    if parameters.algorithm in (0, 1, 5):
        shifts = [_by_segment(chain, parameters, there)]
    else:
        each(chain.subtract, there)
        votes = _without_absent(whole, panels, there)
        shifts = subtract_regions(panels, parameters, votes, rms, interleaved)
        each(chain.scale, there)
    chain.panels[np.setdiff1d(np.arange(len(chain.raw)), there)] = 0
    return Calibrated(panels, tuple(shifts) if parameters.algorithm else ())


def _by_segment(chain: _Chain, parameters: CommonMode, there: NDArray[np.intp]) -> Shifts:
    """Do all steps of a segment while it is in the processor's cache."""
    shifts = no_shifts(len(chain.raw))
    check_segments(chain.raw, parameters)

    def whole_chain(number: int) -> None:
        chain.subtract(number)
        panel = chain.panels[number]
        bad = None if chain.bad is None else chain.bad[number]
        found, applied = segment_shift(panel, parameters, bad)
        if applied:
            subtract_shift(panel, found)
        shifts.found[number], shifts.applied[number] = found, applied
        chain.scale(number)

    each(whole_chain, there)
    return shifts


class _Chain(NamedTuple):
    """One event and the constants for it, all by segment."""

    raw: np.ndarray
    panels: NDArray[np.float32]
    pedestals: np.ndarray | None
    factors: tuple[np.ndarray | None, ...]
    bad: tuple[NDArray[np.intp], ...] | None
    hidden: NDArray[np.bool_] | None

    def subtract(self, number: int) -> None:
        panel = self.panels[number]
        np.copyto(panel, self.raw[number], casting="same_kind")
        if self.pedestals is not None:
            np.subtract(panel, self.pedestals[number], out=panel, casting="same_kind")

    def scale(self, number: int) -> None:
        panel = self.panels[number]
        for factor in self.factors:
            if factor is not None:
                np.multiply(panel, factor[number], out=panel, casting="same_kind")
        if self.hidden is not None:
            panel[self.hidden[number]] = 0
        elif self.bad is not None:  # not a product with 0: nan would survive
            panel.reshape(-1)[self.bad[number]] = 0


def _stack(name: str, constants: np.ndarray | None, raw: np.ndarray) -> np.ndarray | None:
    return None if constants is None else stack_of(fitting(constants, raw, name))


def _without_absent(
    bad: NDArray[np.bool_] | None, panels: NDArray[np.float32], there: NDArray[np.intp]
) -> NDArray[np.bool_] | None:
    """Return which pixels do not vote: bad ones, and all of absent segments."""
    stack = stack_of(panels)
    if len(there) == len(stack):
        return bad
    votes = np.ones(stack.shape, np.bool_)
    votes[there] = False if bad is None else stack_of(bad)[there]
    stack[np.setdiff1d(np.arange(len(stack)), there)] = 0
    return votes.reshape(panels.shape)
