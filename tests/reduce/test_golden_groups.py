"""Conditions, groups and several runs of golden runs, against visits of every event."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import xtcview
from xtcview.analysis import roi
from xtcview.errors import DataSetError, MissingExtraError, SourceError
from xtcview.reduce import carried, engines, ops
from xtcview.reduce.several import SeveralRuns
from xtcview.run.run import Run

LONG = 90.0
CSPAD = (32, 185, 388)


@pytest.fixture
def opened(golden_dir: Path):
    runs: dict[int, Run] = {}

    def get(number: int) -> Run:
        if number not in runs:
            runs[number] = xtcview.open(f"exp=cxitut13:run={number}:dir={golden_dir}")
        return runs[number]

    yield get
    for run in runs.values():
        run.close()


def recipe(event: int) -> np.ndarray:
    """CSPAD pixels of golden run 34, (32, 185, 388)."""
    q, s, r, c = np.ogrid[:4, :8, :185, :388]
    counts = (3 * c + 1164 * r + 5003 * s + 9001 * q + 1237 * event + 17) & 0x3FFF
    return counts.reshape(CSPAD)


def test_by_step(opened):
    run = opened(34)
    r = xtcview.reduce(run, "cspad", "sum, max", by="step").wait(LONG)
    assert r.groups.tolist() == [0, 1]
    for step in (0, 1):
        first = len(run.times(0)) if step else 0
        frames = [recipe(first + k) for k in range(len(run.times(step)))]
        np.testing.assert_array_equal(r.sum[step], np.sum(frames, axis=0))
        np.testing.assert_array_equal(r.max[step], np.max(frames, axis=0))


def test_conditions_are_what_a_visit_finds(opened):
    run = opened(34)
    codes, moved = set(), set()
    source = xtcview.Source("DetInfo(NoDetector.0:Evr.0)")
    limit = run.epics_at(6).value("DetectorZ")
    for number in range(12):
        evt = run.event(number)
        types = xtcview.EvrData.DataV4, xtcview.EvrData.DataV3
        evr = next(found for found in (evt.get(t, source) for t in types) if found)
        if any(code.eventCode() == 162 for code in evr.fifoEvents()):
            codes.add(number)
        if run.epics_at(number).value("DetectorZ") > limit:
            moved.add(number)
    r = xtcview.reduce(run, "cspad", "sum", where=f"DetectorZ > {limit!r}").wait(LONG)
    assert set(r.result().events.tolist()) == moved
    assert 0 < len(moved) < 12
    r = xtcview.reduce(run, "cspad", "sum", where="162 in codes").wait(LONG)
    assert set(r.result().events.tolist()) == codes
    assert 0 < len(codes) < 12
    np.testing.assert_array_equal(r.sum, np.sum([recipe(k) for k in codes], axis=0))


def test_events_without_the_number_are_named(opened):
    run = opened(39)
    opal, beam = xtcview.Source("CxiEndstation.0:Opal4000.1"), xtcview.Source("EBeam")
    charge, lacking = [], []
    for number in range(300):
        evt = run.event(number)
        charge.append(evt.get(xtcview.Bld.BldDataEBeamV7, beam).ebeamCharge())
        if evt.get(xtcview.Camera.FrameV1, opal) is None:
            lacking.append(number)
    limit = float(np.median(charge))
    where = f"EBeam.ebeamCharge > {limit!r} and 'CxiEndstation.0:Opal4000.1.width' > 0"
    r = xtcview.reduce(run, "Tm6740", "sum", events=slice(0, 300), where=where).wait(LONG)
    high = [k for k in range(300) if charge[k] > limit]
    assert 0 < len(lacking) < 300
    assert r.report.of_kind("left_out") == [k for k in high if k in lacking]
    assert r.result().events.tolist() == [k for k in high if k not in lacking]
    assert r.report.counted + r.report.left_out == r.report.selected == len(high)
    assert all("no CxiEndstation.0:Opal4000.1.width" in reason for reason in r.report.reasons)


def test_a_region_of_each_event(opened):
    run = opened(34)
    mask = roi.box(CSPAD, (10, 20), (30, 50), segment=9)
    r = xtcview.reduce(run, "cspad", ops.roi(mask)).wait(LONG)
    assert r.roi["total"].tolist() == [recipe(k)[mask].sum() for k in range(12)]


def test_several_runs(opened):
    runs = [opened(34), opened(41), opened(42)]
    r = xtcview.reduce(runs, "CxiDs1.0:Cspad.0", "sum, max", by="run").wait(LONG)
    assert r.groups.tolist() == [34, 41, 42]
    assert r.n == 16
    for at, run in enumerate(runs):
        alone = xtcview.reduce(run, "CxiDs1.0:Cspad.0", "sum, max").wait(LONG)
        np.testing.assert_array_equal(r.sum[at], alone.sum)
        np.testing.assert_array_equal(r.max[at], alone.max)
    # 41 and 42 hold the same events
    np.testing.assert_array_equal(r.sum[1], r.sum[2])
    part = xtcview.reduce(runs, "CxiDs1.0:Cspad.0", "sum", where="run == 41").wait(LONG)
    np.testing.assert_array_equal(part.sum, r.sum[1])
    assert part.result().events.tolist() == [12, 13]


def test_several_runs_are_calibrated_each_with_its_own_constants(opened):
    runs = [opened(41).spec, opened(34).spec]
    r = xtcview.reduce(runs, "CxiDs1.0:Cspad.0", "mean", calib=True, by="run").wait(LONG)
    for at, number in enumerate((34, 41)):
        alone = xtcview.reduce(opened(number), "CxiDs1.0:Cspad.0", "mean", calib=True).wait(LONG)
        assert r.mean[at].tobytes() == alone.mean.tobytes()


def test_runs_that_cannot_be_joined(opened):
    with pytest.raises(DataSetError, match=r"runs \[34, 34\]: expected one or more, each once"):
        SeveralRuns([opened(34), opened(34)])
    with pytest.raises(DataSetError, match="expected one or more"):
        xtcview.reduce([], "cspad")
    with pytest.raises(SourceError):
        xtcview.reduce([opened(34), opened(39)], "cspad", "sum")
    one = xtcview.reduce([opened(41)], "CxiDs1.0:Cspad.0", "sum").wait(LONG)
    assert one.result().about.spec == opened(41).spec


def test_functions_of_a_script_go_to_other_processes(opened):
    run = opened(34)
    scale = 3
    each = lambda frame, evt: frame[:2].astype("i4") * scale  # noqa: E731
    wanted = ["sum", ops.table(fiducial=lambda frame, evt: evt.get(xtcview.EventId).fiducials())]
    how = {"each": each, "by": lambda evt: evt.get(xtcview.EventId).fiducials() % 2}
    here = xtcview.reduce(run, "cspad", wanted, **how).wait(LONG)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        there = xtcview.reduce(run, "cspad", wanted, engines=executor, **how).wait(LONG)
    assert here.report == there.report
    for name, array in here.partial().items():
        assert array.tobytes() == there.partial()[name].tobytes()
    np.testing.assert_array_equal(
        here.sum.sum(axis=0), 3 * np.sum([recipe(k)[:2] for k in range(12)], axis=0)
    )


@pytest.mark.cluster
def test_functions_of_a_notebook_go_to_engines(opened):
    run = opened(34)
    how = {"each": lambda frame, evt: frame[:2], "by": ("step", [0, 1, 2]), "where": "162 in codes"}
    wanted = ["mean", ops.table(peak=lambda frame, evt: frame.max()), "histogram(0, 16384, 64)"]
    here = xtcview.reduce(run, "cspad", wanted, **how).wait(LONG)
    try:
        there = xtcview.reduce(run, "cspad", wanted, engines=1, **how).wait(LONG)
    finally:
        engines.stop_engines()
    assert here.report == there.report
    for name, array in here.partial().items():
        assert array.tobytes() == there.partial()[name].tobytes()


def test_functions_that_cannot_go_are_named(opened, monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        r = xtcview.reduce(
            opened(41), "CxiDs1.0:Cspad.0", "sum", each=lambda f, e: f, engines=executor
        )
        with pytest.raises(MissingExtraError, match=r"pip install 'xtcview\[functions\]'"):
            r.wait(LONG)


def test_functions_of_modules_go_by_name():
    assert carried.Carried(np.median).__reduce__()[1] == (np.median,)
    assert carried.Carried(np.add).__reduce__()[1] == (np.add,)
    assert carried.Carried(roi.disc).__reduce__()[1] == (roi.disc,)
    assert carried.Carried(lambda x: x).__reduce__()[0] is carried._unpacked
