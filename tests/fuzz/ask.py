"""Ask everything: of a record, of an event, of a run."""

from __future__ import annotations

import functools
import inspect
import zlib
from typing import Any

import numpy as np

from tests.support.outcome import outcome
from xtcview import Detector, EventId
from xtcview.detector import area_detectors
from xtcview.errors import XtcError
from xtcview.format.headers import DGRAM_SIZE, dgram
from xtcview.format.ids import Transition
from xtcview.run.check import check
from xtcview.run.event import Event
from xtcview.run.run import Run
from xtcview.run.summary import summary
from xtcview.run.table import Scalars
from xtcview.types.record import Record

FIELD = "EBeam.ebeamCharge"
FIELDS = ("time", "fiducial", "step", "damage", FIELD, "eventcode.140", "PV")
_ITEMS = 3  # of a list that are looked at
_OWN = set(dir(Record))


@functools.cache
def methods(kind: type[Record]) -> tuple[tuple[str, bool], ...]:
    """List what a class publishes, and whether it takes a number."""
    found = []
    for name in dir(kind):
        if name.startswith("_") or name in _OWN or not inspect.isfunction(getattr(kind, name)):
            continue
        wanted = list(inspect.signature(getattr(kind, name)).parameters.values())[1:]
        if all(p.default is not p.empty for p in wanted):
            found.append((name, False))
        elif len(wanted) == 1 and hasattr(kind, f"{name}_shape"):
            found.append((name, True))
    return tuple(found)


def record(found: Any) -> int:
    """Ask a record everything that it publishes; return a number that stands for the answers."""
    digest = 0
    for name, takes_number in methods(type(found)):
        if takes_number:
            count = outcome(getattr(found, f"{name}_shape"))
            count = 0 if isinstance(count, XtcError) else min(count[0], _ITEMS)
            values = [outcome(getattr(found, name), i) for i in range(count)]
        else:
            values = [outcome(getattr(found, name))]
        for value in values:
            digest = zlib.crc32(_bytes(value), digest)
    return digest


def shown(found: Any) -> None:
    """Ask a record for what a person sees of it."""
    text = outcome(repr, found)
    assert "\n" not in str(text)
    outcome(found._repr_html_)


def _bytes(value: Any) -> bytes:
    if isinstance(value, Record):
        return record(value).to_bytes(4, "little")
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, list | tuple):
        return b"".join(_bytes(item) for item in value[:_ITEMS])
    return b"" if isinstance(value, XtcError) else repr(value).encode()


def event(evt: Event) -> dict[str, int]:
    """Ask an event for all its objects; return what stands for each, by its key."""
    found = {"damage": evt.damage()}
    outcome(evt.get, EventId)
    for key in evt.keys():  # noqa: SIM118
        if isinstance(key.type(), type) and issubclass(key.type(), Record):
            value = outcome(evt.get, key.type(), key.src())
            if isinstance(value, Record):
                found[str(key)] = record(value)
    return found


def run(opened: Run) -> dict[tuple[int, ...], dict[str, int]]:
    """Ask a run for everything; return the objects of its events by the events' names."""
    found = {}
    cameras = [outcome(Detector, src.name, opened) for src in area_detectors(opened)]
    for number in range(len(opened.times())):
        evt = opened.event(number)
        assert evt is not None
        name = (evt.time.seconds(), evt.time.nanoseconds(), evt.time.fiducial())
        found[name] = event(evt)
        values = opened.epics_at(number)
        for pv in outcome(values.names):
            found[name][f"EPICS {pv}"] = zlib.crc32(_bytes(outcome(values.value, pv)))
        for camera in cameras:
            if not isinstance(camera, XtcError):
                raw = outcome(camera.raw, evt)
                if isinstance(raw, np.ndarray):
                    found[name][camera.source] = zlib.crc32(raw.tobytes())
    _environment(opened)
    return found


def _in_bulk(opened: Run) -> None:
    """Demand that a number of all events is the one that each event gives."""
    table = outcome(opened.scalars, [FIELD])
    for number in range(len(opened.times())) if isinstance(table, Scalars) else ():
        evt = opened.event(number)
        assert evt is not None
        keys = [k for k in evt.keys() if hasattr(k.type(), "ebeamCharge")]  # noqa: SIM118
        own = outcome(evt.get, keys[0].type(), keys[0].src()) if keys else None
        if isinstance(own, Record) and str(keys[0].src()) == "BldInfo(EBeam)":
            found = table[FIELD][number]
            assert table.present[FIELD][number]
            assert np.float64(found).tobytes() == np.float64(own.ebeamCharge()).tobytes()


@functools.cache
def events_of(data: bytes) -> list[tuple[tuple[int, ...], int, int]]:
    """List the events of a file: name, first byte, and the byte behind the last."""
    found, at = [], 0
    while at + DGRAM_SIZE <= len(data):
        head = dgram(data, at)
        if head.service == Transition.L1Accept:
            found.append(((head.seconds, head.nanoseconds, head.fiducial), at, at + head.size))
        at += head.size
    return found


def _environment(opened: Run) -> None:
    for number in (-1, *range(0, len(opened.times()), 7)):
        store = opened.config_at(number)
        for key in store.keys():  # noqa: SIM118
            if key.type() is not None:
                outcome(store.get, key.type(), key.src())
        values = opened.epics_at(number)
        for name in values.names():
            outcome(values.value, name)
            outcome(values.status, name)
    for name in opened.epics_at(-1).pvNames():
        outcome(opened.epics, name)
    for field in FIELDS:
        outcome(opened.scalars, [field])
    _in_bulk(opened)
    outcome(check, opened)
    text = outcome(summary, opened, True)
    assert str(text)
    assert "\n" not in "".join(map(str, [opened, *opened.problems]))
