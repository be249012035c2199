"""What a run holds, as text for one screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import groupby

import numpy as np

from xtcview.format.headers import type_id
from xtcview.format.ids import Damage, TypeId
from xtcview.format.src import BldInfo, DetInfo, Src, make_src
from xtcview.types import registry
from xtcview.types.record import type_path

from .eventid import iso
from .files import XtcFile, plural
from .run import Run
from .timeline import Timeline

WIDTH = 100


def summary(run: Run, every: bool = False, looked: int | None = None) -> str:
    """Describe a run: streams, events, sources, EPICS names, problems.

    Parameters
    ----------
    run : Run
    every : bool
        List all EPICS names and problems instead of the first few.
    looked : int, optional
        How many events `check.check` read to find problems; all of them when not given.
    """
    parts = [_title(run), _streams(run), _sources(run), _epics(run, every)]
    return "\n\n".join([*parts, f"{_damage(run)}\n{_problems(run, every, looked)}"])


def _title(run: Run) -> str:
    times = run.times()
    where = (
        f"run {run.run()} of {run.experiment} ({run.files[0].prefix}), {run.files[0].path.parent}"
    )
    held = f"{plural(len(times), 'event')} in {plural(run.nsteps(), 'calib cycle')}"
    if not len(times):
        return f"{where}\n{held} so far"
    begin, end = (iso(time.seconds(), 0)[:19] for time in (times[0], times[-1]))
    return f"{where}\n{held}, {begin} .. {end} UTC"


def _damage(run: Run) -> str:
    """Count the events that the DAQ marked, as far as the indexes tell."""
    timeline = run.timeline
    marked = timeline.daq["damage"] != 0
    dropped = timeline.daq["damage"] & Damage.DroppedContribution != 0
    counts = [len(np.unique(timeline.event_of()[rows])) for rows in (marked, dropped)]
    alone = _alone(timeline)
    if not counts[0]:
        return f"damage: no event is marked{alone}"
    marks = f"{plural(counts[0], 'event')} marked{alone}"
    return f"damage: {marks}; a detector's contribution is missing in {plural(counts[1], 'event')}"


def _alone(timeline: Timeline) -> str:
    """Say how many control system contributions have no event; psana drops them too."""
    held = int((timeline.events["ioc_last"] - timeline.events["ioc_first"]).sum())
    left = len(timeline.ioc) - held
    return (
        f"; {left:,} of {len(timeline.ioc):,} control system datagrams have no event"
        if left > 0
        else ""
    )


def _streams(run: Run) -> str:
    rows: list[tuple[str, ...]] = [("stream", "chunks", "MB", "datagrams", "index", "")]
    triples = zip(run.files, run.timeline.indexes, run.timeline.datagrams(), strict=True)
    for stream, group in groupby(triples, key=lambda triple: triple[0].stream):
        members = list(group)
        size = sum(f.size for f, _, _ in members) / 1e6
        events = sum(count for _, _, count in members)
        kind = "control system" if members[0][0].is_ioc else ""
        chunks = f"c{members[0][0].chunk:02d}"
        chunks += f"-c{members[-1][0].chunk:02d}" if len(members) > 1 else ""
        index = _index_state([f for f, _, _ in members], members[0][1].version)
        rows.append((f"s{stream:02d}", chunks, f"{size:,.1f}", f"{events:,}", index, kind))
    return _table(rows)


def _index_state(files: list[XtcFile], version: int) -> str:
    there = sum(f.index_path.is_file() for f in files)
    if there == len(files):
        return f"V{version}"
    return "none (file read instead)" if not there else f"{there} of {len(files)} files"


def _sources(run: Run) -> str:
    data: dict[Src, set[str]] = {}
    for index in run.timeline.indexes:
        for segment in index.segments:
            for (log, phy), word in zip(segment.sources.tolist(), segment.types, strict=True):
                data.setdefault(make_src(log, phy), set()).add(_type(int(word)))
    config: dict[Src, set[str]] = {}
    for item in run.config_at(0 if len(run.times()) else -1).items():
        config.setdefault(item.src, set()).add(_type(item.word))
    shown = [s for s in {**data, **config} if isinstance(s, DetInfo | BldInfo)]
    rows: list[tuple[str, ...]] = [("source", "alias", "data", "configuration")]
    for src in sorted(shown, key=lambda s: s.key):
        cells = [", ".join(sorted(kinds.get(src, ()))) for kinds in (data, config)]
        rows.append((str(getattr(src, "name", src)), run.aliases.alias(src), *cells))
    return _table(rows)


def _type(word: int) -> str:
    if type_id(word) == TypeId.Epics:
        return "EPICS"
    line = registry.entry(word)
    return type_path(line.record).removeprefix("psana.") if line else registry.type_name(word)


def _epics(run: Run, every: bool) -> str:
    store = run.epics_at(0 if len(run.times()) else -1)
    names = store.pvNames()
    if not names:
        return "EPICS: none"
    named = [f"{n} ({store.alias(n)})" if store.alias(n) else n for n in names]
    return _listed(f"EPICS: {len(names)} PVs: ", named, every, 15)


def _problems(run: Run, every: bool, looked: int | None) -> str:
    there = len(run.times())
    sample = looked is not None and looked < there
    where = f" in {looked:,} of {plural(there, 'event')} (--check reads all)" if sample else ""
    if not run.problems:
        return f"problems: none found{where}"
    lines = [str(p) for p in run.problems]
    shown = lines if every else lines[:10]
    more = f"\n  and {len(lines) - len(shown)} more (--all)" if len(shown) < len(lines) else ""
    wrapped = [
        textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="    ") for line in shown
    ]
    return f"problems: {len(lines)}{where}\n" + "\n".join(wrapped) + more


def _listed(head: str, names: list[str], every: bool, most: int) -> str:
    shown = names if every else names[:most]
    tail = f", and {len(names) - len(shown)} more (--all)" if len(shown) < len(names) else ""
    return textwrap.fill(head + ", ".join(shown) + tail, WIDTH, subsequent_indent="  ")


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
