"""A data set's runs, as psana's scripts open them.

Runs, their iterators and several data sources are independent of one another.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

from xtcview.errors import DataSetError, RunNotFoundError

from . import dataset, files
from .env import Env
from .event import Event
from .files import XtcFile
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
    text : str
        Data set string, folder or file.

    Raises
    ------
    DataSetError, RunNotFoundError, IndexFileError
    """

    def __init__(self, text: str | Path) -> None:
        if "=" not in str(text) and str(text).endswith(".xtc") and not Path(text).exists():
            raise RunNotFoundError(f"{text}: no such file")
        self._dataset = dataset.parse(text)
        self._members: dict[int, list[XtcFile]] = {}
        for file in files.select(self._dataset):
            self._members.setdefault(file.run, []).append(file)
        wanted = self._dataset.runs or tuple(self._members)
        self._numbers = [run for run in wanted if run in self._members]
        self._first = self._open(self._numbers[0])
        self._env = Env(self._first)
        global _latest
        _latest = weakref.ref(self)

    def _open(self, number: int) -> Run:
        return Run(self._dataset.of_run(number), self._members[number])

    def runs(self) -> Iterator[Run]:
        """Yield the runs; every call begins anew. The environment is that of the run taken last."""
        for number in self._numbers:
            run = self._first if number == self._numbers[0] else self._open(number)
            self._env.follow(run)
            yield run

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

    def __repr__(self) -> str:
        return f"<DataSource '{self._dataset}': runs {', '.join(map(str, self._numbers))}>"


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
