"""What is known of an event beside its picture, as lines of plain text.

Nothing here is markup: the page shows every text as text, whatever a name holds. A part that
cannot be read is a line that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from xtcview.run import beam
from xtcview.source import Source
from xtcview.types import bld, control, evr
from xtcview.viewer.reader import Reader
from xtcview.viewer.shot import Shot, damage_text, error_text

EVRS = tuple(getattr(evr, name) for name in ("DataV4", "DataV3"))
GAS = (bld.BldDataFEEGasDetEnergyV1, bld.BldDataFEEGasDetEnergy)
CONTROLS = tuple(getattr(control, f"ConfigV{n}") for n in (4, 3, 2, 1))
EBEAM = (("ebeamCharge", "nC"), ("ebeamL3Energy", "MeV"), ("ebeamPkCurrBC2", "A"))
MOST = 300  # EPICS values in one answer; a search narrows them
LONGEST = 400  # characters of one value


class Fact(NamedTuple):
    """One line: a name, its value, and whether something is wrong with it."""

    name: str
    value: str
    wrong: bool = False


def facts(reader: Reader, index: int) -> list[dict[str, Any]]:
    """Return all parts of the event panel.

    Returns
    -------
    list of dict
        'title' and 'rows': lists of (name, value, wrong).
    """
    shot = reader.shot(index)
    parts: list[tuple[str, Callable[[Reader, Shot], Iterator[Fact]]]] = [
        ("event", _event),
        ("scan step", _step),
        ("event codes", _codes),
        ("beam", _beam),
        ("sources", _sources),
        ("constants used", _constants),
    ]
    return [{"title": title, "rows": _rows(of, reader, shot)} for title, of in parts]


def _rows(of: Callable[[Reader, Shot], Iterator[Fact]], reader: Reader, shot: Shot) -> list[Fact]:
    rows = []
    try:
        for fact in of(reader, shot):
            rows.append(fact._replace(value=short(fact.value)))
    except Exception as error:  # noqa: BLE001 - becomes a line of the panel
        rows.append(Fact("cannot be read", error_text(error), True))
    return rows


def short(value: Any) -> str:
    """Return one line of text of a length that a panel can hold; what is cut is marked."""
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text)} characters)"


def _event(reader: Reader, shot: Shot) -> Iterator[Fact]:
    yield Fact("number", f"{shot.index} of {len(reader)}")
    yield Fact("time", f"{shot.time} UTC")
    yield Fact("seconds, nanoseconds", f"{shot.seconds}, {shot.nanoseconds}")
    yield Fact("fiducial", str(shot.fiducial))
    if shot.event is None:
        yield Fact("cannot be read", shot.note, True)
        return
    word = int(shot.event.damage())
    yield Fact("damage", damage_text(word) or "none", bool(word))
    for problem in shot.event.problems:
        yield Fact("problem", str(problem), True)


def _step(reader: Reader, shot: Shot) -> Iterator[Fact]:
    run = reader.run
    yield Fact("step", f"{run.timeline.step(shot.index)} of {run.nsteps()}")
    config = run.config_at(shot.index)
    for key in (key for key in config.keys() if key.type() in CONTROLS):  # noqa: SIM118
        record = config.get(key.type(), key.src())
        for pv in record.pvControls():
            yield Fact(pv.name(), f"{pv.value():g}")
        for label in record.pvLabels() if hasattr(record, "pvLabels") else ():
            yield Fact(label.name(), label.value())


def _codes(reader: Reader, shot: Shot) -> Iterator[Fact]:
    if shot.event is None:
        return
    for key in shot.event.keys():  # noqa: SIM118 - psana's method, no dict
        if key.type() in EVRS:
            record = shot.event.get(key.type(), key.src())
            codes = sorted({int(fifo.eventCode()) for fifo in record.fifoEvents()})
            yield Fact(_named(key), ", ".join(map(str, codes)) or "none")


def _beam(reader: Reader, shot: Shot) -> Iterator[Fact]:
    if shot.event is None:
        return
    found = beam.photon_energy(shot.event)
    if found is not None:
        yield Fact("photon energy", f"{found.ev:.1f} eV, from {found.origin}")
    record = shot.event.get(beam.RECORDS, beam.EBEAM)
    for name, unit in EBEAM:
        if hasattr(record, name):
            yield Fact(name, f"{getattr(record, name)():.6g} {unit}")
    word = 0 if record is None else int(record.damageMask())
    if word:
        yield Fact("EBeam damage mask", f"0x{word:x}", True)
    gas = shot.event.get(GAS, Source("BldInfo(FEEGasDetEnergy)"))
    for name in () if gas is None else gas.NAMES:
        yield Fact(name, f"{getattr(gas, name)():.6g} mJ")


def _sources(reader: Reader, shot: Shot) -> Iterator[Fact]:
    if shot.event is None:
        return
    for key in shot.event.keys():  # noqa: SIM118 - psana's method, no dict
        kind = key.type()
        if kind is not None and kind.__name__ == "EventId":
            continue
        what = f"type {key.type_id} version {key.version}" if kind is None else _type_name(kind)
        word = int(shot.event.damage(key.src()))
        more = f", damaged: {damage_text(word)}" if word else ""
        yield Fact(_named(key), what + more, bool(word))


def _constants(reader: Reader, shot: Shot) -> Iterator[Fact]:
    for kind, text in reader.origins().items():
        yield Fact(kind, str(getattr(text, "path", None) or text))
    for trouble in reader.trouble:
        yield Fact("note", trouble, True)


def _named(key: Any) -> str:
    return f"{key.src()} {key.alias()}".rstrip()


def _type_name(kind: type) -> str:
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"


def photon_energy(shot: Shot) -> float | None:
    """Return the photon energy of an event in eV; None where its record does not tell."""
    if shot.event is None:
        return None
    try:
        found = beam.photon_energy(shot.event)
    except Exception:  # noqa: BLE001 - the panel of facts says what is wrong
        return None
    return None if found is None else found.ev


def epics(reader: Reader, index: int, search: str = "") -> dict[str, Any]:
    """Return EPICS values that hold at an event, of names that match a search.

    Parameters
    ----------
    reader : Reader
    index : int
        Number of the event.
    search : str
        Words that must all be in the name or the alias, in any case and order.

    Returns
    -------
    dict
        'rows': at most `MOST` of (name, value, wrong); 'found' and 'all': how many there are.
    """
    store = reader.run.epics_at(index)
    aliases = {store.pvName(alias): alias for alias in store.aliases()}
    every = {pv: f"{pv} ({aliases[pv]})" if pv in aliases else pv for pv in store.pvNames()}
    wanted = search.casefold().split()
    found = [pv for pv, name in every.items() if all(w in name.casefold() for w in wanted)]
    rows = [_value(store, pv, every[pv]) for pv in found[:MOST]]
    return {"rows": rows, "found": len(found), "all": len(every)}


def _value(store: Any, pv: str, name: str) -> Fact:
    try:
        record = store.getPV(pv)
        values = [record.value(i) for i in range(min(record.numElements(), 8))]
        text = ", ".join(f"{v:.6g}" if isinstance(v, float) else str(v) for v in values)
        if record.numElements() > len(values):
            text += f", ... ({record.numElements()} elements)"
        severity = int(record.severity())
        more = f" (severity {severity})" if severity else ""
        return Fact(name, short(text + more), bool(severity))
    except Exception as error:  # noqa: BLE001 - becomes the value of this line
        return Fact(name, error_text(error), True)
