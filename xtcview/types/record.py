"""A layout table becomes a record: zero-copy accessors over the bytes, and the way back.

A record class states its layout as a table, one field a line::

    class FIFOEvent(Record):
        FIELDS = (
            ("timestampHigh", "<u4"),  # 0  360 Hz pulse id
            ("timestampLow", "<u4"),   # 4  119 MHz counter
            ("eventCode", "<u4"),      # 8
        )

A field is (name, type, *shape). The type is a numpy type string, another record, a pair
(numpy type, enumeration) for a number with names, or "S" for a text whose length the last shape
item gives. A shape item is a number, `REST` (all that is left) or a function of the record, for
sizes that other fields or the detector's configuration give. Fields stand behind one another
without padding; a name with a leading underscore is not published. `BITS` names parts of a word:
(field, lowest bit, width[, enumeration]). Accessors are methods without arguments, as psana
publishes them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard, TypeVar

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError, TruncatedError

from . import display

REST = -1
Shape = int | Callable[[Any], int]
R = TypeVar("R", bound="Record")


class Record:
    """One payload or a part of one; reads its bytes in place.

    Parameters
    ----------
    data : bytes-like
        Buffer that holds the record.
    start, end : int
        Its first byte and the byte behind the last that it may use.
    config : Record, optional
        Configuration of the same source, where the layout depends on it.
    file, base : optional
        File, and byte of the file at which `data` begins; for error messages.

    Raises
    ------
    TruncatedError
        The bytes end before the layout does.
    """

    FIELDS: ClassVar[Sequence[tuple[Any, ...]]] = ()
    BITS: ClassVar[dict[str, tuple[Any, ...]]] = {}
    LISTED: ClassVar[bool] = True  # arrays of it are published as a list, else as name(i)

    DTYPE: ClassVar[np.dtype[Any]]  # the fields up to the first whose size varies
    TAIL: ClassVar[Sequence[tuple[Any, ...]]]  # the rest
    NAMES: ClassVar[tuple[str, ...]]  # published accessors

    __slots__ = ("_at", "_base", "_data", "_end", "_file", "_head", "_start", "_tail", "cfg")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        static = next((i for i, f in enumerate(cls.FIELDS) if not _is_static(f)), len(cls.FIELDS))
        cls.DTYPE = np.dtype([_numpy_field(f) for f in cls.FIELDS[:static]])
        cls.TAIL = tuple(cls.FIELDS[static:])
        for field in cls.FIELDS:
            _publish(cls, field)
        for name, bits in cls.BITS.items():
            setattr(cls, name, _bits_accessor(name, *bits))
        public = dict.fromkeys([*(f[0] for f in cls.FIELDS), *cls.BITS])
        cls.NAMES = tuple(name for name in public if not name.startswith("_"))

    def __init__(
        self,
        data: Any,
        start: int = 0,
        end: int | None = None,
        config: Any = None,
        file: object = None,
        base: int = 0,
    ) -> None:
        self._data, self._start, self.cfg = data, start, config
        self._end = len(data) if end is None else end
        self._file, self._base = file, base
        self._head = self._take(self.DTYPE, 1, start)[0] if self.DTYPE.itemsize else None
        self._tail: dict[str, Any] = {}
        self._at: dict[str, int] = {}
        pos = start + self.DTYPE.itemsize
        for name, kind, *shape in self.TAIL:
            self._at[name] = pos
            self._tail[name], pos = self._read(kind, shape, pos)
        self._end = pos

    @classmethod
    def published(cls, record: Any) -> Any:
        """Return what an accessor gives for a nested record; by default the record."""
        return record

    if TYPE_CHECKING:  # the accessors that the table gives

        def __getattr__(self, name: str) -> Any: ...

    @property
    def nbytes(self) -> int:
        """Bytes that the layout uses."""
        return self._end - self._start

    def _take(self, dtype: Any, count: int, pos: int) -> npt.NDArray[Any]:
        """View `count` items at `pos`, or say where the bytes end."""
        need = np.dtype(dtype).itemsize * count
        if count < 0 or pos + need > self._end:
            found = f"found {max(self._end - pos, 0)}; the payload is cut or its counts are wrong"
            what = f"{type(self).__name__} needs {need} bytes here, {found}"
            raise TruncatedError(what, self._file, self._base + pos)
        view: npt.NDArray[Any] = np.frombuffer(self._data, dtype, count, pos)
        return view

    def _read(self, kind: Any, shape: Sequence[Shape], pos: int) -> tuple[Any, int]:
        """Read one field of varying size; return it and the byte behind it."""
        sizes = [size(self) if callable(size) else size for size in shape]
        if _is_record(kind) and kind.TAIL:
            return self._read_records(kind, math.prod(sizes), pos)
        dtype = _dtype(kind)
        if REST in shape:  # stated in the table: a count of -1 in the data is a fault
            rest = math.prod(size for size in sizes if size != REST) * dtype.itemsize
            sizes[sizes.index(REST)] = max(self._end - pos, 0) // rest if rest else 0
        count = -1 if min(sizes, default=0) < 0 else math.prod(sizes)
        items = self._take(dtype, count, pos)
        try:
            return items.reshape(sizes), pos + items.nbytes
        except ValueError as error:  # empty, and yet too long: numpy refuses 0 x 2**32 x 2**32
            what = f"{type(self).__name__} has an array of {sizes} here; its counts are wrong"
            raise FormatError(what, self._file, self._base + pos) from error

    def _read_records(self, kind: type[Record], count: int, pos: int) -> tuple[list[Record], int]:
        if count < 0:
            self._take("u1", count, pos)
        found = []
        for _ in range(count):
            found.append(kind(self._data, pos, self._end, self.cfg, self._file, self._base))
            pos += found[-1].nbytes
        return found, pos

    def _nested(self, name: str, kind: type[R], i: int) -> R:
        """Return record number `i` of a field of records; it shares the bytes."""
        if name in self._tail and kind.TAIL:
            found: R = self._tail[name][i]
            return found
        first = self._at[name] if name in self._at else self._start + self.DTYPE.fields[name][1]  # type: ignore[index]
        pos = first + i * kind.DTYPE.itemsize
        return kind(self._data, pos, None, self.cfg, self._file, self._base)

    def asdict(self) -> dict[str, Any]:
        """Return all published fields by name; nested records become dictionaries."""
        return {name: display.plain(display.value(self, name)) for name in self.NAMES}

    def __repr__(self) -> str:
        parts = (f"{name}={display.short(display.value(self, name))}" for name in self.NAMES)
        return f"{type_path(type(self))}({', '.join(parts)})"

    def _repr_html_(self) -> str:
        return display.table(self, type_path(type(self)))


def type_path(kind: type) -> str:
    """Return a record class's name as psana prints it, such as 'psana.CsPad.DataV2'."""
    package = getattr(sys.modules[kind.__module__], "PACKAGE", "")
    return f"psana.{package}.{kind.__name__}" if package else f"psana.{kind.__name__}"


def _is_record(kind: Any) -> TypeGuard[type[Record]]:
    return isinstance(kind, type) and issubclass(kind, Record)


def _dtype(kind: Any) -> np.dtype[Any]:
    """Return a field type as numpy stores it."""
    if _is_record(kind):
        return kind.DTYPE
    if isinstance(kind, tuple):  # with names for its values
        return np.dtype(kind[0])
    return np.dtype("S1" if kind == "S" else kind)


def _is_static(field: tuple[Any, ...]) -> bool:
    kind, shape = field[1], field[2:]
    if _is_record(kind) and kind.TAIL:
        return False
    return all(isinstance(size, int) and size != REST for size in shape)


def _numpy_field(field: tuple[Any, ...]) -> tuple[Any, ...]:
    name, kind, *shape = field
    dtype = _dtype(kind)
    return (name, dtype, tuple(shape)) if shape else (name, dtype)


def _publish(cls: type[Record], field: tuple[Any, ...]) -> None:
    """Give the class the accessor of one field."""
    name, kind = field[:2]
    if name.startswith("_") or name in cls.__dict__:
        return
    if _is_record(kind) and len(field) > 2 and not kind.LISTED:
        setattr(cls, name, _item_accessor(name, kind))
        setattr(cls, f"{name}_shape", lambda self: [_count(self, name)])
    else:
        setattr(cls, name, _accessor(name, kind, bool(field[2:])))


def raw(record: Record, name: str) -> Any:
    """Return a field as numpy sees it, published or not."""
    return record._tail[name] if name in record._tail else record._head[name]  # type: ignore[index]


def _accessor(name: str, kind: Any, many: bool) -> Callable[[Record], Any]:
    """Return the method that publishes a field."""
    if _is_record(kind):
        return _record_accessor(name, kind, many)
    if isinstance(kind, tuple):
        convert = _namer(kind[1])
    elif kind == "S":
        convert = _joined
    else:
        convert = _text if np.dtype(kind).kind == "S" else _number

    def get(self: Record) -> Any:
        return convert(raw(self, name))

    return get


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


def _number(value: Any) -> Any:
    if not np.ndim(value):
        return value.item()
    value = value.view()
    value.flags.writeable = False
    return value


def _text(value: Any) -> Any:
    """Cut a character array at its first NUL; several become a list."""
    if np.ndim(value):
        return [_text(item) for item in value]
    return bytes(value).split(b"\0")[0].decode("latin-1")


def _joined(value: Any) -> Any:
    """Return single characters as a text, cut at its first NUL."""
    return _text(value.tobytes())


def _namer(names: type[IntEnum]) -> Callable[[Any], int]:
    """Return what turns a number into its named one; a number without name stays."""
    known = {int(member): member for member in names}
    return lambda value: known.get(int(value), int(value))


def _bits_accessor(
    name: str, word: str, low: int, width: int, names: type[IntEnum] | None = None
) -> Callable[[Record], int]:
    mask = (1 << width) - 1
    convert = _namer(names) if names else int

    def get(self: Record) -> int:
        return convert(int(raw(self, word)) >> low & mask)

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


def encode(kind: type[Record], **values: Any) -> bytes:
    """Write a record's bytes; the inverse of reading it.

    Parameters
    ----------
    kind : type of Record
    **values
        By field or bit name; what is not given is zero or empty. Arrays of records are given as
        their bytes, one after another.
    """
    head = np.zeros((), kind.DTYPE)
    tail = {field[0]: b"" for field in kind.TAIL}
    types = {field[0]: field[1] for field in kind.TAIL}
    for name, value in values.items():
        if name in kind.BITS:
            word, low, width, *_ = kind.BITS[name]
            head[word] |= (int(value) & ((1 << width) - 1)) << low
        elif name in tail:
            given = isinstance(value, bytes)
            tail[name] = value if given else np.asarray(value, _dtype(types[name])).tobytes()
        elif isinstance(value, bytes) and np.dtype(kind.DTYPE[name]).kind != "S":
            head[name] = np.frombuffer(value, kind.DTYPE[name].base).reshape(kind.DTYPE[name].shape)
        else:
            head[name] = value
    return head.tobytes() + b"".join(tail.values())
