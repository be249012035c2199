"""A pool of ipyparallel engines: each gets its own queue, and may die.

Chunks go to one engine each, through that engine's own executor. The executor over all engines
would choose one by itself, but its scheduler waits five seconds before it says that an engine has
died; an engine's own says so at once, and it is known what each was working on.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol

import ipyparallel

from xtcview.errors import EngineError, XtcError
from xtcview.reduce import hub
from xtcview.reduce.crew import Crew
from xtcview.reduce.plan import ATTEMPTS
from xtcview.reduce.pools import Pool

INNOCENT = ("TaskAborted", "NoEnginesRegistered", "KeyboardInterrupt")  # did not begin, or stopped
LOST = ("EngineError", *INNOCENT)
REVIVALS = 40  # engines that are started in the place of dead ones: enough to find some bad events
REVIVE_SECONDS = 30.0  # for one of them to register
GONE_SECONDS = 5.0  # without any engine; those of a given cluster may be on their way
RENEWALS = 3  # clusters that are started in the place of one whose hub is gone


class Owner(Protocol):
    """Who has started the engines, and may start others."""

    def revive(self, missing: int) -> None:
        """Start so many engines, without waiting for them."""

    def renew(self, n: int) -> Any:
        """Start a new cluster of `n` engines; return its client."""


class EnginePool(Pool):
    """Engines behind a client.

    Parameters
    ----------
    client : ipyparallel.Client
        Connected to a cluster.
    targets : list of int, optional
        Engines to use; all by default, also those that come later.
    close_client : bool
        Whether the client was made for this pool.
    owner : Owner, optional
        Whose engines they are, if they may be killed and replaced.
    count : int, optional
        How many to use at most.
    """

    knows = True

    def __init__(
        self,
        client: Any,
        targets: list[int] | None = None,
        close_client: bool = False,
        owner: Owner | None = None,
        count: int | None = None,
    ) -> None:
        self.client, self._targets, self._close_client = client, targets, close_client
        self._owner, self._count = owner, count
        self._crew = Crew()
        self._excluded: set[int] = set()
        super().__init__(client.executor(), count or len(targets or client.ids))
        self._probe = hub.Probe(client)
        self._revivals = self._renewals = 0
        self._revived, self._newest = 0.0, max(client.ids, default=-1)
        self._seen = time.monotonic()  # when an engine was there

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any] | None:
        """Run a function on the least busy of the living engines; None when there is none.

        Raises
        ------
        EngineError
            When they die as fast as they are chosen.
        """
        for _ in range(ATTEMPTS):
            living = self._living()
            if not living:
                return None
            engine = self._crew.least_busy(living)
            try:
                future: Future[Any] = self.client[engine].executor.submit(function, *args)
            except (KeyError, IndexError, ipyparallel.error.NoEnginesRegistered):
                continue  # it was unregistered since we looked
            self._crew.give(engine, future)
            self._welcome(engine)
            return future
        raise EngineError("engines are dying faster than work can be sent to them")

    def _living(self) -> list[int]:
        wanted = self._targets
        found = [n for n in self.client.ids if wanted is None or n in wanted]
        living = [n for n in found if n not in self._excluded][: self._count]
        self.workers = max(self.workers, len(living))  # those of a given cluster may come late
        return living

    def capacity(self) -> int:
        """Return how many engines are alive."""
        return len(self._living())

    def lost(self, error: BaseException) -> bool:
        """Tell whether the engine of a chunk died."""
        return _name(error) in LOST

    def is_suspect(self, future: Future[Any]) -> bool:
        """Tell whether a lost chunk was being worked on when its engine died."""
        error = future.exception()
        return error is not None and _name(error) not in INNOCENT and self._crew.blame(future)

    def explain(self, error: BaseException) -> XtcError:
        """Name the engine and what it said."""
        said = f"{_name(error)}: {getattr(error, 'evalue', error)}"
        engine = (getattr(error, "engine_info", None) or {}).get("engine_id", "?")
        return EngineError(
            f"engine {engine} could not work: {said}. Engines need the same xtcview and must see "
            "the same files as this process"
        )

    def exclude(self, future: Future[Any]) -> bool:
        """Use the engine of this chunk no more; False when there is no other."""
        engine = self._crew.engine_of(future)
        if engine is not None and engine not in self._excluded:
            self._excluded.add(engine)
            self._count = self._count and self._count - 1  # it is not to be replaced either
        return self.capacity() > 0

    def check(self) -> Iterable[Future[Any]]:
        """Look after the engines and the hub; return the chunks that will never be answered.

        Raises
        ------
        EngineError
            When all engines are gone, or the hub does not answer, and nothing can be done.
        """
        if self._probe.silent() > hub.HUB_SECONDS:
            return self._renew()
        missing = (self._count or 1) - self.capacity()
        if missing > 0:
            self._revive(missing)
        return ()

    def _welcome(self, engine: int) -> None:
        """Note that an engine is there: another may be started when it dies."""
        if engine > self._newest:
            self._newest, self._revived = engine, 0.0

    def _revive(self, missing: int) -> None:
        self._welcome(max(self.client.ids, default=-1))
        if self.capacity():
            self._seen = time.monotonic()
        waiting = time.monotonic() - self._revived < REVIVE_SECONDS
        if self._owner is not None and not waiting and self._revivals + missing <= REVIVALS:
            self._owner.revive(missing)
            self._revivals += missing
            self._revived = time.monotonic()
        elif not waiting and time.monotonic() - self._seen > GONE_SECONDS:
            after = f" after {self._revivals} were replaced" if self._revivals else ""
            raise EngineError(
                f"all {self.workers} engines are gone{after}; what was merged is kept in "
                "partial(). Start engines and reduce again"
            )

    def _renew(self) -> list[Future[Any]]:
        if self._owner is None or self._renewals == RENEWALS:
            raise EngineError(
                f"the cluster's hub does not answer for {hub.HUB_SECONDS:g} s; what was merged is "
                "kept in partial(). Start a new cluster and reduce again"
            )
        self._renewals += 1
        self.notes.append("the cluster's hub did not answer; went on with a new cluster")
        unanswered = self._crew.dismiss()
        self.client = self._owner.renew(self.workers)
        self._probe, self._newest = hub.Probe(self.client), max(self.client.ids, default=-1)
        return unanswered

    def running_since(self, future: Future[Any]) -> float | None:
        """Return when its engine began with a chunk; None if it waits."""
        return self._crew.since(future)

    def abandon(self, future: Future[Any], others: Iterable[Future[Any]]) -> Iterable[Future[Any]]:
        """Go on without an engine that hangs: one of ours is killed, others are interrupted."""
        engine = self._crew.engine_of(future)
        if engine is None:
            return ()
        self.notes.append(f"engine {engine} did not answer any more")
        self._excluded.add(engine)
        waiting = [other for other in others if self._crew.engine_of(other) == engine]
        self._abort(waiting)
        self._signal(signal.SIGINT if self._owner is None else signal.SIGKILL, engine)
        return waiting

    def _signal(self, number: int, engine: int) -> None:
        with suppress(KeyError, IndexError, ipyparallel.error.IPythonError, OSError):
            self.client.send_signal(int(number), targets=engine, block=False)

    def forget(self, future: Future[Any]) -> None:
        """Purge a result from the client."""
        self._crew.done(future)
        with suppress(RuntimeError):  # still outstanding: its late answer would be kept, once
            self.client.purge_local_results(future)
        for message in getattr(future, "msg_ids", ()):
            if message in self.client.history:
                # or a late answer to it would be printed with all its bytes
                self.client.history.remove(message)

    def cancel(self, futures: list[Future[Any]], token: str) -> None:
        """Take waiting chunks out of the engines' queues, and interrupt our own engines."""
        at_work = [future for future in futures if self._crew.at_work(future)]
        self._abort(future for future in futures if future not in at_work)
        for engine in map(self._crew.engine_of, at_work):
            if self._owner is not None and engine is not None:
                self._signal(signal.SIGINT, engine)

    def _abort(self, futures: Iterable[Future[Any]]) -> None:
        for future in futures:
            engine = self._crew.engine_of(future)
            with suppress(KeyError, IndexError, ipyparallel.error.IPythonError, OSError):
                self.client.abort(future, targets=engine, block=False)

    def close(self) -> None:
        """Close a client that was made for this pool."""
        if self._close_client:
            self.client.close(linger=0)  # or a dead controller would be waited for at exit


def _name(error: BaseException) -> str:
    """Return the name of an error on the engine where it was raised."""
    return str(getattr(error, "ename", type(error).__name__))
