"""psana.Pixis: the PIXIS camera.

Layouts from psddldata/data/pixis.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .binned import FRAME, REGION, BinnedConfig
from .record import Record
from .registry import xtc_type

PACKAGE = "Pixis"


@xtc_type(TypeId.PixisConfig, 1, size=104, store="config")
class ConfigV1(BinnedConfig):
    """Settings of the camera."""

    GainMode = IntEnum("GainMode", {"Low": 1, "Medium": 2, "High": 3})
    AdcMode = IntEnum("AdcMode", {"LowNoise": 1, "HighCapacity": 2})
    TriggerMode = IntEnum("TriggerMode", {"Software": 0, "External": 1, "ExternalWithCleaning": 2})
    FIELDS = (
        *REGION,                                #   0
        ("exposureTime", "<f4"),                #  24  s
        ("coolingTemp", "<f4"),                 #  28  deg C
        ("readoutSpeed", "<f4"),                #  32  MHz
        ("gainMode", ("<u2", GainMode)),        #  36
        ("adcMode", ("<u2", AdcMode)),          #  38
        ("triggerMode", ("<u2", TriggerMode)),  #  40
        ("_pad0", "<u2"),                       #  42
        ("activeWidth", "<u4"),                 #  44  columns of the sensor
        ("activeHeight", "<u4"),                #  48  rows of the sensor
        ("activeTopMargin", "<u4"),             #  52
        ("activeBottomMargin", "<u4"),          #  56
        ("activeLeftMargin", "<u4"),            #  60
        ("activeRightMargin", "<u4"),           #  64
        ("cleanCycleCount", "<u4"),             #  68
        ("cleanCycleHeight", "<u4"),            #  72
        ("cleanFinalHeight", "<u4"),            #  76
        ("cleanFinalHeightCount", "<u4"),       #  80
        ("maskedHeight", "<u4"),                #  84
        ("kineticHeight", "<u4"),               #  88
        ("vsSpeed", "<f4"),                     #  92
        ("infoReportInterval", "<i2"),          #  96
        ("exposureEventCode", "<u2"),           #  98  event code that starts the exposure
        ("numIntegrationShots", "<u4"),         # 100  shots in one exposure
    )  # 104


@xtc_type(TypeId.PixisFrame, 1, configs=(ConfigV1,))
class FrameV1(Record):
    """One exposure."""

    FIELDS = FRAME


Config = [ConfigV1]
Frame = [FrameV1]
