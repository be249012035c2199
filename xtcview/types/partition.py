"""psana.Partition: which sources and BLD records take part.

Layouts from psddldata/data/partition.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from xtcview.format.ids import TypeId

from . import pds
from .record import Record
from .registry import xtc_type

PACKAGE = "Partition"


class Source(Record):
    """Source."""

    FIELDS = (
        ("src", pds.Src),  # 0
        ("group", "<u4"),  # 8  readout group of the source
    )  # 12


@xtc_type(TypeId.PartitionConfig, 1, store="config")
class ConfigV1(Record):
    """Which sources take part in the run."""

    FIELDS = (
        ("bldMask", "<u8"),                             #  0  requested BLD types, bit = BldInfo type
        ("numSources", "<u4"),                          #  8  array length
        ("sources", Source, lambda s: s.numSources()),  # 12  addresses in the partition
    )  # varies


@xtc_type(TypeId.PartitionConfig, 2, store="config")
class ConfigV2(Record):
    """From here on with a longer mask of beam line data."""

    FIELDS = (
        ("numWords", "<u4"),                            # 0  32-bit words of the mask
        ("numSources", "<u4"),                          # 4  array length
        ("bldMask", "<u4", lambda s: s.numWords()),     # 8  requested BLD types, bit = BldInfo type
        ("sources", Source, lambda s: s.numSources()),  # +  addresses in the partition
    )  # varies

    def numBldMaskBits(self) -> int:
        """Return the number of bits in the mask."""
        return 32 * self.numWords()

    def bldMaskIsZero(self) -> int:
        """Return 1 when no BLD record is wanted."""
        return int(not self.bldMask().any())

    def bldMaskIsNotZero(self) -> int:
        """Return 1 when any BLD record is wanted."""
        return int(self.bldMask().any())

    def bldMaskHasBitSet(self, iBit: int) -> int:
        """Return 1 when the BLD record of that number is wanted."""
        return int(self.bldMask()[iBit >> 5]) >> (iBit & 31) & 1

    def bldMaskHasBitClear(self, iBit: int) -> int:
        """Return 1 when the BLD record of that number is not wanted."""
        return 1 - self.bldMaskHasBitSet(iBit)


Config = [ConfigV1, ConfigV2]
