"""Radial profiles: the mean intensity over rings around the beam, by r, two theta or q.

Made in two steps, as the first needs to be done once for a geometry and a mask::

    x, y, _ = geometry.pixel_coordinates(det.geometry(evt))
    q = scattering.q(scattering.two_theta(x, y, distance), energy)
    seen = scattering.polarization(x, y, distance) * scattering.solid_angle(x, y, distance)
    bins = radial.radial_bins(q, edges.even_edges(q, 0.005), det.bad(evt), seen)

    profile = radial.radial_profile(det.calib(evt), bins, det.present(evt))
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xtcview.analysis.binning import Binning, bin_sums, mean_of, of_present, prepare
from xtcview.analysis.edges import Counts, Floats, bin_numbers


class RadialBins(NamedTuple):
    """Rings and the pixels in each, made once for many events."""

    edges: Floats  # (rings + 1,), unit of the radius
    binning: Binning


class RadialProfile(NamedTuple):
    """Result of `radial_profile`, each of shape (rings,)."""

    center: Floats  # middle of the ring, unit of the radius
    mean: Floats  # total / response, unit of the panels; nan without pixels
    total: Floats  # sum over the pixels, unit of the panels
    response: Floats  # sum of the response of the pixels
    pixels: Counts  # how many there are


def radial_bins(
    radius: np.ndarray,
    edges: ArrayLike,
    bad: NDArray[np.bool_] | None = None,
    response: ArrayLike | None = None,
) -> RadialBins:
    """Return which pixel belongs to which ring.

    Parameters
    ----------
    radius : ndarray
        Shape of the panels: distance from the beam, two theta or q of each pixel.
    edges : array of float
        Shape (rings + 1,), increasing, such as `xtcview.analysis.edges.even_edges`. Pixels
        outside belong to no ring.
    bad : ndarray of bool, optional
        True = the pixel does not count.
    response : array of float, optional
        What a pixel shows of the same light relative to others, such as polarization times solid
        angle times area, above 0.

    Raises
    ------
    AnalysisError
        Edges that do not increase, a response that is not above 0.
    ConstantsError
        Arrays of different sizes.
    """
    limits = np.asarray(edges, np.float64)
    numbers = bin_numbers(radius, limits)
    return RadialBins(limits, prepare(numbers, limits.size - 1, bad, response))


def radial_profile(
    panels: np.ndarray, bins: RadialBins, present: NDArray[np.bool_] | None = None
) -> RadialProfile:
    """Return the mean over each ring.

    Parameters
    ----------
    panels : ndarray
        Shape (segments, rows, columns) or (rows, columns). A nan in a good pixel makes its ring
        nan.
    bins : RadialBins
        From `radial_bins`.
    present : ndarray of bool, optional
        Shape (segments,); segments that the event lacks do not count.

    Returns
    -------
    RadialProfile
        The mean is sum(I) / sum(response), not the mean of I / response: pixels that see little
        light do not bring in their noise enlarged. pyFAI divides the same way.
    """
    total = bin_sums(panels, bins.binning, present)
    response, pixels = of_present(bins.binning, present)
    center = (bins.edges[:-1] + bins.edges[1:]) / 2
    return RadialProfile(center, mean_of(total, response, pixels), total, response, pixels)
