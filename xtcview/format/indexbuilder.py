"""Collects what the index of a file lists, datagram by datagram.

In the order, and with the counts, of the DAQ's own index tool (pdsdata/index IndexList.cc,
XtcIterL1Accept.hh).
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, NamedTuple

import numpy as np

from .headers import DGRAM_SIZE, NO_FIDUCIAL, XTC_SIZE, XTC_STRUCT, Dgram
from .ids import Damage, Level, TypeId
from .index import CALIB_CYCLE, NODE, SRC, Index, Segment
from .window import Window

_INCOMPLETE = int(Damage.IncompleteContribution)
_MASK_BITS = 32
_ALL = 0xFFFFFFFF
_PROXIED = slice(8, 12)  # in a proxy's payload: the type word (types.smldata)


class _Shape(NamedTuple):
    """Where the containers of an event lie, and what follows from their headers."""

    places: tuple[tuple[int, bytes], ...]  # byte in the datagram, header
    damaged: int
    empty: int
    evr: tuple[tuple[int, int], ...]  # first byte and end of event code payloads


def _type(window: Window, pos: int, header: tuple[int, ...]) -> int:
    """Return a leaf's type word; of a proxy in small data that of the payload behind it."""
    word, extent = header[3:]
    if word & 0xFFFF != TypeId.SmlDataProxy or extent < XTC_SIZE + _PROXIED.stop:
        return word
    payload = window.get(pos + XTC_SIZE, _PROXIED.stop)
    return int.from_bytes(payload[_PROXIED], "little")


def _is_evr(header: tuple[int, ...]) -> bool:
    return header[3] & 0xFFFF == TypeId.EvrData


def _span(at: int, header: tuple[int, ...]) -> tuple[int, int]:
    return at + XTC_SIZE, at + header[4]


class Builder:
    """Collects nodes, calib cycles, codes and segments in file order."""

    def __init__(self) -> None:
        self.nodes: list[tuple[int, ...]] = []
        self.clocks: list[tuple[int, ...]] = []  # (seconds, nanoseconds) of the nodes
        self.shapes: dict[int, _Shape] = {}  # by the datagram's extent
        self.cycles: list[tuple[int, ...]] = []
        self.codes: dict[int, int] = {}
        self.segments: dict[tuple[int, int], int] = {}
        self.leaves: dict[int, list[tuple[int, int, int]]] = {}
        self.out_of_order = self.forgotten = 0

    def calib_cycle(self, head: Dgram, offset: int) -> None:
        """Note a BeginCalibCycle."""
        first = self.forgotten + len(self.nodes)
        self.cycles.append((offset, first, head.seconds, head.nanoseconds))

    def event(self, head: Dgram, offset: int, window: Window) -> None:
        """Note an L1Accept."""
        if head.fiducial == NO_FIDUCIAL:
            return
        damaged = empty = codes = 0
        if not head.damage & _INCOMPLETE:  # else not entered
            damaged, empty, codes = self._content(head, offset, window)
        clock = head.seconds, head.nanoseconds
        self._insert((*clock, head.fiducial, offset, head.damage, damaged, empty, codes))

    def _content(self, head: Dgram, offset: int, window: Window) -> tuple[int, int, int]:
        """Return which segments are damaged, which are empty, and the event codes' bits."""
        shape = self.shapes.get(head.extent)
        if shape is not None and window.repeats(offset, shape.places):
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
            _, leaf_log, phy, _, extent = leaf
            contains = _type(window, pos, leaf)
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

    def forget_nodes(self) -> None:
        """Begin anew with the nodes; what comes is sorted among itself."""
        self.forgotten += len(self.nodes)
        self.nodes, self.clocks = [], []

    def finish(self, name: str) -> Index:
        """Return the index of what was noted."""
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
