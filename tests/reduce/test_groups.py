"""Results by group: the same bits however the events are divided and in whatever order."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reduce_fakes import LIBRARY, FakeRun, expected

from xtcview.analysis import radial
from xtcview.errors import EngineError, XtcError
from xtcview.reduce import ops, readers, tally
from xtcview.reduce.api import reduce
from xtcview.reduce.core import run_chunk
from xtcview.reduce.groups import as_array, in_order
from xtcview.reduce.rules import Rules, carried
from xtcview.reduce.task import Task, identity, package_version
from xtcview.reduce.total import Total

LONG = 60.0
NAMES = ("sum", "mean", "std", "min", "max")
RUN = FakeRun(n=50, damaged=[7], partial=[12, 13])


@pytest.fixture(autouse=True)
def _no_open_runs():
    yield
    readers.close_readers()


def start(run=RUN, **kwargs):
    return reduce(run, library=LIBRARY, **kwargs).wait(LONG)


def test_by_step():
    r = start(ops=NAMES, by="step")
    assert r.groups.tolist() == [0, 1, 2, 3, 4]
    for at in range(5):
        numbers = [k for k in range(10 * at, 10 * at + 10) if k != 7]
        wanted = expected(RUN, numbers)
        for name in NAMES:
            np.testing.assert_array_equal(getattr(r, name)[at], wanted[name])
    assert r.counts[:, 1].tolist() == [9, 8, 10, 10, 10]
    assert r.result().sizes == (9, 10, 10, 10, 10)
    assert r.result().about.by == "step"


def test_one_group_and_all_together():
    r = start(ops="mean, max", by="step")
    plain = start(ops="mean, max")
    np.testing.assert_array_equal(r[2].mean, r.mean[2])
    assert r[2].report.counted == 10
    for name in ("mean", "max"):
        np.testing.assert_array_equal(r.overall()[name], getattr(plain, name))
    np.testing.assert_array_equal(plain.overall()["mean"], plain.mean)
    assert plain.groups is None
    with pytest.raises(KeyError, match="no group 9"):
        r[9]


def test_by_bins_whether_and_function():
    r = start(ops="sum", by=("x", [0, 5, 12]))
    assert r.groups.tolist() == [0.0, 5.0]
    inside = [k for k in range(50) if k % 5 != 4 and k / 2 <= 12 and k != 7]
    np.testing.assert_array_equal(r.sum[1], expected(RUN, [k for k in inside if k >= 10])["sum"])
    report = r.report
    assert report.counted == len(inside)
    assert report.counted + report.left_out + report.damaged == report.selected == 50
    reasons = [reason.partition(" (")[0] for reason in report.reasons]
    assert "left out: x is outside of the bins from 0 to 12" in reasons
    assert "left out: the group 'x' is not known: it has no x" in reasons
    codes = start(ops="sum", by="140 in codes")
    assert codes.groups.tolist() == [False, True]
    assert codes.groups.dtype == np.bool_
    words = start(ops="sum", by=lambda evt: "odd" if evt.number % 2 else "even")
    assert words.groups.tolist() == ["even", "odd"]
    np.testing.assert_array_equal(words.sum.sum(axis=0), start(ops="sum").sum)


def test_functions_that_give_no_group():
    keys = {3: None, 4: float("nan"), 5: [1], 6: np.int16(2)}
    r = start(ops="sum", events=slice(3, 7), by=lambda evt: keys[evt.number])
    assert r.groups.tolist() == [2]
    assert r.report.of_kind("left_out") == [3, 4]
    assert r.report.of_kind("failed") == [5]
    assert any("expected a number or a text" in reason for reason in r.report.reasons)


@pytest.mark.parametrize(
    ("by", "message"),
    [(3, "by=3: expected a text"), ([1, 2], "expected a text"), ("step +", "cannot be read")],
)
def test_groupings_that_cannot_be(by, message):
    with pytest.raises(XtcError, match=message):
        start(ops="sum", by=by)


def test_too_many_groups(monkeypatch):
    monkeypatch.setattr(tally, "MOST_BYTES", 5000)
    with pytest.raises(
        (XtcError, EngineError), match=r"groups need .* GB, and at most .* are used"
    ):
        start(ops="sum", by=lambda evt: evt.number)


def test_no_groups_without_events():
    r = start(ops="sum", events=[], by="step")
    assert r.groups.tolist() == []
    assert r.sum is None


def test_keys_in_order():
    assert in_order(["b", 2, 1.5, "a"]) == [1.5, 2, "a", "b"]
    assert as_array([1, "a"]).tolist() == ["1", "a"]


def everything(run: FakeRun) -> list:
    x = np.arange(np.prod(run.shape)).reshape(run.shape).astype(float)
    return [
        *ops.find("sum, mean, std, var, min, max, above(30), projection('row')"),
        ops.histogram(-9000, 9000, 500, per="panel"),
        ops.histogram(-9000, 9000, 6000, per="pixel", name="pixels"),
        ops.radial(radial.radial_bins(x, [0, 10, 30, 60])),
        ops.roi(x < 17, threshold=5),
        ops.table(name="t", total="sum", number=lambda frame, evt: [evt.number, frame.max()]),
        ops.custom("cubes", lambda s, d: np.zeros(s, "i8"), lambda s, f: s + f.astype("i8") ** 3),
    ]


@settings(max_examples=25)
@given(data=st.data(), calib=st.booleans(), grouped=st.booleans())
def test_any_division_gives_the_same_bits(data, calib, grouped):
    run = FakeRun(n=24, damaged=[5], partial=[3, 11], empty=[8])
    wanted = tuple(everything(run))
    by = carried(lambda evt: evt.number % 3) if grouped else None
    base = reduce(run, ops=wanted, events=[], calib=calib, by=by, library=LIBRARY).wait(LONG)
    task = replace(base._task, token="t")  # that of the base has ended
    order = data.draw(st.permutations(range(24)))
    cuts = sorted({*data.draw(st.sets(st.integers(1, 23), max_size=6)), 24})
    chunks = [order[a:b] for a, b in zip([0, *cuts], cuts, strict=False)]
    whole, parts = (Total(wanted, run.shape, 24) for _ in range(2))
    assert whole.merge(0, run_chunk(task, range(24)))
    results = [run_chunk(task, chunk) for chunk in chunks]
    for number in data.draw(st.permutations(range(len(chunks)))):
        assert parts.merge(number, results[number])
        assert not parts.merge(number, results[number])
    a, b = whole.snapshot(), parts.snapshot()
    assert list(a.arrays) == list(b.arrays)
    for name, array in a.arrays.items():
        assert (array.dtype, array.shape) == (b.arrays[name].dtype, b.arrays[name].shape), name
        assert array.tobytes() == b.arrays[name].tobytes(), name
    assert a.counts.tolist() == b.counts.tolist()
    assert a.sizes == b.sizes
    assert sorted(a.report.skipped) == sorted(b.report.skipped)
    assert a.report.unread == b.report.unread == 0


def test_a_total_goes_on_from_what_was_kept():
    wanted = everything(RUN)
    base = reduce(RUN, ops=wanted, by="step", library=LIBRARY).wait(LONG)
    task = replace(base._task, token="t")  # that of the base has ended
    whole, first, again = (Total(tuple(wanted), RUN.shape, 50) for _ in range(3))
    whole.merge(0, run_chunk(task, range(50)))
    first.merge(0, run_chunk(task, range(23)))
    summary, *arrays = first.result()
    again.merge(-1, [json.loads(json.dumps(summary)), *(array.copy() for array in arrays)])
    again.merge(0, run_chunk(task, range(23, 50)))
    for name, array in whole.results().items():
        assert array.tobytes() == again.results()[name].tobytes(), name
    assert sorted(whole.report().skipped) == sorted(again.report().skipped)
    assert again.sizes() == whole.sizes()


def test_three_threads_give_the_same_bits():
    wanted = everything(RUN)
    serial = start(ops=wanted, by="step", calib=True)
    with ThreadPoolExecutor(3) as executor:
        threads = start(ops=wanted, by="step", calib=True, engines=executor)
    for name, array in serial.partial().items():
        assert array.tobytes() == threads.partial()[name].tobytes(), name


def test_frames_of_another_shape_are_told():
    run = FakeRun(n=4)
    total = Total(ops.find("sum"), run.shape, 4)
    task = Task(run.spec, identity(run), "cspad", ("sum",), "", "t", LIBRARY, package_version())
    other = replace(task, rules=Rules(each=carried(lambda frame, evt: frame[:, :2])))
    assert total.merge(0, run_chunk(task, range(2)))
    with pytest.raises(EngineError, match="the detector changes within the run"):
        total.merge(1, run_chunk(other, range(2, 4)))
