"""psana.OceanOptics: USB spectrometers.

Layouts from psddldata/data/oceanoptics.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

import numpy as np

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "OceanOptics"

_CALIBRATION = (
    ("waveLenCalib", "<f8", 4),     #  0  polynomial from pixel to nm, lowest power first
    ("nonlinCorrect", "<f8", 8),    # 32  polynomial of the intensity, lowest power first
    ("strayLightConstant", "<f8"),  # 96
)  # 104


@xtc_type(TypeId.OceanOpticsConfig, 1, size=108, store="config")
class ConfigV1(Record):
    """Settings and calibration of the spectrometer."""

    FIELDS = (
        ("exposureTime", "<f4"),  # 0  s
        *_CALIBRATION,            # 4
    )  # 108


@xtc_type(TypeId.OceanOpticsConfig, 2, size=112, store="config")
class ConfigV2(Record):
    """Settings and calibration; from here on with the type of device."""

    FIELDS = (
        ("exposureTime", "<f4"),  # 0  s
        ("deviceType", "<i4"),    # 4
        *_CALIBRATION,            # 8
    )  # 112


class timespec64(Record):
    """A time."""

    FIELDS = (
        ("tv_sec", "<u8"),   # 0  s
        ("tv_nsec", "<u8"),  # 8  ns
    )  # 16


class _Data(Record):
    """What all versions can tell."""

    INVERTED = 0  # bits of a count that the device inverts

    def durationOfFrame(self) -> float:
        """Return the time that the frame took, in s."""
        start, end = self.timeFrameStart(), self.timeFrameEnd()
        return end.tv_sec() - start.tv_sec() + (end.tv_nsec() - start.tv_nsec()) * 1e-9

    def nonlinerCorrected(self, iPixel: int) -> float:
        """Return a pixel's intensity, its non-linearity corrected; psana's spelling."""
        count = np.float64(int(self.data()[iPixel]) ^ self.INVERTED)
        response = np.polynomial.polynomial.polyval(count, self.cfg.nonlinCorrect())
        with np.errstate(divide="ignore", invalid="ignore"):  # infinite, as psana's
            return float(count / response)


_COUNTERS = (
    ("frameCounter", "<u8"),             #  0
    ("numDelayedFrames", "<u8"),         #  8
    ("numDiscardFrames", "<u8"),         # 16
    ("timeFrameStart", timespec64),      # 24
    ("timeFrameFirstData", timespec64),  # 40
    ("timeFrameEnd", timespec64),        # 56
    ("_i32Version", "<i4"),              # 72
    ("numSpectraInData", "i1"),          # 76
    ("numSpectraInQueue", "i1"),         # 77
    ("numSpectraUnused", "i1"),          # 78
    ("_iReserved1", "i1"),               # 79
)  # 80


@xtc_type(TypeId.OceanOpticsData, 1, size=7760, configs=(ConfigV1, ConfigV2))
class DataV1(_Data):
    """One spectrum, bit 13 of its counts inverted."""

    iDataReadSize = 8192
    iNumPixels = 3840
    iActivePixelIndex = 22
    INVERTED = 0x2000
    FIELDS = (
        ("data", "<u2", iNumPixels),  #    0  counts
        *_COUNTERS,                   # 7680
    )  # 7760


@xtc_type(TypeId.OceanOpticsData, 2, size=4176, configs=(ConfigV2,))
class DataV2(_Data):
    """One spectrum of a smaller device."""

    iDataReadSize = 4608
    iNumPixels = 2048
    iActivePixelIndex = 0
    FIELDS = (
        ("data", "<u2", iNumPixels),  #    0  counts
        *_COUNTERS,                   # 4096
    )  # 4176


@xtc_type(TypeId.OceanOpticsData, 3, size=7760, configs=(ConfigV2,))
class DataV3(_Data):
    """One spectrum; as version 1, no bit inverted."""

    iDataReadSize = 8192
    iNumPixels = 3840
    iActivePixelIndex = 22
    FIELDS = (
        ("data", "<u2", iNumPixels),  #    0  counts
        *_COUNTERS,                   # 7680
    )  # 7760


Config = [ConfigV1, ConfigV2]
Data = [DataV1, DataV2, DataV3]
