import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtcview.analysis import scattering
from xtcview.errors import AnalysisError, GeometryError
from xtcview.synth import physics

positions = st.floats(-2e5, 2e5)
distances = st.floats(1e3, 1e6)


def test_wavelength_and_energy():
    assert scattering.wavelength(12398.419843320026) == pytest.approx(1.0, rel=1e-15)
    assert scattering.wavelength([8000.0, 9500.0]) == pytest.approx([1.549802, 1.305097], rel=1e-6)


def test_known_angles():
    assert scattering.two_theta(3.0, 4.0, 5.0) == pytest.approx(np.pi / 4)
    assert scattering.two_theta(0, 0, 1) == 0
    assert scattering.azimuth([1, 0, -1, 1], [0, 2, 0, -1]).tolist() == [0, 90, 180, -45]


def test_water_ring_is_at_44_mm():
    # 9.5 keV, 100 mm, q = 2.0: the numbers of a usual water run
    q = scattering.q(scattering.two_theta(44_000, 0, 100_000), 9500)
    assert q == pytest.approx(1.98, abs=0.02)


@given(positions, positions, distances, st.floats(1e3, 3e4))
def test_momentum_transfer_obeys_bragg(x, y, distance, energy):
    angle = scattering.two_theta(x, y, distance)
    q = scattering.q(angle, energy)
    assert 0 <= q <= 4 * np.pi / scattering.wavelength(energy)
    if q > 1e-9:
        spacing = 2 * np.pi / q
        bragg = 2 * spacing * np.sin(angle / 2)
        assert bragg == pytest.approx(scattering.wavelength(energy), rel=1e-12)


def test_the_demo_runs_physics_agrees():
    angle = np.linspace(0, 1, 7)
    ours = scattering.q(angle, 9500.0)
    assert ours == pytest.approx(physics.momentum_transfer(angle, 9500.0), rel=1e-7)


@given(positions, positions, distances)
def test_linear_polarization(x, y, distance):
    angle = scattering.two_theta(x, y, distance)
    expected = 1 - (np.sin(angle) * np.cos(np.arctan2(y, x))) ** 2
    assert scattering.polarization(x, y, distance) == pytest.approx(expected, abs=1e-14)


@given(positions, positions, distances, st.floats(-1, 1))
def test_polarization_has_two_axes(x, y, distance, factor):
    along = scattering.polarization(x, y, distance, factor)
    assert -1e-15 <= along <= 1
    turned = scattering.polarization(x, y, distance, -factor, axis=90)
    assert along == pytest.approx(turned, abs=1e-14)
    assert along == pytest.approx(scattering.polarization(y, x, distance, -factor), abs=1e-14)
    # both directions together are unpolarized light
    across = scattering.polarization(x, y, distance, -factor)
    cosine = np.cos(scattering.two_theta(x, y, distance))
    assert (along + across) / 2 == pytest.approx((1 + cosine**2) / 2, abs=1e-14)


def test_polarization_vanishes_along_the_axis_at_right_angles():
    assert scattering.polarization(1e12, 0, 1) == pytest.approx(0, abs=1e-12)
    assert scattering.polarization(0, 1e12, 1) == pytest.approx(1)
    assert scattering.polarization(0, 1e12, 1, axis=90) == pytest.approx(0, abs=1e-12)


@given(positions, positions, distances)
def test_solid_angle_is_cos_cubed(x, y, distance):
    expected = (distance / np.sqrt(x * x + y * y + distance * distance)) ** 3
    assert scattering.solid_angle(x, y, distance) == pytest.approx(expected, rel=1e-12)


def test_solid_angles_of_a_whole_plane_make_half_a_sphere():
    r = np.linspace(0, 3e4, 300_001)
    middle = (r[1:] + r[:-1]) / 2
    area = np.pi * np.diff(r**2)
    whole = (area * scattering.solid_angle(middle, 0, 10.0)).sum() / 10.0**2
    assert whole == pytest.approx(2 * np.pi, rel=1e-3)


def test_solid_angle_of_pixels_at_two_distances():
    seen = scattering.solid_angle([0, 0], [0, 0], [90.0, 110.0])
    assert seen == pytest.approx([(100 / 90) ** 2, (100 / 110) ** 2])


@pytest.mark.parametrize("distance", [0.0, -1e5, np.nan])
def test_distances_are_positive(distance):
    with pytest.raises(AnalysisError, match=r"give -Z.*above 0"):
        scattering.two_theta(1.0, 1.0, distance)


def test_impossible_light():
    with pytest.raises(GeometryError, match="photon energy"):
        scattering.wavelength(-1)
    with pytest.raises(AnalysisError, match=r"-1 to 1, found 1\.5"):
        scattering.polarization(1.0, 1.0, 1.0, factor=1.5)
