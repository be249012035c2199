"""psana.Vimba: Alvium cameras.

Layouts from psddldata/data/vimba.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.errors import FormatError
from xtcview.format.ids import TypeId

from .binned import PIXELS
from .record import Record
from .registry import xtc_type

PACKAGE = "Vimba"

_DEPTHS = (8, 10, 10, 12, 12)  # bits, by pixel mode


@xtc_type(TypeId.AlviumConfig, 1, size=464, store="config")
class AlviumConfigV1(Record):
    """Settings of the camera, and who it is."""

    DESC_CHAR_MAX = 48
    VmbBool = IntEnum("VmbBool", {"False": 0, "True": 1})
    RoiMode = IntEnum("RoiMode", {"Off": 0, "On": 1, "Centered": 2})
    TriggerMode = IntEnum("TriggerMode", {"FreeRun": 0, "External": 1, "Software": 2})
    PixelMode = IntEnum(
        "PixelMode", {"Mono8": 0, "Mono10": 1, "Mono10p": 2, "Mono12": 3, "Mono12p": 4}
    )
    ImgCorrectionType = IntEnum(
        "ImgCorrectionType", {"DefectPixelCorrection": 0, "FixedPatternNoiseCorrection": 1}
    )
    ImgCorrectionSet = IntEnum("ImgCorrectionSet", {"Preset": 0, "User": 1})
    FIELDS = (
        ("reverseX", ("u1", VmbBool)),                  #   0
        ("reverseY", ("u1", VmbBool)),                  #   1
        ("contrastEnable", ("u1", VmbBool)),            #   2
        ("correctionEnable", ("u1", VmbBool)),          #   3
        ("roiEnable", ("u1", RoiMode)),                 #   4
        ("_pad0", "u1", 3),                             #   5
        ("correctionType", ("u1", ImgCorrectionType)),  #   8
        ("correctionSet", ("u1", ImgCorrectionSet)),    #   9
        ("pixelMode", ("u1", PixelMode)),               #  10
        ("triggerMode", ("u1", TriggerMode)),           #  11
        ("width", "<u4"),                               #  12  columns
        ("height", "<u4"),                              #  16  rows
        ("offsetX", "<u4"),                             #  20  first column
        ("offsetY", "<u4"),                             #  24  first row
        ("sensorWidth", "<u4"),                         #  28
        ("sensorHeight", "<u4"),                        #  32
        ("contrastDarkLimit", "<u4"),                   #  36
        ("contrastBrightLimit", "<u4"),                 #  40
        ("contrastShape", "<u4"),                       #  44
        ("exposureTime", "<f8"),                        #  48
        ("blackLevel", "<f8"),                          #  56
        ("gain", "<f8"),                                #  64
        ("gamma", "<f8"),                               #  72
        ("manufacturer", "S48"),                        #  80
        ("family", "S48"),                              # 128
        ("model", "S48"),                               # 176
        ("manufacturerId", "S48"),                      # 224
        ("version", "S48"),                             # 272
        ("serialNumber", "S48"),                        # 320
        ("firmwareId", "S48"),                          # 368
        ("firmwareVersion", "S48"),                     # 416
    )  # 464

    def depth(self) -> int:
        """Return the bits per pixel.

        Raises
        ------
        FormatError
            A pixel mode that is not known.
        """
        mode = self.pixelMode()
        if mode >= len(_DEPTHS):
            what = f"Vimba.AlviumConfigV1: pixel mode {mode}, expected 0 to {len(_DEPTHS) - 1}"
            raise FormatError(what, self._file, self._base + self._start + 10)
        return _DEPTHS[mode]

    def numPixelsX(self) -> int:
        """Return the columns of a frame."""
        return self.width()

    def numPixelsY(self) -> int:
        """Return the rows of a frame."""
        return self.height()

    def numPixels(self) -> int:
        """Return the pixels of a frame."""
        return self.numPixelsX() * self.numPixelsY()

    def frameSize(self) -> int:
        """Return the bytes of a frame's pixels."""
        return 2 * self.numPixels()


@xtc_type(TypeId.VimbaFrame, 1, configs=(AlviumConfigV1,))
class FrameV1(Record):
    """One frame."""

    FIELDS = (
        ("frameid", "<u8"),    #  0
        ("timestamp", "<u8"),  #  8
        *PIXELS,               # 16
    )  # varies


AlviumConfig = [AlviumConfigV1]
Frame = [FrameV1]
