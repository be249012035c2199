"""psana.EpixSampler: slow digitizers on the ePix board.

Layouts from psddldata/data/epixsampler.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "EpixSampler"


@xtc_type(TypeId.EpixSamplerConfig, 1, size=56, store="config")
class ConfigV1(Record):
    """Settings of the digitizers."""

    FIELDS = (
        ("version", "<u4"),             #  0
        ("runTrigDelay", "<u4"),        #  4
        ("daqTrigDelay", "<u4"),        #  8
        ("daqSetting", "<u4"),          # 12
        ("adcClkHalfT", "<u4"),         # 16
        ("adcPipelineDelay", "<u4"),    # 20
        ("digitalCardId0", "<u4"),      # 24  serial number
        ("digitalCardId1", "<u4"),      # 28
        ("analogCardId0", "<u4"),       # 32  serial number
        ("analogCardId1", "<u4"),       # 36
        ("numberOfChannels", "<u4"),    # 40
        ("samplesPerChannel", "<u4"),   # 44
        ("baseClockFrequency", "<u4"),  # 48
        ("_bitControls", "<u4"),        # 52
    )  # 56
    BITS = {
        "testPatternEnable": ("_bitControls", 8, 1),
    }

    def sampleInterval_sec(self) -> float:
        """Return what psana gives as the time between samples, in s.

        psana adds the hexadecimal digits of `baseClockFrequency` without their weights
        (psddldata/src/epixsampler.ddl.cpp), so the number is hardly ever right; kept as it is.
        """
        digits = sum(int(digit, 16) for digit in f"{self.baseClockFrequency():x}")
        return self.adcClkHalfT() * 2e-3 / (10 * digits) if digits else float("inf")


_SHAPE = (lambda s: s.cfg.numberOfChannels(), lambda s: s.cfg.samplesPerChannel())


@xtc_type(TypeId.EpixSamplerElement, 1, configs=(ConfigV1,))
class ElementV1(Record):
    """Samples of one event."""

    FIELDS = (
        ("_first", "<u4"),                                            #  0
        ("_second", "<u4"),                                           #  4
        ("frameNumber", "<u4"),                                       #  8
        ("ticks", "<u4"),                                             # 12
        ("fiducials", "<u4"),                                         # 16
        ("_z", "<u4", 3),                                             # 20
        ("frame", "<u2", *_SHAPE),                                    # 32  [channel][sample]
        ("temperatures", "<u2", lambda s: s.cfg.numberOfChannels()),  #  +
        ("lastWord", "<u4"),                                          #  +
    )  # varies
    BITS = {
        "vc": ("_first", 0, 2),
        "lane": ("_first", 6, 2),
        "acqCount": ("_second", 0, 16),
    }


Config = [ConfigV1]
Element = [ElementV1]
