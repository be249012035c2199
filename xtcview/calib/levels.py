"""Calibration of the detectors whose pixels choose their gain: Jungfrau and Epix10ka.

Order and formulas are psana's (package Detector, UtilsJungfrau and UtilsEpix10ka): count less
pedestal and offset of the pixel's gain mode, common mode of the pixels in high gain, times
1 / gain, 0 where bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.common_mode import fitting
from xtcview.calib.gains import (
    COUNT,
    JUNGFRAU_MODE,
    NO_MODE,
    SHIFT,
    epix10ka_modes,
)
from xtcview.calib.medians import Medians, subtract_bank_medians
from xtcview.errors import ConstantsError

Array = NDArray[Any]
_EPIX10KA_VOTING = (0, 1, 3, 4)  # modes of high and medium gain


class Level(NamedTuple):
    """Constants of the pixels whose data have the same gain bits.

    Parameters
    ----------
    pedestal, factor : ndarray of float32
        Shape of the panels: ADU to subtract, and 1 / gain.
    votes : ndarray of bool
        These pixels make the common mode when they are read with these bits.
    """

    pedestal: NDArray[np.float32]
    factor: NDArray[np.float32]
    votes: NDArray[np.bool_]


def jungfrau_levels(
    pedestals: Array | None, gain: Array | None, offset: Array | None, shape: tuple[int, ...]
) -> list[Level]:
    """Return the constants for each value of the two gain bits, 0 to 3.

    Parameters
    ----------
    pedestals, gain, offset : ndarray of float32, optional
        (3, segments, rows, columns): ADU, ADU per unit of the result, ADU.
    shape : tuple of int
        Of the panels.
    """
    found = []
    for bits, mode in enumerate(JUNGFRAU_MODE):
        level = _nothing(shape, votes=bits == 0)
        if mode != NO_MODE and pedestals is not None:
            both = pedestals[mode] if offset is None else pedestals[mode] + offset[mode]
            level = level._replace(pedestal=both)
        if mode != NO_MODE and gain is not None:
            level = level._replace(factor=_inverse(gain[mode]))
        found.append(level)
    return found


def epix10ka_levels(
    bits: NDArray[np.uint8], pedestals: Array | None, gain: Array | None
) -> list[Level]:
    """Return the constants for both values of data bit 14.

    Parameters
    ----------
    bits : ndarray of uint8
        From `epix10ka_bits`.
    pedestals, gain : ndarray of float32, optional
        (7, segments, rows, columns): ADU, ADU per unit of the result.
    """
    found = []
    for bit in (0, 1):
        modes = epix10ka_modes(bits, np.full(bits.shape, bit << SHIFT, np.uint16))
        level = _nothing(bits.shape)._replace(votes=np.isin(modes, _EPIX10KA_VOTING))
        if pedestals is not None:
            level = level._replace(pedestal=_chosen(modes, pedestals, 0))
        if gain is not None:
            level = level._replace(factor=_chosen(modes, [_inverse(g) for g in gain], 1))
        found.append(level)
    return found


def _nothing(shape: tuple[int, ...], votes: bool = False) -> Level:
    """Return what stands for constants that there are not: 0 and 1, as in psana; no memory."""
    parts = np.float32(0), np.float32(1), np.bool_(votes)
    return Level(*(np.broadcast_to(part, shape) for part in parts))


def _chosen(modes: NDArray[np.uint8], constants: Iterable[Array], other: int) -> Array:
    """Choose each pixel's constant by its mode."""
    found = np.full(modes.shape, other, np.float32)
    for mode, values in enumerate(constants):
        np.copyto(found, values, where=modes == mode)
    return found


def _inverse(gain: Array) -> Array:
    """Return 1 / gain, 0 where the gain is 0."""
    zeros = np.zeros(gain.shape, np.float32)
    return np.asarray(np.divide(np.float32(1), gain, out=zeros, where=gain != 0))


class Levels:
    """Constants of one detector by gain bits, kept while its run and configuration stay."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._levels: list[Level] = []

    def of(
        self,
        key: tuple[Any, ...],
        bits: Callable[[], NDArray[np.uint8] | None],
        load: Callable[[str], Array | None],
        shape: tuple[int, ...],
    ) -> list[Level]:
        """Return the levels for a run and configuration.

        Parameters
        ----------
        key : tuple
            What they depend on: run number and configuration record.
        bits : callable
            From `gains.epix10ka_bits`; None for a Jungfrau.
        load : callable
            Constants of a kind, gain modes in front; None when none are deployed.
        shape : tuple of int
            Of the panels.
        """
        if key != self._key:
            found = bits()
            pedestals, gain = load("pedestals"), load("pixel_gain")
            if found is None:
                self._levels = jungfrau_levels(pedestals, gain, load("pixel_offset"), shape)
            else:
                self._levels = epix10ka_levels(found, pedestals, gain)
            self._key = key
        return self._levels


def calibrate(
    raw: Array,
    levels: list[Level],
    parameters: Medians,
    banks: int,
    bad: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Return the panels after the whole chain.

    Parameters
    ----------
    raw : ndarray of uint16
        (segments, rows, columns), words of the DAQ.
    levels : list of Level
        By the value of the gain bits; two of them: only bit 14 counts.
    parameters : Medians
        Common mode; pixels in `bad` and those in low gain neither vote nor are corrected.
    banks : int
        See `subtract_bank_medians`.
    bad : ndarray of bool, optional
        True = bad; these pixels become 0.

    Returns
    -------
    ndarray of float32
        Shape of raw, in units of 1 / gain (keV for gains in ADU per keV); ADU without gains.
    """
    if levels[0].pedestal.shape != raw.shape:
        raise ConstantsError(
            f"constants of shape {levels[0].pedestal.shape} for panels of shape {raw.shape}; are "
            "they of another detector?"
        )
    mask = None if bad is None else fitting(bad, raw, "bad pixels")
    panels = np.empty(raw.shape, np.float32)
    for i, words in enumerate(raw):  # one by one: a panel stays in the cache
        own = [Level(*(part[i] for part in level)) for level in levels]
        _calibrate_panel(
            words, own, parameters, banks, None if mask is None else mask[i], panels[i]
        )
    return panels


def _calibrate_panel(
    words: Array,
    levels: list[Level],
    parameters: Medians,
    banks: int,
    bad: NDArray[np.bool_] | None,
    out: NDArray[np.float32],
) -> None:
    """Apply the chain to one panel, (rows, columns)."""
    base, flat, values = levels[0], words.reshape(-1), out.reshape(-1)
    np.subtract(words & COUNT, base.pedestal, out=out)
    switched = _switched(flat, levels)
    for level, there in switched:
        values[there] = (flat[there] & COUNT) - level.pedestal.reshape(-1)[there]
    if parameters.steps:
        votes = _votes(base, switched, bad)
        subtract_bank_medians(out[None], votes[None], parameters, banks)
    kept = [values[there] for _, there in switched]
    np.multiply(out, base.factor, out=out)
    for (level, there), before in zip(switched, kept, strict=True):
        values[there] = before * level.factor.reshape(-1)[there]
    if bad is not None:
        np.copyto(out, np.float32(0), where=bad)


def _switched(flat: Array, levels: list[Level]) -> list[tuple[Level, NDArray[np.intp]]]:
    """Return which pixels have other gain bits than 0, by level; levels without are left out."""
    there = np.flatnonzero((flat & (len(levels) - 1 << SHIFT)) != 0)
    bits = flat[there] >> SHIFT & (len(levels) - 1)
    found = ((level, there[bits == i]) for i, level in enumerate(levels) if i)
    return [(level, places) for level, places in found if places.size]


def _votes(
    base: Level, switched: list[tuple[Level, NDArray[np.intp]]], bad: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Return which pixels take part in the common mode."""
    votes = base.votes.copy() if bad is None else base.votes & ~bad
    flat = votes.reshape(-1)
    for level, there in switched:
        good = True if bad is None else ~bad.reshape(-1)[there]
        flat[there] = level.votes.reshape(-1)[there] & good
    return votes
