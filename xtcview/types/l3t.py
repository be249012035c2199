"""psana.L3T: the level 3 trigger, which decides whether an event is kept.

Layouts from psddldata/data/l3t.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "L3T"


@xtc_type(TypeId.L3TConfig, 1, store="config")
class ConfigV1(Record):
    """Which program decides."""

    FIELDS = (
        ("module_id_len", "<u4"),                         # 0
        ("desc_len", "<u4"),                              # 4
        ("module_id", "S", lambda s: s.module_id_len()),  # 8
        ("desc", "S", lambda s: s.desc_len()),            # +
    )  # varies


@xtc_type(TypeId.L3TData, 1, size=4)
class DataV1(Record):
    """Decision on one event."""

    FIELDS = (
        ("accept", "<u4"),  # 0  1: keep
    )  # 4


@xtc_type(TypeId.L3TData, 2, size=4)
class DataV2(Record):
    """Decision on one event, or none, and whether it counts."""

    Result = IntEnum("Result", {"Fail": 0, "Pass": 1, "None": 2})
    Bias = IntEnum("Bias", {"Unbiased": 0, "Biased": 1})
    FIELDS = (
        ("accept", "<u4"),  # 0
    )  # 4
    BITS = {
        "result": ("accept", 0, 2, Result),
        "bias": ("accept", 2, 1, Bias),
    }


Config = [ConfigV1]
Data = [DataV1, DataV2]
