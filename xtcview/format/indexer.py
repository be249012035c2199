"""Make the index of an .xtc file by reading its headers once.

Follows the DAQ's own index tool in what it lists and in which order (pdsdata/index
IndexList.cc, XtcIterL1Accept.hh), so that the result is the same file, byte for byte.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .headers import (
    DGRAM_SIZE,
    NO_FIDUCIAL,
    XTC_SIZE,
    XTC_STRUCT,
    Dgram,
    dgram,
)
from .ids import Damage, Level, Transition, TypeId
from .index import CALIB_CYCLE, NODE, SRC, Index, Segment
from .tree import root_fault

Read = Callable[[int, int], bytes]  # (offset, size) -> at most `size` bytes
PIECE = 1 << 12  # bytes read at once around a header
_MASK_BITS = 32
_ALL = 0xFFFFFFFF


class Scanner:
    """Indexes a file in one pass, which can go on when the file has grown.

    Parameters
    ----------
    read : callable
        ``read(offset, size) -> bytes``.
    name : str
        Base name of the .xtc file.

    Attributes
    ----------
    end : int
        Byte behind the last whole datagram that was read.
    fault : str
        Why the pass ended there; empty at the end of the file.
    transitions : list of (int, Dgram)
        Byte offset and header of every datagram that is not an L1Accept.
    """

    def __init__(self, read: Read, name: str) -> None:
        self.name, self.end, self.fault = name, 0, ""
        self.transitions: list[tuple[int, Dgram]] = []
        self._builder, self._window = _Builder(), Window(read)

    def advance(self, size: int, stop: int | None = None) -> None:
        """Read on to the end of a file of `size` bytes, or to a datagram that is not whole.

        With `stop`, only to the first datagram that begins at or behind this byte.
        """
        self._window.data, self.fault = b"", ""  # bytes seen at the last end may be zeros no more
        while self.end < (size if stop is None else stop):
            left = size - self.end
            if left < DGRAM_SIZE:
                wanted = f"a {DGRAM_SIZE}-byte datagram header was expected"
                self.fault = f"{left} bytes left where {wanted}"
                return
            head = dgram(self._window.get(self.end, DGRAM_SIZE))
            self.fault = root_fault(head.extent, left)
            if self.fault:
                return
            self._add(head)
            self.end += head.size

    def _add(self, head: Dgram) -> None:
        if head.service == Transition.L1Accept:
            self._builder.event(head, self.end, self._window)
            return
        self.transitions.append((self.end, head))
        if head.service == Transition.BeginCalibCycle:
            self._builder.calib_cycle(head, self.end)

    @property
    def index(self) -> Index:
        """Index of what was read so far, made anew."""
        return self._builder.finish(self.name)


def scan(read: Read, size: int, name: str) -> Scanner:
    """Index a file of `size` bytes.

    Parameters
    ----------
    read : callable
        ``read(offset, size) -> bytes``.
    size : int
        Length of the file in bytes.
    name : str
        Base name of the .xtc file.
    """
    scanner = Scanner(read, name)
    scanner.advance(size)
    return scanner


class Window:
    """Gives header bytes from a file, reading a piece around them at a time.

    Parameters
    ----------
    read : callable
        ``read(offset, size) -> bytes``.
    """

    def __init__(self, read: Read) -> None:
        self.read = read
        self.start, self.data = 0, b""

    def get(self, offset: int, count: int) -> bytes:
        """Return `count` bytes; zeros behind the end of the file."""
        if not self.start <= offset <= self.start + len(self.data) - count:
            self.start, self.data = offset, self.read(offset, max(PIECE, count))
        at = offset - self.start
        return self.data[at : at + count].ljust(count, b"\0")

    def header(self, offset: int) -> tuple[int, ...]:
        """Return the five words of the Xtc header at a byte."""
        at = offset - self.start
        if 0 <= at <= len(self.data) - XTC_SIZE:
            return XTC_STRUCT.unpack_from(self.data, at)
        return XTC_STRUCT.unpack(self.get(offset, XTC_SIZE))

    def repeats(self, offset: int, shape: _Shape) -> bool:
        """Return whether the datagram at a byte has exactly these headers."""
        at, data = offset - self.start, self.data
        if at < 0 or at + shape.places[-1][0] + XTC_SIZE > len(data):
            return all(self.get(offset + pos, XTC_SIZE) == header for pos, header in shape.places)
        places = shape.places
        return all(data[at + pos : at + pos + XTC_SIZE] == header for pos, header in places)

    def children(
        self, start: int, end: int, most: int = 1 << 30
    ) -> list[tuple[int, tuple[int, ...]]]:
        """List (offset, header) of the containers side by side in [start, end)."""
        found: list[tuple[int, tuple[int, ...]]] = []
        pos = start
        while pos + XTC_SIZE <= end and len(found) < most:
            header = self.header(pos)
            damage, log, _, contains, extent = header
            if extent < XTC_SIZE or extent & 3 or pos + extent > end or log >> 24 > Level.Reporter:
                break
            if damage & Damage.IncompleteContribution or (contains & 0xFFFF == 0 and not damage):
                break
            found.append((pos, header))
            pos += extent
        return found


class _Shape(NamedTuple):
    """Where the containers of an event lie, and what follows from their headers."""

    places: tuple[tuple[int, bytes], ...]  # byte in the datagram, header
    damaged: int
    empty: int
    evr: tuple[tuple[int, int], ...]  # first byte and end of event code payloads


def _is_evr(header: tuple[int, ...]) -> bool:
    return header[3] & 0xFFFF == TypeId.EvrData


def _span(at: int, header: tuple[int, ...]) -> tuple[int, int]:
    return at + XTC_SIZE, at + header[4]


class _Builder:
    """Collects nodes, calib cycles, codes and segments in file order."""

    def __init__(self) -> None:
        self.nodes: list[tuple[int, ...]] = []
        self.clocks: list[tuple[int, ...]] = []  # (seconds, nanoseconds) of the nodes
        self.shapes: dict[int, _Shape] = {}  # by the datagram's extent
        self.cycles: list[tuple[int, ...]] = []
        self.codes: dict[int, int] = {}
        self.segments: dict[tuple[int, int], int] = {}
        self.leaves: dict[int, list[tuple[int, int, int]]] = {}
        self.out_of_order = 0

    def calib_cycle(self, head: Dgram, offset: int) -> None:
        self.cycles.append((offset, len(self.nodes), head.seconds, head.nanoseconds))

    def event(self, head: Dgram, offset: int, window: Window) -> None:
        if head.fiducial == NO_FIDUCIAL:
            return
        damaged = empty = codes = 0
        if not head.damage & Damage.IncompleteContribution:  # else not entered
            damaged, empty, codes = self._content(head, offset, window)
        clock = head.seconds, head.nanoseconds
        self._insert((*clock, head.fiducial, offset, head.damage, damaged, empty, codes))

    def _content(self, head: Dgram, offset: int, window: Window) -> tuple[int, int, int]:
        """Return which segments are damaged, which are empty, and the event codes' bits."""
        shape = self.shapes.get(head.extent)
        if shape is not None and window.repeats(offset, shape):
            codes = 0
            for start, end in shape.evr:
                codes |= self._codes(window, offset + start, offset + end)
            return shape.damaged, shape.empty, codes
        return self._new_content(head, offset, window)

    def _new_content(self, head: Dgram, offset: int, window: Window) -> tuple[int, int, int]:
        """Walk the segments; remember their shape, since most events look like the one before."""
        damaged = empty = codes = 0
        start, end = offset + DGRAM_SIZE, offset + head.size
        settled, places, evr = True, [], []
        for pos, header in window.children(start, end):
            damage, log, phy, contains, extent = header
            places.append((pos - offset, header))
            start = pos + extent
            if log >> 24 != Level.Segment:
                continue
            number = self.segments.setdefault((log & 0xFFFFFF, phy), len(self.segments))
            bit = 1 << number if number < _MASK_BITS else _ALL
            damaged |= bit if damage else 0
            empty |= bit if extent == XTC_SIZE else 0
            if contains & 0xFFFF == TypeId.Xtc and extent > XTC_SIZE:
                settled &= number in self.leaves
                first = window.children(pos + XTC_SIZE, start, 1)
                codes |= self._segment(number, window, pos + XTC_SIZE, start)
                settled &= bool(first)
                places += [(at - offset, leaf) for at, leaf in first]
                evr += [_span(at - offset, leaf) for at, leaf in first if _is_evr(leaf)]
        if settled and places and start == end:
            packed = tuple((at, XTC_STRUCT.pack(*header)) for at, header in places)
            self.shapes[head.extent] = _Shape(packed, damaged, empty, tuple(evr))
        return damaged, empty, codes

    def _segment(self, number: int, window: Window, start: int, end: int) -> int:
        """Note a segment's leaves the first time it has any; return its event codes' bits."""
        known = number in self.leaves
        codes = 0
        listed = []
        for pos, leaf in window.children(start, end, 1 if known else 1 << 30):
            _, leaf_log, phy, contains, extent = leaf
            listed.append((leaf_log, phy, contains))
            if _is_evr(leaf):
                codes |= self._codes(window, pos + XTC_SIZE, pos + extent)
            if known or contains & 0xFFFF == TypeId.Epics:
                break
        if listed and not known:
            self.leaves[number] = listed
        return codes

    def _codes(self, window: Window, start: int, end: int) -> int:
        count = int.from_bytes(window.get(start, 4), "little") if end - start >= 4 else 0
        count = min(count, (end - start - 4) // 12)
        fifo = np.frombuffer(window.get(start + 4, 12 * count), "<u4").reshape(count, 3)
        mask = 0
        for code in fifo[:, 2].tolist():
            number = self.codes.setdefault(code & 0xFF, len(self.codes))
            mask |= 1 << number if number < _MASK_BITS else _ALL
        return mask

    def _insert(self, node: tuple[int, ...]) -> None:
        """Keep the nodes sorted by time; equal times stay in file order.

        Counts, as the DAQ's tool does, every node that is later, and one that is equal.
        """
        clock = node[:2]
        if not self.clocks or clock > self.clocks[-1]:
            self.nodes.append(node)
            self.clocks.append(clock)
            return
        at = bisect_right(self.clocks, clock)
        equal = at > 0 and self.clocks[at - 1] == clock
        self.out_of_order += len(self.clocks) - at + equal
        self.nodes.insert(at, node)
        self.clocks.insert(at, clock)

    def finish(self, name: str) -> Index:
        segments = []
        for (pid, phy), number in self.segments.items():
            listed = self.leaves.get(number, [])
            src = np.array((Level.Segment << 24 | pid, phy), SRC)[()]
            sources = np.array([leaf[:2] for leaf in listed], SRC)
            segments.append(Segment(src, sources, np.array([leaf[2] for leaf in listed], "<u4")))
        return Index(
            name,
            _table(self.nodes, NODE),
            _table(self.cycles, CALIB_CYCLE),
            np.array(list(self.codes), "u1"),
            tuple(segments),
            out_of_order=self.out_of_order,
        )


def _table(rows: list[tuple[int, ...]], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    return np.array(rows, dtype)
