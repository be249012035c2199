import pytest
import viewer_fakes as fakes

from xtcview.errors import NoEventError
from xtcview.viewer.goto import find

TIMES = fakes.FakeRun(n=400).times()  # 120 Hz from 2013-06-15 12:40:00 UTC


@pytest.mark.parametrize(
    ("text", "number", "words"),
    [
        ("17", 17, ""),
        ("-1", 399, ""),
        (" f 58 ", 17, ""),
        ("fiducial 58", 17, ""),
        ("1371300000.141666661", 17, ""),
        ("1371300000, 141666661", 17, ""),
        ("1371300000.14", 17, "nearest event, 1.667 ms later"),
        ("1371300001", 120, ""),
        ("12:40:01", 120, ""),
        ("12:40:01.0001", 120, "nearest event, 100 us earlier"),
        ("2013-06-15 12:40:02 UTC", 240, ""),
        ("12:39", 0, "nearest event, 60 s later"),
        ("1371310000", 399, "nearest event, 2.777 h earlier"),
    ],
)
def test_what_is_typed_finds_its_event(text, number, words):
    assert find(TIMES, text) == (number, words)


def test_of_events_with_the_same_fiducial_the_nearest_is_meant():
    class Again(fakes.FakeTime):
        def fiducial(self):
            return self.index % 100

    times = [Again(i) for i in range(400)]
    assert find(times, "f 7", 290) == (307, "one of 4 with fiducial 7, the nearest")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("400", "this run has events 0 to 399"),
        ("f 5", "no event of this run has fiducial 5"),
        ("noon", "'noon' names no event: type its number"),
        ("25:99", "names no event"),
        ("<b>", "'<b>' names no event"),
        ("", "'' names no event"),
    ],
)
def test_what_is_not_there_is_said(text, words):
    with pytest.raises(NoEventError, match=words):
        find(TIMES, text)


def test_a_run_without_events():
    with pytest.raises(NoEventError, match="no events"):
        find([], "0")
