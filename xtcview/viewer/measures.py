"""Exact numbers of the shown event: regions, cuts, profiles, one place over many events.

The page has the same from its picture at once; these replace them when the hand rests. All are
made of `Reader.exact`: the values shown, of full resolution, bad and absent pixels nan.
"""

from __future__ import annotations

import time
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from xtcview.analysis.radial import RadialBins, radial_bins, radial_profile
from xtcview.errors import AnalysisError
from xtcview.viewer.layout import Picture, arranged
from xtcview.viewer.placing import Placing, radius
from xtcview.viewer.reader import Reader
from xtcview.viewer.shot import Shot

Array = NDArray[Any]

_BINS: WeakKeyDictionary[Reader, tuple[Any, RadialBins]] = WeakKeyDictionary()  # the last of each
SLICE_S = 0.015  # what a part of a long answer may take: a wish waits no longer behind it


def good(reader: Reader, shot: Shot) -> Array:
    """Return the shown values, nan where a pixel is bad or absent: float32, det.shape."""
    values = reader.exact(shot)
    bad = reader.constants()[1]
    if bad is not None:
        values[bad] = np.nan
    return values


def region(picture: Picture, reader: Reader, box: tuple[int, int, int, int], shot: Shot) -> Array:
    """Return the values inside a box of a picture: float32 (rows, columns), nan in the gaps.

    Parameters
    ----------
    picture : Picture
        The geometry image or an arrangement of the raw panels.
    reader : Reader
    box : (int, int, int, int)
        First row and column, one past the last, display pixels.
    shot : Shot

    Raises
    ------
    AnalysisError
        A box that is outside, or empty.
    """
    top, left, bottom, right = box
    if not (0 <= top < bottom <= picture.rows and 0 <= left < right <= picture.cols):
        whole = f"rows 0 to {picture.rows}, columns 0 to {picture.cols}"
        raise AnalysisError(f"box {box}: expected a part of {whole}")
    values = good(reader, shot)
    whole_picture = reader.assembled(values) if picture.key == "image" else None
    drawn = arranged(values, picture.key) if whole_picture is None else whole_picture
    return drawn[top:bottom, left:right]


def statistics(values: Array) -> dict[str, float | int | None]:
    """Return number, sum, mean, standard deviation, least and greatest of what is not nan."""
    there = values[np.isfinite(values)].astype(np.float64)
    if not there.size:
        names = ("sum", "mean", "std", "min", "max")
        return {"n": 0} | dict.fromkeys(names, None)
    return {
        "n": int(there.size),
        "sum": float(there.sum()),
        "mean": float(there.mean()),
        "std": float(there.std()),
        "min": float(there.min()),
        "max": float(there.max()),
    }


def pixel(reader: Reader, place: tuple[int, int, int], shot: Shot) -> float:
    """Return the value shown of one pixel (segment, row, column); nan without one."""
    if shot.raw is None:
        return float("nan")
    return float(reader.exact(shot)[place])


def series(first: int, last: int, value: Any) -> tuple[list[int], Array]:
    """Return value(index) for as many events from `first` on as fit into a slice of time.

    Returns
    -------
    (list of int, ndarray of float32)
        Numbers of the events, at least one, and their values.
    """
    until, numbers, values = time.monotonic() + SLICE_S, [], []
    for index in range(first, last):
        numbers.append(index)
        values.append(value(index))
        if time.monotonic() >= until:
            break
    return numbers, np.array(values, np.float32)


def profile(
    reader: Reader, picture: Picture, placed: Placing, shot: Shot, rings: int
) -> tuple[Array, Array, Array]:
    """Return the mean over rings around the beam.

    Returns
    -------
    (centre, mean, pixels), each ndarray of float32 (rings,)
        Distance from the beam in display pixels; mean of the values shown, nan without pixels;
        number of good pixels.
    """
    key = (placed.beam, picture.tiles.tobytes(), rings)
    if _BINS.get(reader, (None, None))[0] != key:  # they take a second, a profile 20 ms
        _BINS[reader] = key, _bins(reader, picture, placed, rings)
    values = np.nan_to_num(reader.exact(shot))
    found = radial_profile(values, _BINS[reader][1], shot.present)
    return tuple(np.asarray(a, np.float32) for a in (found.center, found.mean, found.pixels))  # type: ignore[return-value]


def _bins(reader: Reader, picture: Picture, placed: Placing, rings: int) -> RadialBins:
    away = radius(placed, picture, reader.shape)
    known = np.isfinite(away)
    edges = np.linspace(0.0, float(away[known].max()) * (1 + 1e-9), rings + 1)
    constant = reader.constants()[1]
    bad = ~known if constant is None else ~known | constant
    return radial_bins(np.where(known, away, -1.0), edges, bad)
