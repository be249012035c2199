"""Engines of ipyparallel: those that we start, and those that are given.

What this module knows of ipyparallel 9.2, beyond its manual: a client keeps every result until
told otherwise; the death of an engine arrives as a RemoteError whose name is 'EngineError'; a hub
that is gone is not noticed; and nothing ends the engines of a client that was killed.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipyparallel
from traitlets.config import Config

from xtcview.errors import EngineError, XtcError
from xtcview.reduce import reaper
from xtcview.reduce.plan import ATTEMPTS
from xtcview.reduce.pools import Pool

START_SECONDS = 60.0  # for engines that we start; a busy machine may need half of it
REGISTER_SECONDS = 9.0  # for an engine of a given cluster; its first heartbeats take up to 6 s
HUB_SECONDS = 5.0  # without any result before the hub is asked, and for its answer
# heartbeat in ms: an engine that vanished with its machine is noticed after 10 s, not 30 s
CONTROLLER_ARGS = [
    "--nodb",
    "--HeartMonitor.period=1000",
    "--HeartMonitor.max_heartmonitor_misses=10",
]
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
        if idle > HUB_SECONDS and not _hub_answers(self._client):
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


def _hub_answers(client: Any) -> bool:
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
        return _local.pool(engines)
    if isinstance(engines, ipyparallel.Client):
        return _given(engines, False)
    if isinstance(engines, ipyparallel.Cluster):
        return _given(_connect(engines), True)
    view = getattr(engines, "view", engines)
    client = getattr(view, "client", None)
    if client is None:
        raise EngineError(f"{engines!r} has no engines: give a Client, a Cluster or a number")
    targets = view.targets
    return _given(client, False, [targets] if isinstance(targets, int) else targets)


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


class LocalEngines:
    """The engines of this machine that this process has started; loopback only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._cluster: Any = None
        self._client: Any = None
        self._reaper: subprocess.Popen[bytes] | None = None
        self._watched: dict[int, reaper.Leader] = {}
        self._owner = 0

    def pool(self, n: int) -> EnginePool:
        """Return a pool of `n` engines; starts those that are missing.

        Raises
        ------
        EngineError
            When they are not there within `START_SECONDS`.
        """
        with self._lock:
            try:
                self._start(n)
            except (TimeoutError, OSError, RuntimeError, ipyparallel.error.IPythonError) as error:
                logs = self._logs()
                self._stop()
                raise EngineError(
                    f"{n} engines did not start within {START_SECONDS:g} s: {error}. {logs}"
                    "engines='serial' works without engines"
                ) from error
            return EnginePool(self._client, self._client.ids[:n])

    def stop(self) -> None:
        """Stop them all; does nothing when there are none, or in a fork of their owner."""
        if os.getpid() != self._owner:
            return
        with self._lock:
            self._stop()

    def pids(self) -> list[int]:
        """Return the processes that were started, each the leader of a group."""
        return sorted(self._watched)

    def _start(self, n: int) -> None:
        if self._client is not None and not _hub_answers(self._client):
            self._stop()
        if self._client is None:
            self._owner = os.getpid()
            self._folder = Path(tempfile.mkdtemp(prefix="xtcview-engines-"))
            self._cluster = _new_cluster(self._folder)
            self._cluster.start_controller_sync()
            self._watch()
            self._client = self._cluster.connect_client_sync()
            atexit.register(self.stop)
        missing = n - len(self._client.ids)
        if missing > 0:
            self._cluster.start_engines_sync(missing)
            self._watch()
            self._client.wait_for_engines(n, timeout=START_SECONDS, interactive=False)

    def _watch(self) -> None:
        """Tell the reaper of new processes."""
        if self._reaper is None:
            command = [sys.executable, reaper.__file__, str(os.getpid()), str(self._folder)]
            self._reaper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        assert self._reaper.stdin is not None
        for pid in sorted(_leaders(self._cluster) - self._watched.keys()):
            self._reaper.stdin.write(f"{pid}\n".encode())
            self._watched[pid] = reaper.leader(pid)
        self._reaper.stdin.flush()

    def _logs(self) -> str:
        """Return the last line of each log that has one."""
        files = sorted((self._folder / "log").glob("*.log")) if self._folder else []
        lines = [file.read_text(errors="replace").strip().splitlines()[-1:] for file in files]
        said = "; ".join(line[0] for line in lines if line)
        return f"The engines said: {said}. " if said else ""

    def _stop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close(linger=0)
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            with suppress(TimeoutError, OSError):  # what is left is ended below
                cluster.stop_cluster_sync()
            reaper.end_groups(list(self._watched.values()), grace=1.0)
        self._watched.clear()
        watcher, self._reaper = self._reaper, None
        if watcher is not None:
            with suppress(BrokenPipeError):
                watcher.communicate(b"forget\n", timeout=5)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
        atexit.unregister(self.stop)


def _leaders(cluster: Any) -> set[int]:
    sets = cluster.engines.values()
    engines = {one.pid for engine_set in sets for one in engine_set.launchers.values()}
    return {pid for pid in engines | {cluster.controller.pid} if pid > 0}


def _new_cluster(folder: Path) -> Any:
    quiet = logging.getLogger("xtcview.engines")
    quiet.setLevel(logging.ERROR)
    return ipyparallel.Cluster(
        profile_dir=str(folder),
        controller_args=CONTROLLER_ARGS,
        controller_ip="127.0.0.1",
        engines="local",
        delay=0.0,
        load_profile=False,
        shutdown_atexit=False,  # it would print; we stop it ourselves
        log=quiet,
        config=Config(),
    )


_local = LocalEngines()


def stop_engines() -> None:
    """Stop the engines that ``xtcview.reduce(..., engines=2)`` has started in this process."""
    _local.stop()
