"""psana.Andor3d: the DualAndor, several sensors read as one.

Layouts from psddldata/data/andor3d.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from . import andor
from .binned import FRAME_HEAD, BinnedConfig
from .record import Record
from .registry import xtc_type

PACKAGE = "Andor3d"


@xtc_type(TypeId.Andor3dConfig, 1, size=52, store="config")
class ConfigV1(BinnedConfig):
    """Settings of all sensors."""

    EnumFanMode = andor.ConfigV1.EnumFanMode
    FIELDS = (
        ("width", "<u4"),                  #  0  columns of a sensor, before binning
        ("height", "<u4"),                 #  4  rows of a sensor, before binning
        ("numSensors", "<u4"),             #  8
        ("orgX", "<u4"),                   # 12  first column
        ("orgY", "<u4"),                   # 16  first row
        ("binX", "<u4"),                   # 20  columns summed into one
        ("binY", "<u4"),                   # 24  rows summed into one
        ("exposureTime", "<f4"),           # 28  s
        ("coolingTemp", "<f4"),            # 32  deg C
        ("fanMode", ("u1", EnumFanMode)),  # 36
        ("baselineClamp", "u1"),           # 37
        ("highCapacity", "u1"),            # 38
        ("gainIndex", "u1"),               # 39
        ("readoutSpeedIndex", "<u2"),      # 40
        ("exposureEventCode", "<u2"),      # 42  event code that starts the exposure
        ("exposureStartDelay", "<u4"),     # 44
        ("numDelayShots", "<u4"),          # 48  shots in one exposure
    )  # 52

    def numPixelsPerSensor(self) -> int:
        """Return the pixels of one sensor, after binning."""
        return self.numPixelsX() * self.numPixelsY()

    def numPixels(self) -> int:
        """Return the pixels of all sensors, after binning."""
        return self.numPixelsPerSensor() * self.numSensors()

    def frameSize(self) -> int:
        """Return the bytes of a frame."""
        return 8 + 4 * self.numSensors() + 2 * self.numPixels()


_SHAPE = (
    lambda s: s.cfg.numSensors(),
    lambda s: s.cfg.numPixelsY(),
    lambda s: s.cfg.numPixelsX(),
)


@xtc_type(TypeId.Andor3dFrame, 1, configs=(ConfigV1,))
class FrameV1(Record):
    """One exposure of all sensors."""

    FIELDS = (
        *FRAME_HEAD,                                           # 0
        ("temperature", "<f4", lambda s: s.cfg.numSensors()),  # 8  deg C at readout
        ("data", "<u2", *_SHAPE),                              # +  ADU, [sensor][row][column]
    )  # varies


Config = [ConfigV1]
Frame = [FrameV1]
