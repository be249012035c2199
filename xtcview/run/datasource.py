"""A data set's runs, as psana's scripts open them.

Runs, their iterators and several data sources are independent of one another.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from xtcview.errors import DataSetError, NotOfferedError, RunNotFoundError

from . import across, dataset, folders
from .across import Runs, TimesOfRuns
from .dataset import DataSet
from .env import Env
from .event import Event
from .eventid import EventTime
from .files import XtcFile
from .live import LiveRun
from .run import Run, Step

_latest: weakref.ref[DataSource] | None = None  # for psana's Detector(name) without environment


def latest_env() -> Env | None:
    """Return the environment of the data source that was opened last and is still in use."""
    source = _latest() if _latest is not None else None
    return None if source is None else source.env()


class DataSource:
    """The runs of a data set.

    Parameters
    ----------
    *texts : str, Path or list of them
        Data set string, folder or file. Several files are read alone, without others of their
        runs; the runs of several data sets follow one another.

    Raises
    ------
    DataSetError, RunNotFoundError, IndexFileError
    """

    def __init__(self, *texts: str | Path | Sequence[str | Path]) -> None:
        given = [part for text in texts for part in _each(text)]
        self._groups = _groups(given)
        self._numbers = [group.files[0].run for group in self._groups]
        self._all = Runs([group.open for group in self._groups])
        self._first = self._all[0]
        self._text = ", ".join(map(str, given))
        self._env = Env(self._first)
        self._env.follow(self._first, str(given[0]))
        global _latest
        _latest = weakref.ref(self)

    def runs(self) -> Iterator[Run]:
        """Yield the runs; every call begins anew. The environment is that of the run taken last."""
        for position, group in enumerate(self._groups):
            run = group.open() if position else self._first
            self._env.follow(run)
            yield run

    @cached_property
    def _times(self) -> TimesOfRuns:
        return TimesOfRuns(self._all)

    def times(self) -> TimesOfRuns:
        """Return the names of the events of all runs, run after run; every index is read."""
        return self._times

    def event(self, which: EventTime | int | tuple[int, ...]) -> Event | None:
        """Return any event of any run; None for a time that no run has.

        Parameters
        ----------
        which : EventTime, int or tuple of int
            Of `times`; a number among all events; or (seconds, nanoseconds[, fiducial]).

        Raises
        ------
        IndexError, TypeError
        """
        position, event = across.find(self._all, self._times, which)
        if event is not None:
            self._env.follow(self._all[position])
        return event

    def steps(self) -> Iterator[Step]:
        """Yield the calib cycles of all runs."""
        return (step for run in self.runs() for step in run.steps())

    def events(self) -> Iterator[Event]:
        """Yield the events of all runs."""
        return (event for run in self.runs() for event in run.events())

    def env(self) -> Env:
        """Return the environment: of the first run, then of the run that `runs` gave last."""
        return self._env

    def empty(self) -> bool:
        """Return whether there is nothing to read."""
        return not self._numbers

    def end(self) -> None:
        """Do nothing: there is nothing to end (psana's scripts call it)."""

    def jump(self, *_: Any) -> None:
        """Raise an error: psana's access by file and byte needs 'rax', which is not read.

        Raises
        ------
        NotOfferedError
        """
        instead = "run.event(time), or event(time) of this source, gives any event"
        raise NotOfferedError(f"jump needs a data set with 'rax', which is not read; {instead}")

    def __repr__(self) -> str:
        return f"<DataSource '{self._text}': runs {', '.join(map(str, self._numbers))}>"


class _Group(NamedTuple):
    """The files of one run, not opened."""

    dataset: DataSet
    files: list[XtcFile]

    def open(self) -> Run:
        """Return a new run of them."""
        kind = LiveRun if self.dataset.live else Run
        return kind(self.dataset, list(self.files))


def _each(text: str | Path | Sequence[str | Path]) -> list[str | Path]:
    return [text] if isinstance(text, str | Path) else list(text)


def _groups(given: list[str | Path]) -> list[_Group]:
    """Return the runs of what is given, in its order."""
    if not given:
        raise DataSetError(f"no data set is named; {dataset.EXAMPLE}")
    places = [dataset.split_words(text)[0] for text in given]
    for place in filter(_is_file, places):
        if not Path(place).exists():
            raise RunNotFoundError(f"{place}: no such file")
    wanted = [dataset.parse(text) for text in given]
    if len(given) > 1 and all(map(_is_file, places)):
        return _of_files([Path(place) for place in places])
    return [group for which in wanted for group in _of_dataset(which)]


def _is_file(place: str) -> bool:
    return "=" not in place and place.endswith(".xtc")


def _of_files(paths: list[Path]) -> list[_Group]:
    """Return the runs that some files belong to, with these files only."""
    groups: dict[tuple[Path, str, int, bool], _Group] = {}
    for path in dict.fromkeys(paths):
        file = XtcFile(path)
        key = path.parent, file.prefix, file.run, file.is_small
        groups.setdefault(key, _Group(dataset.parse(path), [])).files.append(file)
    for key, group in groups.items():
        group.files.sort(key=lambda file: file.order)
        streams = frozenset(file.stream for file in group.files)
        groups[key] = group._replace(dataset=replace(group.dataset, streams=streams))
    return list(groups.values())


def _of_dataset(which: DataSet) -> list[_Group]:
    members: dict[int, list[XtcFile]] = {}
    for file in folders.select(which):
        members.setdefault(file.run, []).append(file)
    wanted = which.runs or tuple(members)
    return [_Group(which.of_run(run), members[run]) for run in wanted if run in members]


def open_run(text: str | Path) -> Run:
    """Open one run for random access; without index files it is indexed on the way.

    Parameters
    ----------
    text : str
        Data set string, a folder that holds one run, or one of its files.

    Raises
    ------
    DataSetError
        The data set holds several runs.
    RunNotFoundError, IndexFileError
    """
    source = DataSource(text)
    if len(source._numbers) > 1:
        several = ", ".join(map(str, source._numbers[:20]))
        place = source._first.files[0]
        one = f"exp={place.prefix}:run={place.run}:dir={place.path.parent}"
        raise DataSetError(f"{text}: holds runs {several}; name one, such as '{one}'")
    return next(source.runs())
