"""psana.Acqiris: waveform digitizers and time-to-digital converters.

Layouts from psddldata/data/acqiris.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from xtcview.format.ids import TypeId

from .record import REST, Record, raw
from .registry import xtc_type

PACKAGE = "Acqiris"

NUMBER_OF_BITS = 10  # of the converter
BIT_SHIFT = 6  # samples are left-aligned in 16 bits
TDC_TICK = 50e-12  # s


class VertV1(Record):
    """Vertical scale of a channel: volts = slope * sample - offset."""

    Coupling = IntEnum("Coupling", {"GND": 0, "DC": 1, "AC": 2, "DC50ohm": 3, "AC50ohm": 4})
    Bandwidth = IntEnum(
        "Bandwidth", {"None": 0, "MHz25": 1, "MHz700": 2, "MHz200": 3, "MHz20": 4, "MHz35": 5}
    )
    FIELDS = (
        ("fullScale", "<f8"),  #  0  V
        ("offset", "<f8"),     #  8  V
        ("coupling", "<u4"),   # 16  enum Coupling
        ("bandwidth", "<u4"),  # 20  enum Bandwidth
    )  # 24

    def slope(self) -> float:
        """Return the volts of one count; samples are left-aligned in 16 bits."""
        return self.fullScale() / (1 << NUMBER_OF_BITS + BIT_SHIFT)


class HorizV1(Record):
    """Time scale of all channels."""

    FIELDS = (
        ("sampInterval", "<f8"),  #  0  s per sample
        ("delayTime", "<f8"),     #  8  s from trigger to first sample
        ("nbrSamples", "<u4"),    # 16  samples in a segment
        ("nbrSegments", "<u4"),   # 20  segments in an event
    )  # 24


class TrigV1(Record):
    """What starts a waveform."""

    Source = IntEnum("Source", {"Internal": 1, "External": -1})
    Coupling = IntEnum("Coupling", {"DC": 0, "AC": 1, "HFreject": 2, "DC50ohm": 3, "AC50ohm": 4})
    Slope = IntEnum(
        "Slope",
        {
            "Positive": 0,
            "Negative": 1,
            "OutOfWindow": 2,
            "IntoWindow": 3,
            "HFDivide": 4,
            "SpikeStretcher": 5,
        },
    )
    FIELDS = (
        ("coupling", "<u4"),  #  0  enum Coupling
        ("input", "<u4"),     #  4  enum Source
        ("slope", "<u4"),     #  8  enum Slope
        ("level", "<f8"),     # 12  threshold
    )  # 20


@xtc_type(TypeId.AcqConfig, 1, size=536, store="config")
class ConfigV1(Record):
    """Settings of a digitizer."""

    MaxChan = 20
    FIELDS = (
        ("nbrConvertersPerChannel", "<u4"),  #  0  converters that share a channel
        ("channelMask", "<u4"),              #  4  bit i set: channel i is recorded
        ("nbrBanks", "<u4"),                 #  8
        ("trig", TrigV1),                    # 12
        ("horiz", HorizV1),                  # 32
        ("vert", VertV1, 20),                # 56  the first nbrChannels() have a meaning
    )  # 536

    def nbrChannels(self) -> int:
        """Return the number of recorded channels."""
        return self.channelMask().bit_count()


class TimestampV1(Record):
    """When a segment was triggered."""

    FIELDS = (
        ("pos", "<f8"),          #  0  s; where the trigger lies between two samples
        ("timeStampLo", "<u4"),  #  8  low word of value()
        ("timeStampHi", "<u4"),  # 12  high word
    )  # 16

    def value(self) -> int:
        """Return the trigger's time in ps."""
        return self.timeStampHi() << 32 | self.timeStampLo()


def _segments(element: Record) -> int:
    """Return the segments in an event, as configured."""
    return element.cfg.horiz().nbrSegments()


def _samples(element: Record) -> int:
    """Return the samples in a segment, as configured."""
    return element.cfg.horiz().nbrSamples()


class DataDescV1Elem(Record):
    """Waveforms of one channel; the configuration gives their number and length."""

    LISTED = False
    NumberOfBits = NUMBER_OF_BITS
    BitShift = BIT_SHIFT
    _extraSize = 32  # samples that the block has more than the waveforms need
    FIELDS = (
        ("nbrSamplesInSeg", "<u4"),                                            #  0  samples that the digitizer returned
        ("indexFirstPoint", "<u4"),                                            #  4  samples to skip in front of the waveforms
        ("_sampTime", "<f8"),                                                  #  8
        ("_vGain", "<f8"),                                                     # 16
        ("_vOffset", "<f8"),                                                   # 24
        ("nbrSegments", "<u4"),                                                # 32  segments that the digitizer returned
        ("_nbrAvgWforms", "<u4"),                                              # 36
        ("_actualTriggersInAcqLo", "<u4"),                                     # 40
        ("_actualTriggersInAcqHi", "<u4"),                                     # 44
        ("_actualDataSize", "<u4"),                                            # 48
        ("_reserved2", "<u4"),                                                 # 52
        ("_reserved3", "<f8"),                                                 # 56
        ("timestamp", TimestampV1, _segments),                                 # 64  one per segment
        ("_skip", "<i2", lambda s: s.indexFirstPoint()),                       #  +
        ("waveforms", "<i2", _segments, _samples),                             #  +  counts, [segment][sample]
        ("_extraSpace", "<i2", lambda s: s._extraSize - s.indexFirstPoint()),  #  +
    )  # varies


@xtc_type(TypeId.AcqWaveform, 1, configs=(ConfigV1,))
class DataDescV1(Record):
    """Waveforms of all channels."""

    FIELDS = (
        ("data", DataDescV1Elem, lambda s: s.cfg.nbrChannels()),  # 0
    )  # varies


class TdcChannel(Record):
    """Settings of a time-to-digital input."""

    Channel = IntEnum(
        "Channel",
        {
            "Veto": -2,
            "Common": -1,
            "Input1": 1,
            "Input2": 2,
            "Input3": 3,
            "Input4": 4,
            "Input5": 5,
            "Input6": 6,
        },
    )
    Mode = IntEnum("Mode", {"Active": 0, "Inactive": 1})
    Slope = IntEnum("Slope", {"Positive": 0, "Negative": 1})
    FIELDS = (
        ("channel", ("<i4", Channel)),  # 0
        ("_mode", "<u4"),               # 4
        ("level", "<f8"),               # 8  threshold
    )  # 16
    BITS = {
        "slope": ("_mode", 0, 1, Slope),
        "mode": ("_mode", 31, 1, Mode),
    }

    def _mode_int(self) -> int:
        """Return slope and mode as they are stored."""
        return int(raw(self, "_mode"))


class TdcAuxIO(Record):
    """Settings of an auxiliary connector."""

    Channel = IntEnum("Channel", {"IOAux1": 1, "IOAux2": 2})
    Mode = IntEnum("Mode", {"BankSwitch": 1, "Marker": 2, "OutputLo": 32, "OutputHi": 33})
    Termination = IntEnum("Termination", {"ZHigh": 0, "Z50": 1})
    FIELDS = (
        ("channel", ("<u4", Channel)),   # 0
        ("mode", ("<u4", Mode)),         # 4
        ("term", ("<u4", Termination)),  # 8
    )  # 12


class TdcVetoIO(Record):
    """Settings of the veto input."""

    Channel = IntEnum("Channel", {"ChVeto": 13})
    Mode = IntEnum(
        "Mode", {"Veto": 1, "SwitchVeto": 2, "InvertedVeto": 3, "InvertedSwitchVeto": 4}
    )
    Termination = IntEnum("Termination", {"ZHigh": 0, "Z50": 1})
    FIELDS = (
        ("channel", ("<u4", Channel)),   # 0
        ("mode", ("<u4", Mode)),         # 4
        ("term", ("<u4", Termination)),  # 8
    )  # 12


@xtc_type(TypeId.AcqTDCConfig, 1, size=164, store="config")
class TdcConfigV1(Record):
    """Settings of a time-to-digital converter."""

    NChannels = 8
    NAuxIO = 2
    FIELDS = (
        ("channels", TdcChannel, 8),  #   0
        ("auxio", TdcAuxIO, 2),       # 128
        ("veto", TdcVetoIO),          # 152
    )  # 164


class TdcDataV1_Item(Record):
    """One word of a time-to-digital converter; `source` tells which kind it is."""

    Source = IntEnum(
        "Source",
        {
            "Comm": 0,
            "Chan1": 1,
            "Chan2": 2,
            "Chan3": 3,
            "Chan4": 4,
            "Chan5": 5,
            "Chan6": 6,
            "AuxIO": 7,
        },
    )
    FIELDS = (
        ("value", "<u4"),  # 0
    )  # 4
    BITS = {
        "bf_val_": ("value", 0, 28),
        "source": ("value", 28, 3, Source),
        "bf_ofv_": ("value", 31, 1),
    }

    @classmethod
    def published(cls, record: Any) -> Any:
        """Return the word as its kind: common, channel or marker."""
        kind = _TDC_KINDS.get(record.source(), TdcDataV1Channel)
        return kind(record._data, record._start, None, record.cfg, record._file, record._base)

    def overflow(self) -> int:
        """Return 1 when the counter overflowed."""
        return self.bf_ofv_()


class TdcDataV1Common(TdcDataV1_Item):
    """The common start or stop."""

    FIELDS = TdcDataV1_Item.FIELDS
    BITS = TdcDataV1_Item.BITS

    def nhits(self) -> int:
        """Return the number of hits that follow."""
        return self.bf_val_()


class TdcDataV1Channel(TdcDataV1_Item):
    """A hit of an input."""

    FIELDS = TdcDataV1_Item.FIELDS
    BITS = TdcDataV1_Item.BITS

    def ticks(self) -> int:
        """Return the time in units of 50 ps."""
        return self.bf_val_()

    def time(self) -> float:
        """Return the time in s."""
        return self.bf_val_() * TDC_TICK


class TdcDataV1Marker(TdcDataV1_Item):
    """A marker between the hits."""

    Type = IntEnum(
        "Type", {"AuxIOSwitch": 0, "EventCntSwitch": 1, "MemFullSwitch": 2, "AuxIOMarker": 16}
    )
    FIELDS = TdcDataV1_Item.FIELDS
    BITS = {**TdcDataV1_Item.BITS, "type": ("value", 0, 28, Type)}


_TDC_KINDS: dict[int, type[TdcDataV1_Item]] = {0: TdcDataV1Common, 7: TdcDataV1Marker}


@xtc_type(TypeId.AcqTDCData, 1)
class TdcDataV1(Record):
    """Hits of an event, one word each."""

    FIELDS = (
        ("data", TdcDataV1_Item, REST),  # 0
    )  # varies


Config = [ConfigV1]
DataDesc = [DataDescV1]
TdcConfig = [TdcConfigV1]
TdcData = [TdcDataV1]
