"""Events that hang, and chunks that end early."""

from __future__ import annotations

import multiprocessing
import signal
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun, expected
from test_core import task_of

from xtcview.errors import EngineError
from xtcview.reduce import flow, limits, readers
from xtcview.reduce.api import reduce
from xtcview.reduce.core import run_chunk

LONG = 60.0


@pytest.fixture(autouse=True)
def _no_open_runs():
    yield
    readers.close_readers()


@pytest.mark.timeout(60, method="thread")  # the other method needs the same timer
def test_an_event_that_hangs_is_named():
    before = signal.getsignal(signal.SIGALRM)
    run = FakeRun(n=6, hanging=[2, 4], hang=30.0)
    summary, _, total = run_chunk(replace(task_of(run), timeout=0.1), range(6))
    assert summary["skipped"] == [
        ("failed", "TimeoutError: it takes more than 0.1 s", k) for k in (2, 4)
    ]
    np.testing.assert_array_equal(total, expected(run, [0, 1, 3, 5])["sum"])
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.timeout(60, method="thread")
def test_a_timer_of_somebody_else_is_left_alone():
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        assert run_chunk(replace(task_of(FakeRun(n=3)), timeout=9.0), range(3))[0]["counted"] == 3
        time.sleep(0.4)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rang == [1]


def test_a_chunk_ends_when_its_time_is_over():
    run = FakeRun(n=100, delay=0.02)
    summary, present, total = run_chunk(replace(task_of(run), seconds=0.1), range(10, 90))
    done = 80 - summary["left"]
    assert 1 <= done <= 6
    assert present.tolist() == [done] * 3
    np.testing.assert_array_equal(total, expected(run, list(range(10, 10 + done)))["sum"])
    assert summary["bytes"] == done * 3 * 4 * 5 * 2
    assert run_chunk(replace(task_of(run), seconds=0.0), range(7))[0]["left"] == 6


def test_a_chunk_of_a_cancelled_reduction_ends():
    limits.cancel("gone")
    assert run_chunk(task_of(FakeRun(n=9), token="gone"), range(9))[0]["left"] == 9
    for k in range(limits.REMEMBERED):
        limits.cancel(str(k))
    assert not limits.is_cancelled("gone")  # bounded


def test_a_function_that_ends_python_is_a_failure():
    summary = run_chunk(task_of(FakeRun(n=4, leaving=[1])), range(4))[0]
    assert summary["skipped"] == [("failed", "SystemExit: 3", 1)]
    assert summary["counted"] == 3


def test_chunks_that_are_slower_than_thought_are_cut():
    slow = [*range(30, 150)]
    run = FakeRun(n=150, hanging=slow, hang=0.02)
    r = reduce(run, ops="sum", library=LIBRARY).wait(LONG)
    assert r.n == 150
    np.testing.assert_array_equal(r.sum, expected(run, list(range(150)))["sum"])


def test_a_process_interrupts_an_event_that_hangs():
    run = FakeRun(n=60, hanging=[33], hang=50.0)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        r = reduce(run, library=LIBRARY, engines=executor, timeout=0.5).wait(LONG)
    assert r.report.reasons == {"failed: TimeoutError: it takes more than 0.5 s": [33]}
    assert r.n == 59


def test_a_thread_that_hangs_is_left_behind(monkeypatch):
    monkeypatch.setattr(flow, "SLACK", 0.1)
    run = FakeRun(n=40, hanging=[17], hang=2.0)
    r = reduce(run, library=LIBRARY, timeout=0.1).wait(LONG)
    assert r.report.of_kind("failed") == [17]
    assert "it did not answer for" in str(r.report)
    np.testing.assert_array_equal(r.sum, expected(run, [k for k in range(40) if k != 17])["sum"])
    assert "a thread of this process hangs in an event" in repr(r)


def test_threads_that_all_hang(monkeypatch):
    monkeypatch.setattr(flow, "SLACK", 0.1)
    run = FakeRun(n=40, hanging=[17, 30], hang=2.0)
    with ThreadPoolExecutor(1) as executor:
        r = reduce(run, library=LIBRARY, timeout=0.1, engines=executor)
        with pytest.raises(EngineError, match="all workers hang; what was merged is kept"):
            r.wait(LONG)
    assert 0 < r.report.counted < 40
