"""What a reduction takes when things die, and what it keeps: ``python tests/benchmarks/deaths.py``.

Times on a busy machine are longer; every number is the worst of its repetitions.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

FAKES = str(Path(__file__).parent.parent / "reduce")
os.environ["PYTHONPATH"] = os.pathsep.join([FAKES, os.environ.get("PYTHONPATH", "")])
sys.path.insert(0, FAKES)

from reduce_fakes import LIBRARY, FakeRun  # noqa: E402

from xtcview.reduce import plan  # noqa: E402
from xtcview.reduce.api import reduce  # noqa: E402
from xtcview.reduce.engines import stop_engines  # noqa: E402
from xtcview.reduce.local import LOCAL  # noqa: E402

SLOW = FakeRun(n=100_000, delay=0.002)


def start(run: FakeRun = SLOW, engines: object = 2):
    """Start a reduction, and return it when its first result was merged."""
    r = reduce(run, ops="sum", library=LIBRARY, engines=engines, checkpoint=False)
    while r.progress[0] == 0:
        time.sleep(0.002)
    return r


def wait_for(condition: Callable[[], object]) -> float:
    """Return how long it takes until a condition holds."""
    began = time.perf_counter()
    while not condition():
        time.sleep(0.002)
        assert time.perf_counter() - began < 60.0
    return time.perf_counter() - began


def cold() -> tuple[float, float]:
    """Return the seconds until the first result, cold and warm."""
    stop_engines()
    began = time.perf_counter()
    start().cancel()
    again = time.perf_counter()
    start().cancel()
    return again - began, time.perf_counter() - again


def engine_killed() -> tuple[float, float]:
    """Return when the death of an engine is noticed, and when another has taken its place."""
    r = start()
    pool, killed = r._pool, r._pool.client.ids[0]
    pool._signal(signal.SIGKILL, killed)
    noticed = wait_for(lambda: not pool._crew._queues[killed])
    replaced = wait_for(lambda: pool.capacity() == 2)
    r.cancel()
    return noticed, noticed + replaced


def hub_killed() -> tuple[float, float]:
    """Return when the death of the hub is noticed, and when a new cluster is at work."""
    r = start()
    os.kill(LOCAL._cluster.controller.pid, signal.SIGKILL)
    noticed = wait_for(lambda: r._pool._renewals)
    before = r.progress[0]
    renewed = wait_for(lambda: r.progress[0] > before + 500)
    r.cancel()
    return noticed, noticed + renewed


def interrupted() -> tuple[float, float]:
    """Return the seconds from Ctrl-C to the prompt, and until the engines do something else."""
    r = start(FakeRun(n=1000, hanging=list(range(10, 1000)), hang=5.0))
    time.sleep(0.5)
    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.2, interrupt).start()
    try:
        r.wait()
    except KeyboardInterrupt:
        prompt = time.perf_counter() - sent[0]
    LOCAL._client[:2].apply_sync(os.getpid)
    return prompt, time.perf_counter() - sent[0]


def memory(chunks: int = 300) -> float:
    """Return by how many MB per 1000 chunks the client grows; a chunk's result has 13 MB."""
    plan.LONGEST = 1
    run = FakeRun(n=chunks, shape=(8, 185, 388), dtype="<u2")
    names = ("std", "min", "max")
    reduce(run, ops=names, library=LIBRARY, engines=2, events=slice(40), checkpoint=False).wait()
    before = psutil.Process().memory_info().rss
    reduce(run, ops=names, library=LIBRARY, engines=2, checkpoint=False).wait()
    plan.LONGEST = 1000
    return (psutil.Process().memory_info().rss - before) / 1e6 * 1000 / chunks


def worst(function: Callable[[], tuple[float, float]], repeat: int) -> tuple[float, float]:
    """Return the longest times of several trials."""
    found = [function() for _ in range(repeat)]
    return max(one[0] for one in found), max(one[1] for one in found)


def main() -> None:
    """Print the table."""
    try:
        print("first result, cold and warm:           {:.2f} s, {:.2f} s".format(*worst(cold, 2)))
        print(
            "engine killed: noticed, replaced:      {:.2f} s, {:.2f} s".format(
                *worst(engine_killed, 3)
            )
        )
        print("hub killed: noticed, at work again:    {:.2f} s, {:.2f} s".format(*hub_killed()))
        print(
            "Ctrl-C: prompt, engines free:          {:.3f} s, {:.2f} s".format(
                *worst(interrupted, 3)
            )
        )
        print(f"client grows per 1000 partial results: {memory():.0f} MB")
    finally:
        stop_engines()


if __name__ == "__main__":
    main()
