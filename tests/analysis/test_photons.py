import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from xtcview.analysis.photons import merged_photons, photon_counts
from xtcview.errors import AnalysisError, ConstantsError


def one_by_one(panels, adu, total=0.9, largest=0.5):
    """The rule of psana's det.photons, pixel after pixel, of one segment."""
    light = np.maximum(panels.astype(np.float32) * np.float32(1 / adu), np.float32(0))
    whole = np.floor(light).astype(int)
    rest = light - whole.astype(np.float32)
    rows, cols = rest.shape
    taken = np.zeros(rest.shape, bool)
    beside = [(-1, 0), (1, 0), (0, -1), (0, 1)]

    def value(r, c):
        return rest[r, c] if 0 <= r < rows and 0 <= c < cols else np.float32(0)

    def highest(r, c):
        here = rest[r, c]
        before, after = (value(r - 1, c), value(r, c - 1)), (value(r + 1, c), value(r, c + 1))
        return here >= np.float32(largest) and here > max(before) and here >= max(after)

    def turn(place):
        r, c = place
        side_r, side_c = (r == 0) + 2 * (0 < r == rows - 1), (c == 0) + 2 * (0 < c == cols - 1)
        return [[0, 1, 2], [3, 7, 8], [4, 5, 6]][side_r][side_c]

    for r, c in sorted(np.ndindex(rest.shape), key=turn):
        if highest(r, c):
            best, share = None, np.float32(0)
            for dr, dc in beside:
                inside = 0 <= r + dr < rows and 0 <= c + dc < cols
                if inside and not taken[r + dr, c + dc] and rest[r + dr, c + dc] >= share:
                    best, share = (r + dr, c + dc), rest[r + dr, c + dc]
            if rest[r, c] + share >= np.float32(total):
                whole[r, c] += 1
                if best is not None:
                    taken[best] = True
    return whole


def test_counts_are_rounded():
    adu = np.array([[-40.0, 0.0, 13.4, 13.6, 40.4, 40.6, 270.0]])
    assert photon_counts(adu, 27).tolist() == [[0, 0, 0, 1, 1, 2, 10]]
    assert photon_counts(adu, 27, fraction=0.9).tolist() == [[0, 0, 0, 0, 1, 1, 10]]
    assert photon_counts(adu, 27, bad=adu == 270).tolist() == [[0, 0, 0, 1, 1, 2, 0]]
    assert photon_counts(adu, 27).dtype == np.int32


@given(
    arrays.arrays(np.int32, (2, 5, 6), elements=st.integers(0, 500)),
    st.integers(4, 60),
    st.randoms(use_true_random=False),
)
def test_photons_come_back_from_noisy_adu(photons, gain, random):
    noise = np.array([random.uniform(-0.4, 0.4) for _ in range(photons.size)])
    adu = gain * (photons + noise.reshape(photons.shape))
    assert photon_counts(adu, gain).tolist() == photons.tolist()


def test_a_shared_photon_is_one_photon():
    adu = np.zeros((5, 6), np.float32)
    adu[2, 2], adu[2, 3] = 18, 9  # of 27
    assert photon_counts(adu, 27).sum() == 1
    adu[2, 2], adu[2, 3] = 14, 13
    expected = np.zeros((5, 6), int)
    expected[2, 2] = 1
    assert merged_photons(adu, 27).tolist() == expected.tolist()
    adu[0, 5], adu[1, 5] = 27 * 3.6, 27 * 2.35  # in the corner, on top of whole photons
    expected[0, 5], expected[1, 5] = 4, 2
    assert merged_photons(adu, 27).tolist() == expected.tolist()


def test_what_is_left_is_used_once():
    # two pixels want the one between them; the left one comes first
    adu = np.array([[0, 0, 0, 0, 0], [0, 0.6, 0.35, 0.6, 0], [0, 0, 0, 0, 0]])
    assert merged_photons(adu, 1.0).tolist() == [[0] * 5, [0, 1, 0, 0, 0], [0] * 5]
    sides = adu[:, 1:4]  # now both stand at the border
    assert merged_photons(sides, 1.0).tolist() == [[0] * 3, [1, 0, 0], [0] * 3]
    assert merged_photons(sides.T, 1.0).T.tolist() == [[0] * 3, [1, 0, 0], [0] * 3]
    assert merged_photons(adu, 1.0, total=0.6).sum() == 2
    assert merged_photons(adu, 1.0, largest=0.7).sum() == 0


def test_bad_pixels_share_nothing():
    adu = np.array([[0.0, 0.0, 0.0], [0.0, 0.6, 0.4], [0.0, 0.0, 0.0]])
    bad = np.zeros(adu.shape, bool)
    assert merged_photons(adu, 1.0, bad=bad).sum() == 1
    bad[1, 2] = True
    assert merged_photons(adu, 1.0, bad=bad).sum() == 0


def test_segments_share_nothing():
    adu = np.zeros((2, 3, 4))
    adu[0, 2, 3], adu[1, 0, 0] = 0.6, 0.4
    assert merged_photons(adu, 1.0).sum() == 0


@given(
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=9),
    st.integers(0, 2**32 - 1),
    st.floats(0.05, 4),
    st.sampled_from([0.5, 0.9, 1.0]),
)
def test_merging_at_once_is_merging_one_by_one(shape, seed, top, total):
    panels = np.random.default_rng(seed).uniform(-0.2, top, (2, *shape)) * 27
    found = merged_photons(panels, 27, total)
    assert found.tolist() == [one_by_one(segment, 27, total).tolist() for segment in panels]


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (3, 3), (3, 5), (4, 4), (6, 7)])
def test_pairs_compete_in_psanas_order(shape):
    # few values, so that neighbours are often equal and one is often wanted by two
    tenths = np.random.default_rng(sum(shape)).choice([0, 3, 3, 4, 6, 6, 7], (800, *shape))
    found = merged_photons(tenths, 10)
    assert found.tolist() == [one_by_one(segment, 10).tolist() for segment in tenths]


@pytest.mark.parametrize("convert", [photon_counts, merged_photons])
def test_what_cannot_be_photons_is_told(convert):
    adu = np.ones((3, 4))
    adu[1, 1], adu[2, 2] = np.nan, 1e12
    with pytest.raises(AnalysisError, match="2 pixels are nan or above"):
        convert(adu, 27)
    assert convert(adu, 27, bad=~(adu == 1)).sum() == 0
    with pytest.raises(AnalysisError, match="above 0, found 0"):
        convert(adu, 0)
    with pytest.raises(AnalysisError, match="up to 1"):
        convert(adu, 27, 1.5)
    with pytest.raises(ConstantsError, match="bad pixels: expected 12 values"):
        convert(adu, 27, bad=np.ones(3, bool))
    assert np.isnan(adu[1, 1])  # what was given stays as it was
