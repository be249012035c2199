"""psana.Epics: process variables of the control system, archived with the events.

A CTRL record (in Configure) names a PV and carries its limits; a TIME record (in events) carries
a value and its time stamp. Which of them a payload is, its `dbrType` tells, not its version.
Layouts from psddldata/data/epics.ddl (EPICS db_access.h); checked against the C++ structures.
"""

from __future__ import annotations

from typing import Any

from xtcview.errors import FormatError
from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Epics"

EPOCH = 631152000  # s; EPICS counts from 1990-01-01 UTC


class epicsTimeStamp(Record):
    """When a value was taken."""

    FIELDS = (
        ("sec", "<u4"),   # 0  s since 1990-01-01 UTC
        ("nsec", "<u4"),  # 4  ns
    )  # 8


_ALARM = (
    ("status", "<i2"),    # 0
    ("severity", "<i2"),  # 2
)  # 4
_STAMPED = (*_ALARM, ("stamp", epicsTimeStamp))  # 12


def _limits(kind: str) -> tuple[tuple[str, str], ...]:
    """Return the eight limits of a numeric PV."""
    names = (
        "upper_disp_limit", "lower_disp_limit", "upper_alarm_limit", "upper_warning_limit",
        "lower_warning_limit", "lower_alarm_limit", "upper_ctrl_limit", "lower_ctrl_limit",
    )  # fmt: skip
    return tuple((name, kind) for name in names)


_UNITS = (("units", "S8"),)  # 4
_PRECISION = (("precision", "<i2"), ("_pad", "<i2"), ("units", "S8"))  # 4

# dbr code, name, value type, DBR fields, bytes before the DBR part, bytes before the values
_TIME = (
    (14, "String", "S40", _STAMPED, 2, 0),
    (15, "Short",  "<i2", _STAMPED, 2, 2),
    (16, "Float",  "<f4", _STAMPED, 2, 0),
    (17, "Enum",   "<u2", _STAMPED, 2, 2),
    (18, "Char",   "u1",  _STAMPED, 2, 3),
    (19, "Long",   "<i4", _STAMPED, 2, 0),
    (20, "Double", "<f8", _STAMPED, 2, 4),
)
_CTRL = (
    (28, "String", "S40", _ALARM, 0, 0),
    (29, "Short",  "<i2", (*_ALARM, *_UNITS, *_limits("<i2")), 0, 0),
    (30, "Float",  "<f4", (*_ALARM, *_PRECISION, *_limits("<f4")), 2, 0),
    (31, "Enum",   "<u2", (*_ALARM, ("no_str", "<i2"), ("strings", "S26", 16)), 0, 0),
    (32, "Char",   "u1",  (*_ALARM, *_UNITS, *_limits("u1")), 0, 1),
    (33, "Long",   "<i4", (*_ALARM, *_UNITS, *_limits("<i4")), 2, 0),
    (34, "Double", "<f8", (*_ALARM, *_PRECISION, *_limits("<f8")), 2, 0),
)

_HEADER = (
    ("pvId", "<i2"),         # 0  key into the CTRL records and ConfigV1 of the same source
    ("dbrType", "<i2"),      # 2  14-20 TIME, 28-34 CTRL
    ("numElements", "<i2"),  # 4
)  # 6
_NAMED = (*_HEADER, ("pvName", "S64"))  # 70


class EpicsPvHeader(Record):
    """What every record begins with."""

    LISTED = False
    FIELDS = _HEADER

    def isCtrl(self) -> int:
        """Return 1 for a CTRL record."""
        return int(28 <= self.dbrType() <= 34)

    def isTime(self) -> int:
        """Return 1 for a TIME record."""
        return int(14 <= self.dbrType() <= 20)


class _EpicsPv(EpicsPvHeader):
    """A record with its alarm state and values."""

    def status(self) -> int:
        """Return the alarm status."""
        return self.dbr().status()

    def severity(self) -> int:
        """Return the alarm severity."""
        return self.dbr().severity()

    def value(self, i: int) -> Any:
        """Return element `i`: int, float or str."""
        item = self.data()[i]
        return item if isinstance(item, str) else item.item()


class _EpicsPvTime(_EpicsPv):
    def stamp(self) -> Any:
        """Return when the value was taken."""
        return self.dbr().stamp()


def _record(row: tuple[Any, ...], base: type[Record], kind: str, head: Any) -> type[Record]:
    """Make the record class of one line of the tables."""
    code, name, values, fields, before, behind = row
    dbr = type(
        f"dbr_{'sts' if code == 28 else kind.lower()}_{name.lower()}",
        (Record,),
        {
            "__module__": __name__,
            "__doc__": "Alarm state, time or limits.",
            "FIELDS": fields,
            "DBR_TYPE_ID": code,
        },
    )
    layout = [*head]
    layout += [("_pad0", f"S{before}")] if before else []
    layout += [("dbr", dbr)]
    layout += [("_pad1", f"S{behind}")] if behind else []
    layout += [("data", values, lambda s: s.numElements())]
    doc = f"{'Value and time' if kind == 'Time' else 'Name, limits and value'} of a PV of type {name.lower()}."
    members = {"__module__": __name__, "__doc__": doc, "FIELDS": tuple(layout)}
    return type(f"EpicsPv{kind}{name}", (base,), members)


RECORDS: dict[int, type[Record]] = {
    **{row[0]: _record(row, _EpicsPvTime, "Time", _HEADER) for row in _TIME},
    **{row[0]: _record(row, _EpicsPv, "Ctrl", _NAMED) for row in _CTRL},
}
globals().update(
    {kind.__name__: kind for kind in RECORDS.values()}
)  # psana.Epics.EpicsPvTimeDouble, ...


def read_pv(data: Any, start: int, end: int, file: object = None, base: int = 0) -> Any:
    """Read one EPICS payload.

    Returns
    -------
    Record
        One of `RECORDS`.

    Raises
    ------
    FormatError
        An unknown dbrType, or bytes that end too early.
    """
    code = EpicsPvHeader(data, start, end, None, file, base).dbrType()
    if code not in RECORDS:
        raise FormatError(f"EPICS dbrType {code}; expected 14-20 or 28-34", file, base + start)
    return RECORDS[code](data, start, end, None, file, base)


class PvConfigV1(Record):
    """One archived PV."""

    FIELDS = (
        ("pvId", "<i2"),         #  0  key into the records of the same source
        ("description", "S64"),  #  2  alias; may be empty
        ("_pad0", "<i2"),        # 66
        ("interval", "<f4"),     # 68  s between archived values
    )  # 72


@xtc_type(TypeId.EpicsConfig, 1, store="config")
class ConfigV1(Record):
    """Which PVs a source archives."""

    FIELDS = (
        ("numPv", "<i4"),                                  # 0
        ("getPvConfig", PvConfigV1, lambda s: s.numPv()),  # 4
    )  # varies


Config = [ConfigV1]
