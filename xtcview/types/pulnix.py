"""psana.Pulnix: the TM6740 camera.

Layouts from psddldata/data/pulnix.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Pulnix"


@xtc_type(TypeId.TM6740Config, 1, size=12, store="config")
class TM6740ConfigV1(Record):
    """Settings of the camera."""

    Row_Pixels = 480
    Column_Pixels = 640
    Depth = IntEnum("Depth", {"Eight_bit": 0, "Ten_bit": 1})
    Binning = IntEnum("Binning", {"x1": 0, "x2": 1, "x4": 2})
    LookupTable = IntEnum("LookupTable", {"Gamma": 0, "Linear": 1})
    FIELDS = (
        ("_gain_a_b", "<u4"),      # 0
        ("_vref_shutter", "<u4"),  # 4
        ("_control", "<u4"),       # 8
    )  # 12
    BITS = {
        "gain_a": ("_gain_a_b", 0, 16),
        "gain_b": ("_gain_a_b", 16, 16),
        "vref": ("_vref_shutter", 0, 16),
        "shutter_width": ("_vref_shutter", 16, 16),
        "gain_balance": ("_control", 0, 1),
        "output_resolution": ("_control", 1, 1, Depth),
        "horizontal_binning": ("_control", 2, 2, Binning),
        "vertical_binning": ("_control", 4, 2, Binning),
        "lookuptable_mode": ("_control", 6, 1, LookupTable),
    }

    def output_resolution_bits(self) -> int:
        """Return the bits per pixel."""
        return 8 if self.output_resolution() == self.Depth.Eight_bit else 10


@xtc_type(TypeId.TM6740Config, 2, size=12, store="config")
class TM6740ConfigV2(Record):
    """Settings of the camera; from here on with two reference voltages."""

    Row_Pixels = 480
    Column_Pixels = 640
    Depth = IntEnum("Depth", {"Eight_bit": 0, "Ten_bit": 1})
    Binning = IntEnum("Binning", {"x1": 0, "x2": 1, "x4": 2})
    LookupTable = IntEnum("LookupTable", {"Gamma": 0, "Linear": 1})
    FIELDS = (
        ("_gain_a_b", "<u4"),      # 0
        ("_vref_shutter", "<u4"),  # 4
        ("_control", "<u4"),       # 8
    )  # 12
    BITS = {
        "gain_a": ("_gain_a_b", 0, 16),
        "gain_b": ("_gain_a_b", 16, 16),
        "vref_a": ("_vref_shutter", 0, 10),
        "vref_b": ("_vref_shutter", 16, 10),
        "gain_balance": ("_control", 0, 1),
        "output_resolution": ("_control", 1, 1, Depth),
        "horizontal_binning": ("_control", 2, 2, Binning),
        "vertical_binning": ("_control", 4, 2, Binning),
        "lookuptable_mode": ("_control", 6, 1, LookupTable),
    }

    def output_resolution_bits(self) -> int:
        """Return the bits per pixel."""
        return 8 if self.output_resolution() == self.Depth.Eight_bit else 10


TM6740Config = [TM6740ConfigV1, TM6740ConfigV2]
