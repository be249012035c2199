"""psana.UsdUsb: position encoders on USB.

Layouts from psddldata/data/usdusb.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from xtcview.format.ids import TypeId

from .record import Record, raw
from .registry import xtc_type

PACKAGE = "UsdUsb"


@xtc_type(TypeId.UsdUsbFexConfig, 1, size=240, store="config")
class FexConfigV1(Record):
    """From counts to positions: (count + offset) * scale."""

    NCHANNELS = 4
    NAME_CHAR_MAX = 48
    FIELDS = (
        ("offset", "<i4", 4),  #  0  counts
        ("scale", "<f8", 4),   # 16  unit of the position per count
        ("name", "S48", 4),    # 48
    )  # 240


@xtc_type(TypeId.UsdUsbFexData, 1, size=32)
class FexDataV1(Record):
    """Positions of one event."""

    Encoder_Inputs = 4
    FIELDS = (
        ("encoder_values", "<f8", 4),  # 0
    )  # 32


@xtc_type(TypeId.UsdUsbConfig, 1, size=32, store="config")
class ConfigV1(Record):
    """How every channel counts."""

    NCHANNELS = 4
    Count_Mode = IntEnum("Count_Mode", {"WRAP_FULL": 0, "LIMIT": 1, "HALT": 2, "WRAP_PRESET": 3})
    Quad_Mode = IntEnum("Quad_Mode", {"CLOCK_DIR": 0, "X1": 1, "X2": 2, "X4": 3})
    FIELDS = (
        ("counting_mode", "<u4", 4),    #  0  enum Count_Mode
        ("quadrature_mode", "<u4", 4),  # 16  enum Quad_Mode
    )  # 32


@xtc_type(TypeId.UsdUsbData, 1, size=40)
class DataV1(Record):
    """Counts and inputs of one event."""

    Encoder_Inputs = 4
    Analog_Inputs = 4
    Digital_Inputs = 8
    FIELDS = (
        ("_header", "u1", 6),     #  0
        ("digital_in", "u1"),     #  6  a bit per input
        ("_estop", "u1"),         #  7
        ("timestamp", "<u4"),     #  8  clock of the device
        ("_count", "<u4", 4),     # 12  signed numbers in the low 24 bits
        ("status", "u1", 4),      # 28
        ("analog_in", "<u2", 4),  # 32
    )  # 40

    def encoder_count(self) -> npt.NDArray[np.int32]:
        """Return the counts, int32 (4,)."""
        return (raw(self, "_count") << 8).view("<i4") >> 8  # the sign moves down from bit 23


Config = [ConfigV1]
Data = [DataV1]
FexConfig = [FexConfigV1]
FexData = [FexDataV1]
