"""psana.Ipimb: digitizer boards of the intensity and position monitors.

Layouts from psddldata/data/ipimb.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.format.ids import TypeId

from .record import Record, raw
from .registry import xtc_type

PACKAGE = "Ipimb"


class _Config(Record):
    """What both versions can tell."""

    CapacitorValue: Any
    CAPACITOR_BITS = 0  # of chargeAmpRange, per channel

    def capacitorValue(self, ch: int) -> Any:
        """Return the feedback capacitor of a channel, which sets its gain."""
        code = self.chargeAmpRange() >> ch * self.CAPACITOR_BITS & (1 << self.CAPACITOR_BITS) - 1
        return self.CapacitorValue(code) if code in set(self.CapacitorValue) else code

    def capacitorValues(self) -> npt.NDArray[np.uint8]:
        """Return the codes of all four capacitors, uint8 (4,)."""
        return np.array([self.capacitorValue(ch) for ch in range(4)], np.uint8)


_SETTINGS = (
    ("triggerCounter", "<u8"),       #  0
    ("serialID", "<u8"),             #  8
    ("chargeAmpRange", "<u2"),       # 16  capacitor of every channel
    ("calibrationRange", "<u2"),     # 18
    ("resetLength", "<u4"),          # 20
    ("resetDelay", "<u4"),           # 24
    ("chargeAmpRefVoltage", "<f4"),  # 28
    ("calibrationVoltage", "<f4"),   # 32
    ("diodeBias", "<f4"),            # 36
    ("status", "<u2"),               # 40
    ("errors", "<u2"),               # 42
    ("calStrobeLength", "<u2"),      # 44
    ("_pad0", "<u2"),                # 46
    ("trigDelay", "<u4"),            # 48
)  # 52


@xtc_type(TypeId.IpimbConfig, 1, size=52, store="config")
class ConfigV1(_Config):
    """Settings of a board with three capacitors to choose from."""

    CapacitorValue = IntEnum("CapacitorValue", {"c_1pF": 0, "c_100pF": 1, "c_10nF": 2})
    CAPACITOR_BITS = 2
    FIELDS = _SETTINGS  # 52


@xtc_type(TypeId.IpimbConfig, 2, size=60, store="config")
class ConfigV2(_Config):
    """Settings of a board that also samples in front of the pulse."""

    CapacitorValue = IntEnum(
        "CapacitorValue",
        {
            "c_1pF": 0, "c_4p7pF": 1, "c_24pF": 2, "c_120pF": 3, "c_620pF": 4, "c_3p3nF": 5,
            "c_10nF": 6, "expert": 7,
        },
    )
    CAPACITOR_BITS = 4
    FIELDS = (
        *_SETTINGS,              #  0
        ("trigPsDelay", "<u4"),  # 52  of the sample in front of the pulse
        ("adcDelay", "<u4"),     # 56
    )  # 60


class _Data(Record):
    """Counts and volts of four diodes."""

    def _volts(self, name: str) -> float:
        raise NotImplementedError

    def channel0Volts(self) -> float:
        """Return channel 0 in V."""
        return self._volts("channel0")

    def channel1Volts(self) -> float:
        """Return channel 1 in V."""
        return self._volts("channel1")

    def channel2Volts(self) -> float:
        """Return channel 2 in V."""
        return self._volts("channel2")

    def channel3Volts(self) -> float:
        """Return channel 3 in V."""
        return self._volts("channel3")


_CHANNELS = (
    ("config0", "<u2"),   #  0
    ("config1", "<u2"),   #  2
    ("config2", "<u2"),   #  4
    ("channel0", "<u2"),  #  6  counts
    ("channel1", "<u2"),  #  8  counts
    ("channel2", "<u2"),  # 10  counts
    ("channel3", "<u2"),  # 12  counts
)  # 14


@xtc_type(TypeId.IpimbData, 1, size=24)
class DataV1(_Data):
    """Counts of one event; full scale is 3.3 V."""

    FIELDS = (
        ("triggerCounter", "<u8"),  #  0
        *_CHANNELS,                 #  8
        ("checksum", "<u2"),        # 22
    )  # 24

    def _volts(self, name: str) -> float:
        return float(np.float32(getattr(self, name)() * 3.3 / 65535))  # the DAQ gives float32


@xtc_type(TypeId.IpimbData, 2, size=32)
class DataV2(_Data):
    """Counts of one event, at the pulse and in front of it; full scale is 5 V."""

    ipimbAdcRange = 5  # V
    ipimbAdcSteps = 65536
    FIELDS = (
        ("_triggerCounter", "<u8"),  #  0  its 16-bit words stand in reverse
        *_CHANNELS,                  #  8
        ("channel0ps", "<u2"),       # 22  counts in front of the pulse
        ("channel1ps", "<u2"),       # 24
        ("channel2ps", "<u2"),       # 26
        ("channel3ps", "<u2"),       # 28
        ("checksum", "<u2"),         # 30
    )  # 32

    def _volts(self, name: str) -> float:
        full = np.float32(self.ipimbAdcSteps - 1)
        return float(np.float32(getattr(self, name)() * self.ipimbAdcRange) / full)

    def channel0psVolts(self) -> float:
        """Return channel 0 in front of the pulse, in V."""
        return self._volts("channel0ps")

    def channel1psVolts(self) -> float:
        """Return channel 1 in front of the pulse, in V."""
        return self._volts("channel1ps")

    def channel2psVolts(self) -> float:
        """Return channel 2 in front of the pulse, in V."""
        return self._volts("channel2ps")

    def channel3psVolts(self) -> float:
        """Return channel 3 in front of the pulse, in V."""
        return self._volts("channel3ps")

    def triggerCounter(self) -> int:
        """Return the number of triggers."""
        words = np.frombuffer(raw(self, "_triggerCounter").tobytes(), "<u2")
        return int.from_bytes(words[::-1].tobytes(), "little")


Config = [ConfigV1, ConfigV2]
Data = [DataV1, DataV2]
