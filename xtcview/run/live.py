"""A run that is still being written: opened at once, it grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np

from . import timeline
from .epics import EpicsTable
from .event import Event
from .files import Problem, XtcFile
from .following import Following
from .options import LIVE_TIMEOUT
from .run import Run, Step
from .times import Times

POLL = 0.2  # s between two looks at the files while waiting


class LiveRun(Run):
    """A run that is still being written.

    `refresh` takes in what is new. Iteration waits for more, until every stream has ended or
    nothing came for the time of option ``PSXtcInput.XtcInputModule.liveTimeout`` (120 s).
    """

    def _usable(self, members: list[XtcFile]) -> list[XtcFile]:
        self._lock, self._grew = threading.Lock(), time.monotonic()
        self._following = Following(self.dataset, members, self.problems)
        return self._following.files

    def _merged(self) -> timeline.Timeline:
        return self._following.start()

    def _require_events(self) -> None:
        """Open without events: they will come."""

    def _missing_transitions(self) -> list[Problem]:
        """Open without transitions: they will come too."""
        return []

    @property
    def ended(self) -> bool:
        """True when EndRun was read in every stream."""
        return self._following.ended

    @property
    def settled(self) -> int:
        """How many of the first events are complete: nothing can be added to them any more."""
        with self._lock:
            return self._following.settled(self.timeline)

    def refresh(self) -> int:
        """Take in what was written since, in time proportional to that.

        Returns
        -------
        int
            How many events are new.
        """
        with self._lock:
            before, size = self.timeline, self._following.size
            found, first = self._following.go_on(before)
            if self._following.size != size:
                self._grew = time.monotonic()
            self._take_in(found, first)
            return len(found.events) - len(before.events)

    def _take_in(self, found: timeline.Timeline, first: int) -> None:
        known, copies = self._configuration.is_known, len(self.timeline.cycles)
        self.timeline, self._times = found, Times(found.events)
        self._configuration.grow(self.files, found)
        if not known or copies != len(found.cycles):
            self._contexts = {}
        if not known:
            self._epics = EpicsTable(self.files, found, self._configuration, self.problems)
        self._epics.grow(found, first)

    def events(self) -> Iterator[Event]:
        """Yield all events in order, waiting for those that come; every call begins anew."""
        return self.follow(0)

    def steps(self) -> Iterator[Step]:
        """Yield the calib cycles in order, waiting for those that come."""
        number, more = 0, True
        while more or number < self.nsteps():
            if number < self.nsteps():
                yield LiveStep(self, number).begin()
                number += 1
            else:
                more = self._more()

    def follow(self, number: int, step: int | None = None) -> Iterator[Event]:
        """Yield events from a number on, waiting for those that come.

        Parameters
        ----------
        number : int
        step : int, optional
            Stop when a later calib cycle begins.
        """
        more = True
        while more or number < len(self.timeline.events):
            there = self._following.settled(self.timeline) if more else len(self.timeline.events)
            while number < there:
                if step is not None and self.timeline.step(number) > step:
                    return
                yield self.event(number)  # type: ignore[misc]
                number += 1
            if step is not None and self._is_over(step, number):
                return
            more = more and self._more()

    def _is_over(self, step: int, number: int) -> bool:
        """Return whether a calib cycle has no event behind a number, and will not have one."""
        clocks = np.unique(self.timeline.cycles["time"])
        left = (self.timeline.events["step"][number:] == step).any()
        later = step + 1 < len(clocks) and self._following.is_past(int(clocks[step + 1]))
        return later and not left

    def _more(self) -> bool:
        """Wait a moment and refresh; False once nothing more is to be expected."""
        if self.ended:
            return False
        time.sleep(POLL)
        self.refresh()
        waited = time.monotonic() - self._grew
        if waited > self._options[LIVE_TIMEOUT]:
            self._following.give_up(self._options[LIVE_TIMEOUT])
            return False
        return True


class LiveStep(Step):
    """A calib cycle of a run that is still being written."""

    _run: LiveRun

    def events(self) -> Iterator[Event]:
        """Yield the step's events in order, waiting for those that come."""
        begin = np.searchsorted(self._run.timeline.events["step"], self.number)
        return self._run.follow(int(begin), self.number)
