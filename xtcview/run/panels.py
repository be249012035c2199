"""Area detectors other than the CSPAD: device -> how an event's panels are read.

A payload is read once, into memory of its own, and the panels are a view of it: nothing is
copied, except links of a pnCCD and what was compressed. Which class of payload serves a device,
and the order of trying, are psana's (package Detector, PyDataAccess).
"""

from __future__ import annotations

from functools import wraps
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError, UnsupportedTypeError
from xtcview.format.headers import COMPRESSED
from xtcview.format.src import Src
from xtcview.types import camera, registry
from xtcview.types.record import Record, raw

from . import buffers
from .event import Event
from .frames import Raw, Reader, read_cspad, read_cspad2x2
from .served import Derived
from .store import Item

Array = npt.NDArray[Any]

# devices whose events hold a Camera.FrameV1
FRAME_DEVICES = (
    "Opal1000",
    "Opal2000",
    "Opal4000",
    "Opal8000",
    "Tm6740",
    "OrcaFl40",
    "Quartz4A150",
    "Rayonix",
    "Fccd",
    "ControlsCamera",
    "StreakC7700",
    "Archon",
)


class Payload(NamedTuple):
    """Where the panels of a device are.

    Parameters
    ----------
    module : str
        Of `xtcview.types`; imported when first read.
    kinds : tuple of str
        Classes, in the order psana tries them.
    field : str
        The panels in them, uint16.
    ndim : int
        Axes of psana's `raw`: (rows, columns), or with segments in front.
    """

    module: str
    kinds: tuple[str, ...]
    field: str
    ndim: int = 2


_ELEMENTS = ("ElementV3", "ElementV2", "ElementV1")
PAYLOADS = {
    "Alvium": Payload("vimba", ("FrameV1",), "data"),
    "Andor": Payload("andor", ("FrameV1",), "data"),
    "DualAndor": Payload("andor3d", ("FrameV1",), "data", 3),
    "Epix": Payload("epix", _ELEMENTS, "frame"),
    "Epix10k": Payload("epix", _ELEMENTS, "frame"),
    "Epix100a": Payload("epix", _ELEMENTS, "frame"),
    "Epix10ka": Payload("epix", _ELEMENTS, "frame", 3),  # psana: (1, rows, columns)
    "Epix10kaQuad": Payload("epix", ("ArrayV1",), "frame", 3),
    "Epix10ka2M": Payload("epix", ("ArrayV1",), "frame", 3),
    "Fli": Payload("fli", ("FrameV1",), "data"),
    "Jungfrau": Payload("jungfrau", ("ElementV2", "ElementV1"), "frame", 3),
    "Pimax": Payload("pimax", ("FrameV1",), "data"),
    "Pixis": Payload("pixis", ("FrameV1",), "data"),
    "Princeton": Payload("princeton", ("FrameV2", "FrameV1"), "data"),
    "Timepix": Payload("timepix", ("DataV2",), "data"),  # version 1 is given as version 2
    "Uxi": Payload("uxi", ("FrameV1",), "frames", 3),
    "Zyla": Payload("zyla", ("FrameV1",), "data"),
    "iStar": Payload("zyla", ("FrameV1",), "data"),
}


def telling(read: Reader) -> Reader:
    """Return a reader that lets the event know, too, of a payload that is not what it says."""

    @wraps(read)
    def tell(evt: Event, src: Src) -> Raw | None:
        try:
            return read(evt, src)
        except FormatError as error:
            evt.refuse(error)
            raise

    return tell


def reader(payload: Payload) -> Reader:
    """Return what reads the panels that a line of `PAYLOADS` describes."""

    @telling
    def read(evt: Event, src: Src) -> Raw | None:
        found = _own_record(evt, _kinds(payload), src)
        if found is None:
            return None
        panels = raw(found, payload.field)
        shape = panels.shape if panels.ndim == payload.ndim else (1, *panels.shape)
        return _whole(panels.reshape(shape))

    return read


@telling
def read_camera(evt: Event, src: Src) -> Raw | None:
    """Read the frame of a camera: uint8, or uint16 when it is deeper than 8 bits.

    Raises
    ------
    FormatError
        A pixel has more than two bytes.
    """
    frame = _own_record(evt, (camera.FrameV1,), src)
    if frame is None:
        return None
    if frame.depth() > 16:
        what = f"Camera.FrameV1: {frame.depth()} bits per pixel, expected at most 16"
        raise FormatError(what, frame._file, frame._base + frame._start)
    dtype = "<u2" if frame.depth() > 8 else "u1"
    pixels: Array = raw(frame, "_pixel_data").view(dtype)
    return _whole(pixels.reshape(frame.height(), frame.width()))


def read_fccd960(evt: Event, src: Src) -> Raw | None:
    """Read the frame of a FCCD960 and bring its three gains to one scale, as psana's `raw` does.

    Two bits say the gain: 0, 1 and 3 shift the other 13 left by 0, 2 and 3; with 2, which the
    camera never writes, psana's counts are 0 (Detector, raw_data_fccd960).
    """
    found = read_camera(evt, src)
    if found is None or found.panels.dtype == np.uint8:
        return found
    gains, counts = found.panels >> 13 & 3, found.panels & 0x1FFF
    shifts = np.array([0, 2, 0, 3], "<u2")[gains]
    counts <<= shifts
    counts[gains == 2] = 0
    return Raw(counts, found.present)


@telling
def read_pnccd(evt: Event, src: Src) -> Raw | None:
    """Read the links of a pnCCD, uint16 (links, 512, 512).

    Raises
    ------
    FormatError
        A link has fewer pixels; psana shows the memory behind it.
    """
    from xtcview.types import pnccd

    frames = _own_record(evt, (pnccd.FramesV1,), src)
    if frames is None:
        return None
    links = [frames.frame(i).data() for i in range(frames.numLinks())]
    return _whole(np.stack(links)) if links else None


def _whole(panels: Array) -> Raw:
    """Return panels of which no segment is missing."""
    return Raw(panels, np.ones(len(panels) if panels.ndim == 3 else 1, bool))


def _kinds(payload: Payload) -> tuple[type[Record], ...]:
    module = import_module(f"xtcview.types.{payload.module}")
    return tuple(getattr(module, name) for name in payload.kinds)


def _own_record(evt: Event, kinds: tuple[type[Record], ...], src: Src) -> Record | None:
    """Decode the payload of the first of these classes in memory that nobody else has.

    None without one, and when the run lacks the configuration that its layout needs.
    """
    item = evt.find(kinds, src)
    if item is None:
        return None
    find = lambda kind: evt.config.find(src, kind)  # noqa: E731
    try:
        data = _own_bytes(evt, item)
        word = item.word & ~COMPRESSED
        return registry.decode(word, data, 0, len(data), find, item.file.path, item.at)
    except UnsupportedTypeError as error:
        evt.note(item, error.what)
        return None


def _own_bytes(evt: Event, item: Item) -> memoryview:
    """Return a payload's bytes, writable: read again, or copied from what was made of them."""
    if isinstance(item, Derived) or item.word & COMPRESSED:
        record = item.value(evt.config.find)
        return memoryview(bytearray(record._data[record._start : record._end]))
    item.check()
    data = memoryview(buffers.take(item.size))  # type: ignore[arg-type]
    item.file.scatter(item.at, [data], item.size, registry.type_name(item.word))
    return data


# device -> how its event is read
READERS: dict[str, Reader] = {
    "Cspad": read_cspad,
    "Cspad2x2": read_cspad2x2,
    "Fccd960": read_fccd960,
    "pnCCD": read_pnccd,
    **dict.fromkeys(FRAME_DEVICES, read_camera),
    **{device: reader(payload) for device, payload in PAYLOADS.items()},
}
