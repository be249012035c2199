"""Jungfrau, Epix10ka and the medians of the pnCCD: psana's recorded answers, bit by bit."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import golden_json
from tests.support import counts
from xtcview.calib import gains, levels
from xtcview.calib.devices import COMMON_MODES
from xtcview.calib.medians import (
    OFF,
    Medians,
    median_parameters,
    subtract_bank_medians,
    subtract_pnccd_medians,
)
from xtcview.errors import ConstantsError

GOLDEN = golden_json("gain-modes.json")


def crc(array):
    """Checksum in which -0.0 is 0.0."""
    return zlib.crc32((array + np.float32(0)).tobytes())


def as_recorded(parts, name):
    """The inputs, when they are those of the recording."""
    assert [zlib.crc32(part.tobytes()) for part in parts] == GOLDEN[f"{name}_input"]
    return parts


@pytest.fixture(scope="module")
def jungfrau():
    return as_recorded(counts.jungfrau(), "jungfrau")


@pytest.fixture(scope="module")
def epix10ka():
    return as_recorded(counts.epix10ka(), "epix10ka")


@pytest.fixture(scope="module")
def pnccd():
    return as_recorded(counts.pnccd(), "pnccd")


def titles(name):
    return [f"{case['cmpars']} {'masked' if case['masked'] else 'all'}" for case in GOLDEN[name]]


@pytest.mark.parametrize("case", GOLDEN["jungfrau"], ids=titles("jungfrau"))
def test_jungfrau_as_psana(jungfrau, case):
    raw, pedestals, offset, gain, bad = jungfrau
    before = raw.copy()
    stages = levels.jungfrau_levels(pedestals, gain, offset, raw.shape)
    parameters = median_parameters(case["cmpars"])
    found = levels.calibrate(raw, stages, parameters, 16, bad if case["masked"] else None)
    assert (found.dtype, found.shape) == (np.float32, raw.shape)
    assert found.sum(dtype="f8") == pytest.approx(case["sum"], rel=1e-12)
    assert crc(found) == case["crc32"]
    assert np.array_equal(raw, before)


@pytest.mark.parametrize("case", GOLDEN["epix10ka"], ids=titles("epix10ka"))
def test_epix10ka_as_psana(epix10ka, case):
    pixels, trbits, raw, pedestals, gain, status = epix10ka
    bits = gains.epix10ka_bits(pixels, trbits)
    stages = levels.epix10ka_levels(bits, pedestals, gain)
    bad = gains.merged_bad("Epix10ka", status != 0) if case["masked"] else None
    found = levels.calibrate(raw, stages, median_parameters(case["cmpars"]), 8, bad)
    assert crc(found) == case["crc32"]


@pytest.mark.parametrize("case", GOLDEN["pnccd"], ids=titles("pnccd"))
def test_pnccd_medians_as_psana(pnccd, case):
    data, good = pnccd
    panels = data.copy()
    subtract_pnccd_medians(
        panels, good if case["masked"] else None, median_parameters(case["cmpars"])
    )
    assert crc(panels) == case["crc32"]


def test_epix10ka_modes_as_psana(epix10ka):
    pixels, trbits, raw, *_, status = epix10ka
    bits = gains.epix10ka_bits(pixels, trbits)
    assert zlib.crc32(bits.tobytes()) == GOLDEN["epix10ka_bits"]
    modes = gains.epix10ka_modes(bits, raw).astype("i2")
    modes[modes == gains.NO_MODE] = -1
    assert np.bincount(modes.ravel() + 1).tolist() == GOLDEN["epix10ka_modes"]["counts"]
    assert zlib.crc32(modes.tobytes()) == GOLDEN["epix10ka_modes"]["crc32"]
    assert gains.merged_bad("Epix10ka2M", status != 0).sum() == GOLDEN["epix10ka_bad"]


# the modes of single pixels, by name


@pytest.mark.parametrize(
    ("config", "trbit", "low", "name"),
    [
        (0b1100, 1, 0, "FH"),
        (0b1100, 1, 1, "FH"),
        (0b1111, 0, 0, "FM"),
        (0b1000, 0, 0, "FL"),
        (0b1000, 1, 1, "FL"),
        (0b0000, 1, 0, "AHL-H"),
        (0b0000, 1, 1, "AHL-L"),
        (0b0011, 0, 0, "AML-M"),
        (0b0000, 0, 1, "AML-L"),
        (0b0100, 0, 0, None),
    ],
)
def test_a_mode_of_the_epix10ka(config, trbit, low, name):
    bits = gains.epix10ka_bits(np.full((1, 2, 2), config, "u2"), np.full((1, 4), trbit))
    modes = gains.epix10ka_modes(bits, np.full((1, 2, 2), low << 14 | 99, "u2"))
    expected = gains.NO_MODE if name is None else gains.EPIX10KA_MODES.index(name)
    assert (modes == expected).all()


def test_each_asic_has_its_quadrant():
    bits = gains.epix10ka_bits(np.zeros((4, 2, 2), "u2"), np.eye(4))
    assert [np.argwhere(panel).tolist() for panel in bits] == [
        [[1, 1]],
        [[0, 1]],
        [[0, 0]],
        [[1, 0]],
    ]


def test_modes_of_the_jungfrau():
    raw = np.array([[[0, 1 << 14, 2 << 14, 3 << 14]]], "u2") | 7
    assert gains.jungfrau_modes(raw).tolist() == [[[0, 1, gains.NO_MODE, 2]]]


# the chain by hand


def test_every_mode_has_its_constants():
    raw = np.array([[[100, 1 << 14 | 100, 2 << 14 | 100, 3 << 14 | 100]]], "u2")
    pedestals = np.array([10, 20, 30], "f4").reshape(3, 1, 1, 1) * np.ones((1, 1, 1, 4), "f4")
    gain = np.array([2, 4, 8], "f4").reshape(3, 1, 1, 1) * np.ones((1, 1, 1, 4), "f4")
    offset = np.ones((3, 1, 1, 4), "f4")
    stages = levels.jungfrau_levels(pedestals, gain, offset, raw.shape)
    found = levels.calibrate(raw, stages, OFF, 16)
    assert found.tolist() == [[[89 / 2, 79 / 4, 100, 69 / 8]]]  # the third has no mode
    plain = levels.jungfrau_levels(None, None, None, raw.shape)
    assert levels.calibrate(raw, plain, OFF, 16).tolist() == [[[100] * 4]]


def test_a_gain_of_zero_gives_zero():
    raw = np.full((1, 2, 2), 50, "u2")
    stages = levels.jungfrau_levels(None, np.zeros((3, 1, 2, 2), "f4"), None, raw.shape)
    assert not levels.calibrate(raw, stages, OFF, 1).any()


def test_bad_pixels_become_zero_even_when_their_pedestal_is_no_number():
    raw = np.full((1, 2, 2), 50, "u2")
    pedestals = np.full((3, 1, 2, 2), np.nan, "f4")
    stages = levels.jungfrau_levels(pedestals, None, None, raw.shape)
    assert not levels.calibrate(raw, stages, OFF, 1, np.ones((1, 2, 2), bool)).any()


def test_constants_of_another_detector_are_refused():
    stages = levels.jungfrau_levels(None, None, None, (2, 4, 16))
    with pytest.raises(ConstantsError, match=r"constants of shape \(2, 4, 16\) for panels"):
        levels.calibrate(np.zeros((1, 4, 16), "u2"), stages, OFF, 16)


def test_levels_are_made_once_for_a_run_and_configuration():
    kept, asked = levels.Levels(), []
    config = object()

    def load(kind):
        asked.append(kind)

    bits = np.zeros((1, 2, 2), np.uint8)
    first = kept.of((3, config), lambda: bits, load, bits.shape)
    assert kept.of((3, config), lambda: bits, load, bits.shape) is first
    assert asked == ["pedestals", "pixel_gain"]
    assert kept.of((4, config), lambda: None, load, bits.shape) is not first
    assert asked[2:] == ["pedestals", "pixel_gain", "pixel_offset"]


def test_constants_have_the_modes_in_front():
    assert gains.constants_shape("Jungfrau", "pedestals", (8, 512, 1024)) == (3, 8, 512, 1024)
    assert gains.constants_shape("Epix10kaQuad", "pixel_gain", (4, 352, 384)) == (7, 4, 352, 384)
    assert gains.constants_shape("Epix10ka2M", "pixel_mask", (16, 2, 2)) == (16, 2, 2)
    assert gains.constants_shape("Cspad", "pedestals", (32, 185, 388)) == (32, 185, 388)


# medians


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 40), st.integers(0, 20), st.booleans())
def test_rows_of_banks_by_hand(seed, limit, least, masked):
    rng = np.random.default_rng(seed)
    panels = rng.integers(-60, 60, (1, 4, 32)).astype("f4")
    votes = rng.random(panels.shape) < 0.6 if masked else None
    found = panels.copy()
    subtract_bank_medians(found, votes, Medians(7, 1, limit, least), banks=2)
    for row in range(4):
        for bank in (slice(0, 16), slice(16, 32)):
            mine = np.ones(16, bool) if votes is None else votes[0, row, bank]
            values = panels[0, row, bank]
            expected = values.copy()
            if mine.sum() > (least if masked else -1) and mine.any():
                median = np.float32(np.median(values[mine]))
                if abs(median) < limit:
                    expected[mine] -= median
            assert np.array_equal(found[0, row, bank], expected)


def test_parameters():
    assert median_parameters((7, 3, 200, 10)) == Medians(7, 3, 200.0, 10.0)
    assert median_parameters((7, 3, 200)) == Medians(7, 3, 200.0, 10.0)
    assert median_parameters((8, 5, 500)) == Medians(8, 5, 500.0, 10.0)
    assert median_parameters((0, 1, 2)) == median_parameters(0) == OFF
    for device in gains.FAMILIES:
        assert median_parameters(COMMON_MODES[device]).algorithm == 7


@pytest.mark.parametrize("numbers", [(), (1, 25, 25, 100), (7, 1), (9, 1, 1)])
def test_other_parameters_are_refused(numbers):
    with pytest.raises(ConstantsError, match="expected 7 steps limit"):
        median_parameters(numbers)


def test_panels_that_cannot_be_cut_into_banks_are_refused():
    with pytest.raises(ConstantsError, match=r"cannot be cut into equal banks"):
        subtract_bank_medians(np.zeros((1, 4, 30), "f4"), None, Medians(7, 1, 9), banks=16)
