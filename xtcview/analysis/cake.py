"""Cakes: the mean intensity by ring and by direction around the beam."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xtcview.analysis.binning import Binning, bin_sums, mean_of, of_present, prepare
from xtcview.analysis.edges import Counts, Floats, bin_numbers

# Full turn in sectors of 10 degrees, for azimuths of `xtcview.analysis.scattering.azimuth`
SECTORS = np.linspace(-180.0, 180.0, 37)


class CakeBins(NamedTuple):
    """Rings, sectors and the pixels in each, made once for many events."""

    radial_edges: Floats  # (rings + 1,), unit of the radius
    azimuth_edges: Floats  # (sectors + 1,), degrees
    binning: Binning


class Cake(NamedTuple):
    """Result of `cake`, each of shape (rings, sectors)."""

    mean: Floats  # total / response, unit of the panels; nan without pixels
    total: Floats  # sum over the pixels, unit of the panels
    response: Floats  # sum of the response of the pixels
    pixels: Counts  # how many there are


def cake_bins(
    radius: np.ndarray,
    azimuth: np.ndarray,
    radial_edges: ArrayLike,
    azimuth_edges: ArrayLike = SECTORS,
    bad: NDArray[np.bool_] | None = None,
    response: ArrayLike | None = None,
) -> CakeBins:
    """Return which pixel belongs to which ring and sector.

    Parameters
    ----------
    radius, azimuth : ndarray
        Shape of the panels: radius, two theta or q, and direction in degrees.
    radial_edges, azimuth_edges : array of float
        Increasing; pixels outside belong to no bin.
    bad, response : optional
        As for `xtcview.analysis.radial.radial_bins`.

    Raises
    ------
    AnalysisError
        Edges that do not increase, a response that is not above 0.
    ConstantsError
        Arrays of different sizes.
    """
    rings, sectors = np.asarray(radial_edges, np.float64), np.asarray(azimuth_edges, np.float64)
    ring, sector = bin_numbers(radius, rings), bin_numbers(azimuth, sectors)
    across = sectors.size - 1
    numbers = np.where((ring >= 0) & (sector >= 0), ring * across + sector, -1)
    return CakeBins(rings, sectors, prepare(numbers, (rings.size - 1) * across, bad, response))


def cake(panels: np.ndarray, bins: CakeBins, present: NDArray[np.bool_] | None = None) -> Cake:
    """Return the mean over each ring and sector.

    Parameters
    ----------
    panels : ndarray
        Shape (segments, rows, columns) or (rows, columns). A nan in a good pixel makes its bin nan.
    bins : CakeBins
        From `cake_bins`.
    present : ndarray of bool, optional
        Shape (segments,); segments that the event lacks do not count.

    Returns
    -------
    Cake
        Means are sum(I) / sum(response), as in `xtcview.analysis.radial.radial_profile`.
    """
    total = bin_sums(panels, bins.binning, present)
    response, pixels = of_present(bins.binning, present)
    shape = len(bins.radial_edges) - 1, len(bins.azimuth_edges) - 1
    return Cake(
        mean_of(total, response, pixels).reshape(shape),
        total.reshape(shape),
        response.reshape(shape),
        pixels.reshape(shape),
    )
