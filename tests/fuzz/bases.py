"""Whole runs to be bent: small ones, and the golden runs cut to their first events.

An input is a script of edits, not a file: a short input can change any header of a large run.
"""

from __future__ import annotations

import atexit
import functools
import lzma
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.support import runs, smalldata
from xtcview.format import index, indexer, writer
from xtcview.format.headers import DGRAM_SIZE, XTC_SIZE, dgram
from xtcview.format.ids import Transition
from xtcview.format.tree import walk_headers

GOLDEN = Path(__file__).parents[1] / "golden" / "xtc"
LIES = (0, 1, 12, 16, 19, 20, 21, 24, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 1 << 24, 0x7FFFFFFF,
        0x80000000, 0xFFFFFFFC, 0xFFFFFFFF, 0x10001, 0x80010001)  # fmt: skip
EDIT = np.dtype([
    ("file", "u1"),    # 0  which of the run's files
    ("kind", "u1"),    # 1  what is done
    ("place", "<u2"),  # 2  which of the file's places
    ("value", "<u4"),  # 4
])  # 8  # fmt: skip
MOST = 8  # edits of one input
PLACES = 4000  # of a file
SMALL = "smalldata/"
Span = tuple[int, int]


class Base(NamedTuple):
    """A whole run: content by name, and the bytes in a file at which an edit is worth while."""

    files: dict[str, bytes]
    places: dict[str, tuple[int, ...]]


class Bent(NamedTuple):
    """A run after its edits."""

    files: dict[str, bytes]
    touched: dict[str, list[Span] | None]  # bytes changed in place; None: bytes have moved


@functools.cache
def bases() -> tuple[Base, ...]:
    """Return all runs: each with its indexes, then each without, then some as small data."""
    found = [_small()]
    events = {"0034": 2, "0035": 1, "0039": 25, "0041": 1, "0042": 1, "0044": 1}
    found += [_golden(run, count) for run, count in events.items()]
    bare = [{n: d for n, d in files.items() if not n.endswith(".idx")} for files in found]
    return tuple(
        Base(files, {n: tuple(_places(n, d)) for n, d in files.items()})
        for files in [*found, *bare, _small_data(bare[0], 24), _small_data(bare[2], 1024)]
    )


def _golden(run: str, events: int) -> dict[str, bytes]:
    """Return a golden run up to some events of each stream, and indexes of what is left."""
    found = {}
    for packed in sorted(GOLDEN.glob(f"e158-r{run}-*.xz")):
        whole = lzma.decompress(packed.read_bytes())
        data = b"".join(_first(whole, events))
        found[packed.stem] = data
        found[f"index/{packed.stem}.idx"] = _index(data, packed.stem)
    return found


def _index(data: bytes, name: str) -> bytes:
    return index.encode(indexer.scan(lambda at, size: data[at : at + size], len(data), name).index)


def _first(data: bytes, events: int) -> Iterator[bytes]:
    """Yield the datagrams of a file without its later events."""
    at = 0
    while at + DGRAM_SIZE <= len(data):
        head = dgram(data, at)
        events -= head.service == Transition.L1Accept
        if events >= 0 or head.service != Transition.L1Accept:
            yield data[at : at + head.size]
        at += head.size


def _small() -> dict[str, bytes]:
    """Return a run of everything that is small: two streams, a scan, EPICS, a control stream."""
    named = runs.archiver(runs.pv_aliases((0, "alias")), runs.pv_ctrl(0, "PV", -1.0))
    beam = writer.container(runs.segment(2), runs.ebeam(0.5))

    def event(i: int, step: int) -> bytes:
        values = runs.archiver(runs.pv_time(0, float(i)))
        return runs.event(i, runs.camera_segment(1000 * step + i), values, step=step)

    def other(i: int, step: int) -> bytes:
        return runs.event(i, beam, runs.camera_segment(7, runs.CAMERA_2), step=step)

    streams = {}
    for number, (make, head) in enumerate([(event, named), (other, b"")]):
        found = runs.begin(runs.pulnix_config(), head)
        for step in range(2):
            content = [make(i, step) for i in range(3)]
            found += runs.cycle(step, content, runs.scan_step(float(step)))
        streams[number] = [*found, *runs.end()]
    streams[80] = [runs.event(i, runs.archiver(runs.pv_time(3, 9.0))) for i in range(3)]
    files = {runs.NAME.format(stream=s, chunk=0): b"".join(d) for s, d in streams.items()}
    return files | {f"index/{name}.idx": _index(data, name) for name, data in files.items()}


def _small_data(files: dict[str, bytes], threshold: int) -> dict[str, bytes]:
    """Return a run and its small data, which name payloads above a threshold in bytes."""
    small = {f"{SMALL}{n[:-4]}.smd.xtc": d for n, d in files.items()}
    found = {n: b"".join(smalldata.small_data(d, threshold)) for n, d in small.items()}
    return found | files


def _places(name: str, data: bytes) -> list[int]:
    """List the bytes of headers, of indexes, and of the first numbers of payloads."""
    if name.endswith(".idx"):
        return list(range(0, len(data), 4))[:PLACES]
    found: list[int] = []
    at = 0
    while at + DGRAM_SIZE <= len(data):
        end = min(at + dgram(data, at).size, len(data))
        found += range(at, at + DGRAM_SIZE, 4)
        header = functools.partial(_header, data, found)
        for leaf in walk_headers(header, at + DGRAM_SIZE, end)[0]:
            found += range(leaf.start, min(leaf.start + 80, leaf.end), 4)
        at = end
    return found[:PLACES]


def _header(data: bytes, found: list[int], at: int) -> tuple[int, ...]:
    found += range(at, at + XTC_SIZE, 4)
    return tuple(np.frombuffer(data, "<u4", 5, at).tolist())


def bend(base: Base, script: bytes) -> Bent:
    """Return a run after the edits that a script says."""
    edits = np.frombuffer(script[: len(script) // 8 * 8], EDIT)[:MOST]
    files = {name: bytearray(data) for name, data in base.files.items()}
    touched: dict[str, list[Span] | None] = {name: [] for name in files}
    names = list(files)
    for file, kind, place, value in edits.tolist():
        name = names[file % len(names)]
        if name not in files or not files[name]:
            continue
        places = base.places[name]
        at = places[place % len(places)] % len(files[name])
        span = _in_place(files[name], kind, at, value)
        spans = touched[name]
        if span is not None:
            touched[name] = spans if spans is None else [*spans, span]
            continue
        touched[name] = None
        _moving(files, names, name, kind, at, value)
    return Bent({name: bytes(data) for name, data in files.items()}, touched)


def _in_place(data: bytearray, kind: int, at: int, value: int) -> Span | None:
    """Change some bytes of a file; None when the edit is of another kind."""
    if kind >= 160:
        return None
    if kind >= 128:  # any byte
        at = value % len(data)
        data[at] ^= value >> 24 or 1
        return at, at + 1
    word = int.from_bytes(data[at : at + 4], "little")
    new = (value, LIES[value % len(LIES)], word ^ 1 << value % 32, word + value % 17 - 8)[kind % 4]
    data[at : at + 4] = (new & 0xFFFFFFFF).to_bytes(4, "little")[: len(data) - at]
    return at, at + 4


def _moving(
    files: dict[str, bytearray], names: list[str], name: str, kind: int, at: int, value: int
) -> None:
    """Cut, lengthen, empty, exchange or take away a file."""
    data = files[name]
    what = kind % 8
    if what == 0:
        del data[value % (len(data) + 1) :]
    elif what == 1:
        del data[at:]
    elif what == 2:
        data += value.to_bytes(4, "little") * (kind % 32)
    elif what == 3:
        del data[at : at + value % 256 * 4]
    elif what == 4:
        data[at:at] = value.to_bytes(4, "little") * (kind % 32)
    elif what == 5:
        data[at:at] = data[at : at + value % 1024 * 4]
    elif what == 6:
        same = [n for n in files if n.endswith(name[-4:])]
        files[name] = bytearray(files[same[value % len(same)]])
    elif value % 2:
        del files[name]
    else:
        data.clear()


@functools.cache
def room() -> Path:
    """Return a folder for the files of a run."""
    folder = Path(tempfile.mkdtemp(prefix="xtcview-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def lay(files: dict[str, bytes]) -> Path:
    """Write a run's files; those of the run before go."""
    folder = room()
    for inside in ("index", "smalldata"):
        (folder / inside).mkdir(exist_ok=True)
    for path in [*folder.glob("**/*.xtc"), *folder.glob("index/*")]:
        if str(path.relative_to(folder)) not in files:
            path.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder
