import numpy as np
import pytest

from xtcview.calib import geometry as geo
from xtcview.calib import scattering
from xtcview.errors import GeometryError

TABLE = geo.quads_example()
ENERGY = 9500.0


def test_wavelength():
    assert scattering.wavelength(12398.42) == pytest.approx(1.0, rel=1e-7)
    assert scattering.wavelength(ENERGY) == pytest.approx(1.30510, abs=1e-5)
    for wrong in (0.0, -1.0, np.nan, [ENERGY, 0.0]):
        with pytest.raises(GeometryError, match=r"photon energy .* expected a number above 0"):
            scattering.wavelength(wrong)


def test_angles_follow_from_radius_and_distance():
    angle = scattering.two_theta(TABLE)
    x, y, _ = geo.pixel_coordinates(TABLE)
    assert np.allclose(np.tan(angle), np.hypot(x, y) / 100_000)
    assert angle.shape == (32, 185, 388)
    twice = scattering.two_theta(TABLE, 200_000)
    assert np.allclose(2 * np.tan(twice), np.tan(angle))
    shifted = scattering.two_theta(TABLE, centre=(1000.0, -500.0))
    moved = np.hypot(x - 1000, y + 500)
    assert np.allclose(np.tan(shifted), moved / 100_000)


def test_the_depth_of_pixels_counts():
    table = geo.default("cspad")
    _, _, z = geo.pixel_coordinates(table)
    angle = scattering.two_theta(table, 100_000)
    x, y, _ = geo.pixel_coordinates(table)
    away = 100_000 - (z - z.mean())
    assert np.allclose(np.tan(angle), np.hypot(x, y) / away)


def test_q_and_resolution():
    angle = scattering.two_theta(TABLE)
    q, d = scattering.q(angle, ENERGY), scattering.resolution(angle, ENERGY)
    assert np.allclose(q * d, 2 * np.pi)
    # the water ring: q = 2.0 / Å is 44 mm from the beam at 100 mm and 9.5 keV
    radius = scattering.ring_radius(2 * np.pi / 2.0, 100.0, ENERGY)
    assert radius == pytest.approx(44.5, abs=0.1)
    assert scattering.q(np.arctan(radius / 100), ENERGY) == pytest.approx(2.0)
    # the edge of the detector, about 95 mm from the beam
    assert scattering.resolution(np.arctan(95 / 100), ENERGY) == pytest.approx(1.76, abs=0.02)
    assert scattering.resolution(0.0, ENERGY) == np.inf


def test_rings_that_no_flat_detector_sees():
    rings = scattering.ring_radius(np.array([0.5, 0.9, 3.0]), 100.0, ENERGY)
    assert np.isnan(rings).tolist() == [True, True, False]


def test_a_default_table_has_no_distance():
    with pytest.raises(GeometryError, match=r"default cspad: .* no distance; give one in um"):
        scattering.two_theta(geo.default("cspad"))
    with pytest.raises(GeometryError, match="distance -5 um"):
        scattering.two_theta(TABLE, -5.0)
    plain = geo.matrix_geometry(2, 2, 10.0)
    with pytest.raises(GeometryError, match=r"matrix 2 x 2: distance .* 0 um: expected a number"):
        scattering.two_theta(plain)
