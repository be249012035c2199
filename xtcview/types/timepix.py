"""psana.Timepix: the Timepix quad detector.

Layouts from psddldata/data/timepix.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from xtcview.format.ids import TypeId

from .record import Record, encode
from .registry import xtc_type

PACKAGE = "Timepix"

CHIPS = 4
CHIP = 256  # rows and columns of a chip

# Voltages and currents of a chip, one signed word each.
_DACS = (
    "Ikrum", "Disc", "Preamp", "BufAnalogA", "BufAnalogB", "Hist", "ThlFine", "ThlCourse",
    "Vcas", "Fbk", "Gnd", "Ths", "BiasLvds", "RefLvds",
)  # fmt: skip
_CHIP_DACS = tuple((f"dac{i}{name}", "<i4") for i in range(CHIPS) for name in _DACS)  # 224


class _Config(Record):
    ChipCount = CHIPS
    ReadoutSpeed = IntEnum("ReadoutSpeed", {"ReadoutSpeed_Slow": 0, "ReadoutSpeed_Fast": 1})


@xtc_type(TypeId.TimepixConfig, 1, size=232, store="config")
class ConfigV1(_Config):
    """Settings of the detector and of its four chips."""

    TriggerMode = IntEnum(
        "TriggerMode", {"TriggerMode_ExtPos": 0, "TriggerMode_ExtNeg": 1, "TriggerMode_Soft": 2}
    )
    FIELDS = (
        ("readoutSpeed", ("u1", _Config.ReadoutSpeed)),  # 0
        ("triggerMode", ("u1", TriggerMode)),            # 1
        ("_pad", "<i2"),                                 # 2
        ("shutterTimeout", "<i4"),                       # 4
        *_CHIP_DACS,                                     # 8
    )  # 232


class _Threshold(_Config):
    """From version 2 on: a threshold per pixel, and names of the chips."""

    ChipNameMax = 16
    PixelThreshMax = 262144

    def chipCount(self) -> int:
        """Return the number of chips."""
        return self.ChipCount


_CHIP_NAMES = (
    ("driverVersion", "<i4"),       #      0
    ("firmwareVersion", "<u4"),     #      4
    ("pixelThreshSize", "<u4"),     #      8
    ("pixelThresh", "u1", 262144),  #     12
    ("chip0Name", "S16"),           # 262156
    ("chip1Name", "S16"),           # 262172
    ("chip2Name", "S16"),           # 262188
    ("chip3Name", "S16"),           # 262204
    ("chip0ID", "<i4"),             # 262220
    ("chip1ID", "<i4"),             # 262224
    ("chip2ID", "<i4"),             # 262228
    ("chip3ID", "<i4"),             # 262232
)  # 262236


@xtc_type(TypeId.TimepixConfig, 2, size=262468, store="config")
class ConfigV2(_Threshold):
    """Settings, thresholds of the pixels among them."""

    TriggerMode = ConfigV1.TriggerMode
    FIELDS = (
        ("readoutSpeed", ("u1", _Config.ReadoutSpeed)),  #   0
        ("triggerMode", ("u1", TriggerMode)),            #   1
        ("_pad", "<i2"),                                 #   2
        ("timepixSpeed", "<i4"),                         #   4
        *_CHIP_DACS,                                     #   8
        *_CHIP_NAMES,                                    # 232
    )  # 262468


@xtc_type(TypeId.TimepixConfig, 3, size=262472, store="config")
class ConfigV3(_Threshold):
    """Settings; from here on with bias, and counts or times over threshold."""

    TimepixMode = IntEnum("TimepixMode", {"TimepixMode_Counting": 0, "TimepixMode_TOT": 1})
    FIELDS = (
        ("readoutSpeed", ("u1", _Config.ReadoutSpeed)),  #   0
        ("timepixMode", ("u1", TimepixMode)),            #   1
        ("_pad", "<i2"),                                 #   2
        ("timepixSpeed", "<i4"),                         #   4
        *_CHIP_DACS,                                     #   8
        ("dacBias", "i1"),                               # 232
        ("flags", "i1"),                                 # 233
        ("_pad2", "<i2"),                                # 234
        *_CHIP_NAMES,                                    # 236
    )  # 262472


class _Data(Record):
    """What both versions can tell."""

    Depth = 14
    MaxPixelValue = 11810

    def depth(self) -> int:
        """Return the bits per pixel."""
        return self.Depth

    def depth_bytes(self) -> int:
        """Return the bytes per pixel."""
        return (self.Depth + 7) // 8

    def data_size(self) -> int:
        """Return the bytes of the pixels."""
        return self.width() * self.height() * self.depth_bytes()


@xtc_type(TypeId.TimepixData, 1, size=524296)
class DataV1(_Data):
    """One event in the order of readout; psana gives `as_v2` of it instead."""

    Height = 2 * CHIP
    Width = 2 * CHIP
    DepthBytes = 2
    FIELDS = (
        ("timestamp", "<u4"),       # 0
        ("frameCounter", "<u2"),    # 4
        ("lostRows", "<u2"),        # 6
        ("data", "<u2", 512, 512),  # 8  counts; in truth 1024 rows of 256, chip after chip
    )  # 524296

    def width(self) -> int:
        """Return the columns."""
        return self.Width

    def height(self) -> int:
        """Return the rows."""
        return self.Height


@xtc_type(TypeId.TimepixData, 2)
class DataV2(_Data):
    """One event, pixels where they are on the detector."""

    FIELDS = (
        ("width", "<u2"),                                            #  0
        ("height", "<u2"),                                           #  2
        ("timestamp", "<u4"),                                        #  4
        ("frameCounter", "<u2"),                                     #  8
        ("lostRows", "<u2"),                                         # 10
        ("data", "<u2", lambda s: s.height(), lambda s: s.width()),  # 12  counts, [row][column]
    )  # varies


def as_v2(record: DataV1) -> DataV2:
    """Put the pixels of a version 1 record where they are on the detector.

    The first two chips of the stream are the left column of the picture, from bottom to top;
    the others the right column, from top to bottom; each is turned by 90 degrees.

    Parameters
    ----------
    record : DataV1

    Returns
    -------
    DataV2
        A copy; uint16 (512, 512) counts.
    """
    chips = record.data().reshape(CHIPS, CHIP, CHIP)
    left, right = [chip.T[::-1] for chip in chips[:2]], [chip[::-1].T for chip in chips[2:]]
    pixels = np.block([[left[1], right[0]], [left[0], right[1]]])
    values = {name: getattr(record, name)() for name in ("timestamp", "frameCounter", "lostRows")}
    height, width = pixels.shape
    data = encode(DataV2, width=width, height=height, data=pixels, **values)
    return DataV2(data, file=record._file)


Config = [ConfigV1, ConfigV2, ConfigV3]
Data = [DataV1, DataV2]
