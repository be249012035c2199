"""Files that a run should have and does not: told, not passed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .files import NAME, Problem, XtcFile, ranges


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


def missing_streams(members: Sequence[XtcFile]) -> list[Problem]:
    """Say which files of a run have an index but are not in the folder themselves."""
    first = members[0]
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
