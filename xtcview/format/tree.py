"""Containers inside a datagram: the only walk over nested headers, bounds-checked.

Only type `Xtc` is a container; its payload is a sequence of containers and leaves. A header
that cannot be true ends its container: what stood before it is kept, and the fault is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .headers import COMPRESSED, DGRAM_SIZE, MAX_DATAGRAM, ROOT, XTC_SIZE, XTC_STRUCT
from .ids import Damage, Level, TypeId

# plain numbers: looking them up in their enumerations would cost as much as the walk
_INCOMPLETE = int(Damage.IncompleteContribution)
_XTC = int(TypeId.Xtc)
_LAST_LEVEL = int(Level.Reporter)


class Leaf(NamedTuple):
    """A payload and who sent it; `start` and `end` are positions in the walked buffer."""

    damage: int
    log: int
    phy: int
    contains: int
    start: int
    end: int

    @property
    def compressed(self) -> bool:
        """True when the payload must be expanded before its layout applies."""
        return bool(self.contains & COMPRESSED)


class Fault(NamedTuple):
    """A header that cannot be true: where it stands in the buffer, why, and what is lost."""

    offset: int
    what: str
    lost: str = "payloads behind it in its container are missing"


def walk(
    data: bytes | memoryview, start: int = DGRAM_SIZE, end: int | None = None
) -> tuple[list[Leaf], list[Fault]]:
    """List the leaves in a buffer in the order of their bytes.

    Parameters
    ----------
    data : bytes-like
        A datagram (its first byte at 0), or any sequence of containers.
    start, end : int
        The part of `data` to walk, in bytes; by default all behind the datagram's header.
    """
    stop = len(data) if end is None else end
    return walk_headers(lambda pos: XTC_STRUCT.unpack_from(data, pos), start, stop)


def walk_headers(
    header_at: Callable[[int], tuple[int, ...]], start: int, end: int
) -> tuple[list[Leaf], list[Fault]]:
    """List the leaves in [start, end) in the order of their bytes, reading headers only.

    Parameters
    ----------
    header_at : callable
        Gives the five words of the Xtc header at a byte; called inside [start, end - 20].
    start, end : int
        Bytes.

    Returns
    -------
    leaves : list of Leaf
        Payloads. A container marked as an incomplete contribution is listed and not entered.
    faults : list of Fault
        Headers at which the walk of a container had to stop.
    """
    leaves: list[Leaf] = []
    faults: list[Fault] = []
    pos, stop = start, end
    outer: list[int] = []  # ends of the containers around this one; explicit, so depth is free
    while True:
        if pos >= stop:
            if not outer:
                return leaves, faults
            stop = outer.pop()
            continue
        header = header_at(pos) if pos + XTC_SIZE <= stop else None
        fault = _fault(header, pos, stop)
        if header is None or fault:
            faults.append(Fault(pos, fault))
            pos = stop
            continue
        damage, log, phy, contains, extent = header
        if contains & 0xFFFF == _XTC and not damage & _INCOMPLETE:
            outer.append(stop)
            pos, stop = pos + XTC_SIZE, pos + extent
            continue
        leaves.append(Leaf(damage, log, phy, contains, pos + XTC_SIZE, pos + extent))
        pos += extent


def _fault(header: tuple[int, ...] | None, pos: int, stop: int) -> str:
    """Say why a header cannot be true; empty when it can."""
    if header is None:
        return f"{stop - pos} bytes left where a {XTC_SIZE}-byte Xtc header was expected"
    log, extent = header[1], header[4]
    if extent < XTC_SIZE:
        return f"Xtc extent {extent} is smaller than its {XTC_SIZE}-byte header"
    if extent & 3:
        return f"Xtc extent {extent} is not a multiple of 4"
    if pos + extent > stop:
        return f"Xtc extent {extent} reaches {pos + extent - stop} bytes beyond its container"
    if log >> 24 > _LAST_LEVEL:
        return f"Xtc level {log >> 24} does not exist"
    return ""


def root_fault(extent: int, available: int | None = None) -> str:
    """Say why a datagram's root extent cannot be true; empty when it can.

    Parameters
    ----------
    extent : int
        Root extent in bytes.
    available : int, optional
        Bytes from the datagram's start to the end of its file.
    """
    if extent < XTC_SIZE:
        return f"datagram extent {extent} is smaller than its {XTC_SIZE}-byte Xtc header"
    if extent & 3:
        return f"datagram extent {extent} is not a multiple of 4"
    if ROOT + extent > MAX_DATAGRAM:
        return f"datagram of {ROOT + extent} bytes, more than the DAQ's {MAX_DATAGRAM}"
    if available is not None and ROOT + extent > available:
        return f"datagram of {ROOT + extent} bytes, but only {available} are in the file"
    return ""
