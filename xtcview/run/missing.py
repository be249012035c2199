"""Files and transitions that a run should have and does not: told, not passed over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from xtcview.format.headers import DGRAM_SIZE, Dgram, dgram
from xtcview.format.ids import Transition
from xtcview.format.tree import root_fault

from .files import NAME, Problem, XtcFile, plural, ranges
from .folders import list_files
from .timeline import Timeline


def missing_chunks(members: Iterable[XtcFile]) -> list[Problem]:
    """Say which chunks are missing between the first and the last of each stream."""
    members = list(members)
    found = []
    for stream in sorted({f.stream for f in members}):
        there = {f.chunk: f for f in members if f.stream == stream}
        missing = sorted(set(range(max(there))) - set(there))
        if missing:
            what = f"chunk {ranges(missing)} of stream {stream} is not in the folder"
            path = str(there[max(there)].path)
            found.append(Problem(path, None, what, "its events and configuration are missing"))
    return found


def missing_large(members: Iterable[XtcFile]) -> list[Problem]:
    """Say of which small-data files the large ones are missing."""
    lost, found = "payloads that small data leave out cannot be read", []
    for file in (f.large for f in members if f.is_small):
        if not file.size:
            what = f"the large file is {'empty' if file.path.exists() else 'not there'}"
            found.append(Problem(str(file.path), None, what, lost))
    return found


def missing_small(members: Sequence[XtcFile]) -> list[Problem]:
    """Say which large files of a run have no small data beside those that are read."""
    first, there = members[0], {file.large.path.name for file in members}
    what, lost = "the file is there, but no small data of it", "its events are missing"
    found = list_files(first.folder)
    mine = [file for file in found if (file.prefix, file.run) == (first.prefix, first.run)]
    return [Problem(str(f.path), None, what, lost) for f in mine if f.path.name not in there]


def missing_streams(members: Sequence[XtcFile]) -> list[Problem]:
    """Say which files of a run have an index but are not in the folder themselves."""
    first = members[0]
    if first.is_small:
        return missing_small(members)
    folder, there = first.path.parent, {f.path.name for f in members}
    found = []
    for path in sorted((folder / "index").glob(f"{first.prefix}-r*.xtc.idx")):
        match = NAME.fullmatch(path.name.removesuffix(".idx"))
        if match is None or int(match[2]) != first.run or match[0] in there:
            continue
        if int(match[4]) < max((f.chunk for f in members if f.stream == int(match[3])), default=0):
            continue  # `missing_chunks` tells it
        what = "its index is there, but no such file is"
        found.append(Problem(str(folder / match[0]), None, what, "its events are missing"))
    return found


def other_experiment(asked: str, members: Sequence[XtcFile]) -> list[Problem]:
    """Say that files of another experiment were taken, because the folder has no others.

    A name and the number of old file names may mean the same experiment: nothing is said.
    """
    path, prefix = members[0].path, members[0].prefix
    numbered, asked_number = (re.fullmatch(r"e?\d+", text) for text in (prefix, asked))
    if asked in ("", prefix) or f"e{asked}" == prefix or (numbered and not asked_number):
        return []
    what = f"exp={asked} asked, files of {prefix} taken: the folder has no others"
    return [Problem(str(path), None, what, "it may be another experiment")]


def missing_transitions(
    files: Sequence[XtcFile],
    timeline: Timeline,
    begin_run: Dgram | None,
    known: Iterable[Problem],
) -> list[Problem]:
    """Say which transitions are missing, as far as something follows from it.

    Parameters
    ----------
    files : sequence of XtcFile
        Sorted by stream and chunk.
    timeline : Timeline
    begin_run : Dgram, optional
        What was found of BeginRun.
    known : iterable of Problem
        A file that is known to be cut need not end.
    """
    found, cut = [], {problem.file for problem in known}
    first = str(files[0].path)
    if begin_run is None:
        lost = "the run number is that of the file's name"
        found.append(Problem(first, 0, "no BeginRun at the start of a DAQ stream", lost))
    elif begin_run.env not in (0, files[0].run):
        what = f"BeginRun says run {begin_run.env}, the file's name run {files[0].run}"
        lost = f"events, and constants, are those of run {begin_run.env}"
        found.append(Problem(first, 0, what, lost))
    before = int((np.asarray(timeline.events["step"]) < 0).sum())
    if before:
        what = f"no BeginCalibCycle before {plural(before, 'event')}"
        found.append(Problem(first, None, what, "they belong to no step"))
    last = {file.stream: number for number, file in enumerate(files) if not file.is_ioc}
    for number in last.values():
        file = files[number]
        open_end = file.is_in_progress or str(file.path) in cut
        if not open_end and not _ends(file, _last_event(timeline, number)):
            lost = "what may have followed is missing"
            found.append(Problem(str(file.path), file.size, "no EndRun at the file's end", lost))
    return found


def _last_event(timeline: Timeline, number: int) -> int:
    """Return the byte of a file's last event; 0 without events."""
    mine = np.asarray(timeline.daq["offset"])[np.asarray(timeline.daq["file"]) == number]
    return int(mine.max()) if len(mine) else 0


def _ends(file: XtcFile, offset: int) -> bool:
    """Return whether the last datagram at or behind a byte is EndRun, or what follows it."""
    service = -1
    while file.size - offset >= DGRAM_SIZE:
        head = dgram(file.read_exactly(offset, DGRAM_SIZE, "datagram header"))
        if root_fault(head.extent, file.size - offset):
            break
        service = head.service
        offset += head.size
    return service in (Transition.EndRun, Transition.Unconfigure, Transition.Unmap)
