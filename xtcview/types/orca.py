"""psana.Orca: the ORCA-Flash camera; its frames are `Camera.FrameV1`.

Layouts from psddldata/data/orca.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Orca"


@xtc_type(TypeId.OrcaConfig, 1, size=8, store="config")
class ConfigV1(Record):
    """Settings of the camera."""

    Row_Pixels = 2048
    Column_Pixels = 2048
    ReadoutMode = IntEnum("ReadoutMode", {"x1": 0, "x2": 1, "x4": 2, "Subarray": 3})
    Cooling = IntEnum("Cooling", {"Off": 0, "On": 1, "Max": 2})
    FIELDS = (
        ("_options", "<u4"),  # 0
        ("rows", "<u4"),      # 4  rows of a subarray
    )  # 8
    BITS = {
        "mode": ("_options", 0, 2, ReadoutMode),
        "cooling": ("_options", 2, 2, Cooling),
        "defect_pixel_correction_enabled": ("_options", 4, 1),
    }


Config = [ConfigV1]
