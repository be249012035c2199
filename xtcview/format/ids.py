"""Numbers of the DAQ and their names: type ids, transitions, levels, damage, devices.

Origin: pdsdata/xtc TypeId.hh, TransitionId.hh, Level.hh, Damage.hh, DetInfo.hh, BldInfo.hh
(pdsdata V10-01-01; device numbers from 46 on: lcls1 of 2024-12).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class TypeId(IntEnum):
    """What a payload is (TypeId.hh); the names are those that the DAQ prints."""

    Any = 0
    Xtc = 1
    Frame = 2
    AcqWaveform = 3
    AcqConfig = 4
    TwoDGaussian = 5
    Opal1kConfig = 6
    FrameFexConfig = 7
    EvrConfig = 8
    TM6740Config = 9
    RunControlConfig = 10
    pnCCDframe = 11
    pnCCDconfig = 12
    Epics = 13
    FEEGasDetEnergy = 14
    EBeamBld = 15
    PhaseCavity = 16
    PrincetonFrame = 17
    PrincetonConfig = 18
    EvrData = 19
    FrameFccdConfig = 20
    FccdConfig = 21
    IpimbData = 22
    IpimbConfig = 23
    EncoderData = 24
    EncoderConfig = 25
    EvrIOConfig = 26
    PrincetonInfo = 27
    CspadElement = 28
    CspadConfig = 29
    IpmFexConfig = 30
    IpmFex = 31
    DiodeFexConfig = 32
    DiodeFex = 33
    PimImageConfig = 34
    SharedIpimb = 35
    AcqTDCConfig = 36
    AcqTDCData = 37
    Index = 38
    XampsConfig = 39
    XampsElement = 40
    Cspad2x2Element = 41
    SharedPIM = 42
    Cspad2x2Config = 43
    FexampConfig = 44
    FexampElement = 45
    Gsc16aiConfig = 46
    Gsc16aiData = 47
    PhasicsConfig = 48
    TimepixConfig = 49
    TimepixData = 50
    CspadCompressedElement = 51
    OceanOpticsConfig = 52
    OceanOpticsData = 53
    EpicsConfig = 54
    FliConfig = 55
    FliFrame = 56
    QuartzConfig = 57
    Reserved1 = 58
    Reserved2 = 59
    AndorConfig = 60
    AndorFrame = 61
    UsdUsbData = 62
    UsdUsbConfig = 63
    GMD = 64
    SharedAcqADC = 65
    OrcaConfig = 66
    ImpData = 67
    ImpConfig = 68
    AliasConfig = 69
    L3TConfig = 70
    L3TData = 71
    Spectrometer = 72
    RayonixConfig = 73
    EpixConfig = 74
    EpixElement = 75
    EpixSamplerConfig = 76
    EpixSamplerElement = 77
    EvsConfig = 78
    PartitionConfig = 79
    PimaxConfig = 80
    PimaxFrame = 81
    Arraychar = 82
    Epix10kConfig = 83
    Epix100aConfig = 84
    GenericPgpConfig = 85
    TimeToolConfig = 86
    TimeToolData = 87
    EpixSConfig = 88
    SmlDataConfig = 89
    SmlDataOrigDgramOffset = 90
    SmlDataProxy = 91
    ArrayUInt16 = 92
    GotthardConfig = 93
    AnalogInput = 94
    SmlData = 95
    Andor3dConfig = 96
    Andor3dFrame = 97
    BeamMonitorBldData = 98
    Generic1DConfig = 99
    Generic1DData = 100
    UsdUsbFexConfig = 101
    UsdUsbFexData = 102
    EOrbits = 103
    SharedUsdUsb = 104
    ControlsCameraConfig = 105
    ArchonConfig = 106
    JungfrauConfig = 107
    JungfrauElement = 108
    QuadAdcConfig = 109
    ZylaConfig = 110
    ZylaFrame = 111
    Epix10kaConfig = 112
    PixisConfig = 113
    PixisFrame = 114
    UxiConfig = 115
    UxiFrame = 116
    Epix10ka2MConfig = 117
    Epix10kaArray = 118
    StreakConfig = 119
    Epix10kaQuadConfig = 120
    iStarConfig = 121
    AlviumConfig = 122
    VimbaFrame = 123


class Transition(IntEnum):
    """Service of a datagram (TransitionId.hh)."""

    Unknown = 0
    Reset = 1
    Map = 2
    Unmap = 3
    Configure = 4
    Unconfigure = 5
    BeginRun = 6
    EndRun = 7
    BeginCalibCycle = 8
    EndCalibCycle = 9
    Enable = 10
    Disable = 11
    L1Accept = 12


class Level(IntEnum):
    """Who wrote a container (Level.hh)."""

    Control = 0
    Source = 1
    Segment = 2
    Event = 3
    Recorder = 4
    Observer = 5
    Reporter = 6
    NoSource = 255


class Damage(IntFlag):
    """Bits of the damage word (Damage.hh); its top 8 bits belong to the detector."""

    DroppedContribution = 1 << 1
    Uninitialized = 1 << 11
    OutOfOrder = 1 << 12
    OutOfSynch = 1 << 13
    UserDefined = 1 << 14
    IncompleteContribution = 1 << 15
    ContainsIncomplete = 1 << 16


# DetInfo::Detector: where a device stands; the position is the number.
DETECTORS = (
    "NoDetector",
    "AmoIMS",
    "AmoGD",
    "AmoETOF",
    "AmoITOF",
    "AmoMBES",
    "AmoVMI",
    "AmoBPS",
    "Camp",
    "EpicsArch",
    "BldEb",
    "SxrBeamline",
    "SxrEndstation",
    "XppSb1Ipm",
    "XppSb1Pim",
    "XppMonPim",
    "XppSb2Ipm",
    "XppSb3Ipm",
    "XppSb3Pim",
    "XppSb4Pim",
    "XppGon",
    "XppLas",
    "XppEndstation",
    "AmoEndstation",
    "CxiEndstation",
    "XcsEndstation",
    "MecEndstation",
    "CxiDg1",
    "CxiDg2",
    "CxiDg3",
    "CxiDg4",
    "CxiKb1",
    "CxiDs1",
    "CxiDs2",
    "CxiDsu",
    "CxiSc1",
    "CxiDsd",
    "XcsBeamline",
    "CxiSc2",
    "MecXuvSpectrometer",
    "MecXrtsForw",
    "MecXrtsBack",
    "MecFdi",
    "MecTimeTool",
    "MecTargetChamber",
    "FeeHxSpectrometer",
    "XrayTransportDiagnostic",
    "Lamp",
    "MfxEndstation",
    "MfxDg1",
    "MfxDg2",
    "XrtDiag",
    "DetLab",
)

# DetInfo::Device: what it is; the position is the number.
DEVICES = (
    "NoDevice",
    "Evr",
    "Acqiris",
    "Opal1000",
    "Tm6740",
    "pnCCD",
    "Princeton",
    "Fccd",
    "Ipimb",
    "Encoder",
    "Cspad",
    "AcqTDC",
    "Xamps",
    "Cspad2x2",
    "Fexamp",
    "Gsc16ai",
    "Phasics",
    "Timepix",
    "Opal2000",
    "Opal4000",
    "OceanOptics",
    "Opal1600",
    "Opal8000",
    "Fli",
    "Quartz4A150",
    "Andor",
    "USDUSB",
    "OrcaFl40",
    "Imp",
    "Epix",
    "Rayonix",
    "EpixSampler",
    "Pimax",
    "Fccd960",
    "Epix10k",
    "Epix100a",
    "EpixS",
    "Gotthard",
    "DualAndor",
    "Wave8",
    "LeCroy",
    "ControlsCamera",
    "Archon",
    "Jungfrau",
    "Zyla",
    "Epix10ka",
    "Pixis",
    "Uxi",
    "Epix10ka2M",
    "StreakC7700",
    "Epix10kaQuad",
    "JungfrauSegment",
    "JungfrauSegmentM2",
    "JungfrauSegmentM3",
    "JungfrauSegmentM4",
    "iStar",
    "QuadAdc",
    "Alvium",
)

# BldInfo::Type: beam line data; printed names, the position is the number.
BLD_TYPES = (
    "EBeam",
    "PhaseCavity",
    "FEEGasDetEnergy",
    "NH2-SB1-IPM-01",
    "XCS-IPM-01",
    "XCS-DIO-01",
    "XCS-IPM-02",
    "XCS-DIO-02",
    "XCS-IPM-03",
    "XCS-DIO-03",
    "XCS-IPM-03m",
    "XCS-DIO-03m",
    "XCS-YAG-1",
    "XCS-YAG-2",
    "XCS-YAG-3m",
    "XCS-YAG-3",
    "XCS-YAG-mono",
    "XCS-IPM-mono",
    "XCS-DIO-mono",
    "XCS-DEC-mono",
    "MEC-LAS-EM-01",
    "MEC-TCTR-PIP-01",
    "MEC-TCTR-DI-01",
    "MEC-XT2-IPM-02",
    "MEC-XT2-IPM-03",
    "MEC-HXM-IPM-01",
    "GMD",
    "CxiDg1_Imb01",
    "CxiDg2_Imb01",
    "CxiDg2_Imb02",
    "CxiDg3_Imb01",
    "CxiDg1_Pim",
    "CxiDg2_Pim",
    "CxiDg3_Pim",
    "XppMon_Pim0",
    "XppMon_Pim1",
    "XppSb2_Ipm",
    "XppSb3_Ipm",
    "XppSb3_Pim",
    "XppSb4_Pim",
    "XppEnds_Ipm0",
    "XppEnds_Ipm1",
    "MEC-XT2-PIM-02",
    "MEC-XT2-PIM-03",
    "CxiDg3_Spec",
    "NH2-SB1-IPM-02",
    "FEE-SPEC0",
    "SXR-SPEC0",
    "XPP-SPEC0",
    "XCS-USR-IPM-01",
    "XCS-USR-IPM-02",
    "XCS-USR-IPM-03",
    "XCS-USR-IPM-04",
    "XCS-IPM-04",
    "XCS-DIO-04",
    "XCS-IPM-05",
    "XCS-DIO-05",
    "XCS-IPM-gon",
    "XCS-IPM-ladm",
    "XPP-AIN-01",
    "XCS-AIN-01",
    "AMO-AIN-01",
    "MFX-BEAMMON-01",
    "EOrbits",
    "MfxDg1_Pim",
    "MfxDg2_Pim",
    "SXR-AIN-01",
    "HX2-SB1-BMMON",
    "XRT-USB-ENCODER-01",
    "XPP-USB-ENCODER-01",
    "XPP-USB-ENCODER-02",
    "XCS-USB-ENCODER-01",
    "CXI-USB-ENCODER-01",
    "XCS-SND-DIO",
    "MFX-USR-DIO",
    "XPP-SB2-BMMON",
    "XPP-SB3-BMMON",
    "HFX-DG2-BMMON",
    "XCS-SB1-BMMON",
    "XCS-SB2-BMMON",
    "CXI-DG2-BMMON",
    "CXI-DG3-BMMON",
    "MFX-DG1-BMMON",
    "MFX-DG2-BMMON",
    "MFX-AIN-01",
    "MEC-AIN-01",
    "FEE-AIN-01",
    "MEC-XT2-BMMON-02",
    "MEC-XT2-BMMON-03",
    "XPP-USR-DIO",
    "XPP-ALC-DIO",
    "XCS-USR-DIO",
    "CXI-USR-DIO",
    "MEC-USR-DIO",
    "MFX-USB-ENCODER-01",
    "HXX-DG1-BMMON-01",
)

# Spellings of early runs that Source strings may still use.
OLD_DETECTORS = {
    "AmoIms": 1,
    "amoIMS": 1,
    "AmoPem": 2,
    "amoGD": 2,
    "AmoGasdet": 2,
    "AmoETof": 3,
    "amoETOF": 3,
    "AmoITof": 4,
    "amoITOF": 4,
    "AmoMbs": 5,
    "amoMBES": 5,
    "AmoMbes": 5,
    "AmoIis": 6,
    "amoVMI": 6,
    "AmoVmi": 6,
    "AmoBps": 7,
    "amoBPS": 7,
    "epicsArch": 9,
}
OLD_DEVICES = {"TM6740": 4}
