"""The two headers of an XTC file, and what their packed words mean.

An .xtc file is a plain sequence of datagrams: no file header, no trailer, no checksum.
Everything is little-endian. Origin: pdsdata/xtc Sequence.hh, ClockTime.hh, TimeStamp.hh,
Env.hh, Dgram.hh, Xtc.hh, TypeId.hh.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

XTC = np.dtype([
    ("damage",   "<u4"),  #  0  ids.Damage
    ("log",      "<u4"),  #  4  level << 24 | process id
    ("phy",      "<u4"),  #  8  detector, BLD type or IPv4 address
    ("contains", "<u4"),  # 12  type word
    ("extent",   "<u4"),  # 16  bytes, this header included; a multiple of 4
])  # 20  # fmt: skip

DGRAM = np.dtype([
    ("nanoseconds", "<u4"),  #  0  nanoseconds come first
    ("seconds",     "<u4"),  #  4  UNIX time
    ("low",         "<u4"),  #  8  ticks (24 bits), control (8)
    ("high",        "<u4"),  # 12  fiducial (17), vector (15)
    ("env",         "<u4"),  # 16  BeginRun: the run number
    ("root",        XTC),    # 20  the outermost container
])  # 40  # fmt: skip

XTC_SIZE = XTC.itemsize
DGRAM_SIZE = DGRAM.itemsize
ROOT = DGRAM_SIZE - XTC_SIZE  # a datagram occupies ROOT + root.extent bytes

# The same bytes for loops over single headers, where struct is ten times faster than numpy.
XTC_STRUCT = struct.Struct("<5I")
DGRAM_STRUCT = struct.Struct("<10I")

NO_FIDUCIAL = 0x1FFFF
FIDUCIALS = 131040  # the pulse id runs from 0 to FIDUCIALS - 1: 364 s at 360 Hz
MAX_DATAGRAM = 1 << 28  # bytes; psana's limit for a whole datagram (256 MiB)
COMPRESSED = 0x80000000


class Dgram(NamedTuple):
    """One datagram header."""

    nanoseconds: int
    seconds: int
    low: int
    high: int
    env: int
    damage: int
    log: int
    phy: int
    contains: int
    extent: int

    @property
    def service(self) -> int:
        """Transition number (`ids.Transition`)."""
        return self.low >> 24 & 0xF

    @property
    def fiducial(self) -> int:
        """360 Hz pulse id; `NO_FIDUCIAL` when there is none."""
        return self.high & 0x1FFFF

    @property
    def size(self) -> int:
        """Bytes of the whole datagram."""
        return ROOT + self.extent


def dgram(data: bytes | memoryview, offset: int = 0) -> Dgram:
    """Read the 40-byte header that starts at `offset`."""
    return Dgram(*DGRAM_STRUCT.unpack_from(data, offset))


def type_word(type_id: int, version: int, compressed: bool = False) -> int:
    """Return the word that names a payload: id (16 bits), version (15), compressed (1)."""
    return type_id | version << 16 | (COMPRESSED if compressed else 0)


def type_id(word: int) -> int:
    """Return the type id of a type word."""
    return word & 0xFFFF


def version(word: int) -> int:
    """Return the version of a type word, without the compression bit."""
    return word >> 16 & 0x7FFF


def level(log: int) -> int:
    """Return the level (`ids.Level`) of a source's log word."""
    return log >> 24
