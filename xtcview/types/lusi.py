"""psana.Lusi: intensities and positions that the DAQ derives from diodes and screens.

Layouts from psddldata/data/lusi.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Lusi"


@xtc_type(TypeId.DiodeFexConfig, 1, size=24, store="config")
class DiodeFexConfigV1(Record):
    """Calibration of a diode, for each of 3 ranges."""

    NRANGES = 3
    FIELDS = (
        ("base", "<f4", 3),   #  0
        ("scale", "<f4", 3),  # 12
    )  # 24


@xtc_type(TypeId.DiodeFexConfig, 2, size=128, store="config")
class DiodeFexConfigV2(Record):
    """Calibration of a diode, for each of 16 ranges."""

    NRANGES = 16
    FIELDS = (
        ("base", "<f4", 16),   #  0
        ("scale", "<f4", 16),  # 64
    )  # 128


@xtc_type(TypeId.DiodeFex, 1, size=4)
class DiodeFexV1(Record):
    """A diode's value."""

    FIELDS = (
        ("value", "<f4"),  # 0
    )  # 4


@xtc_type(TypeId.IpmFexConfig, 1, size=104, store="config")
class IpmFexConfigV1(Record):
    """Calibration of four diodes with 3 ranges."""

    NCHANNELS = 4
    FIELDS = (
        ("diode", DiodeFexConfigV1, 4),  #   0
        ("xscale", "<f4"),               #  96
        ("yscale", "<f4"),               # 100
    )  # 104


@xtc_type(TypeId.IpmFexConfig, 2, size=520, store="config")
class IpmFexConfigV2(Record):
    """Calibration of four diodes with 16 ranges."""

    NCHANNELS = 4
    FIELDS = (
        ("diode", DiodeFexConfigV2, 4),  #   0
        ("xscale", "<f4"),               # 512
        ("yscale", "<f4"),               # 516
    )  # 520


@xtc_type(TypeId.IpmFex, 1, size=28)
class IpmFexV1(Record):
    """Intensity and position of the beam."""

    NCHANNELS = 4
    FIELDS = (
        ("channel", "<f4", 4),  #  0  the diodes' values
        ("sum", "<f4"),         # 16
        ("xpos", "<f4"),        # 20
        ("ypos", "<f4"),        # 24
    )  # 28


@xtc_type(TypeId.PimImageConfig, 1, size=8, store="config")
class PimImageConfigV1(Record):
    """Scale of a profile monitor's picture."""

    FIELDS = (
        ("xscale", "<f4"),  # 0
        ("yscale", "<f4"),  # 4
    )  # 8


DiodeFexConfig = [DiodeFexConfigV1, DiodeFexConfigV2]
DiodeFex = [DiodeFexV1]
IpmFexConfig = [IpmFexConfigV1, IpmFexConfigV2]
IpmFex = [IpmFexV1]
PimImageConfig = [PimImageConfigV1]
