"""Algorithms 2, 3, 4 and 6 against psana's, written out here region by region."""

import math
import statistics

import numpy as np
import pytest

from xtcview.calib.correct import calibrate
from xtcview.calib.parameters import CommonMode, common_mode_parameters
from xtcview.calib.regions import EPIX100, FCCD960, subtract_regions
from xtcview.errors import ConstantsError


def noisy(shape, seed=0, bright=0.02):
    """Panels with a shift of each row and column, noise, photons, and bad pixels."""
    rng = np.random.default_rng(seed)
    panels = rng.normal(0, 4, shape) + rng.normal(0, 6, shape[:-1])[..., None]
    panels += rng.normal(0, 3, shape[-1])
    panels[rng.random(shape) < bright] += 200
    return panels.astype(np.float32), rng.random(shape) < 0.03


def chunks_by_the_book(panels, bad, algorithm, threshold, most, length):
    flat, good = panels.ravel().copy(), ~bad.ravel()
    for start in range(0, flat.size, length):
        part = slice(start, start + length)
        votes = [v for v, g in zip(flat[part], good[part], strict=True) if g and v < threshold]
        if not votes:
            continue
        if algorithm == 2:
            shift = np.float32(sum(map(float, votes)) / len(votes))
        else:
            shift = np.float32(sorted(int(v) for v in votes)[math.ceil(len(votes) / 2) - 1])
        if abs(shift) <= most:
            flat[part] -= shift
    return flat.reshape(panels.shape)


@pytest.mark.parametrize("algorithm", [2, 3])
@pytest.mark.parametrize(
    ("shape", "length"), [((2, 64, 64), 128), ((1, 30, 50), 128), ((3, 10, 100), 250)]
)
def test_chunks(algorithm, shape, length):
    panels, bad = noisy(shape)
    bad[0, :4] = True  # a chunk without votes
    expected = chunks_by_the_book(panels, bad, algorithm, 20, 8, length)
    numbers = (algorithm, 20, 8, length)
    (shifts,) = subtract_regions(panels, common_mode_parameters(numbers), bad)
    assert panels.tobytes() == expected.tobytes()
    assert shifts.regions == "chunk"
    assert shifts.found.size == math.ceil(panels.size / length)
    assert not shifts.applied.all()
    assert shifts.applied.any()
    assert (np.abs(shifts.found[shifts.applied]) <= 8).all()


def test_a_short_length_means_128():
    assert common_mode_parameters((2, 10, 10, 0)).length == 128
    assert common_mode_parameters((3, 10, 10, 99)).length == 128
    assert common_mode_parameters((3, 10, 10, 100)).length == 100


def test_chunks_follow_the_order_of_the_daq():
    panels, bad = noisy((2, 16, 16))
    daq = np.ascontiguousarray(np.moveaxis(panels, 0, -1))
    expected = chunks_by_the_book(daq, np.moveaxis(bad, 0, -1), 2, 30, 30, 128)
    subtract_regions(panels, common_mode_parameters((2, 30, 30, 128)), bad, interleaved=True)
    assert np.array_equal(np.moveaxis(panels, 0, -1), expected)


def epix_by_the_book(panels, bad, regions, reach, most):
    image = panels[0].copy()
    for r0 in (0, 352):
        for c0 in range(0, 768, 96):
            bank = image[r0 : r0 + 352, c0 : c0 + 96]
            good = ~bad[0, r0 : r0 + 352, c0 : c0 + 96]
            pieces = [(slice(None), slice(None))] if regions & 1 else []
            pieces += [(slice(r, r + 1), slice(None)) for r in range(352)] if regions & 2 else []
            pieces += [(slice(None), slice(c, c + 1)) for c in range(96)] if regions & 4 else []
            for piece in pieces:
                values = bank[piece]
                votes = values[good[piece] & (np.abs(values) <= reach)]
                if votes.size >= 10:
                    shift = np.float32(statistics.median(votes.tolist()))
                    if not most or abs(shift) <= most:
                        values -= shift
    return image[None]


@pytest.mark.parametrize("regions", [1, 2, 4, 6, 7])
def test_banks_of_an_epix100(regions):
    panels, bad = noisy((1, *EPIX100))
    bad[0, 5, :90] = True  # a row of a bank with too few votes
    expected = epix_by_the_book(panels, bad, regions, 30, 10)
    found = subtract_regions(panels, common_mode_parameters((4, regions, 30, 10)), bad)
    assert np.array_equal(panels, expected)
    names = {1: "bank", 2: "row", 4: "column"}
    assert [s.regions for s in found] == [n for bit, n in names.items() if regions & bit]
    if regions & 2:
        (rows,) = [s for s in found if s.regions == "row"]
        assert rows.found.shape == (1, 704, 8)
        assert np.isnan(rows.found[0, 5, 0])
        assert not rows.applied[0, 5, 0]


def test_a_limit_of_0_is_none_for_banks():
    panels, _ = noisy((1, *EPIX100), bright=0)
    panels += 25
    (free,) = subtract_regions(panels.copy(), common_mode_parameters((4, 1, 60, 0)))
    (held,) = subtract_regions(panels.copy(), common_mode_parameters((4, 1, 60, 10)))
    assert free.applied.all()
    assert not held.applied.any()
    assert np.array_equal(free.found, held.found)


def masked_by_the_book(panels, rms, settings):
    image = panels[0].copy()
    bright = image >= rms[0] * 10
    near = np.zeros((706, 770), bool)
    for r, c in ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2)):
        near[r : r + 704, c : c + 768] |= bright
    hidden = near[1:-1, 1:-1] | (np.abs(image) > settings.get("histoRange", 30))
    regions, most = settings.get("colrow", 3), settings.get("maxCorr", 30)
    pieces = [(slice(r, r + 352), slice(c, c + 1)) for r in (0, 352) for c in range(768)]
    pieces = pieces if regions % 2 else []
    if regions >= 2:
        rows = [(slice(r, r + 1), slice(c, c + 96)) for r in range(704) for c in range(0, 768, 96)]
        pieces = pieces + rows
    for piece in pieces:
        values, out = image[piece], hidden[piece]
        if out.sum() > (1 - settings.get("minFrac", 0.25)) * out.size:
            continue
        shift = np.float32(np.median(values[~out]))
        if abs(shift) <= most:
            values -= shift
    return image[None]


@pytest.mark.parametrize(
    "settings", [{}, {"colrow": 1}, {"colrow": 2, "maxCorr": 5}, {"histoRange": 8, "minFrac": 0.9}]
)
def test_banks_without_bright_pixels(settings):
    panels, _ = noisy((1, *EPIX100), bright=0.004)
    rms = np.random.default_rng(1).uniform(2, 4, panels.shape).astype(np.float32)
    expected = masked_by_the_book(panels, rms, settings)
    parameters = common_mode_parameters((6,), **settings)
    found = subtract_regions(panels, parameters, rms=rms)
    assert np.array_equal(panels, expected)
    assert any(not s.applied.all() for s in found) == bool(
        settings.get("maxCorr") or "minFrac" in settings
    )


def test_the_mean_can_be_subtracted_first():
    panels = np.full((1, *EPIX100), 3, np.float32)
    panels[0, 0, 0] = 900  # bright: it does not vote and stays
    found = subtract_regions(panels, common_mode_parameters((6,), normAll=True, colrow=0))
    assert found == []
    assert panels[0, 9, 9] == 0
    assert panels[0, 0, 0] == 900


def histogram_median_by_the_book(values, reach, limit):
    low, high = -max(reach, 10), max(reach, 10)
    while True:
        bins = high - low + 1
        if bins > 10000 or len(values) < 10:
            return None
        counts = [0] * bins
        for v in values:
            counts[min(max(int(v) - low, 0), bins - 1)] += 1
        if counts[0] > len(values) // 2:
            if limit and low < -limit:
                return None
            low -= bins // 4
        elif counts[-1] > len(values) // 2:
            if limit and high > limit:
                return None
            high += bins // 4
        else:
            break
    left, at = math.ceil(len(values) / 2), -1
    while left > 0:
        at += 1
        left -= counts[at]
    shift = float(np.float32(float(np.float32(low + at) + np.float32(left / counts[at])) + 0.8))
    return None if limit and abs(shift) > limit else np.float32(shift)


@pytest.mark.parametrize(("reach", "limit"), [(20, 30), (5, 0), (20, 3)])
def test_rows_and_supercolumns_of_an_fccd(reach, limit):
    panels, bad = noisy((1, *FCCD960))
    panels[0, 100:110] += 60  # outside of the first range
    panels[0, 200:210] -= 5000
    image, good = panels[0].copy(), ~bad[0]
    for row in (0, 7, 100, 205, 959):
        for start in range(0, 960, 160):
            for k in (0, 1):
                piece = (row, slice(start + k, start + 160, 2))
                votes = image[piece][good[piece]].tolist()
                shift = histogram_median_by_the_book(votes, reach, limit)
                image[piece] -= 0 if shift is None else shift
    rows = panels.copy()
    found = subtract_regions(rows, common_mode_parameters((4, 1, reach, limit)), bad)
    for row in (0, 7, 100, 205, 959):
        assert np.array_equal(rows[0, row], image[row])
    assert [s.regions for s in found] == ["row", "row"]
    blocks = panels.copy()
    (shifts,) = subtract_regions(blocks, common_mode_parameters((4, 2, reach, limit)), bad)
    assert shifts.found.shape == (1, 2, 96)
    piece = (slice(480, 960), slice(950, 960))
    shift = histogram_median_by_the_book(panels[0][piece][good[piece]].tolist(), reach, limit)
    expected = panels[0][piece] - (0 if shift is None else shift)
    assert np.array_equal(blocks[0][piece], expected)


def test_medians_of_a_pnccd():
    panels, _ = noisy((4, 512, 512), bright=0)
    panels[2] += 700  # more than allowed
    expected = panels.copy()
    for bank in range(0, 512, 128):
        part = expected[..., bank : bank + 128]
        shift = np.median(part, axis=2, keepdims=True)
        part -= np.where(np.abs(shift) < 500, shift, 0)
    before = panels.copy()
    (shifts,) = subtract_regions(panels, common_mode_parameters((8, 1, 500)))
    assert np.array_equal(panels, expected)
    assert shifts.applied.tolist() == [True, True, False, True]
    assert shifts.found == pytest.approx((before - expected).mean(axis=(1, 2)), abs=1e-4)


@pytest.mark.parametrize("numbers", [(4, 1, 30, 10), (6,), (8, 1, 500)])
def test_banks_need_their_detector(numbers):
    with pytest.raises(ConstantsError, match=r"algorithm . is not made for segments of \(8, 96\)"):
        subtract_regions(np.zeros((1, 8, 96), np.float32), common_mode_parameters(numbers))


@pytest.mark.parametrize(
    ("numbers", "settings", "words"),
    [
        ((6, 30), {}, "6 has no further numbers; give the keywords maxCorr"),
        ((6,), {"maxcorr": 3}, "no 'maxcorr'. Did you mean 'maxCorr'"),
        ((1, 25, 25, 100), {"maxCorr": 3}, "maxCorr belong to algorithm 6"),
        ((2, 10), {}, r"algorithm 2 needs 4 numbers, found 2; expected 2 \(mean\) threshold"),
    ],
)
def test_parameters_that_cannot_be_used(numbers, settings, words):
    with pytest.raises(ConstantsError, match=words):
        common_mode_parameters(numbers, **settings)


def test_the_chain_with_chunks():
    raw = np.full((2, 4, 64), 110, np.uint16)
    raw[1] = 0
    pedestals = np.full(raw.shape, 100, np.float32)
    factor = np.full(raw.shape, 2, np.float32)
    raw[0, 0, 0] = 150
    present = np.array([True, False])
    parameters = CommonMode(2, mean_max=20, threshold=30)
    done = calibrate(raw, pedestals, parameters, factor=factor, present=present)
    assert done.panels[0, 0, 0] == 80
    assert np.count_nonzero(done.panels) == 1
    (shifts,) = done.common_mode
    assert shifts.offsets.tolist()[:2] == [10, 10]
    assert np.isnan(shifts.offsets[2:]).all()  # the absent segment
    assert np.isnan(done.offsets).all()
    held = calibrate(raw, pedestals, parameters, bad=np.ones(raw.shape, bool))
    assert not held.common_mode[0].applied.any()
    assert not held.panels.any()
