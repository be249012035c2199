"""The methods that publish the fields of a record."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import Field, dtype_of, is_record

if TYPE_CHECKING:
    from .record import Record


def publish(cls: type[Record], field: Field) -> None:
    """Give the class the accessor of one field."""
    name, kind = field[:2]
    if name.startswith("_") or name in cls.__dict__:
        return
    if is_record(kind) and len(field) > 2 and not kind.LISTED:
        setattr(cls, name, _item_accessor(name, kind))
        setattr(cls, f"{name}_shape", lambda self: [_count(self, name)])
    else:
        setattr(cls, name, _accessor(name, kind, bool(field[2:])))


def raw(record: Record, name: str) -> Any:
    """Return a field as numpy sees it, published or not."""
    held = record._tail.get(name)
    if held is None:
        return record._fixed()[name]
    if isinstance(held, list):  # of records
        return held
    sizes, dtype, at = held
    return np.ndarray(sizes, dtype, record._data, at)


def number(record: Record, name: str) -> Any:
    """Return a field that is one number, published or not, as Python's number."""
    place = record.PLACES.get(name)
    if place is None:
        return raw(record, name).item()
    return place[1](record._data, record._start + place[0])[0]


def _accessor(name: str, kind: Any, many: bool) -> Callable[[Record], Any]:
    """Return the method that publishes a field."""
    if is_record(kind):
        return _record_accessor(name, kind, many)
    if isinstance(kind, tuple):
        named = _namer(kind[1])
        return lambda self: named(number(self, name))
    if dtype_of(kind).kind == "S":
        written = _joined if kind == "S" else _text
        return lambda self: written(raw(self, name))
    if many:
        return lambda self: _read_only(raw(self, name))
    return lambda self: number(self, name)


def _record_accessor(name: str, kind: type[Record], many: bool) -> Callable[[Record], Any]:
    def get(self: Record) -> Any:
        found = [kind.published(self._nested(name, kind, i)) for i in range(_count(self, name))]
        return found if many else found[0]

    return get


def _item_accessor(name: str, kind: type[Record]) -> Callable[[Record, int], Any]:
    def get(self: Record, i: int) -> Any:
        if not 0 <= i < _count(self, name):
            there = f"there are {_count(self, name)}"
            raise IndexError(f"{type(self).__name__}.{name}({i}): {there}")
        return kind.published(self._nested(name, kind, i))

    return get


def _count(record: Record, name: str) -> int:
    """Count the records in a field of records."""
    value = raw(record, name)
    return len(value) if isinstance(value, list) else int(np.size(value))


def _read_only(value: Any) -> Any:
    value = value.view()
    value.setflags(write=False)
    return value


def _text(value: Any) -> Any:
    """Cut a character array at its first NUL; several become a list."""
    if np.ndim(value):
        return [_text(item) for item in value]
    return bytes(value).split(b"\0")[0].decode("latin-1")


def _joined(value: Any) -> Any:
    """Return single characters as a text, cut at its first NUL."""
    return _text(value.tobytes())


def _namer(names: type[IntEnum]) -> Callable[[int], int]:
    """Return what turns a number into its named one; a number without name stays."""
    known = {int(member): member for member in names}
    return lambda value: known.get(value, value)


def bits_accessor(
    name: str, word: str, low: int, width: int, names: type[IntEnum] | None = None
) -> Callable[[Record], int]:
    """Return the method that publishes some bits of a word."""
    mask = (1 << width) - 1
    convert = _namer(names) if names else None

    def get(self: Record) -> int:
        value = number(self, word) >> low & mask
        return value if convert is None else convert(value)

    get.__name__ = name
    return get


def bits_reader(kind: type[Record], name: str) -> Callable[[bytes], int]:
    """Return a function that reads one of `BITS` from a record's bytes, without a record.

    For loops that need nothing else; the field's place comes from the table all the same.
    """
    word, low, width, *_ = kind.BITS[name]
    dtype, start, *_ = kind.DTYPE.fields[word]  # type: ignore[index]
    end, mask = start + dtype.itemsize, (1 << width) - 1

    def read(data: bytes) -> int:
        return int.from_bytes(data[start:end], "little") >> low & mask

    return read
