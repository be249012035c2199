"""What surrounds the events of a run, under psana's names.

What depends on "now" in psana (EPICS values, configuration) is that of the event read last from
the same run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xtcview.source import AliasMap

from .config import ConfigStore
from .epicsstore import EpicsStore

if TYPE_CHECKING:
    from .run import Run


class Env:
    """What surrounds the events of a run: names, configuration, EPICS values.

    Parameters
    ----------
    run : Run
        That of a data source follows its runs.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._epics: EpicsStore | None = None

    def follow(self, run: Run) -> None:
        """Go on with another run of the data source."""
        if run is not self._run:
            self._run, self._epics = run, None

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
        """Return the configuration that holds at the event read last."""
        return self._run.config_at(self._run.current)

    def epicsStore(self) -> EpicsStore:  # noqa: N802
        """Return the EPICS values at the event read last."""
        if self._epics is None:
            self._epics = self._run.epics_at(None)
        return self._epics

    def aliasMap(self) -> AliasMap:  # noqa: N802
        """Return the names of the sources."""
        return self._run.aliases

    @property
    def run(self) -> Run:
        """The run."""
        return self._run

    def __repr__(self) -> str:
        return f"<Env of {self._run!r}>"
