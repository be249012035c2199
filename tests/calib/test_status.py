import numpy as np
import pytest

from xtcview.calib.status import MEANING, Limits, judge

SHAPE = (2, 50, 100)


@pytest.fixture
def dark():
    """Mean, rms, and how often a pixel is above and below the limits."""
    rng = np.random.default_rng(3)
    mean, rms = rng.normal(1200, 80, SHAPE), rng.uniform(3, 6, SHAPE)
    return mean, rms, np.zeros(SHAPE), np.zeros(SHAPE)


def test_a_good_detector(dark):
    judged = judge(*dark, Limits())
    assert judged.status.dtype == np.uint16
    assert not judged.status.any()
    mean, rms = dark[:2]
    assert judged.mean_range == pytest.approx(
        (mean.mean() - 6 * mean.std(), mean.mean() + 6 * mean.std())
    )
    assert judged.rms_range == (0.001, pytest.approx(rms.mean() + 6 * rms.std()))  # never below 0


@pytest.mark.parametrize(
    ("which", "value", "bit"),
    [(1, 60, 1), (1, 0, 2), (2, 0.11, 4), (3, 0.11, 8), (0, 9000, 16), (0, 0.5, 32)],
)
def test_each_bit(dark, which, value, bit):
    dark[which][1, 7, 9] = value
    judged = judge(*dark, Limits())
    assert judged.status[1, 7, 9] == bit
    assert np.count_nonzero(judged.status) == 1
    assert bit in MEANING


def test_a_tenth_of_the_events_is_still_good(dark):
    dark[2][0, 0, 0] = dark[3][0, 0, 1] = 0.1
    assert not judge(*dark, Limits()).status.any()


def test_bits_add_up(dark):
    mean, rms, above, below = dark
    mean[0, 0, 0], rms[0, 0, 0], below[0, 0, 0] = 0, 0, 1
    assert judge(mean, rms, above, below, Limits()).status[0, 0, 0] == 2 | 8 | 32


def test_limits_can_be_chosen(dark):
    strict = judge(*dark, Limits(sigmas=2))
    mean = dark[0]
    outside = np.abs(mean - mean.mean()) > 2 * mean.std()
    assert np.array_equal(strict.status & (16 | 32) != 0, outside)


def test_segments_that_were_never_there(dark):
    mean, rms, above, below = dark
    expected = judge(mean[1:], rms[1:], above[1:], below[1:], Limits())
    mean[0] = rms[0] = np.nan
    judged = judge(mean, rms, above, below, Limits())
    assert (judged.status[0] == 64).all()
    assert np.array_equal(judged.status[1:], expected.status)
    assert judged[1:] == expected[1:]
    mean[1] = np.nan
    assert (judge(mean, rms, above, below, Limits()).status == 64).all()
