"""Where chunks run: any `concurrent.futures.Executor`, and what to know about it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from importlib.util import find_spec
from os import cpu_count
from typing import Any

from xtcview.errors import EngineError, MissingExtraError, XtcError
from xtcview.reduce import readers


class Pool:
    """An executor that belongs to somebody else, and is left alone.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Runs the chunks.
    workers : int, optional
        How many it runs at a time. By default as many as it says, or as there are cores.
    """

    def __init__(self, executor: Executor, workers: int | None = None) -> None:
        self.executor = executor
        said = getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
        self.sends = not isinstance(executor, ThreadPoolExecutor)  # results, to another process
        self.workers = max(1, int(workers or said or cpu_count() or 1))

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Run a function somewhere."""
        return self.executor.submit(function, *args)

    def lost(self, error: BaseException) -> bool:
        """Tell whether a chunk failed because its worker died, so that another may try."""
        return isinstance(error, BrokenExecutor)

    def explain(self, error: BaseException) -> XtcError:
        """Return the error that says why a chunk could not be worked on at all."""
        if isinstance(error, XtcError):
            return error
        return EngineError(f"a chunk could not be worked on: {type(error).__name__}: {error}")

    def check(self, idle: float) -> None:
        """Look after the workers when nothing came for `idle` seconds; raise if they are gone."""

    def forget(self, future: Future[Any]) -> None:
        """Drop what the executor keeps of a result that was taken."""

    def cancel(self, future: Future[Any]) -> None:
        """Do not begin a chunk that is no longer wanted; clean up behind one that has begun."""
        if not future.cancel():
            future.add_done_callback(lambda _: readers.close_readers())

    def close(self) -> None:
        """Close the runs that this process has opened for its chunks."""
        readers.close_readers()


class SerialPool(Pool):
    """One thread of this process."""

    def __init__(self) -> None:
        super().__init__(ThreadPoolExecutor(1, thread_name_prefix="xtcview-chunk"), 1)

    def close(self) -> None:
        """End the thread and close the runs that it opened."""
        self.executor.shutdown(wait=True, cancel_futures=True)
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
