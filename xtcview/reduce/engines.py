"""Engines of ipyparallel: those that we start, and those that are given.

What this module knows of ipyparallel 9.2, beyond its manual: a client keeps every result until
told otherwise; the death of an engine arrives as a RemoteError whose name is 'EngineError'; a hub
that is gone is not noticed; and nothing ends the engines of a client that was killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import ipyparallel

from xtcview.errors import EngineError, XtcError
from xtcview.reduce.plan import ATTEMPTS
from xtcview.reduce.pools import Pool

REGISTER_SECONDS = 9.0  # for an engine of a given cluster; its first heartbeats take up to 6 s
HUB_SECONDS = 5.0  # without any result before the hub is asked, and for its answer
LOST = ("EngineError", "TaskAborted", "NoEnginesRegistered")


class EnginePool(Pool):
    """Engines behind a client.

    Parameters
    ----------
    client : ipyparallel.Client
        Connected to a cluster.
    targets : list of int, optional
        Engines to use; all by default.
    close_client : bool
        Whether the client was made for this pool.
    """

    def __init__(
        self, client: Any, targets: list[int] | None = None, close_client: bool = False
    ) -> None:
        super().__init__(client.executor(targets), len(targets or client.ids))
        self._client, self._targets, self._close_client = client, targets, close_client

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Run a function on the least busy of the living engines.

        Raises
        ------
        EngineError
            When there is none.
        """
        for _ in range(ATTEMPTS):
            living = self._living()
            if self._targets is not None and living != self._targets:
                self._targets, self.executor = living, self._client.executor(living)
            try:
                return self.executor.submit(function, *args)
            except KeyError:  # an engine was unregistered since we looked
                continue
        raise EngineError("engines are dying faster than work can be sent to them")

    def _living(self) -> list[int]:
        ids = self._client.ids
        living = [n for n in self._targets if n in ids] if self._targets is not None else ids
        if not living:
            raise EngineError(
                f"all {self.workers} engines are gone; what was merged is kept in partial(). "
                "Start engines and reduce again"
            )
        return living

    def lost(self, error: BaseException) -> bool:
        """Tell whether the engine of a chunk died."""
        return getattr(error, "ename", type(error).__name__) in LOST

    def explain(self, error: BaseException) -> XtcError:
        """Name the engine and what it said."""
        said = f"{getattr(error, 'ename', type(error).__name__)}: {getattr(error, 'evalue', error)}"
        engine = (getattr(error, "engine_info", None) or {}).get("engine_id", "?")
        return EngineError(
            f"engine {engine} could not work: {said}. Engines need the same xtcview and must see "
            "the same files as this process"
        )

    def check(self, idle: float) -> None:
        """Raise when all engines are gone or the hub does not answer."""
        self._living()
        if idle > HUB_SECONDS and not hub_answers(self._client):
            raise EngineError(
                f"the cluster's hub does not answer for {HUB_SECONDS:g} s; what was merged is kept "
                "in partial(). Start a new cluster and reduce again"
            )

    def forget(self, future: Future[Any]) -> None:
        """Purge a result from the client."""
        with suppress(RuntimeError):  # still outstanding: its late answer would be kept, once
            self._client.purge_local_results(future)
        for message in getattr(future, "msg_ids", ()):
            if message in self._client.history:
                # or a late answer to it would be printed with all its bytes
                self._client.history.remove(message)

    def cancel(self, future: Future[Any]) -> None:
        """Do nothing: a chunk takes a fraction of a second, and its answer is dropped."""

    def close(self) -> None:
        """Close a client that was made for this pool."""
        if self._close_client:
            self._client.close(linger=0)  # or a dead controller would be waited for at exit


def hub_answers(client: Any) -> bool:
    """Tell whether the hub of a cluster answers within `HUB_SECONDS`."""
    asking = threading.Thread(target=client.queue_status, name="xtcview-hub", daemon=True)
    asking.start()
    asking.join(HUB_SECONDS)
    return not asking.is_alive()


def engine_pool(engines: Any) -> EnginePool:
    """Return the pool for a number of engines, a Client, a Cluster or a view's executor.

    Raises
    ------
    EngineError
        When there is no cluster to be reached, or no engine within a bounded time.
    """
    if isinstance(engines, int):
        from xtcview.reduce.local import LOCAL

        return LOCAL.pool(engines)
    if isinstance(engines, ipyparallel.Client):
        return _given(engines, False)
    if isinstance(engines, ipyparallel.Cluster):
        return _given(_connect(engines), True)
    view = getattr(engines, "view", engines)
    client = getattr(view, "client", None)
    if client is None:
        raise EngineError(f"{engines!r} has no engines: give a Client, a Cluster or a number")
    targets = [view.targets] if isinstance(view.targets, int) else view.targets
    return _given(client, False, targets if isinstance(targets, list) else None)


def _connect(cluster: Any) -> Any:
    if cluster.controller is None:
        raise EngineError(f"{cluster!r} is not running: start it with cluster.start_cluster_sync()")
    try:
        return cluster.connect_client_sync()
    except (OSError, TimeoutError, ipyparallel.error.IPythonError) as error:
        raise EngineError(
            f"{cluster!r} cannot be reached: {error}. Is its controller alive?"
        ) from error


def _given(client: Any, close_client: bool, targets: list[int] | None = None) -> EnginePool:
    try:
        client.wait_for_engines(1, timeout=REGISTER_SECONDS, interactive=False)
    except TimeoutError as error:
        if close_client:
            client.close(linger=0)
        raise EngineError(
            f"no engine of the cluster registered within {REGISTER_SECONDS:g} s: start some, such "
            "as with cluster.start_engines_sync(n=2)"
        ) from error
    return EnginePool(client, targets, close_client)


def stop_engines() -> None:
    """Stop the engines that ``xtcview.reduce(..., engines=2)`` has started in this process."""
    from xtcview.reduce.local import LOCAL

    LOCAL.stop()
