"""Small-data files of .xtc files, as the DAQ's own tool writes them (pdsdata app/smldata.cc)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from xtcview.format import writer
from xtcview.format.headers import DGRAM_SIZE, ROOT, XTC_SIZE, XTC_STRUCT, dgram, type_word
from xtcview.format.ids import Damage, Level, Transition, TypeId
from xtcview.format.src import Src
from xtcview.types import pds, smldata
from xtcview.types.record import encode

THRESHOLD = 1024  # bytes, the tool's own
KEPT = (TypeId.EvrData,)  # however large
MOST = 1 << 26  # bytes of a datagram; at a larger one the tool stops
RECORDER = Src(Level.Recorder << 24, 0)


def write(path: Path, threshold: int = THRESHOLD, kept: Sequence[int] = KEPT) -> Path:
    """Write the small data of a file where the DAQ puts them; return their path."""
    target = path.parent / "smalldata" / path.name.replace(".xtc", ".smd.xtc")
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"".join(small_data(path.read_bytes(), threshold, kept)))
    return target


def write_all(folder: Path, paths: Iterable[Path], threshold: int = THRESHOLD) -> Path:
    """Link files into a folder and write small data of each; return the folder."""
    folder.mkdir(exist_ok=True)
    for path in paths:
        (folder / path.name).symlink_to(path)
        write(folder / path.name, threshold)
    return folder


def small_data(
    data: bytes, threshold: int = THRESHOLD, kept: Sequence[int] = KEPT
) -> Iterator[bytes]:
    """Yield the datagrams of small data."""
    at = 0
    while at + DGRAM_SIZE <= len(data):
        head = dgram(data, at)
        end = at + head.size
        if head.size > MOST or end > len(data):
            return
        whole = data[at:end]
        if head.service == Transition.L1Accept:
            content = _content(data, at + ROOT, threshold, kept)
            place = encode(smldata.OrigDgramOffsetV1, fileOffset=at, extent=head.extent)
            if content:
                yield _with_first_leaf(whole, smldata.OrigDgramOffsetV1, place, content)
        elif head.service == Transition.Configure:
            limit = encode(smldata.ConfigV1, sizeThreshold=threshold)
            yield _with_first_leaf(whole, smldata.ConfigV1, limit, whole[DGRAM_SIZE:])
        else:
            yield whole
        at = end


def _with_first_leaf(dgram: bytes, kind: type, payload: bytes, content: bytes) -> bytes:
    """Return a datagram with another content, and a leaf in front of it."""
    content = writer.xtc(type_word(kind.TypeId, kind.Version), RECORDER, payload) + content
    extent = struct.pack("<I", XTC_SIZE + len(content))
    return dgram[: DGRAM_SIZE - 4] + extent + content


def _content(data: bytes, at: int, threshold: int, kept: Sequence[int]) -> bytes:
    """Return what small data keep of the container at a byte, without its header."""
    damage, *_, extent = XTC_STRUCT.unpack_from(data, at)
    pos, end, content = at + XTC_SIZE, at + extent, b""
    if damage & Damage.IncompleteContribution:
        return content
    while pos < end:
        damage, log, phy, word, extent = XTC_STRUCT.unpack_from(data, pos)
        if extent < XTC_SIZE or extent & 3 or (not word & 0xFFFF and not damage):
            break
        if word & 0xFFFF == TypeId.Xtc:
            inside = _content(data, pos, threshold, kept)
            content += XTC_STRUCT.pack(damage, log, phy, word, XTC_SIZE + len(inside)) + inside
        elif extent < threshold or word & 0xFFFF in kept:
            content += data[pos : pos + extent]
        else:
            content += proxy(Src(log, phy), pos, word, extent, damage)
        pos += extent
    return content


def proxy(src: Src, at: int, word: int, extent: int, damage: int = 0) -> bytes:
    """Return the leaf that stands for a payload whose header is at a byte of the large file."""
    kind = encode(pds.TypeId, value=word)
    payload = encode(smldata.ProxyV1, fileOffset=at, type=kind, extent=extent)
    return writer.xtc(type_word(TypeId.SmlDataProxy, 1), src, payload, damage)
