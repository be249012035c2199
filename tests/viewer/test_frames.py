import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xtcview.viewer.frames import (
    BINNINGS,
    NO_DATA,
    binning_for,
    block_mean,
    block_shape,
    block_sum,
    encode,
    make_levels,
    make_mask,
    to_codes,
)


def slow_block_sum(panels, f):
    segments, rows, cols = block_shape(panels.shape, f)
    out = np.zeros((segments, rows, cols))
    for s, r, c in np.ndindex(out.shape):
        out[s, r, c] = panels[s, r * f : r * f + f, c * f : c * f + f].sum(dtype=float)
    return out


@given(
    hnp.arrays(np.int16, st.tuples(st.integers(1, 3), st.integers(1, 11), st.integers(1, 13))),
    st.sampled_from(BINNINGS),
)
def test_block_sum_is_the_sum_of_every_block(panels, f):
    assert np.array_equal(block_sum(panels, f), slow_block_sum(panels, f))


def test_block_sum_does_not_overflow():
    panels = np.full((1, 8, 8), 65535, np.uint16)
    assert block_sum(panels, 8)[0, 0, 0] == 64 * 65535


def test_odd_rows_make_one_smaller_block():
    panels = np.arange(15, dtype=np.int16).reshape(1, 5, 3)
    mask = make_mask(panels.shape, 2)
    mean = block_mean(panels, 2, mask)
    assert mean.shape == (1, 3, 2)
    assert mean[0].tolist() == [[2, 4], [8, 10], [13, 14]]  # (0+1+3+4)/4, (2+5)/2 rounded ...


def test_mean_leaves_bad_pixels_out():
    panels = np.array([[[10, 9999], [20, 30]]], np.int16)
    bad = panels == 9999
    assert block_mean(panels, 2, make_mask(panels.shape, 2, bad))[0, 0, 0] == 20


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.float32])
def test_mean_agrees_with_numpy(kind):
    rng = np.random.default_rng(3)
    panels = rng.integers(0, 16000, (2, 8, 12)).astype(kind)
    expected = panels.astype(float).reshape(2, 4, 2, 6, 2).mean(axis=(2, 4))
    mean = block_mean(panels, 2, make_mask(panels.shape, 2))
    assert np.abs(mean - expected).max() <= (0.5 if kind is not np.float32 else 1e-9)


@given(st.floats(-1e4, 1e4), st.floats(0, 1e5), st.floats(0, 1), st.floats(0, 1e4))
def test_levels_rise_between_the_ends(low, span, share, width):
    levels = make_levels(low, low + span, low + share * span, width)
    assert np.isnan(levels[NO_DATA])
    assert np.all(np.diff(levels[1:].astype(float)) >= 0)
    assert np.isfinite(levels[1:]).all()


@settings(max_examples=50)
@given(hnp.arrays(np.int16, (2, 9, 10), elements=st.integers(-1200, 16383)))
def test_codes_are_the_nearest_levels(panels):
    coded = encode(panels, 1, make_mask(panels.shape, 1))
    assert coded.codes.min() > NO_DATA
    shown = coded.levels[coded.codes].astype(float)
    nearest = np.abs(panels[..., None] - coded.levels[1:].astype(float)).min(axis=-1)
    assert np.allclose(np.abs(panels - shown), nearest, atol=1e-2)


def test_integers_and_floats_get_the_same_codes():
    rng = np.random.default_rng(1)
    values = rng.normal(50, 20, (1, 40, 40)).round().astype(np.int32)
    levels = make_levels(-30, 16000, 50, 40)
    assert np.array_equal(to_codes(values, levels), to_codes(values.astype(float), levels))


def test_bulk_is_finer_than_one_part_in_a_hundred():
    rng = np.random.default_rng(2)
    panels = rng.normal(20, 10, (4, 185, 388)).astype(np.int16)
    panels[0, :20, :20] = 15000  # saturated spots must not coarsen the rest
    coded = encode(panels, 2, make_mask(panels.shape, 2))
    middle = coded.levels[(coded.levels > 0) & (coded.levels < 40)]
    assert np.diff(middle).max() < 2.0  # ADU


def test_absent_segments_and_bad_blocks_have_no_value():
    panels = np.full((2, 6, 6), 100, np.int16)
    bad = np.zeros(panels.shape, bool)
    bad[0, :2, :2] = True
    coded = encode(panels, 2, make_mask(panels.shape, 2, bad), np.array([True, False]))
    assert coded.codes[0, 0, 0] == NO_DATA
    assert (coded.codes[0].ravel()[1:] > NO_DATA).all()
    assert (coded.codes[1] == NO_DATA).all()


def test_nan_has_no_value():
    panels = np.ones((1, 4, 4))
    panels[0, 0, 0] = np.nan
    coded = encode(panels, 1, make_mask(panels.shape, 1))
    assert (coded.codes == NO_DATA).sum() == 1


@pytest.mark.parametrize("value", [0, -5, 16383])
def test_a_constant_frame_is_coded(value):
    panels = np.full((1, 4, 4), value, np.int16)
    coded = encode(panels, 2, make_mask(panels.shape, 2))
    assert np.allclose(coded.levels[coded.codes], value, atol=1e-3)


def test_nothing_present_is_coded_as_nothing():
    panels = np.zeros((2, 4, 4), np.int16)
    coded = encode(panels, 2, make_mask(panels.shape, 2), np.zeros(2, bool))
    assert not coded.codes.any()


@pytest.mark.parametrize(
    ("shape", "f"),
    [
        ((32, 185, 388), 2),
        ((2, 185, 388), 1),
        ((1, 480, 640), 1),
        ((1, 1024, 1024), 2),
        ((1, 4096, 4096), 8),
    ],
)
def test_binning_serves_the_pane(shape, f):
    assert binning_for(shape) == f


def test_the_order_of_the_panels_in_memory_does_not_matter():
    rng = np.random.default_rng(8)
    panels = rng.integers(0, 99, (2, 9, 7)).astype(np.int16)
    bad = rng.random(panels.shape) < 0.2
    mask = make_mask(panels.shape, 2, bad)
    assert np.array_equal(
        block_mean(np.asfortranarray(panels), 2, mask), block_mean(panels, 2, mask)
    )


@pytest.mark.parametrize("kind", [np.int16, np.float64])
def test_mean_is_over_the_good_pixels(kind):
    rng = np.random.default_rng(9)
    panels = rng.integers(-500, 9999, (3, 9, 7)).astype(kind)
    bad = rng.random(panels.shape) < 0.3
    mean = block_mean(panels, 2, make_mask(panels.shape, 2, bad))
    good = np.where(bad, np.nan, panels)
    for s, r, c in np.ndindex(mean.shape):
        block = good[s, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2]
        expected = np.nanmean(block) if np.isfinite(block).any() else 0
        assert abs(mean[s, r, c] - expected) <= 0.5


def test_absent_segments_do_not_widen_the_levels():
    panels = np.random.default_rng(2).integers(1100, 1300, (4, 16, 16)).astype(np.int16)
    present = np.array([True, False, True, True])
    mask = make_mask(panels.shape, 2)
    panels[1] = 0
    coded = encode(panels, 2, mask, present)
    means = block_mean(panels, 2, mask)[present]
    assert coded.levels[1:].min() == means.min()
    assert coded.levels[1:].max() == means.max()
    assert not coded.codes[1].any()
