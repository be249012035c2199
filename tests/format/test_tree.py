"""The walk over containers: order, depth, and extents that lie."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtcview.format import tree
from xtcview.format.headers import DGRAM_SIZE
from xtcview.format.ids import Damage

XTC, FRAME = 0x10001, 0x10002
SEGMENT, DETECTOR, BLD = 2 << 24 | 7, 1 << 24 | 7, 6 << 24
INCOMPLETE = 1 << 15


def node(contains, log, *children, phy=0, damage=0, extent=None, payload=b""):
    content = payload + b"".join(children)
    extent = 20 + len(content) if extent is None else extent
    return struct.pack("<5I", damage, log, phy, contains, extent) + content


def leaf(number, **how):
    return node(FRAME, DETECTOR, phy=number, payload=bytes([number] * 4), **how)


def phys(leaves):
    return [found.phy for found in leaves]


def walk(data):
    return tree.walk(data, 0)


def test_order_is_that_of_the_bytes():
    data = node(XTC, SEGMENT, leaf(1), node(XTC, SEGMENT, leaf(2), leaf(3)), leaf(4)) + leaf(5)
    leaves, faults = walk(data)
    assert phys(leaves) == [1, 2, 3, 4, 5]
    assert not faults
    assert [data[found.start : found.end] for found in leaves] == [
        bytes([i] * 4) for i in phys(leaves)
    ]


def test_a_datagram_is_walked_behind_its_header():
    leaves, _ = tree.walk(bytes(DGRAM_SIZE) + leaf(3))
    assert phys(leaves) == [3]
    assert leaves[0].start == DGRAM_SIZE + 20


def test_part_of_a_buffer():
    data = leaf(1) + leaf(2) + leaf(3)
    assert phys(tree.walk(data, 24, 48)[0]) == [2]


def test_empty_containers_and_leaves():
    leaves, faults = walk(node(XTC, SEGMENT) + node(FRAME, DETECTOR, phy=9))
    assert not faults
    assert [(found.phy, found.end - found.start) for found in leaves] == [(9, 0)]


def test_nothing_at_all():
    assert walk(b"") == ([], [])


def test_depth_has_no_limit():
    data = leaf(1)
    for _ in range(3000):
        data = node(XTC, SEGMENT, data)
    leaves, faults = walk(data)
    assert phys(leaves) == [1]
    assert not faults
    assert leaves[0].start == 3000 * 20 + 20


@pytest.mark.parametrize(
    ("extent", "what"),
    [
        (0, "smaller"),
        (12, "smaller"),
        (19, "smaller"),
        (21, "multiple of 4"),
        (26, "multiple of 4"),
        (0xFFFFFFFF, "multiple of 4"),
        (0xFFFFFFFC, "beyond"),
        (52, "beyond"),
    ],
)
def test_an_extent_that_lies_ends_its_container(extent, what):
    inner = node(XTC, SEGMENT, leaf(1), leaf(2, extent=extent), leaf(3))
    data = inner + leaf(4)
    leaves, faults = walk(data)
    assert phys(leaves) == [1, 4]
    assert [fault.offset for fault in faults] == [20 + 24]
    assert what in faults[0].what
    assert str(extent) in faults[0].what


def test_the_largest_extent_that_fits_is_taken():
    leaves, faults = walk(node(XTC, SEGMENT, leaf(1), leaf(2, extent=48), leaf(3)))
    assert phys(leaves) == [1, 2]
    assert leaves[1].end - leaves[1].start == 28
    assert not faults


def test_a_container_that_lies_about_its_children():
    leaves, faults = walk(node(XTC, SEGMENT, leaf(1), extent=0x100) + leaf(2))
    assert not leaves
    assert [fault.offset for fault in faults] == [0]


@pytest.mark.parametrize("level", [7, 8, 0xFF])
def test_a_level_that_does_not_exist_ends_its_container(level):
    data = node(XTC, SEGMENT, leaf(1), node(FRAME, level << 24), leaf(3)) + leaf(4)
    leaves, faults = walk(data)
    assert phys(leaves) == [1, 4]
    assert f"level {level}" in faults[0].what


@pytest.mark.parametrize("rest", [1, 4, 19])
def test_bytes_too_few_for_a_header(rest):
    leaves, faults = walk(leaf(1) + bytes(rest))
    assert phys(leaves) == [1]
    assert faults == [tree.Fault(24, f"{rest} bytes left where a 20-byte Xtc header was expected")]


def test_an_incomplete_container_is_listed_and_not_entered():
    data = node(XTC, SEGMENT, leaf(1), phy=77, damage=INCOMPLETE) + leaf(2)
    leaves, faults = walk(data)
    assert phys(leaves) == [77, 2]
    assert leaves[0].damage == Damage.IncompleteContribution
    assert not faults


def test_other_damage_does_not_keep_a_container_closed():
    damage = Damage.DroppedContribution | Damage.ContainsIncomplete
    assert phys(walk(node(XTC, SEGMENT, leaf(1), damage=int(damage)))[0]) == [1]


def test_unknown_types_are_kept():
    leaves, faults = walk(node(0x7FFF, DETECTOR, phy=1) + node(0, BLD, phy=2, damage=2))
    assert [(found.contains, found.phy) for found in leaves] == [(0x7FFF, 1), (0, 2)]
    assert not faults


def test_compressed_leaf_says_so():
    leaves, _ = walk(node(0x8002001C, DETECTOR) + leaf(1))
    assert [found.compressed for found in leaves] == [True, False]


@pytest.mark.parametrize(
    ("extent", "available", "what"),
    [(19, None, "smaller"), (0, 100, "smaller"), (100, 119, "only 119"), (100, 120, "")],
)
def test_root_extent(extent, available, what):
    fault = tree.root_fault(extent, available)
    assert bool(fault) == bool(what)
    assert what in fault


@given(st.binary(max_size=400))
def test_any_bytes_end_in_leaves_within_them(data):
    leaves, faults = walk(data)
    assert len(leaves) + len(faults) <= len(data) // 20 + 1
    position = 0
    for found in leaves:
        assert position + 20 <= found.start <= found.end <= len(data)
        position = found.end
    assert all(0 <= fault.offset < len(data) and fault.what for fault in faults)


@given(st.data())
def test_one_wrong_byte_keeps_what_stood_before_it(data):
    whole = b"".join(node(XTC, SEGMENT, leaf(2 * i), leaf(2 * i + 1)) for i in range(4))
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[at] ^= data.draw(st.integers(1, 255))
    leaves, _ = walk(bytes(broken))
    before = [i for i in range(8) if 68 * (i // 2) + 20 + 24 * (i % 2 + 1) <= 68 * (at // 68)]
    assert phys(leaves)[: len(before)] == before
