"""psana.Streak: the streak camera; its frames are `Camera.FrameV1`.

Layouts from psddldata/data/streak.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError
from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Streak"

_SECONDS = (1e-9, 1e-6, 1e-3, 1.0)  # by calibScale

Times = npt.NDArray[np.float64]


@xtc_type(TypeId.StreakConfig, 1, size=68, store="config")
class ConfigV1(Record):
    """Settings of the camera and its time axis."""

    Row_Pixels = 1024
    Column_Pixels = 1344
    NumCalibConstants = 3
    DeviceMode = IntEnum("DeviceMode", {"Focus": 0, "Operate": 1})
    ShutterMode = IntEnum("ShutterMode", {"Closed": 0, "Open": 1})
    GateMode = IntEnum("GateMode", {"Normal": 0, "Gate": 1, "OpenFixed": 2})
    TriggerMode = IntEnum("TriggerMode", {"Single": 0, "Continuous": 1})
    CalibScale = IntEnum(
        "CalibScale", {"Nanoseconds": 0, "Microseconds": 1, "Milliseconds": 2, "Seconds": 3}
    )
    FIELDS = (
        ("timeRange", "<u8"),                   #  0  ps
        ("mode", ("<u4", DeviceMode)),          #  8
        ("gate", ("<u4", GateMode)),            # 12
        ("gain", "<u4"),                        # 16
        ("shutter", ("<u4", ShutterMode)),      # 20
        ("triggerMode", ("<u4", TriggerMode)),  # 24
        ("focusTimeOver", "<u4"),               # 28  min
        ("exposureTime", "<f8"),                # 32  s
        ("calibScale", ("<u4", CalibScale)),    # 40  unit of calib
        ("calib", "<f8", 3),                    # 44  polynomial of the time from pixel to pixel
    )  # 68

    def calibScaleFactor(self) -> float:
        """Return the unit of `calib` in s.

        Raises
        ------
        FormatError
            A unit that is not known.
        """
        number = self.calibScale()
        if number >= len(_SECONDS):
            what = f"Streak.ConfigV1: calibScale {number}, expected 0 to {len(_SECONDS) - 1}"
            raise FormatError(what, self._file, self._base + self._start + 40)
        return _SECONDS[number]

    def calibTimes(self) -> Times:
        """Return the time of every column in the unit of `calib`, float64 (columns,)."""
        n = np.arange(1, self.Column_Pixels, dtype=np.float64)
        c0, c1, c2 = self.calib()
        return np.concatenate(([0.0], np.cumsum(c0 + c1 * n + c2 * n * n)))

    def calibTimesInSeconds(self) -> Times:
        """Return the time of every column in s, float64 (columns,)."""
        return self.calibTimes() * self.calibScaleFactor()


Config = [ConfigV1]
