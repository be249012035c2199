"""What a run should have and does not: told, not passed over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .files import NAME, Problem, XtcFile, list_files, ranges


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
