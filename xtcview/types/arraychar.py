"""psana.Arraychar: any bytes.

Layouts from psddldata/data/arraychar.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Arraychar"


@xtc_type(TypeId.Arraychar, 1)
class DataV1(Record):
    """Bytes whose meaning the experiment knows."""

    FIELDS = (
        ("numChars", "<u8"),                     # 0
        ("data", "u1", lambda s: s.numChars()),  # 8
    )  # varies


Data = [DataV1]
