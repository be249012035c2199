"""Where chunks run: any `concurrent.futures.Executor`, and what to know about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from importlib.util import find_spec
from os import cpu_count
from typing import Any
from weakref import WeakKeyDictionary

from xtcview.errors import EngineError, MissingExtraError, XtcError
from xtcview.reduce import limits, readers

LOST = ("KilledWorker", "CommClosedError")  # of dask, which has tried other workers before


class Pool:
    """An executor that belongs to somebody else, and is left alone.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Runs the chunks.
    workers : int, optional
        How many it runs at a time. By default as many as it says, or as there are cores.
    """

    knows = False  # which chunk a worker was at when it died

    def __init__(self, executor: Executor, workers: int | None = None) -> None:
        self.executor = executor
        self.sends = not isinstance(executor, ThreadPoolExecutor)  # results, to another process
        self.workers = max(1, workers or _workers_of(executor) or cpu_count() or 1)
        self.dask = _dask_client(executor) is not None
        # or dask takes a chunk that is tried again for the one that failed, while it forgets that
        self._keywords = {"pure": False} if self.dask else {}
        self._heard = time.monotonic()
        self.notes: list[str] = []  # what happened to the workers
        self._since: WeakKeyDictionary[Future[Any], float] = WeakKeyDictionary()

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any] | None:
        """Run a function somewhere; None when there is no worker just now."""
        return self.executor.submit(function, *args, **self._keywords)

    def capacity(self) -> int:
        """Return how many workers there are just now."""
        return self.workers

    def lost(self, error: BaseException) -> bool:
        """Tell whether a chunk failed because its worker died, so that another may try."""
        return isinstance(error, BrokenExecutor) or type(error).__name__ in LOST

    def is_suspect(self, future: Future[Any]) -> bool:
        """Tell whether a lost chunk may have been at work when its worker died."""
        return True

    def explain(self, error: BaseException) -> XtcError:
        """Return the error that says why a chunk could not be worked on at all."""
        if isinstance(error, XtcError):
            return error
        return EngineError(f"a chunk could not be worked on: {type(error).__name__}: {error}")

    def exclude(self, future: Future[Any]) -> bool:
        """Use the worker that could not work no more; False when there is no other."""
        return False

    def check(self) -> Iterable[Future[Any]]:
        """Look after the workers; return what will never be answered, raise if all are gone."""
        return ()

    def running_since(self, future: Future[Any]) -> float | None:
        """Return when a chunk was first seen at work, by `time.monotonic`; None if it waits."""
        if self.dask:  # it never says, and answers may be lost with a worker: then all is quiet
            return max(self._heard, self._since.setdefault(future, time.monotonic()))
        if future not in self._since and not future.running():
            return None
        return self._since.setdefault(future, time.monotonic())

    def abandon(self, future: Future[Any], others: Iterable[Future[Any]]) -> Iterable[Future[Any]]:
        """Go on without a worker that hangs; return the chunks that only it would have begun.

        Raises
        ------
        EngineError
            When there is no other worker.
        """
        if not future.cancel():
            self.workers -= 1
            self.notes.append("a worker hangs; it was left alone")
        if self.workers == 0:
            raise EngineError("all workers hang; what was merged is kept in partial()")
        return ()

    def forget(self, future: Future[Any]) -> None:
        """Drop what the executor keeps of a result that was taken."""
        self._heard = time.monotonic()

    def cancel(self, futures: list[Future[Any]], token: str) -> None:
        """Do not begin chunks that are no longer wanted, and let those begun end soon."""
        limits.cancel(token)
        for future in futures:
            if not future.cancel():
                future.add_done_callback(lambda _: readers.close_readers())

    def close(self) -> None:
        """Close the runs that this process has opened for its chunks."""
        readers.close_readers()


def _dask_client(executor: Executor) -> Any:
    """Return the client of dask's executor; None for any other executor."""
    client = getattr(executor, "_client", None)
    return client if hasattr(client, "nthreads") else None


def _workers_of(executor: Executor) -> int | None:
    """Return how many chunks an executor runs at a time, as far as it says."""
    dask = _dask_client(executor)
    if dask is not None:
        return int(sum(dask.nthreads().values()))
    said = getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
    return int(said) if said else None


class SerialPool(Pool):
    """One thread of this process."""

    def __init__(self) -> None:
        super().__init__(self._thread(), 1)

    @staticmethod
    def _thread() -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix="xtcview-chunk")

    def abandon(self, future: Future[Any], others: Iterable[Future[Any]]) -> Iterable[Future[Any]]:
        """Leave a thread that hangs to itself, and go on in another."""
        self.executor.shutdown(wait=False)
        self.executor = self._thread()
        self.notes.append("a thread of this process hangs in an event, and cannot be ended")
        return [other for other in others if other.cancel()]

    def close(self) -> None:
        """End the thread and close the runs that it opened."""
        self.executor.shutdown(wait=not self.notes, cancel_futures=True)
        super().close()


def is_ipyparallel(engines: Any) -> bool:
    """Tell whether this is an object of ipyparallel, without importing it."""
    return any(c.__module__.partition(".")[0] == "ipyparallel" for c in type(engines).__mro__)


def check_engines(engines: Any) -> None:
    """Refuse at once what cannot be meant, or needs a package that is not there.

    Raises
    ------
    EngineError
        For anything but 'serial', a positive number, a Client, a Cluster or an Executor.
    MissingExtraError
        When ipyparallel is needed and not installed.
    """
    if engines == "serial" or isinstance(engines, Executor) or is_ipyparallel(engines):
        return
    if isinstance(engines, bool) or not isinstance(engines, int) or engines < 1:
        raise EngineError(
            f"engines={engines!r} cannot be understood: give 'serial', a number of engines, an "
            "ipyparallel Client or Cluster, or a concurrent.futures executor"
        )
    if find_spec("ipyparallel") is None:
        raise MissingExtraError(
            "engines are run by ipyparallel, which is not installed: pip install ipyparallel, or "
            "use engines='serial'"
        )


def pool_of(engines: Any) -> Pool:
    """Return the pool that `engines` means; may start engines, which takes seconds.

    Raises
    ------
    EngineError
        When no engine answers within a bounded time.
    """
    if engines == "serial":
        return SerialPool()
    if isinstance(engines, Executor) and not is_ipyparallel(engines):
        return Pool(engines)
    from xtcview.reduce.engines import engine_pool

    return engine_pool(engines)
