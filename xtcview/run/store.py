"""Objects under (source, type): what events and the configuration store have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from xtcview.errors import FormatError, UnsupportedTypeError
from xtcview.format.compression import expand
from xtcview.format.headers import COMPRESSED, DGRAM_SIZE, Dgram, dgram, type_id, version
from xtcview.format.ids import Damage, Level, TypeId
from xtcview.format.src import NO_SRC, Src
from xtcview.format.tree import Fault, root_fault
from xtcview.format.window import PIECE
from xtcview.source import AliasMap, Pattern, Source, exact
from xtcview.types import registry
from xtcview.types.record import Record, type_path

from .files import XtcFile
from .shapes import payloads

_EPICS, _XTC = int(TypeId.Epics), int(TypeId.Xtc)
_INCOMPLETE = int(Damage.IncompleteContribution)
_KIND = (type, int)
FindConfig = Callable[[Src, type[Record]], Record | None]


class Item:
    """One payload of a datagram; read and decoded when first asked for, then kept.

    Parameters
    ----------
    src : Src
    word : int
        Type word.
    damage : int
        Damage word of the leaf.
    file : XtcFile
    at, size : int
        Where the payload lies in the file, in bytes.
    data : bytes, optional
        The payload, when it is in memory already.
    """

    __slots__ = (
        "_data",
        "_value",
        "at",
        "damage",
        "file",
        "is_config",
        "kind",
        "size",
        "src",
        "word",
    )

    def __init__(
        self,
        src: Src,
        word: int,
        damage: int,
        file: XtcFile,
        at: int,
        size: int,
        data: bytes | memoryview | None = None,
    ) -> None:
        self.src, self.word, self.damage = src, word, damage
        self.file, self.at, self.size, self._data = file, at, size, data
        self.kind, self.is_config = registry.known(word)
        self._value: Record | None = None

    is_derived = False  # made from another payload, or in another file

    def check(self) -> None:
        """Do nothing: the payload is where its datagram says. Others must be held against it."""

    @property
    def store(self) -> str:
        """'config', 'event', or '' for a type without table."""
        line = registry.entry(self.word)
        return line.store if line else ""

    def data(self) -> bytes | memoryview:
        """Return the payload's bytes.

        Raises
        ------
        TruncatedError
        """
        if self._data is None:
            self.check()
            self._data = self.file.view(self.at, self.size, registry.type_name(self.word))
        return self._data

    def value(self, find_config: FindConfig) -> Record:
        """Return the decoded payload.

        Raises
        ------
        UnsupportedTypeError, FormatError
        """
        if self._value is None:
            find = lambda kind: find_config(self.src, kind)  # noqa: E731
            place, data = (self.file.path, self.at), self.data()
            if self.word & COMPRESSED:
                data = expand(data, *place)
            word = self.word & ~COMPRESSED
            self._value = registry.decode(word, data, 0, len(data), find, *place)
        return self._value


def read_items(file: XtcFile, offset: int) -> tuple[Dgram, list[Item], list[Fault]]:
    """List a datagram's payloads in file order; large ones are not read yet.

    A datagram marked as an incomplete contribution is not entered.

    Returns
    -------
    head : Dgram
    items : list of Item
    faults : list of Fault
        Headers that cannot be true, by their byte in the file.

    Raises
    ------
    TruncatedError, FormatError
        The datagram does not lie in the file.
    """
    data = file.read(offset, min(PIECE, max(file.size - offset, DGRAM_SIZE)))
    if len(data) < DGRAM_SIZE:
        data = file.read_exactly(offset, DGRAM_SIZE, "datagram header")
    head = dgram(data)
    fault = root_fault(head.extent, max(file.size - offset, len(data)))
    if fault:
        raise FormatError(fault, file.path, offset)
    if head.damage & _INCOMPLETE:
        return head, [], []
    found, faults = payloads(file, offset, head, data)
    view = memoryview(data)
    items = []
    for src, word, damage, start, size in found:
        part = view[start : start + size] if start + size <= len(data) else None
        items.append(Item(src, word, damage, file, offset + start, size, part))
    return head, items, faults


class EventKey(NamedTuple):
    """One line of ``keys()``; psana's accessors beside what the DAQ wrote."""

    kind: type | None
    source: Src
    alias_name: str = ""
    key_name: str = ""
    type_id: int | None = None
    version: int | None = None
    size: int | None = None

    def type(self) -> Any:
        """Return the class, None for a type without table."""
        return self.kind

    def src(self) -> Src:
        """Return the source."""
        return self.source

    def alias(self) -> str:
        """Return the source's alias, or ''."""
        return self.alias_name

    def key(self) -> str:
        """Return the key of a user's object, or ''."""
        return self.key_name

    def __repr__(self) -> str:
        parts = [f"type={type_path(self.kind) if self.kind else None}"]
        parts += [f"src='{self.source}'"] if self.source != NO_SRC else []
        parts += [f"alias='{self.alias_name}'"] if self.alias_name else []
        parts += [f"key='{self.key_name}'"] if self.key_name else []
        if self.kind is None and self.type_id is not None:
            parts.append(f"typeid={self.type_id}, version={self.version}, size={self.size}")
        return f"EventKey({', '.join(parts)})"


def item_key(item: Item, aliases: AliasMap) -> EventKey:
    """Return the line of ``keys()`` that describes an item."""
    numbers = (type_id(item.word), version(item.word), item.size)
    return EventKey(item.kind, item.src, aliases.alias(item.src), "", *numbers)


def order(item: Item) -> tuple[int, int, int]:
    """Sort key of psana's stores: level, physical id, type."""
    level, phy = item.src.key
    return level, phy, item.word


def matching(items: Iterable[Item], pattern: Pattern) -> list[Item]:
    """List the items of the sources that are meant."""
    return [item for item in items if pattern.matches(item.src)]


def first(
    items: Iterable[Item],
    kinds: Iterable[Any],
    find_config: FindConfig,
    failed: Callable[[Item, str], None],
) -> Record | None:
    """Return the first object of the first kind (class or type number) that can be read.

    An item that lacks its configuration or its table is not given, as in psana; `failed`
    receives the reason.
    """
    items = list(items)
    for kind in kinds:
        for item in items:
            if item.kind is kind or (isinstance(kind, int) and type_id(item.word) == kind):
                try:
                    return item.value(find_config)
                except UnsupportedTypeError as error:
                    failed(item, error.what)
    return None


def kinds_of(wanted: Any) -> list[Any]:
    """Return the classes or type numbers that a script asks for.

    Raises
    ------
    TypeError
        It is neither a class, nor a number, nor a list of them.
    """
    if isinstance(wanted, _KIND):
        return [wanted]
    if isinstance(wanted, Iterable) and not isinstance(wanted, str):
        kinds = [kind for part in wanted for kind in kinds_of(part)]
        if kinds:
            return kinds
    raise TypeError(f"expected a class, a list of classes or a type number, found {wanted!r}")


def pattern_of(source: Any, aliases: AliasMap) -> Pattern:
    """Return what a script means by a source: `Source`, `Src` or text.

    Raises
    ------
    SourceError
        A text that is no source.
    TypeError
        Something else.
    """
    if isinstance(source, Src):
        return exact(source)
    if isinstance(source, str):
        return Source(source).resolve(aliases)
    if isinstance(source, Source):
        return source.resolve(aliases)
    raise TypeError(f"expected a Source, a Src or a text, found {source!r}")


def is_epics(item: Item) -> bool:
    """Return whether an item is an archived value of a process variable."""
    return item.word & 0xFFFF == _EPICS


def is_container(item: Item) -> bool:
    """Return whether an item is a container that was not entered: an incomplete contribution."""
    return type_id(item.word) == _XTC


def detectors(items: Iterable[Item]) -> Iterator[Src]:
    """Yield the detectors and BLD records among the items' sources."""
    for item in items:
        if item.src.level() in (Level.Source, Level.Reporter):
            yield item.src
