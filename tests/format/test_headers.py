"""The two headers against bytes written by hand from the format's description."""

import numpy as np
import pytest

from xtcview.format import headers, index
from xtcview.format.headers import DGRAM, XTC, dgram
from xtcview.format.ids import TypeId

# An L1Accept of 2014-04-29 17:07:14.123456789, fiducial 131022, ticks 1000, vector 5, with one
# empty segment; the words as the DAQ puts them, nanoseconds first.
L1ACCEPT = bytes.fromhex(
    "15cd5b07"  # nanoseconds 123456789
    "42dc5f53"  # seconds     1398791234
    "e803000c"  # ticks 1000, control 0x0c: L1Accept
    "ceff0b00"  # fiducial 131022, vector 5
    "01020000"  # env
    "02000000"  # damage: dropped contribution
    "f82a0003"  # level Event, process 11000
    "aa2515ac"  # 172.21.37.170
    "01000100"  # Xtc, version 1
    "28000000"  # extent 40
    "00000000"  # segment: undamaged
    "0a200502"  # level Segment, process 335882
    "022815ac"  # 172.21.40.2
    "01000100"  # Xtc, version 1
    "14000000"  # extent 20: nothing inside
)
CONFIGURE = L1ACCEPT[:8] + bytes.fromhex("00000084ffff0100") + L1ACCEPT[16:]


@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        (DGRAM, 40),
        (XTC, 20),
        (index.HEADER_V2, 60),
        (index.HEADER_V1, 44),
        (index.NODE, 36),
        (index.CALIB_CYCLE, 20),
        (index.SRC, 8),
    ],
)
def test_size_on_disk(dtype, size):
    assert dtype.itemsize == size
    assert not dtype.isalignedstruct


def test_struct_and_table_are_the_same_layout():
    words = np.arange(1, 11, dtype="<u4")
    assert headers.DGRAM_STRUCT.unpack(words.tobytes()) == tuple(range(1, 11))
    assert words.view(DGRAM)[0]["root"]["extent"] == 10
    assert words.view(DGRAM)[0]["nanoseconds"] == 1
    assert (headers.DGRAM_STRUCT.size, headers.XTC_STRUCT.size) == (DGRAM.itemsize, XTC.itemsize)


def test_datagram_header():
    head = dgram(L1ACCEPT)
    assert (head.seconds, head.nanoseconds) == (1398791234, 123456789)
    assert head.service == 12
    assert head.fiducial == 131022
    assert (head.low & 0xFFFFFF, head.high >> 17) == (1000, 5)
    assert (head.env, head.damage) == (0x201, 2)
    assert (head.log >> 24, head.log & 0xFFFFFF, head.phy) == (3, 11000, 0xAC1525AA)
    assert (head.contains, head.extent) == (0x10001, 40)
    assert head.size == len(L1ACCEPT)


def test_datagram_header_as_a_table_row():
    row = np.frombuffer(L1ACCEPT, DGRAM, 1)[0]
    assert (int(row["seconds"]), int(row["nanoseconds"])) == (1398791234, 123456789)
    assert int(row["root"]["phy"]) == 0xAC1525AA


def test_transition_has_no_fiducial():
    head = dgram(CONFIGURE)
    assert head.service == 4
    assert head.fiducial == headers.NO_FIDUCIAL
    assert head.low >> 31 == 1  # extended


def test_header_behind_other_bytes():
    assert dgram(b"\xaa" * 12 + L1ACCEPT, 12) == dgram(L1ACCEPT)


def test_xtc_header():
    row = np.frombuffer(L1ACCEPT, XTC, 1, 40)[0]
    assert headers.level(int(row["log"])) == 2
    assert int(row["contains"]) == headers.type_word(TypeId.Xtc, 1)
    assert int(row["extent"]) == 20


@pytest.mark.parametrize(
    ("word", "number", "version", "compressed"),
    [(0x0002001C, 28, 2, False), (0x8002001C, 28, 2, True), (0x00010026, 38, 1, False)],
)
def test_type_word(word, number, version, compressed):
    assert (headers.type_id(word), headers.version(word)) == (number, version)
    assert headers.type_word(number, version, compressed) == word
