"""Index files: bytes written by hand, the DAQ's own files, and every way to cut or bend them."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import GOLDEN, golden_json
from tests.support.outcome import outcome
from xtcview.errors import IndexFileError, XtcError
from xtcview.format.index import HEADER_V2, decode, encode

NAME = b"e158-r0034-s00-c00.xtc".ljust(32, b"\0")
TABLES = bytes.fromhex(
    "42dc5f53" "15cd5b07" "ceff0100"  # event: seconds, nanoseconds, fiducial 131022
    "c071040000000000"  # at byte 291264
    "02000000" "01000000" "02000000" "05000000"  # damage, damaged, empty, codes
    "5070040000000000" "00000000"  # calib cycle at byte 290896, first event 0
    "41dc5f53" "15322925"  # seconds, nanoseconds
    "8c28"  # event codes 140, 40
    "09200002" "012815ac" "01"  # segment 172.21.40.1 with one source
    "09200001" "00010000" "13000400"  # NoDetector.0:Evr.0, EvrData v4
)  # fmt: skip
V2 = (
    bytes.fromhex("26000200")
    + NAME
    + bytes.fromhex("010000000200010001000000030000000400000000000000")
    + TABLES
)
V1 = bytes.fromhex("26000100") + NAME + bytes.fromhex("0100020101000000") + TABLES

FILES = sorted((GOLDEN / "xtc" / "index").glob("*.idx"))
RECORDED = [n for n in FILES if ".v1." not in n.name]


@pytest.mark.parametrize(
    ("data", "version", "counters"), [(V1, 1, (0, 0, 0)), (V2, 2, (3, 4, 0))], ids=["V1", "V2"]
)
def test_bytes_written_by_hand(data, version, counters):
    found = decode(data)
    assert found.version == version
    assert found.name == "e158-r0034-s00-c00.xtc"
    assert found.nodes.tolist() == [(1398791234, 123456789, 131022, 291264, 2, 1, 2, 5)]
    assert found.calib_cycles.tolist() == [(290896, 0, 1398791233, 623456789)]
    assert found.codes.tolist() == [140, 40]
    assert (found.out_of_order, found.overlap_prev, found.overlap_next) == counters
    (segment,) = found.segments
    assert (int(segment.src["log"]), int(segment.src["phy"])) == (0x02002009, 0xAC152801)
    assert segment.sources.tolist() == [(0x01002009, 256)]
    assert segment.types.tolist() == [0x40013]
    assert encode(found) == data


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_the_daqs_files_come_back_byte_for_byte(path):
    data = path.read_bytes()
    assert encode(decode(data, path)) == data


@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.name)
def test_values_are_those_of_the_daqs_library(path):
    recorded = golden_json(f"json/{path.name[:10]}.idx.json.xz")["files"]
    theirs = next(f for f in recorded if f["file"] == path.name)
    ours = decode(path.read_bytes(), path)
    head = theirs["header"]
    assert ours.name == head["sXtcFilename"]
    assert [ours.out_of_order, ours.overlap_prev, ours.overlap_next] == [
        head[key] for key in ("iNumOutOrder", "iNumOverlapPrev", "iNumOverlapNext")
    ]
    assert [list(row) for row in ours.nodes.tolist()] == theirs["l1"]
    assert [list(row) for row in ours.calib_cycles.tolist()] == theirs["calib"]
    assert ours.codes.tolist() == theirs["evr_codes"]
    assert [_segment(s) for s in ours.segments] == [
        (
            (s["proc"]["log"], s["proc"]["phy"]),
            [(x["src"]["log"], x["src"]["phy"], x["typeid"]) for x in s["sources"]],
        )
        for s in theirs["segments"]
    ]


def _segment(segment):
    pairs = zip(segment.sources.tolist(), segment.types.tolist(), strict=True)
    return tuple(map(int, segment.src)), [(*src, word) for src, word in pairs]


def test_recorded_event_codes_follow_from_the_masks():
    (recorded, *_) = golden_json("json/e158-r0034.idx.json.xz")["files"]
    ours = decode((GOLDEN / "xtc" / "index" / recorded["file"]).read_bytes())
    codes = [
        [code for k, code in enumerate(ours.codes.tolist()) if mask >> k & 1]
        for mask in ours.nodes["codes"].tolist()
    ]
    assert codes == recorded["reader_evr_events"]


def test_both_header_versions_say_the_same():
    name = "e158-r0034-s00-c00{}.xtc.idx"
    new, old = (
        decode((GOLDEN / "xtc" / "index" / name.format(v)).read_bytes()) for v in ("", ".v1")
    )
    assert old.version == 1
    assert encode(dataclasses.replace(old, version=2)) == encode(new)


def test_nothing_is_copied():
    found = decode(V2)
    whole = np.frombuffer(V2, "u1")
    assert np.shares_memory(found.nodes, whole)


def test_a_long_name_is_cut():
    name = "cxitut13-and-much-more-r0034-s00-c00.xtc"
    found = decode(encode(dataclasses.replace(decode(V2), name=name)))
    assert found.name == name[:31]


@pytest.mark.parametrize("data", [V1, V2], ids=["V1", "V2"])
def test_every_cut_is_noticed(data):
    for size in range(len(data)):
        with pytest.raises(IndexFileError, match=r"x\.idx at byte \d+") as caught:
            decode(data[:size], "x.idx")
        assert caught.value.offset <= size


def test_bytes_behind_the_end_are_noticed():
    with pytest.raises(IndexFileError, match=f"byte {len(V2)}: 3 bytes behind"):
        decode(V2 + b"abc", "x.idx")


@pytest.mark.parametrize("word", ["00000000", "26000300", "26000000", "1c000200", "ffffffff"])
def test_what_is_no_index(word):
    with pytest.raises(IndexFileError, match="expected an index"):
        decode(bytes.fromhex(word) + V2[4:], "x.idx")


@pytest.mark.parametrize(
    ("at", "what"), [(36, "calib cycles"), (40, "event codes"), (44, "event nodes")]
)
@pytest.mark.parametrize("count", [0x7FFF, -1])
def test_a_count_that_lies(at, what, count):
    size = 2 if at == 40 else 4
    data = V2[:at] + count.to_bytes(size, "little", signed=True) + V2[at + size :]
    with pytest.raises(IndexFileError, match=what):
        decode(data, "x.idx")


def test_two_thousand_million_events_are_refused_at_once():
    data = V2[:44] + (0x7FFFFFFF).to_bytes(4, "little") + V2[48:]
    with pytest.raises(IndexFileError, match="expected 2147483647 event nodes of 36 bytes"):
        decode(data, "x.idx")


@given(st.binary(max_size=300))
def test_any_bytes(data):
    _result_or_error(data)


@given(st.data())
def test_any_byte_of_an_index_flipped(data):
    whole = bytearray(FILES[data.draw(st.integers(0, 3))].read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    _result_or_error(bytes(whole))


def _result_or_error(data):
    found = outcome(decode, data, "x.idx")
    if isinstance(found, XtcError):
        assert "x.idx" in str(found)
    else:
        again = encode(found)
        assert len(again) == len(data)
        assert decode(again).nodes.tolist() == found.nodes.tolist()


@pytest.mark.parametrize("count", [-1, -29184])
def test_a_negative_number_of_segments(count):
    head = np.zeros(1, HEADER_V2)
    head["word"], head["segments"] = 2 << 16 | 38, count
    with pytest.raises(IndexFileError, match=f"a.idx at byte 60: .* segments, found {count}"):
        decode(head.tobytes(), "a.idx")
