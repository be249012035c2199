"""The index made from a file is the DAQ's own, byte for byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import runs
from xtcview.format import index, indexer, writer
from xtcview.format.headers import type_word
from xtcview.format.ids import Transition, TypeId
from xtcview.types import evr
from xtcview.types.record import encode

FILES = [
    "e158-r0034-s00-c00",
    "e158-r0034-s01-c00",
    "e158-r0034-s02-c00",
    "e158-r0037-s00-c00",
    "e158-r0039-s00-c00",
    "e158-r0039-s01-c00",
    "e158-r0039-s80-c00",
    "e158-r0042-s00-c00",
    "e158-r0044-s00-c00",
]


def scan(data, name="x.xtc"):
    return indexer.scan(lambda offset, size: data[offset : offset + size], len(data), name)


@pytest.mark.parametrize("name", FILES)
def test_the_daqs_index_byte_for_byte(golden_dir, name):
    found = scan((golden_dir / f"{name}.xtc").read_bytes(), f"{name}.xtc")
    assert index.encode(found.index) == (golden_dir / "index" / f"{name}.xtc.idx").read_bytes()
    assert bool(found.fault) == ("r0044" in name)


def test_transitions_and_end(golden_dir):
    data = (golden_dir / "e158-r0034-s00-c00.xtc").read_bytes()
    found = scan(data)
    names = [Transition(head.service).name for _, head in found.transitions]
    cycle = ["BeginCalibCycle", "Enable", "Disable", "EndCalibCycle"]
    assert names[:10] == ["Configure", "BeginRun", *cycle, *cycle]
    assert "EndRun" in names
    assert (found.end, found.fault) == (len(data), "")


def test_a_cut_file_is_indexed_up_to_the_cut(golden_dir):
    found = scan((golden_dir / "e158-r0044-s00-c00.xtc").read_bytes())
    assert len(found.index.nodes) == 1
    assert "only" in found.fault
    assert found.end < 2826918


def _stream(*events, cycle=()):
    return b"".join([*runs.begin(), *runs.cycle(0, events, *cycle)])


def test_late_events_are_put_in_their_place():
    events = [runs.event(i) for i in (0, 3, 1, 2, 4)]
    found = scan(_stream(*events)).index
    assert found.nodes["fiducial"].tolist() == [0, 3, 6, 9, 12]
    # event 1 was compared with 3; event 2 with 3; each comparison in which it was not later counts
    assert found.out_of_order == 2


def test_equal_times_stay_in_the_order_of_the_file():
    events = [runs.event(0, fiducial=f) for f in (30, 10, 20)]
    found = scan(_stream(*events)).index
    assert found.nodes["fiducial"].tolist() == [30, 10, 20]
    assert (np.diff(found.nodes["offset"]) > 0).all()


def test_an_event_without_fiducial_is_left_out():
    found = scan(_stream(runs.event(0), runs.event(1, fiducial=0x1FFFF), runs.event(2))).index
    assert found.nodes["fiducial"].tolist() == [0, 6]


def test_masks_name_empty_and_damaged_segments():
    full, hurt = runs.frame(1), writer.container(runs.segment(2), runs.frame(2), damage=2)
    first = runs.event(0, writer.container(runs.segment(1), full), hurt)
    second = runs.event(1, writer.container(runs.segment(2)))
    third = runs.event(2, writer.container(runs.segment(1)), runs.archiver(number=3))
    nodes = scan(_stream(first, second, third)).index.nodes
    assert nodes["empty"].tolist() == [0b00, 0b10, 0b101]
    assert nodes["damaged"].tolist() == [0b10, 0, 0]


def test_segments_beyond_the_masks():
    events = [runs.event(0, *(writer.container(runs.segment(k), runs.frame(k)) for k in range(34)))]
    events.append(runs.event(1, writer.container(runs.segment(33))))
    found = scan(_stream(*events)).index
    assert len(found.segments) == 34
    assert found.nodes["empty"].tolist() == [0, 0xFFFFFFFF]


def test_an_archivers_segment_lists_its_first_leaf_only():
    values = runs.archiver(runs.pv_time(0, 1.0), runs.pv_time(1, 2.0))
    (segment,) = scan(_stream(runs.event(0, values))).index.segments
    assert segment.types.tolist() == [type_word(TypeId.Epics, 1)]


def _evr(*codes):
    fifo = b"".join(encode(evr.FIFOEvent, eventCode=code) for code in codes)
    payload = encode(evr.DataV4, numFifoEvents=len(codes), fifoEvents=fifo)
    return runs.leaf(evr.DataV4, runs.det_info(0, 0, 1, 0), payload)


def test_event_codes():
    events = [
        runs.event(0, writer.container(runs.segment(1), _evr(140, 40))),
        runs.event(1, writer.container(runs.segment(1), _evr(40, 67))),
        runs.event(2, writer.container(runs.segment(1), runs.frame(1), _evr(99))),
    ]
    found = scan(_stream(*events)).index
    assert found.codes.tolist() == [140, 40, 67]  # 99 stands behind the first leaf: not looked at
    assert found.nodes["codes"].tolist() == [0b011, 0b110, 0]


def test_a_lying_number_of_event_codes():
    payload = (0xFFFFFFFF).to_bytes(4, "little") + encode(evr.FIFOEvent, eventCode=7)
    segment = writer.container(
        runs.segment(1), runs.leaf(evr.DataV4, runs.det_info(0, 0, 1, 0), payload)
    )
    assert scan(_stream(runs.event(0, segment))).index.codes.tolist() == [7]


def test_an_incomplete_datagram_is_listed_and_not_entered():
    found = scan(_stream(runs.event(0, damage=1 << 15))).index
    assert len(found.nodes) == 1
    assert not found.segments


def test_a_corrupt_leaf_ends_its_container_only():
    broken = runs.frame(1)[:16] + (3).to_bytes(4, "little")
    segment = writer.container(runs.segment(1), runs.frame(1), broken)
    found = scan(_stream(runs.event(0, segment), runs.event(1))).index
    assert len(found.nodes) == 2
    assert len(found.segments[0].types) == 1


def test_calib_cycles_count_the_events_before_them():
    data = b"".join([*runs.begin(), *runs.cycle(0, [runs.event(0)]), *runs.cycle(1, [])])
    cycles = scan(data).index.calib_cycles
    assert cycles["first"].tolist() == [0, 1]
    assert cycles["seconds"].tolist() == [runs.T0 + 10, runs.T0 + 110]


WHOLE = _stream(*(runs.event(i, runs.camera_segment(i), runs.archiver()) for i in range(3)))


@given(st.integers(0, len(WHOLE)))
def test_cut_anywhere(size):
    found = scan(WHOLE[:size])
    assert found.end <= size
    assert bool(found.fault) == (found.end < size)
    assert len(found.index.nodes) <= 3


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_any_byte_flipped(at, change):
    data = bytearray(WHOLE)
    data[at] ^= change
    found = scan(bytes(data))
    assert found.end <= len(data)
    again = index.decode(index.encode(found.index))
    assert again.nodes.tolist() == found.index.nodes.tolist()


@given(st.lists(st.integers(0, 8), max_size=30))
def test_events_in_any_order_are_counted_as_the_daq_does(order):
    """Held against the DAQ's own way: step back from the end, one comparison at a time."""
    nodes, counted = [], 0
    for i, at in enumerate(order):
        place = len(nodes)
        while place and at <= nodes[place - 1][0]:
            counted += 1
            if at == nodes[place - 1][0]:
                break
            place -= 1
        nodes.insert(place, (at, i))
    made = [runs.event(0, time=(7, at), fiducial=i) for i, at in enumerate(order)]
    found = scan(_stream(*made)).index
    assert found.nodes["fiducial"].tolist() == [i for _, i in nodes]
    assert found.out_of_order == counted


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(1, 3))
def test_going_on_is_the_same_as_one_pass(kinds, pieces):
    parts = {
        0: [runs.camera_segment(1)],
        1: [runs.camera_segment(1, damage=1 << 12)],
        2: [runs.camera_segment(1), runs.archiver()],
        3: [runs.archiver(runs.pv_time(1, 2.0)), runs.camera_segment(1)],
        4: [writer.container(runs.segment(1), runs.frame(1), damage=1)],
        5: [runs.camera_segment(1, runs.CAMERA_2)],
    }
    data = _stream(*(runs.event(i, *parts[kind]) for i, kind in enumerate(kinds)))
    read = lambda offset, size: data[offset : offset + size]  # noqa: E731
    scanner = indexer.Scanner(read, "x.xtc")
    for size in range(0, len(data), max(len(data) // pieces - 7, 1)):
        scanner.advance(size)
    scanner.advance(len(data))
    whole = scan(data)
    assert index.encode(scanner.index) == index.encode(whole.index)
    with pytest.MonkeyPatch.context() as patch:  # without the short way for alike events
        patch.setattr(indexer.Window, "repeats", lambda *_: False)
        assert index.encode(scan(data).index) == index.encode(whole.index)
    assert (scanner.end, scanner.fault) == (len(data), "")
