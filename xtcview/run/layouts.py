"""Contributions of equal layout: where payloads lie, found once for all that are built alike.

One datagram is walked; all others of the file with the same headers at the same places have their
payloads there too. So fields of many events are gathered by numpy, not event by event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError, XtcError
from xtcview.format.headers import DGRAM, DGRAM_SIZE, NO_FIDUCIAL, ROOT, XTC, XTC_SIZE, type_id
from xtcview.format.ids import Transition, TypeId
from xtcview.format.tree import walk_headers
from xtcview.types.smldata import ProxyV1

from .files import XtcFile
from .indexes import misplaced
from .proxies import read_originals
from .store import Item

_PIECE = 1 << 25  # bytes that are read at once
_DENSE = 1 << 14  # bytes from one datagram to the next up to which all between are read
_MOST = 256  # layouts of a file; what has none of them is read one by one
_PROXY, _PROXIED = ProxyV1.DTYPE.itemsize, ProxyV1.DTYPE.fields["type"][1]  # type: ignore[index]
Array = npt.NDArray[Any]


class Layout(NamedTuple):
    """Payloads of datagrams that are built alike."""

    rows: Array  # numbers of the datagrams among those that were given
    items: list[Item]  # of the first of them, in the order of bytes
    offset: int  # byte of the first


def layouts(file: XtcFile, offsets: Array, note: Callable[[str, int], None]) -> Iterator[Layout]:
    """Sort a file's datagrams by layout; those that cannot be read are left out.

    Parameters
    ----------
    file : XtcFile
    offsets : ndarray of int64
        Bytes of the datagrams, ascending.
    note : callable
        Receives what is wrong with a datagram, and the byte.
    """
    left = np.arange(len(offsets))
    for number in range(_MOST):
        if not len(left):
            return
        offset = int(offsets[left[0]])
        items = _items(file, offset, note)
        if items is None:
            left = left[1:]
            continue
        alike = _alike(file, offsets[left], offset) if number < _MOST - 1 else left[:1] == left
        yield Layout(left[alike], items, offset)
        left = left[~alike]
    for row in left:
        items = _items(file, int(offsets[row]), note)
        if items is not None:
            yield Layout(left[left == row], items, int(offsets[row]))


def _items(file: XtcFile, offset: int, note: Callable[[str, int], None]) -> list[Item] | None:
    """Return the payloads of a datagram; None when it cannot be read."""
    try:
        _, items, faults = read_originals(file, offset)
    except XtcError as error:
        note(error.what if isinstance(error, FormatError) else str(error), offset)
        return None
    for fault in faults:
        note(fault.what, fault.offset)
    return items


def in_place(
    file: XtcFile, offsets: Array, clocks: Array, note: Callable[[str, int], None]
) -> Array:
    """Return which datagrams are the events that the index says are there.

    Parameters
    ----------
    file, offsets, note
        As for `layouts`.
    clocks : ndarray of uint64, (datagrams, 3)
        Seconds, nanoseconds and fiducial.
    """
    if not len(offsets):
        return np.zeros(0, bool)
    there_now = offsets + DGRAM_SIZE <= file.size_now
    heads = np.zeros(len(offsets), DGRAM)
    if there_now.any():
        found = gather(file, offsets[there_now], DGRAM_SIZE, [0])
        heads[there_now] = found.view(DGRAM)[:, 0]
    fiducials = heads["high"] & NO_FIDUCIAL
    found = np.stack([heads["seconds"], heads["nanoseconds"], fiducials], axis=1)
    is_event = heads["low"] >> 24 & 0xF == Transition.L1Accept
    right: Array = (found == clocks).all(axis=1) & is_event
    ends = offsets + ROOT + heads["root"]["extent"]
    for row in np.flatnonzero(right & (ends > file.size_now)).tolist():
        note(f"the file has {file.size_now} bytes now, the datagram ends behind", int(offsets[row]))
    right &= ends <= file.size_now
    for row in np.flatnonzero(~right & (ends <= file.size_now)).tolist():
        wanted, there = (tuple(rows[row].tolist()) for rows in (clocks, found))
        note(misplaced(wanted, file, int(offsets[row]), there).what, int(offsets[row]))
    return right


def _alike(file: XtcFile, offsets: Array, first: int) -> Array:
    """Return which datagrams have the containers and payloads of the first."""
    headers, proxies = _header_places(file, first)
    same = np.ones(len(offsets), bool)
    for count, places in ((XTC_SIZE, headers), (4, proxies)):
        if places:
            fits = offsets + max(places) + count <= file.size
            own = gather(file, offsets[:1], count, places)
            same[fits] &= (gather(file, offsets[fits], count, places) == own).all(axis=1)
            same &= fits
    same[0] = True
    return same


def _header_places(file: XtcFile, offset: int) -> tuple[list[int], list[int]]:
    """List where a datagram has its headers, and where proxies name a type, by byte in it."""
    places = [20]
    head = np.frombuffer(file.read_exactly(offset, DGRAM_SIZE, "datagram header"), DGRAM)[0]
    end = offset + 20 + int(head["root"]["extent"])

    def header(at: int) -> tuple[int, ...]:
        places.append(at - offset)
        found: tuple[int, ...] = np.frombuffer(file.read_exactly(at, XTC_SIZE, "header"), XTC)[
            0
        ].item()
        return found

    leaves, _ = walk_headers(header, offset + DGRAM_SIZE, end)
    large = [x for x in leaves if file.is_small and type_id(x.contains) == TypeId.SmlDataProxy]
    return places, [x.start - offset + _PROXIED for x in large if x.end - x.start >= _PROXY]


def gather(file: XtcFile, offsets: Array, count: int, places: list[int]) -> Array:
    """Return `count` bytes at each of some places of each datagram.

    Returns
    -------
    ndarray of uint8, (datagrams, places * count)
    """
    within = np.concatenate([np.arange(place, place + count) for place in places])
    out = np.empty((len(offsets), len(within)), "u1")
    span = int(within.max()) + 1
    for start, end in _pieces(offsets, span):
        low = int(offsets[start])
        data = file.read_exactly(low, int(offsets[end - 1]) + span - low, "datagrams")
        block = np.frombuffer(data, "u1")
        out[start:end] = block[(offsets[start:end] - low)[:, None] + within]
    return out


def _pieces(offsets: Array, span: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of datagrams to read at once: close together, not too many bytes."""
    breaks = np.flatnonzero(np.diff(offsets) > max(_DENSE, span)) + 1
    for start, end in zip([0, *breaks.tolist()], [*breaks.tolist(), len(offsets)], strict=True):
        while start < end:
            stop = (
                int(np.searchsorted(offsets[start:end], offsets[start] + _PIECE, "right")) + start
            )
            yield start, max(stop, start + 1)
            start = max(stop, start + 1)


def is_event_code(item: Item) -> bool:
    """Return whether a payload lists event codes."""
    return item.word & 0xFFFF == TypeId.EvrData
