"""From ADU to photons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.common_mode import flags, stack_of
from xtcview.errors import AnalysisError

Floats = NDArray[np.float32]
Photons = NDArray[np.int32]

_PAD = 2  # cells around each segment, so that neighbours of neighbours exist

# psana pairs the inner pixels first, then the sides, then the corners; rows: inner, first, last row
_TURN = np.array([[0, 1, 2], [3, 7, 8], [4, 5, 6]])  # columns: inner, first, last column


def photon_counts(
    panels: np.ndarray,
    adu_per_photon: float,
    fraction: float = 0.5,
    bad: NDArray[np.bool_] | None = None,
) -> Photons:
    """Return the number of photons in each pixel, rounded by itself.

    Parameters
    ----------
    panels : ndarray
        ADU without pedestals; any shape.
    adu_per_photon : float
        ADU of one photon, above 0.
    fraction : float
        A pixel has n photons from n - 1 + fraction on: 0.5 rounds, 0.9 holds back what a
        neighbour's photon left.
    bad : ndarray of bool, optional
        True = the pixel gets 0.

    Returns
    -------
    ndarray of int32
        Shape of the panels, 0 where ADU are negative.

    Raises
    ------
    AnalysisError
        A good pixel that is nan or too large, parameters out of range.
    ConstantsError
        Arrays of different sizes.
    """
    _check_fraction(fraction, "fraction")
    light = _in_photons(panels, adu_per_photon, bad)
    light += np.float32(1 - fraction)
    return light.astype(np.int32)  # cuts, which is floor, as nothing is negative


def merged_photons(
    panels: np.ndarray,
    adu_per_photon: float,
    total: float = 0.9,
    largest: float = 0.5,
    bad: NDArray[np.bool_] | None = None,
) -> Photons:
    """Return the number of photons in each pixel, those that two pixels share put together.

    Parameters
    ----------
    panels : ndarray
        Shape (segments, rows, columns) or (rows, columns): ADU without pedestals.
    adu_per_photon : float
        ADU of one photon, above 0.
    total : float
        Two fractions together make a photon from this on (psana's thr_fraction).
    largest : float
        The larger of them must have at least this.
    bad : ndarray of bool, optional
        True = the pixel gets 0 and shares with nobody.

    Returns
    -------
    ndarray of int32
        Shape of the panels.

    Raises
    ------
    AnalysisError
        A good pixel that is nan or too large, parameters out of range.
    ConstantsError
        Arrays of different sizes.

    Notes
    -----
    The rule of psana's ``det.photons``, in float32 as there. Each pixel has its whole photons. Of
    what is left, a pixel not below its four neighbours is joined with the largest of them that no
    other pair has taken, and gets one more photon if both make `total`. Pairs are made in psana's
    order. Of equal neighbours the first one counts as the larger; psana's answer then depends on
    where a scan stands.
    """
    _check_fraction(total, "total")
    _check_fraction(largest, "largest")
    light = _in_photons(panels, adu_per_photon, bad)
    whole = light.astype(np.int32)
    light -= whole
    for rest, photons in zip(stack_of(light), stack_of(whole), strict=True):
        photons[_shared(rest, np.float32(total), np.float32(largest))] += 1
    return whole


def _in_photons(panels: np.ndarray, adu_per_photon: float, bad: NDArray[np.bool_] | None) -> Floats:
    """Return panels / adu_per_photon, 0 where negative or bad."""
    if not adu_per_photon > 0:
        raise AnalysisError(f"ADU per photon: expected a number above 0, found {adu_per_photon}")
    light: Floats = panels.astype(np.float32)
    light *= np.float32(1 / adu_per_photon)
    if bad is not None:
        light[flags(bad, panels, "bad pixels")] = 0
    limit = np.iinfo(np.int32).max // 2
    known = light < limit
    if not known.all():
        raise AnalysisError(
            f"{np.count_nonzero(~known)} pixels are nan or above {limit} photons; declare them bad"
        )
    np.maximum(light, np.float32(0), out=light)
    return light


def _check_fraction(value: float, name: str) -> None:
    if not 0 < value <= 1:
        raise AnalysisError(f"{name}: expected a part of a photon, above 0 and up to 1: {value}")


def _shared(
    rest: Floats, total: np.float32, largest: np.float32
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the pixels of a segment that get one photon more.

    Parameters
    ----------
    rest : ndarray of float32
        Shape (rows, columns): fractions of photons.

    Notes
    -----
    Pairs compete for pixels between them, and the earlier one wins. So each round settles all
    candidates that have no earlier one near, at once, and leaves the others for the next round.
    """
    padded = np.pad(rest, _PAD)  # nothing is left beyond the margin
    width, values = padded.shape[1], padded.reshape(-1)
    cross = np.array([1, -1, width, -width])  # of equal ones psana takes the right, left, lower
    near = np.array([2, -2, 2 * width, -2 * width, width + 1, width - 1, 1 - width, -1 - width])
    waiting = _candidates(padded, largest)
    turn = np.full(values.size, waiting.size, np.intp)
    turn[waiting] = np.arange(waiting.size)
    found = []
    while waiting.size:
        first = (turn[waiting, None] < turn[waiting[:, None] + near]).all(axis=1)
        now = waiting[first]
        partners = now[:, None] + cross
        shares = values[partners]
        enough = values[now] + shares.max(axis=1) >= total
        values[partners[enough, shares[enough].argmax(axis=1)]] = 0  # taken
        found.append(now[enough])
        turn[now] = turn.size
        waiting = waiting[~first]
    rows, cols = np.divmod(np.concatenate([np.empty(0, np.intp), *found]), width)
    return rows - _PAD, cols - _PAD


def _candidates(padded: Floats, largest: np.float32) -> NDArray[np.intp]:
    """Return the flat positions of pixels not below their neighbours, in psana's order."""
    rows, cols = (size - 2 * _PAD for size in padded.shape)

    def beside(row: int, col: int) -> Floats:
        return padded[_PAD + row : _PAD + row + rows, _PAD + col : _PAD + col + cols]

    inner = beside(0, 0)
    top = (inner >= largest) & (inner > beside(-1, 0)) & (inner > beside(0, -1))
    top &= (inner >= beside(1, 0)) & (inner >= beside(0, 1))
    row, col = np.nonzero(top)
    order = np.lexsort((col, row, _TURN[_side(row, rows), _side(col, cols)]))
    places: NDArray[np.intp] = (row[order] + _PAD) * padded.shape[1] + col[order] + _PAD
    return places


def _side(place: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Return 0 inside, 1 at the first place, 2 at the last."""
    return np.where(place == 0, 1, np.where(place == size - 1, 2, 0))
