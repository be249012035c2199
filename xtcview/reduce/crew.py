"""Which engine works on what: each has its own queue, and works through it in order."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any


class Crew:
    """The queues of all engines, and since when each is at work on its first chunk."""

    def __init__(self) -> None:
        self._queues: dict[int, list[Future[Any]]] = {}
        self._engine: dict[Future[Any], int] = {}
        self._since: dict[int, float] = {}
        self._blamed: set[int] = set()

    def least_busy(self, engines: Iterable[int]) -> int:
        """Return the engine with the shortest queue."""
        return min(engines, key=lambda engine: len(self._queues.get(engine, ())))

    def give(self, engine: int, future: Future[Any]) -> None:
        """Note that an engine was sent a chunk."""
        queue = self._queues.setdefault(engine, [])
        if not queue:
            self._since[engine] = time.monotonic()
        queue.append(future)
        self._engine[future] = engine

    def done(self, future: Future[Any]) -> None:
        """Note that a chunk was answered, or is not waited for."""
        engine = self._engine.pop(future, None)
        if engine is not None:
            self._queues[engine].remove(future)
            self._since[engine] = time.monotonic()

    def engine_of(self, future: Future[Any]) -> int | None:
        """Return the engine that a chunk was sent to."""
        return self._engine.get(future)

    def at_work(self, future: Future[Any]) -> bool:
        """Tell whether its engine works on this chunk: it is the first of those not answered."""
        engine = self._engine.get(future)
        return engine is not None and self._queues[engine][0] is future

    def since(self, future: Future[Any]) -> float | None:
        """Return when its engine began with a chunk, by `time.monotonic`; None if it waits."""
        return self._since[self._engine[future]] if self.at_work(future) else None

    def blame(self, future: Future[Any]) -> bool:
        """Tell whether a dead engine was at work on this chunk; true for one chunk per engine.

        The chunks of a dead engine come back in any order.
        """
        if not self.at_work(future):
            return False
        engine = self._engine[future]
        first = engine not in self._blamed
        self._blamed.add(engine)
        return first

    def dismiss(self) -> list[Future[Any]]:
        """Return all chunks that were not answered, and forget them."""
        futures = list(self._engine)
        for kept in (self._queues, self._engine, self._since):
            kept.clear()
        self._blamed.clear()  # a new cluster counts its engines from 0 again
        return futures
