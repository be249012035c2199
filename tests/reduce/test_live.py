"""What a person has of a reduction while it runs."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun, expected

from xtcview.errors import RunNotFoundError
from xtcview.reduce import bar, readers, reduction
from xtcview.reduce.api import reduce
from xtcview.reduce.speed import Meter

LONG = 60.0
WIDGET = "application/vnd.jupyter.widget-view+json"


def run_alone(coroutine):
    """Run a coroutine in a thread of its own: a browser of other tests may hold a loop in this."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result(60)


@pytest.fixture(autouse=True)
def _no_open_runs():
    yield
    readers.close_readers()


def start(run: FakeRun, **kwargs):
    return reduce(run, library=LIBRARY, **kwargs)


def test_await():
    run = FakeRun(n=60, delay=0.005)

    async def main():
        r, ticks = start(run), 0

        async def tick():
            nonlocal ticks
            while not r.done:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        assert await r is r
        await ticking
        assert await r is r  # at once, by now
        return r.mean, ticks

    mean, ticks = run_alone(main())
    assert ticks > 3  # the loop went on
    np.testing.assert_array_equal(mean, expected(run, list(range(60)))["mean"])


def test_awaiting_what_fails():
    async def main():
        await start(FakeRun(broken=True))

    with pytest.raises(RunNotFoundError):
        run_alone(main())


def test_a_cancelled_await_cancels_the_reduction():
    async def main():
        r = start(FakeRun(n=5000, delay=0.005))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(r, 0.2)
        return r

    r = run_alone(main())
    assert r.state == "cancelled"
    assert r.report.unread > 0


def test_control_c_comes_back_with_the_partial():
    r = start(FakeRun(n=5000, delay=0.005))
    while r.progress[0] == 0:
        time.sleep(0.01)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        r.wait(LONG)
    assert r.state == "cancelled"
    counted = r.report.counted
    assert counted > 0
    np.testing.assert_array_equal(
        r.partial()["sum"], expected(FakeRun(), list(range(counted)))["sum"]
    )


def test_cancelling_ends_a_long_chunk(monkeypatch):
    r = start(FakeRun(n=30, delay=0.3))
    time.sleep(0.1)
    r.cancel()
    r._thread.join(5.0)  # a chunk would have gone on for much longer
    assert not r._thread.is_alive()
    assert r.progress[0] == 0


def test_speed():
    meter = Meter(100)
    begin = meter._marks[0][0]
    assert math.isnan(meter.speed(50).left)
    assert str(meter.speed(50)) == "no event yet"
    meter.engines = 2
    meter.note(300, 10_000_000, begin + 2.0)
    assert str(meter.speed(50)) == "100 events/s on 2 engines (50 each), 5 MB/s, 0 s left"
    for k in range(40):
        meter.note(300 + 10 * k, 0, begin + 10.0 + k)
    assert meter.speed(50).events == pytest.approx(10.0)
    assert meter.speed(50).left == pytest.approx(5.0)
    assert len(meter._marks) < 9


def test_speed_of_a_reduction():
    r = start(FakeRun(n=200, delay=0.005))
    while r.progress[0] < 20:
        time.sleep(0.01)
    speed = r.speed
    assert 20 < speed.events < 200
    assert speed.engines == 1
    assert speed.megabytes == pytest.approx(speed.events * 120e-6, rel=0.2)
    r.cancel()


def test_a_notebook_gets_a_bar_and_others_text(monkeypatch):
    r = start(FakeRun(n=100, delay=0.01))
    assert list(r._repr_mimebundle_()) == ["text/plain"]
    monkeypatch.setattr(reduction, "live_kernel", lambda: True)
    bundle = r._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Reduction(sum, mean of cspad")
    assert bundle[WIDGET]["model_id"]
    r.cancel()


def test_the_bar_follows():
    r = start(FakeRun(n=100, delay=0.01))
    box = bar.bar(r)
    row, words = box.children
    meter, stop = row.children
    assert (meter.max, stop.disabled) == (100, False)
    while meter.value < 20 and not r.done:
        time.sleep(0.02)
    assert "of 100 events, " in words.value
    assert "events/s on 1 engine" in words.value
    stop.click()
    assert r.state == "cancelled"
    assert stop.disabled
    assert meter.bar_style == "warning"
    assert "cancelled" in words.value
