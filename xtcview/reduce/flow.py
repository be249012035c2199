"""The flow of chunks: a few in flight per worker, each merged as it completes."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, Protocol

from xtcview.errors import EngineError, XtcError
from xtcview.reduce.core import Result, run_chunk
from xtcview.reduce.plan import ATTEMPTS, Chunk, Plan
from xtcview.reduce.pools import Pool
from xtcview.reduce.task import Task

DEPTH = 2  # chunks in flight per worker: one at work, one waiting
PATIENCE = 0.2  # s between looks at whether to stop


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
    heard: float = field(default_factory=time.monotonic)

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
        if not self.flying:
            return False
        try:
            future = self.finished.get(timeout=PATIENCE)
        except Empty:
            self.pool.check(time.monotonic() - self.heard)
            return True
        self.heard = time.monotonic()
        try:
            self._collect(future, self.flying.pop(future))
        finally:
            self._forget(future)
        return True

    def _fill(self) -> None:
        while len(self.flying) < DEPTH * self.pool.workers:
            chunk = self.plan.take()
            if chunk is None:
                return
            try:
                future = self.pool.submit(run_chunk, self.task, chunk.events)
            except XtcError:
                raise
            except RuntimeError as error:  # a pool that broke or was shut down
                raise EngineError(f"the executor takes no more work: {error}") from error
            self.flying[future] = chunk
            future.add_done_callback(self.finished.put)

    def _collect(self, future: Future[Any], chunk: Chunk) -> None:
        if future.cancelled():
            raise EngineError("the executor cancelled a chunk: it was shut down by somebody else")
        error = future.exception()
        if error is None:
            result = future.result()
            if self.total.merge(chunk.number, result):
                sent = sum(array.nbytes for array in result[1:]) if self.pool.sends else 0
                self.plan.learn(len(chunk.events), result[0]["seconds"], sent)
        elif not self.pool.lost(error):
            raise self.pool.explain(error) from error
        elif not self.plan.give_back(chunk):
            reason = f"engines died on these events {ATTEMPTS} times: {error}"
            self.total.fail(chunk.number, chunk.events, reason)

    def drop(self) -> None:
        """Let go of chunks that are no longer wanted; those begun end by themselves."""
        for future in self.flying:
            self.pool.cancel(future)
            future.add_done_callback(self._forget)

    def _forget(self, future: Future[Any]) -> None:
        """Free the arrays of a result that was taken, or that nobody wants."""
        if not future.cancelled() and future.exception() is None:
            future.result().clear()  # futures may refer to one another, and wait for the gc
        self.pool.forget(future)
