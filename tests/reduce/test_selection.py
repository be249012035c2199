"""Conditions on the events of a run, and what becomes of those that cannot be decided."""

from __future__ import annotations

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun, expected

from xtcview.errors import SourceError, XtcError
from xtcview.reduce.api import reduce
from xtcview.reduce.selection import choose

RUN = FakeRun(n=40)
LONG = 60.0


def test_a_condition():
    chosen = choose(RUN, None, "step == 1 and 'A:B-C' < 15000")
    assert chosen.numbers.tolist() == [10, 11, 12, 13, 14]
    assert chosen.left_out == ()
    assert chosen.text == "all events where step == 1 and 'A:B-C' < 15000"


def test_a_condition_on_a_part():
    assert choose(RUN, slice(20, 26), "event % 2 == 0").numbers.tolist() == [20, 22, 24]
    assert choose(RUN, [9, 3, 5], "Gas.f_11 > 4 and run == 34").numbers.tolist() == [9, 5]
    assert choose(RUN, slice(20, 26), None).text == "events=slice(20, 26, None)"
    assert choose(RUN, [1, 2], None).text == "events=<2 given>"


def test_what_is_not_known_is_left_out_with_the_reason():
    chosen = choose(RUN, slice(10), "x >= 1 and 140 in codes")
    assert chosen.numbers.tolist() == [3]
    text = "the condition 'x >= 1 and 140 in codes' is not known: it has no "
    assert [(one.event, one.reason) for one in chosen.left_out] == [  # 4 has the wrong code
        (6, f"{text}eventcode.140"),
        (9, f"{text}x"),
    ]


def test_conditions_without_events_or_fields():
    assert choose(RUN, None, "1 < 2").numbers.tolist() == list(range(40))
    assert choose(RUN, None, "1 > 2").numbers.tolist() == []
    nothing = choose(RUN, slice(3), "1 / 0 > 1")
    assert [one.event for one in nothing.left_out] == [0, 1, 2]
    assert nothing.left_out[0].reason.endswith("is not known: its numbers give none")
    assert choose(FakeRun(n=0), None, "x > 1").numbers.size == 0


def test_each_event_is_accounted_for():
    r = reduce(RUN, ops=("sum", "max"), where="x >= 5", library=LIBRARY).wait(LONG)
    wanted = [k for k in range(10, 40) if k % 5 != 4]
    np.testing.assert_array_equal(r.sum, expected(RUN, wanted)["sum"])
    report = r.report
    assert (report.counted, report.left_out, report.selected) == (24, 8, 32)
    assert report.of_kind("left_out") == [4, 9, 14, 19, 24, 29, 34, 39]
    assert str(report).startswith("24 of 32 events counted, 8 left out, 0 missing")
    assert r.progress == (32, 32)


def test_a_function_of_the_event():
    odd = FakeRun(n=30, damaged=[1], empty=[2], failing=[3])

    def even(evt):
        if evt.number == 8:
            raise ValueError("no gas")
        return evt.number % 2 == 0

    r = reduce(odd, ops="sum", where=even, library=LIBRARY).wait(LONG)
    report = r.report
    assert report.of_kind("left_out") == [1, *range(5, 30, 2)]
    assert report.of_kind("failed") == [3, 8]
    assert report.missing == 1
    assert report.counted + report.left_out + report.missing + report.failed == 30
    assert "failed: ValueError: no gas" in report.reasons
    assert "left out: even(evt) says no" in report.reasons
    assert r.result().about.use == "even"


def test_nothing_is_left():
    r = reduce(RUN, ops="sum", where="step > 99", library=LIBRARY).wait(LONG)
    assert (r.n, r.sum, r.report.selected) == (0, None, 0)
    r = reduce(RUN, ops="sum", events=[4, 9], where="x > 1", library=LIBRARY).wait(LONG)
    assert (r.n, r.report.selected, r.report.left_out, r.report.unread) == (0, 2, 2, 0)


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ("y > 1", SourceError, "'y' is no field"),
        ("wave > 1", XtcError, r"'wave' is of float64 \(4,\): expected one number per event"),
        (7, XtcError, "where=7 cannot be understood: give a text"),
    ],
)
def test_conditions_that_cannot_be(where, error, message):
    with pytest.raises(error, match=message):
        reduce(RUN, ops="sum", where=where, library=LIBRARY)
