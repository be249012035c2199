import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from xtcview.analysis.peaks import PEAK, PeakRules, find_peaks, local_maxima
from xtcview.errors import AnalysisError, ConstantsError

SHAPE = (4, 60, 80)


def noise(seed=0, shape=SHAPE, sigma=4.0):
    return np.random.default_rng(seed).normal(10, sigma, shape).astype(np.float32)


def add_spot(panels, segment, row, col, photons=2000.0, sigma=0.8):
    rows, cols = np.mgrid[: panels.shape[1], : panels.shape[2]]
    distance = (rows - row) ** 2 + (cols - col) ** 2
    panels[segment] += photons / (2 * np.pi * sigma**2) * np.exp(-distance / (2 * sigma**2))


def places(peaks):
    return list(zip(*(peaks[name].tolist() for name in ("segment", "row", "col")), strict=True))


def test_spots_are_found_where_they_are():
    panels = noise()
    spots = [(0, 20, 30), (1, 12, 15), (1, 40, 60), (3, 45, 33)]
    for spot in spots:
        add_spot(panels, *spot)
    peaks = find_peaks(panels)
    assert peaks.dtype == PEAK
    assert places(peaks) == spots
    assert peaks["total"] == pytest.approx(2000, rel=0.1)
    assert peaks["background"] == pytest.approx(10, abs=2)
    assert peaks["noise"] == pytest.approx(4, abs=1)
    assert (peaks["pixels"] > 5).all()


def test_centres_are_finer_than_pixels():
    panels = noise(sigma=0.5)
    add_spot(panels, 2, 30.3, 40.7, sigma=1.2)
    (peak,) = find_peaks(panels)
    assert (peak["row"], peak["col"]) == (30, 41)
    assert peak["row_center"] == pytest.approx(30.3, abs=0.03)
    assert peak["col_center"] == pytest.approx(40.7, abs=0.03)


def test_numbers_by_hand():
    image = np.zeros((30, 30))
    image[::2] = 2  # background 1 +- 1 in the ring, nearly
    image[15, 15], image[15, 16], image[14, 15] = 101, 51, 26
    image[20, 15] = 60  # not connected
    (peak,) = find_peaks(image)
    rows, cols = np.mgrid[:30, :30]
    distance = np.hypot(rows - 15, cols - 15)
    ring = image[(distance >= 7) & (distance <= 9)]
    assert peak["background"] == pytest.approx(ring.mean())
    assert peak["noise"] == pytest.approx(ring.std())
    assert peak["pixels"] == 3
    assert peak["highest"] == pytest.approx(101 - ring.mean())
    assert peak["total"] == pytest.approx(178 - 3 * ring.mean())
    assert peak["snr"] == pytest.approx(peak["total"] / (ring.std() * np.sqrt(3)))


def test_noise_alone_has_no_peaks():
    assert find_peaks(noise(shape=(8, 185, 388))).size == 0
    many = find_peaks(noise(), rules=PeakRules(nsigma=0, snr=0))
    assert many.size > 100  # the rules decide


def test_rules():
    panels = noise()
    add_spot(panels, 0, 20, 30)
    add_spot(panels, 0, 40, 30, photons=200)
    assert places(find_peaks(panels)) == [(0, 20, 30), (0, 40, 30)]
    found = find_peaks(panels)
    weak, strong = found["snr"].min(), found["snr"].max()
    assert len(find_peaks(panels, rules=PeakRules(snr=(weak + strong) / 2))) == 1
    assert len(find_peaks(panels, rules=PeakRules(floor=150))) == 1
    assert len(find_peaks(panels, rules=PeakRules(least=int(found["pixels"].max())))) == 1
    assert len(find_peaks(panels, rules=PeakRules(most=int(found["pixels"].min())))) == 1


def test_bad_pixels_and_absent_segments():
    panels = noise()
    add_spot(panels, 1, 20, 30)
    panels[2, 30, 30] = 16000  # hot
    panels[3, 10:12, :] = np.nan
    bad = np.zeros(SHAPE, bool)
    bad[2, 30, 30] = True
    assert places(find_peaks(panels, bad)) == [(1, 20, 30)]
    assert places(find_peaks(panels)) == [(1, 20, 30), (2, 30, 30)]
    assert find_peaks(panels, bad, np.array([True, False, True, True])).size == 0


def test_corners_and_borders():
    panels = noise()
    for spot in ((0, 0, 0), (0, 59, 79), (1, 0, 40), (2, 30, 79)):
        add_spot(panels, *spot)
    assert places(find_peaks(panels)) == [(0, 0, 0), (0, 59, 79), (1, 0, 40), (2, 30, 79)]


def test_a_flat_top_is_one_peak():
    panels = noise()
    panels[0, 20:23, 30:33] = 500
    (peak,) = find_peaks(panels)
    assert (peak["row"], peak["col"], peak["pixels"]) == (20, 30, 9)
    assert (peak["row_center"], peak["col_center"]) == (21, 31)


def test_without_noise_the_ratio_is_infinite():
    image = np.zeros((20, 20), np.int16)
    image[10, 10] = 5
    (peak,) = find_peaks(image)
    assert peak["snr"] == np.inf
    assert peak["total"] == 5
    assert find_peaks(np.zeros((20, 20))).size == 0


def test_without_a_ring_there_is_no_peak():
    image = np.zeros((5, 5))
    image[2, 2] = 100
    assert find_peaks(image).size == 0
    assert find_peaks(image, rules=PeakRules(inner=2, width=0.5)).size == 1


def test_image_is_one_segment():
    panels = noise()
    add_spot(panels, 2, 30, 40)
    assert places(find_peaks(panels[2])) == [(0, 30, 40)]
    assert find_peaks(np.empty((0, 5, 5))).size == 0


@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=14),
        elements=st.integers(0, 20) | st.just(-np.inf),
    ),
    st.integers(1, 6),
)
def test_local_maxima_by_looking(light, rank):
    expected = [
        light[r, c] > -np.inf
        and light[r, c]
        == light[max(0, r - rank) : r + rank + 1, max(0, c - rank) : c + rank + 1].max()
        for r, c in np.ndindex(light.shape)
    ]
    assert local_maxima(light, rank).ravel().tolist() == expected


def test_what_does_not_fit_is_told():
    with pytest.raises(AnalysisError, match="rank of 1 or more"):
        find_peaks(np.ones((9, 9)), rules=PeakRules(rank=0))
    with pytest.raises(ConstantsError, match="bad pixels"):
        find_peaks(np.ones((9, 9)), np.zeros((9, 8), bool))
    with pytest.raises(ConstantsError, match="present segments"):
        find_peaks(np.ones((9, 9)), present=np.zeros(2, bool))
