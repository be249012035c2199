"""What a table says, prepared once: numpy's types of the fields, and how each is read."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np

if TYPE_CHECKING:
    from .record import Record

REST = -1
Shape = int | Callable[[Any], int]
Field = tuple[Any, ...]
Place = tuple[int, Callable[[Any, int], tuple[Any, ...]]]

# numpy's letters and the struct module's, which reads one number ten times faster
_CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "f4": "f", "f8": "d"}
_CODES |= {"i1": "b", "i2": "h", "i4": "i", "i8": "q"}


class Part(NamedTuple):
    """A field whose size or place varies.

    Parameters
    ----------
    name : str
    record : type of Record or None
        What it holds, when the size of these varies too.
    dtype : dtype
        Of one item.
    shape : tuple
        Numbers, `REST` and functions of the record, as in the table.
    rest : int
        Which item of the shape is `REST`; -1 for none.
    count : int
        Items, where it does not vary; else -1.
    """

    name: str
    record: type[Record] | None
    dtype: np.dtype[Any]
    shape: tuple[Shape, ...]
    rest: int
    count: int


def is_record(kind: Any) -> TypeGuard[type[Record]]:
    """Return whether a field type is a record: everything else there is a text or a pair."""
    return isinstance(kind, type)


def dtype_of(kind: Any) -> np.dtype[Any]:
    """Return a field type as numpy stores it."""
    if is_record(kind):
        return kind.DTYPE
    if isinstance(kind, tuple):  # with names for its values
        return np.dtype(kind[0])
    return np.dtype("S1" if kind == "S" else kind)


def is_static(field: Field) -> bool:
    """Return whether a field always has the same size."""
    kind, shape = field[1], field[2:]
    if is_record(kind) and kind.TAIL:
        return False
    return all(isinstance(size, int) and size != REST for size in shape)


def numpy_field(field: Field) -> tuple[Any, ...]:
    """Return a field of constant size as a line of a structured dtype."""
    name, kind, *shape = field
    dtype = dtype_of(kind)
    return (name, dtype, tuple(shape)) if shape else (name, dtype)


def leading(fields: Iterable[Field]) -> np.dtype[Any]:
    """Return the fields up to the first whose size varies."""
    static = []
    for field in fields:
        if not is_static(field):
            break
        static.append(numpy_field(field))
    return np.dtype(static)


def places(dtype: np.dtype[Any]) -> dict[str, Place]:
    """Return where the single numbers of a structure lie, and what reads each of them."""
    found: dict[str, Place] = {}
    for name in dtype.names or ():
        kind, at = dtype.fields[name][:2]  # type: ignore[index]
        code = _CODES.get(kind.str[1:])
        if code is not None and not kind.shape:
            found[name] = at, struct.Struct(kind.str[0].replace("|", "<") + code).unpack_from
    return found


def parts(fields: Sequence[Field]) -> tuple[Part, ...]:
    """Return the fields behind those that always have the same size, prepared for reading."""
    found = []
    for name, kind, *shape in fields:
        record = kind if is_record(kind) and kind.TAIL else None
        rest = shape.index(REST) if REST in shape else -1
        varies = rest >= 0 or any(map(callable, shape))
        count = -1 if varies else math.prod(shape)
        found.append(Part(name, record, dtype_of(kind), tuple(shape), rest, count))
    return tuple(found)
