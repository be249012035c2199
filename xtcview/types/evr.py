"""psana.EvrData: event codes and the event receiver.

Layouts from psddldata/data/evr.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from . import pds
from .record import Record
from .registry import xtc_type

PACKAGE = "EvrData"


class PulseConfig(Record):
    """A pulse that the receiver makes, and what triggers it."""

    Trigger_Shift = 0
    Set_Shift = 8
    Clear_Shift = 16
    Polarity_Shift = 0
    Map_Set_Ena_Shift = 1
    Map_Reset_Ena_Shift = 2
    Map_Trigger_Ena_Shift = 3
    FIELDS = (
        ("pulse", "<u4"),                  #  0  pulse generator number
        ("_input_control_value", "<u4"),   #  4
        ("_output_control_value", "<u4"),  #  8
        ("prescale", "<u4"),               # 12  clock divider
        ("delay", "<u4"),                  # 16  119 MHz ticks (after prescale)
        ("width", "<u4"),                  # 20  119 MHz ticks (after prescale)
    )  # 24
    BITS = {
        "bf_trigger": ("_input_control_value", 0, 8),
        "bf_set": ("_input_control_value", 8, 8),
        "bf_clear": ("_input_control_value", 16, 8),
        "polarity": ("_output_control_value", 0, 1),
        "map_set_enable": ("_output_control_value", 1, 1),
        "map_reset_enable": ("_output_control_value", 2, 1),
        "map_trigger_enable": ("_output_control_value", 3, 1),
    }

    def trigger(self) -> int:
        """Return the event code that triggers the pulse."""
        return self.bf_trigger() - 1

    def set(self) -> int:
        """Return the event code that sets the output."""
        return self.bf_set() - 1

    def clear(self) -> int:
        """Return the event code that clears the output."""
        return self.bf_clear() - 1


class PulseConfigV3(Record):
    """A pulse that the receiver makes."""

    FIELDS = (
        ("pulseId", "<u2"),   #  0
        ("polarity", "<u2"),  #  2  0 positive, 1 negative
        ("prescale", "<u4"),  #  4  clock divider
        ("delay", "<u4"),     #  8  119 MHz ticks (after prescale)
        ("width", "<u4"),     # 12  119 MHz ticks (after prescale)
    )  # 16


class EventCodeV3(Record):
    """What the receiver does at an event code."""

    FIELDS = (
        ("code", "<u2"),               #  0  event code
        ("_u16MaskEventAttr", "<u2"),  #  2
        ("maskTrigger", "<u4"),        #  4
        ("maskSet", "<u4"),            #  8
        ("maskClear", "<u4"),          # 12
    )  # 16
    BITS = {
        "isReadout": ("_u16MaskEventAttr", 0, 1),
        "isTerminator": ("_u16MaskEventAttr", 1, 1),
    }


class EventCodeV4(Record):
    """From here on with delay and width of the report."""

    FIELDS = (
        ("code", "<u2"),               #  0  event code
        ("_u16MaskEventAttr", "<u2"),  #  2
        ("reportDelay", "<u4"),        #  4
        ("reportWidth", "<u4"),        #  8
        ("maskTrigger", "<u4"),        # 12
        ("maskSet", "<u4"),            # 16
        ("maskClear", "<u4"),          # 20
    )  # 24
    BITS = {
        "isReadout": ("_u16MaskEventAttr", 0, 1),
        "isTerminator": ("_u16MaskEventAttr", 1, 1),
    }


class EventCodeV5(Record):
    """From here on with commands, latches and a description."""

    DescSize = 16
    FIELDS = (
        ("code", "<u2"),               #  0  event code
        ("_u16MaskEventAttr", "<u2"),  #  2
        ("reportDelay", "<u4"),        #  4
        ("reportWidth", "<u4"),        #  8
        ("maskTrigger", "<u4"),        # 12
        ("maskSet", "<u4"),            # 16
        ("maskClear", "<u4"),          # 20
        ("desc", "S16"),               # 24  16 byte text
    )  # 40
    BITS = {
        "isReadout": ("_u16MaskEventAttr", 0, 1),
        "isCommand": ("_u16MaskEventAttr", 1, 1),
        "isLatch": ("_u16MaskEventAttr", 2, 1),
    }

    def releaseCode(self) -> int:
        """Return the event code that releases a latch."""
        return self.reportWidth()


class EventCodeV6(Record):
    """From here on with a readout group."""

    DescSize = 16
    MaxReadoutGroup = 7
    FIELDS = (
        ("code", "<u2"),               #  0  event code
        ("_u16MaskEventAttr", "<u2"),  #  2
        ("reportDelay", "<u4"),        #  4
        ("reportWidth", "<u4"),        #  8
        ("maskTrigger", "<u4"),        # 12
        ("maskSet", "<u4"),            # 16
        ("maskClear", "<u4"),          # 20
        ("desc", "S16"),               # 24  16 byte text
        ("readoutGroup", "<u2"),       # 40  readout group number
        ("_tail", "S2"),               # 42  the compiler's padding
    )  # 44
    BITS = {
        "isReadout": ("_u16MaskEventAttr", 0, 1),
        "isCommand": ("_u16MaskEventAttr", 1, 1),
        "isLatch": ("_u16MaskEventAttr", 2, 1),
    }

    def releaseCode(self) -> int:
        """Return the event code that releases a latch."""
        return self.reportWidth()


class SrcEventCode(Record):
    """An event code of an event code source."""

    DescSize = 16
    MaxReadoutGroup = 7
    FIELDS = (
        ("code", "<u2"),          #  0  event code
        ("_u16rsvd", "<u2"),      #  2
        ("period", "<u4"),        #  4  119 MHz ticks, 0 = external source
        ("maskTriggerP", "<u4"),  #  8  pulse masks
        ("maskTriggerR", "<u4"),  # 12  pulse masks
        ("desc", "S16"),          # 16  16 byte text
        ("readoutGroup", "<u2"),  # 32  readout group number
        ("_tail", "S2"),          # 34  the compiler's padding
    )  # 36


class OutputMap(Record):
    """Which source drives an output connector."""

    Source = IntEnum(
        "Source", {"Pulse": 0, "DBus": 1, "Prescaler": 2, "Force_High": 3, "Force_Low": 4}
    )
    Conn = IntEnum("Conn", {"FrontPanel": 0, "UnivIO": 1})
    FIELDS = (
        ("value", "<u4"),  # 0
    )  # 4
    BITS = {
        "source": ("value", 0, 8, Source),
        "source_id": ("value", 8, 8),
        "conn": ("value", 16, 8, Conn),
        "conn_id": ("value", 24, 8),
    }

    def map(self) -> int:
        """Return the hardware code of the mapped source."""
        source = self.source()
        fixed = {self.Source.Force_High: 62, self.Source.Force_Low: 63}
        base = {self.Source.DBus: 32, self.Source.Prescaler: 40}
        return fixed.get(source, base.get(source, 0) + self.source_id())


class OutputMapV2(Record):
    """Which source drives an output connector; from here on of which module."""

    Source = IntEnum(
        "Source", {"Pulse": 0, "DBus": 1, "Prescaler": 2, "Force_High": 3, "Force_Low": 4}
    )
    Conn = IntEnum("Conn", {"FrontPanel": 0, "UnivIO": 1})
    FIELDS = (
        ("value", "<u4"),  # 0
    )  # 4
    BITS = {
        "source": ("value", 0, 4, Source),
        "source_id": ("value", 4, 8),
        "conn": ("value", 12, 4, Conn),
        "conn_id": ("value", 16, 8),
        "module": ("value", 24, 8),
    }

    def map(self) -> int:
        """Return the hardware code of the mapped source."""
        source = self.source()
        fixed = {self.Source.Force_High: 62, self.Source.Force_Low: 63}
        base = {self.Source.DBus: 32, self.Source.Prescaler: 40}
        return fixed.get(source, base.get(source, 0) + self.source_id())


@xtc_type(TypeId.EvrConfig, 1, store="config")
class ConfigV1(Record):
    """Pulses and outputs of the receiver."""

    FIELDS = (
        ("npulses", "<u4"),                                  # 0
        ("noutputs", "<u4"),                                 # 4
        ("pulses", PulseConfig, lambda s: s.npulses()),      # 8
        ("output_maps", OutputMap, lambda s: s.noutputs()),  # +
    )  # varies


@xtc_type(TypeId.EvrConfig, 2, store="config")
class ConfigV2(Record):
    """From here on with the repetition rate."""

    beamOn = 100
    baseRate = 40
    singleShot = 150
    RateCode = IntEnum(
        "RateCode",
        {
            "r120Hz": 0,
            "r60Hz": 1,
            "r30Hz": 2,
            "r10Hz": 3,
            "r5Hz": 4,
            "r1Hz": 5,
            "r0_5Hz": 6,
            "Single": 7,
            "NumberOfRates": 8,
        },
    )
    BeamCode = IntEnum("BeamCode", {"Off": 0, "On": 1})
    FIELDS = (
        ("opcode", "<u4"),                                   #  0
        ("npulses", "<u4"),                                  #  4
        ("noutputs", "<u4"),                                 #  8
        ("pulses", PulseConfig, lambda s: s.npulses()),      # 12
        ("output_maps", OutputMap, lambda s: s.noutputs()),  #  +
    )  # varies

    def beam(self) -> int:
        """Return whether the sequence runs with beam."""
        return self.BeamCode.On if self.opcode() > self.beamOn else self.BeamCode.Off

    def rate(self) -> int:
        """Return the repetition rate of the sequence."""
        code = self.opcode()
        if code >= self.singleShot:
            return self.RateCode.Single
        rate = code - (self.baseRate if code < self.beamOn else self.baseRate + self.beamOn)
        return self.RateCode(rate) if rate in set(self.RateCode) else rate


@xtc_type(TypeId.EvrConfig, 3, store="config")
class ConfigV3(Record):
    """From here on with event codes."""

    FIELDS = (
        ("neventcodes", "<u4"),                                  #  0
        ("npulses", "<u4"),                                      #  4
        ("noutputs", "<u4"),                                     #  8
        ("eventcodes", EventCodeV3, lambda s: s.neventcodes()),  # 12
        ("pulses", PulseConfigV3, lambda s: s.npulses()),        #  +
        ("output_maps", OutputMap, lambda s: s.noutputs()),      #  +
    )  # varies


@xtc_type(TypeId.EvrConfig, 4, store="config")
class ConfigV4(Record):
    """From here on event codes have delay and width."""

    FIELDS = (
        ("neventcodes", "<u4"),                                  #  0
        ("npulses", "<u4"),                                      #  4
        ("noutputs", "<u4"),                                     #  8
        ("eventcodes", EventCodeV4, lambda s: s.neventcodes()),  # 12
        ("pulses", PulseConfigV3, lambda s: s.npulses()),        #  +
        ("output_maps", OutputMap, lambda s: s.noutputs()),      #  +
    )  # varies


class SequencerEntry(Record):
    """One event code of a sequence."""

    FIELDS = (
        ("_value", "<u4"),  # 0
    )  # 4
    BITS = {
        "delay": ("_value", 0, 24),
        "eventcode": ("_value", 24, 8),
    }


class SequencerConfigV1(Record):
    """A sequence of event codes."""

    LISTED = False
    Source = IntEnum(
        "Source",
        {
            "r120Hz": 0,
            "r60Hz": 1,
            "r30Hz": 2,
            "r10Hz": 3,
            "r5Hz": 4,
            "r1Hz": 5,
            "r0_5Hz": 6,
            "Disable": 7,
        },
    )
    FIELDS = (
        ("_source", "<u4"),                                 #  0
        ("length", "<u4"),                                  #  4
        ("cycles", "<u4"),                                  #  8
        ("entries", SequencerEntry, lambda s: s.length()),  # 12
    )  # varies
    BITS = {
        "sync_source": ("_source", 0, 8, Source),
        "beam_source": ("_source", 8, 8, Source),
    }


@xtc_type(TypeId.EvrConfig, 5, store="config")
class ConfigV5(Record):
    """From here on with a sequence of event codes."""

    MaxPulses = 32
    EvrOutputs = 10
    FIELDS = (
        ("neventcodes", "<u4"),                                  #  0
        ("npulses", "<u4"),                                      #  4
        ("noutputs", "<u4"),                                     #  8
        ("eventcodes", EventCodeV5, lambda s: s.neventcodes()),  # 12
        ("pulses", PulseConfigV3, lambda s: s.npulses()),        #  +
        ("output_maps", OutputMap, lambda s: s.noutputs()),      #  +
        ("seq_config", SequencerConfigV1),                       #  +
    )  # varies


@xtc_type(TypeId.EvrConfig, 6, store="config")
class ConfigV6(Record):
    """From here on outputs belong to modules."""

    MaxPulses = 256
    MaxOutputs = 256
    FIELDS = (
        ("neventcodes", "<u4"),                                  #  0
        ("npulses", "<u4"),                                      #  4
        ("noutputs", "<u4"),                                     #  8
        ("eventcodes", EventCodeV5, lambda s: s.neventcodes()),  # 12
        ("pulses", PulseConfigV3, lambda s: s.npulses()),        #  +
        ("output_maps", OutputMapV2, lambda s: s.noutputs()),    #  +
        ("seq_config", SequencerConfigV1),                       #  +
    )  # varies


@xtc_type(TypeId.EvrConfig, 7, store="config")
class ConfigV7(Record):
    """From here on event codes have readout groups."""

    MaxPulses = 256
    MaxOutputs = 256
    FIELDS = (
        ("neventcodes", "<u4"),                                  #  0
        ("npulses", "<u4"),                                      #  4
        ("noutputs", "<u4"),                                     #  8
        ("eventcodes", EventCodeV6, lambda s: s.neventcodes()),  # 12
        ("pulses", PulseConfigV3, lambda s: s.npulses()),        #  +
        ("output_maps", OutputMapV2, lambda s: s.noutputs()),    #  +
        ("seq_config", SequencerConfigV1),                       #  +
    )  # varies


@xtc_type(TypeId.EvsConfig, 1, store="config")
class SrcConfigV1(Record):
    """Event codes, pulses and outputs of an event code source."""

    MaxPulses = 12
    MaxOutputs = 12
    FIELDS = (
        ("neventcodes", "<u4"),                                   #  0
        ("npulses", "<u4"),                                       #  4
        ("noutputs", "<u4"),                                      #  8
        ("eventcodes", SrcEventCode, lambda s: s.neventcodes()),  # 12
        ("pulses", PulseConfigV3, lambda s: s.npulses()),         #  +
        ("output_maps", OutputMapV2, lambda s: s.noutputs()),     #  +
    )  # varies


class FIFOEvent(Record):
    """An event code and when it came."""

    FIELDS = (
        ("timestampHigh", "<u4"),  # 0  360 Hz pulse id (low 17 bits = fiducial)
        ("timestampLow", "<u4"),   # 4  119 MHz counter
        ("eventCode", "<u4"),      # 8  0-255
    )  # 12


@xtc_type(TypeId.EvrData, 3)
class DataV3(Record):
    """Event codes seen by the event receiver."""

    FIELDS = (
        ("numFifoEvents", "<u4"),                                # 0  array length
        ("fifoEvents", FIFOEvent, lambda s: s.numFifoEvents()),  # 4  of this shot, and of shots since the last readout
    )  # varies


@xtc_type(TypeId.EvrData, 4)
class DataV4(DataV3):
    """The same bytes as version 3."""

    def present(self, opcode: int) -> int:
        """Return 1 when the event code is among those of this shot."""
        return int(any(event.eventCode() == opcode for event in self.fifoEvents()))


class IOChannel(Record):
    """Detectors that an output triggers."""

    NameLength = 12
    MaxInfos = 8
    FIELDS = (
        ("name", "S12"),            #  0  channel label
        ("ninfo", "<u4"),           # 12  valid entries of infos
        ("infos", pds.DetInfo, 8),  # 16  detectors wired to the channel
    )  # 80


@xtc_type(TypeId.EvrIOConfig, 1, store="config")
class IOConfigV1(Record):
    """Which outputs trigger which detectors."""

    FIELDS = (
        ("_conn", "<u2"),                                  # 0
        ("nchannels", "<u2"),                              # 2  array length
        ("channels", IOChannel, lambda s: s.nchannels()),  # 4
    )  # varies
    BITS = {"conn": ("_conn", 0, 16, OutputMap.Conn)}


class IOChannelV2(Record):
    """Detectors that an output triggers; from here on it names the output."""

    NameLength = 64
    MaxInfos = 16
    FIELDS = (
        ("output", OutputMapV2),     #  0
        ("name", "S64"),             #  4  channel label
        ("ninfo", "<u4"),            # 68  valid entries of infos
        ("infos", pds.DetInfo, 16),  # 72  detectors wired to the channel
    )  # 200


@xtc_type(TypeId.EvrIOConfig, 2, store="config")
class IOConfigV2(Record):
    """Which outputs trigger which detectors."""

    FIELDS = (
        ("nchannels", "<u4"),                                # 0  array length
        ("channels", IOChannelV2, lambda s: s.nchannels()),  # 4
    )  # varies


Config = [ConfigV1, ConfigV2, ConfigV3, ConfigV4, ConfigV5, ConfigV6, ConfigV7]
SrcConfig = [SrcConfigV1]
Data = [DataV3, DataV4]
IOConfig = [IOConfigV1, IOConfigV2]
