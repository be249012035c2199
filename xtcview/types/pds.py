"""psana.Pds: the small records that all packages share (psddldata/data/xtc.ddl)."""

from __future__ import annotations

from typing import Any

from xtcview.format.src import make_src

from .record import Record

PACKAGE = "Pds"


class ClockTime(Record):
    """A time or a duration; nanoseconds come first."""

    FIELDS = (
        ("nanoseconds", "<u4"),  # 0
        ("seconds", "<u4"),      # 4
    )  # 8


class Src(Record):
    """A source's two words; accessors give the source itself (`xtcview.format.src`)."""

    FIELDS = (
        ("log", "<u4"),  # 0
        ("phy", "<u4"),  # 4
    )  # 8

    @classmethod
    def published(cls, record: Any) -> Any:
        return make_src(record.log(), record.phy())


class DetInfo(Src):
    """A detector's two words."""


class TypeId(Record):
    """A type word: type id in the low half, version and compression bit above."""

    FIELDS = (
        ("value", "<u4"),  # 0
    )  # 4
