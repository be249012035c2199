"""What datagrams look like: most are built like one before, so that their headers need no walk.

The walk over a datagram depends on nothing but the headers at the places that it visits. Where
these are the same bytes, the payloads are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from xtcview.format.headers import DGRAM_SIZE, XTC_STRUCT, Dgram
from xtcview.format.src import Src, make_src
from xtcview.format.tree import Fault, Leaf, walk_headers
from xtcview.format.window import Window

if TYPE_CHECKING:
    from .files import XtcFile

_MOST = 256  # shapes of a file that are kept

Payload = tuple[Src, int, int, int, int]  # source, type word, damage, byte in the datagram, size


class Shape(NamedTuple):
    """Where the containers of a datagram lie, and what follows from their headers."""

    places: tuple[tuple[int, bytes], ...]  # byte in the datagram, headers side by side
    payloads: tuple[Payload, ...]  # in the order of bytes


def payloads(
    file: XtcFile, offset: int, head: Dgram, data: bytes
) -> tuple[tuple[Payload, ...], list[Fault]]:
    """List the payloads of the datagram at a byte of a file.

    Parameters
    ----------
    file : XtcFile
    offset : int
    head : Dgram
        Its header.
    data : bytes
        Its first bytes.

    Returns
    -------
    payloads : tuple of Payload
        In the order of bytes.
    faults : list of Fault
        Headers that cannot be true, by their byte in the file.
    """
    window = Window(file.read)
    window.start, window.data = offset, data
    shape = file.shapes.get(head.extent)
    if shape is not None and window.repeats(offset, shape.places):
        return shape.payloads, []
    shape, faults = _walked(window, offset, head)
    if not faults:
        if len(file.shapes) >= _MOST:
            file.shapes.clear()
        file.shapes[head.extent] = shape
    return shape.payloads, faults


def _walked(window: Window, offset: int, head: Dgram) -> tuple[Shape, list[Fault]]:
    places: list[tuple[int, bytes]] = []

    def header_at(pos: int) -> tuple[int, ...]:
        header = window.header(pos)
        place, known = places.pop() if places else (pos - offset, b"")
        if place + len(known) < pos - offset:
            places.append((place, known))
            place, known = pos - offset, b""
        places.append((place, known + XTC_STRUCT.pack(*header)))
        return header

    leaves, faults = walk_headers(header_at, offset + DGRAM_SIZE, offset + head.size)
    return Shape(tuple(places), tuple(_payload(leaf, offset) for leaf in leaves)), faults


def _payload(leaf: Leaf, offset: int) -> Payload:
    src = make_src(leaf.log, leaf.phy)
    return src, leaf.contains, leaf.damage, leaf.start - offset, leaf.end - leaf.start
