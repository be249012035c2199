"""Reductions of golden runs; what they must give follows from the recipe of their pixels."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import xtcview
from xtcview.reduce import engines, readers

EVENTS = 12
NAMES = ("sum", "mean", "std", "min", "max")
LONG = 90.0


def recipe(event: int) -> np.ndarray:
    """CSPAD pixels of golden run 34, (32, 185, 388)."""
    q, s, r, c = np.ogrid[:4, :8, :185, :388]
    counts = (3 * c + 1164 * r + 5003 * s + 9001 * q + 1237 * event + 17) & 0x3FFF
    return counts.reshape(32, 185, 388)


@pytest.fixture(scope="module")
def wanted() -> dict[str, np.ndarray]:
    frames = np.array([recipe(event) for event in range(EVENTS)])
    total, squares = frames.sum(axis=0), (frames**2).sum(axis=0)
    variance = squares / EVENTS - (total / EVENTS) ** 2
    return {
        "sum": total,
        "mean": total / EVENTS,
        "std": np.sqrt(np.maximum(variance, 0)),
        "min": frames.min(axis=0),
        "max": frames.max(axis=0),
    }


@pytest.fixture
def run34(golden_dir: Path):
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run


@pytest.fixture
def run39(golden_dir: Path):
    with xtcview.open(f"exp=cxitut13:run=39:dir={golden_dir}") as run:
        yield run


def check(r, wanted) -> None:
    r.wait(LONG)
    assert (r.n, str(r.report)) == (
        EVENTS,
        "12 of 12 events counted, 0 missing, 0 damaged, 0 failed, 0 unread",
    )
    assert r.counts.tolist() == 32 * [EVENTS]
    for name in NAMES:
        np.testing.assert_array_equal(getattr(r, name), wanted[name], err_msg=name)


def test_serial(run34, wanted):
    check(xtcview.reduce(run34, "cspad", NAMES), wanted)


def test_three_threads(run34, wanted):
    with ThreadPoolExecutor(3) as executor:
        check(xtcview.reduce(run34, "cspad", NAMES, engines=executor), wanted)


def test_two_processes(run34, wanted):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        check(xtcview.reduce(run34, "cspad", NAMES, engines=executor), wanted)


@pytest.mark.cluster
def test_two_engines(run34, wanted):
    try:
        check(xtcview.reduce(run34, "cspad", NAMES, engines=2), wanted)
        serial = xtcview.reduce(run34, "cspad", NAMES, calib=True).wait(LONG)
        parallel = xtcview.reduce(run34, "cspad", NAMES, calib=True, engines=2).wait(LONG)
        for name in NAMES:
            assert getattr(serial, name).tobytes() == getattr(parallel, name).tobytes()
    finally:
        engines.stop_engines()


def test_selected_times_in_any_order(run34):
    times = run34.times()
    r = xtcview.reduce(run34, "CxiDs1.0:Cspad.0", "sum", events=[times[7], times[2]]).wait(LONG)
    np.testing.assert_array_equal(r.sum, recipe(7) + recipe(2))
    assert r.detector == "CxiDs1.0:Cspad.0"


def test_calibrated_mean_is_that_of_the_calibrated_events(run34):
    det = xtcview.Detector("cspad", run34)
    r = xtcview.reduce(run34, "cspad", "mean", events=slice(4), calib=True).wait(LONG)
    plain = np.mean([det.calib(run34.event(k)).astype("f8") for k in range(4)], axis=0)
    np.testing.assert_allclose(r.mean, plain, rtol=0, atol=2.0**-16)


def test_a_detector_that_is_not_in_every_event(run39):
    det = xtcview.Detector("CxiEndstation.0:Opal4000.1", run39)
    frames = {k: det.raw(run39.event(k)) for k in range(len(run39.times()))}
    there = [k for k, frame in frames.items() if frame is not None]
    with ThreadPoolExecutor(3) as executor:
        r = xtcview.reduce(run39, det.source, engines=executor).wait(LONG)
    assert 0 < len(there) < len(frames)
    assert (r.report.counted, r.report.missing) == (len(there), len(frames) - len(there))
    assert r.report.of_kind("missing") == [k for k, frame in frames.items() if frame is None]
    np.testing.assert_array_equal(r.sum[0], np.sum([frames[k] for k in there], 0, dtype="i8"))


def test_a_cut_run_counts_what_is_left(golden_dir: Path):
    with xtcview.open(f"exp=cxitut13:run=44:dir={golden_dir}") as run:
        assert run.problems
        r = xtcview.reduce(run, "cspad", "sum").wait(LONG)
        raw = xtcview.Detector("cspad", run).raw(run.event(0))
        np.testing.assert_array_equal(r.sum, raw)
        assert r.report.selected == len(run.times()) == 1


def test_files_that_vanish_on_the_way(run39, tmp_path, golden_dir: Path):
    for file in sorted(golden_dir.glob("e158-r0039*.xtc")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with xtcview.open(f"exp=cxitut13:run=39:dir={tmp_path}") as run:
        for file in tmp_path.glob("*.xtc"):
            file.unlink()
        r = xtcview.reduce(run, "Tm6740")
        with pytest.raises(xtcview.XtcError):
            r.wait(LONG)
        assert r.report.unread == len(run.times())


def test_reduce_is_found_however_it_is_imported():
    orders = (
        "import xtcview; f = xtcview.reduce",
        "import xtcview.reduce.core, xtcview; f = xtcview.reduce",
        "from xtcview.reduce.ops import find; import xtcview; f = xtcview.reduce",
        "from xtcview import reduce as f",
    )
    for order in orders:
        code = f"{order}; print(callable(f))"
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert found.stdout.strip() == "True", (order, found.stderr)


def test_nothing_stays_open(run34):
    xtcview.reduce(run34, "cspad", "sum").wait(LONG)
    assert not readers._idle
