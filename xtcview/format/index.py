"""The DAQ's index of one .xtc file (.xtc.idx), both ways.

Header, event nodes, calib cycles, event codes, segments; packed, little-endian, no padding.
Origin: pdsdata/index IndexFileStruct.hh, IndexList.cc.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import IndexFileError

from .headers import type_word
from .ids import TypeId

HEADER_V1 = np.dtype([
    ("word",         "<u4"),  #  0  type word: Index, version 1
    ("name",         "S32"),  #  4  base name of the .xtc file, cut to 31 characters
    ("calib_cycles", "<i2"),  # 36
    ("codes",        "i1"),   # 38  distinct event codes
    ("segments",     "i1"),   # 39
    ("events",       "<i4"),  # 40  L1Accepts
])  # 44  # fmt: skip

HEADER_V2 = np.dtype([
    ("word",         "<u4"),  #  0  type word: Index, version 2
    ("name",         "S32"),  #  4
    ("calib_cycles", "<i4"),  # 36
    ("codes",        "<i2"),  # 40
    ("segments",     "<i2"),  # 42
    ("events",       "<i4"),  # 44
    ("out_of_order", "<i4"),  # 48  comparisons in which a new node was not later
    ("overlap_prev", "<i4"),  # 52  nodes not later than the previous chunk's last
    ("overlap_next", "<i4"),  # 56  always 0
])  # 60  # fmt: skip

NODE = np.dtype([
    ("seconds",     "<u4"),  #  0
    ("nanoseconds", "<u4"),  #  4
    ("fiducial",    "<u4"),  #  8
    ("offset",      "<i8"),  # 12  byte of the datagram
    ("damage",      "<u4"),  # 20  of the root
    ("damaged",     "<u4"),  # 24  bit k: segment k has damage
    ("empty",       "<u4"),  # 28  bit k: segment k is there without payload
    ("codes",       "<u4"),  # 32  bit k: event code number k occurred
])  # 36  # fmt: skip

CALIB_CYCLE = np.dtype([
    ("offset",      "<i8"),  #  0  byte of the BeginCalibCycle datagram
    ("first",       "<i4"),  #  8  number of the first event node behind it
    ("seconds",     "<u4"),  # 12
    ("nanoseconds", "<u4"),  # 16
])  # 20  # fmt: skip

SRC = np.dtype([
    ("log", "<u4"),  # 0
    ("phy", "<u4"),  # 4
])  # 8  # fmt: skip

HEADERS = {1: HEADER_V1, 2: HEADER_V2}


@dataclass(frozen=True)
class Segment:
    """A process that contributes to the file, and what it sends.

    Parameters
    ----------
    src : numpy.void
        `SRC` of the process.
    sources : ndarray of SRC
        Its detectors.
    types : ndarray of uint32
        Their type words, one per detector.
    """

    src: Any
    sources: npt.NDArray[Any]
    types: npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Index:
    """Contents of one index file.

    Parameters
    ----------
    name : str
        Base name of the .xtc file, at most 31 characters.
    nodes : ndarray of NODE
        One per L1Accept, sorted by (seconds, nanoseconds).
    calib_cycles : ndarray of CALIB_CYCLE
    codes : ndarray of uint8
        Event codes, numbered by first appearance.
    segments : tuple of Segment
    version : int
    out_of_order, overlap_prev, overlap_next : int
        Counters of header version 2.
    """

    name: str
    nodes: npt.NDArray[Any]
    calib_cycles: npt.NDArray[Any]
    codes: npt.NDArray[np.uint8]
    segments: tuple[Segment, ...] = field(default=())
    version: int = 2
    out_of_order: int = 0
    overlap_prev: int = 0
    overlap_next: int = 0


class _Cursor:
    """Takes arrays off the front of a buffer and says where it ran short."""

    def __init__(self, data: bytes, file: object) -> None:
        self.data, self.file, self.pos = data, file, 0

    def take(self, dtype: Any, count: int, what: str) -> npt.NDArray[Any]:
        dtype = np.dtype(dtype)
        need = dtype.itemsize * count
        if count < 0 or need > len(self.data) - self.pos:
            left = len(self.data) - self.pos
            raise IndexFileError(
                f"expected {count} {what} of {dtype.itemsize} bytes, found {left} bytes; "
                "write the index again with 'xtcview index'",
                self.file,
                self.pos,
            )
        out: npt.NDArray[Any] = np.frombuffer(self.data, dtype, count, self.pos)
        self.pos += need
        return out


def decode(data: bytes, file: object = None) -> Index:
    """Read an index file's bytes.

    Raises
    ------
    IndexFileError
        The bytes end too early, go on too long, or are no index.
    """
    cursor = _Cursor(data, file)
    word = int(cursor.take("<u4", 1, "type word")[0])
    version = word >> 16
    if word & 0xFFFF != TypeId.Index or version not in HEADERS:
        raise IndexFileError(
            f"expected an index (type 38, version 1 or 2), found 0x{word:08x}", file, 0
        )
    cursor.pos = 0
    head = cursor.take(HEADERS[version], 1, "header")[0]
    nodes = cursor.take(NODE, int(head["events"]), "event nodes")
    cycles = cursor.take(CALIB_CYCLE, int(head["calib_cycles"]), "calib cycles")
    codes = cursor.take("u1", int(head["codes"]), "event codes")
    count = int(head["segments"])
    if count < 0:
        raise IndexFileError(f"expected a number of segments, found {count}", file, cursor.pos)
    segments = tuple(_segment(cursor) for _ in range(count))
    if cursor.pos != len(data):
        raise IndexFileError(
            f"{len(data) - cursor.pos} bytes behind the index's end", file, cursor.pos
        )
    counters = (
        {k: int(head[k]) for k in ("out_of_order", "overlap_prev", "overlap_next")}
        if version > 1
        else {}
    )
    name = bytes(head["name"]).split(b"\0")[0].decode("latin-1")
    return Index(name, nodes, cycles, codes, segments, version, **counters)


def _segment(cursor: _Cursor) -> Segment:
    src = cursor.take(SRC, 1, "segment source")[0]
    count = int(cursor.take("u1", 1, "number of sources")[0])
    return Segment(src, cursor.take(SRC, count, "sources"), cursor.take("<u4", count, "type words"))


def encode(index: Index) -> bytes:
    """Write an index file's bytes; the inverse of `decode`."""
    head = np.zeros(1, HEADERS[index.version])
    head["word"] = type_word(TypeId.Index, index.version)
    head["name"] = index.name.encode("latin-1")[:31]
    head["calib_cycles"], head["codes"] = len(index.calib_cycles), len(index.codes)
    head["segments"], head["events"] = len(index.segments), len(index.nodes)
    if index.version > 1:
        for counter in ("out_of_order", "overlap_prev", "overlap_next"):
            head[counter] = getattr(index, counter)
    parts = [head, index.nodes.astype(NODE), index.calib_cycles.astype(CALIB_CYCLE), index.codes]
    for segment in index.segments:
        count = np.array([len(segment.sources)], "u1")
        parts += [np.array([segment.src], SRC), count, segment.sources, segment.types.astype("<u4")]
    return b"".join(part.tobytes() for part in parts)
