"""Process variables of the demo run: named in Configure, with values in some of the events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xtcview.format.headers import type_word
from xtcview.format.ids import TypeId
from xtcview.format.src import det_info
from xtcview.format.writer import xtc
from xtcview.types import epics
from xtcview.types.record import encode

from . import physics
from .records import MOTOR, leaf

ARCHIVER = det_info(9, 0, 0, 0)  # EpicsArch.0:NoDevice.0
PERIOD = 9  # events between two archived values; odd, so that both streams get some
DETECTOR_ZERO = 575.0  # mm from the sample to the detector when its stage is at 0
_WORD = type_word(TypeId.Epics, 1)


Value = float | int | bytes


@dataclass(frozen=True)
class Pv:
    """One process variable.

    Parameters
    ----------
    name, alias : str
    code : int
        TIME type of its values (dbr code); the CTRL type is 14 more.
    limits : dict
        What its CTRL record says beside the value.
    """

    name: str
    alias: str
    code: int
    limits: dict[str, Any]


STRING, ENUM, DOUBLE = 14, 17, 20
_LABELS = [b"OUT", b"IN", b"MOVING"]
PVS = (
    Pv(
        "CXI:DS1:MMS:06.RBV",
        "detector_z",
        DOUBLE,
        {"precision": 3, "units": "mm", "upper_disp_limit": 0, "lower_disp_limit": -500},
    ),
    Pv("SIOC:SYS0:ML00:AO627", "photon_energy", DOUBLE, {"precision": 1, "units": "eV"}),
    Pv("CXI:DS1:TEMP:01", "cspad_temperature", DOUBLE, {"precision": 2, "units": "C"}),
    Pv(f"{MOTOR}.RBV", "sample_x", DOUBLE, {"precision": 4, "units": "mm"}),
    Pv("CXI:DG2:PIM:STATE", "yag_state", ENUM, {"no_str": 3, "strings": _LABELS + 13 * [b""]}),
    Pv("CXI:SC1:SAMPLE", "sample", STRING, {}),
)


def values(number: int, position: float) -> tuple[Value, ...]:
    """Return the values of `PVS` at an event: its number, and the motor's position in mm."""
    distance = physics.DISTANCE / 1000
    warming = 18.0 + 0.25 * (number % 480) / 480  # the cooler's cycle
    return distance - DETECTOR_ZERO, physics.PHOTON_ENERGY, warming, position, 1, b"lysozyme"


def names(at: tuple[Value, ...]) -> list[bytes]:
    """Return what Configure says: the archived PVs, then each one's name, limits and value."""
    rows = [
        encode(epics.PvConfigV1, pvId=i, description=pv.alias, interval=PERIOD / 120)
        for i, pv in enumerate(PVS)
    ]
    config = encode(epics.ConfigV1, numPv=len(rows), getPvConfig=b"".join(rows))
    return [leaf(epics.ConfigV1, ARCHIVER, config), *map(_named, range(len(PVS)), PVS, at)]


def _named(number: int, pv: Pv, value: Value) -> bytes:
    kind = epics.RECORDS[pv.code + 14]
    limits = encode(_dbr(kind), **pv.limits)
    payload = encode(
        kind, pvId=number, dbrType=pv.code + 14, numElements=1, pvName=pv.name,
        dbr=limits, data=[value],
    )  # fmt: skip
    return xtc(_WORD, ARCHIVER, payload)


def samples(at: tuple[Value, ...], time: tuple[int, int]) -> list[bytes]:
    """Return the values with their time (seconds, nanoseconds; UNIX)."""
    stamp = encode(epics.epicsTimeStamp, sec=time[0] - epics.EPOCH, nsec=time[1])
    found = []
    for number, (pv, value) in enumerate(zip(PVS, at, strict=True)):
        kind = epics.RECORDS[pv.code]
        payload = encode(
            kind, pvId=number, dbrType=pv.code, numElements=1,
            dbr=encode(_dbr(kind), stamp=stamp), data=[value],
        )  # fmt: skip
        found.append(xtc(_WORD, ARCHIVER, payload))
    return found


def _dbr(kind: Any) -> Any:
    """Return the class of a record's alarm state, time and limits."""
    return next(field[1] for field in kind.FIELDS if field[0] == "dbr")
