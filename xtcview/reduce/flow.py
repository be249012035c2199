"""The flow of chunks: a few in flight per worker, each merged as it completes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, Protocol

from xtcview.errors import EngineError, XtcError
from xtcview.reduce.core import Result, run_chunk
from xtcview.reduce.plan import ATTEMPTS, CUT, Chunk, Plan
from xtcview.reduce.pools import Pool
from xtcview.reduce.task import Task

DEPTH = 2  # chunks in flight per worker: one at work, one waiting
PATIENCE = 0.2  # s between looks at whether to stop
LOOK = 0.5  # s between looks at the workers
SLACK = 5.0  # s for opening a run and sending a result


class Merger(Protocol):
    """Where results go."""

    def merge(self, number: int, result: Result) -> bool:
        """Take the result of a chunk."""

    def fail(self, number: int, events: Any, reason: str) -> None:
        """Take note of a chunk that was given up."""


@dataclass
class Flow:
    """Sends the chunks of a plan to a pool until all are merged.

    Parameters
    ----------
    pool : Pool
        Where they run.
    plan : Plan
        Which there are.
    task : Task
        What is done with each.
    total : Merger
        Where the results go.
    stop : threading.Event
        Ends the flow early when set.
    """

    pool: Pool
    plan: Plan
    task: Task
    total: Merger
    stop: Event
    flying: dict[Future[Any], Chunk] = field(default_factory=dict)
    finished: SimpleQueue[Future[Any]] = field(default_factory=SimpleQueue)
    merged: list[Sequence[int]] = field(default_factory=list)  # events, also those given up
    bytes: int = 0
    _looked: float = field(default_factory=time.monotonic)

    def step(self) -> bool:
        """Send what fits and merge at most one result; False when nothing is left to do.

        Raises
        ------
        XtcError
            When the chunks cannot be worked on.
        """
        if self.stop.is_set():
            return False
        self._fill()
        if not self.flying and self.plan.finished:
            return False
        self._look()
        try:
            future = self.finished.get(timeout=PATIENCE)
        except Empty:
            return True
        chunk = self.flying.pop(future, None)  # None: it was given up, and answers after all
        try:
            if chunk is not None:
                self._collect(future, chunk)
        finally:
            self._forget(future)
        return True

    def _fill(self) -> None:
        while self._room():
            chunk = self.plan.take()
            if chunk is None:
                return
            task = replace(self.task, seconds=CUT * self.plan.seconds())
            try:
                future = self.pool.submit(run_chunk, task, chunk.events)
            except XtcError:
                raise
            except RuntimeError as error:  # a pool that broke or was shut down
                raise EngineError(f"the executor takes no more work: {error}") from error
            if future is None:
                self.plan.give_back(chunk)
                return
            self.flying[future] = chunk
            future.add_done_callback(self.finished.put)

    def _room(self) -> bool:
        """Tell whether one more chunk may be sent."""
        if self.plan.suspicious and not self.pool.knows:
            return not self.flying  # one by one, or the innocent would be lost with the guilty
        return len(self.flying) < DEPTH * self.pool.capacity()

    def _look(self) -> None:
        """Look after the workers, now and then, also while results come."""
        now = time.monotonic()
        if now - self._looked < LOOK:
            return
        self._looked = now
        self._take_back(self.pool.check())
        patience = CUT * self.plan.seconds() + self.task.timeout + SLACK
        for future, chunk in list(self.flying.items()):
            since = self.pool.running_since(future)
            if since is not None and now - since > patience:
                self._give_up(future, chunk, f"it did not answer for {patience:.0f} s")

    def _give_up(self, future: Future[Any], chunk: Chunk, why: str) -> None:
        """Go on without an answer that takes too long, and without its worker."""
        del self.flying[future]
        future.add_done_callback(self._forget)
        self._accuse(chunk, why)
        self._take_back(self.pool.abandon(future, list(self.flying)))

    def _take_back(self, futures: Iterable[Future[Any]]) -> None:
        """Queue chunks again that will not be answered, through no fault of their events."""
        for future in futures:
            chunk = self.flying.pop(future, None)
            if chunk is not None:
                future.add_done_callback(self._forget)
                self.plan.give_back(chunk)

    def _collect(self, future: Future[Any], chunk: Chunk) -> None:
        if future.cancelled() and self.pool.dask:  # it does so with results that a worker lost
            self.plan.give_back(chunk)
            return
        if future.cancelled():
            raise EngineError("the executor cancelled a chunk: it was shut down by somebody else")
        error = future.exception()
        if error is None:
            self._merge(future.result(), chunk)
        elif not self.pool.lost(error):
            self._exclude(future, chunk, error)
        elif self.pool.is_suspect(future):
            self._accuse(chunk, str(getattr(error, "evalue", error)))
        else:
            self.plan.give_back(chunk)

    def _merge(self, result: Result, chunk: Chunk) -> None:
        if self.total.merge(chunk.number, result):
            left = result[0].get("left", 0)
            self.plan.rest(chunk, left)
            self.merged.append(chunk.events[: len(chunk.events) - left])
            self.bytes += result[0].get("bytes", 0)
            sent = sum(array.nbytes for array in result[1:]) if self.pool.sends else 0
            self.plan.learn(len(chunk.events) - left, result[0]["seconds"], sent)

    def _accuse(self, chunk: Chunk, why: str) -> None:
        if not self.plan.accuse(chunk):
            reason = f"engines died on these events {ATTEMPTS} times: {why}"
            self.total.fail(chunk.number, chunk.events, reason)
            self.merged.append(chunk.events)

    def _exclude(self, future: Future[Any], chunk: Chunk, error: BaseException) -> None:
        """Go on without a worker that cannot work, as long as others can."""
        reason = self.pool.explain(error)
        if not self.pool.exclude(future):
            raise reason from error
        self.pool.notes.append(f"went on without an engine: {reason}")
        self.plan.give_back(chunk)

    def drop(self) -> None:
        """Let go of chunks that are no longer wanted; those begun end by themselves."""
        self.pool.cancel(list(self.flying), self.task.token)
        for future in self.flying:
            future.add_done_callback(self._forget)

    def _forget(self, future: Future[Any]) -> None:
        """Free the arrays of a result that was taken, or that nobody wants."""
        if not future.cancelled() and future.exception() is None:
            future.result().clear()  # futures may refer to one another, and wait for the gc
        self.pool.forget(future)
