"""psana.SmlData: small-data files (.smd.xtc), in which large payloads stand as proxies.

Layouts from psddldata/data/smldata.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from . import pds
from .record import Record
from .registry import xtc_type

PACKAGE = "SmlData"


@xtc_type(TypeId.SmlDataConfig, 1, size=4, store="config")
class ConfigV1(Record):
    """What is large."""

    FIELDS = (
        ("sizeThreshold", "<u4"),  # 0  bytes; larger payloads are replaced by a proxy
    )  # 4


@xtc_type(TypeId.SmlDataOrigDgramOffset, 1, size=12, configs=(ConfigV1,))
class OrigDgramOffsetV1(Record):
    """Where the whole datagram is; the first leaf of a small-data datagram."""

    FIELDS = (
        ("fileOffset", "<i8"),  # 0  byte of the datagram in the .xtc file
        ("extent", "<u4"),      # 8  bytes
    )  # 12


@xtc_type(TypeId.SmlDataProxy, 1, size=16, configs=(ConfigV1,))
class ProxyV1(Record):
    """Where a large payload is."""

    FIELDS = (
        ("fileOffset", "<i8"),  #  0  byte of the payload's header in the .xtc file
        ("type", pds.TypeId),   #  8  of the payload
        ("extent", "<u4"),      # 12  bytes, the header included
    )  # 16


Config = [ConfigV1]
OrigDgramOffset = [OrigDgramOffsetV1]
Proxy = [ProxyV1]
