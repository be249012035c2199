"""Engines of this machine that this process has started: loopback only, ended with it."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipyparallel
from traitlets.config import Config

from xtcview.errors import EngineError
from xtcview.reduce import reaper
from xtcview.reduce.enginepool import EnginePool
from xtcview.reduce.hub import Probe

START_SECONDS = 60.0  # a busy machine may need half of it
CONTROLLER_ARGS = [
    "--nodb",  # or the hub would keep every result
    "--HeartMonitor.period=300",  # ms: a new engine waits for one before it may work
    "--HeartMonitor.max_heartmonitor_misses=20",  # one that vanished is noticed after 6 s, not 30 s
]


class LocalEngines:
    """One cluster, started when first asked for and used again."""

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
        if self._client is not None and self._owner != os.getpid():
            raise EngineError(
                "the engines belong to the process that this one was forked from: stop_engines() "
                "before forking, or use engines='serial'"
            )
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
            return EnginePool(self._client, owner=self, count=n)

    def revive(self, missing: int) -> None:
        """Start engines in the place of dead ones, without waiting for them."""
        with self._lock:
            if self._cluster is not None:
                self._cluster.start_engines_sync(missing)
                self._watch()

    def renew(self, n: int) -> Any:
        """End what is left of a cluster whose hub is gone, and start another; return its client."""
        with self._lock:
            self._stop(asking=False)
        return self.pool(n).client

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
        if self._client is not None and not Probe(self._client).answers():
            self._stop(asking=False)
        if self._client is None:
            self._owner = os.getpid()
            self._folder = Path(tempfile.mkdtemp(prefix="xtcview-engines-"))
            self._cluster = _new_cluster(self._folder)
            self._cluster.start_controller_sync()
            self._watch()
            atexit.register(self.stop)
        # engines take longest to start, so the client connects meanwhile
        missing = n - (len(self._client.ids) if self._client is not None else 0)
        if missing > 0:
            self._cluster.start_engines_sync(missing)
            self._watch()
        if self._client is None:
            self._client = self._cluster.connect_client_sync()
        if missing > 0:
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

    def _stop(self, asking: bool = True) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close(linger=0)
        cluster, self._cluster = self._cluster, None
        if not asking:  # nobody would answer
            reaper.end_groups(list(self._watched.values()), grace=1.0)
        if cluster is not None:
            with suppress(TimeoutError, OSError):  # what is left is ended below
                cluster.stop_cluster_sync()
        if asking:
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
    started = {one.pid for engine_set in sets for one in engine_set.launchers.values()}
    return {pid for pid in started | {cluster.controller.pid} if pid > 0}


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


LOCAL = LocalEngines()
