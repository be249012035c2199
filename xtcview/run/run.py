"""One run: its events in order or in any order.

Nothing that one reader of a run does changes what another gets, but for the event read last,
which psana's environment follows.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from xtcview.errors import RunNotFoundError
from xtcview.source import AliasMap

from . import dataset, folders, indexes, lookup, missing, options, timeline
from .config import Configuration
from .configstore import ConfigStore
from .env import Env
from .epics import EpicsTable
from .epicsstore import EpicsStore
from .event import Event, EventContext
from .eventid import EventTime
from .files import Problem, XtcFile, plural
from .problems import Problems
from .series import Series
from .times import Times

if TYPE_CHECKING:
    from .table import Scalars


class Step:
    """One calib cycle of a run."""

    def __init__(self, run: Run, number: int) -> None:
        self._run, self.number = run, number

    def begin(self) -> Step:
        """Let the run's environment be that of this step, before its first event is read."""
        self._run.begin_step(self.number)
        return self

    def events(self) -> Iterator[Event]:
        """Yield the step's events in order."""
        return (self._run.event(t) for t in self._run.times(self.number))  # type: ignore[misc]

    def env(self) -> Env:
        """Return the run's environment: of this step, or of the event of it that was read last."""
        self._run.begin_step(self.number)
        return self._run.env()

    def __repr__(self) -> str:
        return f"<Step {self.number}: {len(self._run.times(self.number)):,} events>"


class Run:
    """One run: its events in order or in any order.

    Parameters
    ----------
    which : dataset.DataSet
        Data set of this run alone.
    members : list of XtcFile
        Sorted by stream and chunk.
    """

    def __init__(self, which: dataset.DataSet, members: list[XtcFile]) -> None:
        self.dataset, self._options = which, options.held()
        self.problems = Problems()
        self.files = self._usable(members)
        self.timeline = self._merged()
        self._require_events()
        self._configuration = Configuration(self.files, self.timeline, self.problems)
        self.problems += self._missing_transitions()
        self._epics = EpicsTable(self.files, self.timeline, self._configuration, self.problems)
        self._contexts: dict[int, EventContext] = {}
        self._times = Times(self.timeline.events)
        self.current = -1  # number of the event read last
        self._begun: int | None = None  # step of which no event was read yet
        self._latest: Callable[[], Event | None] = lambda: None
        self._env = Env(self, self._configuration.configure)

    def _require_events(self) -> None:
        if not len(self.timeline.events):
            why = "".join(f"; {problem}" for problem in self.problems)
            raise RunNotFoundError(f"{self.files[0].path}: the run has no events{why}")

    def _missing_transitions(self) -> list[Problem]:
        begin = self._configuration.begin_run
        return missing.missing_transitions(self.files, self.timeline, begin, self.problems)

    def _merged(self) -> timeline.Timeline:
        """Load the indexes one after another: of a long run all their nodes would fill memory."""
        parts, found = [], []
        for number, file in enumerate(self.files):
            index = indexes.load(file, self.problems)
            parts.append(timeline.part(number, index))
            found.append(timeline.without_nodes(index))
            del index
        return timeline.merge(self.files, parts, found)

    def _usable(self, members: list[XtcFile]) -> list[XtcFile]:
        for file in members:
            if not file.size:
                lost = "its events are missing"
                self.problems.append(Problem(str(file.path), 0, file.state, lost))
            elif file.is_in_progress:
                lost = "what comes later is not shown; follow it with 'live' in the data set"
                what = "the file is still being written"
                self.problems.append(Problem(str(file.path), file.size, what, lost))
        self.problems += missing.other_experiment(self.dataset.experiment, members)
        self.problems += missing.missing_chunks(members) + missing.missing_large(members)
        if self.dataset.streams is None:
            self.problems += missing.missing_streams(members)
        usable = [f for f in members if f.size]
        if not any(not f.is_ioc for f in usable):
            raise RunNotFoundError(
                f"{members[0].path}: the run has no DAQ stream (s00-s79) with data; "
                f"there are {', '.join(f.path.name for f in members)}"
            )
        return usable

    @property
    def experiment(self) -> str:
        """Name of the experiment, as given or from the file names."""
        return self.dataset.experiment or self.files[0].prefix

    expt = experiment

    @property
    def spec(self) -> str:
        """Data set string that opens this run again, in any process."""
        folder = self.files[0].path.parent.resolve()
        which = replace(self.dataset, directory=folder, experiment=self.experiment)
        return str(which.of_run(self.files[0].run))

    @property
    def aliases(self) -> AliasMap:
        """Names of the sources."""
        return self._configuration.aliases

    @property
    def calib_dir(self) -> Path:
        """Folder of calibration constants: option, beside the data, or the standard place."""
        option = str(self._options["psana.calib-dir"])
        if option:
            names = {"exp": self.experiment, "instr": self.dataset.instrument}
            return Path(option.format(**names)).expanduser()
        place = self.files[0].path.resolve().parent
        place = place.parent if self.files[0].is_small else place
        beside = place.parent / "calib"
        return beside if beside.is_dir() else folders.standard_folder(self.dataset) / "calib"

    def run(self) -> int:
        """Return the run number."""
        begin = self._configuration.begin_run
        return begin.env if begin is not None and begin.env else self.files[0].run

    def env(self) -> Env:
        """Return the run's environment."""
        return self._env

    def times(self, step: int | None = None) -> Times:
        """Return the names of all events, or of those of one calib cycle.

        Raises
        ------
        IndexError
            There is no such step.
        """
        events = self.timeline.events
        if step is None:
            return self._times
        if not 0 <= step < self.nsteps():
            raise IndexError(f"step {step} of {self}: there are {self.nsteps()}")
        return Times(events[events["step"] == step])

    def nsteps(self) -> int:
        """Return the number of calib cycles, those without events included."""
        return self._configuration.steps

    def event(self, which: EventTime | int | tuple[int, ...]) -> Event | None:
        """Return an event; None for a time that the run does not have (see `why`).

        Parameters
        ----------
        which : EventTime, int or tuple of int
            Name; number (negative: from the end); or (seconds, nanoseconds[, fiducial]).

        Raises
        ------
        IndexError
            A number outside of the run.
        TypeError
            None of these.
        """
        number = lookup.find(self, which)
        if number < 0:
            return None
        name = which if isinstance(which, EventTime) else self._times[number]
        self.current, self._begun, event = number, None, self._event(number, name)
        self._latest = weakref.ref(event)  # its headers are read once, also for `config_at`
        return event

    def event_at(self, fiducial: int, near: float | EventTime | tuple[int, ...]) -> Event | None:
        """Return the event with a fiducial that is nearest to a time; None without one.

        Parameters
        ----------
        fiducial : int
            They come again every 364 s; one further away than half of that is not meant.
        near : float, EventTime or tuple of int
            UNIX time in s, or (seconds, nanoseconds).
        """
        number = lookup.find_fiducial(self, fiducial, near)
        return None if number < 0 else self.event(number)

    def why(self, which: EventTime | int | tuple[int, ...]) -> str:
        """Say why `event` finds nothing; '' when it finds the event."""
        return lookup.why(self, which)

    def peek(self, number: int) -> Event:
        """Return an event by its number without making it the one read last."""
        return self._event(number, self._times[number])

    def _event(self, number: int, time: EventTime) -> Event:
        step = self.timeline.step(number)
        if step not in self._contexts:
            config = self._configuration.at_step(step)
            common = (self.files, self.aliases, config, self.run(), self._options)
            self._contexts[step] = EventContext(*common, self.problems, self)
        return Event(number, time, self.timeline.parts(number), self._contexts[step])

    def begin_step(self, number: int) -> None:
        """Let what follows the event read last be that of a step, unless it is in it already."""
        if self.current < 0 or self.timeline.step(self.current) != number:
            self._begun = number

    def config_now(self) -> ConfigStore:
        """Return the configuration at the event read last, or of the step that has begun."""
        if self._begun is not None:
            return self._configuration.at_step(self._begun)
        return self.config_at(self.current)

    def config_at(self, number: int) -> ConfigStore:
        """Return the configuration that holds at an event (-1: before the first)."""
        if number < 0:
            return self._configuration.at_step(-1)
        held = self._latest() if number == self.current else None
        return (held or self.peek(number)).config

    def epics_at(self, number: int | None) -> EpicsStore:
        """Return the EPICS values at an event; None follows the event read last."""
        event = lambda: self.current if number is None else number  # noqa: E731
        return EpicsStore(lambda: self.epics_table, event)

    @property
    def epics_table(self) -> EpicsTable:
        """All EPICS data of the run."""
        return self._epics

    def epics(self, pv: str) -> Series:
        """Return all archived values of a PV (name or alias): ``times, values = run.epics(pv)``.

        Raises
        ------
        SourceError
            There is no such PV.
        """
        return self._epics.series(pv)

    @property
    def options(self) -> dict[str, Any]:
        """Options that held when the run was opened."""
        return dict(self._options)

    def scalars(self, fields: Sequence[str]) -> Scalars:
        """Return numbers of all events as one table; see `scalars.table` for the fields.

        Raises
        ------
        SourceError
            A field is not understood, or the run has nothing of this kind.
        """
        from . import scalars

        return scalars.table(self, fields)

    def events(self) -> Iterator[Event]:
        """Yield all events in order; every call begins anew."""
        return (self.event(i) for i in range(len(self.timeline.events)))  # type: ignore[misc]

    def steps(self) -> Iterator[Step]:
        """Yield the calib cycles in order."""
        return (Step(self, number).begin() for number in range(self.nsteps()))

    def end(self) -> None:
        """Do nothing: there is nothing to end (psana's scripts call it)."""

    def close(self) -> None:
        """Close the files; they open again when read."""
        for file in self.files:
            file.close()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        streams = len({f.stream for f in self.files})
        faults = f", {plural(len(self.problems), 'problem')}" if self.problems else ""
        events = len(self.timeline.events)
        holds = f"{plural(events, 'event')}, {plural(streams, 'stream')}{faults}"
        return f"<{type(self).__name__} {self.run()} of {self.experiment}: {holds}>"
