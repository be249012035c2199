"""psana.Quartz: the Quartz camera; its frames are `Camera.FrameV1`.

Layouts from psddldata/data/quartz.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .camera import FrameCoord
from .record import Record
from .registry import xtc_type

PACKAGE = "Quartz"


class _Config(Record):
    """What both versions share."""

    LUT_Size = 4096
    Row_Pixels = 2048
    Column_Pixels = 2048
    Output_LUT_Size = 4096
    Depth = IntEnum("Depth", {"Eight_bit": 0, "Ten_bit": 1})
    Binning = IntEnum("Binning", {"x1": 0, "x2": 1, "x4": 2})
    Mirroring = IntEnum("Mirroring", {"None": 0, "HFlip": 1, "VFlip": 2, "HVFlip": 3})

    def output_offset(self) -> int:
        """Return the pedestal in counts."""
        return self.black_level() * self.gain_percent() // 100

    def output_resolution_bits(self) -> int:
        """Return the bits per pixel."""
        return self.output_resolution() * 2 + 8


_WORDS = (
    ("_offsetAndGain", "<u4"),  # 0
    ("_outputOptions", "<u4"),  # 4
)  # 8
_LISTS = (
    ("output_lookup_table", "<u2", lambda s: s.Output_LUT_Size * s.output_lookup_table_enabled()),  # +  only when enabled
    ("defect_pixel_coordinates", FrameCoord, lambda s: s.number_of_defect_pixels()),                # +
)
_BITS = {
    "black_level": ("_offsetAndGain", 0, 16),
    "gain_percent": ("_offsetAndGain", 16, 16),
    "output_resolution": ("_outputOptions", 0, 4, _Config.Depth),
    "horizontal_binning": ("_outputOptions", 4, 2, _Config.Binning),
    "vertical_binning": ("_outputOptions", 6, 2, _Config.Binning),
    "output_mirroring": ("_outputOptions", 8, 4, _Config.Mirroring),
    "output_lookup_table_enabled": ("_outputOptions", 12, 1),
    "defect_pixel_correction_enabled": ("_outputOptions", 13, 1),
}


@xtc_type(TypeId.QuartzConfig, 1, store="config")
class ConfigV1(_Config):
    """Settings of the camera."""

    FIELDS = (
        *_WORDS,                             #  0
        ("number_of_defect_pixels", "<u4"),  #  8
        *_LISTS,                             # 12
    )  # varies
    BITS = _BITS


@xtc_type(TypeId.QuartzConfig, 2, store="config")
class ConfigV2(_Config):
    """Settings of the camera; from here on it may read a region only."""

    FIELDS = (
        *_WORDS,                             #  0
        ("roi_lo", FrameCoord),              #  8  corner of the region
        ("roi_hi", FrameCoord),              # 12  opposite corner
        ("number_of_defect_pixels", "<u4"),  # 16
        *_LISTS,                             # 20
    )  # varies
    BITS = {
        **_BITS,
        "use_hardware_roi": ("_outputOptions", 14, 1),
        "use_test_pattern": ("_outputOptions", 15, 1),
        "max_taps": ("_outputOptions", 16, 4),
    }


Config = [ConfigV1, ConfigV2]
