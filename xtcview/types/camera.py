"""psana.Camera: frames of area cameras.

Layouts from psddldata/data/camera.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError
from xtcview.format.ids import TypeId

from .record import Record, raw
from .registry import xtc_type

PACKAGE = "Camera"

Pixels = npt.NDArray[Any]


class FrameCoord(Record):
    """A pixel."""

    FIELDS = (
        ("column", "<u2"),  # 0  x
        ("row", "<u2"),     # 2  y
    )  # 4


@xtc_type(TypeId.FrameFccdConfig, 1, store="config")
class FrameFccdConfigV1(Record):
    """A configuration without fields."""

    FIELDS = ()


@xtc_type(TypeId.FrameFexConfig, 1, store="config")
class FrameFexConfigV1(Record):
    """Which part of a frame is written, and what is computed of it."""

    Forwarding = IntEnum("Forwarding", {"NoFrame": 0, "FullFrame": 1, "RegionOfInterest": 2})
    Processing = IntEnum(
        "Processing",
        {"NoProcessing": 0, "GssFullFrame": 1, "GssRegionOfInterest": 2, "GssThreshold": 3},
    )
    FIELDS = (
        ("forwarding", "<u4"),                                                            #  0  what is written, enum Forwarding
        ("forward_prescale", "<u4"),                                                      #  4  1 of N frames kept
        ("processing", "<u4"),                                                            #  8  enum Processing
        ("roiBegin", FrameCoord),                                                         # 12  inclusive corner
        ("roiEnd", FrameCoord),                                                           # 16  exclusive corner
        ("threshold", "<u4"),                                                             # 20  pixel threshold
        ("number_of_masked_pixels", "<u4"),                                               # 24  entries of masked_pixel_coordinates
        ("masked_pixel_coordinates", FrameCoord, lambda s: s.number_of_masked_pixels()),  # 28
    )  # varies
    BITS = {
        "forwarding": ("forwarding", 0, 32, Forwarding),
        "processing": ("processing", 0, 32, Processing),
    }


@xtc_type(TypeId.Frame, 1)
class FrameV1(Record):
    """A frame."""

    FIELDS = (
        ("width", "<u4"),                                                           #  0  columns
        ("height", "<u4"),                                                          #  4  rows
        ("depth", "<u4"),                                                           #  8  bits per pixel
        ("offset", "<u4"),                                                          # 12  pedestal counts
        ("_pixel_data", "u1", lambda s: s.width() * s.height() * s.depth_bytes()),  # 16  row by row
    )  # varies

    def data8(self) -> Pixels:
        """Return the pixels, uint8 (rows, columns); empty when they are deeper.

        The array is the caller's own copy, so that scripts may add into it.

        Raises
        ------
        FormatError
            A depth of 0 bits.
        """
        return self._pixels("u1", self.depth() <= 8)

    def data16(self) -> Pixels:
        """Return the pixels, uint16 (rows, columns); empty when they have 8 bits or fewer.

        The array is the caller's own copy, so that scripts may add into it. A sum of many
        frames needs a wider type: uint16 wraps around at 65536.

        Raises
        ------
        FormatError
            A depth of more than 16 bits.
        """
        return self._pixels("<u2", self.depth() > 8)

    def _pixels(self, dtype: str, fits: bool) -> Pixels:
        shape = (self.height(), self.width())
        if not fits:
            return np.empty((0, 0), dtype)
        if self.depth_bytes() != np.dtype(dtype).itemsize:
            what = f"FrameV1: a depth of {self.depth()} bits, expected 1 to 16"
            raise FormatError(what, self._file, self._base + self._start)
        return self._int_pixel_data().view(dtype).reshape(shape).copy()

    def _int_pixel_data(self) -> Pixels:
        """Return the raw bytes, one pixel after another, row by row."""
        pixels: Pixels = raw(self, "_pixel_data")
        return pixels

    def depth_bytes(self) -> int:
        """Return the bytes per pixel."""
        return (self.depth() + 7) // 8


@xtc_type(TypeId.TwoDGaussian, 1, size=48)
class TwoDGaussianV1(Record):
    """A two-dimensional Gaussian: its place, widths and tilt."""

    FIELDS = (
        ("integral", "<u8"),          #  0
        ("xmean", "<f8"),             #  8
        ("ymean", "<f8"),             # 16
        ("major_axis_width", "<f8"),  # 24
        ("minor_axis_width", "<f8"),  # 32
        ("major_axis_tilt", "<f8"),   # 40
    )  # 48


@xtc_type(TypeId.ControlsCameraConfig, 1, size=128, store="config")
class ControlsCameraConfigV1(Record):
    """A camera of the control system."""

    DESC_CHAR_MAX = 48
    ColorMode = IntEnum("ColorMode", {"Mono": 0, "Bayer": 1, "RGB1": 2})
    FIELDS = (
        ("width", "<u4"),          #  0  columns
        ("height", "<u4"),         #  4  rows
        ("depth", "<u4"),          #  8  bits per pixel
        ("color_mode", "<u4"),     # 12
        ("exposure_time", "<f8"),  # 16  s
        ("gain", "<f8"),           # 24  camera gain
        ("manufacturer", "S48"),   # 32  text, 48 bytes NUL padded
        ("model", "S48"),          # 80  text, 48 bytes NUL padded
    )  # 128
    BITS = {
        "color_mode": ("color_mode", 0, 32, ColorMode),
    }


Frame = [FrameV1]
TwoDGaussian = [TwoDGaussianV1]
FrameFexConfig = [FrameFexConfigV1]
FrameFccdConfig = [FrameFccdConfigV1]
ControlsCameraConfig = [ControlsCameraConfigV1]
