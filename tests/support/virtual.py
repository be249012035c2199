"""A thousand engines that are not there: the flow of chunks under a clock that only jumps.

The plan, the flow and the total are the real ones. Simulated are the executor, its engines, what
they share (file system, network) and what the client pays to send and to merge. What each costs
is a parameter; the defaults were measured with ipyparallel 9.2 on one machine.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import cache, partial
from queue import Empty
from typing import Any

import numpy as np

from xtcview.reduce import flow as flow_module
from xtcview.reduce import ops
from xtcview.reduce.flow import Flow
from xtcview.reduce.plan import Plan
from xtcview.reduce.pools import Pool
from xtcview.reduce.task import Task
from xtcview.reduce.total import Total

SHAPE = (1, 4, 4)  # of the frames that are really added: enough to tell every event apart
WANTED = ops.find("sum")


@dataclass(frozen=True)
class World:
    """What things cost.

    Parameters
    ----------
    engines : int
        At the beginning.
    events : int
        In the run.
    seconds : float
        Of an engine's core per event.
    event_bytes : float
        Read per event.
    state_bytes : int
        Of a partial result.
    disk : float
        Bytes per second that the file system gives to all engines together.
    network : float
        Bytes per second into the client.
    handling : float
        Seconds of the client per byte of a result: receiving and merging.
    submitting : float
        Seconds of the client per chunk.
    opening : float
        Seconds that an engine takes to open the run.
    lifetime : float
        Mean seconds until an engine dies.
    notice : float
        Seconds until that is noticed.
    seed : int
        Of the deaths.
    """

    engines: int = 1000
    events: int = 100_000
    seconds: float = 1e-3
    event_bytes: float = 4.6e6
    state_bytes: int = 9_200_000
    disk: float = 20e9
    network: float = 1.2e9
    handling: float = 2.5e-9
    submitting: float = 2e-3
    opening: float = 2.0
    lifetime: float = float("inf")
    notice: float = 5.0
    seed: int = 1

    @property
    def ideal(self) -> float:
        """Seconds that all engines need, were nothing lost: they compute, or the disk reads."""
        return self.events * max(self.seconds / self.engines, self.event_bytes / self.disk)


@dataclass
class Outcome:
    """What came of it.

    Parameters
    ----------
    seconds : float
        Of virtual time.
    efficiency : float
        Ideal time of all engines over the time that they lived.
    client : float
        Part of the time that the client's core was busy.
    chunks : int
        Results merged.
    read : int
        Events that engines read, those of lost chunks too.
    deaths : int
        Engines that died on the way.
    total : Total
        The real result.
    """

    seconds: float
    efficiency: float
    client: float
    chunks: int
    read: int
    deaths: int
    total: Total


class EngineDiedError(Exception):
    """An engine took its chunk along.

    Parameters
    ----------
    at_work : bool
        Whether the chunk had begun.
    """

    def __init__(self, at_work: bool) -> None:
        super().__init__("an engine died")
        self.at_work = at_work


@dataclass
class Engine:
    """One engine with what was sent to it."""

    dies: float
    queue: deque[tuple[Future[Any], Any]] = field(default_factory=deque)
    opened: bool = False
    busy: bool = False
    dead: bool = False


class Virtual(Pool):
    """The executor, the engines and the clock; also the queue of finished chunks.

    Parameters
    ----------
    world : World
        What things cost.
    start : float
        Of the clock.
    """

    knows = True  # which chunk an engine was at when it died

    def __init__(self, world: World, start: float) -> None:
        super().__init__(Executor(), world.engines)
        self.sends = True
        self.world, self.now, self._start = world, start, start
        self._random = random.Random(world.seed)
        rate = 1 / world.lifetime
        deaths = (self._random.expovariate(rate) if rate else np.inf for _ in range(world.engines))
        self.engines = [Engine(start + after) for after in deaths]
        self._turn = itertools.count()
        self._heap: list[tuple[float, int, Any]] = []
        self._done: deque[Future[Any]] = deque()
        self._idle: list[tuple[int, int, Engine]] = []
        self._link = start
        self.client, self.read, self.deaths = 0.0, 0, 0
        for engine in self.engines:
            if engine.dies < np.inf:
                self._at(engine.dies, lambda engine=engine: self._die(engine))

    # the clock

    def monotonic(self) -> float:
        """Return the time, as `time.monotonic` does."""
        return self.now

    def _at(self, when: float, what: Any) -> None:
        heapq.heappush(self._heap, (when, next(self._turn), what))

    def spend(self, seconds: float) -> None:
        """Let the client be busy."""
        self.client += seconds
        self._until(self.now + seconds)

    def _until(self, when: float) -> None:
        while self._heap and self._heap[0][0] <= when:
            self.now, _, what = heapq.heappop(self._heap)
            what()
        self.now = max(self.now, when)

    # the executor

    def submit(self, function: Any, *args: Any) -> Future[Any]:
        """Send a chunk to the least busy engine that lives, as ipyparallel does."""
        self.spend(self.world.submitting)
        living = [engine for engine in self.engines if not engine.dead]
        engine = min(living, key=lambda one: len(one.queue))
        future: Future[Any] = Future()
        engine.queue.append((future, args[1]))
        self._begin(engine)
        return future

    def capacity(self) -> int:
        """Return how many engines live."""
        return sum(not engine.dead for engine in self.engines)

    def lost(self, error: BaseException) -> bool:
        """Tell whether an engine died."""
        return isinstance(error, EngineDiedError)

    def is_suspect(self, future: Future[Any]) -> bool:
        """Tell whether a chunk was at work when its engine died."""
        error = future.exception()
        return isinstance(error, EngineDiedError) and error.at_work

    def check(self, idle: float = 0.0) -> Iterable[Future[Any]]:
        """Find nothing."""
        return ()

    def running_since(self, future: Future[Any]) -> float | None:
        """Return None: nothing hangs here."""
        return None

    def put(self, future: Future[Any]) -> None:
        """Queue a finished chunk."""
        self._done.append(future)

    def get(self, timeout: float) -> Future[Any]:
        """Return a finished chunk, or let time pass."""
        end = self.now + timeout
        while not self._done and self._heap and self._heap[0][0] <= end:
            self._until(self._heap[0][0])
        if self._done:
            return self._done.popleft()
        self.now = end
        raise Empty

    # the engines

    def _begin(self, engine: Engine) -> None:
        if engine.busy or engine.dead or not engine.queue:
            return
        engine.busy = True
        future, events = engine.queue[0]
        pace = max(self.world.seconds, self.world.event_bytes * self.workers / self.world.disk)
        # engines of one age differ a little: they are not in step
        seconds = len(events) * pace * self._random.uniform(0.97, 1.03)
        opening = 0.0 if engine.opened else self.world.opening
        engine.opened = True
        self._at(self.now + opening + seconds, lambda: self._end(engine, future, events, seconds))

    def _end(self, engine: Engine, future: Future[Any], events: Any, seconds: float) -> None:
        if engine.dead:
            return
        self.read += len(events)
        engine.queue.popleft()
        engine.busy = False
        self._link = max(self._link, self.now) + self.world.state_bytes / self.world.network
        result = [
            *result_of(sums(self.world.events), events, seconds),
            pretended(self.world.state_bytes),
        ]
        self._at(self._link, lambda: future.set_result(result))
        self._begin(engine)

    def _die(self, engine: Engine) -> None:
        if sum(not one.dead for one in self.engines) == 1:
            return  # the last one stays, so that every story ends
        engine.dead = True
        self.deaths += 1
        for future, events in engine.queue:
            at_work = future is engine.queue[0][0]
            self.read += len(events) // 2 if at_work else 0
            error = EngineDiedError(at_work)
            self._at(self.now + self.world.notice, partial(future.set_exception, error))


def pretended(size: int) -> np.ndarray:
    """Return an array that says it has so many bytes."""
    return np.broadcast_to(np.zeros(1, np.int8), (size,))


@cache
def sums(events: int) -> np.ndarray:
    """Return the sums of the first 0, 1, 2 ... frames, which are random numbers.

    No two sets of events have the same sum but by accident.
    """
    frames = np.random.default_rng(5).integers(0, 1 << 14, (events, *SHAPE), np.int64)
    none = np.zeros((1, *SHAPE), np.int64)
    return np.concatenate([none, np.cumsum(frames, axis=0)])


def result_of(known: np.ndarray, events: Any, seconds: float) -> list[Any]:
    """Return what `run_chunk` would; `known` comes from `sums`."""
    count = len(events)
    summary = {
        "counted": count, "skipped": [], "dtype": "<i2", "shape": SHAPE, "bytes": 0, "left": 0,
        "groups": [(None, count)], "seconds": seconds,
    }  # fmt: skip
    state = known[events[-1] + 1] - known[events[0]]
    return [summary, np.array([count], np.int64), state]


class Client:
    """The total, and what merging costs.

    Parameters
    ----------
    pool : Virtual
        Whose clock goes on.
    total : Total
        The real one.
    """

    def __init__(self, pool: Virtual, total: Total) -> None:
        self.pool, self.total, self.chunks = pool, total, 0

    def merge(self, number: int, result: list[Any]) -> bool:
        """Merge a result; its last array is only pretended."""
        self.pool.spend(result[-1].nbytes * self.pool.world.handling)
        self.chunks += 1
        return self.total.merge(number, result[:-1])

    def fail(self, number: int, events: Any, reason: str) -> None:
        """Take note of a chunk that was given up."""
        self.total.fail(number, events, reason)


def simulate(world: World, monkeypatch: Any) -> Outcome:
    """Reduce a run in a world; `monkeypatch` puts its clock into the flow."""
    start = flow_module.time.monotonic()
    pool = Virtual(world, start)
    total = Total(WANTED, SHAPE, world.events)
    client = Client(pool, total)
    task = Task("", (), "", ("sum",), "", "", "", "")
    plan = Plan(np.arange(world.events, dtype=np.int64), world.engines)
    with monkeypatch.context() as patch:
        patch.setattr(flow_module, "time", pool)
        flow = Flow(pool, plan, task, client, threading.Event(), finished=pool)
        while flow.step():
            pass
    seconds = pool.now - start
    lived = sum(min(engine.dies, pool.now) - start for engine in pool.engines)
    efficiency = world.ideal * world.engines / lived
    busy = pool.client / seconds
    return Outcome(seconds, efficiency, busy, client.chunks, pool.read, pool.deaths, total)
