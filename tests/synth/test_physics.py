"""The pictures: rings, streaks and spots where physics puts them."""

from __future__ import annotations

import numpy as np
import pytest

from xtcview.calib import geometry
from xtcview.calib.assemble import assemble, assembly
from xtcview.synth import constants, physics, sensor

from .conftest import Written


@pytest.fixture(scope="module")
def scene() -> physics.Scene:
    return physics.make_scene(constants.make_geometry(), sensor.sensitive_area())


def _angles(shape: geometry.Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Return two theta and the angle around the beam, rad, of all pixels."""
    x, y, z = geometry.pixel_coordinates(shape)
    return np.arctan2(np.hypot(x, y), np.abs(z)), np.arctan2(y, x)


def test_radial_profile_peaks_at_the_ring(demo: Written, mean: np.ndarray) -> None:
    two_theta, _ = _angles(demo.geometry())
    q = physics.momentum_transfer(two_theta, physics.PHOTON_ENERGY)
    good = np.isfinite(mean) & (sensor.sensitive_area() == 1)
    bins = np.arange(1.0, 3.0, 0.05)
    which = np.digitize(q[good], bins)
    counts = np.bincount(which, minlength=len(bins) + 1)[1:-1]
    profile = np.bincount(which, mean[good], len(bins) + 1)[1:-1] / counts
    peak = bins[:-1][profile.argmax()] + 0.025
    assert peak == pytest.approx(physics.RING_Q, abs=0.1)
    assert profile.max() > 3 * profile[0]
    assert profile.max() > 3 * profile[-1]


def test_polarization_weakens_the_ring_left_and_right(demo: Written, mean: np.ndarray) -> None:
    two_theta, phi = _angles(demo.geometry())
    q = physics.momentum_transfer(two_theta, physics.PHOTON_ENERGY)
    ring = np.isfinite(mean) & (np.abs(q - 2) < 0.2) & (sensor.sensitive_area() == 1)
    sideways = np.abs(np.cos(phi)) > np.cos(np.pi / 8)
    upwards = np.abs(np.sin(phi)) > np.cos(np.pi / 8)
    ratio = mean[ring & sideways].mean() / mean[ring & upwards].mean()
    assert 0.7 < ratio < 0.95


def test_streak_lies_across_the_upright_picture(scene: physics.Scene) -> None:
    shape = constants.make_geometry()
    picture = assemble(scene.streak, assembly(*geometry.pixel_indexes(shape)))
    upright = geometry.orient(picture, geometry.upright(shape))
    rows, cols = np.nonzero(upright > 0.05)
    assert np.ptp(cols) > 4 * np.ptp(rows)
    assert abs(rows.mean() - upright.shape[0] / 2) < 20
    assert abs(cols.mean() - upright.shape[1] / 2) < 20


def test_upright_picture_has_quad_0_upper_left() -> None:
    shape = constants.make_geometry()
    quads = np.repeat(np.arange(1.0, 5.0), 8)[:, None, None] * np.ones((1, 185, 388))
    picture = assemble(quads, assembly(*geometry.pixel_indexes(shape)))
    upright = geometry.orient(picture, geometry.upright(shape))
    height, width = (side // 2 for side in upright.shape)
    corners = [upright[:height, :width], upright[:height, width:]]
    corners += [upright[height:, width:], upright[height:, :width]]
    assert [np.bincount(c[c > 0].astype(int)).argmax() for c in corners] == [1, 2, 3, 4]


def test_spots_obey_braggs_law(scene: physics.Scene) -> None:
    rng = np.random.default_rng(1)
    lengths = np.unique(np.linalg.norm(scene.lattice, axis=1).round(9))
    counts = []
    for _ in range(20):
        positions, photons = physics.draw_spots(rng, scene.lattice, 9500.0)
        two_theta = np.arctan2(np.hypot(*positions.T), physics.DISTANCE)
        q = physics.momentum_transfer(two_theta, 9500.0)
        nearest = np.abs(q[:, None] - lengths).min(axis=1)
        assert nearest.max() < 0.001
        assert photons.min() >= 30
        assert photons.max() <= 1000
        counts.append(len(positions))
    assert 20 < np.mean(counts) < 120


def test_spots_land_where_they_belong(scene: physics.Scene) -> None:
    pixel = (5, 60, 100)
    centre = np.array([[scene.x[pixel], scene.y[pixel]]])
    mean = np.zeros(sensor.SHAPE, np.float32)
    physics.add_spots(mean, scene, centre, np.array([500.0]), 0.8)
    assert np.unravel_index(mean.argmax(), mean.shape) == pixel
    assert mean.sum() == pytest.approx(500, rel=0.01)
    far = np.array([[1e6, -1e6]])
    physics.add_spots(mean, scene, far, np.array([500.0]), 0.8)
    assert mean.sum() == pytest.approx(500, rel=0.01)


def test_shots_have_the_promised_rates() -> None:
    shots = physics.draw_shots(np.random.default_rng(0), 20000)
    lit = shots["intensity"] > 0
    assert lit.mean() == pytest.approx(0.95, abs=0.01)
    assert shots["hit"][lit].mean() == pytest.approx(0.2, abs=0.02)
    assert not shots["hit"][~lit].any()
    assert shots["intensity"][lit].mean() == pytest.approx(1, abs=0.02)
    assert shots["intensity"][lit].std() == pytest.approx(0.3, abs=0.02)
    assert shots["energy"].std() == pytest.approx(20, abs=1)
    assert shots["hit"][0]


def test_wide_and_unbonded_pixels(scene: physics.Scene) -> None:
    area = sensor.sensitive_area()
    assert (area == 0).sum() == 32 * 38
    assert (area == 2.5).sum() == 11840 - 32  # (0, 194) of each 2x1 is wide and not bonded
    assert (scene.water[area == 0] == 0).all()


def test_dark_read_out_gives_the_pedestals() -> None:
    rng = np.random.default_rng(0)
    camera = sensor.make_sensor(rng)
    dark = np.zeros(sensor.SHAPE, np.float32)
    raw = np.mean([sensor.read_out(rng, camera, dark, 9500.0) for _ in range(8)], axis=0)
    good = camera.status == 0
    assert abs((raw - camera.pedestal)[good].mean()) < 1
    assert (raw[camera.stuck] == camera.pedestal[camera.stuck]).all()
    assert (~good).mean() == pytest.approx(0.002, rel=0.01)


def test_a_photon_gives_its_energy() -> None:
    rng = np.random.default_rng(0)
    camera = sensor.make_sensor(rng)
    lit = np.full(sensor.SHAPE, 2.0, np.float32)
    frames = [sensor.read_out(rng, camera, m, 9500.0) for m in (lit, 0 * lit)]
    good = camera.status == 0
    step = (frames[0] - frames[1].astype(float))[good].mean() / 2
    assert step == pytest.approx(0.00338 * 9500, rel=0.05)


def test_constants_are_those_of_a_dark_run(demo: Written) -> None:
    pedestals, status = demo.constants("pedestals"), demo.constants("pixel_status")
    rms = demo.constants("pixel_rms")
    good = status == 0
    assert good.mean() == pytest.approx(0.998, abs=1e-4)
    assert 1100 < pedestals[good].mean() < 1300
    assert 3 < rms[good].min() < rms[good].max() < 7
    assert (status[rms == 0] & sensor.QUIET != 0).all()


def test_geometry_is_aligned(demo: Written) -> None:
    shape = demo.geometry()
    top = [row for row in shape.rows if row.parent == "IP"]
    assert [row.z0 for row in top] == [physics.DISTANCE]
    assert geometry.upright(shape) == geometry.Orientation(rot90=1, flip=False)
    x, y, z = geometry.pixel_coordinates(shape)
    assert abs(x.mean()) < 100
    assert abs(y.mean()) < 100
    assert z.mean() == -physics.DISTANCE


def test_first_event_shows_a_crystal(demo: Written) -> None:
    panels = demo.panels(demo.events()[0])
    assert panels is not None
    signal = panels - demo.constants("pedestals")
    bright = (signal > 600) & (demo.constants("pixel_status") == 0)
    assert bright.sum() > 50
