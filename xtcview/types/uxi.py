"""psana.Uxi: the UXI camera, which takes several frames within nanoseconds.

Layouts from psddldata/data/uxi.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError
from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Uxi"

_TIMING_WORDS = (3, 40, 7)  # by timing mode

Words = npt.NDArray[np.uint32]


class RoiCoord(Record):
    """A range, both ends included."""

    FIELDS = (
        ("first", "<u2"),  # 0
        ("last", "<u2"),   # 2
    )  # 4


class Register(Record):
    """A register of the camera by its name."""

    NameSize = 128
    FIELDS = (
        ("name", "S128"),  #   0
        ("value", "<u4"),  # 128
    )  # 132


class _Config(Record):
    """What all versions can tell."""

    NumberOfPots = 13
    NumberOfSides = 2

    def potIsReadOnly(self, i: int) -> int:
        """Return 1 when potentiometer `i` is only read."""
        return self.readOnlyPots() >> i & 1 if i < self.NumberOfPots else 0

    def potIsTuned(self, i: int) -> int:
        """Return 1 when potentiometer `i` was tuned."""
        return self.readOnlyPots() >> i + self.NumberOfPots & 1 if i < self.NumberOfPots else 0

    def numPixelsPerFrame(self) -> int:
        """Return the pixels of one frame."""
        return self.width() * self.height()

    def numPixels(self) -> int:
        """Return the pixels of all frames of an event."""
        return self.numPixelsPerFrame() * self.numberOfFrames()

    def frameSize(self) -> int:
        """Return the bytes of all frames of an event."""
        return self.numPixels() * self.numberOFBytesPerPixel()


class _RegionConfig(_Config):
    """From version 2 on: a region and some of the frames may be chosen."""

    RoiMode = IntEnum("RoiMode", {"Off": 0, "On": 1})


_SIZES = (
    ("width", "<u4"),                  #  0  columns
    ("height", "<u4"),                 #  4  rows
    ("numberOfFrames", "<u4"),         #  8  frames in an event
    ("numberOFBytesPerPixel", "<u4"),  # 12
    ("sensorType", "<u4"),             # 16
)  # 20
_TIMES = (
    ("timeOn", "<u4", 2),   #  0  ns, of each side
    ("timeOff", "<u4", 2),  #  8  ns
    ("delay", "<u4", 2),    # 16  ns
)  # 24
_POTS = (
    ("readOnlyPots", "<u4"),  # 0  bits 0-12: only read, 13-25: tuned
    ("pots", "<f8", 13),      # 4  V
)  # 108
_REGION = (
    ("roiEnable", ("<u4", _RegionConfig.RoiMode)),  # 0
    ("roiRows", RoiCoord),                          # 4
    ("roiFrames", RoiCoord),                        # 8
)  # 12


@xtc_type(TypeId.UxiConfig, 1, size=152, store="config")
class ConfigV1(_Config):
    """Settings of the camera."""

    FIELDS = (
        *_SIZES,  #  0
        *_TIMES,  # 20
        *_POTS,   # 44
    )  # 152


@xtc_type(TypeId.UxiConfig, 2, size=164, store="config")
class ConfigV2(_RegionConfig):
    """Settings; from here on a region may be chosen."""

    FIELDS = (
        *_REGION,  #  0
        *_SIZES,   # 12
        *_TIMES,   # 32
        *_POTS,    # 56
    )  # 164


@xtc_type(TypeId.UxiConfig, 3, size=168, store="config")
class ConfigV3(_RegionConfig):
    """Settings; from here on the oscillator may be chosen."""

    OscMode = IntEnum(
        "OscMode",
        {"RelaxationOsc": 0, "RingOscWithCaps": 1, "RingOscNoCaps": 2, "ExternalClock": 3},
    )
    FIELDS = (
        *_REGION,                          #  0
        ("oscillator", ("<u4", OscMode)),  # 12
        *_SIZES,                           # 16
        *_TIMES,                           # 36
        *_POTS,                            # 60
    )  # 168


@xtc_type(TypeId.UxiConfig, 4, store="config")
class ConfigV4(_RegionConfig):
    """Settings; from here on with free sequences and registers. psana does not know it."""

    MaxTimingSequence = 40
    MaxManualShutterSequence = 7
    OscMode = ConfigV3.OscMode
    TimingMode = IntEnum("TimingMode", {"BasicTiming": 0, "ArbitraryTiming": 1, "ManualTiming": 2})
    BasicTimingIdx = IntEnum("BasicTimingIdx", {"Open": 0, "Closed": 1, "Delay": 2})
    FIELDS = (
        *_REGION,                                                  #   0
        ("oscillator", ("<u4", OscMode)),                          #  12
        *_SIZES,                                                   #  16
        ("timingMode", ("<u4", TimingMode)),                       #  36
        ("timingSequence", "<u4", 2, 40),                          #  40  [side][word]
        *_POTS,                                                    # 360
        ("numberOfRegisters", "<u4"),                              # 468
        ("registers", Register, lambda s: s.numberOfRegisters()),  # 472
    )  # varies

    def timeArray(self, idx: int) -> Words:
        """Return word `idx` of both sides, uint32 (2,); 0 unless the timing is basic."""
        basic = self.timingMode() == self.TimingMode.BasicTiming
        words: Words = self.timingSequence()[:, idx]
        return words if basic else np.zeros(self.NumberOfSides, np.uint32)

    def timeOn(self) -> Words:
        """Return the times for which the shutters are open, ns, uint32 (2,)."""
        return self.timeArray(self.BasicTimingIdx.Open)

    def timeOff(self) -> Words:
        """Return the times for which the shutters are closed, ns, uint32 (2,)."""
        return self.timeArray(self.BasicTimingIdx.Closed)

    def delay(self) -> Words:
        """Return the delays of the shutters, ns, uint32 (2,)."""
        return self.timeArray(self.BasicTimingIdx.Delay)

    def timingLength(self) -> int:
        """Return how many words of the sequence have a meaning.

        Raises
        ------
        FormatError
            A timing mode that is not known.
        """
        mode = self.timingMode()
        if mode >= len(_TIMING_WORDS):
            what = f"Uxi.ConfigV4: timing mode {mode}, expected 0 to {len(_TIMING_WORDS) - 1}"
            raise FormatError(what, self._file, self._base + self._start + 36)
        return _TIMING_WORDS[mode]

    def timing(self, side: int) -> Words:
        """Return the sequence of one side, uint32."""
        return self.timingArray()[side]

    def timingArray(self) -> Words:
        """Return the sequences, uint32 (2, words)."""
        words: Words = self.timingSequence()[:, : self.timingLength()]
        return words


_SHAPE = (
    lambda s: s.cfg.numberOfFrames(),
    lambda s: s.cfg.height(),
    lambda s: s.cfg.width(),
)


@xtc_type(TypeId.UxiFrame, 1, configs=(ConfigV1, ConfigV2, ConfigV3, ConfigV4))
class FrameV1(Record):
    """All frames of an event."""

    FIELDS = (
        ("acquisitionCount", "<u4"),  #  0
        ("timestamp", "<u4"),         #  4
        ("temperature", "<f8"),       #  8
        ("frames", "<u2", *_SHAPE),   # 16  ADU, [frame][row][column]
    )  # varies


Config = [ConfigV1, ConfigV2, ConfigV3, ConfigV4]
Frame = [FrameV1]
