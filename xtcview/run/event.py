"""One event: who it is, what its datagrams hold, what is damaged.

Nothing is read before something is asked for. Damaged payloads are hidden from `get` as in psana
(PSXtcInput/src/DgramSourceIndex, PSXtcInput damage rules), and shown by `damage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from xtcview.errors import FormatError, KeptError, XtcError
from xtcview.format.headers import DGRAM_SIZE, Dgram, dgram
from xtcview.format.src import NO_SRC, Src
from xtcview.format.tree import Fault
from xtcview.source import AliasMap, Pattern
from xtcview.types.record import Record

from .configstore import ConfigStore
from .damage import LACKING, is_shown, together
from .eventid import EventId, EventTime
from .files import Problem, XtcFile
from .indexes import hold
from .own import ANY, NONE, OwnObjects, place, refuse_decoded
from .problems import Problems
from .proxies import read_originals
from .served import served
from .store import (
    EventKey,
    Item,
    first,
    is_container,
    item_key,
    kinds_of,
    matching,
    order,
    pattern_of,
)

if TYPE_CHECKING:
    from .run import Run

LOST = "this stream's part of the event is missing"


class EventContext(NamedTuple):
    """What an event needs from its run."""

    files: Sequence[XtcFile]
    aliases: AliasMap
    config: ConfigStore
    run_number: int
    options: dict[str, Any]
    problems: Problems
    owner: Run


class Event:
    """One event of a run.

    Parameters
    ----------
    number : int
        Position in ``run.times()``.
    time : EventTime
        Its name.
    parts : list of (int, int)
        File and byte of its datagrams, DAQ streams first.
    context : EventContext
    """

    _removed: tuple[Item, ...] = ()

    def __init__(
        self, number: int, time: EventTime, parts: list[tuple[int, int]], context: EventContext
    ) -> None:
        self.number, self.time = number, time
        self._parts, self._context = parts, context
        self.problems: list[Problem] = []

    @cached_property
    def _own(self) -> OwnObjects:
        return OwnObjects()

    @cached_property
    def _id(self) -> EventId:
        file, offset = self._parts[0]
        try:
            data = self._context.files[file].read_exactly(offset, DGRAM_SIZE, "datagram header")
            return EventId(self._checked(dgram(data), file, offset), self._context.run_number)
        except FormatError as error:
            self._tell(Problem.of(error, self._context.files[file].path, offset, LOST))
            raise

    def _checked(self, head: Dgram, number: int, offset: int) -> Dgram:
        """Return a datagram's header when it is this event's.

        Raises
        ------
        IndexFileError
            The index names a byte at which another datagram stands, or none.
        """
        file, own = self._context.files[number], self.time
        clock = (own.seconds(), own.nanoseconds(), own.fiducial())
        if file.is_ioc:  # the clock of the control system differs from the DAQ's
            clock = (head.seconds, head.nanoseconds, clock[2])
        hold(head, clock, file, offset)
        return head

    @cached_property
    def _datagrams(self) -> list[tuple[Dgram, list[Item]]]:
        """Headers of the event's datagrams, and their payloads in the order of bytes."""
        found: list[tuple[Dgram, list[Item]]] = []
        for number, offset in self._parts:
            file = self._context.files[number]
            try:
                head, items, faults = read_originals(file, offset)
                self._checked(head, number, offset)
            except XtcError as error:
                self._tell(Problem.of(error, file.path, offset, LOST))
                continue
            found.append((head, served(items)))
            self._note(file, faults)
        return found

    @cached_property
    def _items(self) -> list[Item]:
        """All payloads, EPICS excepted, in the order of streams and bytes."""
        return [item for _, items in self._datagrams for item in items]

    @cached_property
    def _stored(self) -> list[Item]:
        """Payloads that psana shows, in its order; of two alike the first stream's."""
        kept: dict[tuple[Any, ...], Item] = {}
        for item in self._items:
            if not item.size or item.is_config:  # psana skips empty ones
                continue
            if not item.damage or is_shown(item, self._context.options):
                kept.setdefault((item.src.key, item.word, item.kind), item)
        return sorted(kept.values(), key=order)

    def _note(self, file: XtcFile, faults: list[Fault]) -> None:
        for fault in faults:
            self._tell(Problem(str(file.path), fault.offset, fault.what, fault.lost))

    def _tell(self, problem: Problem, once: bool = False) -> None:
        """Note a fault here and with the run."""
        if problem not in self.problems:
            self.problems.append(problem)
        self._context.problems.tell(problem, once)

    def get(self, kind: Any, source: Any = None, key: str | None = None) -> Any:
        """Return an object of the event, or None.

        Parameters
        ----------
        kind : type, iterable of types, int or str
            Class or classes, tried in order; a type number; or the key of an object of one's own.
        source : Source, Src or str, optional
            Where it comes from. As in psana, without it only objects without source are found
            (`EventId`, one's own), and behind a class a text alone is a key; behind a type
            number a text is a source, and without it any source is meant.
        key : str, optional
            Key of an object of one's own.

        Raises
        ------
        SourceError
            A source text that cannot be understood.
        FormatError
            A payload that is not what its type says.
        """
        if isinstance(kind, str):
            return self._own.named(kind, source, key)
        kinds = kinds_of(kind)
        numbered = not isinstance(kind, type) and any(isinstance(k, int) for k in kinds)
        if isinstance(source, str) and key is None and not numbered:
            source, key = None, source
        if source is None:
            pattern = ANY if numbered else NONE
        else:
            pattern = pattern_of(source, self._context.aliases)
        found = self._kept(kinds, pattern, key or "")
        if found is not None or key or (source is None and not numbered):
            return found
        try:
            return first(matching(self._stored, pattern), kinds, self.config.find, self.note)
        except FormatError as error:
            self.refuse(error)
            raise

    def _kept(self, kinds: list[Any], pattern: Pattern, key: str) -> Any:
        if EventId in kinds and not key and pattern.kind in ("any", "none"):
            return self._id
        return self._own.get(kinds, pattern, key)

    def note(self, item: Item, reason: str) -> None:
        """Remember why a payload could not be given."""
        problem = Problem(str(item.file.path), item.at, reason, "the object is not given")
        self._tell(problem, once=True)

    def refuse(self, error: FormatError) -> None:
        """Remember a payload that is not what its type says."""
        self._tell(Problem(str(error.file), error.offset, error.what, "the object is not given"))

    def find(self, kind: Any, src: Src) -> Item | None:
        """Return the payload of the first of these types from exactly this source, not yet read."""
        options = self._context.options
        found = [i for i in self._items if i.src == src and i.size and is_shown(i, options)]
        if self._removed:
            found = [i for i in found if i not in self._removed]
        return next((item for k in kinds_of(kind) for item in found if item.kind is k), None)

    def put(self, value: Any, source: Any = None, key: str | None = None) -> None:
        """Keep an object of one's own: ``put(x)``, ``put(x, key)``, ``put(x, source[, key])``.

        Parameters
        ----------
        value : object
        source : Source, Src or str, optional
            One source; a text alone is the key.
        key : str, optional

        Raises
        ------
        KeptError
            The event has a decoded object there.
        SourceError
            The source may mean several.
        """
        src, key = place(source, key, self._context.aliases)
        if isinstance(value, EventId) and src == NO_SRC and not key:
            raise KeptError("the event has its EventId, which cannot be replaced; give a key")
        refuse_decoded(self._stored if isinstance(value, Record) else (), value, src, key)
        self._own.put(value, src, key)

    def remove(self, kind: Any, source: Any = None, key: str | None = None) -> bool:
        """Forget an object of one's own, or hide a decoded one; return whether there was one.

        Parameters
        ----------
        kind : type or iterable of types
        source : Source, Src or str, optional
            One source; a text alone is the key.
        key : str, optional

        Raises
        ------
        SourceError
            The source may mean several.
        """
        kinds = kinds_of(kind)
        src, key = place(source, key, self._context.aliases)
        if self._own.remove(kinds, src, key):
            return True
        there = [item for item in self._stored if item.src == src and not key]
        found = [item for k in kinds for item in there if item.kind is k][:1]
        self._removed += tuple(found)
        self._stored = [item for item in self._stored if item not in found]
        return bool(found)

    def keys(self, source: Any = None) -> list[EventKey]:
        """List what the event holds; payloads without table have type None, id and size.

        Parameters
        ----------
        source : Source, Src or str, optional
            Of these sources only.
        """
        aliases = self._context.aliases
        pattern = ANY if source is None else pattern_of(source, aliases)
        stored = [i for i in matching(self._stored, pattern) if not is_container(i)]
        found = [item_key(i, aliases) for i in stored]
        if pattern.kind in ("any", "none"):
            found.append(EventKey(EventId, NO_SRC))
        return found + self._own.keys(pattern, aliases)

    @property
    def owner(self) -> Run:
        """The run that it was read from."""
        return self._context.owner

    def run(self) -> int:
        """Return the run number."""
        return self._context.run_number

    @cached_property
    def config(self) -> ConfigStore:
        """Configuration that holds at this event, with what the event itself brings."""
        own = [item for item in self._items if item.is_config and item.size]
        return self._context.config.extended(own) if own else self._context.config

    def damage(self, source: Any = None) -> int:
        """Return the damage word of a source's payloads in this event, all bits together.

        Parameters
        ----------
        source : Source, Src or str, optional
            Without it: of all payloads and of the datagrams themselves. Of a source that sent
            nothing: whether the datagrams lack a contribution.

        Returns
        -------
        int
            `ids.Damage` bits; 0 is undamaged.
        """
        roots = [head.damage for head, _ in self._datagrams]
        if source is None:
            return together(self._items, roots)
        found = matching(self._items, pattern_of(source, self._context.aliases))
        return together(found, () if found else [word & LACKING for word in roots])

    def __repr__(self) -> str:
        return f"<Event {self.number} of run {self.run()}: {self.time!r}>"
