"""What surrounds the events of a run, under psana's names.

What depends on "now" in psana (EPICS values, configuration) is that of the event read last from
the same run.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from xtcview.errors import NotOfferedError
from xtcview.format.headers import Dgram
from xtcview.source import AliasMap

from .configstore import ConfigStore
from .epicsstore import EpicsStore
from .eventid import EventId
from .own import OwnObjects

if TYPE_CHECKING:
    from .run import Run


class Env:
    """What surrounds the events of a run: names, configuration, EPICS values.

    Parameters
    ----------
    run : Run
        That of a data source follows its runs.
    configure : Dgram, optional
        Header of the run's Configure.
    """

    def __init__(self, run: Run, configure: Dgram | None = None) -> None:
        self._run, self._configure = run, configure
        self._text = ""
        self._own = OwnObjects()
        self._calib: ConfigStore | None = None
        self._epics: EpicsStore | None = None

    def follow(self, run: Run, text: str = "") -> None:
        """Go on with another run of the data source; what scripts have put here stays.

        Parameters
        ----------
        run : Run
        text : str
            What was opened, for the name of the job.
        """
        its, self._text = run.env(), text or self._text
        if run is not self._run:
            self._run = run
        self._configure = its._configure
        its._own, its._calib, its._text = self._own, self.calibStore(), self._text

    def experiment(self) -> str:
        """Return the experiment's name, as given or from the file names."""
        return self._run.experiment

    def instrument(self) -> str:
        """Return the instrument's three letters, '' when not known."""
        return self._run.dataset.instrument

    def expNum(self) -> int:  # noqa: N802 - psana's names from here on
        """Return the experiment's number, 0 when not known."""
        prefix = self._run.files[0].prefix
        return int(prefix[1:]) if prefix[:1] == "e" and prefix[1:].isdecimal() else 0

    def calibDir(self) -> str:  # noqa: N802
        """Return the folder of calibration constants."""
        return str(self._run.calib_dir)

    def configStore(self) -> ConfigStore:  # noqa: N802
        """Return the configuration that holds at the event read last.

        What an event itself brings holds for that event.
        """
        return self._run.config_now().within(self._own, self._event_id)

    def _event_id(self) -> EventId | None:
        """Return who the event read last is; before the first, the Configure transition."""
        run = self._run
        if run.current >= 0:
            found: EventId = run.peek(run.current).get(EventId)
            return found
        return None if self._configure is None else EventId(self._configure, run.run())

    def calibStore(self) -> ConfigStore:  # noqa: N802
        """Return what scripts have put there: files of constants are read by `Detector`."""
        if self._calib is None:
            self._calib = ConfigStore((), self._run.aliases)
        return self._calib

    def getConfig(self, *args: Any) -> Any:  # noqa: N802
        """Return ``configStore().get(...)``."""
        return self.configStore().get(*args)

    def epicsStore(self) -> EpicsStore:  # noqa: N802
        """Return the EPICS values at the event read last."""
        if self._epics is None:
            self._epics = EpicsStore(lambda: self._run.epics_table, lambda: self._run.current)
        return self._epics

    def aliasMap(self) -> AliasMap:  # noqa: N802
        """Return the names of the sources."""
        return self._run.aliases

    def fwkName(self) -> str:  # noqa: N802
        """Return the name of the framework that scripts know."""
        return "psana"

    def jobName(self) -> str:  # noqa: N802
        """Return option psana.job-name, or what psana makes of the data set's text.

        Behind its last slash, without an ending such as '.xtc' (PSAna::dataSource).
        """
        option = str(self._run.options["psana.job-name"])
        return option or PurePosixPath(self._text or self._run.spec).stem

    def jobNameSub(self) -> str:  # noqa: N802
        """Return the job's name: there are no subprocesses."""
        return self.jobName()

    def subprocess(self) -> int:
        """Return -1: there are no subprocesses."""
        return -1

    def hmgr(self) -> None:
        """Raise an error: there is no histogram manager, as in psana's Python interface.

        Raises
        ------
        NotOfferedError
        """
        raise NotOfferedError("there is no histogram manager; use numpy.histogram or a library")

    @property
    def run(self) -> Run:
        """The run."""
        return self._run

    def __repr__(self) -> str:
        return f"<Env of {self._run!r}>"
