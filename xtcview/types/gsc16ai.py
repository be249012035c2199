"""psana.Gsc16ai: analog inputs of General Standards cards.

Layouts from psddldata/data/gsc16ai.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Gsc16ai"


@xtc_type(TypeId.Gsc16aiConfig, 1, size=16, store="config")
class ConfigV1(Record):
    """Settings of a card."""

    LowestChannel = 0
    HighestChannel = 15
    LowestFps = 1
    HighestFps = 120
    InputMode = IntEnum(
        "InputMode", {"InputMode_Differential": 0, "InputMode_Zero": 1, "InputMode_Vref": 2}
    )
    VoltageRange = IntEnum(
        "VoltageRange", {"VoltageRange_10V": 0, "VoltageRange_5V": 1, "VoltageRange_2_5V": 2}
    )
    TriggerMode = IntEnum(
        "TriggerMode", {"TriggerMode_ExtPos": 0, "TriggerMode_ExtNeg": 1, "TriggerMode_IntClk": 2}
    )
    DataFormat = IntEnum(
        "DataFormat", {"DataFormat_TwosComplement": 0, "DataFormat_OffsetBinary": 1}
    )
    FIELDS = (
        ("voltageRange", ("<u2", VoltageRange)),  #  0
        ("firstChan", "<u2"),                     #  2
        ("lastChan", "<u2"),                      #  4
        ("inputMode", ("<u2", InputMode)),        #  6
        ("triggerMode", ("<u2", TriggerMode)),    #  8
        ("dataFormat", ("<u2", DataFormat)),      # 10
        ("fps", "<u2"),                           # 12  Hz
        ("autocalibEnable", "u1"),                # 14
        ("timeTagEnable", "u1"),                  # 15
    )  # 16

    def numChannels(self) -> int:
        """Return the channels that are read."""
        return self.lastChan() - self.firstChan() + 1


@xtc_type(TypeId.Gsc16aiData, 1, configs=(ConfigV1,))
class DataV1(Record):
    """Values of one event."""

    FIELDS = (
        ("timestamp", "<u2", 3),                                 # 0
        ("channelValue", "<u2", lambda s: s.cfg.numChannels()),  # 6  counts, from firstChan on
    )  # varies


Config = [ConfigV1]
Data = [DataV1]
