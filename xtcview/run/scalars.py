"""Numbers of all events of a run as one table, gathered in bulk.

Every number is the one that ``evt.get`` gives for that event, by the same rules on damage and on
several streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xtcview.errors import SourceError, XtcError, near
from xtcview.format.headers import COMPRESSED
from xtcview.source import Pattern, Source
from xtcview.types.evr import FIFOEvent
from xtcview.types.record import Record

from .damage import is_shown
from .event import LOST
from .files import Problem
from .layouts import gather, in_place, is_event_code, layouts
from .served import served
from .store import Item, order
from .table import Scalars

if TYPE_CHECKING:
    from .run import Run

Array = npt.NDArray[Any]
OWN = {"time": "<u8", "fiducial": "<u4", "step": "<i4", "damage": "<u4"}
CODE = "eventcode."


class _Found(NamedTuple):
    """One number of some contributions: whose, how good a match, and the values."""

    rows: Array  # of the table of contributions
    rank: tuple[int, ...]  # psana's order of sources and types: the least is given
    values: Array


def table(run: Run, fields: Sequence[str]) -> Scalars:
    """Return numbers of all events.

    Parameters
    ----------
    run : Run
    fields : sequence of str
        'time', 'fiducial', 'step', 'damage' (of the datagrams); a source and an accessor such as
        'EBeam.ebeamCharge' or 'FEEGasDetEnergy.f_11_ENRC'; 'eventcode.140' (whether it occurred);
        or the name or alias of an EPICS variable (the value that holds at the event).

    Raises
    ------
    SourceError
        A field is not understood, or the run has nothing of this kind.
    """
    columns: dict[str, Array] = {}
    present: dict[str, Array] = {}
    known = set(run.epics_at(-1).names())
    payload = [name for name in fields if name not in OWN and name not in known]
    found = _payload_fields(run, payload)
    for name in fields:
        if name in OWN:
            columns[name], present[name] = _own(run, name)
        elif name in known:
            columns[name], present[name] = _epics(run, name)
        else:
            columns[name], present[name] = found[name]
    return Scalars(columns, present)


def _own(run: Run, name: str) -> tuple[Array, Array]:
    events = run.timeline.events
    if name != "damage":
        return np.array(events[name], OWN[name]), np.ones(len(events), bool)
    words = np.zeros(len(events), OWN[name])
    for ioc, rows in ((False, run.timeline.daq), (True, run.timeline.ioc)):
        number = run.timeline.event_of(ioc)
        joined = _joined(run) if ioc else np.ones(len(rows), bool)
        np.bitwise_or.at(words, number[joined], np.asarray(rows["damage"])[joined])
    return words, np.ones(len(events), bool)


def _joined(run: Run) -> Array:
    """Return which control system contributions are a part of an event."""
    events, inside = run.timeline.events, np.zeros(len(run.timeline.ioc) + 1, "i8")
    np.add.at(inside, events["ioc_first"], 1)
    np.add.at(inside, events["ioc_last"], -1)
    return np.cumsum(inside)[:-1] > 0


def _epics(run: Run, name: str) -> tuple[Array, Array]:
    series = run.epics(name)
    events = np.arange(len(run.times()))
    if series.initial is not None or (len(series) and series.events[0] <= 0):
        return series.at(events), np.ones(len(events), bool)
    there = events >= (series.events[0] if len(series) else len(events))
    values = np.zeros(len(events), series.values.dtype)
    if values.dtype.kind == "f":
        values[:] = np.nan
    values[there] = series.at(events[there])
    return values, there


def _payload_fields(run: Run, names: Sequence[str]) -> dict[str, tuple[Array, Array]]:
    """Gather fields of payloads from all contributions of all files."""
    if not names:
        return {}
    wanted = {name: _pattern(run, name) for name in names}
    found: dict[str, list[_Found]] = {name: [] for name in names}
    for ioc, rows in ((False, run.timeline.daq), (True, run.timeline.ioc)):
        base = len(run.timeline.daq) if ioc else 0
        for number, file in enumerate(run.files):
            if file.is_ioc != ioc:
                continue
            mine = np.flatnonzero(np.asarray(rows["file"]) == number)
            mine = mine[np.argsort(np.asarray(rows["offset"])[mine], kind="stable")]
            offsets, note = np.asarray(rows["offset"])[mine], partial(_note, run, file)
            right = in_place(file, offsets, run.timeline.clocks(mine, ioc), note)
            mine, offsets = mine[right], offsets[right]
            for layout in layouts(file, offsets, note):
                _of_layout(run, layout.items, layout.offset, wanted, found,
                           file, offsets[layout.rows], base + mine[layout.rows])  # fmt: skip
    return {name: _by_event(run, name, parts) for name, parts in found.items()}


def _note(run: Run, file: Any, what: str, offset: int) -> None:
    run.problems.tell(Problem(str(file.path), offset, what, LOST))


def _pattern(run: Run, name: str) -> tuple[Pattern, str]:
    source, dot, accessor = name.rpartition(".")
    if not dot or not accessor:
        known = [*OWN, *run.epics_at(-1).names()]
        raise SourceError(f"{name!r} is no field: write SOURCE.accessor.{near(name, known)}")
    if name.startswith(CODE):
        if not accessor.isdecimal():
            raise SourceError(f"{name!r}: expected a number behind {CODE!r}")
        return Pattern("any"), accessor
    return Source(source).resolve(run.aliases), accessor


def _of_layout(
    run: Run, items: list[Item], first: int, wanted: dict[str, tuple[Pattern, str]],
    found: dict[str, list[_Found]], file: Any, offsets: Array, rows: Array,
) -> None:  # fmt: skip
    """Gather what datagrams of one layout have of the fields."""
    for item in served(items):
        if not item.size or item.is_config or not is_shown(item, run.options):
            continue
        for name, (pattern, accessor) in wanted.items():
            if not pattern.matches(item.src) or item.kind is None:
                continue
            place = item.at - first
            if name.startswith(CODE):
                if is_event_code(item) and item.is_derived:
                    found[name].append(_Found(rows, order(item), _has_code(run, rows, item, name)))
                elif is_event_code(item):
                    values = _codes(file, offsets, item, place) == int(accessor)
                    found[name].append(_Found(rows, order(item), values.any(axis=1)))
            elif accessor in item.kind.NAMES or callable(getattr(item.kind, accessor, None)):
                values = _gathered(file, offsets, item, place, accessor)
                if values is None:
                    values = _one_by_one(run, rows, item, accessor)
                found[name].append(_Found(rows, order(item), values))


def _gathered(file: Any, offsets: Array, item: Item, place: int, accessor: str) -> Array | None:
    """Return a plain number of the layout's table from all datagrams; None when it is none."""
    kind: Any = item.kind
    name, low, width = accessor, 0, 0
    if accessor in kind.BITS:
        name, low, width, *_ = kind.BITS[accessor]
    if item.word & COMPRESSED or name not in (kind.DTYPE.fields or ()) or item.is_derived:
        return None
    declared = next(f[1] for f in kind.FIELDS if f[0] == name)
    dtype, at, *_ = kind.DTYPE.fields[name]
    plain = not (isinstance(declared, type) and issubclass(declared, Record))
    if not plain or dtype.kind not in "iuf" or _is_computed(kind, accessor):
        return None
    values = gather(file, offsets, dtype.itemsize, [place + at]).view(dtype)[:, 0]
    if not width:
        return np.asarray(values)
    return np.asarray(values >> dtype.type(low) & dtype.type((1 << width) - 1))


def _is_computed(kind: Any, accessor: str) -> bool:
    """Return whether the record's class has a method of its own under this name."""
    method = getattr(kind, accessor)
    return str(getattr(method, "__qualname__", "")).startswith(f"{kind.__name__}.")


def _codes(file: Any, offsets: Array, item: Item, place: int) -> Array:
    """Return the event codes of datagrams with lists of equal length, (datagrams, codes)."""
    count = item.value(lambda *_: None).numFifoEvents()
    dtype, at, *_ = FIFOEvent.DTYPE.fields["eventCode"]  # type: ignore[index]
    size = FIFOEvent.DTYPE.itemsize
    lead = item.size - size * count
    counts = gather(file, offsets, 4, [place]).view("<u4")
    if not count or lead < 4:
        return np.zeros((len(offsets), 0), dtype)
    codes = gather(file, offsets, 4, [place + 4 + at + size * i for i in range(count)]).view(dtype)
    codes[np.arange(count) >= counts] = 0
    return codes


def _one_by_one(run: Run, rows: Array, item: Item, accessor: str) -> Array:
    """Return what cannot be gathered, from the events themselves."""
    return np.array([_asked(run, int(n), item, accessor) for n in _numbers(run)[rows]])


def _asked(run: Run, number: int, item: Item, accessor: str) -> Any:
    try:
        record = run.peek(number).get(item.kind, item.src)
        value = None if record is None else getattr(record, accessor)()
    except (XtcError, TypeError):
        value = None
    return np.nan if value is None or np.ndim(value) else value


def _has_code(run: Run, rows: Array, item: Item, name: str) -> Array:
    """Return whether events have a code, from the events themselves."""
    wanted, found = int(name.removeprefix(CODE)), np.zeros(len(rows), bool)
    for row, number in enumerate(_numbers(run)[rows].tolist()):
        try:
            record = run.peek(number).get(item.kind, item.src)
        except XtcError:
            continue
        found[row] = record and any(code.eventCode() == wanted for code in record.fifoEvents())
    return found


def _numbers(run: Run) -> Array:
    """Return the event number of every contribution, those of the DAQ first."""
    ioc = run.timeline.event_of(True)
    return np.concatenate([run.timeline.event_of(), np.where(_joined(run), ioc, -1)])


def _by_event(run: Run, name: str, parts: list[_Found]) -> tuple[Array, Array]:
    """Give every event the number of the source and type that psana would find first."""
    if not parts:
        raise SourceError(f"{name!r}: no event of {run} has a payload with this accessor")
    events, numbers = len(run.times()), _numbers(run)
    dtype = np.result_type(*(part.values.dtype for part in parts))
    values, present = np.zeros(events, dtype), np.zeros(events, bool)
    if dtype.kind == "f":
        values[:] = np.nan
    best = sorted(parts, key=lambda part: part.rank)
    for rank in dict.fromkeys(part.rank for part in best):
        rows = np.concatenate([part.rows for part in best if part.rank == rank])
        found = np.concatenate([part.values for part in best if part.rank == rank])
        early = np.argsort(rows, kind="stable")  # of two streams the first
        rows, found = rows[early], found[early]
        inside = numbers[rows] >= 0
        number, first = np.unique(numbers[rows][inside], return_index=True)
        new = ~present[number]
        values[number[new]] = found[inside][first][new]
        present[number[new]] = True
    return values, present
