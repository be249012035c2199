"""From where a pixel is to what it sees: angles, momentum transfer q, resolution d.

The beam runs along z through (0, 0), photons are scattered at the interaction point. Formulas are
those of elastic scattering (Bragg's law): with wavelength lambda and scattering angle two theta,
q = 4 pi sin(theta) / lambda and d = lambda / (2 sin(theta)) = 2 pi / q.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.geometry import Geometry, pixel_coordinates
from xtcview.calib.placement import place
from xtcview.errors import GeometryError

HC = 12398.419843320026  # eV Å, Planck's constant times the speed of light, exact in SI

Floats = Any  # a float or an array of them


def wavelength(energy: Floats) -> Floats:
    """Return the wavelength in Å of photons of an energy in eV.

    Raises
    ------
    GeometryError
        If an energy is not a number above 0.
    """
    _check_positive(energy, "photon energy", "eV")
    return HC / np.asarray(energy, np.float64)[()]


def two_theta(
    table: Geometry, distance: float | None = None, centre: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float64]:
    """Return the scattering angle of each pixel.

    Parameters
    ----------
    table : Geometry
    distance : float, optional
        From the interaction point to the detector, um: pixels keep their depth relative to each
        other. Without it, what the table says; a default table does not know.
    centre : (float, float)
        Where the beam meets the detector, x and y in psana's frame, um.

    Returns
    -------
    ndarray of float64
        Radians, (segments, rows, columns).

    Raises
    ------
    GeometryError
        If the distance is neither given nor known.
    """
    x, y, z = pixel_coordinates(table)
    away = -z + (detector_distance(table, distance) + z.mean())
    return np.asarray(np.arctan2(np.hypot(x - centre[0], y - centre[1]), away))


def q(angle: Floats, energy: float) -> Floats:
    """Return the momentum transfer in 1/Å, 4 pi sin(angle / 2) / lambda.

    Parameters
    ----------
    angle : float or ndarray
        Scattering angle, radians; see `two_theta`.
    energy : float
        Of the photons, eV.
    """
    return 4 * np.pi / wavelength(energy) * np.sin(np.asarray(angle)[()] / 2)


def resolution(angle: Floats, energy: float) -> Floats:
    """Return the resolution in Å, lambda / (2 sin(angle / 2)); infinite in the beam.

    Parameters
    ----------
    angle : float or ndarray
        Scattering angle, radians; see `two_theta`.
    energy : float
        Of the photons, eV.
    """
    with np.errstate(divide="ignore"):
        return np.divide(wavelength(energy), 2 * np.sin(np.asarray(angle)[()] / 2))


def ring_radius(d: Floats, distance: float, energy: float) -> Floats:
    """Return the radius of the ring of a resolution on a flat detector, in the distance's unit.

    Parameters
    ----------
    d : float or ndarray
        Resolution, Å.
    distance : float
        Of the detector.
    energy : float
        Of the photons, eV.

    Returns
    -------
    float or ndarray
        distance tan(2 asin(lambda / 2 d)); nan where a flat detector behind the interaction point
        never sees the ring.
    """
    sine = wavelength(energy) / (2 * np.asarray(d, np.float64)[()])
    seen = (sine > 0) & (sine < np.sqrt(0.5))
    return np.where(seen, distance * np.tan(2 * np.arcsin(np.where(seen, sine, 0))), np.nan)[()]


def detector_distance(table: Geometry, given: float | None = None) -> float:
    """Return the mean distance of the pixels from the interaction point along the beam, um.

    Parameters
    ----------
    table : Geometry
    given : float, optional
        When given, this one.

    Raises
    ------
    GeometryError
        It is neither given nor known, or not above 0.
    """
    if given is not None:
        _check_positive(given, "distance", "um")
        return given
    if table.is_default:
        what = "was made for no experiment and has no distance; give one in um"
        raise GeometryError(f"{table.name}: a default table {what}")
    known = mean_depth(table)
    _check_positive(known, f"{table.name}: distance from the interaction point", "um")
    return known


def mean_depth(table: Geometry) -> float:
    """Return how far the pixels of a table are from its origin on average, along the beam, um."""
    return 0.0 - float(np.mean([one.coordinate(2).mean() for one in place(table)]))


def _check_positive(value: Floats, what: str, unit: str) -> None:
    numbers = np.asarray(value, np.float64)
    wrong = numbers[~(numbers > 0) | ~np.isfinite(numbers)]
    if wrong.size:
        raise GeometryError(f"{what} {wrong.flat[0]:g} {unit}: expected a number above 0")
