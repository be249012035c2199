"""One event: who it is, what its datagrams hold, what is damaged.

Nothing is read before something is asked for. Damaged payloads are hidden from `get` as in psana
(PSXtcInput/src/DgramSourceIndex, PSXtcInput damage rules), and shown by `damage`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from xtcview.errors import IndexFileError, XtcError
from xtcview.format.headers import DGRAM_SIZE, Dgram, dgram
from xtcview.format.ids import Damage, Transition, TypeId
from xtcview.format.src import NO_SRC, Src
from xtcview.format.tree import Fault
from xtcview.source import AliasMap, Pattern

from .config import ConfigStore
from .eventid import EventId, EventTime
from .files import Problem, XtcFile
from .proxies import read_originals
from .served import served
from .store import (
    EventKey,
    Item,
    first,
    is_config,
    is_container,
    is_epics,
    item_key,
    kinds_of,
    matching,
    order,
    pattern_of,
)

_BITS = 0x00FFFFFF  # of a damage word; the other 8 belong to the detector
_USER = int(Damage.UserDefined)
_LACKING = int(
    Damage.DroppedContribution | Damage.IncompleteContribution | Damage.ContainsIncomplete
)


class EventContext(NamedTuple):
    """What an event needs from its run."""

    files: Sequence[XtcFile]
    aliases: AliasMap
    config: ConfigStore
    run_number: int
    options: dict[str, Any]


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

    def __init__(
        self, number: int, time: EventTime, parts: list[tuple[int, int]], context: EventContext
    ) -> None:
        self.number, self.time = number, time
        self._parts, self._context = parts, context
        self._objects: dict[tuple[Any, str], Any] = {}
        self.problems: list[Problem] = []

    @cached_property
    def _id(self) -> EventId:
        file, offset = self._parts[0]
        data = self._context.files[file].read_exactly(offset, DGRAM_SIZE, "datagram header")
        return EventId(self._checked(dgram(data), file, offset), self._context.run_number)

    def _checked(self, head: Dgram, number: int, offset: int) -> Dgram:
        """Return a datagram's header when it is this event's.

        Raises
        ------
        IndexFileError
            The index names a byte at which another datagram stands, or none.
        """
        file, own = self._context.files[number], self.time
        clock = (own.seconds(), own.nanoseconds(), own.fiducial())
        found = (head.seconds, head.nanoseconds, head.fiducial)
        # the clock of the control system differs from the DAQ's
        same = found[2] == clock[2] if file.is_ioc else found == clock
        if not same or head.service != Transition.L1Accept:
            what = f"does not fit {file.path.name}: event {clock} is not at byte {offset}"
            remedy = "take the index away, and the .xtc file is read instead"
            raise IndexFileError(f"{what}, found {found}; {remedy}", file.index_path)
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
                lost = "this stream's part of the event is missing"
                self.problems.append(Problem.of(error, file.path, offset, lost))
                continue
            given = [part for item in items if not is_epics(item) for part in served(item)]
            found.append((head, given))
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
            if not item.size or is_config(item):  # psana skips empty ones
                continue
            if is_shown(item, self._context.options):
                kept.setdefault((item.src.key, item.word, item.kind), item)
        return sorted(kept.values(), key=order)

    def _note(self, file: XtcFile, faults: list[Fault]) -> None:
        for fault in faults:
            self.problems.append(Problem(str(file.path), fault.offset, fault.what, fault.lost))

    def get(self, kind: Any, source: Any = None, key: str | None = None) -> Any:
        """Return an object of the event, or None.

        Parameters
        ----------
        kind : type, iterable of types, int or str
            Class or classes, tried in order; a type number; or the key of an object of one's own.
        source : Source, Src or str, optional
            Where it comes from. As in psana, without it only objects without source are found
            (`EventId`, one's own), and behind a class a text is a key.
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
            return next((v for (_, k), v in self._objects.items() if k == kind), None)
        kinds = kinds_of(kind)
        if isinstance(source, str) and not any(isinstance(k, int) for k in kinds):
            source, key = None, source
        if source is None:
            return self._own(kinds, key or "")
        pattern = pattern_of(source, self._context.aliases)
        found = self._own(kinds, key or "") if pattern.kind in ("any", "none") else None
        if found is not None or key:
            return found
        return first(matching(self._stored, pattern), kinds, self.config.find, self.note)

    def _own(self, kinds: list[Any], key: str) -> Any:
        if EventId in kinds and not key:
            return self._id
        return next((self._objects[k, key] for k in kinds if (k, key) in self._objects), None)

    def note(self, item: Item, reason: str) -> None:
        """Remember why a payload could not be given."""
        problem = Problem(str(item.file.path), item.at, reason, "the object is not given")
        if problem not in self.problems:
            self.problems.append(problem)

    def find(self, kind: Any, src: Src) -> Item | None:
        """Return the payload of the first of these types from exactly this source, not yet read."""
        options = self._context.options
        found = [i for i in self._items if i.src == src and i.size and is_shown(i, options)]
        return next((item for k in kinds_of(kind) for item in found if item.kind is k), None)

    def put(self, value: Any, key: str = "") -> None:
        """Keep an object of one's own with the event."""
        self._objects[type(value), key] = value

    def remove(self, kind: Any, key: str = "") -> bool:
        """Forget an object of one's own; return whether there was one."""
        return self._objects.pop((kind, key), None) is not None

    def keys(self) -> list[EventKey]:
        """List what the event holds; payloads without table have type None, id and size."""
        stored = [i for i in self._stored if not is_container(i)]
        own = [EventKey(kind, NO_SRC, "", key) for kind, key in self._objects]
        return [item_key(i, self._context.aliases) for i in stored] + [
            EventKey(EventId, NO_SRC),
            *own,
        ]

    def run(self) -> int:
        """Return the run number."""
        return self._context.run_number

    @cached_property
    def config(self) -> ConfigStore:
        """Configuration that holds at this event, with what the event itself brings."""
        own = [item for item in self._items if item.size and is_config(item)]
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
        everything = source is None
        pattern = Pattern("any") if everything else pattern_of(source, self._context.aliases)
        words = [item.damage for item in matching(self._items, pattern)]
        roots = [head.damage for head, _ in self._datagrams]
        if everything:
            words += roots
        elif not words:
            words += [word & _LACKING for word in roots]
        return functools.reduce(operator.or_, words, 0)

    def __repr__(self) -> str:
        return f"<Event {self.number} of run {self.run()}: {self.time!r}>"


def is_shown(item: Item, options: dict[str, Any]) -> bool:
    """Apply psana's rule on damaged payloads of events."""
    if not item.damage:
        return True
    bits, user = item.damage & _BITS, item.damage >> 24
    if user and not bits & _USER:
        return False
    if bits & _USER:
        if item.word & 0xFFFF != TypeId.EBeamBld or not options["psana.store-user-ebeam-damage"]:
            return False
        bits &= ~_USER
    if bits == Damage.OutOfOrder:
        return bool(options["psana.store-out-of-order-damage"])
    return bits == 0
