"""psana.Fli: cameras of Finger Lakes Instrumentation.

Layouts from psddldata/data/fli.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from .binned import FRAME, REGION, BinnedConfig
from .record import Record
from .registry import xtc_type

PACKAGE = "Fli"


@xtc_type(TypeId.FliConfig, 1, size=40, store="config")
class ConfigV1(BinnedConfig):
    """Settings of the camera."""

    FIELDS = (
        *REGION,                       #  0
        ("exposureTime", "<f4"),       # 24  s
        ("coolingTemp", "<f4"),        # 28  deg C
        ("gainIndex", "u1"),           # 32
        ("readoutSpeedIndex", "u1"),   # 33
        ("exposureEventCode", "<u2"),  # 34  event code that starts the exposure
        ("numDelayShots", "<u4"),      # 36  shots in one exposure
    )  # 40


@xtc_type(TypeId.FliFrame, 1, configs=(ConfigV1,))
class FrameV1(Record):
    """One exposure."""

    FIELDS = FRAME


Config = [ConfigV1]
Frame = [FrameV1]
