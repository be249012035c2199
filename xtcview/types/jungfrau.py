"""psana.Jungfrau: the Jungfrau detector.

Layouts from psddldata/data/jungfrau.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Jungfrau"


class _Config(Record):
    """What all versions can tell."""

    GainMode = IntEnum(
        "GainMode",
        {
            "Normal": 0, "FixedGain1": 1, "FixedGain2": 2, "ForcedGain1": 3, "ForcedGain2": 4,
            "HighGain0": 5,
        },
    )
    SpeedMode = IntEnum("SpeedMode", {"Quarter": 0, "Half": 1})

    def numPixels(self) -> int:
        """Return the pixels of all modules."""
        area = self.numberOfRowsPerModule() * self.numberOfColumnsPerModule()
        return self.numberOfModules() * area

    def frameSize(self) -> int:
        """Return the bytes of all pixels."""
        return 2 * self.numPixels()


_FRAME = (
    ("numberOfModules", "<u4"),                 #  0
    ("numberOfRowsPerModule", "<u4"),           #  4
    ("numberOfColumnsPerModule", "<u4"),        #  8
    ("biasVoltage", "<u4"),                     # 12  V
    ("gainMode", ("<u2", _Config.GainMode)),    # 16
    ("speedMode", ("<u2", _Config.SpeedMode)),  # 18
    ("triggerDelay", "<f8"),                    # 20  s
    ("exposureTime", "<f8"),                    # 28  s
)  # 36
_VOLTAGES = (
    ("exposurePeriod", "<f8"),  #  0  s
    ("vb_ds", "<u2"),           #  8  12 bits over 0 to 2.5 V, as those that follow
    ("vb_comp", "<u2"),         # 10
    ("vb_pixbuf", "<u2"),       # 12
    ("vref_ds", "<u2"),         # 14
    ("vref_comp", "<u2"),       # 16
    ("vref_prech", "<u2"),      # 18
    ("vin_com", "<u2"),         # 20
    ("vdd_prot", "<u2"),        # 22
)  # 24


@xtc_type(TypeId.JungfrauConfig, 1, size=36, store="config")
class ConfigV1(_Config):
    """Sizes and modes."""

    FIELDS = _FRAME  # 36


@xtc_type(TypeId.JungfrauConfig, 2, size=60, store="config")
class ConfigV2(_Config):
    """From here on with voltages."""

    FIELDS = (*_FRAME, *_VOLTAGES)  # 60


class ModuleConfigV1(Record):
    """Who a module is."""

    LISTED = False
    FIELDS = (
        ("serialNumber", "<u8"),     #  0
        ("moduleVersion", "<u8"),    #  8
        ("firmwareVersion", "<u8"),  # 16
    )  # 24


@xtc_type(TypeId.JungfrauConfig, 3, size=252, store="config")
class ConfigV3(_Config):
    """From here on with the modules; at most 8."""

    MaxModulesPerDetector = 8
    MaxRowsPerModule = 512
    MaxColumnsPerModule = 1024
    FIELDS = (
        *_FRAME,                              #  0
        *_VOLTAGES,                           # 36
        ("moduleConfig", ModuleConfigV1, 8),  # 60  the first numberOfModules() have a meaning
    )  # 252


@xtc_type(TypeId.JungfrauConfig, 4, size=828, store="config")
class ConfigV4(_Config):
    """As version 3, for at most 32 modules."""

    MaxModulesPerDetector = 32
    MaxRowsPerModule = 512
    MaxColumnsPerModule = 1024
    FIELDS = (
        *_FRAME,                               #  0
        *_VOLTAGES,                            # 36
        ("moduleConfig", ModuleConfigV1, 32),  # 60  the first numberOfModules() have a meaning
    )  # 828


class ModuleInfoV1(Record):
    """Who a module is and when it was read."""

    LISTED = False
    FIELDS = (
        ("timestamp", "<u8"),     #  0  100 ns
        ("exposureTime", "<u4"),  #  8  100 ns
        ("moduleID", "<u2"),      # 12
        ("xCoord", "<u2"),        # 14  place in the detector
        ("yCoord", "<u2"),        # 16
        ("zCoord", "<u2"),        # 18
    )  # 20


_CONFIGS = (ConfigV1, ConfigV2, ConfigV3, ConfigV4)
_SHAPE = (
    lambda s: s.cfg.numberOfModules(),
    lambda s: s.cfg.numberOfRowsPerModule(),
    lambda s: s.cfg.numberOfColumnsPerModule(),
)
_PIXELS = (
    ("frame", "<u2", *_SHAPE),  # +  [module][row][column]: ADU in the low 14 bits, gain stage above
)


@xtc_type(TypeId.JungfrauElement, 1, configs=_CONFIGS)
class ElementV1(Record):
    """One event of all modules."""

    FIELDS = (
        ("frameNumber", "<u4"),  #  0
        ("ticks", "<u4"),        #  4
        ("fiducials", "<u4"),    #  8
        *_PIXELS,                # 12
    )  # varies


@xtc_type(TypeId.JungfrauElement, 2, configs=_CONFIGS)
class ElementV2(Record):
    """One event of all modules, each of which tells who it is."""

    FIELDS = (
        ("frameNumber", "<u8"),                                           #  0
        ("ticks", "<u4"),                                                 #  8
        ("fiducials", "<u4"),                                             # 12
        ("moduleInfo", ModuleInfoV1, lambda s: s.cfg.numberOfModules()),  # 16
        *_PIXELS,                                                         #  +
    )  # varies


Config = [ConfigV1, ConfigV2, ConfigV3, ConfigV4]
Element = [ElementV1, ElementV2]
