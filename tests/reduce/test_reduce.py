"""`xtcview.reduce` on executors of this machine, without engines."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun, expected

import xtcview.reduce
from xtcview.errors import EngineError, MissingExtraError, RunNotFoundError, SourceError, XtcError
from xtcview.reduce import pools, readers
from xtcview.reduce.api import reduce

NAMES = ("sum", "mean", "std", "min", "max")
LONG = 60.0


@pytest.fixture(autouse=True)
def _no_open_runs():
    yield
    readers.close_readers()


def start(run: FakeRun, **kwargs):
    return reduce(run, library=LIBRARY, **kwargs)


def check_same(r, wanted: dict[str, np.ndarray]) -> None:
    for name in NAMES:
        found = getattr(r, name)
        np.testing.assert_array_equal(found, wanted[name], err_msg=name)


def counted_of(run: FakeRun) -> list[int]:
    left_out = {*run.damaged, *run.empty, *run.absent, *run.failing, *run.unread}
    return [k for k in range(run.n) if k not in left_out]


ODD = FakeRun(
    n=300, damaged=[1, 250], empty=[2], absent=[3], failing=[4, 5], unread=[299], partial=[6, 7]
)


def check_report(r) -> None:
    report = r.report
    parts = (report.counted, report.missing, report.damaged, report.failed)
    assert parts == (293, 2, 2, 3)
    assert sum(parts) == report.selected == 300
    assert report.unread == 0
    assert r.n == 293
    assert r.counts.tolist() == [293, 291, 293]
    assert r.progress == (300, 300)


def test_serial():
    r = start(ODD, ops=NAMES)
    assert r.wait(LONG) is r
    assert r.done
    assert r.error is None
    check_same(r, expected(ODD, counted_of(ODD)))
    check_report(r)
    assert repr(r).startswith("Reduction(sum, mean, std, min, max of cspad in ")
    assert "done\n293 of 300 events counted, 2 missing, 2 damaged, 3 failed, 0 unread" in repr(r)
    assert r.mean is r.mean
    assert {"mean", "std", "n", "wait"} <= set(dir(r))


def test_threads():
    with ThreadPoolExecutor(3) as executor:
        r = start(ODD, ops=NAMES, engines=executor).wait(LONG)
        assert executor.submit(int, 7).result() == 7  # left alone
    check_same(r, expected(ODD, counted_of(ODD)))
    check_report(r)


def test_processes():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        r = start(ODD, ops=NAMES, engines=executor).wait(LONG)
    check_same(r, expected(ODD, counted_of(ODD)))
    check_report(r)


def test_calibrated_serial_and_threads_have_the_same_bits():
    serial = start(ODD, ops=NAMES, calib=True).wait(LONG)
    with ThreadPoolExecutor(3) as executor:
        threads = start(ODD, ops=NAMES, calib=True, engines=executor).wait(LONG)
    for name in NAMES:
        assert getattr(serial, name).tobytes() == getattr(threads, name).tobytes()
    raw = expected(ODD, counted_of(ODD))["mean"]
    np.testing.assert_allclose(serial.mean, raw / 7.3 - 1.1, rtol=1e-6, atol=1e-3)


def test_selection():
    r = start(FakeRun(n=50), ops="sum", events=slice(10, 20)).wait(LONG)
    np.testing.assert_array_equal(r.sum, expected(FakeRun(), list(range(10, 20)))["sum"])
    assert r.report.selected == 10


def test_one_event():
    r = start(FakeRun(n=1), ops=NAMES).wait(LONG)
    check_same(r, expected(FakeRun(), [0]))


def test_nothing_to_count():
    r = start(FakeRun(n=4, empty=[0, 1, 2, 3])).wait(LONG)
    assert (r.n, r.sum, r.mean) == (0, None, None)
    assert r.report.missing == 4
    assert start(FakeRun(n=0)).wait(LONG).n == 0


def test_returns_at_once_and_grows():
    r = start(FakeRun(n=60, delay=0.01), ops=("sum", "mean"))
    assert not r.done
    assert r.partial() == {"sum": None, "mean": None}
    seen = []
    while not r.done:
        seen.append((r.progress[0], r.partial()["mean"] is not None))
        time.sleep(0.01)
    assert any(0 < read < 60 and grown for read, grown in seen)
    assert seen == sorted(seen)
    np.testing.assert_array_equal(r.partial()["mean"], r.mean)


def test_attributes_wait_for_the_end():
    run = FakeRun(n=30, delay=0.005)
    np.testing.assert_array_equal(start(run).mean, expected(run, list(range(30)))["mean"])
    assert start(run).n == 30


def test_callbacks():
    calls, ended = [], threading.Event()

    def note(r) -> None:
        calls.append((time.monotonic(), r.progress[0], r.done))
        if r.done:
            ended.set()

    r = start(FakeRun(n=100, delay=0.01))
    r.add_callback(note)
    r.wait(LONG)
    assert ended.wait(LONG)
    assert [done for _, _, done in calls] == [False] * (len(calls) - 1) + [True]
    assert len(calls) >= 3
    assert calls[-1][1] == 100
    gaps = np.diff([when for when, _, done in calls if not done])
    assert np.all(gaps >= 0.24)
    late = []
    r.add_callback(late.append)
    assert late == [r]


def test_a_callback_that_fails_stops_nothing():
    r = start(FakeRun(n=40, delay=0.01))
    calls = []

    def fail(r) -> None:
        calls.append(r)
        raise ValueError("no canvas")

    r.add_callback(fail)
    r.wait(LONG)
    while not r._notes:
        time.sleep(0.01)
    assert r.n == 40
    assert len(calls) == 1
    assert "a callback failed: ValueError: no canvas" in repr(r)


def test_a_callback_cannot_wait_for_the_end():
    r = start(FakeRun(n=40, delay=0.01))
    said = []

    def ask(r) -> None:
        if not r.done:
            with pytest.raises(XtcError, match=r"use r.partial\(\)"):
                said.append(r.mean)
            said.append("asked")

    r.add_callback(ask)
    r.wait(LONG)
    assert said == ["asked"] * len(said) != []


def test_cancel_keeps_what_was_merged():
    r = start(FakeRun(n=2000, delay=0.005), ops=NAMES)
    while r.progress[0] < 10:
        time.sleep(0.01)
    r.cancel()
    assert r.done
    report = r.wait(LONG).report
    assert 10 <= report.counted < 2000
    assert report.counted + report.unread == 2000
    check_same(r, expected(FakeRun(), list(range(report.counted))))  # serial: in order
    time.sleep(0.3)
    assert r.report == report
    r.cancel()
    assert "cancelled" in repr(r)


def test_wait_is_bounded():
    r = start(FakeRun(n=200, delay=0.01))
    with pytest.raises(TimeoutError, match=r"of 200 events were read in 0.05 s; it goes on"):
        r.wait(0.05)
    r.cancel()


def test_interrupt_while_waiting_cancels(monkeypatch):
    r = start(FakeRun(n=2000, delay=0.01))

    class Interrupted:
        def wait(self, timeout=None):
            raise KeyboardInterrupt

        is_set, set = r._ended.is_set, r._ended.set

    monkeypatch.setattr(r, "_ended", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        r.wait()
    assert r.done


def test_errors_are_raised_at_once():
    with pytest.raises(XtcError, match="no op is called 'average'"):
        start(FakeRun(), ops="average")
    with pytest.raises(SourceError, match="no detector 'opal'"):
        start(FakeRun(), name="opal")
    with pytest.raises(XtcError, match="no event 99"):
        start(FakeRun(), events=[99])


@pytest.mark.parametrize("engines", [0, -1, True, "auto", None, 2.0])
def test_engines_that_cannot_be_understood(engines):
    with pytest.raises(EngineError, match="cannot be understood: give 'serial', a number"):
        start(FakeRun(), engines=engines)


def test_engines_need_ipyparallel(monkeypatch):
    monkeypatch.setattr(pools, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install ipyparallel"):
        start(FakeRun(), engines=2)
    assert start(FakeRun(n=3)).n == 3


def test_unknown_attribute():
    r = start(FakeRun(n=3), ops=("mean",)).wait(LONG)
    with pytest.raises(AttributeError, match=r"no 'maen'. Did you mean 'mean'"):
        r.maen  # noqa: B018


def test_a_run_that_workers_cannot_open():
    r = start(FakeRun(broken=True))
    with pytest.raises(RunNotFoundError, match="no such folder on this machine"):
        r.wait(LONG)
    assert r.done
    assert isinstance(r.error, RunNotFoundError)
    assert "failed: /data/xtc: no such folder" in repr(r)
    assert r.report.unread == 40


def test_an_executor_that_was_shut_down():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(EngineError, match="takes no more work"):
        start(FakeRun(), engines=executor).wait(LONG)


class Forgetful(ThreadPoolExecutor):
    """Loses the worker of some chunks, after their work was done."""

    def __init__(self, lose) -> None:
        super().__init__(2)
        self._lose, self._lock, self.lost = lose, threading.Lock(), 0

    def submit(self, fn, /, *args, **kwargs) -> Future:
        return super().submit(self._maybe, fn, *args, **kwargs)

    def _maybe(self, fn, task, events):
        result = fn(task, events)
        with self._lock:
            lose = self._lose(events, self.lost)
            self.lost += lose
        if lose:
            raise BrokenExecutor("the worker died")
        return result


def test_lost_chunks_are_done_again():
    run = FakeRun(n=200)
    seen = set()

    def once(events, lost) -> bool:
        new = events[0] not in seen
        seen.add(events[0])
        return new

    with Forgetful(once) as executor:
        r = start(run, ops=NAMES, engines=executor).wait(LONG)
        assert executor.lost >= 5
    check_same(r, expected(run, list(range(200))))
    assert r.n == 200


def test_chunks_that_are_lost_again_and_again_are_reported():
    run = FakeRun(n=100)
    with Forgetful(lambda events, lost: 42 in events) as executor:
        r = start(run, ops=NAMES, engines=executor).wait(LONG)
    assert r.report.of_kind("failed") == [42]
    assert r.report.counted == 99
    check_same(r, expected(run, [k for k in range(100) if k != 42]))
    assert next(iter(r.report.reasons)).startswith("failed: engines died on these events 3 times")


def test_a_broken_process_pool(tmp_path):
    (tmp_path / "life").touch()
    run = FakeRun(n=200, killing=[60], lives=str(tmp_path))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        r = start(run, engines=executor)
        with pytest.raises(EngineError, match="takes no more work"):
            r.wait(LONG)
    assert 0 < r.report.counted < 61
    np.testing.assert_array_equal(
        r.partial()["sum"], expected(run, list(range(r.report.counted)))["sum"]
    )


def test_the_package_can_be_called():
    assert xtcview.reduce(FakeRun(n=3), "cspad", library=LIBRARY).n == 3


def test_importing_is_light():
    heavy = ("ipyparallel", "matplotlib", "ipywidgets", "IPython", "zmq")
    code = f"import sys, xtcview.reduce.api; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
