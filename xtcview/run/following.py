"""The files of a run that is being written: what came since the last look.

Only bytes that were not there before are read, and of these only headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from xtcview.format.headers import FIDUCIALS, NO_FIDUCIAL, Dgram
from xtcview.format.ids import Transition
from xtcview.format.index import Index
from xtcview.format.indexer import Scanner

from . import folders, growth, timeline
from .dataset import DataSet
from .files import Problem, XtcFile
from .timeline import IOC_WINDOW, Timeline


class Stretch(NamedTuple):
    """A file of the run and the pass over it, which goes on as it grows."""

    file: XtcFile
    scanner: Scanner

    @property
    def is_ended(self) -> bool:
        """True when EndRun was read in it."""
        return any(head.service == Transition.EndRun for _, head in self.scanner.transitions)


class Following:
    """Follows the files of one run.

    Parameters
    ----------
    which : DataSet
        Of this run alone.
    members : list of XtcFile
        Those that are there; kept sorted by stream and chunk, with those that come.
    problems : list of Problem
        Receives what was lost.
    """

    def __init__(self, which: DataSet, members: list[XtcFile], problems: list[Problem]) -> None:
        self._dataset, self._problems = which, problems
        self.files = members
        self._folder = members[0].path.parent
        self._stretches = [_begin(file) for file in members]

    def start(self) -> Timeline:
        """Return the timeline of what is there."""
        new = self._advance()
        parts = [timeline.part(number, index) for number, index in enumerate(new)]
        return timeline.merge(self.files, parts, new)

    def go_on(self, old: Timeline) -> tuple[Timeline, int]:
        """Return the timeline with what came since; see `growth.extended`."""
        before = list(self._stretches)
        self._arrivals()
        new = self._advance()
        if len(before) < len(new):
            places = [self._stretches.index(stretch) for stretch in before]
            old = growth.renumbered(old, places, new)
        parts = [timeline.part(number, index) for number, index in enumerate(new)]
        return growth.extended(old, self.files, parts, new)

    def _arrivals(self) -> None:
        """Enter new files; follow those that have got another name."""
        known = {stretch.file.order: stretch.file for stretch in self._stretches}
        one = self._stretches[0].file
        for file in folders.list_files(self._folder, one.is_small):
            asked = self._dataset.streams is None or file.stream in self._dataset.streams
            if (file.prefix, file.run) != (one.prefix, one.run) or not asked:
                continue
            if file.order not in known:
                self._stretches.append(_begin(file))
            elif file.path != known[file.order].path:
                known[file.order].renamed(file.path)
        self._stretches.sort(key=lambda stretch: stretch.file.order)
        self.files[:] = [stretch.file for stretch in self._stretches]

    def _advance(self) -> list[Index]:
        """Read what is new in every file."""
        found = []
        for file, scanner in self._stretches:
            if file.look() < 0:
                self._note(file, file.size, f"the file had {scanner.end} bytes and is shorter now")
            else:
                scanner.advance(file.size)
            found.append(scanner.take())
        last = {stretch.file.stream: stretch for stretch in self._stretches}
        self._note_cuts(s for s in self._stretches if s is not last[s.file.stream])
        return found

    def _note_cuts(self, stretches: Iterable[Stretch]) -> None:
        for file, scanner in stretches:
            if scanner.fault:
                self._note(file, scanner.end, scanner.fault)

    def _note(self, file: XtcFile, offset: int, what: str) -> None:
        problem = Problem(str(file.path), offset, what, "what follows there is not read")
        if problem not in self._problems:
            self._problems.append(problem)

    def give_up(self, waited: float) -> None:
        """Note which streams did not end, and what is cut."""
        self._note_cuts(self._stretches)
        for stretch in self._open():
            what = f"no EndRun, and nothing new for {waited:g} s"
            self._note(stretch.file, stretch.scanner.end, what)

    @property
    def size(self) -> int:
        """Bytes of all files, as last seen."""
        return sum(file.size for file in self.files)

    @property
    def ended(self) -> bool:
        """True when every stream has ended."""
        return not self._open()

    def _open(self) -> list[Stretch]:
        """List the last file of every stream that has not ended."""
        over = {s.file.stream for s in self._stretches if s.is_ended}
        last = {s.file.stream: s for s in self._stretches}
        return [stretch for stream, stretch in last.items() if stream not in over]

    def settled(self, found: Timeline) -> int:
        """Count the leading events that nothing can come before or be added to any more.

        All streams that go on have written something later.
        """
        passed = [_passed(found, self._last(s), s.file.is_ioc) for s in self._open()]
        return min(passed, default=len(found.events))

    def is_past(self, clock: int) -> bool:
        """Return whether all DAQ streams that go on have come to a time."""
        heads = [self._last(stretch) for stretch in self._open() if not stretch.file.is_ioc]
        return all(head is not None and _clock(head) >= clock for head in heads)

    def _last(self, stretch: Stretch) -> Dgram | None:
        """Return the header of the last whole datagram of a stretch's stream."""
        stream = (s for s in self._stretches if s.file.stream == stretch.file.stream)
        heads = [s.scanner.last for s in stream if s.scanner.last is not None]
        return heads[-1] if heads else None


def _clock(head: Dgram) -> int:
    return head.seconds << 32 | head.nanoseconds


def _begin(file: XtcFile) -> Stretch:
    file.size = 0
    return Stretch(file, Scanner(file.read, file.path.name))


def _passed(found: Timeline, last: Dgram | None, is_ioc: bool) -> int:
    """Count the events that lie before the last datagram of a stream.

    A control system stream has a clock of its own in its L1Accepts: there the fiducials decide,
    modulo their period, between events whose clocks could belong together.
    """
    if last is None:
        return 0
    times = found.events["time"]
    if not is_ioc or last.fiducial == NO_FIDUCIAL or last.service != Transition.L1Accept:
        return int(np.searchsorted(times, np.uint64(_clock(last))))
    ends = (max(last.seconds - IOC_WINDOW, 0), last.seconds + IOC_WINDOW + 1)
    low, high = (int(np.searchsorted(times, np.uint64(second << 32))) for second in ends)
    ahead = (last.fiducial - found.events["fiducial"][low:high].astype("<i8")) % FIDUCIALS
    later = ahead >= FIDUCIALS // 2
    return low + (int(later.argmax()) if later.any() else len(later))
