"""Bins, profiles and cakes: against bincount and cases with a known answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import xtcview
from xtcview.analysis import binning, cake, edges, radial, scattering
from xtcview.calib import geometry
from xtcview.errors import AnalysisError, ConstantsError
from xtcview.synth import physics

DISTANCE = 100_000.0


@pytest.fixture(scope="module")
def cspad():
    x, y, _ = geometry.pixel_coordinates(geometry.quads_example())
    return x, y


def by_bincount(panels, numbers, bins, used=True):
    inside = (numbers >= 0) & (numbers < bins) & used
    return np.bincount(numbers[inside], panels[inside].astype(np.float64), bins)


shapes = arrays.array_shapes(min_dims=2, max_dims=3, max_side=9)


@given(st.data())
def test_sums_are_those_of_bincount(data):
    shape = data.draw(shapes)
    bins = data.draw(st.integers(1, 12))
    numbers = data.draw(arrays.arrays(np.int64, shape, elements=st.integers(-2, bins + 1)))
    bad = data.draw(st.none() | arrays.arrays(np.bool_, shape))
    dtype = data.draw(st.sampled_from(["i2", "u2", "u1", "i4", "f8"]))
    panels = data.draw(arrays.arrays(dtype, shape, elements={"min_value": 0, "max_value": 100}))
    made = binning.prepare(numbers, bins, bad)
    used = True if bad is None else ~bad
    assert binning.bin_sums(panels, made) == pytest.approx(
        by_bincount(panels, numbers, bins, used), rel=1e-13
    )
    counted = by_bincount(np.ones(shape), numbers, bins, used)
    assert made.pixels.tolist() == counted.tolist() == made.response.tolist()


@given(st.data())
def test_absent_segments_do_not_count(data):
    shape = data.draw(arrays.array_shapes(min_dims=3, max_dims=3, max_side=7))
    numbers = data.draw(arrays.arrays(np.int64, shape, elements=st.integers(-1, 5)))
    present = data.draw(arrays.arrays(np.bool_, shape[0]))
    panels = np.arange(numbers.size, dtype=np.int16).reshape(shape)
    response = 1 + np.arange(numbers.size).reshape(shape) % 3
    made = binning.prepare(numbers, 6, response=response)
    used = present[:, None, None]
    sums = binning.bin_sums(panels, made, present)
    total, pixels = binning.of_present(made, present)
    assert sums.tolist() == by_bincount(panels, numbers, 6, used).tolist()
    assert total.tolist() == by_bincount(response, numbers, 6, used).tolist()
    assert pixels.tolist() == by_bincount(np.ones(shape), numbers, 6, used).tolist()


@pytest.mark.parametrize("dtype", ["i2", "u2"])
def test_sums_of_counts_are_exact(dtype):
    largest = np.iinfo(dtype).max
    panels = np.full((1, 700, 500), largest, dtype)  # more than one piece, in one bin
    panels[0, ::3, ::7] -= 1
    made = binning.prepare(np.zeros(panels.shape, int), 1)
    assert binning.bin_sums(panels, made)[0] == panels.sum(dtype=np.int64)


def test_sums_of_float32_are_close(cspad):
    r = np.hypot(*cspad)
    panels = np.random.default_rng(5).normal(30, 8, r.shape).astype(np.float32)
    limits = edges.even_edges(r, 109.92)
    numbers = edges.bin_numbers(r, limits)
    expected = by_bincount(panels, numbers, limits.size - 1)
    found = binning.bin_sums(panels, binning.prepare(numbers, limits.size - 1))
    assert found == pytest.approx(expected, rel=2e-7)


def test_a_nan_is_seen_in_its_bin_only():
    numbers = np.array([[0, 0, 1, 1, 2, -1]])
    made = binning.prepare(numbers, 3)
    for column, bad_bin in ((1, [0]), (2, [1]), (4, [2]), (5, [])):
        panels = np.ones((1, 6), np.float32)
        panels[0, column] = np.nan
        sums = binning.bin_sums(panels, made)
        assert np.flatnonzero(np.isnan(sums)).tolist() == bad_bin
    panels[:] = np.inf
    panels[0, 0] = -np.inf
    assert np.isnan(binning.bin_sums(panels, made)).tolist() == [True, False, False]


def test_views_are_summed_as_they_look():
    numbers = np.arange(24).reshape(2, 3, 4) % 5
    panels = np.arange(24, dtype=np.int16).reshape(4, 3, 2).transpose(2, 1, 0)
    found = binning.bin_sums(panels, binning.prepare(numbers, 5))
    assert found.tolist() == by_bincount(panels, numbers, 5).tolist()


def test_nothing_to_bin():
    made = binning.prepare(np.full((2, 3, 4), -1), 3)
    assert binning.bin_sums(np.ones((2, 3, 4)), made).tolist() == [0, 0, 0]
    profile = radial.radial_profile(
        np.ones((2, 2)), radial.radial_bins(np.ones((2, 2)), [0, 1, 2], np.ones((2, 2), bool))
    )
    assert np.isnan(profile.mean).all()
    assert profile.pixels.tolist() == [0, 0]


@given(
    arrays.arrays(np.float64, st.integers(1, 40), elements=st.floats(-50, 50)),
    st.floats(0.01, 30),
)
def test_even_edges_hold_all(values, width):
    limits = edges.even_edges(values, width)
    assert np.diff(limits) == pytest.approx(width, rel=1e-9)
    numbers = edges.bin_numbers(values, limits)
    assert (numbers >= 0).all()
    assert np.bincount(numbers, minlength=limits.size - 1).tolist() == (
        np.histogram(values, limits)[0].tolist()
    )


def test_bin_numbers_follow_numpys_rule():
    values = [-1.0, 0.0, 0.5, 1.0, 3.0, 3.1, np.nan, np.inf, -np.inf]
    assert edges.bin_numbers(values, [0, 1, 3]).tolist() == [-1, 0, 0, 1, 1, -1, -1, -1, -1]


def test_constant_image_makes_a_constant_profile(cspad):
    r = np.hypot(*cspad)
    bins = radial.radial_bins(r, edges.even_edges(r, 500.0))
    profile = radial.radial_profile(np.full(r.shape, 7.25, np.float32), bins)
    filled = profile.pixels > 0
    assert profile.pixels.sum() == r.size
    assert (profile.mean[filled] == 7.25).all()
    assert np.isnan(profile.mean[~filled]).all()
    assert np.diff(profile.center) == pytest.approx(500.0)


def test_a_ring_is_where_it_is(cspad):
    r = np.hypot(*cspad)
    panels = np.exp(-(((r - 44_000) / 3000) ** 2) / 2).astype(np.float32)
    profile = radial.radial_profile(panels, radial.radial_bins(r, edges.even_edges(r, 200.0)))
    filled = profile.pixels > 20
    expected = np.exp(-(((profile.center - 44_000) / 3000) ** 2) / 2)
    assert np.abs(profile.mean - expected)[filled].max() < 0.02
    assert profile.center[np.nanargmax(profile.mean)] == pytest.approx(44_000, abs=200)


def test_corrections_give_back_the_light_that_was_there(cspad):
    x, y = cspad
    seen = scattering.polarization(x, y, DISTANCE) * scattering.solid_angle(x, y, DISTANCE)
    q = scattering.q(scattering.two_theta(x, y, DISTANCE), 9500.0)
    panels = (100 * seen).astype(np.float32)  # even light, polarized, on a flat detector
    limits = edges.even_edges(q, 0.02)
    profile = radial.radial_profile(panels, radial.radial_bins(q, limits, response=seen))
    filled = profile.pixels > 0
    assert profile.mean[filled] == pytest.approx(100, rel=1e-6)
    raw = radial.radial_profile(panels, radial.radial_bins(q, limits))
    assert np.nanmin(raw.mean) < 60  # what goes wrong without


def test_wide_pixels_count_by_their_area():
    area = np.ones((4, 10))
    area[:, 4:6] = 2.5
    bins = radial.radial_bins(np.tile(np.arange(4.0)[:, None], (1, 10)), [0, 2, 4], response=area)
    assert radial.radial_profile(3 * area, bins).mean.tolist() == [3, 3]


def test_bad_pixels_and_absent_segments_leave_the_mean_alone(cspad):
    r = np.hypot(*cspad)
    bad = np.random.default_rng(2).random(r.shape) < 0.1
    present = np.ones(32, bool)
    present[[3, 30]] = False
    panels = np.where(bad, np.nan, np.floor(r / 1000)).astype(np.float32)
    panels[~present] = -1200
    bins = radial.radial_bins(r, 1000 * np.arange(140), bad)
    profile = radial.radial_profile(panels, bins, present)
    filled = profile.pixels > 0
    assert (profile.mean[filled] == np.arange(139)[filled]).all()
    assert profile.pixels.sum() == np.count_nonzero(~bad[present])


def test_cake_is_the_profile_cut_into_sectors(cspad):
    x, y = cspad
    r, phi = np.hypot(x, y), scattering.azimuth(x, y)
    panels = np.random.default_rng(3).integers(0, 16384, r.shape).astype(np.int16)
    limits = edges.even_edges(r, 2000.0)
    bins = cake.cake_bins(r, phi, limits)
    found = cake.cake(panels, bins)
    profile = radial.radial_profile(panels, radial.radial_bins(r, limits))
    assert found.mean.shape == (limits.size - 1, 36)
    assert found.total.sum(axis=1).tolist() == profile.total.tolist()
    assert found.pixels.sum(axis=1).tolist() == profile.pixels.tolist()
    expected, *_ = np.histogram2d(r.ravel(), phi.ravel(), (limits, cake.SECTORS))
    assert found.pixels.tolist() == expected.tolist()


def test_cake_of_a_polarized_ring(cspad):
    x, y = cspad
    r, phi = np.hypot(x, y), scattering.azimuth(x, y)
    panels = scattering.polarization(x, y, DISTANCE).astype(np.float32)
    ring = cake.cake(panels, cake.cake_bins(r, phi, [79_500, 80_500], np.arange(-180, 181, 10)))
    middle = np.radians(np.arange(-175, 180, 10))
    expected = 1 - (np.sin(np.arctan(0.8)) * np.cos(middle)) ** 2
    filled = ring.pixels[0] > 50
    assert filled.sum() >= 12
    assert ring.mean[0][filled] == pytest.approx(expected[filled], abs=0.02)


def test_cake_outside_its_edges_has_nothing():
    r, phi = np.array([[1.0, 5.0, 1.0]]), np.array([[10.0, 10.0, 100.0]])
    found = cake.cake(np.ones((1, 3)), cake.cake_bins(r, phi, [0, 2], [0, 45, 90]))
    assert found.pixels.tolist() == [[1, 0]]
    assert found.mean[0, 0] == 1
    assert np.isnan(found.mean[0, 1])


def test_what_does_not_fit_is_told():
    r = np.ones((2, 3, 4))
    bins = radial.radial_bins(r, [0, 2])
    with pytest.raises(ConstantsError, match=r"\(2, 3, 4\).*found \(3, 4\)"):
        radial.radial_profile(np.ones((3, 4)), bins)
    with pytest.raises(ConstantsError, match=r"present segments: expected 2 values.*\(3,\)"):
        radial.radial_profile(r, bins, np.ones(3, bool))
    with pytest.raises(ConstantsError, match="bad pixels: expected 24 values"):
        radial.radial_bins(r, [0, 2], np.ones((3, 4), bool))
    with pytest.raises(ConstantsError, match="response: expected 24 values"):
        radial.radial_bins(r, [0, 2], response=np.ones(3))
    with pytest.raises(AnalysisError, match="two or more that increase"):
        radial.radial_bins(r, [0, 2, 1])
    with pytest.raises(AnalysisError, match=r"found 1 others, such as 0\.0"):
        radial.radial_bins(r, [0, 2], response=np.where(np.arange(24).reshape(r.shape) == 5, 0, 1))
    with pytest.raises(AnalysisError, match="same unit"):
        edges.even_edges([0, 1e5], 1e-4)
    with pytest.raises(AnalysisError, match="nothing to divide"):
        edges.even_edges([np.nan], 1)


def test_a_bad_pixel_may_have_any_response():
    response = np.array([[1.0, np.nan, 0.0]])
    bins = radial.radial_bins(np.ones((1, 3)), [0, 2], response != 1, response)
    assert radial.radial_profile(np.full((1, 3), 4.0), bins).mean.tolist() == [4]


def test_the_water_of_the_demo_run_comes_back():
    table = geometry.quads_example()
    x, y, _ = geometry.pixel_coordinates(table)
    area = np.ones(x.shape, np.float32)
    area[:, :, 193:195] = 2.5
    scene = physics.make_scene(table, area)
    q = scattering.q(scattering.two_theta(x, y, physics.DISTANCE), physics.PHOTON_ENERGY)
    seen = scattering.polarization(x, y, physics.DISTANCE)
    seen *= scattering.solid_angle(x, y, physics.DISTANCE) * area
    bins = radial.radial_bins(q, np.arange(0.3, 3.0, 0.01), response=seen)
    profile = radial.radial_profile(scene.water, bins)
    ring = np.exp(-((profile.center - 2) ** 2) / (2 * 0.35**2))
    rise, tail = (
        0.5 * np.exp(-profile.center / 0.5),
        0.15 * -np.expm1(-((profile.center / 1.5) ** 2)),
    )
    assert profile.mean == pytest.approx(ring + rise + tail, rel=0.01)


def test_a_golden_event(golden_dir):
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        det = xtcview.Detector("cspad", run)
        evt = next(event for event in run.events() if det.raw(event) is not None)
        raw, present = det.raw(evt), det.present(evt)
        x, y, _ = geometry.pixel_coordinates(geometry.without_twist(det.geometry(evt)))
    r = np.hypot(x - x.mean(), y - y.mean())
    limits = edges.even_edges(r, 109.92)
    profile = radial.radial_profile(raw, radial.radial_bins(r, limits), present)
    numbers = edges.bin_numbers(r, limits)
    expected = by_bincount(raw, numbers, limits.size - 1, present[:, None, None])
    assert profile.total.tolist() == expected.tolist()
    assert profile.total.sum() == raw[present].sum(dtype=np.int64)
