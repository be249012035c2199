"""psana.Opal1k: the Opal1000 camera.

Layouts from psddldata/data/opal1k.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .camera import FrameCoord
from .record import Record
from .registry import xtc_type

PACKAGE = "Opal1k"


@xtc_type(TypeId.Opal1kConfig, 1, store="config")
class ConfigV1(Record):
    """Settings of the camera."""

    LUT_Size = 4096
    Row_Pixels = 1024
    Column_Pixels = 1024
    Output_LUT_Size = 4096
    Depth = IntEnum("Depth", {"Eight_bit": 0, "Ten_bit": 1, "Twelve_bit": 2})
    Binning = IntEnum("Binning", {"x1": 0, "x2": 1, "x4": 2, "x8": 3})
    Mirroring = IntEnum("Mirroring", {"None": 0, "HFlip": 1, "VFlip": 2, "HVFlip": 3})
    FIELDS = (
        ("_offsetAndGain", "<u4"),                                                                      #  0
        ("_outputOptions", "<u4"),                                                                      #  4
        ("number_of_defect_pixels", "<u4"),                                                             #  8
        ("output_lookup_table", "<u2", lambda s: s.Output_LUT_Size * s.output_lookup_table_enabled()),  # 12  only when enabled
        ("defect_pixel_coordinates", FrameCoord, lambda s: s.number_of_defect_pixels()),                #  +
    )  # varies
    BITS = {
        "black_level": ("_offsetAndGain", 0, 16),
        "gain_percent": ("_offsetAndGain", 16, 16),
        "output_resolution": ("_outputOptions", 0, 4, Depth),
        "vertical_binning": ("_outputOptions", 4, 4, Binning),
        "output_mirroring": ("_outputOptions", 8, 4, Mirroring),
        "vertical_remapping": ("_outputOptions", 12, 1),
        "output_lookup_table_enabled": ("_outputOptions", 13, 1),
        "defect_pixel_correction_enabled": ("_outputOptions", 14, 1),
    }

    def output_offset(self) -> int:
        """Return the pedestal in counts."""
        return self.black_level() * self.gain_percent() // 100

    def output_resolution_bits(self) -> int:
        """Return the bits per pixel."""
        return self.output_resolution() * 2 + 8


Config = [ConfigV1]
