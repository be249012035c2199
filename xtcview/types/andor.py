"""psana.Andor: Andor CCD cameras.

Layouts from psddldata/data/andor.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .binned import FRAME, REGION, BinnedConfig
from .record import Record
from .registry import xtc_type

PACKAGE = "Andor"


@xtc_type(TypeId.AndorConfig, 1, size=44, store="config")
class ConfigV1(BinnedConfig):
    """Settings of the camera."""

    EnumFanMode = IntEnum(
        "EnumFanMode",
        {
            "ENUM_FAN_FULL": 0, "ENUM_FAN_LOW": 1, "ENUM_FAN_OFF": 2, "ENUM_FAN_ACQOFF": 3,
            "ENUM_FAN_NUM": 4,
        },
    )
    FIELDS = (
        *REGION,                           #  0
        ("exposureTime", "<f4"),           # 24  s
        ("coolingTemp", "<f4"),            # 28  deg C
        ("fanMode", ("u1", EnumFanMode)),  # 32
        ("baselineClamp", "u1"),           # 33
        ("highCapacity", "u1"),            # 34
        ("gainIndex", "u1"),               # 35
        ("readoutSpeedIndex", "<u2"),      # 36
        ("exposureEventCode", "<u2"),      # 38  event code that starts the exposure
        ("numDelayShots", "<u4"),          # 40  shots in one exposure
    )  # 44


@xtc_type(TypeId.AndorConfig, 2, size=48, store="config")
class ConfigV2(BinnedConfig):
    """Settings of the camera, crop mode among them."""

    EnumFanMode = ConfigV1.EnumFanMode
    EnumCropMode = IntEnum(
        "EnumCropMode",
        {"ENUM_CROP_OFF": 0, "ENUM_CROP_ON": 1, "ENUM_CROP_EX": 2, "ENUM_CROP_NUM": 3},
    )
    FIELDS = (
        *REGION,                              #  0
        ("exposureTime", "<f4"),              # 24  s
        ("coolingTemp", "<f4"),               # 28  deg C
        ("fanMode", ("<u2", EnumFanMode)),    # 32
        ("cropMode", ("<u2", EnumCropMode)),  # 34
        ("baselineClamp", "u1"),              # 36
        ("highCapacity", "u1"),               # 37
        ("gainIndex", "u1"),                  # 38
        ("_pad1", "u1"),                      # 39
        ("readoutSpeedIndex", "<u2"),         # 40
        ("exposureEventCode", "<u2"),         # 42  event code that starts the exposure
        ("numDelayShots", "<u4"),             # 44  shots in one exposure
    )  # 48


@xtc_type(TypeId.AndorFrame, 1, configs=(ConfigV1, ConfigV2))
class FrameV1(Record):
    """One exposure."""

    FIELDS = FRAME


Config = [ConfigV1, ConfigV2]
Frame = [FrameV1]
