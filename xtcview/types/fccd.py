"""psana.FCCD: the fast CCD.

Layouts from psddldata/data/fccd.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "FCCD"


class _Config(Record):
    """Sizes that do not vary."""

    Row_Pixels = 500
    Column_Pixels = 0
    Trimmed_Row_Pixels = 480
    Trimmed_Column_Pixels = 480

    def width(self) -> int:
        """Return the columns."""
        return self.Column_Pixels

    def height(self) -> int:
        """Return the rows."""
        return self.Row_Pixels

    def trimmedWidth(self) -> int:
        """Return the columns that are left when the borders are cut off."""
        return self.Trimmed_Column_Pixels

    def trimmedHeight(self) -> int:
        """Return the rows that are left when the borders are cut off."""
        return self.Trimmed_Row_Pixels


@xtc_type(TypeId.FccdConfig, 1, size=2, store="config")
class FccdConfigV1(_Config):
    """Settings of the first camera."""

    Column_Pixels = 576
    Depth = IntEnum("Depth", {"Sixteen_bit": 16})
    Output_Source = IntEnum("Output_Source", {"Output_FIFO": 0, "Output_Pattern4": 4})
    FIELDS = (
        ("outputMode", "<u2"),  # 0  enum Output_Source
    )  # 2


@xtc_type(TypeId.FccdConfig, 2, size=108, store="config")
class FccdConfigV2(_Config):
    """Settings, voltages and clock waveforms among them."""

    Column_Pixels = 1152
    NVoltages = 17
    NWaveforms = 15
    Depth = IntEnum("Depth", {"Eight_bit": 8, "Sixteen_bit": 16})
    Output_Source = IntEnum(
        "Output_Source",
        {
            "Output_FIFO": 0, "Test_Pattern1": 1, "Test_Pattern2": 2, "Test_Pattern3": 3,
            "Test_Pattern4": 4,
        },
    )
    FIELDS = (
        ("outputMode", "<u2"),       #   0  enum Output_Source
        ("ccdEnable", "u1"),         #   2
        ("focusMode", "u1"),         #   3
        ("exposureTime", "<u4"),     #   4
        ("dacVoltages", "<f4", 17),  #   8
        ("waveforms", "<u2", 15),    #  76
        ("_tail", "S2"),             # 106  the compiler's padding
    )  # 108


FccdConfig = [FccdConfigV1, FccdConfigV2]
