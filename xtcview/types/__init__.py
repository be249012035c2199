"""Payload -> record: one table file per psana package; importing them fills the registry."""

from . import (
    alias,
    bld,
    camera,
    control,
    cspad,
    cspad2x2,
    epics,
    evr,
    opal1k,
    partition,
    pulnix,
)

__all__ = [
    "alias",
    "bld",
    "camera",
    "control",
    "cspad",
    "cspad2x2",
    "epics",
    "evr",
    "opal1k",
    "partition",
    "pulnix",
]
