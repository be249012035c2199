"""Scattering angles of pixels, momentum transfer, and what dims a flat detector.

x and y are pixel positions relative to the beam, um, from `xtcview.calib.geometry`; distance is
that from the sample to the detector along the beam, in the same unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xtcview.calib.scattering import HC, q, resolution, wavelength
from xtcview.errors import AnalysisError

__all__ = [
    "HC",
    "azimuth",
    "polarization",
    "q",
    "resolution",
    "solid_angle",
    "two_theta",
    "wavelength",
]

Floats = NDArray[np.float64]


def two_theta(x: ArrayLike, y: ArrayLike, distance: ArrayLike) -> Floats:
    """Return the angle between the beam and the scattered ray.

    Parameters
    ----------
    x, y : array of float
        Positions relative to the beam, um.
    distance : float or array
        From the sample along the beam, um, above 0; an array where pixels differ in it.

    Returns
    -------
    ndarray of float64
        Radians, arctan(r / distance); the shape to which the arguments broadcast.

    Raises
    ------
    AnalysisError
        A distance of 0 or below.
    """
    return np.arctan2(np.hypot(x, y), _distance(distance))


def azimuth(x: ArrayLike, y: ArrayLike) -> Floats:
    """Return the direction around the beam, degrees from the x axis towards y, -180 to 180."""
    return np.degrees(np.arctan2(y, x))


def polarization(
    x: ArrayLike, y: ArrayLike, distance: ArrayLike, factor: float = 1.0, axis: float = 0.0
) -> Floats:
    """Return the part of the intensity that the polarization of the beam leaves.

    Parameters
    ----------
    x, y, distance : array of float
        As for `two_theta`.
    factor : float
        (I_along - I_across) / (I_along + I_across) of the beam's polarization: 1 linear (LCLS),
        0 none or circular, -1 linear across the axis.
    axis : float
        Direction of the polarization, degrees from x towards y. LCLS is polarized horizontally:
        0 where x runs horizontally, 90 where x runs along the rows of an upright image.

    Returns
    -------
    ndarray of float64
        0 to 1, without unit: (1 + cos^2 2theta - factor cos(2 phi) sin^2 2theta) / 2 with phi from
        the axis (Kahn et al., J. Appl. Cryst. 15, 330 (1982); the same as in pyFAI). For factor 1
        it is 1 - (sin 2theta cos phi)^2.
    """
    if not -1 <= factor <= 1:
        raise AnalysisError(f"polarization factor: expected -1 to 1, found {factor}")
    angle = two_theta(x, y, distance)
    phi = np.radians(azimuth(x, y) - axis)
    across = np.sin(angle) ** 2
    left: Floats = (2 - across - factor * np.cos(2 * phi) * across) / 2
    return left


def solid_angle(x: ArrayLike, y: ArrayLike, distance: ArrayLike) -> Floats:
    """Return the solid angle of a pixel relative to the same pixel on the beam.

    Parameters
    ----------
    x, y, distance : array of float
        As for `two_theta`.

    Returns
    -------
    ndarray of float64
        cos^3(2theta): the distance to the pixel grows by 1 / cos and enters squared, and its face,
        perpendicular to the beam, is seen at the angle 2theta. Where pixels differ in distance
        this is times (mean distance / distance)^2. Multiply by the area of pixels of other sizes.
    """
    along = _distance(distance)
    cosine = np.cos(two_theta(x, y, along))
    relative: Floats = cosine**3 * (along.mean() / along) ** 2
    return relative


def _distance(distance: ArrayLike) -> Floats:
    what = "the distance from the sample (psana's Z points against the beam: give -Z)"
    return _positive(distance, what)


def _positive(values: ArrayLike, what: str) -> NDArray[Any]:
    found = np.asarray(values, np.float64)
    if not (found > 0).all():
        raise AnalysisError(f"{what}: expected numbers above 0, found {found.min()}")
    return found
