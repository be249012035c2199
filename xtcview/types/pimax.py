"""psana.Pimax: the PI-MAX intensified camera.

Layouts from psddldata/data/pimax.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from .binned import FRAME, REGION, BinnedConfig
from .record import Record
from .registry import xtc_type

PACKAGE = "Pimax"


@xtc_type(TypeId.PimaxConfig, 1, size=76, store="config")
class ConfigV1(BinnedConfig):
    """Settings of the camera and its intensifier."""

    FIELDS = (
        *REGION,                         #  0
        ("exposureTime", "<f4"),         # 24  s
        ("coolingTemp", "<f4"),          # 28  deg C
        ("readoutSpeed", "<f4"),         # 32
        ("gainIndex", "<u2"),            # 36
        ("intensifierGain", "<u2"),      # 38
        ("gateDelay", "<f8"),            # 40
        ("gateWidth", "<f8"),            # 48
        ("maskedHeight", "<u4"),         # 56
        ("kineticHeight", "<u4"),        # 60
        ("vsSpeed", "<f4"),              # 64
        ("infoReportInterval", "<i2"),   # 68
        ("exposureEventCode", "<u2"),    # 70  event code that starts the exposure
        ("numIntegrationShots", "<u4"),  # 72  shots in one exposure
    )  # 76


@xtc_type(TypeId.PimaxFrame, 1, configs=(ConfigV1,))
class FrameV1(Record):
    """One exposure."""

    FIELDS = FRAME


Config = [ConfigV1]
Frame = [FrameV1]
