"""psana.Alias: names that people gave to sources.

Layouts from psddldata/data/alias.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from . import pds
from .record import Record
from .registry import xtc_type

PACKAGE = "Alias"


class SrcAlias(Record):
    """Src alias."""

    AliasNameMax = 31
    FIELDS = (
        ("src", pds.Src),      #  0  aliased address (level,phy are what count)
        ("aliasName", "S31"),  #  8  NUL-terminated alias
        ("_pad1", "S1"),       # 39
    )  # 40


@xtc_type(TypeId.AliasConfig, 1, store="config")
class ConfigV1(Record):
    """Address -> alias table."""

    FIELDS = (
        ("numSrcAlias", "<u4"),                             # 0  number of records that follow
        ("srcAlias", SrcAlias, lambda s: s.numSrcAlias()),  # 4  alias table
    )  # varies


Config = [ConfigV1]
