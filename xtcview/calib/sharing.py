"""Work on many segments, shared with a second thread where a core is free for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

_MANY = 8  # segments, from which on a second thread is worth its start


def each(function: Callable[[int], None], numbers: Iterable[int]) -> None:
    """Call a function with each number, with the help of a thread when there are many.

    The helper takes what the caller has not begun.
    """
    todo = [int(number) for number in numbers]
    left = iter(todo)

    def work() -> None:
        for number in left:
            function(number)

    if len(todo) < _MANY or not _has_free_core():
        return work()
    helper = _helper().submit(work)
    work()
    if not helper.cancel():
        helper.result()
    return None


def _has_free_core() -> bool:
    """Tell whether a second thread would find a core; on a busy machine one only waits for it."""
    cores = os.cpu_count() or 1
    # half a core is left for what runs now and then
    return cores > 1 and (not hasattr(os, "getloadavg") or os.getloadavg()[0] < cores + 0.5)


@lru_cache(maxsize=1)
def _helper() -> ThreadPoolExecutor:
    # more do not help: the histograms of the common mode partly hold Python's lock
    return ThreadPoolExecutor(1, thread_name_prefix="xtcview-calib")
