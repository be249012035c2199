"""psana.CsPad2x2: two CSPAD sections, also called the 140k.

Layouts from psddldata/data/cspad2x2.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from .cspad import _ELEMENT, _ELEMENT_BITS
from .record import Record
from .registry import xtc_type

PACKAGE = "CsPad2x2"


class CsPad2x2DigitalPotsCfg(Record):
    """Digital potentiometers."""

    LISTED = False
    FIELDS = (
        ("pots", "u1", 80),  # 0
    )  # 80


class CsPad2x2ReadOnlyCfg(Record):
    """What the firmware says of itself."""

    FIELDS = (
        ("shiftTest", "<u4"),  # 0
        ("version", "<u4"),    # 4
    )  # 8


class ProtectionSystemThreshold(Record):
    """When to protect the sensor from too much light."""

    FIELDS = (
        ("adcThreshold", "<u4"),         # 0
        ("pixelCountThreshold", "<u4"),  # 4
    )  # 8


class CsPad2x2GainMapCfg(Record):
    """Gain of every pixel."""

    LISTED = False
    FIELDS = (
        ("gainMap", "<u2", 185, 194),  # 0  bit 2 * section + half: 1 high, 0 low gain
    )  # 71780


_REGISTERS = (
    ("shiftSelect", "<u4"),     #  0
    ("edgeSelect", "<u4"),      #  4
    ("readClkSet", "<u4"),      #  8
    ("readClkHold", "<u4"),     # 12
    ("dataMode", "<u4"),        # 16
    ("prstSel", "<u4"),         # 20
    ("acqDelay", "<u4"),        # 24
    ("intTime", "<u4"),         # 28
    ("digDelay", "<u4"),        # 32
    ("ampIdle", "<u4"),         # 36
    ("injTotal", "<u4"),        # 40
    ("rowColShiftPer", "<u4"),  # 44
    ("ampReset", "<u4"),        # 48
    ("digCount", "<u4"),        # 52
    ("digPeriod", "<u4"),       # 56
    ("PeltierEnable", "<u4"),   # 60
    ("kpConstant", "<u4"),      # 64
    ("kiConstant", "<u4"),      # 68
    ("kdConstant", "<u4"),      # 72
    ("humidThold", "<u4"),      # 76
    ("setPoint", "<u4"),        # 80
)  # 84
_PARTS = (
    ("ro", CsPad2x2ReadOnlyCfg),     #  0
    ("dp", CsPad2x2DigitalPotsCfg),  #  8
    ("gm", CsPad2x2GainMapCfg),      # 88
)  # 71868


class ConfigV1QuadReg(Record):
    """Registers of the detector."""

    LISTED = False
    FIELDS = (*_REGISTERS, *_PARTS)  # 71952


class ConfigV2QuadReg(Record):
    """Registers of the detector; from here on with bias tuning."""

    LISTED = False
    FIELDS = (
        *_REGISTERS,
        ("biasTuning", "<u4"),       # 84
        ("pdpmndnmBalance", "<u4"),  # 88
        *_PARTS,
    )  # 71960


_MODES = (
    ("concentratorVersion", "<u4"),                      #  0
    ("protectionThreshold", ProtectionSystemThreshold),  #  4
    ("protectionEnable", "<u4"),                         # 12
    ("inactiveRunMode", "<u4"),                          # 16
    ("activeRunMode", "<u4"),                            # 20
)  # 24
_MASKS = (
    ("tdi", "<u4"),          #  0
    ("payloadSize", "<u4"),  #  4
    ("badAsicMask", "<u4"),  #  8
    ("asicMask", "<u4"),     # 12
    ("roiMask", "<u4"),      # 16  which sections are stored, a bit each
)  # 20


class _Config(Record):
    """What both versions can tell."""

    def numAsicsRead(self) -> int:
        """Return the ASICs read: always 4."""
        return 4

    def numAsicsStored(self) -> int:
        """Return the ASICs stored, two per section."""
        return 2 * self.roiMask().bit_count()


@xtc_type(TypeId.Cspad2x2Config, 1, size=71996, store="config")
class ConfigV1(_Config):
    """Settings."""

    FIELDS = (*_MODES, *_MASKS, ("quad", ConfigV1QuadReg))  # 71996


@xtc_type(TypeId.Cspad2x2Config, 2, size=72008, store="config")
class ConfigV2(_Config):
    """From here on with a trigger delay and bias tuning."""

    FIELDS = (*_MODES, ("runTriggerDelay", "<u4"), *_MASKS, ("quad", ConfigV2QuadReg))  # 72008


@xtc_type(TypeId.Cspad2x2Element, 1, size=287152)
class ElementV1(Record):
    """One event: the two sections, pixel beside pixel."""

    Nsbtemp = 4
    FIELDS = (
        *_ELEMENT,
        ("data", "<i2", 185, 388, 2),  # 32  ADU; the section is the last axis
    )  # 287152
    BITS = _ELEMENT_BITS

    def common_mode(self, section: int) -> float:
        """Return 0: the DAQ stores no common mode."""
        return 0.0


Config = [ConfigV1, ConfigV2]
Element = [ElementV1]
