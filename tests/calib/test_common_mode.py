import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcview.calib import histogram
from xtcview.calib.common_mode import UNBONDED_COLS, UNBONDED_ROWS
from xtcview.calib.correct import (
    OFF,
    CommonMode,
    common_mode,
    common_mode_parameters,
    subtract_common_mode,
)
from xtcview.errors import ConstantsError


def crc(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def test_algorithm_1_is_psanas(golden, common_mode_panels):
    expected = golden["common_mode_alg1"]
    assert crc(common_mode_panels) == expected["input_crc32_float32"]
    offsets = common_mode(common_mode_panels, common_mode_parameters(expected["pars"]))
    for offset, segment in zip(offsets, expected["segments"], strict=True):
        if segment["applied"] == "none":
            assert np.isnan(offset)
        else:
            key = "alg1_cm" if segment["applied"] == "alg1" else "unbonded_mean"
            assert offset == pytest.approx(segment[key], abs=1.1e-6)
    corrected = subtract_common_mode(common_mode_panels, offsets)
    assert crc(corrected) == expected["output_crc32_float32"]
    sums = corrected.sum(axis=(1, 2), dtype=np.float64)
    assert sums == pytest.approx(expected["output_seg_sum"], rel=1e-9, abs=1e-3)


def test_algorithm_5(golden, common_mode_panels):
    offsets = common_mode(common_mode_panels, CommonMode(5, mean_max=25))
    for offset, segment in zip(offsets, golden["common_mode_alg1"]["segments"], strict=True):
        expected = segment["unbonded_mean"]
        expected = expected if abs(expected) <= 25 else np.nan
        assert offset == pytest.approx(expected, abs=1.1e-6, nan_ok=True)


def test_unbonded_pixels(golden):
    listed = {tuple(rc) for rc in golden["unbonded_rowcol"]}
    used = set(zip(UNBONDED_ROWS.tolist(), UNBONDED_COLS.tolist(), strict=True))
    assert listed - used == {(0, 0), (0, 194)}
    assert used < listed


def test_without_fallback_the_rejected_stay(common_mode_panels):
    offsets = common_mode(common_mode_panels, CommonMode(fallback=False))
    assert np.isnan(offsets).tolist() == [False] * 4 + [True] * 4
    assert np.isnan(common_mode(common_mode_panels, OFF)).all()


def test_absent_segments_are_skipped(common_mode_panels):
    present = np.arange(8) != 1
    offsets = common_mode(common_mode_panels, CommonMode(), present=present)
    full = common_mode(common_mode_panels, CommonMode())
    assert np.isnan(offsets[1])
    assert np.array_equal(offsets[present], full[present], equal_nan=True)


def test_bad_pixels_do_not_vote():
    panels = np.full((1, 10, 100), 7.0, np.float32)
    panels[0, :5] = 3.0
    bad = panels == 3.0
    parameters = CommonMode(threshold=100, fallback=False)
    assert common_mode(panels, parameters).tolist() == [3.0]
    assert common_mode(panels, parameters, bad=bad).tolist() == [7.0]


@given(st.integers(-1100, 2100))
def test_common_mode_of_a_constant_is_that_constant_or_rejected(value):
    panels = np.full((1, 8, 32), value, np.float32)
    parameters = CommonMode(mean_max=500.0, fallback=False)
    (offset,) = common_mode(panels, parameters)
    if abs(value) <= 500:
        assert offset == value
        assert not subtract_common_mode(panels, np.array([offset])).any()
    else:
        assert np.isnan(offset)


def by_the_book(values, mean_max, sigma_max, threshold):
    """Algorithm 1 written out step by step, on a list of values."""
    counts = [0] * 3000
    for v in values:
        if not np.isfinite(v):
            continue
        b = int(v - 0.5) if v < 0 else int(v + 0.5)
        if -1000 <= b <= 1999:
            counts[b + 1000] += 1
    limit = int(threshold) if int(threshold) > 0 else 100
    peak, position, right = -1, None, 3000
    for i, count in enumerate(counts):
        if count > peak and count > limit:
            peak, position = count, i
        elif peak > 0 and count <= peak // 2:
            right = i
            break
    if position is None:
        return None
    left = position
    while left >= 0 and counts[left] > peak // 2:
        left -= 1
    sigma, mean = (right - left) / 2.36, float(position)
    for _ in range(2):
        reach = int(2 * sigma + 0.5)
        bins = range(max(0, position - reach), min(2999, position + reach) + 1)
        s0 = sum(counts[i] for i in bins)
        s1 = sum((i - mean) * counts[i] for i in bins)
        s2 = sum((i - mean) ** 2 * counts[i] for i in bins)
        sigma = max(0.0, s2 / s0 - (s1 / s0) ** 2) ** 0.5
        mean += s1 / s0
    mean -= 1000
    return mean if abs(mean) <= mean_max and sigma <= sigma_max else None


halves = st.integers(-24, 24).map(lambda n: n / 4)
odd = st.sampled_from([-1000.5, -1000.25, -1001.0, 1999.25, 1999.5, 5e9, -5e9, np.nan, np.inf])
values = st.lists(st.one_of(halves, halves, halves, odd), min_size=1, max_size=120)


@settings(deadline=None)
@given(values, st.integers(1, 5), st.floats(0.5, 30), st.floats(0.1, 3))
def test_algorithm_1_by_the_book(values, threshold, mean_max, sigma_max):
    panels = np.array(values, np.float32).reshape(1, 1, -1)
    (offset,) = common_mode(panels, CommonMode(1, mean_max, sigma_max, threshold, fallback=False))
    expected = by_the_book(values, mean_max, sigma_max, threshold)
    assert offset == pytest.approx(np.nan if expected is None else expected, nan_ok=True)


@settings(deadline=None)
@given(
    st.floats(-70, 70), st.floats(0.5, 30), st.integers(0, 400), st.sampled_from([None, 40, 500])
)
def test_peaks_near_0_are_counted_in_bytes_with_the_same_bits(centre, sigma, photons, some):
    rng = np.random.default_rng(int(abs(centre) * 1000))
    panel = rng.normal(centre, sigma, (40, 60)).astype(np.float32)
    panel.flat[:photons] += 27
    panel.flat[-5:] = [np.nan, np.inf, -np.inf, 63.25, -63.5]
    bad = None if some is None else np.arange(0, 2400, some)
    near = histogram._near_peak(panel, bad, 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histogram, "_near_peak", lambda *args: None)
        far = histogram.first_peak(panel, bad, 20)
    assert near is None or near == far
    if far is not None and abs(centre) < 20 and sigma < 5:
        assert near is not None


def test_without_pillow_the_same(common_mode_panels, monkeypatch):
    parameters = CommonMode()
    expected = common_mode(common_mode_panels, parameters)
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert np.array_equal(common_mode(common_mode_panels, parameters), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (0.5, 1),
        (-0.5, -1),
        (2.5, 3),
        (-2.5, -3),
        (0.49999997, 0),
        (-0.49999997, 0),
        (-999.5, -1000),
    ],
)
def test_halves_round_away_from_zero(value, rounded):
    panels = np.full((1, 1, 200), value, np.float32)
    (offset,) = common_mode(panels, CommonMode(mean_max=2000, fallback=False))
    assert offset == rounded


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 25, 25, 100, 1), CommonMode()),
        ((1, 25, 25, 100), CommonMode(fallback=False)),
        ((1, 50, 10, 0, 0.05), CommonMode(1, 50, 10, 0, False)),
        ((5, 50), CommonMode(5, 50)),
        ((0, 0, 0, 0), OFF),
        ((0,), OFF),
        (np.array([1.0, 2, 3, 4, 1]), CommonMode(1, 2, 3, 4, True)),
    ],
)
def test_parameters(numbers, expected):
    assert common_mode_parameters(numbers) == expected


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((), "expected algorithm 0"),
        ((9, 350, 350, 128), r"expected algorithm 0 .*give \(0,\)"),
        ((1.5, 2), "expected algorithm 0"),
        ((float("nan"),), "expected algorithm 0"),
        ((1, 25, 25), "algorithm 1 needs 4 numbers, found 3"),
        ((5,), "algorithm 5 needs 2 numbers, found 1"),
    ],
)
def test_parameters_that_cannot_be_used(numbers, words):
    with pytest.raises(ConstantsError, match=words):
        common_mode_parameters(numbers)


@pytest.mark.parametrize("parameters", [CommonMode(5), CommonMode(fallback=True)])
def test_unbonded_pixels_need_a_2x1(parameters):
    with pytest.raises(ConstantsError, match=r"segments of \(185, 388\), found \(4, 4\)"):
        common_mode(np.zeros((1, 4, 4), np.float32), parameters)
