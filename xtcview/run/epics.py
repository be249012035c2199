"""Process variables: the value at an event is the last one archived at or before it.

Which events carry EPICS data the index tells; their small payloads are located once, when the
first value is asked for. A value never depends on which events were visited before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np

from xtcview.errors import FormatError, SourceError, XtcError, near
from xtcview.format.headers import DGRAM_SIZE, dgram, type_id
from xtcview.format.ids import Damage, TypeId
from xtcview.format.index import Index
from xtcview.format.src import Src, make_src
from xtcview.format.tree import Leaf, root_fault, walk_headers
from xtcview.format.window import Window
from xtcview.types.epics import ConfigV1 as EpicsConfig
from xtcview.types.epics import EpicsPvHeader, read_pv

from .config import Configuration
from .files import Problem, XtcFile
from .indexes import Clock, hold
from .problems import Problems
from .proxies import Proxied
from .series import Series, series
from .store import Item, is_epics
from .timeline import Timeline

_MASK_BITS = 32
_HEAD = EpicsPvHeader.DTYPE.itemsize
Place = tuple[XtcFile, int, int]  # byte and size of a payload in it


class EpicsTable:
    """All EPICS data of a run, by PV and event.

    Parameters
    ----------
    files, timeline, configuration
        Of the run.
    problems : Problems
        Receives what cannot be read.
    """

    def __init__(
        self,
        files: Sequence[XtcFile],
        timeline: Timeline,
        configuration: Configuration,
        problems: Problems,
    ) -> None:
        self._files, self._timeline, self._problems = files, timeline, problems
        self._configuration = configuration
        self._pv_names: dict[tuple[Any, int], str] = {}
        self._first: dict[str, Any] = {}  # record of Configure: CTRL, or TIME where there is one
        self._aliases: dict[str, str] = {}
        self._located: dict[str, tuple[list[int], list[Place]]] = {}
        self._stale: int | None = -1  # first event whose payloads are to be found yet
        self._read_configure()

    def _read_configure(self) -> None:
        items = self._configuration.configure_items()
        timed: dict[str, Any] = {}
        for item in items:
            if not is_epics(item) or not item.size:
                continue
            try:
                record = read_pv(item.data(), 0, item.size, item.file.path, item.at)
            except XtcError as error:
                self._note(item.file.path, item.at, error)
                continue
            key = (item.src.key, record.pvId())
            if record.isCtrl():
                self._pv_names.setdefault(key, record.pvName())
                self._first[self._pv_names[key]] = record
            else:
                timed[self._name(item.src, record.pvId())] = record
        self._first |= timed
        self._read_aliases()

    def _read_aliases(self) -> None:
        store = self._configuration.at_step(-1)
        for item in store.items():
            if item.kind is not EpicsConfig:
                continue
            try:
                archived = item.value(store.find).getPvConfig()
            except XtcError as error:
                self._note(item.file.path, item.at, error)
                continue
            for pv in archived:
                name = self._pv_names.get((item.src.key, pv.pvId()))
                alias = pv.description()
                if name is not None and alias not in self._first:
                    self._aliases.setdefault(alias, name)

    def _name(self, src: Src, pv_id: int) -> str:
        unnamed = f"PV:pvId={pv_id}:src_log={src.log()}:src_phy={src.phy()}"
        return self._pv_names.get((src.key, pv_id), unnamed)

    def _note(self, file: Any, offset: int, error: XtcError) -> None:
        lost = "the EPICS value there is not known"
        self._problems.tell(Problem.of(error, file, offset, lost))

    def grow(self, timeline: Timeline, first: int) -> None:
        """Go on with the timeline of the grown run, which differs from event `first` on."""
        self._timeline = timeline
        last = first - 1  # a datagram without partner counts to the last event before it
        self._stale = last if self._stale is None else min(last, self._stale)

    @property
    def _series(self) -> dict[str, tuple[list[int], list[Place]]]:
        """Per PV: event numbers, ascending, and where the payloads lie."""
        if self._stale is not None:
            begin, self._stale = self._stale, None
            self._locate_from(begin)
        return self._located

    def _locate_from(self, begin: int) -> None:
        """Find the payloads of an event and of all behind it."""
        for events, places in self._located.values():
            keep = bisect_left(events, begin)
            del events[keep:], places[keep:]
        found: dict[str, list[tuple[int, int, Place]]] = {}
        for number, (file, index) in enumerate(
            zip(self._files, self._timeline.indexes, strict=True)
        ):
            for event, offset, clock in self._carriers(file, number, index, begin):
                for name, place in self._locate(file, offset, clock):
                    found.setdefault(name, []).append((event, number, place))
        for name, rows in found.items():
            events, places = self._located.setdefault(name, ([], []))
            for event, _, place in sorted(rows, key=lambda row: row[:2]):
                events.append(event)
                places.append(place)

    def _carriers(
        self, file: XtcFile, number: int, index: Index, begin: int
    ) -> list[tuple[int, int, Clock]]:
        """List (event, offset, clock) of the datagrams of a file that may hold EPICS data."""
        mask, told = _epics_mask(index), len(index.segments) <= _MASK_BITS
        if not mask and not (file.is_ioc and self._is_archiving(file)):
            return []
        table = self._timeline.ioc if file.is_ioc else self._timeline.daq
        event_of = self._timeline.event_of(file.is_ioc)
        mine = (table["file"] == number) & (event_of >= begin)
        if mask and told:  # the index cannot tell when there are more segments than bits
            mine &= (table["empty"] & np.uint32(mask)) != mask
        events = event_of[mine]
        clocks = map(tuple, self._timeline.clocks(np.flatnonzero(mine), file.is_ioc).tolist())
        return sorted(zip(events.tolist(), table["offset"][mine].tolist(), clocks, strict=True))

    def _is_archiving(self, file: XtcFile) -> bool:
        """Return whether a stream's Configure names PVs; its index need not list them."""
        items = self._configuration.configure_items()
        return any(is_epics(item) and item.file.stream == file.stream for item in items)

    def _locate(self, file: XtcFile, offset: int, clock: Clock) -> list[tuple[str, Place]]:
        """Find the EPICS payloads of one datagram, reading headers only."""
        found: list[tuple[str, Place]] = []
        window = Window(file.read)
        for leaf in self._leaves(file, offset, clock, window):
            try:
                opening = _opening(file, leaf, window)
                if opening is None:
                    continue
                data, place = opening
                head = EpicsPvHeader(data, 0, None, None, place[0].path, place[1])
                if head.isCtrl():
                    raise FormatError("a CTRL record in an event, where TIME records belong")
            except XtcError as error:
                self._note(file.path, leaf.start, error)
                continue
            found.append((self._name(make_src(leaf.log, leaf.phy), head.pvId()), place))
        return found

    def _leaves(self, file: XtcFile, offset: int, clock: Clock, window: Window) -> list[Leaf]:
        """List a datagram's leaves by their bytes in the file; none when it is not there."""
        try:
            head = dgram(file.read_exactly(offset, DGRAM_SIZE, "datagram header"))
            fault = root_fault(head.extent, file.size - offset)
            if fault:
                raise FormatError(fault, file.path, offset)
            hold(head, clock, file, offset)
        except XtcError as error:
            self._note(file.path, offset, error)
            return []
        if head.damage & Damage.IncompleteContribution:
            return []
        leaves, faults = walk_headers(window.header, offset + DGRAM_SIZE, offset + head.size)
        for at, what, _ in faults:
            self._note(file.path, at, FormatError(what))
        return leaves

    def record(self, name: str, event: int) -> Any:
        """Return the record of a PV (name or alias) that holds at an event.

        Parameters
        ----------
        name : str
        event : int
            Event number; -1 is before the first, when Configure's values hold.

        Returns
        -------
        Record or None
            TIME record, else the CTRL record of Configure; None for an unknown name.
        """
        pv = self._pv(name)
        events, places = self._series.get(pv, ((), ()))
        at = bisect_right(events, event)
        return self._latest(events, places, at) if at else self._first.get(pv)

    def _pv(self, name: str) -> str:
        known = name in self._first or name in self._series
        return name if known else self._aliases.get(name, name)

    def _latest(self, events: Sequence[int], places: Sequence[Place], at: int) -> Any:
        """Of the records of one event, that before row `at`: later stamp, else later stored."""
        rows = range(bisect_left(events, events[at - 1]), at)
        return max((self._read(places[i]) for i in reversed(rows)), key=stamp)

    def series(self, name: str) -> Series:
        """Return all archived values of a PV (name or alias).

        Raises
        ------
        SourceError
            There is no such PV; the message names alike ones.
        """
        pv = self._pv(name)
        if pv not in self._first and pv not in self._series:
            known = [*self.pv_names(), *self.aliases]
            raise SourceError(f"{name!r} is no EPICS variable of the run.{near(name, known)}")
        events, places = self._series.get(pv, ([], []))
        ends = [i + 1 for i in range(len(events)) if events[i + 1 : i + 2] != [events[i]]]
        records = [self._latest(events, places, end) for end in ends]
        numbers = [events[end - 1] for end in ends]
        times = self._timeline.events["time"]
        return series(pv, numbers, times, records, self._first.get(pv))

    def _read(self, place: Place) -> Any:
        file, offset, size = place
        try:
            data = file.read_exactly(offset, size, "EPICS value")
            return read_pv(data, 0, size, file.path, offset)
        except FormatError as error:
            self._note(file.path, offset, error)
            raise

    def pv_names(self) -> list[str]:
        """Return the names of all PVs, sorted."""
        return sorted({*self._first, *self._series})

    @property
    def aliases(self) -> dict[str, str]:
        """PV name by alias, sorted by alias."""
        return dict(sorted(self._aliases.items()))


def _opening(file: XtcFile, leaf: Leaf, window: Window) -> tuple[bytes, Place] | None:
    """Return the first bytes of an EPICS payload, and its place; None when it is another one."""
    size, number = leaf.end - leaf.start, type_id(leaf.contains)
    if size and number == TypeId.Epics:
        return window.get(leaf.start, min(size, _HEAD)), (file, leaf.start, size)
    if not file.is_small or number != TypeId.SmlDataProxy:
        return None
    src, data = make_src(leaf.log, leaf.phy), window.get(leaf.start, size)
    item = Proxied(Item(src, leaf.contains, leaf.damage, file, leaf.start, size, data))
    if not is_epics(item) or not item.size:
        return None
    item.check()
    opening = item.file.read_exactly(item.at, min(item.size, _HEAD), "EPICS value")
    return opening, (item.file, item.at, item.size)


def stamp(record: Any) -> tuple[int, int]:
    """Return seconds since 1990 and nanoseconds at which a TIME record was measured."""
    when = record.stamp()
    return when.sec(), when.nsec()


def _epics_mask(index: Index) -> int:
    """Return the bits of the segments that send EPICS data."""
    mask = 0
    for number, segment in enumerate(index.segments):
        if any(type_id(int(word)) == TypeId.Epics for word in segment.types):
            mask |= 1 << number if number < _MASK_BITS else 0xFFFFFFFF
    return mask
