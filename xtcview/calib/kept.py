"""Constants that were read once, kept as arrays: text of 20 MB takes a quarter of a second.

In the user's cache folder, one .npy file per file of constants and way of reading it. Its name
holds size and time of the text it was made from, so that a changed file is read again; a
checksum follows the array. ``XTCVIEW_CONSTANTS_CACHE=off`` keeps nothing, a folder in its place
keeps all in that folder.
"""

from __future__ import annotations

import glob
import hashlib
import io
import os
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.format.wholefile import write_whole

VARIABLE = "XTCVIEW_CONSTANTS_CACHE"
_FORM = "1"  # another number whenever the same text would be read in another way
_CRC = 4  # bytes of the checksum
_HEAD = 1 << 12  # bytes that hold the header of an .npy file


class Key(NamedTuple):
    """A text file as it is now, and how it is read."""

    path: Path
    size: int  # bytes
    time: int  # ns
    how: str  # kind, shape and order of the array


def key_of(path: Path, *how: object) -> Key:
    """Return the key of a file as it is now.

    Raises
    ------
    OSError
        If there is no such file.
    """
    found = path.stat()
    return Key(path.absolute(), found.st_size, found.st_mtime_ns, repr(how))


def folder() -> Path | None:
    """Return where arrays are kept; None when nothing is."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted == "off":
        return None
    if wanted:
        return Path(wanted).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "xtcview" / "constants"


def find(key: Key) -> NDArray[Any] | None:
    """Return what was kept under a key; None without it, or when it is damaged."""
    place = _place(key)
    if place is None:
        return None
    try:
        data = place.read_bytes()
    except OSError:
        return None
    body, crc = memoryview(data)[:-_CRC], data[-_CRC:]
    if zlib.crc32(body).to_bytes(_CRC, "little") != crc:
        return None
    head = io.BytesIO(body[:_HEAD])
    np.lib.format.read_magic(head)
    shape, _, dtype = np.lib.format.read_array_header_1_0(head)
    return np.frombuffer(body, dtype, offset=head.tell()).reshape(shape)


def keep(key: Key, array: NDArray[Any]) -> Path | None:
    """Keep an array in place of older ones of that file; None where nothing can be written."""
    place = _place(key)
    if place is None:
        return None
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), (1, 0), False)
    body = stream.getvalue()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, body + zlib.crc32(body).to_bytes(_CRC, "little"))
        for old in place.parent.glob(f"{glob.escape(_digest(key))}.*.npy"):
            if old != place:
                old.unlink(missing_ok=True)
    except OSError:
        return None
    return place


def _place(key: Key) -> Path | None:
    home = folder()
    return home and home / f"{_digest(key)}.{key.size}-{key.time}.npy"


def _digest(key: Key) -> str:
    what = os.fsencode(key.path) + f"\0{key.how}\0{_FORM}".encode()
    return f"{key.path.parent.name}-{key.path.stem}.{hashlib.sha256(what).hexdigest()[:16]}"
