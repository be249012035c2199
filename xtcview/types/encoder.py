"""psana.Encoder: position encoders on PCI cards.

Layouts from psddldata/data/encoder.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Encoder"


def signed24(count: int) -> int:
    """Return the number in the low 24 bits of a word, which may be negative."""
    return ((count & 0xFFFFFF) ^ 0x800000) - 0x800000


class _Config(Record):
    count_mode_type = IntEnum(
        "count_mode_type", {"WRAP_FULL": 0, "LIMIT": 1, "HALT": 2, "WRAP_PRESET": 3, "COUNT_END": 4}
    )
    quad_mode = IntEnum("quad_mode", {"CLOCK_DIR": 0, "X1": 1, "X2": 2, "X4": 3, "QUAD_END": 4})


_MODES = (
    ("count_mode", ("<u4", _Config.count_mode_type)),  #  0
    ("quadrature_mode", ("<u4", _Config.quad_mode)),   #  4
    ("input_num", "<u4"),                              #  8
    ("input_rising", "<u4"),                           # 12
    ("ticks_per_sec", "<u4"),                          # 16  Hz, of the timestamps
)  # 20


@xtc_type(TypeId.EncoderConfig, 1, size=24, store="config")
class ConfigV1(_Config):
    """Settings of a card of which one channel is read."""

    FIELDS = (
        ("chan_num", "<u4"),  # 0
        *_MODES,              # 4
    )  # 24


@xtc_type(TypeId.EncoderConfig, 2, size=24, store="config")
class ConfigV2(_Config):
    """Settings of a card of which several channels are read."""

    FIELDS = (
        ("chan_mask", "<u4"),  # 0  bit i set: channel i is read
        *_MODES,               # 4
    )  # 24


@xtc_type(TypeId.EncoderData, 1, size=8)
class DataV1(Record):
    """One channel's count."""

    FIELDS = (
        ("timestamp", "<u4"),      # 0  clock of the card
        ("encoder_count", "<u4"),  # 4  signed number in the low 24 bits
    )  # 8

    def value(self) -> int:
        """Return the count, which may be negative."""
        return signed24(self.encoder_count())


@xtc_type(TypeId.EncoderData, 2, size=16)
class DataV2(Record):
    """Three channels' counts."""

    NEncoders = 3
    FIELDS = (
        ("timestamp", "<u4"),         # 0  clock of the card
        ("encoder_count", "<u4", 3),  # 4  signed numbers in the low 24 bits
    )  # 16

    def value(self, i: int) -> int:
        """Return the count of channel `i`, which may be negative."""
        return signed24(int(self.encoder_count()[i]))


Config = [ConfigV1, ConfigV2]
Data = [DataV1, DataV2]
