"""psana.Bld: beam line data: electron beam, gas detectors, monitors along the beam line.

Layouts from psddldata/data/bld.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from xtcview.format.ids import TypeId

from . import acqiris, camera, ipimb, lusi, pulnix, usdusb
from .record import Record
from .registry import xtc_type

PACKAGE = "Bld"

_GAS_DETECTORS = (
    ("f_11_ENRC", "<f8"),  #  0  mJ in front of the attenuator, tube 1 (GDET:FEE1:11 / 241:ENRC)
    ("f_12_ENRC", "<f8"),  #  8  mJ in front of the attenuator, tube 2 (GDET:FEE1:12 / 242:ENRC)
    ("f_21_ENRC", "<f8"),  # 16  mJ behind the attenuator, tube 1 (GDET:FEE1:21 / 361:ENRC)
    ("f_22_ENRC", "<f8"),  # 24  mJ behind the attenuator, tube 2 (GDET:FEE1:22 / 362:ENRC)
)  # 32


@xtc_type(TypeId.FEEGasDetEnergy, 0, size=32)
class BldDataFEEGasDetEnergy(Record):
    """Pulse energy, measured by gas detectors in the front end enclosure."""

    FIELDS = _GAS_DETECTORS  # 32


@xtc_type(TypeId.FEEGasDetEnergy, 1, size=48)
class BldDataFEEGasDetEnergyV1(Record):
    """Pulse energy; from here on with the range of small signals."""

    FIELDS = (
        *_GAS_DETECTORS,       #  0
        ("f_63_ENRC", "<f8"),  # 32  mJ behind the attenuator, small signals (GDET:FEE1:363:ENRC)
        ("f_64_ENRC", "<f8"),  # 40  mJ behind the attenuator, small signals (GDET:FEE1:364:ENRC)
    )  # 48


# The electron beam; every version adds to the one before it.
_EBEAM_V0 = (
    ("damageMask", "<u4"),     #  0  a bit per value, set: it is bad (enum DamageMask)
    ("ebeamCharge", "<f8"),    #  4  nC
    ("ebeamL3Energy", "<f8"),  # 12  MeV
    ("ebeamLTUPosX", "<f8"),   # 20  mm
    ("ebeamLTUPosY", "<f8"),   # 28  mm
    ("ebeamLTUAngX", "<f8"),   # 36  mrad
    ("ebeamLTUAngY", "<f8"),   # 44  mrad
)  # 52
_EBEAM_V1 = (
    *_EBEAM_V0,                 #  0
    ("ebeamPkCurrBC2", "<f8"),  # 52  A
)  # 60
_EBEAM_V2 = (
    *_EBEAM_V1,                 #  0
    ("ebeamEnergyBC2", "<f8"),  # 60  mm, a position that follows the energy (version 2 calls it MeV)
)  # 68
_EBEAM_V3 = (
    *_EBEAM_V2,                 #  0
    ("ebeamPkCurrBC1", "<f8"),  # 68  A
    ("ebeamEnergyBC1", "<f8"),  # 76  mm, a position that follows the energy
)  # 84
_EBEAM_V4 = (
    *_EBEAM_V3,               #   0
    ("ebeamUndPosX", "<f8"),  #  84  mm, where the beam enters the undulator
    ("ebeamUndPosY", "<f8"),  #  92  mm
    ("ebeamUndAngX", "<f8"),  # 100  mrad
    ("ebeamUndAngY", "<f8"),  # 108  mrad
)  # 116
_EBEAM_V5 = (
    *_EBEAM_V4,                  #   0
    ("ebeamXTCAVAmpl", "<f8"),   # 116  MV
    ("ebeamXTCAVPhase", "<f8"),  # 124  deg
    ("ebeamDumpCharge", "<f8"),  # 132  electrons
)  # 140
_EBEAM_ENERGY = ("ebeamPhotonEnergy", "<f8")
_EBEAM_V6 = (
    *_EBEAM_V5,              #   0
    _EBEAM_ENERGY,           # 140  eV
    ("ebeamLTU250", "<f8"),  # 148  mm, beam position from which the photon energy follows
    ("ebeamLTU450", "<f8"),  # 156  mm, beam position from which the photon energy follows
)  # 164


def _damage_mask(*values: tuple[str, str]) -> Any:
    """Return the enumeration of damage bits: bit i is value i's."""
    bits = {f"E{name[1:]}Damage": 1 << i for i, (name, _) in enumerate(values)}
    return IntEnum("DamageMask", bits)


@xtc_type(TypeId.EBeamBld, 0, size=52)
class BldDataEBeamV0(Record):
    """The electron beam: charge, energy, transport line (LTU)."""

    DamageMask = _damage_mask(*_EBEAM_V0[1:])
    FIELDS = _EBEAM_V0


@xtc_type(TypeId.EBeamBld, 1, size=60)
class BldDataEBeamV1(Record):
    """The electron beam; from here on with bunch compressor 2."""

    DamageMask = _damage_mask(*_EBEAM_V1[1:])
    FIELDS = _EBEAM_V1


@xtc_type(TypeId.EBeamBld, 2, size=68)
class BldDataEBeamV2(Record):
    """The electron beam; from here on with the energy at bunch compressor 2."""

    DamageMask = _damage_mask(*_EBEAM_V2[1:])
    FIELDS = _EBEAM_V2


@xtc_type(TypeId.EBeamBld, 3, size=84)
class BldDataEBeamV3(Record):
    """The electron beam; from here on with bunch compressor 1."""

    DamageMask = _damage_mask(*_EBEAM_V3[1:])
    FIELDS = _EBEAM_V3


@xtc_type(TypeId.EBeamBld, 4, size=116)
class BldDataEBeamV4(Record):
    """The electron beam; from here on with the undulator."""

    DamageMask = _damage_mask(*_EBEAM_V4[1:])
    FIELDS = _EBEAM_V4


@xtc_type(TypeId.EBeamBld, 5, size=140)
class BldDataEBeamV5(Record):
    """The electron beam; from here on with transverse cavity (XTCAV) and dump."""

    DamageMask = _damage_mask(*_EBEAM_V5[1:])
    FIELDS = _EBEAM_V5


@xtc_type(TypeId.EBeamBld, 6, size=164)
class BldDataEBeamV6(Record):
    """The electron beam; from here on with the photon energy."""

    DamageMask = _damage_mask(*_EBEAM_V5[1:], _EBEAM_ENERGY)
    FIELDS = _EBEAM_V6


@xtc_type(TypeId.EBeamBld, 7, size=164)
class BldDataEBeamV7(Record):
    """The electron beam; the same bytes as version 6."""

    DamageMask = BldDataEBeamV6.DamageMask
    FIELDS = _EBEAM_V6


@xtc_type(TypeId.EOrbits, 0)
class BldDataEOrbitsV0(Record):
    """Where the electrons pass the beam position monitors."""

    FIELDS = (
        ("nBPMS", "<u4"),                           # 0  number of monitors
        ("fBPM_X", "<f8", lambda s: s.nBPMS()),     # 4  mm
        ("fBPM_Y", "<f8", lambda s: s.nBPMS()),     # +  mm
        ("fBPM_TMIT", "<f8", lambda s: s.nBPMS()),  # +  electrons
    )  # varies


_PHASE_CAVITY = (
    ("fitTime1", "<f8"),  #  0  ps (UND:R02:IOC:16:BAT:FitTime1)
    ("fitTime2", "<f8"),  #  8  ps
    ("charge1", "<f8"),   # 16  pC (UND:R02:IOC:16:BAT:Charge1)
    ("charge2", "<f8"),   # 24  pC
)  # 32


@xtc_type(TypeId.PhaseCavity, 0, size=32)
class BldDataPhaseCavity(Record):
    """When the electrons arrive, measured by two cavities."""

    FIELDS = _PHASE_CAVITY


@xtc_type(TypeId.PhaseCavity, 1, size=32)
class BldDataPhaseCavityV1(Record):
    """When the electrons arrive; the same bytes as version 0."""

    FIELDS = _PHASE_CAVITY


@xtc_type(TypeId.SharedIpimb, 0, size=104)
class BldDataIpimbV0(Record):
    """An intensity and position monitor; psana gives its parts instead (see `split`)."""

    FIELDS = (
        ("ipimbData", ipimb.DataV1),      #  0
        ("ipimbConfig", ipimb.ConfigV1),  # 24
        ("ipmFexData", lusi.IpmFexV1),    # 76
    )  # 104


@xtc_type(TypeId.SharedIpimb, 1, size=120)
class BldDataIpimbV1(Record):
    """An intensity and position monitor; psana gives its parts instead (see `split`)."""

    FIELDS = (
        ("ipimbData", ipimb.DataV2),      #  0
        ("ipimbConfig", ipimb.ConfigV2),  # 32
        ("ipmFexData", lusi.IpmFexV1),    # 92
    )  # 120


@xtc_type(TypeId.SharedPIM, 1)
class BldDataPimV1(Record):
    """A profile monitor; psana gives its parts instead (see `split`)."""

    FIELDS = (
        ("camConfig", pulnix.TM6740ConfigV2),  #  0
        ("pimConfig", lusi.PimImageConfigV1),  # 12
        ("frame", camera.FrameV1),             # 20
    )  # varies


@xtc_type(TypeId.SharedUsdUsb, 1, size=344)
class BldDataUsdUsbV1(Record):
    """Position encoders; psana gives their parts instead (see `split`)."""

    FIELDS = (
        ("config", usdusb.ConfigV1),        #   0
        ("fexConfig", usdusb.FexConfigV1),  #  32
        ("data", usdusb.DataV1),            # 272
        ("fexData", usdusb.FexDataV1),      # 312
    )  # 344


SHARED = (BldDataIpimbV0, BldDataIpimbV1, BldDataPimV1, BldDataUsdUsbV1)


def split(record: Record) -> list[tuple[type[Record], memoryview]]:
    """Cut a record of `SHARED` into the objects that psana publishes in its place.

    Parameters
    ----------
    record : Record

    Returns
    -------
    list of (type of Record, memoryview)
        Class and bytes of every part, in the order of the bytes. All stand under the record's
        source; those that the registry counts as configuration belong into that store.

    Raises
    ------
    TypeError
        A record that is not shared.
    """
    if not isinstance(record, SHARED):
        names = ", ".join(kind.__name__ for kind in SHARED)
        raise TypeError(f"{type(record).__name__} has no parts; expected one of {names}")
    found: list[tuple[type[Record], memoryview]] = []
    for name, kind in record.FIELDS:
        part = record._nested(name, kind, 0)
        found.append((kind, memoryview(part._data)[part._start : part._end]))
    return found


@xtc_type(TypeId.GMD, 0, size=152)
class BldDataGMDV0(Record):
    """The gas monitor detector: pulse energy and what it is derived from."""

    FIELDS = (
        ("gasType", "S32"),                 #   0
        ("pressure", "<f8"),                #  32  slow readings, up to photonEnergy
        ("temperature", "<f8"),             #  40
        ("current", "<f8"),                 #  48
        ("hvMeshElectron", "<f8"),          #  56
        ("hvMeshIon", "<f8"),               #  64
        ("hvMultIon", "<f8"),               #  72
        ("chargeQ", "<f8"),                 #  80
        ("photonEnergy", "<f8"),            #  88
        ("multPulseIntensity", "<f8"),      #  96
        ("keithleyPulseIntensity", "<f8"),  # 104
        ("pulseEnergy", "<f8"),             # 112
        ("pulseEnergyFEE", "<f8"),          # 120
        ("transmission", "<f8"),            # 128
        ("transmissionFEE", "<f8"),         # 136
        ("_fSpare6", "<f8"),                # 144
    )  # 152


_PULSE_ENERGY = (
    ("milliJoulesPerPulse", "<f8"),  # 0  mJ
    ("milliJoulesAverage", "<f8"),   # 8  mJ, slow average
)  # 16


@xtc_type(TypeId.GMD, 1, size=48)
class BldDataGMDV1(Record):
    """The gas monitor detector."""

    FIELDS = (
        *_PULSE_ENERGY,                     #  0
        ("correctedSumPerPulse", "<f8"),    # 16  counts
        ("bgValuePerSample", "<f8"),        # 24  counts
        ("relativeEnergyPerPulse", "<f8"),  # 32  arbitrary unit; recommended for a single shot
        ("_fSpare1", "<f8"),                # 40
    )  # 48


@xtc_type(TypeId.GMD, 2, size=48)
class BldDataGMDV2(Record):
    """The gas monitor detector, with the sums of its peaks."""

    FIELDS = (
        *_PULSE_ENERGY,                     #  0
        ("sumAllPeaksFiltBkgd", "<f8"),     # 16  counts
        ("rawAvgBkgd", "<f8"),              # 24  counts
        ("relativeEnergyPerPulse", "<f8"),  # 32  arbitrary unit; recommended for a single shot
        ("sumAllPeaksRawBkgd", "<f8"),      # 40  counts
    )  # 48


@xtc_type(TypeId.SharedAcqADC, 1, configs=(acqiris.ConfigV1,))
class BldDataAcqADCV1(Record):
    """Waveforms and their settings; sizes follow from the source's own `Acqiris.ConfigV1`."""

    FIELDS = (
        ("config", acqiris.ConfigV1),  #   0
        ("data", acqiris.DataDescV1),  # 536
    )  # varies


@xtc_type(TypeId.Spectrometer, 0, size=5120)
class BldDataSpectrometerV0(Record):
    """Projections of the spectrometer's picture."""

    FIELDS = (
        ("hproj", "<u4", 1024),  #    0  on the axis of energy
        ("vproj", "<u4", 256),   # 4096
    )  # 5120


@xtc_type(TypeId.Spectrometer, 1)
class BldDataSpectrometerV1(Record):
    """The spectrum and its peaks."""

    FIELDS = (
        ("width", "<u4"),                             #  0  pixels of the spectrum
        ("hproj_y1", "<u4"),                          #  4  rows that are projected
        ("hproj_y2", "<u4"),                          #  8
        ("comRaw", "<f8"),                            # 12  centre of mass, baseline not removed
        ("baseline", "<f8"),                          # 20
        ("com", "<f8"),                               # 28  centre of mass, baseline removed
        ("integral", "<f8"),                          # 36  area, baseline not removed
        ("nPeaks", "<u4"),                            # 44
        ("hproj", "<i4", lambda s: s.width()),        # 48  the spectrum
        ("peakPos", "<f8", lambda s: s.nPeaks()),     #  +
        ("peakHeight", "<f8", lambda s: s.nPeaks()),  #  +
        ("FWHM", "<f8", lambda s: s.nPeaks()),        #  +
    )  # varies


@xtc_type(TypeId.AnalogInput, 1)
class BldDataAnalogInputV1(Record):
    """Voltages of analog inputs."""

    FIELDS = (
        ("numChannels", "<u4"),                                 # 0
        ("channelVoltages", "<f8", lambda s: s.numChannels()),  # 4  V
    )  # varies


@xtc_type(TypeId.BeamMonitorBldData, 1, size=184)
class BldDataBeamMonitorV1(Record):
    """Intensity and position of the X-rays."""

    NCHANNELS = 16
    FIELDS = (
        ("TotalIntensity", "<f8"),  #   0  J
        ("X_Position", "<f8"),      #   8  m
        ("Y_Position", "<f8"),      #  16  m
        ("peakA", "<f8", 16),       #  24  height of every channel's peak
        ("peakT", "<u2", 16),       # 152  sample of every channel's peak
    )  # 184


BldDataEBeam = [
    BldDataEBeamV0,
    BldDataEBeamV1,
    BldDataEBeamV2,
    BldDataEBeamV3,
    BldDataEBeamV4,
    BldDataEBeamV5,
    BldDataEBeamV6,
    BldDataEBeamV7,
]
BldDataEOrbits = [BldDataEOrbitsV0]
BldDataIpimb = [BldDataIpimbV0, BldDataIpimbV1]
BldDataPim = [BldDataPimV1]
BldDataUsdUsb = [BldDataUsdUsbV1]
BldDataGMD = [BldDataGMDV0, BldDataGMDV1, BldDataGMDV2]
BldDataAcqADC = [BldDataAcqADCV1]
BldDataSpectrometer = [BldDataSpectrometerV0, BldDataSpectrometerV1]
BldDataAnalogInput = [BldDataAnalogInputV1]
BldDataBeamMonitor = [BldDataBeamMonitorV1]
# psana's lists BldDataFEEGasDetEnergy and BldDataPhaseCavity hide behind the classes of the same
# name that have version 0; the classes are what scripts ask for.
