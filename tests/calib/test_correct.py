import threading

import numpy as np
import pytest

from xtcview.calib import sharing
from xtcview.calib.correct import (
    CommonMode,
    bad_pixels,
    calibrate,
    common_mode,
    gain_factor,
    ready,
    subtract_common_mode,
    subtract_pedestals,
)
from xtcview.errors import ConstantsError

SHAPE = (2, 185, 388)


@pytest.fixture
def frame():
    """Raw int16 panels: pedestal 1000 and 1100, common mode 3 in segment 0, -8 in segment 1."""
    raw = np.full(SHAPE, 1003, np.int16)
    raw[1] = 1092
    raw[:, 50, 60] += 100
    pedestals = np.full(SHAPE, 1000, np.float32)
    pedestals[1] = 1100
    return raw, pedestals


def test_subtract_pedestals():
    raw = np.array([[[1000, 16383]]], np.uint16)
    result = subtract_pedestals(raw, np.full((1, 1, 2), 1000.25, np.float32))
    assert result.dtype == np.float32
    assert result.tolist() == [[[-0.25, 15382.75]]]
    assert subtract_pedestals(raw, None).tolist() == [[[1000.0, 16383.0]]]
    assert subtract_pedestals(raw, None).dtype == np.float32


def test_chain(frame):
    raw, pedestals = frame
    bad = np.zeros(SHAPE, bool)
    bad[0, 0, 0] = True
    gain = np.full(SHAPE, 0.5, np.float32)
    factor = np.ones(SHAPE, np.float32)
    factor[1] = 6
    done = calibrate(raw, pedestals, CommonMode(), bad=bad, factor=factor, gain=gain)
    panels, offsets = done.panels, done.offsets
    assert offsets.tolist() == [3, -8]
    assert panels.dtype == np.float32
    assert panels[0, 50, 60] == 50
    assert panels[1, 50, 60] == 300
    assert np.count_nonzero(panels) == 2


def test_order_is_common_mode_then_gain_then_status(frame):
    raw, pedestals = frame
    gain = np.full(SHAPE, 2, np.float32)
    bad = np.zeros(SHAPE, bool)
    bad[:, 50, 60] = True
    panels = calibrate(raw, pedestals, CommonMode(mean_max=5), bad=bad, gain=gain).panels
    assert (panels[0] == 0).all()
    expected = np.full((185, 388), -16)  # rejected: -8 exceeds 5
    expected[50, 60] = 0
    assert np.array_equal(panels[1], expected)


def test_absent_segments_stay_zero(frame):
    raw, pedestals = frame
    raw[1] = 0
    present = np.array([True, False])
    done = calibrate(raw, pedestals, CommonMode(), present=present)
    panels, offsets = done.panels, done.offsets
    assert not panels[1].any()
    assert offsets[0] == 3
    assert np.isnan(offsets[1])
    assert panels[0, 50, 60] == 100


def test_with_nothing_the_result_is_raw(frame):
    raw, _ = frame
    done = calibrate(raw)
    panels, offsets = done.panels, done.offsets
    assert np.array_equal(panels, raw)
    assert np.isnan(offsets).all()


def test_inputs_stay_and_out_is_used(frame):
    raw, pedestals = frame
    copies = raw.copy(), pedestals.copy()
    out = np.empty(SHAPE, np.float32)
    assert calibrate(raw, pedestals, CommonMode(), out=out).panels is out
    assert np.array_equal(raw, copies[0])
    assert np.array_equal(pedestals, copies[1])


def test_a_camera_is_one_segment():
    raw = np.full((4, 5), 10, np.uint16)
    pedestals = np.full((1, 4, 5), 4, np.float32)
    parameters = CommonMode(threshold=5, fallback=False)
    done = calibrate(raw, pedestals, parameters, present=np.array([True]))
    panels, offsets = done.panels, done.offsets
    assert panels.shape == (4, 5)
    assert offsets.tolist() == [6]
    assert not panels.any()


def test_bad_pixels_hide_what_is_not_a_number(frame):
    raw, pedestals = frame
    pedestals[0, 1, 1] = np.nan
    bad = bad_pixels(np.isnan(pedestals).astype(np.uint16))
    panels = calibrate(raw, pedestals, CommonMode(), bad=bad).panels
    assert panels[0, 1, 1] == 0


@pytest.mark.parametrize("name", ["pedestals", "bad", "factor", "gain"])
def test_constants_of_another_detector(frame, name):
    raw, _ = frame
    wrong = np.ones((32, 185, 388), bool if name == "bad" else np.float32)
    with pytest.raises(ConstantsError, match=r"expected 143560 values .*found shape \(32, 185"):
        calibrate(raw, **{name: wrong})


def test_bad_pixels():
    status = np.array([0, 1, 4, 0], np.uint16)
    extra = np.array([0, 0, 0, 9], np.uint64)
    assert bad_pixels(status, None, extra).tolist() == [False, True, True, True]
    assert bad_pixels(None, None) is None


def test_gain_factor_bits():
    maps = np.zeros((4, 185, 194), np.uint16)
    maps[2, 7, 11] = 1 << (2 * 5 + 1)  # quad 2, section 5, right half
    maps[0] = 0xFFFF
    factor = gain_factor(maps)
    assert factor.shape == (32, 185, 388)
    assert factor.dtype == np.float32
    assert (factor[:8] == 1).all()
    assert factor[2 * 8 + 5, 7, 194 + 11] == 1
    assert np.count_nonzero(factor[8:] == 1) == 1
    assert (factor[8:16] == np.float32(6.85)).all()
    assert gain_factor(maps, low=7.0).max() == 7


@pytest.mark.parametrize("free", [True, False])
def test_many_segments_are_done_in_two_threads_with_the_same_bits(free, monkeypatch):
    monkeypatch.setattr(sharing, "_has_free_core", lambda: free)
    rng = np.random.default_rng(4)
    shape = (12, 185, 388)
    pedestals = rng.normal(1200, 80, shape).round(1).astype(np.float32)
    raw = (pedestals + rng.normal(0, 5, shape) + 3).astype(np.int16)
    bad = rng.random(shape) < 0.01
    factor = np.where(rng.random(shape) < 0.5, np.float32(6.85), np.float32(1))
    gain = rng.normal(1, 0.1, shape).astype(np.float32)
    present = np.arange(12) != 5
    done = calibrate(
        raw, pedestals, CommonMode(), bad=bad, factor=factor, gain=gain, present=present
    )
    panels = subtract_pedestals(raw, pedestals)
    offsets = common_mode(panels, CommonMode(), bad, present)
    panels = subtract_common_mode(panels, offsets) * factor * gain
    panels[bad] = panels[~present] = 0
    assert done.panels.tobytes() == panels.tobytes()
    assert np.array_equal(done.offsets, offsets, equal_nan=True)
    assert done.common_mode[0].applied.tolist() == present.tolist()


def test_a_mask_hides_and_bad_pixels_do_not_vote(frame):
    raw, pedestals = frame
    bad = np.zeros(SHAPE, bool)
    bad[0, :150] = True
    mask = np.ones(SHAPE, np.uint8)
    mask[1] = 0
    done = calibrate(raw, pedestals, CommonMode(), bad=bad, mask=mask)
    assert done.panels[0, 50, 60] == 100  # bad, but not hidden
    assert not done.panels[1].any()
    assert done.offsets.tolist() == [3, -8]
    ready_bad = ready(bad)
    again = calibrate(raw, pedestals, CommonMode(), bad=ready_bad)
    assert not again.panels[0, :150].any()
    assert ready(ready_bad) is ready_bad
    with pytest.raises(ConstantsError, match="mask: expected 143560 values"):
        calibrate(raw, pedestals, mask=mask[0])


@pytest.mark.parametrize("free", [True, False])
def test_each_number_is_done_once(free, monkeypatch):
    monkeypatch.setattr(sharing, "_has_free_core", lambda: free)
    for count in (0, 3, 100):
        done = []
        sharing.each(done.append, range(count))
        assert sorted(done) == list(range(count))


def test_an_error_of_the_second_thread_is_raised(monkeypatch):
    monkeypatch.setattr(sharing, "_has_free_core", lambda: True)
    both = threading.Barrier(2, timeout=20)

    def fail_in_helper(number):
        if number < 2:
            both.wait()  # each thread has one
        if threading.current_thread() is not threading.main_thread():
            raise ValueError("in the helper")

    with pytest.raises(ValueError, match="in the helper"):
        sharing.each(fail_in_helper, range(20))
