"""psana's view of the EPICS data: values at one event, by PV name or alias."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtcview.types.epics import EPOCH

from .epics import EpicsTable, stamp


class EpicsStore:
    """psana's view of the EPICS data at one event.

    Parameters
    ----------
    table : callable
        Gives the table: that of a data source follows its runs.
    event : callable
        Gives the event number; -1 before the first event.
    """

    def __init__(self, table: Callable[[], EpicsTable], event: Callable[[], int]) -> None:
        self._table, self._event = table, event

    def getPV(self, name: str) -> Any:  # noqa: N802 - psana's name
        """Return the record of a PV or alias, None when it is not known."""
        return self._table().record(name, self._event())

    def value(self, name: str, index: int = 0) -> Any:
        """Return one element (int, float or str), None without it."""
        record = self.getPV(name)
        known = record is not None and 0 <= index < record.numElements()
        return record.value(index) if known else None

    def status(self, name: str) -> tuple[int, int, float] | None:
        """Return (status, severity, seconds since 1970), None for an unknown name."""
        record = self.getPV(name)
        if record is None:
            return None
        when = 0.0
        if record.isTime():
            seconds, nanoseconds = stamp(record)
            when = seconds + EPOCH + nanoseconds * 1e-9
        return record.status(), record.severity(), when

    def pvNames(self) -> list[str]:  # noqa: N802
        """Return the names of all PVs, sorted."""
        return self._table().pv_names()

    def aliases(self) -> list[str]:
        """Return all aliases, sorted."""
        return list(self._table().aliases)

    def names(self) -> list[str]:
        """Return PVs, then aliases."""
        return self.pvNames() + self.aliases()

    def alias(self, pv: str) -> str:
        """Return the alias of a PV, or ''."""
        return next((a for a, name in self._table().aliases.items() if name == pv), "")

    def pvName(self, alias: str) -> str:  # noqa: N802
        """Return the PV of an alias, or ''."""
        return self._table().aliases.get(alias, "")

    def __repr__(self) -> str:
        return f"<EpicsStore of {len(self.pvNames())} PVs>"
