"""An event's panels of a CSPAD or CSPAD2x2, straight from the file into one array.

The counts are read where they belong, with one scattered read, instead of being read and copied.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError, TruncatedError, UnsupportedTypeError
from xtcview.format.headers import COMPRESSED
from xtcview.format.src import Src
from xtcview.types import cspad, cspad2x2, registry
from xtcview.types.record import bits_reader, encode

from . import buffers
from .asics import stored_sections
from .event import Event
from .store import Item

QUADS, SECTIONS = 4, 8
CSPAD_SHAPE = (QUADS * SECTIONS, *cspad.SECTION)
_HEADERS = {cspad.DataV1: cspad.HeaderV1, cspad.DataV2: cspad.HeaderV2}
_SECTION_BYTES = 2 * cspad.SECTION[0] * cspad.SECTION[1]


class Raw(NamedTuple):
    """What an event holds of a detector.

    Parameters
    ----------
    panels : ndarray
        ADU, writable and the caller's own. CSPAD: int16 (32, 185, 388), segment = 8 * quad +
        section, absent segments 0; others: uint8 or uint16, (segments, rows, columns) or (rows,
        columns), as psana's `raw`.
    present : ndarray of bool
        (segments,).
    """

    panels: npt.NDArray[Any]
    present: npt.NDArray[np.bool_]


Reader = Callable[[Event, Src], Raw | None]


def read_cspad(evt: Event, src: Src) -> Raw | None:
    """Read the quads of an event, each to its place; None without data.

    Raises
    ------
    TruncatedError
        The payload ends before its quads do.
    FormatError, RunNotFoundError
        Of small data: the payload is not in the large file, or there is no such file.
    """
    item = evt.find(cspad.Data[::-1], src)
    if item is None:
        return None
    try:
        config = registry.config_for(item.word, lambda kind: evt.config.find(src, kind))
    except UnsupportedTypeError as error:
        evt.note(item, error.what)
        return None
    try:
        if item.word & COMPRESSED:
            return _copy_quads(item, item.value(evt.config.find))
        return _read_quads(item, config)
    except FormatError as error:
        evt.refuse(error)
        raise


def _check_quads(item: Item, numbers: list[int]) -> None:
    """Refuse a payload in which one quad would cover another."""
    if len(set(numbers)) < len(numbers):
        what = f"quads are numbered {numbers}, expected each once; the payload is damaged"
        raise FormatError(what, item.file.path, item.at)


def _copy_quads(item: Item, data: Any) -> Raw:
    """Copy the quads of an expanded payload."""
    panels, present = np.zeros(CSPAD_SHAPE, "<i2"), np.zeros(CSPAD_SHAPE[0], bool)
    quads = [data.quads(i) for i in range(data.quads_shape()[0])]
    _check_quads(item, [quad.quad() for quad in quads])
    for quad in quads:
        mask = quad.sectionMask()
        segments = [SECTIONS * quad.quad() + s for s in range(SECTIONS) if mask >> s & 1]
        panels[segments], present[segments] = quad.data(), True
    return Raw(panels, present)


class _Layout(NamedTuple):
    """What a configuration says of the quads: their headers, how many, segments of each."""

    header_size: int
    quad_of: Callable[[bytes], int]
    quads: int
    segments: tuple[tuple[int, ...], ...]


@lru_cache(maxsize=64)
def _layout(kind: Any, config: Any) -> _Layout:
    """Return the layout of a data class (`cspad.DataV1` or `V2`) under a configuration."""
    header = _HEADERS[kind]
    segments = []
    for quad in range(QUADS):
        mask = header(encode(header, quad=quad), config=config).sectionMask()
        segments.append(tuple(SECTIONS * quad + s for s in range(SECTIONS) if mask >> s & 1))
    size, quad_of = header.DTYPE.itemsize, bits_reader(header, "quad")
    return _Layout(size, quad_of, config.numQuads(), tuple(segments))


def _read_quads(item: Item, config: Any) -> Raw:
    """Read a payload with one call, headers aside and sections into the panels."""
    item.check()
    layout = _layout(item.kind, config)  # type: ignore[arg-type]
    size = layout.header_size
    panels, present = buffers.empty(CSPAD_SHAPE, "<i2"), np.zeros(CSPAD_SHAPE[0], bool)
    before, behind = bytearray(size), bytearray(cspad.TRAILER)
    targets: list[Any] = []
    numbers, pos = [], 0
    for _ in range(layout.quads):
        numbers.append(layout.quad_of(item.file.read(item.at + pos, size)))
        segments = layout.segments[numbers[-1]]
        if len(segments) == SECTIONS:
            targets += [before, panels[segments[0] : segments[-1] + 1], behind]
        else:
            targets += [before, *(panels[segment] for segment in segments), behind]
        present[list(segments)] = True
        pos += size + len(segments) * _SECTION_BYTES + cspad.TRAILER
    if pos > item.size:
        what = f"the quads need {pos} bytes, found {item.size}; payload or configuration is wrong"
        raise TruncatedError(what, item.file.path, item.at)
    _check_quads(item, numbers)
    item.file.scatter(item.at, targets, pos, registry.type_name(item.word))
    if not present.all():
        panels[~present] = 0
    return Raw(panels, present)


def read_cspad2x2(evt: Event, src: Src) -> Raw | None:
    """Give the two sections their own axis: the DAQ stores them pixel beside pixel.

    A section that the configuration does not read is absent; psana shows what stands there.
    """
    element = evt.get(cspad2x2.ElementV1, src)
    if element is None:
        return None
    present = stored_sections(evt.config, src)
    return Raw(np.ascontiguousarray(np.moveaxis(element.data(), -1, 0)), present)
