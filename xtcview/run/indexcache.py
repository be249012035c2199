"""Indexes that were made by reading a file, kept for the next time.

Beside the data in ``.xtcview/``, or in the user's cache folder where that cannot be written. What
is kept names the size and the time of the file it was made from, so that a changed file is read
again. ``XTCVIEW_INDEX_CACHE=off`` keeps nothing, a folder in its place keeps all in that folder.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xtcview.errors import IndexFileError
from xtcview.format import index
from xtcview.format.index import Index
from xtcview.format.wholefile import write_whole

VARIABLE = "XTCVIEW_INDEX_CACHE"
FOLDER = ".xtcview"  # beside the data
HEAD = np.dtype([
    ("magic", "S8"),   #  0  b"XTCVIEW1"
    ("size",  "<i8"),  #  8  bytes of the .xtc file
    ("time",  "<i8"),  # 16  of its last change, ns
    ("end",   "<i8"),  # 24  byte behind its last whole datagram
    ("fault", "<u4"),  # 32  bytes of the text that says why reading ended there
    ("crc",   "<u4"),  # 36  of all that follows: the text, then an index
])  # 40  # fmt: skip
_MAGIC = b"XTCVIEW1"


class Kept(NamedTuple):
    """What reading a file gave: its index, where it ended and why."""

    found: Index
    end: int
    fault: str


def stamp(path: Path) -> tuple[int, int]:
    """Return size and time of a file: what must be the same for an index to hold."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def find(path: Path) -> Kept | None:
    """Return what is kept of a file as it is now; None without it, or when it is damaged."""
    for place in places(path):
        try:
            kept = _decode(place.read_bytes(), stamp(path))
        except OSError:
            continue
        if kept is not None:
            return kept
    return None


def keep(path: Path, of: tuple[int, int], kept: Kept) -> Path | None:
    """Keep what reading a file gave.

    Parameters
    ----------
    path : Path
    of : (int, int)
        Its `stamp` before it was read.
    kept : Kept

    Returns
    -------
    Path or None
        Where it is kept; None where nothing can be written.
    """
    for place in places(path):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, _encode(of, kept))
        except OSError:
            continue
        return place
    return None


def places(path: Path) -> list[Path]:
    """List where the index of a file may be kept, best first."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted == "off":
        return []
    absolute = path.absolute()
    digest = hashlib.sha256(os.fsencode(absolute)).hexdigest()[:16]
    name = f"{path.name}.{digest}.idx"
    if wanted:
        return [Path(wanted).expanduser() / name]
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    user = Path(home).expanduser() / "xtcview" / "index" / name
    return [absolute.parent / FOLDER / f"{path.name}.idx", user]


def _encode(of: tuple[int, int], kept: Kept) -> bytes:
    fault = kept.fault.encode()
    body = fault + index.encode(kept.found)
    head = np.array((_MAGIC, *of, kept.end, len(fault), zlib.crc32(body)), HEAD)
    return head.tobytes() + body


def _decode(data: bytes, now: tuple[int, int]) -> Kept | None:
    if len(data) < HEAD.itemsize:
        return None
    head, body = np.frombuffer(data, HEAD, 1)[0], data[HEAD.itemsize :]
    fits = head["magic"] == _MAGIC and (int(head["size"]), int(head["time"])) == now
    if not fits or zlib.crc32(body) != head["crc"]:
        return None
    text = int(head["fault"])
    try:
        found = index.decode(body[text:])
    except IndexFileError:  # of another version
        return None
    return Kept(found, int(head["end"]), body[:text].decode())
