"""psana.QuadAdc: the four-channel digitizer.

Layouts from psddldata/data/quadadc.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "QuadAdc"


@xtc_type(TypeId.QuadAdcConfig, 0, size=32, store="config")  # version 0 in spite of its name
class ConfigV1(Record):
    """Settings of the digitizer; its data are `Generic1D.DataV0`."""

    FIELDS = (
        ("chanMask", "<u4"),        #  0  bit i set: channel i is read
        ("delayTime", "<f8"),       #  4
        ("interleaveMode", "<u4"),  # 12
        ("nbrSamples", "<u4"),      # 16
        ("evtCode", "<u4"),         # 20  event code of the trigger
        ("sampleRate", "<f8"),      # 24
    )  # 32


Config = [ConfigV1]
