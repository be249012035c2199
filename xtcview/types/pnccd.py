"""psana.PNCCD: the pnCCD camera, four links of 512 x 512 pixels.

Layouts from psddldata/data/pnccd.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError
from xtcview.format.ids import TypeId

from .record import Record, encode, raw
from .registry import xtc_type

PACKAGE = "PNCCD"

LINK = (512, 512)  # rows, columns of a link
LINKS = 4

Pixels = npt.NDArray[Any]


@xtc_type(TypeId.pnCCDconfig, 1, size=8, store="config")
class ConfigV1(Record):
    """Sizes of the data."""

    FIELDS = (
        ("numLinks", "<u4"),            # 0  4 for the whole camera
        ("payloadSizePerLink", "<u4"),  # 4  bytes, the link's header of 16 among them
    )  # 8


@xtc_type(TypeId.pnCCDconfig, 2, size=544, store="config")
class ConfigV2(Record):
    """Sizes of the data and of the camera."""

    FIELDS = (
        ("numLinks", "<u4"),              #   0  4 for the whole camera
        ("payloadSizePerLink", "<u4"),    #   4  bytes, the link's header of 16 among them
        ("numChannels", "<u4"),           #   8
        ("numRows", "<u4"),               #  12
        ("numSubmoduleChannels", "<u4"),  #  16
        ("numSubmoduleRows", "<u4"),      #  20
        ("numSubmodules", "<u4"),         #  24
        ("camexMagic", "<u4"),            #  28
        ("info", "S256"),                 #  32
        ("timingFName", "S256"),          # 288  name of the timing file
    )  # 544


_LINK_HEADER = (
    ("specialWord", "<u4"),  #  0
    ("frameNumber", "<u4"),  #  4
    ("timeStampHi", "<u4"),  #  8
    ("timeStampLo", "<u4"),  # 12
)  # 16


class FrameV1(Record):
    """One link."""

    LISTED = False
    FIELDS = (
        *_LINK_HEADER,                                                         #  0
        ("_pixels", "<u2", lambda s: (s.cfg.payloadSizePerLink() - 16) // 2),  # 16  ADU
    )  # varies

    def data(self) -> Pixels:
        """Return the pixels, uint16 (512, 512) in ADU.

        Raises
        ------
        FormatError
            The link has fewer; psana shows the memory behind it.
        """
        pixels: Pixels = raw(self, "_pixels")
        need = LINK[0] * LINK[1]
        if pixels.size < need:
            what = f"PNCCD.FrameV1: a link of {pixels.size} pixels, expected {need}"
            raise FormatError(what, self._file, self._base + self._start)
        return pixels[:need].reshape(LINK)


class FullFrameV1(Record):
    """The whole camera; `full_frame` makes it, nothing of this layout is in a file."""

    FIELDS = (
        *_LINK_HEADER,                #  0
        ("data", "<u2", 1024, 1024),  # 16  ADU, [row][column]
    )  # 2097168


@xtc_type(TypeId.pnCCDframe, 1, configs=(ConfigV1, ConfigV2))
class FramesV1(Record):
    """All links of an event."""

    FIELDS = (
        ("frame", FrameV1, lambda s: s.cfg.numLinks()),  # 0
    )  # varies

    def numLinks(self) -> int:
        """Return the number of links."""
        return self.cfg.numLinks()


FullFrameV1.TypeId, FullFrameV1.Version = int(TypeId.pnCCDframe), 1  # type: ignore[attr-defined]


def full_frame(frames: FramesV1) -> FullFrameV1:
    """Assemble the camera from its links.

    Link 0 stands top left, 3 top right; 1 bottom left and 2 bottom right are turned by 180
    degrees. Number and special word are link 0's, the time is the earliest.

    Parameters
    ----------
    frames : FramesV1

    Returns
    -------
    FullFrameV1
        A copy; uint16 (1024, 1024) in ADU.

    Raises
    ------
    FormatError
        There are not four links of 512 x 512 pixels.
    """
    if frames.numLinks() != LINKS:
        at = frames._base + frames._start
        what = f"PNCCD.FramesV1: {frames.numLinks()} links, expected {LINKS}"
        raise FormatError(what, frames._file, at)
    links = [frames.frame(i) for i in range(LINKS)]
    a, b, c, d = (link.data() for link in links)
    pixels = np.block([[a, d], [b[::-1, ::-1], c[::-1, ::-1]]])
    time = min(links, key=lambda link: (link.timeStampHi(), link.timeStampLo()))
    values = {
        "specialWord": links[0].specialWord(),
        "frameNumber": links[0].frameNumber(),
        "timeStampHi": time.timeStampHi(),
        "timeStampLo": time.timeStampLo(),
    }
    data = encode(FullFrameV1, data=pixels, **values)
    return FullFrameV1(data, file=frames._file)


Config = [ConfigV1, ConfigV2]
FullFrame = [FullFrameV1]
Frames = [FramesV1]
