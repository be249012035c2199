"""psana.CsPad: the Cornell-SLAC pixel array detector, 2.3 megapixels.

Layouts from psddldata/data/cspad.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from operator import methodcaller
from typing import Any

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "CsPad"


class CsPadDigitalPotsCfg(Record):
    """Digital potentiometers of a quad."""

    LISTED = False
    FIELDS = (
        ("pots", "u1", 80),  # 0
    )  # 80


class CsPadReadOnlyCfg(Record):
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


class CsPadGainMapCfg(Record):
    """Gain of every pixel."""

    LISTED = False
    FIELDS = (
        ("gainMap", "<u2", 185, 194),  # 0  [col][row]; bit b of a pixel's word belongs to ASIC b
    )  # 71780


class ConfigV1QuadReg(Record):
    """Registers of a quad, version 1."""

    LISTED = False
    FIELDS = (
        ("shiftSelect", "<u4", 4),    #   0
        ("edgeSelect", "<u4", 4),     #  16
        ("readClkSet", "<u4"),        #  32
        ("readClkHold", "<u4"),       #  36
        ("dataMode", "<u4"),          #  40
        ("prstSel", "<u4"),           #  44
        ("acqDelay", "<u4"),          #  48
        ("intTime", "<u4"),           #  52
        ("digDelay", "<u4"),          #  56
        ("ampIdle", "<u4"),           #  60
        ("injTotal", "<u4"),          #  64
        ("rowColShiftPer", "<u4"),    #  68
        ("ro", CsPadReadOnlyCfg),     #  72
        ("dp", CsPadDigitalPotsCfg),  #  80
        ("gm", CsPadGainMapCfg),      # 160
    )  # 71940


class ConfigV2QuadReg(Record):
    """Registers of a quad; from here on with reset and digital counts."""

    LISTED = False
    FIELDS = (
        ("shiftSelect", "<u4", 4),    #   0
        ("edgeSelect", "<u4", 4),     #  16
        ("readClkSet", "<u4"),        #  32
        ("readClkHold", "<u4"),       #  36
        ("dataMode", "<u4"),          #  40
        ("prstSel", "<u4"),           #  44
        ("acqDelay", "<u4"),          #  48
        ("intTime", "<u4"),           #  52
        ("digDelay", "<u4"),          #  56
        ("ampIdle", "<u4"),           #  60
        ("injTotal", "<u4"),          #  64
        ("rowColShiftPer", "<u4"),    #  68
        ("ampReset", "<u4"),          #  72
        ("digCount", "<u4"),          #  76
        ("digPeriod", "<u4"),         #  80
        ("ro", CsPadReadOnlyCfg),     #  84
        ("dp", CsPadDigitalPotsCfg),  #  92
        ("gm", CsPadGainMapCfg),      # 172
    )  # 71952


class ConfigV3QuadReg(Record):
    """Registers of a quad; from here on with bias tuning."""

    LISTED = False
    FIELDS = (
        ("shiftSelect", "<u4", 4),    #   0
        ("edgeSelect", "<u4", 4),     #  16
        ("readClkSet", "<u4"),        #  32
        ("readClkHold", "<u4"),       #  36
        ("dataMode", "<u4"),          #  40
        ("prstSel", "<u4"),           #  44
        ("acqDelay", "<u4"),          #  48
        ("intTime", "<u4"),           #  52
        ("digDelay", "<u4"),          #  56
        ("ampIdle", "<u4"),           #  60
        ("injTotal", "<u4"),          #  64
        ("rowColShiftPer", "<u4"),    #  68
        ("ampReset", "<u4"),          #  72
        ("digCount", "<u4"),          #  76
        ("digPeriod", "<u4"),         #  80
        ("biasTuning", "<u4"),        #  84
        ("pdpmndnmBalance", "<u4"),   #  88
        ("ro", CsPadReadOnlyCfg),     #  92
        ("dp", CsPadDigitalPotsCfg),  # 100
        ("gm", CsPadGainMapCfg),      # 180
    )  # 71960


class _Config(Record):
    """What all versions can tell."""

    def numAsicsRead(self) -> int:
        """Return the ASICs per quad in the stream."""
        return 4 if self.asicMask() & 0xF == 1 else 16

    def numQuads(self) -> int:
        """Return the number of quads in an event."""
        return self.quadMask().bit_count()

    def numSect(self) -> int:
        """Return the number of sections in an event."""
        return self.numAsicsRead() // 2


class _SparseConfig(_Config):
    """From version 2 on: sections that nobody wanted are not stored."""

    def roiMask(self, iq: int) -> int:
        """Return which sections of quad `iq` are stored, a bit each."""
        return self.roiMasks() >> 8 * iq & 0xFF

    def numAsicsStored(self, iq: int) -> int:
        """Return the ASICs stored for quad `iq`, two per section."""
        return 2 * self.roiMask(iq).bit_count()

    def numSect(self) -> int:
        """Return the number of sections in an event."""
        return self.roiMasks().bit_count()


@xtc_type(TypeId.CspadConfig, 1, size=287804, store="config")
class ConfigV1(_Config):
    """Settings; all quads have the same sections."""

    FIELDS = (
        ("concentratorVersion", "<u4"),  #  0
        ("runDelay", "<u4"),             #  4  119 MHz ticks
        ("eventCode", "<u4"),            #  8  readout event code
        ("inactiveRunMode", "<u4"),      # 12
        ("activeRunMode", "<u4"),        # 16
        ("tdi", "<u4"),                  # 20
        ("payloadSize", "<u4"),          # 24  bytes per quad
        ("badAsicMask0", "<u4"),         # 28
        ("badAsicMask1", "<u4"),         # 32
        ("asicMask", "<u4"),             # 36  low nibble 1 -> only 4 ASICs (2 sections) read
        ("quadMask", "<u4"),             # 40  quads present
        ("quads", ConfigV1QuadReg, 4),   # 44
    )  # 287804


@xtc_type(TypeId.CspadConfig, 2, size=287808, store="config")
class ConfigV2(_SparseConfig):
    """From here on sections may be left out."""

    FIELDS = (
        ("concentratorVersion", "<u4"),  #  0
        ("runDelay", "<u4"),             #  4  119 MHz ticks
        ("eventCode", "<u4"),            #  8  readout event code
        ("inactiveRunMode", "<u4"),      # 12
        ("activeRunMode", "<u4"),        # 16
        ("tdi", "<u4"),                  # 20
        ("payloadSize", "<u4"),          # 24  bytes per quad
        ("badAsicMask0", "<u4"),         # 28
        ("badAsicMask1", "<u4"),         # 32
        ("asicMask", "<u4"),             # 36  low nibble 1 -> only 4 ASICs (2 sections) read
        ("quadMask", "<u4"),             # 40  quads present
        ("roiMasks", "<u4"),             # 44  8 bits per quad, one per 2x1 section
        ("quads", ConfigV1QuadReg, 4),   # 48
    )  # 287808


@xtc_type(TypeId.CspadConfig, 3, size=287844, store="config")
class ConfigV3(_SparseConfig):
    """From here on with protection thresholds."""

    FIELDS = (
        ("concentratorVersion", "<u4"),                          #  0
        ("runDelay", "<u4"),                                     #  4  119 MHz ticks
        ("eventCode", "<u4"),                                    #  8  readout event code
        ("protectionThresholds", ProtectionSystemThreshold, 4),  # 12
        ("protectionEnable", "<u4"),                             # 44
        ("inactiveRunMode", "<u4"),                              # 48
        ("activeRunMode", "<u4"),                                # 52
        ("tdi", "<u4"),                                          # 56
        ("payloadSize", "<u4"),                                  # 60  bytes per quad
        ("badAsicMask0", "<u4"),                                 # 64
        ("badAsicMask1", "<u4"),                                 # 68
        ("asicMask", "<u4"),                                     # 72  low nibble 1 -> only 4 ASICs (2 sections) read
        ("quadMask", "<u4"),                                     # 76  quads present
        ("roiMasks", "<u4"),                                     # 80  8 bits per quad, one per 2x1 section
        ("quads", ConfigV1QuadReg, 4),                           # 84
    )  # 287844


@xtc_type(TypeId.CspadConfig, 4, size=287892, store="config")
class ConfigV4(_SparseConfig):
    """As version 3, with registers of version 2."""

    FIELDS = (
        ("concentratorVersion", "<u4"),                          #  0
        ("runDelay", "<u4"),                                     #  4  119 MHz ticks
        ("eventCode", "<u4"),                                    #  8  readout event code
        ("protectionThresholds", ProtectionSystemThreshold, 4),  # 12
        ("protectionEnable", "<u4"),                             # 44
        ("inactiveRunMode", "<u4"),                              # 48
        ("activeRunMode", "<u4"),                                # 52
        ("tdi", "<u4"),                                          # 56
        ("payloadSize", "<u4"),                                  # 60  bytes per quad
        ("badAsicMask0", "<u4"),                                 # 64
        ("badAsicMask1", "<u4"),                                 # 68
        ("asicMask", "<u4"),                                     # 72  low nibble 1 -> only 4 ASICs (2 sections) read
        ("quadMask", "<u4"),                                     # 76  quads present
        ("roiMasks", "<u4"),                                     # 80  8 bits per quad, one per 2x1 section
        ("quads", ConfigV2QuadReg, 4),                           # 84
    )  # 287892


@xtc_type(TypeId.CspadConfig, 5, size=287928, store="config")
class ConfigV5(_SparseConfig):
    """From here on with an internal trigger delay and registers of version 3."""

    FIELDS = (
        ("concentratorVersion", "<u4"),                          #  0
        ("runDelay", "<u4"),                                     #  4  119 MHz ticks
        ("eventCode", "<u4"),                                    #  8  readout event code
        ("protectionThresholds", ProtectionSystemThreshold, 4),  # 12
        ("protectionEnable", "<u4"),                             # 44
        ("inactiveRunMode", "<u4"),                              # 48
        ("activeRunMode", "<u4"),                                # 52
        ("internalTriggerDelay", "<u4"),                         # 56  119 MHz ticks
        ("tdi", "<u4"),                                          # 60
        ("payloadSize", "<u4"),                                  # 64  bytes per quad
        ("badAsicMask0", "<u4"),                                 # 68
        ("badAsicMask1", "<u4"),                                 # 72
        ("asicMask", "<u4"),                                     # 76  low nibble 1 -> only 4 ASICs (2 sections) read
        ("quadMask", "<u4"),                                     # 80  quads present
        ("roiMasks", "<u4"),                                     # 84  8 bits per quad, one per 2x1 section
        ("quads", ConfigV3QuadReg, 4),                           # 88
    )  # 287928


# The header in front of a quad's pixels.
_ELEMENT = (
    ("_word0", "<u4"),      #  0
    ("_word1", "<u4"),      #  4
    ("seq_count", "<u4"),   #  8  counts events
    ("ticks", "<u4"),       # 12
    ("fiducials", "<u4"),   # 16
    ("sb_temp", "<u2", 4),  # 20  raw board temperatures
    ("frame_type", "<u4"),  # 28
)  # 32
_ELEMENT_BITS = {
    "virtual_channel": ("_word0", 0, 2),
    "lane": ("_word0", 6, 2),
    "tid": ("_word0", 8, 24),
    "acq_count": ("_word1", 0, 16),
    "op_code": ("_word1", 16, 8),
    "quad": ("_word1", 24, 2),
}


TRAILER = 4  # bytes behind a quad's pixels, unused
SECTION = (185, 388)  # rows, columns of a 2x1


class HeaderV1(Record):
    """What stands in front of a quad's pixels; all quads have the same sections."""

    LISTED = False
    Nsbtemp = 4
    FIELDS = _ELEMENT
    BITS = _ELEMENT_BITS

    def sectionMask(self) -> int:
        """Return which sections are stored, a bit each; they stand in increasing order."""
        return 0x3 if self.cfg.numAsicsRead() == 4 else 0xFF

    def common_mode(self, section: int) -> float:
        """Return 0: the DAQ stores no common mode."""
        return 0.0


class HeaderV2(HeaderV1):
    """What stands in front of a quad's pixels; the configuration says which sections follow."""

    def sectionMask(self) -> int:
        """Return which sections are stored, a bit each; they stand in increasing order."""
        return self.cfg.roiMask(self.quad())


class ElementV1(HeaderV1):
    """One quad."""

    FIELDS = (
        *_ELEMENT,
        ("data", "<i2", lambda s: s.sectionMask().bit_count(), *SECTION),  # 32  ADU
        ("_extra", "<u2", 2),                                              #  +
    )  # varies


class ElementV2(HeaderV2):
    """One quad; sections that nobody wanted are not stored."""

    FIELDS = ElementV1.FIELDS


class _Data(Record):
    """Quads stand in order of arrival; psana gives them sorted by number."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tail["quads"].sort(key=methodcaller("quad"))


@xtc_type(TypeId.CspadElement, 1, configs=(ConfigV1, ConfigV2, ConfigV3, ConfigV4, ConfigV5))
class DataV1(_Data):
    """One event."""

    FIELDS = (
        ("quads", ElementV1, lambda s: s.cfg.numQuads()),  # 0
    )  # varies


@xtc_type(TypeId.CspadElement, 2, configs=(ConfigV2, ConfigV3, ConfigV4, ConfigV5))
class DataV2(_Data):
    """One event; the sizes of its quads may differ."""

    FIELDS = (
        ("quads", ElementV2, lambda s: s.cfg.numQuads()),  # 0
    )  # varies


Config = [ConfigV1, ConfigV2, ConfigV3, ConfigV4, ConfigV5]
Data = [DataV1, DataV2]
