import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from xtcview.analysis import roi
from xtcview.analysis.histogram import histogram
from xtcview.errors import AnalysisError, ConstantsError

SHAPE = (3, 10, 12)


@pytest.fixture
def panels():
    return np.arange(360, dtype=np.int16).reshape(SHAPE)


def test_box():
    inside = roi.box(SHAPE, (2, 4), (5, 8))
    assert inside.sum() == 3 * 2 * 3
    assert inside[1, 2:4, 5:8].all()
    assert roi.box(SHAPE, (0, 10), (0, 12), segment=2).sum(axis=(1, 2)).tolist() == [0, 0, 120]
    assert roi.box((10, 12), (9, 10), (11, 12)).sum() == 1


@pytest.mark.parametrize(
    "wrong", [((0, 11), (0, 12)), ((3, 3), (0, 1)), ((-1, 2), (0, 1)), ((0, 1), (0, 13))]
)
def test_box_must_be_inside(wrong):
    with pytest.raises(AnalysisError, match=r"not inside \(10, 12\)"):
        roi.box(SHAPE, *wrong)
    with pytest.raises(AnalysisError, match="segment 3: expected 0 to 2"):
        roi.box(SHAPE, (0, 1), (0, 1), segment=3)


def test_disc_and_band():
    y, x = np.mgrid[-5:6, -5:6].astype(float)
    assert roi.disc(x, y, (0, 0), 1).sum() == 5
    assert roi.disc(x, y, (2, -3), 0)[2, 7]
    ring = roi.band(np.hypot(x, y), 1, 2)
    assert ring.sum() == 8  # (1, 0), (1, 1) and their like
    assert not ring[5, 5]


def test_statistics(panels):
    found = roi.roi_statistics(panels, roi.box(SHAPE, (2, 4), (5, 8), 1), threshold=150)
    values = panels[1, 2:4, 5:8]
    assert found.pixels == 6
    assert found.total == values.sum()
    assert (found.mean, found.std) == (values.mean(), pytest.approx(values.std()))
    assert (found.lowest, found.highest) == (149, 163)
    assert found.above == 4


def test_statistics_leave_out_bad_and_absent(panels):
    everywhere = np.ones(SHAPE, bool)
    bad = panels % 2 == 1
    found = roi.roi_statistics(panels, everywhere, bad, np.array([False, True, True]))
    assert found.pixels == 120
    assert (found.lowest, found.highest) == (120, 358)
    assert found.above is None
    image = roi.roi_statistics(panels[0], everywhere[0], bad[0], np.array([True]))
    assert image.pixels == 60


def test_statistics_of_large_counts_do_not_overflow():
    panels = np.full((1, 100, 100), 16383, np.int16)
    assert roi.roi_statistics(panels, np.ones(panels.shape, bool)).total == 163_830_000


def test_statistics_of_nothing(panels):
    found = roi.roi_statistics(panels, np.zeros(SHAPE, bool), threshold=0)
    assert (found.pixels, found.total, found.above) == (0, 0, 0)
    assert np.isnan([found.mean, found.std, found.lowest, found.highest]).all()


def test_a_nan_in_the_region_is_seen():
    panels = np.array([[1.0, np.nan]])
    assert np.isnan(roi.roi_statistics(panels, np.array([[True, True]])).mean)
    assert roi.roi_statistics(panels, np.array([[True, False]])).mean == 1


def test_regions_must_fit(panels):
    with pytest.raises(ConstantsError, match="region of interest: expected 360 values"):
        roi.roi_statistics(panels, np.ones((10, 12), bool))


@given(st.data())
def test_histogram_of_counts_is_numpys(data):
    shape = data.draw(arrays.array_shapes(min_dims=2, max_dims=3, max_side=8))
    panels = data.draw(arrays.arrays(np.int16, shape))
    bad = data.draw(arrays.arrays(np.bool_, shape))
    low = data.draw(st.integers(-300, 300))
    bins, width = data.draw(st.integers(1, 400)), data.draw(st.integers(1, 100))
    found = histogram(panels, low, low + bins * width, width, bad)
    good = panels[~bad].astype(int)
    limits = low + width * np.arange(bins + 1)
    assert found.edges.tolist() == limits.tolist()
    inside = good[(good >= low) & (good < limits[-1])]
    assert found.counts.tolist() == np.histogram(inside, limits)[0].tolist()
    assert found.below == np.count_nonzero(good < low)
    assert found.above == np.count_nonzero(good >= limits[-1])


def test_histogram_loses_no_pixel():
    panels = np.random.default_rng(1).normal(0, 40, (4, 30, 50)).astype(np.float32)
    panels[1, 2, 3:6] = np.nan, np.inf, -np.inf
    found = histogram(panels, -50, 50, 0.1)
    assert found.unknown == 1
    assert found.counts.size == 1000
    assert found.counts.sum() + found.below + found.above + found.unknown == panels.size
    assert found.below > 100
    assert found.above > 100
    present = np.array([True, False, True, True])
    some = histogram(panels, -50, 50, 0.1, present=present)
    assert some.unknown == 0
    assert some.counts.sum() + some.below + some.above == 4500


def test_a_partial_last_bin_is_a_whole_one():
    assert histogram(np.zeros((1, 1)), 0, 1, 0.3).edges == pytest.approx([0, 0.3, 0.6, 0.9, 1.2])
    assert histogram(np.zeros((1, 1)), 0, 0.3, 0.1).counts.tolist() == [1, 0, 0]


@pytest.mark.parametrize("wrong", [(0, 0, 1), (1, 0, 1), (0, 1, 0), (0, 1, -1), (0, 1, 1e-9)])
def test_histogram_needs_bins(wrong):
    with pytest.raises(AnalysisError, match="expected 1 to 16777216 bins"):
        histogram(np.zeros((2, 2)), *wrong)
