"""psana.Generic1D: waveforms of any sample type, such as the Wave8's.

Layouts from psddldata/data/generic1d.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError
from xtcview.format.ids import TypeId

from .record import Record, raw
from .registry import xtc_type

PACKAGE = "Generic1D"

_DTYPES = tuple(map(np.dtype, ("u1", "<u2", "<u4", "<f4", "<f8")))  # by sample type

Samples = npt.NDArray[Any]


@xtc_type(TypeId.Generic1DConfig, 0, store="config")
class ConfigV0(Record):
    """Length, sample type and time scale of every channel."""

    Sample_Type = IntEnum(
        "Sample_Type", {"UINT8": 0, "UINT16": 1, "UINT32": 2, "FLOAT32": 3, "FLOAT64": 4}
    )
    FIELDS = (
        ("NChannels", "<u4"),                            # 0
        ("Length", "<u4", lambda s: s.NChannels()),      # 4  samples of a channel
        ("SampleType", "<u4", lambda s: s.NChannels()),  # +  enum Sample_Type
        ("Offset", "<i4", lambda s: s.NChannels()),      # +  samples from trigger to first sample
        ("Period", "<f8", lambda s: s.NChannels()),      # +  s per sample
    )  # varies

    def Depth(self, channel: int) -> int:
        """Return the bytes of a sample of a channel.

        Raises
        ------
        FormatError
            A sample type that is not known.
        """
        number = int(self.SampleType()[channel])
        if number >= len(_DTYPES):
            what = f"sample type {number} of channel {channel}; expected 0 to 4"
            raise FormatError(what, self._file, self._base + self._place("SampleType"))
        return _DTYPES[number].itemsize

    def data_offset(self, channel: int) -> int:
        """Return the byte of the data at which a channel begins."""
        before = range(min(channel, self.NChannels()))
        return sum(int(self.Length()[k]) * self.Depth(k) for k in before)


@xtc_type(TypeId.Generic1DData, 0, configs=(ConfigV0,))
class DataV0(Record):
    """Waveforms of one event, channel after channel."""

    FIELDS = (
        ("data_size", "<u4"),                         # 0  bytes that follow
        ("_data_u1", "u1", lambda s: s.data_size()),  # 4
    )  # varies

    def data_u8(self, channel: int) -> Samples:
        """Return a channel of uint8 samples; empty when it has others."""
        return self._samples(channel, 0)

    def data_u16(self, channel: int) -> Samples:
        """Return a channel of uint16 samples; empty when it has others."""
        return self._samples(channel, 1)

    def data_u32(self, channel: int) -> Samples:
        """Return a channel of uint32 samples; empty when it has others."""
        return self._samples(channel, 2)

    def data_f32(self, channel: int) -> Samples:
        """Return a channel of float32 samples; empty when it has others."""
        return self._samples(channel, 3)

    def data_f64(self, channel: int) -> Samples:
        """Return a channel of float64 samples; empty when it has others."""
        return self._samples(channel, 4)

    def _int_data(self) -> Samples:
        """Return all bytes."""
        samples: Samples = raw(self, "_data_u1")
        return samples

    def _samples(self, channel: int, number: int) -> Samples:
        config = self.cfg
        if channel not in range(config.NChannels()):
            raise IndexError(f"channel {channel}: there are {config.NChannels()}")
        if int(config.SampleType()[channel]) != number:
            return np.empty(0, _DTYPES[number])
        length, first = int(config.Length()[channel]), config.data_offset(channel)
        return self._take(_DTYPES[number], length, self._place("_data_u1") + first)


Config = [ConfigV0]
Data = [DataV0]
