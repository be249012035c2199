"""An event by its name, number or clock, and why there is none."""

import numpy as np
import pytest

import xtcview
from tests.support import runs


@pytest.fixture
def run(tmp_path):
    runs.write(tmp_path, runs.simple(4, 2))
    with xtcview.open(f"exp=e7:run=3:dir={tmp_path}") as opened:
        yield opened


def test_all_names_of_an_event_mean_the_same(run):
    seconds, nanoseconds = runs.time_of(2, 1)
    fiducial = runs.fiducial_of(2, 1)
    name = xtcview.EventTime(seconds << 32 | nanoseconds, fiducial)
    for which in (
        name,
        6,
        -2,
        np.int64(6),
        (seconds, nanoseconds),
        (seconds, nanoseconds, fiducial),
        [seconds, np.int64(nanoseconds)],
    ):
        assert run.event(which).number == 6
        assert run.why(which) == ""


def test_a_fiducial_near_a_time(run):
    seconds, nanoseconds = runs.time_of(2, 1)
    fiducial = runs.fiducial_of(2, 1)
    for near in (seconds + 20.5, (seconds, nanoseconds), run.times()[0]):
        assert run.event_at(fiducial, near).number == 6
    assert run.event_at(fiducial, seconds + 200) is None
    assert run.event_at(fiducial + 1, seconds) is None


def test_the_reason_is_told(run):
    seconds, nanoseconds = runs.time_of(1)
    assert run.event((seconds, nanoseconds, 4)) is None
    assert "with fiducial 3 instead of 4" in run.why((seconds, nanoseconds, 4))
    assert "between event 1 (1e-09 s earlier) and event 2" in run.why((seconds, nanoseconds + 1))
    assert "10 s before the first event" in run.why((seconds - 10, 0))
    assert "behind the last event" in run.why((seconds + 1000, 0, 5))
    assert "numbers are 0 to 7" in run.why(8)


def test_what_lies_in_a_missing_part_is_told(tmp_path):
    path = runs.write(tmp_path, runs.simple(4))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 300)
    with xtcview.open(f"exp=e7:run=3:dir={tmp_path}") as run:
        lost = (*runs.time_of(3), runs.fiducial_of(3))
        assert run.event(lost) is None
        assert "behind the last event" in run.why(lost)
        assert path.name in run.why(lost)


@pytest.mark.parametrize("which", ["5", None, True, 1.5, (1,), (1, 2, 3, 4), ("a", 1), (1, True)])
def test_anything_else_is_refused(run, which):
    for function in (run.event, run.why):
        with pytest.raises(TypeError, match="EventTime"):
            function(which)


def test_numbers_outside(run):
    with pytest.raises(IndexError):
        run.event(8)
    with pytest.raises(ValueError, match="2\\*\\*32"):
        run.event((-1, 0))
