"""Memory that is used again: fresh pages cost more than reading a frame into them.

A buffer is free again when nothing refers to it any more, neither an event nor an array that
somebody kept; so what is handed out behaves like memory of one's own.
"""

from __future__ import annotations

import math
import sys
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

SMALL = 1 << 18  # bytes; below, the allocator is as fast
_PAGE = 1 << 16  # bytes; sizes are rounded up, so that events of nearly equal size share


class Pool:
    """Buffers that are handed out again once nobody refers to them.

    Parameters
    ----------
    most : int
        Bytes that may lie idle.
    """

    def __init__(self, most: int = 1 << 27) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._buffers: list[Bytes] = [np.empty(0, np.uint8)]
        self._idle = self._references(0)  # measured: it differs between Python versions
        self._buffers.clear()

    def _references(self, number: int) -> int:
        return sys.getrefcount(self._buffers[number])

    def take(self, size: int) -> Bytes:
        """Return an uninitialised array of `size` bytes."""
        if size < SMALL:
            return np.empty(size, np.uint8)
        with self._lock:
            for number in range(len(self._buffers)):
                fits = size <= self._buffers[number].size <= 2 * size + _PAGE
                if fits and self._references(number) == self._idle:
                    return self._buffers[number][:size]
            fresh = np.empty(-(-size // _PAGE) * _PAGE, np.uint8)
            self._forget()
            self._buffers.append(fresh)
            return fresh[:size]

    def _forget(self) -> None:
        """Let the oldest buffers go while too much memory is held."""
        while sum(b.size for b in self._buffers) > self._most:
            del self._buffers[0]


_pool = Pool()


def take(size: int) -> Bytes:
    """Return an uninitialised array of `size` bytes."""
    return _pool.take(size)


def empty(shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
    """Return an uninitialised array, like `numpy.empty`."""
    dtype = np.dtype(dtype)
    found: npt.NDArray[Any] = take(math.prod(shape) * dtype.itemsize).view(dtype)
    return found.reshape(shape)
