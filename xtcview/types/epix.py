"""psana.Epix: ePix detectors, from the first one to the ePix10ka 2M.

A camera has ASICs in rows and columns; each has registers, whose bits are tabled one register a
line. Layouts from psddldata/data/epix.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from typing import Any

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Epix"

Register = tuple[tuple[str, int, int], ...]  # its parts: name, lowest bit, width


def _words(registers: tuple[Register, ...]) -> tuple[tuple[str, str], ...]:
    """Return the fields of an ASIC's registers, one word each."""
    return tuple((f"_reg{i}", "<u4") for i, _ in enumerate(registers, 1))


def _bits(registers: tuple[Register, ...]) -> dict[str, tuple[Any, ...]]:
    """Return where the parts of an ASIC's registers are."""
    numbered = enumerate(registers, 1)
    return {name: (f"_reg{i}", low, width) for i, parts in numbered for name, low, width in parts}


_ASIC = (
    (("monostPulser", 0, 3),),  # 0
    (("dummyTest", 0, 1), ("dummyMask", 1, 1)),  # 4
    (  # 8
        ("pulser", 0, 10), ("pbit", 10, 1), ("atest", 11, 1), ("test", 12, 1), ("sabTest", 13, 1),
        ("hrTest", 14, 1),
    ),
    (("digMon1", 0, 4), ("digMon2", 4, 4)),  # 12
    (("pulserDac", 0, 3),),  # 16
    (("Dm1En", 0, 1), ("Dm2En", 1, 1), ("slvdSBit", 4, 1)),  # 20
    (("VRefDac", 0, 6),),  # 24
    (("TpsTComp", 0, 1), ("TpsMux", 1, 4), ("RoMonost", 5, 3)),  # 28
    (("TpsGr", 0, 4), ("S2dGr", 4, 4)),  # 32
    (("PpOcbS2d", 0, 1), ("Ocb", 1, 3), ("Monost", 4, 3), ("FastppEnable", 7, 1)),  # 36
    (("Preamp", 0, 3), ("PixelCb", 4, 3)),  # 40
    (("S2dTComp", 0, 1), ("FilterDac", 1, 6)),  # 44
    (("TC", 0, 2), ("S2d", 2, 3), ("S2dDacBias", 5, 3)),  # 48
    (("TpsTcDac", 0, 2), ("TpsDac", 2, 6)),  # 52
    (("S2dTcDac", 0, 2), ("S2dDac", 2, 6)),  # 56
    (("TestBe", 0, 1), ("IsEn", 1, 1), ("DelExec", 2, 1), ("DelCckReg", 3, 1)),  # 60
    (("RowStartAddr", 0, 9),),  # 64
    (("RowStopAddr", 0, 9),),  # 68
    (("ColStartAddr", 0, 7),),  # 72
    (("ColStopAddr", 0, 7),),  # 76
    (("chipID", 0, 16),),  # 80
)  # 84  # fmt: skip


class AsicConfigV1(Record):
    """Registers of an ASIC of the first generation."""

    LISTED = False
    FIELDS = _words(_ASIC)
    BITS = _bits(_ASIC)


_ASIC_10K = (
    (("CompTH_DAC", 0, 6), ("CompEn_0", 6, 1), ("PulserSync", 7, 1)),  # 0
    (  # 4
        ("dummyTest", 0, 1), ("dummyMask", 1, 1), ("dummyG", 2, 1), ("dummyGA", 3, 1),
        ("dummyUpper12bits", 4, 12),
    ),
    (  # 8
        ("pulser", 0, 10), ("pbit", 10, 1), ("atest", 11, 1), ("test", 12, 1), ("sabTest", 13, 1),
        ("hrTest", 14, 1), ("pulserR", 15, 1),
    ),
    (("digMon1", 0, 4), ("digMon2", 4, 4)),  # 12
    (("pulserDac", 0, 3), ("monostPulser", 3, 3), ("CompEn_1", 6, 1), ("CompEn_2", 7, 1)),  # 16
    (("Dm1En", 0, 1), ("Dm2En", 1, 1), ("emph_bd", 2, 3), ("emph_bc", 5, 3)),  # 20
    (("VRefDac", 0, 6), ("vrefLow", 6, 2)),  # 24
    (("TpsTComp", 0, 1), ("TpsMux", 1, 4), ("RoMonost", 5, 3)),  # 28
    (("TpsGr", 0, 4), ("S2dGr", 4, 4)),  # 32
    (("PpOcbS2d", 0, 1), ("Ocb", 1, 3), ("Monost", 4, 3), ("FastppEnable", 7, 1)),  # 36
    (("Preamp", 0, 3), ("PixelCb", 3, 3), ("Vld1_b", 6, 2)),  # 40
    (("S2dTComp", 0, 1), ("FilterDac", 1, 6), ("testVDTransmitter", 7, 1)),  # 44
    (("TC", 0, 2), ("S2d", 2, 3), ("S2dDacBias", 5, 3)),  # 48
    (("TpsTcDac", 0, 2), ("TpsDac", 2, 6)),  # 52
    (("S2dTcDac", 0, 2), ("S2dDac", 2, 6)),  # 56
    (  # 60
        ("TestBe", 0, 1), ("IsEn", 1, 1), ("DelExec", 2, 1), ("DelCckReg", 3, 1),
        ("RO_rst_en", 4, 1), ("slvdSBit", 5, 1), ("FELmode", 6, 1), ("CompEnOn", 7, 1),
    ),
    (("RowStartAddr", 0, 9),),  # 64
    (("RowStopAddr", 0, 9),),  # 68
    (("ColStartAddr", 0, 7),),  # 72
    (("ColStopAddr", 0, 7),),  # 76
    (("chipID", 0, 16),),  # 80
)  # 84  # fmt: skip


class Asic10kConfigV1(Record):
    """Registers of an ePix10k's ASIC."""

    LISTED = False
    FIELDS = _words(_ASIC_10K)
    BITS = _bits(_ASIC_10K)


_ASIC_100A = (
    (("pulserVsPixelOnDelay", 0, 3), ("pulserSync", 7, 1)),  # 0
    (("dummyTest", 0, 1), ("dummyMask", 1, 1)),  # 4
    (  # 8
        ("testPulserLevel", 0, 10), ("pulserCounterDirection", 10, 1),
        ("automaticTestModeEnable", 11, 1), ("testMode", 12, 1), ("testModeWithDarkFrame", 13, 1),
        ("highResolutionModeTest", 14, 1), ("pulserReset", 15, 1),
    ),
    (("digitalMonitorMux1", 0, 4), ("digitalMonitorMux2", 4, 4)),  # 12
    (("testPulserCurrent", 0, 3), ("testPointSystemOutputDynamicRange", 4, 4)),  # 16
    (  # 20
        ("digitalMonitor1Enable", 0, 1), ("digitalMonitor2Enable", 1, 1),
        ("LVDS_ImpedenceMatchingEnable", 4, 1),
    ),
    (("VRefBaselineDac", 0, 6), ("extraRowsLowReferenceValue", 6, 2)),  # 24
    (  # 28
        ("testPointSystemTemperatureCompensationEnable", 0, 1),
        ("testPointSytemInputSelect", 1, 4), ("programmableReadoutDelay", 5, 3),
    ),
    (("outputDriverOutputDynamicRange0", 0, 4), ("outputDriverOutputDynamicRange1", 4, 4)),  # 32
    (  # 36
        ("balconyEnable", 0, 1), ("balconyDriverCurrent", 1, 3), ("fastPowerPulsingSpeed", 4, 3),
        ("fastPowerPulsingEnable", 7, 1),
    ),
    (  # 40
        ("preamplifierCurrent", 0, 3), ("pixelOutputBufferCurrent", 3, 3),
        ("pixelBufferAndPreamplifierDrivingCapabilities", 6, 2),
    ),
    (("outputDriverTemperatureCompensationEnable", 0, 1), ("pixelFilterLevel", 1, 6)),  # 44
    (  # 48
        ("bandGapReferenceTemperatureCompensationBits", 0, 2),
        ("outputDriverDrivingCapabilitiesAndStability", 2, 3),
        ("outputDriverDacReferenceBias", 5, 3),
    ),
    (  # 52
        ("testPointSystemTemperatureCompensationGain", 0, 2),
        ("testPointSystemInputCommonMode", 2, 6),
    ),
    (  # 56
        ("outputDriverTemperatureCompensationGain0", 0, 2), ("outputDriverInputCommonMode0", 2, 6),
    ),
    (  # 60
        ("testBackEnd", 0, 1), ("interleavedReadOutEnable", 1, 1), ("EXEC_DelayEnable", 2, 1),
        ("CCK_RegDelayEnable", 3, 1), ("syncPinEnable", 4, 1),
    ),
    (("RowStartAddr", 0, 9),),  # 64
    (("RowStopAddr", 0, 9),),  # 68
    (("ColumnStartAddr", 0, 7),),  # 72
    (("ColumnStopAddr", 0, 7),),  # 76
    (("chipID", 0, 16),),  # 80
    (("outputDriverOutputDynamicRange2", 0, 4), ("outputDriverOutputDynamicRange3", 4, 4)),  # 84
    (  # 88
        ("outputDriverTemperatureCompensationGain1", 0, 2), ("outputDriverInputCommonMode1", 2, 6),
    ),
    (  # 92
        ("outputDriverTemperatureCompensationGain2", 0, 2), ("outputDriverInputCommonMode2", 2, 6),
    ),
    (  # 96
        ("outputDriverTemperatureCompensationGain3", 0, 2), ("outputDriverInputCommonMode3", 2, 6),
    ),
)  # 100  # fmt: skip


class Asic100aConfigV1(Record):
    """Registers of an ePix100a's ASIC."""

    LISTED = False
    FIELDS = _words(_ASIC_100A)
    BITS = _bits(_ASIC_100A)


_ASIC_S = (
    (("pulserSync", 7, 1),),  # 0
    (("dummyTest", 0, 1), ("dummyMask", 1, 1)),  # 4
    (  # 8
        ("testPulserLevel", 0, 10), ("pulserCounterDirection", 10, 1),
        ("automaticTestModeEnable", 11, 1), ("testMode", 12, 1), ("testModeWithDarkFrame", 13, 1),
        ("highResolutionModeTest", 14, 1), ("pulserReset", 15, 1),
    ),
    (("digitalMonitorMux1", 0, 4), ("digitalMonitorMux2", 4, 4)),  # 12
    (("testPulserCurrent", 0, 3), ("pulserVsPixelOnDelay", 3, 3)),  # 16
    (  # 20
        ("digitalMonitor1Enable", 0, 1), ("digitalMonitor2Enable", 1, 1),
        ("inputLeakageCompensation", 2, 2), ("inputLeakageCompensationEnable", 4, 1),
    ),
    (("VRefBaselineDac", 0, 6), ("extraRowsLowReferenceValue", 6, 2)),  # 24
    (  # 28
        ("testPointSystemTemperatureCompensationEnable", 0, 1),
        ("testPointSytemInputSelect", 1, 4), ("programmableReadoutDelay", 5, 3),
    ),
    (("testPointSystemOutputDynamicRange", 0, 4), ("outputDriverOutputDynamicRange", 4, 4)),  # 32
    (  # 36
        ("balconyEnable", 0, 1), ("balconyDriverCurrent", 1, 3), ("fastPowerPulsingSpeed", 4, 3),
        ("fastPowerPulsingEnable", 7, 1),
    ),
    (  # 40
        ("preamplifierCurrent", 0, 3), ("pixelOutputBufferCurrent", 3, 3),
        ("pixelBufferAndPreamplifierDrivingCapabilities", 6, 2),
    ),
    (("outputDriverTemperatureCompensationEnable", 0, 1), ("pixelFilterLevel", 1, 6)),  # 44
    (  # 48
        ("bandGapReferenceTemperatureCompensationBits", 0, 2),
        ("outputDriverDrivingCapabilitiesAndStability", 2, 3),
        ("outputDriverDacReferenceBias", 5, 3),
    ),
    (  # 52
        ("testPointSystemTemperatureCompensationGain", 0, 2),
        ("testPointSystemInputCommonMode", 2, 6),
    ),
    (  # 56
        ("outputDriverTemperatureCompensationGain0", 0, 2), ("outputDriverInputCommonMode0", 2, 6),
    ),
    (  # 60
        ("testBackEnd", 0, 1), ("interleavedReadOutEnable", 1, 1), ("EXEC_DelayEnable", 2, 1),
        ("CCK_RegDelayEnable", 3, 1), ("syncPinEnable", 4, 1),
        ("LVDS_ImpedenceMatchingEnable", 5, 1),
    ),
    (("RowStartAddr", 0, 9),),  # 64
    (("RowStopAddr", 0, 9),),  # 68
    (("ColumnStartAddr", 0, 7),),  # 72
    (("ColumnStopAddr", 0, 7),),  # 76
    (("chipID", 0, 16),),  # 80
)  # 84  # fmt: skip


class AsicSConfigV1(Record):
    """Registers of an ePixS's ASIC."""

    LISTED = False
    FIELDS = _words(_ASIC_S)
    BITS = _bits(_ASIC_S)


_ASIC_10KA = (
    (("CompTH_DAC", 0, 6), ("CompEn_lowBit", 6, 1), ("PulserSync", 7, 1)),  # 0
    (("pixelDummy", 0, 8),),  # 4
    (  # 8
        ("Pulser", 0, 10), ("Pbit", 10, 1), ("atest", 11, 1), ("test", 12, 1), ("Sab_test", 13, 1),
        ("Hrtest", 14, 1), ("PulserR", 15, 1),
    ),
    (("DM1", 0, 4), ("DM2", 4, 4)),  # 12
    (("Pulser_DAC", 0, 3), ("Monost_Pulser", 3, 3), ("CompEn_topTwoBits", 6, 2)),  # 16
    (("DM1en", 0, 1), ("DM2en", 1, 1), ("emph_bd", 2, 3), ("emph_bc", 5, 3)),  # 20
    (("VREF_DAC", 0, 6), ("VrefLow", 6, 2)),  # 24
    (("TPS_tcomp", 0, 1), ("TPS_MUX", 1, 4), ("RO_Monost", 5, 3)),  # 28
    (("TPS_GR", 0, 4), ("S2D0_GR", 4, 4)),  # 32
    (("PP_OCB_S2D", 0, 1), ("OCB", 1, 3), ("Monost", 4, 3), ("fastPP_enable", 7, 1)),  # 36
    (("Preamp", 0, 3), ("PixelCB", 3, 3), ("Vld1_b", 6, 2)),  # 40
    (("S2D_tcomp", 0, 1), ("Filter_DAC", 1, 6), ("testLVDTransmitter", 7, 1)),  # 44
    (("tc", 0, 2), ("S2D", 2, 3), ("S2D_DAC_Bias", 5, 3)),  # 48
    (("TPS_tcDAC", 0, 2), ("TPS_DAC", 2, 6)),  # 52
    (("S2D0_tcDAC", 0, 2), ("S2D0_DAC", 2, 6)),  # 56
    (  # 60
        ("testBE", 0, 1), ("is_en", 1, 1), ("DelEXEC", 2, 1), ("DelCCKreg", 3, 1),
        ("RO_rst_en", 4, 1), ("SLVDSbit", 5, 1), ("FELmode", 6, 1), ("CompEnOn", 7, 1),
    ),
    (("RowStart", 0, 9),),  # 64
    (("RowStop", 0, 9),),  # 68
    (("ColumnStart", 0, 7),),  # 72
    (("ColumnStop", 0, 7),),  # 76
    (("chipID", 0, 16),),  # 80
    (("S2D1_GR", 0, 4), ("S2D2_GR", 4, 4)),  # 84
    (("S2D3_GR", 0, 4), ("trbit", 4, 1)),  # 88
    (("S2D1_tcDAC", 0, 2), ("S2D1_DAC", 2, 6)),  # 92
    (("S2D2_tcDAC", 0, 2), ("S2D2_DAC", 2, 6)),  # 96
    (("S2D3_tcDAC", 0, 2), ("S2D3_DAC", 2, 6)),  # 100
)  # 104  # fmt: skip


class Asic10kaConfigV1(Record):
    """Registers of an ePix10ka's ASIC."""

    LISTED = False
    FIELDS = _words(_ASIC_10KA)
    BITS = _bits(_ASIC_10KA)


class _Asics(Record):
    """Sizes that follow from the arrangement of the ASICs."""

    def numberOfRows(self) -> int:
        """Return the rows, those that are not read included."""
        return self.numberOfAsicsPerColumn() * self.numberOfRowsPerAsic()

    def numberOfColumns(self) -> int:
        """Return the columns."""
        return self.numberOfAsicsPerRow() * self.numberOfPixelsPerAsicRow()

    def numberOfAsics(self) -> int:
        """Return the number of ASICs."""
        return self.numberOfAsicsPerRow() * self.numberOfAsicsPerColumn()


class _Excluding(_Asics):
    """The first generations: the frame has no rows at its end."""

    def numberOfRows(self) -> int:
        """Return the rows of a frame."""
        return super().numberOfRows() - self.lastRowExclusions()


class _Readable(_Asics):
    """Later generations: the frame has the readable rows, calibration and environment follow."""

    def numberOfReadableRows(self) -> int:
        """Return the rows of a frame."""
        return self.numberOfAsicsPerColumn() * self.numberOfReadableRowsPerAsic()

    def numberOfCalibrationRows(self) -> int:
        """Return the calibration rows behind a frame."""
        return self.numberOfAsicsPerColumn() * self.calibrationRowCountPerASIC()

    def numberOfEnvironmentalRows(self) -> int:
        """Return the rows of slow readings behind a frame."""
        return self.numberOfAsicsPerColumn() * self.environmentalRowCountPerASIC()


# The pieces of which the configurations are made.
_TRIGGER = (
    ("runTrigDelay", "<u4"),  # 0
    ("daqTrigDelay", "<u4"),  # 4
)  # 8
_EVR_TRIGGER = (
    ("usePgpEvr", "<u4"),         #  0
    ("evrRunCode", "<u4"),        #  4  event codes
    ("evrDaqCode", "<u4"),        #  8
    ("evrRunTrigDelay", "<u4"),   # 12
    ("epixRunTrigDelay", "<u4"),  # 16
)  # 20
_LINES = (
    ("dacSetting", "<u4"),     # 0
    ("_asicPins", "<u4"),      # 4
    ("_asicControls", "<u4"),  # 8
)  # 12
_ACQUIRE = (
    ("acqToAsicR0Delay", "<u4"),  #  0
    ("asicR0ToAsicAcq", "<u4"),   #  4
    ("asicAcqWidth", "<u4"),      #  8
    ("asicAcqLToPPmatL", "<u4"),  # 12
)  # 16
_ADC = (
    ("adcClkHalfT", "<u4"),       # 0
    ("asicR0Width", "<u4"),       # 4
    ("adcPipelineDelay", "<u4"),  # 8
)  # 12
_PIPELINES = (
    ("adcPipelineDelay0", "<u4"),  #  0
    ("adcPipelineDelay1", "<u4"),  #  4
    ("adcPipelineDelay2", "<u4"),  #  8
    ("adcPipelineDelay3", "<u4"),  # 12
)  # 16
_PREPULSE = (
    ("prepulseR0Width", "<u4"),  # 0
    ("prepulseR0Delay", "<u4"),  # 4
)  # 8
_CARDS = (
    ("digitalCardId0", "<u4"),  #  0  serial numbers
    ("digitalCardId1", "<u4"),  #  4
    ("analogCardId0", "<u4"),   #  8
    ("analogCardId1", "<u4"),   # 12
)  # 16
_CARRIER = (
    ("carrierId0", "<u4"),  # 0  serial number
    ("carrierId1", "<u4"),  # 4
)  # 8
_EXCLUDING_SIZES = (
    ("lastRowExclusions", "<u4"),         #  0  rows that the frame does not have
    ("numberOfAsicsPerRow", "<u4"),       #  4
    ("numberOfAsicsPerColumn", "<u4"),    #  8
    ("numberOfRowsPerAsic", "<u4"),       # 12
    ("numberOfPixelsPerAsicRow", "<u4"),  # 16
    ("baseClockFrequency", "<u4"),        # 20
    ("asicMask", "<u4"),                  # 24  bit i set: ASIC i is alive
)  # 28
_SIZES = (
    ("numberOfAsicsPerRow", "<u4"),           #  0
    ("numberOfAsicsPerColumn", "<u4"),        #  4
    ("numberOfRowsPerAsic", "<u4"),           #  8  those that are not read included
    ("numberOfReadableRowsPerAsic", "<u4"),   # 12
    ("numberOfPixelsPerAsicRow", "<u4"),      # 16
    ("calibrationRowCountPerASIC", "<u4"),    # 20
    ("environmentalRowCountPerASIC", "<u4"),  # 24
    ("baseClockFrequency", "<u4"),            # 28
    ("asicMask", "<u4"),                      # 32  bit i set: ASIC i is alive
)  # 36
_AUTO_RUN = (
    ("enableAutomaticRunTrigger", "<u4"),         # 0
    ("numberOf125MhzTicksPerRunTrigger", "<u4"),  # 4
)  # 8
_SCOPE = (
    ("_Scope", "<u4"),                 #  0
    ("_ScopeTriggerParms_1", "<u4"),   #  4
    ("_ScopeTriggerParms_2", "<u4"),   #  8
    ("_ScopeWaveformSelects", "<u4"),  # 12
)  # 16
_FIRMWARE = (
    ("firmwareHash", "S64"),   #  0
    ("firmwareDesc", "S256"),  # 64
)  # 320
_PIXEL_CONFIG = (
    ("asicPixelConfigArray", "<u2", lambda s: s.numberOfRows(), lambda s: s.numberOfColumns()),                  # +  of every pixel
    ("calibPixelConfigArray", "u1", lambda s: s.numberOfCalibrationRows() // 2, lambda s: s.numberOfColumns()),  # +  of the calibration rows
)

_CONTROL_BITS = {
    "asicGR": ("_asicPins", 0, 1),
    "asicAcq": ("_asicPins", 1, 1),
    "asicR0": ("_asicPins", 2, 1),
    "asicPpmat": ("_asicPins", 3, 1),
    "asicPpbe": ("_asicPins", 4, 1),
    "asicRoClk": ("_asicPins", 5, 1),
    "asicGRControl": ("_asicControls", 0, 1),
    "asicAcqControl": ("_asicControls", 1, 1),
    "asicR0Control": ("_asicControls", 2, 1),
    "asicPpmatControl": ("_asicControls", 3, 1),
    "asicPpbeControl": ("_asicControls", 4, 1),
    "asicR0ClkControl": ("_asicControls", 5, 1),
    "prepulseR0En": ("_asicControls", 6, 1),
    "adcStreamMode": ("_asicControls", 7, 1),
    "testPatternEnable": ("_asicControls", 8, 1),
}
_SYNC_MODE_BITS = {
    "SyncMode": ("_asicControls", 9, 2),
    "R0Mode": ("_asicControls", 11, 1),
}
_SYNC_BITS = {
    "SyncWidth": ("_Sync", 0, 16),
    "SyncDelay": ("_Sync", 16, 16),
}
_SCOPE_BITS = {
    "scopeEnable": ("_Scope", 0, 1),
    "scopeTrigEdge": ("_Scope", 1, 1),
    "scopeTrigChan": ("_Scope", 2, 4),
    "scopeArmMode": ("_Scope", 6, 2),
    "scopeADCThreshold": ("_Scope", 16, 16),
    "scopeTrigHoldoff": ("_ScopeTriggerParms_1", 0, 13),
    "scopeTrigOffset": ("_ScopeTriggerParms_1", 13, 13),
    "scopeTraceLength": ("_ScopeTriggerParms_2", 0, 13),
    "scopeADCsameplesToSkip": ("_ScopeTriggerParms_2", 13, 13),
    "scopeChanAwaveformSelect": ("_ScopeWaveformSelects", 0, 5),
    "scopeChanBwaveformSelect": ("_ScopeWaveformSelects", 5, 5),
}
_BITS = {**_CONTROL_BITS, **_SYNC_MODE_BITS, **_SYNC_BITS, **_SCOPE_BITS}


_BIT_PER_PIXEL = (
    lambda s: s.numberOfAsics(),
    lambda s: s.numberOfRowsPerAsic(),
    lambda s: (s.numberOfPixelsPerAsicRow() + 31) // 32,  # words
)
_WORD_PER_PIXEL = (
    lambda s: s.numberOfAsics(),
    lambda s: s.numberOfRowsPerAsic(),
    lambda s: s.numberOfPixelsPerAsicRow(),
)


@xtc_type(TypeId.EpixConfig, 1, store="config")
class ConfigV1(_Excluding):
    """The first ePix."""

    FIELDS = (
        ("version", "<u4"),                                    #   0
        *_TRIGGER,                                             #   4
        *_LINES,                                               #  12
        *_ACQUIRE,                                             #  24
        ("asicRoClkHalfT", "<u4"),                             #  40
        ("adcReadsPerPixel", "<u4"),                           #  44
        *_ADC,                                                 #  48
        *_PREPULSE,                                            #  60
        *_CARDS,                                               #  68
        *_EXCLUDING_SIZES,                                     #  84
        ("asics", AsicConfigV1, lambda s: s.numberOfAsics()),  # 112
        ("asicPixelTestArray", "<u4", *_BIT_PER_PIXEL),        #   +  a bit per pixel
        ("asicPixelMaskArray", "<u4", *_BIT_PER_PIXEL),        #   +  a bit per pixel
    )  # varies
    BITS = _CONTROL_BITS


@xtc_type(TypeId.Epix10kConfig, 1, store="config")
class Config10KV1(_Excluding):
    """The ePix10k."""

    FIELDS = (
        ("version", "<u4"),                                       #   0
        *_TRIGGER,                                                #   4
        *_LINES,                                                  #  12
        ("DoutPipelineDelay", "<u4"),                             #  24
        *_ACQUIRE,                                                #  28
        ("asicRoClkHalfT", "<u4"),                                #  44
        ("adcReadsPerPixel", "<u4"),                              #  48
        *_ADC,                                                    #  52
        ("_Sync", "<u4"),                                         #  64
        *_PREPULSE,                                               #  68
        *_CARDS,                                                  #  76
        *_EXCLUDING_SIZES,                                        #  92
        *_SCOPE,                                                  # 120
        ("asics", Asic10kConfigV1, lambda s: s.numberOfAsics()),  # 136
        ("asicPixelConfigArray", "<u2", *_WORD_PER_PIXEL),        #   +  of every pixel
    )  # varies
    BITS = _BITS


@xtc_type(TypeId.Epix100aConfig, 1, store="config")
class Config100aV1(_Readable):
    """The ePix100a."""

    FIELDS = (
        ("version", "<u4"),                                        #   0
        *_TRIGGER,                                                 #   4
        *_LINES,                                                   #  12
        *_ACQUIRE,                                                 #  24
        ("asicPPmatToReadout", "<u4"),                             #  40
        ("asicRoClkHalfT", "<u4"),                                 #  44
        ("adcReadsPerPixel", "<u4"),                               #  48
        *_ADC,                                                     #  52
        ("_Sync", "<u4"),                                          #  64
        *_PREPULSE,                                                #  68
        *_CARDS,                                                   #  76
        *_SIZES,                                                   #  92
        *_SCOPE,                                                   # 128
        ("asics", Asic100aConfigV1, lambda s: s.numberOfAsics()),  # 144
        *_PIXEL_CONFIG,                                            #   +
    )  # varies
    BITS = _BITS


_EVR_HEAD = (
    ("version", "<u4"),             #   0
    *_EVR_TRIGGER,                  #   4
    *_LINES,                        #  24
    *_ACQUIRE,                      #  36
    ("asicPPmatToReadout", "<u4"),  #  52
    ("asicRoClkHalfT", "<u4"),      #  56
    ("adcReadsPerPixel", "<u4"),    #  60
    *_ADC,                          #  64
    *_PIPELINES,                    #  76
    ("_Sync", "<u4"),               #  92
    *_PREPULSE,                     #  96
    *_CARDS,                        # 104
    *_CARRIER,                      # 120
    *_SIZES,                        # 128
    *_AUTO_RUN,                     # 164
    *_SCOPE,                        # 172
)  # 188


@xtc_type(TypeId.Epix100aConfig, 2, store="config")
class Config100aV2(_Readable):
    """The ePix100a; it may be triggered by event codes."""

    FIELDS = (
        *_EVR_HEAD,                                                #   0
        ("asics", Asic100aConfigV1, lambda s: s.numberOfAsics()),  # 188
        *_PIXEL_CONFIG,                                            #   +
    )  # varies
    BITS = _BITS


@xtc_type(TypeId.EpixSConfig, 1, store="config")
class ConfigSV1(_Readable):
    """The ePixS, of which only prototypes were read."""

    FIELDS = (
        ("version", "<u4"),                                     #   0
        *_TRIGGER,                                              #   4
        *_LINES,                                                #  12
        *_ACQUIRE,                                              #  24
        ("asicPPmatToReadout", "<u4"),                          #  40
        ("asicRoClkHalfT", "<u4"),                              #  44
        ("adcReadsPerPixel", "<u4"),                            #  48
        *_ADC,                                                  #  52
        ("_Sync", "<u4"),                                       #  64
        *_PREPULSE,                                             #  68
        *_CARDS,                                                #  76
        *_CARRIER,                                              #  92
        *_SIZES,                                                # 100
        *_SCOPE,                                                # 136
        ("asics", AsicSConfigV1, lambda s: s.numberOfAsics()),  # 152
        *_PIXEL_CONFIG,                                         #   +
    )  # varies
    BITS = _BITS


@xtc_type(TypeId.Epix10kaConfig, 1, store="config")
class Config10kaV1(_Readable):
    """The ePix10ka; as version 2 of the ePix100a, with other ASICs."""

    FIELDS = (
        *_EVR_HEAD,                                                #   0
        ("asics", Asic10kaConfigV1, lambda s: s.numberOfAsics()),  # 188
        *_PIXEL_CONFIG,                                            #   +
    )  # varies
    BITS = _BITS


@xtc_type(TypeId.Epix10kaConfig, 2, store="config")
class Config10kaV2(_Readable):
    """The ePix10ka with the firmware that corrects ghosts."""

    FirmwareHashMax = 64
    FirmwareDescMax = 256
    FIELDS = (
        ("version", "<u4"),                                        #   0
        *_EVR_TRIGGER,                                             #   4
        ("epixDaqTrigDelay", "<u4"),                               #  24
        *_LINES,                                                   #  28
        *_ACQUIRE,                                                 #  40
        ("asicPPmatToReadout", "<u4"),                             #  56
        ("asicRoClkHalfT", "<u4"),                                 #  60
        *_ADC,                                                     #  64
        *_PIPELINES,                                               #  76
        ("_Sync", "<u4"),                                          #  92
        *_PREPULSE,                                                #  96
        *_CARDS,                                                   # 104
        *_CARRIER,                                                 # 120
        *_SIZES,                                                   # 128
        *_AUTO_RUN,                                                # 164
        ("ghostCorrEn", "<u4"),                                    # 172
        ("oversampleEn", "<u4"),                                   # 176
        ("oversampleSize", "<u4"),                                 # 180
        *_SCOPE,                                                   # 184
        *_FIRMWARE,                                                # 200
        ("asics", Asic10kaConfigV1, lambda s: s.numberOfAsics()),  # 520
        *_PIXEL_CONFIG,                                            #   +
    )  # varies
    BITS = {**_CONTROL_BITS, **_SYNC_BITS, **_SCOPE_BITS}


class _Fixed(_Readable):
    """Detectors made of ePix10ka modules, whose sizes do not vary."""

    def numberOfAsicsPerRow(self) -> int:
        """Return the ASICs in a row of a module."""
        return 2

    def numberOfAsicsPerColumn(self) -> int:
        """Return the ASICs in a column of a module."""
        return 2

    def numberOfRowsPerAsic(self) -> int:
        """Return the rows of an ASIC."""
        return 176

    def numberOfReadableRowsPerAsic(self) -> int:
        """Return the rows of an ASIC that are read."""
        return 176

    def numberOfPixelsPerAsicRow(self) -> int:
        """Return the columns of an ASIC."""
        return 192

    def calibrationRowCountPerASIC(self) -> int:
        """Return the calibration rows of an ASIC."""
        return 2

    def environmentalRowCountPerASIC(self) -> int:
        """Return the rows of slow readings of an ASIC."""
        return 1


class Elem10kaConfigV1(_Fixed):
    """One ePix10ka module of a larger detector."""

    LISTED = False
    FIELDS = (
        ("carrierId0", "<u4"),                      #      0  serial number
        ("carrierId1", "<u4"),                      #      4
        ("asicMask", "<u4"),                        #      8  bit i set: ASIC i is alive
        ("asics", Asic10kaConfigV1, 4),             #     12
        ("asicPixelConfigArray", "<u2", 352, 384),  #    428  of every pixel
        ("calibPixelConfigArray", "u1", 2, 384),    # 270764  of the calibration rows
    )  # 271532


class PgpEvrConfig(Record):
    """How event codes trigger the detector."""

    LISTED = False
    FIELDS = (
        ("enable", "<u2"),    # 0
        ("runCode", "u1"),    # 2  event code
        ("daqCode", "u1"),    # 3  event code
        ("runDelay", "<u4"),  # 4
    )  # 8


class Ad9249Config(Record):
    """Registers of an AD9249 converter."""

    LISTED = False
    FIELDS = (
        ("chipId", "<u4"),              #  0
        ("devIndexMask", "<u4"),        #  4
        ("devIndexMaskDcoFco", "<u4"),  #  8
        ("_ControlBits", "<u4"),        # 12
        ("clockDivide", "<u4"),         # 16
        ("userTestMode", "<u4"),        # 20
        ("outputTestMode", "<u4"),      # 24
        ("offsetAdjust", "<u4"),        # 28
        ("channelDelay", "<u4", 8),     # 32
        ("frameDelay", "<u4"),          # 64
    )  # 68
    BITS = {
        "extPwdnMode": ("_ControlBits", 0, 1),
        "intPwdnMode": ("_ControlBits", 1, 2),
        "chopMode": ("_ControlBits", 3, 1),
        "dutyCycleStab": ("_ControlBits", 4, 1),
        "outputInvert": ("_ControlBits", 5, 1),
        "outputFormat": ("_ControlBits", 6, 1),
    }


_POWER = (
    ("dcdcEn", "<u4"),      #  0
    ("asicAnaEn", "<u4"),   #  4
    ("asicDigEn", "<u4"),   #  8
    ("ddrVttEn", "<u4"),    # 12
    ("trigSrcSel", "<u4"),  # 16
    ("vguardDac", "<u4"),   # 20
)  # 24
_QUAD_ACQUIRE = (
    ("acqToAsicR0Delay", "<u4"),    #  0
    ("asicR0Width", "<u4"),         #  4
    ("asicR0ToAsicAcq", "<u4"),     #  8
    ("asicAcqWidth", "<u4"),        # 12
    ("asicAcqLToPPmatL", "<u4"),    # 16
    ("asicPPmatToReadout", "<u4"),  # 20
    ("asicRoClkHalfT", "<u4"),      # 24
    ("_asicForce", "<u4"),          # 28
    ("_asicForceValue", "<u4"),     # 32
)  # 36
_QUAD_SCOPE = (
    *_SCOPE,                    #   0
    ("scopeTrigDelay", "<u4"),  #  16
    ("adc", Ad9249Config, 10),  #  20
    ("testChannel", "<u4"),     # 700
    ("testDataMask", "<u4"),    # 704
    ("testPattern", "<u4"),     # 708
    ("testSamples", "<u4"),     # 712
    ("testTimeout", "<u4"),     # 716
    ("testRequest", "<u4"),     # 720
)  # 724
_QUAD_BITS = {
    "asicAcqForce": ("_asicForce", 0, 1),
    "asicR0Force": ("_asicForce", 1, 1),
    "asicPPmatForce": ("_asicForce", 2, 1),
    "asicSyncForce": ("_asicForce", 3, 1),
    "asicRoClkForce": ("_asicForce", 4, 1),
    "asicAcqValue": ("_asicForceValue", 0, 1),
    "asicR0Value": ("_asicForceValue", 1, 1),
    "asicPPmatValue": ("_asicForceValue", 2, 1),
    "asicSyncValue": ("_asicForceValue", 3, 1),
    "asicRoClkValue": ("_asicForceValue", 4, 1),
    "scopeEnable": ("_Scope", 0, 1),
    "scopeTrigEdge": ("_Scope", 1, 1),
    "scopeTrigChan": ("_Scope", 2, 5),
    "scopeTrigMode": ("_Scope", 7, 2),
    "scopeADCThreshold": ("_Scope", 16, 16),
    "scopeTrigHoldoff": ("_ScopeTriggerParms_1", 0, 13),
    "scopeTrigOffset": ("_ScopeTriggerParms_1", 13, 13),
    "scopeTraceLength": ("_ScopeTriggerParms_2", 0, 13),
    "scopeADCsamplesToSkip": ("_ScopeTriggerParms_2", 13, 13),
    "scopeChanAwaveformSelect": ("_ScopeWaveformSelects", 0, 7),
    "scopeChanBwaveformSelect": ("_ScopeWaveformSelects", 7, 7),
}


class Quad10kaConfigV1(Record):
    """The board that reads four ePix10ka modules."""

    LISTED = False
    FIELDS = (
        ("baseClockFrequency", "<u4"),  #  0
        *_AUTO_RUN,                     #  4
        ("digitalCardId0", "<u4"),      # 12  serial number
        ("digitalCardId1", "<u4"),      # 16
        *_POWER,                        # 20
        *_QUAD_ACQUIRE,                 # 44
        ("adcPipelineDelay", "<u4"),    # 80
        ("testData", "<u4"),            # 84
        *_QUAD_SCOPE,                   # 88
    )  # 812
    BITS = _QUAD_BITS


class Quad10kaConfigV2(Record):
    """The board that reads four ePix10ka modules; from here on with its firmware."""

    LISTED = False
    FirmwareHashMax = 64
    FirmwareDescMax = 256
    FIELDS = (
        ("baseClockFrequency", "<u4"),  #   0
        *_AUTO_RUN,                     #   4
        ("firmwareVersion", "<u4"),     #  12
        ("digitalCardId0", "<u4"),      #  16  serial number
        ("digitalCardId1", "<u4"),      #  20
        *_FIRMWARE,                     #  24
        *_POWER,                        # 344
        *_QUAD_ACQUIRE,                 # 368
        ("dummyAcqEn", "<u4"),          # 404
        ("asicSyncInjEn", "<u4"),       # 408
        ("asicSyncInjDly", "<u4"),      # 412
        ("adcPipelineDelay", "<u4"),    # 416
        ("testData", "<u4"),            # 420
        ("overSampleEn", "<u4"),        # 424
        ("overSampleSize", "<u4"),      # 428
        *_QUAD_SCOPE,                   # 432
    )  # 1156
    BITS = _QUAD_BITS


class _Modules(_Fixed):
    """Detectors of several ePix10ka modules; rows and columns are one module's."""

    _numberOfElements = 0

    def numberOfElements(self) -> int:
        """Return the number of modules."""
        return self._numberOfElements

    def numberOfAsics(self) -> int:
        """Return the ASICs of all modules."""
        return self.numberOfElements() * super().numberOfAsics()


@xtc_type(TypeId.Epix10kaQuadConfig, 1, size=1086948, store="config")
class Config10kaQuadV1(_Modules):
    """The ePix10ka quad: four modules."""

    _numberOfElements = 4
    FIELDS = (
        ("evr", PgpEvrConfig),             #   0
        ("quad", Quad10kaConfigV1),        #   8
        ("elemCfg", Elem10kaConfigV1, 4),  # 820
    )  # 1086948


@xtc_type(TypeId.Epix10kaQuadConfig, 2, size=1087292, store="config")
class Config10kaQuadV2(_Modules):
    """The ePix10ka quad: four modules."""

    _numberOfElements = 4
    FIELDS = (
        ("evr", PgpEvrConfig),             #    0
        ("quad", Quad10kaConfigV2),        #    8
        ("elemCfg", Elem10kaConfigV1, 4),  # 1164
    )  # 1087292


@xtc_type(TypeId.Epix10ka2MConfig, 1, size=4347768, store="config")
class Config10ka2MV1(_Modules):
    """The ePix10ka 2M: four quads, 16 modules."""

    _numberOfElements = 16
    FIELDS = (
        ("evr", PgpEvrConfig),              #    0
        ("quad", Quad10kaConfigV1, 4),      #    8
        ("elemCfg", Elem10kaConfigV1, 16),  # 3256
    )  # 4347768


@xtc_type(TypeId.Epix10ka2MConfig, 2, size=4349144, store="config")
class Config10ka2MV2(_Modules):
    """The ePix10ka 2M: four quads, 16 modules."""

    _numberOfElements = 16
    FIELDS = (
        ("evr", PgpEvrConfig),              #    0
        ("quad", Quad10kaConfigV2, 4),      #    8
        ("elemCfg", Elem10kaConfigV1, 16),  # 4632
    )  # 4349144


_HEADER = (
    ("_first", "<u4"),       #  0
    ("_second", "<u4"),      #  4
    ("frameNumber", "<u4"),  #  8
    ("ticks", "<u4"),        # 12
    ("fiducials", "<u4"),    # 16
    ("_z", "<u4", 3),        # 20
)  # 32
_HEADER_BITS = {
    "vc": ("_first", 0, 2),
    "lane": ("_first", 6, 2),
    "acqCount": ("_second", 0, 16),
}
_TRAILER = (
    ("temperatures", "<u2", lambda s: s.cfg.numberOfAsics()),  # +  raw, of every ASIC
    ("lastWord", "<u4"),                                       # +
)


def _modules(array: Record) -> int:
    """Return the number of modules."""
    return array.cfg.numberOfElements()


_ALL = (lambda s: s.cfg.numberOfRows(), lambda s: s.cfg.numberOfColumns())
_EXCLUDED = (lambda s: s.cfg.lastRowExclusions(), lambda s: s.cfg.numberOfColumns())
_READ = (lambda s: s.cfg.numberOfReadableRows(), lambda s: s.cfg.numberOfColumns())
_CALIBRATION = (lambda s: s.cfg.numberOfCalibrationRows(), lambda s: s.cfg.numberOfColumns())
_ENVIRONMENT = (lambda s: s.cfg.numberOfEnvironmentalRows(), lambda s: s.cfg.numberOfColumns())
_HALF_ENVIRONMENT = (_ENVIRONMENT[0], lambda s: s.cfg.numberOfColumns() // 2)  # 32-bit words
_FRAME = (
    ("frame", "<u2", *_READ),                   # +  ADU, [row][column]
    ("calibrationRows", "<u2", *_CALIBRATION),  # +
)

# Every configuration that can tell the sizes of a frame. The definitions name one for each kind
# of frame; psana itself serves frames of version 3 with version 2 of the ePix100a too.
_EXCLUDING = (ConfigV1, Config10KV1)
_READABLE = (Config100aV1, Config100aV2, ConfigSV1, Config10kaV1, Config10kaV2)
_MODULES = (Config10ka2MV1, Config10ka2MV2, Config10kaQuadV1, Config10kaQuadV2)


@xtc_type(TypeId.EpixElement, 1, configs=_EXCLUDING)
class ElementV1(Record):
    """One event of the first generations."""

    FIELDS = (
        *_HEADER,                             #  0
        ("frame", "<u2", *_ALL),              # 32  ADU, [row][column]
        ("excludedRows", "<u2", *_EXCLUDED),  #  +
        *_TRAILER,                            #  +
    )  # varies
    BITS = _HEADER_BITS


@xtc_type(TypeId.EpixElement, 2, configs=_READABLE)
class ElementV2(Record):
    """One event; calibration and environment rows follow the frame."""

    FIELDS = (
        *_HEADER,                                     #  0
        *_FRAME,                                      # 32
        ("environmentalRows", "<u2", *_ENVIRONMENT),  #  +
        *_TRAILER,                                    #  +
    )  # varies
    BITS = _HEADER_BITS


@xtc_type(TypeId.EpixElement, 3, configs=_READABLE)
class ElementV3(Record):
    """One event; as version 2, but environment rows are words of 32 bits."""

    FIELDS = (
        *_HEADER,                                          #  0
        *_FRAME,                                           # 32
        ("environmentalRows", "<u4", *_HALF_ENVIRONMENT),  #  +
        *_TRAILER,                                         #  +
    )  # varies
    BITS = _HEADER_BITS


@xtc_type(TypeId.Epix10kaArray, 1, configs=_MODULES)
class ArrayV1(Record):
    """One event of several ePix10ka modules."""

    FIELDS = (
        ("frameNumber", "<u4"),                                      # 0
        ("frame", "<u2", _modules, *_READ),                          # 4  ADU, [module][row][column]
        ("calibrationRows", "<u2", _modules, *_CALIBRATION),         # +
        ("environmentalRows", "<u4", _modules, *_HALF_ENVIRONMENT),  # +
        ("temperatures", "<u2", lambda s: s.cfg.numberOfAsics()),    # +  raw, of every ASIC
    )  # varies


Config = [ConfigV1]
Config10K = [Config10KV1]
Config100a = [Config100aV1, Config100aV2]
ConfigS = [ConfigSV1]
Config10ka = [Config10kaV1, Config10kaV2]
Config10kaQuad = [Config10kaQuadV1, Config10kaQuadV2]
Config10ka2M = [Config10ka2MV1, Config10ka2MV2]
Element = [ElementV1, ElementV2, ElementV3]
Array = [ArrayV1]
