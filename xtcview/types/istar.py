"""psana.iStar: the iStar intensified camera; its frames are Zyla's.

Layouts from psddldata/data/istar.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .binned import REGION, BinnedConfig
from .registry import xtc_type

PACKAGE = "iStar"


@xtc_type(TypeId.iStarConfig, 1, size=56, store="config")
class ConfigV1(BinnedConfig):
    """Settings of the camera and its micro channel plate."""

    STR_LEN_MAX = 64
    ATBool = IntEnum("ATBool", {"False": 0, "True": 1})
    FanSpeed = IntEnum("FanSpeed", {"Off": 0, "On": 1})
    ReadoutRate = IntEnum("ReadoutRate", {"Rate280MHz": 0, "Rate100MHz": 1})
    TriggerMode = IntEnum(
        "TriggerMode",
        {
            "Internal": 0, "ExternalLevelTransition": 1, "ExternalStart": 2,
            "ExternalExposure": 3, "Software": 4, "Advanced": 5, "External": 6,
        },
    )
    GainMode = IntEnum(
        "GainMode", {"HighWellCap12Bit": 0, "LowNoise12Bit": 1, "LowNoiseHighWellCap16Bit": 2}
    )
    GateMode = IntEnum(
        "GateMode",
        {
            "CWOn": 0, "CWOff": 1, "FireOnly": 2, "GateOnly": 3, "FireAndGate": 4, "DDG": 5,
        },
    )
    InsertionDelay = IntEnum("InsertionDelay", {"Normal": 0, "Fast": 1})
    FIELDS = (
        ("cooling", ("u1", ATBool)),                 #  0
        ("overlap", ("u1", ATBool)),                 #  1
        ("noiseFilter", ("u1", ATBool)),             #  2
        ("blemishCorrection", ("u1", ATBool)),       #  3
        ("mcpIntelligate", ("u1", ATBool)),          #  4
        ("fanSpeed", ("u1", FanSpeed)),              #  5
        ("readoutRate", ("u1", ReadoutRate)),        #  6
        ("triggerMode", ("u1", TriggerMode)),        #  7
        ("gainMode", ("u1", GainMode)),              #  8
        ("gateMode", ("u1", GateMode)),              #  9
        ("insertionDelay", ("u1", InsertionDelay)),  # 10
        ("_pad0", "u1"),                             # 11
        ("mcpGain", "<u2"),                          # 12
        ("_pad1", "<u2"),                            # 14
        *REGION,                                     # 16
        ("exposureTime", "<f8"),                     # 40  s
        ("triggerDelay", "<f8"),                     # 48
    )  # 56


Config = [ConfigV1]
