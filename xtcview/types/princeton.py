"""psana.Princeton: CCD cameras of Princeton Instruments.

Layouts from psddldata/data/princeton.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from .binned import FRAME, FRAME_HEAD, PIXELS, REGION, BinnedConfig
from .record import Record
from .registry import xtc_type

PACKAGE = "Princeton"

_TIMES = (
    ("exposureTime", "<f4"),  # 0  s
    ("coolingTemp", "<f4"),   # 4  deg C
)  # 8
_KINETICS = (
    ("maskedHeight", "<u4"),   # 0
    ("kineticHeight", "<u4"),  # 4
    ("vsSpeed", "<f4"),        # 8
)  # 12
_EXPOSURE = (
    ("exposureEventCode", "<u2"),  # 0  event code that starts the exposure
    ("numDelayShots", "<u4"),      # 2  shots in one exposure
)  # 6


class _Config(BinnedConfig):
    FRAME_HEADER = 8  # without temperature, as in the first frames


@xtc_type(TypeId.PrincetonConfig, 1, size=40, store="config")
class ConfigV1(_Config):
    """Settings of the camera."""

    FIELDS = (
        *REGION,                       #  0
        *_TIMES,                       # 24
        ("readoutSpeedIndex", "<u4"),  # 32
        ("readoutEventCode", "<u2"),   # 36  event code that starts the readout
        ("delayMode", "<u2"),          # 38
    )  # 40


@xtc_type(TypeId.PrincetonConfig, 2, size=40, store="config")
class ConfigV2(_Config):
    """Settings of the camera; from here on with gain."""

    FIELDS = (
        *REGION,                       #  0
        *_TIMES,                       # 24
        ("gainIndex", "<u2"),          # 32
        ("readoutSpeedIndex", "<u2"),  # 34
        ("readoutEventCode", "<u2"),   # 36  event code that starts the readout
        ("delayMode", "<u2"),          # 38
    )  # 40


@xtc_type(TypeId.PrincetonConfig, 3, size=40, store="config")
class ConfigV3(_Config):
    """Settings of the camera; from here on an exposure may take several shots."""

    FIELDS = (
        *REGION,                      #  0
        *_TIMES,                      # 24
        ("gainIndex", "u1"),          # 32
        ("readoutSpeedIndex", "u1"),  # 33
        *_EXPOSURE,                   # 34
    )  # 40


@xtc_type(TypeId.PrincetonConfig, 4, size=52, store="config")
class ConfigV4(_Config):
    """Settings of the camera; from here on with kinetics windows."""

    FIELDS = (
        *REGION,                      #  0
        *_KINETICS,                   # 24
        *_TIMES,                      # 36
        ("gainIndex", "u1"),          # 44
        ("readoutSpeedIndex", "u1"),  # 45
        *_EXPOSURE,                   # 46
    )  # 52


@xtc_type(TypeId.PrincetonConfig, 5, size=56, store="config")
class ConfigV5(BinnedConfig):
    """Settings of the camera; its frames carry the temperature."""

    FIELDS = (
        *REGION,                        #  0
        *_TIMES,                        # 24
        ("gainIndex", "<u2"),           # 32
        ("readoutSpeedIndex", "<u2"),   # 34
        *_KINETICS,                     # 36
        ("infoReportInterval", "<i2"),  # 48
        *_EXPOSURE,                     # 50
    )  # 56


_CONFIGS = (ConfigV1, ConfigV2, ConfigV3, ConfigV4, ConfigV5)


@xtc_type(TypeId.PrincetonFrame, 1, configs=_CONFIGS)
class FrameV1(Record):
    """One exposure."""

    FIELDS = (*FRAME_HEAD, *PIXELS)  # varies


@xtc_type(TypeId.PrincetonFrame, 2, configs=_CONFIGS)
class FrameV2(Record):
    """One exposure and the temperature at its readout."""

    FIELDS = FRAME


@xtc_type(TypeId.PrincetonInfo, 1, size=4)
class InfoV1(Record):
    """What the camera reports between frames."""

    FIELDS = (
        ("temperature", "<f4"),  # 0  deg C
    )  # 4


Config = [ConfigV1, ConfigV2, ConfigV3, ConfigV4, ConfigV5]
Frame = [FrameV1, FrameV2]
Info = [InfoV1]
