"""Configuration: what the detectors were set to, at every calib cycle of a run.

Configure gives all; BeginCalibCycle replaces, under (source, type), what changed for its step.
psana reads the copies of one DAQ stream and of every control system stream; so do we.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xtcview.errors import FormatError, XtcError
from xtcview.format.headers import DGRAM_SIZE, Dgram, dgram
from xtcview.format.ids import Transition
from xtcview.format.src import make_src
from xtcview.format.tree import root_fault
from xtcview.source import AliasMap
from xtcview.types.alias import ConfigV1 as AliasConfig

from .configstore import ConfigStore
from .files import Problem, XtcFile
from .problems import Problems
from .store import (
    Item,
    detectors,
    is_container,
    read_items,
)
from .timeline import Timeline

_LEADING = 8  # datagrams at a file's start among which Configure must be


class Configuration:
    """All configuration of a run, by calib cycle.

    Parameters
    ----------
    files : sequence of XtcFile
        Sorted by stream and chunk.
    timeline : Timeline
    problems : Problems
        Receives what cannot be read.
    """

    def __init__(self, files: Sequence[XtcFile], timeline: Timeline, problems: Problems) -> None:
        self._problems = problems
        self._noted: list[Problem] = []  # by the last attempt to read Configure
        self.aliases = AliasMap()
        self.begin_run: Dgram | None = None
        self.configure: Dgram | None = None
        self.is_known = False  # whether there is a Configure
        self._copies = -1  # of calib cycles, as last seen
        self._clocks: list[int] = []
        self._steps: list[list[Item]] = []
        self.grow(files, timeline)

    def grow(self, files: Sequence[XtcFile], timeline: Timeline) -> None:
        """Take in what the files of a growing run have got since."""
        if not self.is_known:
            for problem in self._noted:
                self._problems.remove(problem)
            self._noted = []
            self._configure = self._read_configure(files)
            self._problems += self._noted
            self._stores: dict[int, ConfigStore] = {}
        if len(timeline.cycles) != self._copies:
            self._enter_cycles(files, timeline)
        self._name_sources(timeline)

    def _enter_cycles(self, files: Sequence[XtcFile], timeline: Timeline) -> None:
        clocks, first = np.unique(timeline.cycles["time"], return_index=True)
        copies = np.split(timeline.cycles, first[1:]) if len(first) else []
        self._cycles = [[(files[row["file"]], int(row["offset"])) for row in c] for c in copies]
        if clocks[: len(self._clocks)].tolist() != self._clocks:  # one came in between
            self._steps, self._stores = [], {}
        self._copies, self._clocks = len(timeline.cycles), clocks.tolist()

    @property
    def steps(self) -> int:
        """Number of calib cycles, empty ones included."""
        return len(self._cycles)

    def at_step(self, step: int) -> ConfigStore:
        """Return the configuration that holds in a calib cycle (-1: before the first)."""
        step = min(step, len(self._cycles) - 1)
        if step not in self._stores:
            while len(self._steps) <= step:
                self._steps.append(self._read_cycle(len(self._steps)))
            changes = [item for items in self._steps[: step + 1] for item in items]
            items = [*self._configure, *changes]
            self._stores[step] = ConfigStore(items, self.aliases, self._problems)
        return self._stores[step]

    def configure_items(self) -> list[Item]:
        """List what Configure held, EPICS included."""
        return self._everything

    def _read_configure(self, files: Sequence[XtcFile]) -> list[Item]:
        """Read Configure: of control system streams first, so that the DAQ's copy wins."""
        self._everything: list[Item] = []
        ioc = [f for f in files if f.is_ioc and f.chunk == 0]
        for file in ioc:
            self._everything += self._leading(file) or []
        found, copies = None, 0
        for file in (f for f in files if not f.is_ioc and f.chunk == 0):
            found = self._leading(file)
            if found:
                self._everything += found
                break
            if found is not None:  # there, with nothing in it
                copies += 1
                continue
            what = "no Configure at the start of the file"
            self._noted.append(Problem(str(file.path), 0, what, "another stream's copy is used"))
        if not found and not copies:
            lost = "sources have no names, and data that need their configuration are not given"
            what = "no DAQ stream of the run has a Configure"
            self._noted.append(Problem(str(files[0].path), 0, what, lost))
        self.is_known = bool(found or copies)
        return [item for item in self._everything if item.store == "config"]

    def _leading(self, file: XtcFile) -> list[Item] | None:
        """Return the items of the Configure at a file's start, None without it; note BeginRun."""
        items: list[Item] | None = None
        offset = 0
        for _ in range(_LEADING):
            data = file.read(offset, DGRAM_SIZE)
            if len(data) < DGRAM_SIZE:
                break
            head = dgram(data)
            if root_fault(head.extent, file.size - offset):
                break
            if head.service == Transition.Configure:
                items = self._items_of(file, offset, Transition.Configure)
                self.configure = self.configure if file.is_ioc else head
            elif head.service == Transition.BeginRun and not file.is_ioc:
                self.begin_run = head
            elif head.service not in (Transition.Map, Transition.BeginRun):
                break
            offset += head.size
        return items

    def _read_cycle(self, number: int) -> list[Item]:
        """Return what the first stream whose copy can be read says of a calib cycle."""
        for file, offset in self._cycles[number]:
            items = self._items_of(file, offset, Transition.BeginCalibCycle)
            if items is not None:
                return [item for item in items if item.store == "config"]
        return []

    def _items_of(self, file: XtcFile, offset: int, service: Transition) -> list[Item] | None:
        """Return a transition's payloads; None, and a problem, when it cannot be read."""
        try:
            head, items, faults = read_items(file, offset)
            if head.service != service:
                raise FormatError(f"expected {service.name}, found transition {head.service}")
        except XtcError as error:
            lost = "the configuration there is not read"
            self._problems.append(Problem.of(error, file.path, offset, lost))
            return None
        for fault in faults:
            lost = "configuration behind it is not read"
            self._problems.append(Problem(str(file.path), fault.offset, fault.what, lost))
        return [item for item in items if item.size and not is_container(item)]

    def _name_sources(self, timeline: Timeline) -> None:
        store = self.at_step(-1)
        for item in (i for i in self._everything if i.kind is AliasConfig):
            try:
                for pair in item.value(store.find).srcAlias():
                    self.aliases.add(pair.aliasName(), pair.src())
            except XtcError as error:
                lost = "aliases are not known"
                self._problems.append(Problem.of(error, item.file.path, item.at, lost))
        for src in detectors(self._everything):
            self.aliases.see(src)
        for index in timeline.indexes:
            for segment in index.segments:
                for log, phy in segment.sources.tolist():
                    self.aliases.hear(make_src(log, phy))
