"""Gain modes of the detectors whose pixels choose their gain: Jungfrau and Epix10ka.

A pixel's count has 14 bits; the bits above them, for the Epix10ka also the configuration, say in
which mode it was read. Constants come once per mode. Bits and their meaning are psana's (package
Detector, UtilsJungfrau and UtilsEpix10ka).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

COUNT = 0x3FFF  # the count's bits
SHIFT = 14  # bits of a word below those of the gain

# Modes in the order of the constants. F fixed, A automatic; H M L high, medium, low gain.
JUNGFRAU_MODES = ("G0", "G1", "G2")
EPIX10KA_MODES = ("FH", "FM", "FL", "AHL-H", "AML-M", "AHL-L", "AML-L")
NO_MODE = 255  # neither constants nor gain are known of such a pixel

# Kinds of constants that have one array per mode
BY_MODE = (
    "pedestals",
    "pixel_status",
    "pixel_rms",
    "pixel_gain",
    "pixel_offset",
    "pixel_bkgd",
    "status_data",
    "status_extra",
)

JUNGFRAU_MODE = (0, 1, NO_MODE, 2)  # by the two bits above the count
# Epix10ka: mask and value of trbit << 4 | configuration bits 2, 3, and of data bit 14 << 5
_EPIX10KA_MODE = ((28, 28), (28, 12), (12, 8), (60, 16), (60, 0), (60, 48), (60, 32))
_EPIX10KA_STATUS = (0, 1, 2, 3, 4)  # psana's default: the low gains of the automatic modes aside
# quadrant of the panel, (upper or lower rows, left or right columns) -> ASIC
_EPIX10KA_ASICS = ((2, 1), (3, 0))


class Family(NamedTuple):
    """What differs between the detectors.

    Parameters
    ----------
    modes : tuple of str
        Names of the gain modes, in the order of the constants.
    status : tuple of int
        Modes whose status makes a pixel bad.
    banks : int
        Columns of banks in a panel, for the common mode.
    """

    modes: tuple[str, ...]
    status: tuple[int, ...]
    banks: int


_EPIX10KA = Family(EPIX10KA_MODES, _EPIX10KA_STATUS, 8)
FAMILIES = {
    "Jungfrau": Family(JUNGFRAU_MODES, (0, 1, 2), 16),
    "Epix10ka": _EPIX10KA,
    "Epix10kaQuad": _EPIX10KA,
    "Epix10ka2M": _EPIX10KA,
}


def constants_shape(device: str, kind: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of constants: that of the panels, gain modes in front where there are."""
    family = FAMILIES.get(device)
    return shape if family is None or kind not in BY_MODE else (len(family.modes), *shape)


def merged_bad(device: str, bad: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Return which pixels are bad in any mode that counts, (segments, rows, columns).

    Epix10ka: psana leaves out the low gains of the automatic modes.
    """
    family = FAMILIES.get(device)
    if family is None or bad is None:
        return bad
    return np.asarray(bad[list(family.status)].any(axis=0))


def jungfrau_modes(raw: Array) -> NDArray[np.uint8]:
    """Return the gain mode of each pixel: 0, 1, 2, or `NO_MODE` for bits that mean none.

    Parameters
    ----------
    raw : ndarray of uint16
        Words of the DAQ; bits 14 and 15 are 00, 01, 11 for modes 0, 1, 2.
    """
    return np.asarray(np.array(JUNGFRAU_MODE, np.uint8)[raw >> SHIFT])


def epix10ka_bits(pixels: Array, trbits: Array) -> NDArray[np.uint8]:
    """Return what the configuration says of each pixel's gain: trbit << 4 | bits 2 and 3.

    Parameters
    ----------
    pixels : ndarray of uint16
        asicPixelConfigArray of the panels, (segments, rows, columns).
    trbits : ndarray
        trbit of the ASICs, (segments, 4).
    """
    rows, cols = pixels.shape[1] // 2, pixels.shape[2] // 2
    asics = np.asarray(trbits, np.uint8)[:, np.array(_EPIX10KA_ASICS)] << 4
    blocks = np.repeat(np.repeat(asics, rows, axis=1), cols, axis=2)
    return np.asarray((pixels & 12).astype(np.uint8) | blocks)


def epix10ka_modes(bits: NDArray[np.uint8], raw: Array) -> NDArray[np.uint8]:
    """Return the gain mode of each pixel: its place in `EPIX10KA_MODES`, or `NO_MODE`.

    Parameters
    ----------
    bits : ndarray of uint8
        From `epix10ka_bits`.
    raw : ndarray of uint16
        Words of the DAQ, shape of bits; bit 14 is 1 in low gain.
    """
    return np.asarray(_mode_table()[bits | (raw >> SHIFT & 1).astype(np.uint8) << 5])


def _mode_table() -> NDArray[np.uint8]:
    """Return the mode of every value of the six bits."""
    values = np.arange(64)
    table = np.full(64, NO_MODE, np.uint8)
    for mode, (mask, value) in reversed(list(enumerate(_EPIX10KA_MODE))):
        table[values & mask == value] = mode
    return table
