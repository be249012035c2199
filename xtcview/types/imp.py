"""psana.Imp: the fast intensity monitor.

Layouts from psddldata/data/imp.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Imp"


@xtc_type(TypeId.ImpConfig, 1, size=40, store="config")
class ConfigV1(Record):
    """Registers of the monitor."""

    MaxNumberOfSamples = 1023
    Registers = IntEnum(
        "Registers",
        {
            "Range": 0, "Cal_range": 1, "Reset": 2, "Bias_data": 3, "Cal_data": 4,
            "BiasDac_data": 5, "Cal_strobe": 6, "NumberOfSamples": 7, "TrigDelay": 8,
            "Adc_delay": 9, "NumberOfRegisters": 10,
        },
    )
    FIELDS = (
        ("range", "<u4"),            #  0
        ("calRange", "<u4"),         #  4
        ("reset", "<u4"),            #  8
        ("biasData", "<u4"),         # 12
        ("calData", "<u4"),          # 16
        ("biasDacData", "<u4"),      # 20
        ("calStrobe", "<u4"),        # 24
        ("numberOfSamples", "<u4"),  # 28  samples in an event
        ("trigDelay", "<u4"),        # 32
        ("adcDelay", "<u4"),         # 36
    )  # 40


class Sample(Record):
    """All channels at one time."""

    channelsPerDevice = 4
    FIELDS = (
        ("channels", "<u2", 4),  # 0  counts
    )  # 8


class LaneStatus(Record):
    """State of the link."""

    FIELDS = (
        ("_value", "<u4"),  # 0
    )  # 4
    BITS = {
        "linkErrCount": ("_value", 0, 4),
        "linkDownCount": ("_value", 4, 4),
        "cellErrCount": ("_value", 8, 4),
        "rxCount": ("_value", 12, 4),
        "locLinked": ("_value", 16, 1),
        "remLinked": ("_value", 17, 1),
        "zeros": ("_value", 18, 10),
        "powersOkay": ("_value", 28, 4),
    }


@xtc_type(TypeId.ImpData, 1, configs=(ConfigV1,))
class ElementV1(Record):
    """Samples of one event."""

    FIELDS = (
        ("_first", "<u4"),                                       #  0
        ("_second", "<u4"),                                      #  4
        ("frameNumber", "<u4"),                                  #  8
        ("_ticks", "<u4"),                                       # 12
        ("_fiducials", "<u4"),                                   # 16
        ("range", "<u4"),                                        # 20
        ("laneStatus", LaneStatus),                              # 24
        ("_z", "<u4"),                                           # 28
        ("samples", Sample, lambda s: s.cfg.numberOfSamples()),  # 32
    )  # varies
    BITS = {
        "vc": ("_first", 0, 2),
        "lane": ("_first", 6, 2),
    }


Config = [ConfigV1]
Element = [ElementV1]
