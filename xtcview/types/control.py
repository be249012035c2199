"""psana.ControlData: what a scan set in a calib cycle.

Layouts from psddldata/data/control.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from . import pds
from .record import Record
from .registry import xtc_type

PACKAGE = "ControlData"


class PVControl(Record):
    """A process variable that the scan set."""

    NameSize = 32
    NoArray = 4294967295
    FIELDS = (
        ("name", "S32"),   #  0  PV name, NUL padded
        ("index", "<u4"),  # 32  element of an array PV, or NoArray (0xffffffff)
        ("value", "<f8"),  # 36  set value (label text for PVLabel)
    )  # 44

    def array(self) -> int:
        """Return 1 when the index names an element of an array PV."""
        return int(self.index() != self.NoArray)


class PVControlV1(Record):
    """A process variable that the scan set; its name may be longer."""

    NameSize = 128
    NoArray = 4294967295
    FIELDS = (
        ("name", "S128"),  #   0  PV name, NUL padded
        ("index", "<u4"),  # 128  element of an array PV, or NoArray (0xffffffff)
        ("value", "<f8"),  # 132  set value (label text for PVLabel)
    )  # 140

    def array(self) -> int:
        """Return 1 when the index names an element of an array PV."""
        return int(self.index() != self.NoArray)


class PVMonitor(Record):
    """A process variable that had to stay in a range."""

    NameSize = 32
    NoArray = 4294967295
    FIELDS = (
        ("name", "S32"),     #  0  PV name, NUL padded
        ("index", "<u4"),    # 32  element of an array PV, or NoArray (0xffffffff)
        ("loValue", "<f8"),  # 36  window
        ("hiValue", "<f8"),  # 44  window
    )  # 52

    def array(self) -> int:
        """Return 1 when the index names an element of an array PV."""
        return int(self.index() != self.NoArray)


class PVMonitorV1(Record):
    """A process variable that had to stay in a range; its name may be longer."""

    NameSize = 128
    NoArray = 4294967295
    FIELDS = (
        ("name", "S128"),    #   0  PV name, NUL padded
        ("index", "<u4"),    # 128  element of an array PV, or NoArray (0xffffffff)
        ("loValue", "<f8"),  # 132  window
        ("hiValue", "<f8"),  # 140  window
    )  # 148

    def array(self) -> int:
        """Return 1 when the index names an element of an array PV."""
        return int(self.index() != self.NoArray)


class PVLabel(Record):
    """A note on the step."""

    NameSize = 32
    ValueSize = 64
    FIELDS = (
        ("name", "S32"),   #  0  PV name, NUL padded
        ("value", "S64"),  # 32  set value (label text for PVLabel)
    )  # 96


class PVLabelV1(Record):
    """A note on the step; name and text may be longer."""

    NameSize = 128
    ValueSize = 256
    FIELDS = (
        ("name", "S128"),   #   0  PV name, NUL padded
        ("value", "S256"),  # 128  set value (label text for PVLabel)
    )  # 384


@xtc_type(TypeId.RunControlConfig, 1, store="config")
class ConfigV1(Record):
    """What was set and watched in a calib cycle."""

    FIELDS = (
        ("_control", "<u4"),                                   #  0
        ("_reserved", "<u4"),                                  #  4
        ("duration", pds.ClockTime),                           #  8  ClockTime (nanoseconds first on disk)
        ("npvControls", "<u4"),                                # 16  array lengths
        ("npvMonitors", "<u4"),                                # 20  array lengths
        ("pvControls", PVControl, lambda s: s.npvControls()),  # 24  arrays stored one after another
        ("pvMonitors", PVMonitor, lambda s: s.npvMonitors()),  #  +  arrays stored one after another
    )  # varies
    BITS = {
        "events": ("_control", 0, 30),
        "uses_duration": ("_control", 30, 1),
        "uses_events": ("_control", 31, 1),
    }


@xtc_type(TypeId.RunControlConfig, 2, store="config")
class ConfigV2(Record):
    """From here on with notes."""

    FIELDS = (
        ("_control", "<u4"),                                   #  0
        ("_reserved", "<u4"),                                  #  4
        ("duration", pds.ClockTime),                           #  8  ClockTime (nanoseconds first on disk)
        ("npvControls", "<u4"),                                # 16  array lengths
        ("npvMonitors", "<u4"),                                # 20  array lengths
        ("npvLabels", "<u4"),                                  # 24  array lengths
        ("pvControls", PVControl, lambda s: s.npvControls()),  # 28  arrays stored one after another
        ("pvMonitors", PVMonitor, lambda s: s.npvMonitors()),  #  +  arrays stored one after another
        ("pvLabels", PVLabel, lambda s: s.npvLabels()),        #  +  arrays stored one after another
    )  # varies
    BITS = {
        "events": ("_control", 0, 30),
        "uses_duration": ("_control", 30, 1),
        "uses_events": ("_control", 31, 1),
    }


@xtc_type(TypeId.RunControlConfig, 3, store="config")
class ConfigV3(Record):
    """From here on the level 3 trigger may count the events."""

    FIELDS = (
        ("_control", "<u4"),                                   #  0
        ("_reserved", "<u4"),                                  #  4
        ("duration", pds.ClockTime),                           #  8  ClockTime (nanoseconds first on disk)
        ("npvControls", "<u4"),                                # 16  array lengths
        ("npvMonitors", "<u4"),                                # 20  array lengths
        ("npvLabels", "<u4"),                                  # 24  array lengths
        ("pvControls", PVControl, lambda s: s.npvControls()),  # 28  arrays stored one after another
        ("pvMonitors", PVMonitor, lambda s: s.npvMonitors()),  #  +  arrays stored one after another
        ("pvLabels", PVLabel, lambda s: s.npvLabels()),        #  +  arrays stored one after another
    )  # varies
    BITS = {
        "events": ("_control", 0, 29),
        "uses_l3t_events": ("_control", 29, 1),
        "uses_duration": ("_control", 30, 1),
        "uses_events": ("_control", 31, 1),
    }


@xtc_type(TypeId.RunControlConfig, 4, store="config")
class ConfigV4(Record):
    """From here on with longer names."""

    FIELDS = (
        ("_control", "<u4"),                                     #  0
        ("_reserved", "<u4"),                                    #  4
        ("duration", pds.ClockTime),                             #  8  ClockTime (nanoseconds first on disk)
        ("npvControls", "<u4"),                                  # 16  array lengths
        ("npvMonitors", "<u4"),                                  # 20  array lengths
        ("npvLabels", "<u4"),                                    # 24  array lengths
        ("pvControls", PVControlV1, lambda s: s.npvControls()),  # 28  arrays stored one after another
        ("pvMonitors", PVMonitorV1, lambda s: s.npvMonitors()),  #  +  arrays stored one after another
        ("pvLabels", PVLabelV1, lambda s: s.npvLabels()),        #  +  arrays stored one after another
    )  # varies
    BITS = {
        "events": ("_control", 0, 29),
        "uses_l3t_events": ("_control", 29, 1),
        "uses_duration": ("_control", 30, 1),
        "uses_events": ("_control", 31, 1),
    }


Config = [ConfigV1, ConfigV2, ConfigV3, ConfigV4]
