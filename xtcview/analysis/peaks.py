"""Bragg peaks: pixels that stand out from the ring around them, segment by segment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.common_mode import fitting, flags, stack_of
from xtcview.errors import AnalysisError

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

PEAK = np.dtype(
    [
        ("segment", "i4"),
        ("row", "i4"),  # of the highest pixel
        ("col", "i4"),
        ("pixels", "i4"),  # connected to it and above the threshold
        ("highest", "f8"),  # highest pixel minus background, unit of the panels
        ("total", "f8"),  # sum of the pixels minus background
        ("background", "f8"),  # mean of the ring
        ("noise", "f8"),  # standard deviation of the ring
        ("snr", "f8"),  # total / (noise * sqrt(pixels)); inf where the ring has no noise
        ("row_center", "f8"),  # centre of mass, rows and columns of the segment
        ("col_center", "f8"),
    ]
)

CHUNK = 1 << 14  # candidates looked at together


@dataclass(frozen=True)
class PeakRules:
    """What makes a peak; the defaults are psana's for its adaptive finder.

    Attributes
    ----------
    rank : int
        The highest pixel is so in a window of (2 rank + 1)^2 pixels, which holds the peak.
    inner, width : float
        Ring of the background: inner <= distance <= inner + width, pixels.
    nsigma : float
        A pixel belongs to the peak from background + nsigma * noise on.
    least, most : int
        Number of pixels of a peak.
    snr : float
        Least signal to noise.
    floor : float
        Least value of the highest pixel, unit of the panels. Dark frames go faster with one.
    """

    rank: int = 5
    inner: float = 7.0
    width: float = 2.0
    nsigma: float = 5.0
    least: int = 1
    most: int = 10_000
    snr: float = 8.0
    floor: float = -np.inf


def find_peaks(
    panels: np.ndarray,
    bad: NDArray[np.bool_] | None = None,
    present: NDArray[np.bool_] | None = None,
    rules: PeakRules | None = None,
) -> np.ndarray:
    """Return the peaks of an event.

    Parameters
    ----------
    panels : ndarray
        Shape (segments, rows, columns) or (rows, columns).
    bad : ndarray of bool, optional
        True = the pixel takes no part, as do those that are nan. Mask the edges and the wide
        columns of a CSPAD, which differ from their neighbours.
    present : ndarray of bool, optional
        Shape (segments,); the others are skipped.
    rules : PeakRules, optional
        The defaults where not given.

    Returns
    -------
    ndarray of PEAK
        Shape (peaks,), by segment, row and column. Peaks nearer to each other than the window is
        wide may share pixels.

    Raises
    ------
    AnalysisError
        Rules that no peak can meet.
    ConstantsError
        Arrays of different sizes.

    Notes
    -----
    The steps are those of psana's peak_finder_v3r3: local maxima, background and noise of a ring,
    pixels connected by their sides. Unlike there the ring keeps its local extremes, and where two
    equal pixels are the highest the first one counts.
    """
    chosen = PeakRules() if rules is None else rules
    _check(chosen)
    stack = stack_of(panels)
    excluded = None if bad is None else stack_of(flags(bad, panels, "bad pixels"))
    every = np.ones(len(stack), np.bool_)
    held = every if present is None else fitting(present, every, "present segments")
    found = []
    for number, values in enumerate(stack):
        if held[number]:
            light = values.astype(np.float32)
            light[np.isnan(light)] = -np.inf
            if excluded is not None:
                light[excluded[number]] = -np.inf
            found += _of_segment(light, number, chosen)
    return np.concatenate(found) if found else np.empty(0, PEAK)


def local_maxima(light: Floats, rank: int) -> NDArray[np.bool_]:
    """Return True where no pixel within `rank` rows and columns is larger; -inf takes no part."""
    largest = light
    for axis in (0, 1):
        sides = [(rank, rank) if a == axis else (0, 0) for a in (0, 1)]
        largest = _running(np.pad(largest, sides, constant_values=-np.inf), 2 * rank + 1, axis)
    highest: NDArray[np.bool_] = (light == largest) & (light > -np.inf)
    return highest


def _running(padded: Floats, window: int, axis: int) -> Floats:
    """Return the maximum of each window along an axis, windows doubled until they are wide."""
    found, reach = np.moveaxis(padded, axis, 0), 1
    while reach < window:
        step = min(reach, window - reach)
        found = np.maximum(found[:-step], found[step:])
        reach += step
    return np.moveaxis(found, 0, axis)


def _of_segment(light: Floats, segment: int, rules: PeakRules) -> list[np.ndarray]:
    rows, cols = np.nonzero(local_maxima(light, rules.rank) & (light >= rules.floor))
    margin = max(rules.rank, int(rules.inner + rules.width))
    padded = np.pad(light, margin, constant_values=-np.inf)
    cuts = range(0, rows.size, CHUNK)
    parts = [(rows[at : at + CHUNK], cols[at : at + CHUNK]) for at in cuts]
    return [_measured(padded, margin, segment, *part, rules) for part in parts]


def _measured(
    padded: Floats, margin: int, segment: int, rows: Places, cols: Places, rules: PeakRules
) -> np.ndarray:
    """Return those of the candidates that are peaks."""
    start = (rows + margin) * padded.shape[1] + cols + margin
    background, noise = _ring(padded, start, rules)
    threshold = background + rules.nsigma * noise
    stands_out = padded.reshape(-1)[start] >= threshold  # False where the ring is unknown
    rows, cols, start = rows[stands_out], cols[stands_out], start[stands_out]
    background, noise, threshold = (a[stands_out] for a in (background, noise, threshold))
    side = np.arange(-rules.rank, rules.rank + 1)
    steps = side[:, None] * padded.shape[1] + side
    window = padded.reshape(-1)[start[:, None, None] + steps].astype(np.float64)
    member = _connected((window >= threshold[:, None, None]) & (window > -np.inf))
    above = np.where(member, window - background[:, None, None], 0.0)
    peaks = np.zeros(rows.size, PEAK)
    peaks["segment"], peaks["row"], peaks["col"] = segment, rows, cols
    peaks["background"], peaks["noise"] = background, noise
    peaks["pixels"] = member.sum(axis=(1, 2))
    peaks["highest"], peaks["total"] = above[:, rules.rank, rules.rank], above.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        peaks["snr"] = peaks["total"] / (noise * np.sqrt(peaks["pixels"]))
        peaks["row_center"] = rows + (above.sum(axis=2) @ side) / peaks["total"]
        peaks["col_center"] = cols + (above.sum(axis=1) @ side) / peaks["total"]
    size = (peaks["pixels"] >= rules.least) & (peaks["pixels"] <= rules.most)
    return peaks[size & (peaks["snr"] >= rules.snr) & _is_first(window)]


def _ring(padded: Floats, start: Places, rules: PeakRules) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the ring around each place, nan without pixels."""
    reach = int(rules.inner + rules.width)
    side = np.arange(-reach, reach + 1)
    distance = np.hypot(side[:, None], side)
    row, col = np.nonzero((distance >= rules.inner) & (distance <= rules.inner + rules.width))
    steps = side[row] * padded.shape[1] + side[col]
    values = padded.reshape(-1)[start[:, None] + steps].astype(np.float64)
    known = values > -np.inf
    values[~known] = 0.0
    number = known.sum(axis=1)
    with np.errstate(invalid="ignore"):  # 0 / 0 is nan: unknown
        mean = values.sum(axis=1) / number
        away = np.where(known, values - mean[:, None], 0.0)
        return mean, np.sqrt(np.square(away).sum(axis=1) / number)


def _connected(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the part of each window (n, side, side) that hangs together with its centre."""
    middle = inside.shape[1] // 2
    found = np.zeros_like(inside)
    found[:, middle, middle] = inside[:, middle, middle]
    while True:
        wider = found.copy()
        wider[:, 1:] |= found[:, :-1]
        wider[:, :-1] |= found[:, 1:]
        wider[:, :, 1:] |= found[:, :, :-1]
        wider[:, :, :-1] |= found[:, :, 1:]
        wider &= inside
        if (wider == found).all():
            return found
        found = wider


def _is_first(window: np.ndarray) -> NDArray[np.bool_]:
    """Tell whether the centre is the first of the equal highest pixels in its window."""
    pixels = window.shape[1] * window.shape[2]
    flat, middle = window.reshape(-1, pixels), pixels // 2
    return np.asarray(~(flat[:, :middle] == flat[:, middle, None]).any(axis=1))


def _check(rules: PeakRules) -> None:
    if rules.rank < 1 or rules.least > rules.most or rules.inner < 0 or rules.width < 0:
        raise AnalysisError(
            f"{rules}: expected a rank of 1 or more, a ring of inner radius and width not below "
            "0, and least <= most"
        )
