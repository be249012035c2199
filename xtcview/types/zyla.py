"""psana.Zyla: the Zyla camera.

Layouts from psddldata/data/zyla.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from . import istar
from .binned import PIXELS, REGION, BinnedConfig
from .record import Record
from .registry import xtc_type

PACKAGE = "Zyla"


@xtc_type(TypeId.ZylaConfig, 1, size=52, store="config")
class ConfigV1(BinnedConfig):
    """Settings of the camera."""

    STR_LEN_MAX = 64
    ATBool = istar.ConfigV1.ATBool
    ShutteringMode = IntEnum("ShutteringMode", {"Rolling": 0, "Global": 1})
    FanSpeed = IntEnum("FanSpeed", {"Off": 0, "Low": 1, "On": 2})
    ReadoutRate = IntEnum(
        "ReadoutRate", {"Rate280MHz": 0, "Rate200MHz": 1, "Rate100MHz": 2, "Rate10MHz": 3}
    )
    TriggerMode = istar.ConfigV1.TriggerMode
    GainMode = istar.ConfigV1.GainMode
    CoolingSetpoint = IntEnum(
        "CoolingSetpoint",
        {
            "Temp_0C": 0, "Temp_Neg5C": 1, "Temp_Neg10C": 2, "Temp_Neg15C": 3, "Temp_Neg20C": 4,
            "Temp_Neg25C": 5, "Temp_Neg30C": 6, "Temp_Neg35C": 7, "Temp_Neg40C": 8,
        },
    )
    FIELDS = (
        ("cooling", ("u1", ATBool)),            #  0
        ("overlap", ("u1", ATBool)),            #  1
        ("noiseFilter", ("u1", ATBool)),        #  2
        ("blemishCorrection", ("u1", ATBool)),  #  3
        ("shutter", ("u1", ShutteringMode)),    #  4
        ("fanSpeed", ("u1", FanSpeed)),         #  5
        ("readoutRate", ("u1", ReadoutRate)),   #  6
        ("triggerMode", ("u1", TriggerMode)),   #  7
        ("gainMode", ("u1", GainMode)),         #  8
        ("setpoint", ("u1", CoolingSetpoint)),  #  9
        ("_pad0", "<u2"),                       # 10
        *REGION,                                # 12
        ("exposureTime", "<f8"),                # 36  s
        ("triggerDelay", "<f8"),                # 44
    )  # 52


@xtc_type(TypeId.ZylaFrame, 1, configs=(ConfigV1, istar.ConfigV1))
class FrameV1(Record):
    """One exposure of a Zyla or an iStar."""

    FIELDS = (
        ("timestamp", "<u8"),  # 0  clock of the frame grabber
        *PIXELS,               # 8
    )  # varies


Config = [ConfigV1]
Frame = [FrameV1]
