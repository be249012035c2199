"""What is fuzzed: one function per parser, and inputs to begin with.

A target returns when its input gives a result or an `XtcError`; everything else is a fault.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import xtcview
from tests.fuzz import ask
from tests.fuzz.bases import GOLDEN, SMALL, Base, Bent, bases, bend, lay, room
from tests.support.compressed import hist16, histn
from tests.support.outcome import outcome
from xtcview.calib import constants, geometry_text, old_geometry
from xtcview.errors import XtcError
from xtcview.format import compression, index, tree
from xtcview.format.headers import DGRAM_SIZE, XTC_SIZE
from xtcview.run import dataset
from xtcview.source import Source
from xtcview.types import epics, registry
from xtcview.types.record import Record


class Target(NamedTuple):
    """One parser.

    Parameters
    ----------
    call : callable
        Takes an input's bytes.
    seeds : callable
        Gives inputs to begin with.
    longest : int
        Bytes of an input.
    """

    call: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    longest: int = 4096


# a whole run: the first byte says which, the rest is a script of edits

_OFTEN = (
    0,
    0,
    0,
    4,
    7,
    7,
    11,
    14,
    14,
    15,
    1,
    2,
    3,
    5,
    6,
    8,
    9,
    10,
    12,
    13,
)  # positions in `bases()`


@functools.cache
def _right(which: int) -> dict[tuple[int, ...], dict[str, int]]:
    """Return what a run holds before its edits."""
    with xtcview.open(_text(lay(bases()[which].files), which)) as run:
        return ask.run(run)


def _text(folder: Path, which: int) -> Path | str:
    """Return what opens a run: small data are asked for."""
    first = next(iter(bases()[which].files)).removeprefix(SMALL)
    experiment, run, *_ = first.split("-")
    is_small = any(name.startswith(SMALL) for name in bases()[which].files)
    return f"exp={experiment}:run={int(run[1:])}:dir={folder}:smd" if is_small else folder


def whole_run(data: bytes) -> None:
    """Open a run that was bent, and ask it everything."""
    which = _OFTEN[data[0] % len(_OFTEN)] if data else 0
    right = _right(which)
    bent = bend(bases()[which], data[1:])
    folder = lay(bent.files)
    run = outcome(xtcview.open, _text(folder, which))
    if isinstance(run, XtcError):
        assert str(folder) in str(run)
        return
    with run:
        found = ask.run(run)
        if all(spans == [] for name, spans in bent.touched.items() if name.endswith(".xtc")):
            _compare(found, right, run)
        _compare_untouched(found, right, run, bases()[which], bent)


def _compare(found: Any, right: Any, run: Any) -> None:
    """Demand that indexes alone, whatever they say, change nothing without a word."""
    told = bool(run.problems)
    for name, objects in found.items():
        for key, digest in objects.items():
            wanted = right.get(name, {}).get(key)
            assert wanted == digest or told, f"event {name}: {key} is wrong, and nothing is told"
    assert told or found.keys() == right.keys(), "events are missing or invented in silence"


def _compare_untouched(found: Any, right: Any, run: Any, base: Base, bent: Bent) -> None:
    """Demand that what was changed in some events leaves the others as they were."""
    if any(spans is None for spans in bent.touched.values()) or not any(bent.touched.values()):
        return
    events = {name: ask.events_of(base.files[name]) for name in bent.files if name.endswith(".xtc")}
    bad = set()
    for name, spans in bent.touched.items():
        for start, end in spans or ():
            hit = [
                clock for clock, first, last in events.get(name, ()) if first <= start < end <= last
            ]
            if not hit or "-s80-" in name:  # an index, configuration, or of several events
                return
            bad.update(hit)
    reread = any("read instead" in problem.consequence for problem in run.problems)
    if reread or not any(name.endswith(".idx") for name in base.files):
        return
    assert found.keys() == right.keys() or run.problems, "events are missing in silence"
    for clock in found.keys() & right.keys() - bad:
        ours, theirs = (_without_epics(objects[clock]) for objects in (found, right))
        assert ours == theirs, f"event {clock} was not touched, and is not as it was"


def _without_epics(objects: dict[str, int]) -> dict[str, int]:
    """Leave out values that may have been archived with another event."""
    return {key: digest for key, digest in objects.items() if not key.startswith("EPICS ")}


def _scripts() -> list[bytes]:
    kinds = (0, 1, 2, 3, 128, *range(160, 168))
    return [bytes([n]) for n in range(len(_OFTEN))] + [
        bytes([n, file, kind, 40, 0, 7, 0, 0, 0])
        for n in (0, 3, 4) for file in (0, 3) for kind in kinds
    ]  # fmt: skip


# parsers of bytes


def index_file(data: bytes) -> None:
    """Read an index; what is read is written again, byte by byte."""
    found = outcome(index.decode, data, "a.idx")
    if not isinstance(found, XtcError) and b"\0" in data[4:36] and not _behind_name(data):
        assert index.encode(found) == data


def _behind_name(data: bytes) -> bool:
    name = data[4:36]
    return bool(name[name.index(b"\0") :].strip(b"\0"))


def _indexes() -> list[bytes]:
    return [path.read_bytes()[:4000] for path in sorted((GOLDEN / "index").glob("*.idx"))] + [
        data for base in bases() for name, data in base.files.items() if name.endswith(".idx")
    ]


def containers(data: bytes) -> None:
    """Walk nested headers."""
    leaves, faults = tree.walk(data, 0)
    assert len(leaves) + len(faults) <= len(data) // XTC_SIZE + 1


def _datagrams() -> list[bytes]:
    files = (d for base in bases() for n, d in base.files.items() if n.endswith(".xtc"))
    return list(dict.fromkeys(data[DGRAM_SIZE:4000] for data in files))


def compressed(data: bytes) -> None:
    """Expand a compressed payload."""
    outcome(compression.expand, data, "a.xtc", 0)


def _compressed() -> list[bytes]:
    data = bases()[4].files["e158-r0041-s00-c00.xtc"]
    found = [leaf for leaf in _leaves(data) if leaf.compressed]
    made = [hist16(90, [100, 101, 400] * 9, flag) for flag in (1, 3)] + [histn(7, [*range(7, 70)])]
    return made + [data[leaf.start : leaf.end][:20_000] for leaf in found][:4]


def _leaves(data: bytes) -> Iterator[tree.Leaf]:
    at = 0
    while at + DGRAM_SIZE <= len(data):
        size = 20 + int.from_bytes(data[at + 36 : at + 40], "little")
        yield from tree.walk(data, at + DGRAM_SIZE, min(at + size, len(data)))[0]
        at += size


# every table: type, configuration, zeros behind the payload, the configuration's and its bytes


@functools.cache
def _types() -> list[tuple[tuple[int, int], registry.Entry]]:
    return sorted(registry.load_all().items())


def payload(data: bytes) -> None:
    """Read a payload of any type, with any configuration, and ask it everything."""
    if len(data) < 8:
        return
    (type_id, version), line = _types()[data[0] % len(_types())]
    zeros, length = _zeros(line, data[2]), int.from_bytes(data[4:6], "little")
    config = _config(line, data[1], data[8 : 8 + length])
    content = data[8 + length :] + bytes(zeros)
    word = type_id | version << 16
    known = {type(config): config}
    found = outcome(registry.decode, word, content, 0, len(content), known.get, "a.xtc", 0)
    if isinstance(found, Record):
        ask.record(found)
        ask.shown(found)


def _zeros(line: registry.Entry, number: int) -> int:
    """Return how many zeros follow; many only for frames, which are no lists of records."""
    return number - 128 << 15 if number >= 128 and line.configs else (number & 127) << 12


def _config(line: registry.Entry, which: int, data: bytes) -> Any:
    """Return a configuration of the bytes, zeros behind them; None when they are none."""
    if not line.configs:
        return None
    kind = line.configs[which % len(line.configs)]
    found = outcome(kind, data + bytes(kind.DTYPE.itemsize + 256), 0, None, None, "a.xtc")
    return None if isinstance(found, XtcError) else found


@functools.cache
def _recorded() -> dict[tuple[int, int], bytes]:
    """Return a payload of each type that the golden runs hold."""
    found: dict[tuple[int, int], bytes] = {}
    for base in bases():
        for name, data in base.files.items():
            for leaf in _leaves(data) if name.endswith(".xtc") else ():
                key = leaf.contains & 0xFFFF, leaf.contains >> 16 & 0x7FFF
                found.setdefault(key, data[leaf.start : leaf.end])
    return found


def _payloads() -> list[bytes]:
    found = []
    for number, (key, line) in enumerate(_types()):
        content = _recorded().get(key, bytes(line.record.DTYPE.itemsize))
        large = len(content) > 1 << 19
        zeros = min((len(content) >> 15) + 129, 255) if large else (len(content) >> 12) + 1
        for which, kind in enumerate(line.configs or (None,)):
            own = (kind.TypeId, kind.Version) if kind else (0, 0)  # type: ignore[attr-defined]
            config = _recorded().get(own, b"")[:20_000]
            head = bytes([number, which, zeros, 0]) + len(config).to_bytes(2, "little")
            found.append(head + bytes(2) + config + content[:4000])
    return found


def epics_value(data: bytes) -> None:
    """Read an archived value."""
    found = outcome(epics.read_pv, data, 0, len(data), "a.xtc")
    if isinstance(found, Record):
        ask.record(found)
        ask.shown(found)
        for i in range(min(max(found.numElements(), 0), 5)):
            found.value(i)


def _epics_values() -> list[bytes]:
    codes = [bytes([1, 0, code, 0, 2, 0]) + bytes(600) for code in sorted(epics.RECORDS)]
    return codes + [d for key, d in _recorded().items() if key[0] == 13]


# text


def geometry(data: bytes) -> None:
    """Read a geometry table; what is read is written, and read again as it was."""
    found = outcome(geometry_text.parse, data.decode("utf-8", "replace"))
    if not isinstance(found, XtcError):
        again = geometry_text.parse(geometry_text.write(found))
        assert again.rows == found.rows


def _geometries() -> list[bytes]:
    folder = resources.files("xtcview.calib") / "data"
    texts = [path.read_bytes() for path in folder.iterdir() if path.name.endswith(".data")]
    return [text[:4000] for text in texts] + [
        b"".join(text.splitlines(True)[-3:]) for text in texts
    ]


def constants_file(data: bytes) -> None:
    """Read constants of every kind."""
    text = data.decode("utf-8", "replace")
    outcome(constants.parse_numbers, text)
    path = room() / "0-end.data"
    path.write_bytes(data)
    for kind in constants.KINDS:
        outcome(constants.read_constants, path, kind)
        outcome(constants.read_constants, path, kind, (2, 3), True)


def _constants() -> list[bytes]:
    return [
        b"1 2 3\n4 5 6\n", b"# DTYPE float32\n# NDIM 2\n# DIM:0 2\n# DIM:1 3\n1 2 3 4 5 6\n",
        b"1 50 50 100\n", b"1e400 nan inf\n", b"# comment\n\n-1\n0x10\n", b"# DIM:0 999999999\n1\n",
    ]  # fmt: skip


def old_constants(data: bytes) -> None:
    """Read the geometry of a detector from before geometry files."""
    path = room() / "0-end.data"
    path.write_bytes(data)
    for device, kinds in old_geometry.KINDS.items():
        for kind in kinds:
            outcome(old_geometry.read, {kind: path}, device)


def _old_constants() -> list[bytes]:
    devices = old_geometry.KINDS.values()
    sizes = {int(np.prod(kind.shape)) for kinds in devices for kind in kinds.values()}
    return [b"# x\n" + b"90 " * size for size in sorted(sizes) if size < 2000]


def data_set(data: bytes) -> None:
    """Read a data set's text, and write it again."""
    text = data.decode("utf-8", "replace")
    found = outcome(dataset.parse, text)
    if not isinstance(found, XtcError):
        str(found)


def _data_sets() -> list[bytes]:
    return [
        b"exp=cxitut13:run=34:dir=/data/xtc:idx", b"exp=158:run=1-3,5:stream=0-4,80",
        b"exp=CXI/cxitut13:run=12:xtc", b"/data/e158-r0034-s01-c00.xtc", b"/data",
        b"exp=e158:smd", b"exp=e158:run=1:live:dir=/",
        b"exp=a:run=1-100000", b"\0", b"exp=a:dir=\0",
    ]  # fmt: skip


def source(data: bytes) -> None:
    """Read a source's text."""
    outcome(Source(data.decode("utf-8", "replace")).resolve)


def _sources() -> list[bytes]:
    return [
        b"DetInfo(CxiDs1.0:Cspad.0)", b"CxiDs1-0|Cspad-0", b"BldInfo(EBeam)", b"EBeam", b"*:*.1",
        b"ProcInfo(172.21.37.170)", b"DetInfo()", b"CxiDs1", b"ProcInfo(1.2.3.\xc2\xb2)",
    ]  # fmt: skip


TARGETS = {
    "whole_run": Target(whole_run, _scripts, 1 + 8 * 8),
    "index_file": Target(index_file, _indexes),
    "containers": Target(containers, _datagrams),
    "compressed": Target(compressed, _compressed, 20_000),
    "payload": Target(payload, _payloads, 24_100),
    "epics_value": Target(epics_value, _epics_values),
    "geometry": Target(geometry, _geometries),
    "constants": Target(constants_file, _constants),
    "old_constants": Target(old_constants, _old_constants, 8000),
    "data_set": Target(data_set, _data_sets, 200),
    "source": Target(source, _sources, 100),
}
