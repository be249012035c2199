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
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError, TruncatedError

from . import display, layout
from .accessors import bits_accessor, bits_reader, publish, raw
from .layout import REST

__all__ = ["REST", "Record", "bits_reader", "encode", "raw", "type_path"]
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
    PLACES: ClassVar[dict[str, layout.Place]]  # of the single numbers among them
    TAIL: ClassVar[Sequence[layout.Field]]  # the rest
    PARTS: ClassVar[tuple[layout.Part, ...]]  # these, prepared for reading
    NAMES: ClassVar[tuple[str, ...]]  # published accessors

    __slots__ = ("_base", "_data", "_end", "_file", "_head", "_start", "_tail", "cfg")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.DTYPE = layout.leading(cls.FIELDS)
        cls.PLACES = layout.places(cls.DTYPE)
        cls.TAIL = tuple(cls.FIELDS[len(cls.DTYPE.names or ()) :])
        cls.PARTS = layout.parts(cls.TAIL)
        for field in cls.FIELDS:
            publish(cls, field)
        for name, bits in cls.BITS.items():
            setattr(cls, name, bits_accessor(name, *bits))
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
        self._file, self._base, self._head = file, base, None
        pos = start + self.DTYPE.itemsize
        if pos > self._end and pos > start:
            self._take(self.DTYPE, 1, start)  # says what is missing
        self._tail: dict[str, Any] = {}
        for part in self.PARTS:
            self._tail[part.name], pos = self._read(part, pos)
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

    def _take(self, dtype: np.dtype[Any], count: int, pos: int) -> npt.NDArray[Any]:
        """View `count` items at `pos`, or say where the bytes end."""
        need = dtype.itemsize * count
        if count < 0 or pos + need > self._end:
            found = f"found {max(self._end - pos, 0)}; the payload is cut or its counts are wrong"
            what = f"{type(self).__name__} needs {need} bytes here, {found}"
            raise TruncatedError(what, self._file, self._base + pos)
        view: npt.NDArray[Any] = np.frombuffer(self._data, dtype, count, pos)
        return view

    def _fixed(self) -> Any:
        """View the fields up to the first whose size varies."""
        if self._head is None:  # mostly not needed: numbers are read without it
            self._head = self._take(self.DTYPE, 1, self._start)[0]
        return self._head

    def _read(self, part: layout.Part, pos: int) -> tuple[Any, int]:
        """Read one field of varying size; return it and the byte behind it."""
        sizes, count = part.shape, part.count
        if count < 0:
            sizes, count = self._sizes(part, pos)
        if part.record is not None:
            return self._read_records(part.record, count, pos)
        end = pos + count * part.dtype.itemsize
        if count > 0 and end <= self._end:
            return (sizes, part.dtype, pos), end  # an array that is made when it is asked for
        none = self._take(part.dtype, count, pos)
        try:
            none.reshape(sizes)
            return (sizes, part.dtype, pos), end
        except ValueError as error:  # empty, and yet too long: numpy refuses 0 x 2**32 x 2**32
            what = f"{type(self).__name__} has an array of {sizes} here; its counts are wrong"
            raise FormatError(what, self._file, self._base + pos) from error

    def _sizes(self, part: layout.Part, pos: int) -> tuple[Sequence[Any], int]:
        """Return the shape of a field in this record, and how many items it has."""
        sizes = [size(self) if callable(size) else size for size in part.shape]
        if part.rest >= 0:  # stated in the table: a count of -1 in the data is a fault
            rest = math.prod(s for s in sizes if s != REST) * part.dtype.itemsize
            sizes[part.rest] = max(self._end - pos, 0) // rest if rest else 0
        return sizes, -1 if min(sizes) < 0 else math.prod(sizes)

    def _read_records(self, kind: type[Record], count: int, pos: int) -> tuple[list[Record], int]:
        if count < 0:
            self._take(np.dtype("u1"), count, pos)
        found = []
        for _ in range(count):
            found.append(kind(self._data, pos, self._end, self.cfg, self._file, self._base))
            pos = found[-1]._end
        return found, pos

    def _place(self, name: str) -> int:
        """Return where a field of numbers or of constant records begins in the buffer."""
        if name in self._tail:
            return int(self._tail[name][2])
        return self._start + int(self.DTYPE.fields[name][1])  # type: ignore[index]

    def _nested(self, name: str, kind: type[R], i: int) -> R:
        """Return record number `i` of a field of records; it shares the bytes."""
        if name in self._tail and kind.TAIL:
            found: R = self._tail[name][i]
            return found
        pos = self._place(name) + i * kind.DTYPE.itemsize
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
    tail = {part.name: b"" for part in kind.PARTS}
    types = {part.name: part.dtype for part in kind.PARTS}
    for name, value in values.items():
        if name in kind.BITS:
            word, low, width, *_ = kind.BITS[name]
            head[word] |= (int(value) & ((1 << width) - 1)) << low
        elif name in tail:
            given = isinstance(value, bytes)
            tail[name] = value if given else np.asarray(value, types[name]).tobytes()
        elif isinstance(value, bytes) and np.dtype(kind.DTYPE[name]).kind != "S":
            head[name] = np.frombuffer(value, kind.DTYPE[name].base).reshape(kind.DTYPE[name].shape)
        else:
            head[name] = value
    return head.tobytes() + b"".join(tail.values())
