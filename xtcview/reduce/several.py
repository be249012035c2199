"""Several runs reduced together, as one run with the events of all, one run after another.

Has `open` and `Detector`, as xtcview has, so that workers open it by its data set strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.detector import Detector as AreaDetector
from xtcview.errors import DataSetError, SourceError
from xtcview.positions import Shape
from xtcview.run.across import TimesOfRuns
from xtcview.run.datasource import open_run
from xtcview.run.event import Event
from xtcview.run.run import Run
from xtcview.run.table import Scalars

LIBRARY = __name__
_SEPARATOR = "\n"  # no data set string holds one


class SeveralRuns:
    """The runs, with what a reduction asks of one.

    Parameters
    ----------
    runs : sequence of Run
        With different numbers.

    Raises
    ------
    DataSetError
        No runs, two of one number, or calibrated from different folders.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = {run.run(): run for run in runs}
        if len(self.runs) != len(runs) or not runs:
            numbers = [run.run() for run in runs]
            raise DataSetError(f"runs {numbers}: expected one or more, each once")
        folders = {str(run.calib_dir) for run in runs}
        if len(folders) > 1:
            raise DataSetError(
                f"the runs have constants in {', '.join(sorted(folders))}: set the option "
                "psana.calib-dir, or reduce them one by one"
            )
        self._times = TimesOfRuns(list(runs))

    @property
    def spec(self) -> str:
        """Data set strings of all runs, one per line."""
        return _SEPARATOR.join(run.spec for run in self.runs.values())

    @property
    def calib_dir(self) -> Path:
        """Folder of the constants."""
        return next(iter(self.runs.values())).calib_dir

    def times(self) -> TimesOfRuns:
        """Return the names of all events."""
        return self._times

    def event(self, number: int) -> Event | None:
        """Return an event by its number among those of all runs."""
        position, own = self._times.place(number)
        return list(self.runs.values())[position].event(own)

    def run_numbers(self) -> NDArray[np.int64]:
        """Return for each event the number of its run."""
        lengths = [len(run.times()) for run in self.runs.values()]
        return np.repeat(np.array(list(self.runs), np.int64), lengths)

    def scalars(self, fields: Sequence[str]) -> Scalars:
        """Return numbers of all events as one table.

        Raises
        ------
        SourceError
            A field is not understood, or one of the runs has nothing of this kind.
        """
        tables = [run.scalars(fields) for run in self.runs.values()]
        return Scalars(
            {name: np.concatenate([t.columns[name] for t in tables]) for name in fields},
            {name: np.concatenate([t.present[name] for t in tables]) for name in fields},
        )

    def close(self) -> None:
        """Close the files of all runs."""
        for run in self.runs.values():
            run.close()

    def __repr__(self) -> str:
        return f"<SeveralRuns {', '.join(map(str, self.runs))}: {len(self._times):,} events>"


class DetectorOfRuns:
    """One area detector in several runs, each with its own constants and configuration.

    Raises
    ------
    SourceError
        The name means different sources.
    """

    def __init__(self, name: str | None, several: SeveralRuns) -> None:
        self._detectors = {n: AreaDetector(name, run) for n, run in several.runs.items()}
        found = {detector.source for detector in self._detectors.values()}
        if len(found) > 1:
            raise SourceError(f"{name!r} means {', '.join(sorted(found))} in different runs")
        first = next(iter(self._detectors.values()))
        self.name, self.source = first.name, first.source

    @cached_property
    def shape(self) -> Shape:
        """(segments, rows, columns) of the first run; frames of others are reported."""
        return next(iter(self._detectors.values())).shape

    def read(self, evt: Event) -> Any:
        """Return raw panels and which segments are present; None without data in the event."""
        return self._detectors[evt.run()].read(evt)

    def calib(self, evt: Event) -> Any:
        """Return calibrated panels, with the constants of the event's run."""
        return self._detectors[evt.run()].calib(evt)


def open(spec: str) -> SeveralRuns:  # as xtcview.open is called
    """Open all runs of `SeveralRuns.spec`."""
    return SeveralRuns([open_run(line) for line in spec.split(_SEPARATOR)])


def Detector(name: str | None, several: SeveralRuns) -> DetectorOfRuns:  # noqa: N802 - as xtcview's
    """Return the detector of all runs."""
    return DetectorOfRuns(name, several)
