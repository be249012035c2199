"""Compressed payloads: golden run 41 against run 42, which holds the same events uncompressed."""

import contextlib
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xtcview
from tests.support.compressed import block, hist16, histn
from xtcview.errors import FormatError, XtcError
from xtcview.format.compression import MAX_EXPANDED, expand
from xtcview.format.headers import COMPRESSED


def test_golden_run_expands_to_the_uncompressed_one(golden_dir):
    opened = [xtcview.open(f"exp=cxitut13:run={r}:dir={golden_dir}") for r in (41, 42)]
    compared = 0
    for packed, plain in zip(*(run.events() for run in opened), strict=True):
        keys = plain.keys()
        for key in keys:
            if key.type() is None or key.type() is xtcview.EventId:
                continue
            pair = [evt.get(key.type(), key.src()) for evt in (packed, plain)]
            assert repr(pair[0]) == repr(pair[1])
            items = [evt.find(key.type(), key.src()) for evt in (packed, plain)]
            if items[0].word & COMPRESSED:
                assert expand(items[0].data()) == bytes(items[1].data())
                compared += 1
    assert compared == 10
    detectors = [xtcview.Detector("CxiDs1.0:Cspad.0", run) for run in opened]
    for number in range(2):
        raws = [det.raw(run.event(number)) for det, run in zip(detectors, opened, strict=True)]
        assert raws[0].any()
        assert (raws[0] == raws[1]).all()
    for run in opened:
        run.close()


@pytest.mark.parametrize("flag", [1, 3])
@given(pixels=st.lists(st.integers(0, 65535), min_size=1, max_size=80), base=st.integers(0, 60000))
def test_hist16_by_hand(flag, pixels, base):
    assert expand(hist16(base, pixels, flag)) == b"HEAD" + np.array(pixels, "<u2").tobytes()


def test_stored_block_is_copied():
    assert expand(block(0, b"12345678", 8) + block(0, b"abcd", 4, b"")) == b"HEAD12345678abcd"


def test_wrong_checksum_is_refused():
    data = bytearray(hist16(100, [100, 101, 400]))
    data[28] ^= 1
    with pytest.raises(FormatError, match=r"a\.xtc at byte .*checksum"):
        expand(bytes(data), "a.xtc", 40)


@pytest.mark.parametrize("expanded", [1 << 28, 0xFFFFFFFF])
def test_lying_size_allocates_nothing(expanded):
    with pytest.raises(FormatError, match="more than any frame"):
        expand(block(1, bytes(100), expanded))


@given(data=st.binary(max_size=200), where=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_damage_gives_a_result_or_an_error(data, where, bit):
    good = bytearray(hist16(500, [500, 600, 700, 9000, 501] * 5, 3))
    good[where % len(good)] ^= 1 << bit
    for payload in (data, bytes(good), bytes(good[: where % len(good)])):
        with contextlib.suppress(XtcError):
            assert isinstance(expand(payload, "a.xtc"), bytes)


def test_histn_by_hand():
    assert (
        expand(histn(300, range(300, 340))) == b"HEAD" + np.arange(300, 340, dtype="<u2").tobytes()
    )


@pytest.mark.parametrize(("short", "stored"), [(0, 0), (1, 1 << 20)])
def test_a_map_of_a_frame_that_is_not_there_takes_little_memory(short, stored):
    """A few runs of a bit map can stand for millions of pixels."""
    count = (MAX_EXPANDED - 8) // 2
    runs = np.array([(65535, 0xFFFF)] * (count // 16 // 65535 + 1), "<u2")
    body = struct.pack("<HHII", 16, short, 0, stored) + bytes(stored)
    body += struct.pack("<I", runs.size) + runs.tobytes()
    head = struct.pack("<HHII", 3, 2, 1, len(body))  # its checksum is wrong
    tracemalloc.start()
    with pytest.raises(FormatError, match=r"checksum|are stored"):
        expand(block(2, head + body, 2 * count), "a.xtc")
    assert tracemalloc.get_traced_memory()[1] < 200 << 20
    tracemalloc.stop()
