"""A table kept by columns: of millions of rows, only what is asked for is touched.

A column that has the same value in every row takes no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Columns:
    """Equally long arrays under their names.

    Parameters
    ----------
    **arrays : ndarray
        One-dimensional, of one length.
    """

    def __init__(self, **arrays: Array) -> None:
        self._arrays = arrays
        self._length = len(next(iter(arrays.values())))

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, which: str) -> Array: ...
    @overload
    def __getitem__(self, which: slice | Array) -> Columns: ...
    def __getitem__(self, which: str | slice | Array) -> Array | Columns:
        if isinstance(which, str):
            return self._arrays[which]
        return Columns(**{name: take(array, which) for name, array in self._arrays.items()})

    def numbers(self, name: str) -> memoryview:
        """Return a column to take single numbers from, with a tenth of numpy's work."""
        return memoryview(self._arrays[name])  # type: ignore[arg-type]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self._arrays)

    def replaced(self, **arrays: Array) -> Columns:
        """Return a table in which these columns stand for those of their names."""
        return Columns(**{**self._arrays, **arrays})

    def tolist(self) -> list[tuple[Any, ...]]:
        """Return the rows as tuples, as those of a structured array."""
        return list(zip(*(array.tolist() for array in self._arrays.values()), strict=True))

    def __repr__(self) -> str:
        return f"<Columns {', '.join(self._arrays)}: {len(self):,} rows>"


def is_constant(array: Array) -> bool:
    """Return whether a column is one value, repeated without memory."""
    return array.strides == (0,)


def constant(value: Any, length: int, dtype: str) -> Array:
    """Return a column of one value."""
    return np.broadcast_to(np.array(value, dtype), length)


def column(array: Array, dtype: str) -> Array:
    """Return a column of this type, without memory when all values are alike."""
    if len(array) and (array == array[0]).all():
        return constant(array[0], len(array), dtype)
    return array.astype(dtype)


def take(array: Array, rows: slice | Array) -> Array:
    """Return some rows of a column."""
    if isinstance(rows, slice) or not is_constant(array):
        return array[rows]
    count = int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows)
    return np.broadcast_to(array[:1], count) if count else array[:0].copy()


def join(arrays: Sequence[Array]) -> Array:
    """Put columns behind one another."""
    filled = [array for array in arrays if len(array)] or list(arrays[:1])
    return _repeated(filled) if _are_one(filled) else np.concatenate(filled)


def interleave(arrays: Sequence[Array]) -> Array:
    """Put equally long columns together, row by row."""
    return _repeated(arrays) if _are_one(arrays) else np.stack(arrays, axis=1).ravel()


def _are_one(arrays: Sequence[Array]) -> bool:
    return all(len(a) and is_constant(a) and a[0] == arrays[0][0] for a in arrays)


def _repeated(arrays: Sequence[Array]) -> Array:
    return np.broadcast_to(arrays[0][:1], sum(map(len, arrays)))
