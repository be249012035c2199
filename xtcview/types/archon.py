"""psana.Archon: CCD controllers of STA.

Layouts from psddldata/data/archon.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Archon"


_SWEEPS = (
    ("configSize", "<u4"),          # 0  bytes of config
    ("preFrameSweepCount", "<u4"),  # 4  lines swept in front of a frame
    ("idleSweepCount", "<u4"),      # 8  lines swept while idle
)  # 12
_TIMES = (
    ("integrationTime", "<u4"),     # 0  ms
    ("nonIntegrationTime", "<u4"),  # 4  ms
)  # 8
_READOUT = (
    ("batches", "<u4"),            #  0  frames in a readout
    ("pixels", "<u4"),             #  4  read per tap and line
    ("lines", "<u4"),              #  8  read per tap
    ("horizontalBinning", "<u4"),  # 12
    ("verticalBinning", "<u4"),    # 16
    ("sensorPixels", "<u4"),       # 20
    ("sensorLines", "<u4"),        # 24
    ("sensorTaps", "<u4"),         # 28
    ("st", "<u4"),                 # 32
    ("stm1", "<u4"),               # 36
    ("at", "<u4"),                 # 40
)  # 44
_TEXT = (
    ("config", "S", lambda s: s.configSize()),  # +  the controller's configuration file
)


@xtc_type(TypeId.ArchonConfig, 1, size=332, store="config")
class ConfigV1(Record):
    """Settings of the first controllers, timing and voltages of the clocks among them."""

    FILENAME_CHAR_MAX = 256
    ReadoutMode = IntEnum("ReadoutMode", {"Single": 0, "Continuous": 1, "Triggered": 2})
    FIELDS = (
        ("readoutMode", ("<u2", ReadoutMode)),  #  0
        ("sweepCount", "<u2"),                  #  2
        ("integrationTime", "<u4"),             #  4  ms
        ("nonIntegrationTime", "<u4"),          #  8  ms
        ("preSkipPixels", "<u4"),               # 12
        ("pixels", "<u4"),                      # 16  read per tap and line
        ("postSkipPixels", "<u4"),              # 20
        ("overscanPixels", "<u4"),              # 24
        ("preSkipLines", "<u2"),                # 28
        ("lines", "<u2"),                       # 30  read per tap
        ("postSkipLines", "<u2"),               # 32
        ("overScanLines", "<u2"),               # 34
        ("horizontalBinning", "<u2"),           # 36
        ("verticalBinning", "<u2"),             # 38
        ("rgh", "<u2"),                         # 40
        ("rgl", "<u2"),                         # 42
        ("shp", "<u2"),                         # 44
        ("shd", "<u2"),                         # 46
        ("st", "<u2"),                          # 48
        ("stm1", "<u2"),                        # 50
        ("at", "<u2"),                          # 52
        ("dwell1", "<u2"),                      # 54
        ("dwell2", "<u2"),                      # 56
        ("rgHigh", "<i2"),                      # 58
        ("rgLow", "<i2"),                       # 60
        ("sHigh", "<i2"),                       # 62
        ("sLow", "<i2"),                        # 64
        ("aHigh", "<i2"),                       # 66
        ("aLow", "<i2"),                        # 68
        ("rgSlew", "<i2"),                      # 70
        ("sSlew", "<i2"),                       # 72
        ("aSlew", "<i2"),                       # 74
        ("config", "S256"),                     # 76  name of the configuration file
    )  # 332


@xtc_type(TypeId.ArchonConfig, 2, store="config")
class ConfigV2(Record):
    """Settings; from here on with the text of the controller's configuration file."""

    MaxConfigLines = 16384
    MaxConfigLineLength = 2048
    ReadoutMode = IntEnum("ReadoutMode", {"Single": 0, "Continuous": 1, "Triggered": 2})
    FIELDS = (
        ("readoutMode", ("<u2", ReadoutMode)),  #  0
        ("exposureEventCode", "<u2"),           #  2  event code that starts an exposure
        *_SWEEPS,                               #  4
        *_TIMES,                                # 16
        *_READOUT,                              # 24
        *_TEXT,                                 # 68
    )  # varies


class _Biased(Record):
    """From version 3 on: the controller switches power and bias."""

    MaxConfigLines = 16384
    MaxConfigLineLength = 2048
    ReadoutMode = IntEnum("ReadoutMode", {"FreeRun": 0, "Triggered": 1})
    Switch = IntEnum("Switch", {"Off": 0, "On": 1})
    BiasChannelId = IntEnum(
        "BiasChannelId",
        {
            "NV4": -4, "NV3": -3, "NV2": -2, "NV1": -1, "PV1": 1, "PV2": 2, "PV3": 3, "PV4": 4,
        },
    )

    def numPixelsX(self) -> int:
        """Return the columns of a frame: the taps stand side by side."""
        return self.pixels() * self.sensorTaps()

    def numPixelsY(self) -> int:
        """Return the rows of a frame."""
        return self.lines()

    def numPixels(self) -> int:
        """Return the pixels of a frame."""
        return self.numPixelsX() * self.numPixelsY()


_MODES = (
    ("readoutMode", ("<u2", _Biased.ReadoutMode)),  # 0
    ("power", ("<u2", _Biased.Switch)),             # 2
    ("exposureEventCode", "<u2"),                   # 4  event code that starts an exposure
    ("_pad0", "<u2"),                               # 6
)  # 8
_BIAS = (
    ("bias", ("<u2", _Biased.Switch)),             # 0
    ("biasChan", ("<i2", _Biased.BiasChannelId)),  # 2
    ("biasVoltage", "<f4"),                        # 4  set point
    ("configVersion", "<u4"),                      # 8
)  # 12


@xtc_type(TypeId.ArchonConfig, 3, store="config")
class ConfigV3(_Biased):
    """Settings, power and bias among them."""

    FIELDS = (
        *_MODES,    #  0
        *_SWEEPS,   #  8
        *_TIMES,    # 20
        *_READOUT,  # 28
        *_BIAS,     # 72
        *_TEXT,     # 84
    )  # varies


@xtc_type(TypeId.ArchonConfig, 4, store="config")
class ConfigV4(_Biased):
    """As version 3, with lines to skip."""

    FIELDS = (
        *_MODES,                  #  0
        *_SWEEPS,                 #  8
        ("preSkipLines", "<u4"),  # 20
        *_TIMES,                  # 24
        *_READOUT,                # 32
        *_BIAS,                   # 76
        *_TEXT,                   # 88
    )  # varies


Config = [ConfigV1, ConfigV2, ConfigV3, ConfigV4]
