"""psana.Bld: beam line data: electron beam, gas detector, phase cavity.

Layouts from psddldata/data/bld.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Bld"


@xtc_type(TypeId.FEEGasDetEnergy, 0, size=32)
class BldDataFEEGasDetEnergy(Record):
    """Feegas det energy."""

    FIELDS = (
        (
            "f_11_ENRC",
            "<f8",
        ),  #  0  mJ; upstream of the attenuator, tube 1 (GDET:FEE1:11 / 241:ENRC)
        ("f_12_ENRC", "<f8"),  #  8  mJ; upstream, tube 2 (GDET:FEE1:12 / 242:ENRC)
        ("f_21_ENRC", "<f8"),  # 16  mJ; downstream, tube 1 (GDET:FEE1:21 / 361:ENRC)
        ("f_22_ENRC", "<f8"),  # 24  mJ; downstream, tube 2 (GDET:FEE1:22 / 362:ENRC)
    )  # 32


@xtc_type(TypeId.FEEGasDetEnergy, 1, size=48)
class BldDataFEEGasDetEnergyV1(Record):
    """Feegas det energy, version 1."""

    FIELDS = (
        (
            "f_11_ENRC",
            "<f8",
        ),  #  0  mJ; upstream of the attenuator, tube 1 (GDET:FEE1:11 / 241:ENRC)
        ("f_12_ENRC", "<f8"),  #  8  mJ; upstream, tube 2 (GDET:FEE1:12 / 242:ENRC)
        ("f_21_ENRC", "<f8"),  # 16  mJ; downstream, tube 1 (GDET:FEE1:21 / 361:ENRC)
        ("f_22_ENRC", "<f8"),  # 24  mJ; downstream, tube 2 (GDET:FEE1:22 / 362:ENRC)
        ("f_63_ENRC", "<f8"),  # 32  mJ; downstream, low-signal range (GDET:FEE1:363:ENRC)
        (
            "f_64_ENRC",
            "<f8",
        ),  # 40  mJ; downstream, low-signal range, second tube (GDET:FEE1:364:ENRC)
    )  # 48


@xtc_type(TypeId.EBeamBld, 0, size=52)
class BldDataEBeamV0(Record):
    """Ebeam, version 0."""

    DamageMask = IntEnum(
        "DamageMask",
        {
            "EbeamChargeDamage": 1,
            "EbeamL3EnergyDamage": 2,
            "EbeamLTUPosXDamage": 4,
            "EbeamLTUPosYDamage": 8,
            "EbeamLTUAngXDamage": 16,
            "EbeamLTUAngYDamage": 32,
        },
    )
    FIELDS = (
        ("damageMask", "<u4"),     #  0  bit per field, set = that value is bad (enum DamageMask)
        ("ebeamCharge", "<f8"),    #  4  nC
        ("ebeamL3Energy", "<f8"),  # 12  MeV
        ("ebeamLTUPosX", "<f8"),   # 20  mm (LTU BPMs)
        ("ebeamLTUPosY", "<f8"),   # 28  mm (LTU BPMs)
        ("ebeamLTUAngX", "<f8"),   # 36  mrad
        ("ebeamLTUAngY", "<f8"),   # 44  mrad
    )  # 52


@xtc_type(TypeId.EBeamBld, 1, size=60)
class BldDataEBeamV1(Record):
    """Ebeam, version 1."""

    DamageMask = IntEnum(
        "DamageMask",
        {
            "EbeamChargeDamage": 1,
            "EbeamL3EnergyDamage": 2,
            "EbeamLTUPosXDamage": 4,
            "EbeamLTUPosYDamage": 8,
            "EbeamLTUAngXDamage": 16,
            "EbeamLTUAngYDamage": 32,
            "EbeamPkCurrBC2Damage": 64,
        },
    )
    FIELDS = (
        ("damageMask", "<u4"),      #  0  bit per field, set = that value is bad (enum DamageMask)
        ("ebeamCharge", "<f8"),     #  4  nC
        ("ebeamL3Energy", "<f8"),   # 12  MeV
        ("ebeamLTUPosX", "<f8"),    # 20  mm (LTU BPMs)
        ("ebeamLTUPosY", "<f8"),    # 28  mm (LTU BPMs)
        ("ebeamLTUAngX", "<f8"),    # 36  mrad
        ("ebeamLTUAngY", "<f8"),    # 44  mrad
        ("ebeamPkCurrBC2", "<f8"),  # 52  A
    )  # 60


@xtc_type(TypeId.EBeamBld, 2, size=68)
class BldDataEBeamV2(Record):
    """Ebeam, version 2."""

    DamageMask = IntEnum(
        "DamageMask",
        {
            "EbeamChargeDamage": 1,
            "EbeamL3EnergyDamage": 2,
            "EbeamLTUPosXDamage": 4,
            "EbeamLTUPosYDamage": 8,
            "EbeamLTUAngXDamage": 16,
            "EbeamLTUAngYDamage": 32,
            "EbeamPkCurrBC2Damage": 64,
            "EbeamEnergyBC2Damage": 128,
        },
    )
    FIELDS = (
        ("damageMask", "<u4"),      #  0  bit per field, set = that value is bad (enum DamageMask)
        ("ebeamCharge", "<f8"),     #  4  nC
        ("ebeamL3Energy", "<f8"),   # 12  MeV
        ("ebeamLTUPosX", "<f8"),    # 20  mm (LTU BPMs)
        ("ebeamLTUPosY", "<f8"),    # 28  mm (LTU BPMs)
        ("ebeamLTUAngX", "<f8"),    # 36  mrad
        ("ebeamLTUAngY", "<f8"),    # 44  mrad
        ("ebeamPkCurrBC2", "<f8"),  # 52  A
        ("ebeamEnergyBC2", "<f8"),  # 60  mm (position that tracks energy; V2 labels BC2 as MeV)
    )  # 68


@xtc_type(TypeId.EBeamBld, 3, size=84)
class BldDataEBeamV3(Record):
    """Ebeam, version 3."""

    DamageMask = IntEnum(
        "DamageMask",
        {
            "EbeamChargeDamage": 1,
            "EbeamL3EnergyDamage": 2,
            "EbeamLTUPosXDamage": 4,
            "EbeamLTUPosYDamage": 8,
            "EbeamLTUAngXDamage": 16,
            "EbeamLTUAngYDamage": 32,
            "EbeamPkCurrBC2Damage": 64,
            "EbeamEnergyBC2Damage": 128,
            "EbeamPkCurrBC1Damage": 256,
            "EbeamEnergyBC1Damage": 512,
        },
    )
    FIELDS = (
        ("damageMask", "<u4"),      #  0  bit per field, set = that value is bad (enum DamageMask)
        ("ebeamCharge", "<f8"),     #  4  nC
        ("ebeamL3Energy", "<f8"),   # 12  MeV
        ("ebeamLTUPosX", "<f8"),    # 20  mm (LTU BPMs)
        ("ebeamLTUPosY", "<f8"),    # 28  mm (LTU BPMs)
        ("ebeamLTUAngX", "<f8"),    # 36  mrad
        ("ebeamLTUAngY", "<f8"),    # 44  mrad
        ("ebeamPkCurrBC2", "<f8"),  # 52  A
        ("ebeamEnergyBC2", "<f8"),  # 60  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamPkCurrBC1", "<f8"),  # 68  A
        ("ebeamEnergyBC1", "<f8"),  # 76  mm (position that tracks energy; V2 labels BC2 as MeV)
    )  # 84


@xtc_type(TypeId.EBeamBld, 4, size=116)
class BldDataEBeamV4(Record):
    """Ebeam, version 4."""

    DamageMask = IntEnum(
        "DamageMask",
        {
            "EbeamChargeDamage": 1,
            "EbeamL3EnergyDamage": 2,
            "EbeamLTUPosXDamage": 4,
            "EbeamLTUPosYDamage": 8,
            "EbeamLTUAngXDamage": 16,
            "EbeamLTUAngYDamage": 32,
            "EbeamPkCurrBC2Damage": 64,
            "EbeamEnergyBC2Damage": 128,
            "EbeamPkCurrBC1Damage": 256,
            "EbeamEnergyBC1Damage": 512,
            "EbeamUndPosXDamage": 1024,
            "EbeamUndPosYDamage": 2048,
            "EbeamUndAngXDamage": 4096,
            "EbeamUndAngYDamage": 8192,
        },
    )
    FIELDS = (
        ("damageMask", "<u4"),      #   0  bit per field, set = that value is bad (enum DamageMask)
        ("ebeamCharge", "<f8"),     #   4  nC
        ("ebeamL3Energy", "<f8"),   #  12  MeV
        ("ebeamLTUPosX", "<f8"),    #  20  mm (LTU BPMs)
        ("ebeamLTUPosY", "<f8"),    #  28  mm (LTU BPMs)
        ("ebeamLTUAngX", "<f8"),    #  36  mrad
        ("ebeamLTUAngY", "<f8"),    #  44  mrad
        ("ebeamPkCurrBC2", "<f8"),  #  52  A
        ("ebeamEnergyBC2", "<f8"),  #  60  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamPkCurrBC1", "<f8"),  #  68  A
        ("ebeamEnergyBC1", "<f8"),  #  76  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamUndPosX", "<f8"),    #  84  mm (undulator launch)
        ("ebeamUndPosY", "<f8"),    #  92  mm (undulator launch)
        ("ebeamUndAngX", "<f8"),    # 100  mrad
        ("ebeamUndAngY", "<f8"),    # 108  mrad
    )  # 116


@xtc_type(TypeId.EBeamBld, 5, size=140)
class BldDataEBeamV5(Record):
    """Ebeam, version 5."""

    DamageMask = IntEnum(
        "DamageMask",
        {
            "EbeamChargeDamage": 1,
            "EbeamL3EnergyDamage": 2,
            "EbeamLTUPosXDamage": 4,
            "EbeamLTUPosYDamage": 8,
            "EbeamLTUAngXDamage": 16,
            "EbeamLTUAngYDamage": 32,
            "EbeamPkCurrBC2Damage": 64,
            "EbeamEnergyBC2Damage": 128,
            "EbeamPkCurrBC1Damage": 256,
            "EbeamEnergyBC1Damage": 512,
            "EbeamUndPosXDamage": 1024,
            "EbeamUndPosYDamage": 2048,
            "EbeamUndAngXDamage": 4096,
            "EbeamUndAngYDamage": 8192,
            "EbeamXTCAVAmplDamage": 16384,
            "EbeamXTCAVPhaseDamage": 32768,
            "EbeamDumpChargeDamage": 65536,
        },
    )
    FIELDS = (
        ("damageMask", "<u4"),       #   0  bit per field, set = that value is bad (enum DamageMask)
        ("ebeamCharge", "<f8"),      #   4  nC
        ("ebeamL3Energy", "<f8"),    #  12  MeV
        ("ebeamLTUPosX", "<f8"),     #  20  mm (LTU BPMs)
        ("ebeamLTUPosY", "<f8"),     #  28  mm (LTU BPMs)
        ("ebeamLTUAngX", "<f8"),     #  36  mrad
        ("ebeamLTUAngY", "<f8"),     #  44  mrad
        ("ebeamPkCurrBC2", "<f8"),   #  52  A
        ("ebeamEnergyBC2", "<f8"),   #  60  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamPkCurrBC1", "<f8"),   #  68  A
        ("ebeamEnergyBC1", "<f8"),   #  76  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamUndPosX", "<f8"),     #  84  mm (undulator launch)
        ("ebeamUndPosY", "<f8"),     #  92  mm (undulator launch)
        ("ebeamUndAngX", "<f8"),     # 100  mrad
        ("ebeamUndAngY", "<f8"),     # 108  mrad
        ("ebeamXTCAVAmpl", "<f8"),   # 116  MV
        ("ebeamXTCAVPhase", "<f8"),  # 124  deg
        ("ebeamDumpCharge", "<f8"),  # 132  electrons
    )  # 140


@xtc_type(TypeId.EBeamBld, 6, size=164)
class BldDataEBeamV6(Record):
    """Ebeam, version 6."""

    DamageMask = IntEnum(
        "DamageMask",
        {
            "EbeamChargeDamage": 1,
            "EbeamL3EnergyDamage": 2,
            "EbeamLTUPosXDamage": 4,
            "EbeamLTUPosYDamage": 8,
            "EbeamLTUAngXDamage": 16,
            "EbeamLTUAngYDamage": 32,
            "EbeamPkCurrBC2Damage": 64,
            "EbeamEnergyBC2Damage": 128,
            "EbeamPkCurrBC1Damage": 256,
            "EbeamEnergyBC1Damage": 512,
            "EbeamUndPosXDamage": 1024,
            "EbeamUndPosYDamage": 2048,
            "EbeamUndAngXDamage": 4096,
            "EbeamUndAngYDamage": 8192,
            "EbeamXTCAVAmplDamage": 16384,
            "EbeamXTCAVPhaseDamage": 32768,
            "EbeamDumpChargeDamage": 65536,
            "EbeamPhotonEnergyDamage": 131072,
        },
    )
    FIELDS = (
        ("damageMask", "<u4"),         #   0  bit per field, set = that value is bad (enum DamageMask)
        ("ebeamCharge", "<f8"),        #   4  nC
        ("ebeamL3Energy", "<f8"),      #  12  MeV
        ("ebeamLTUPosX", "<f8"),       #  20  mm (LTU BPMs)
        ("ebeamLTUPosY", "<f8"),       #  28  mm (LTU BPMs)
        ("ebeamLTUAngX", "<f8"),       #  36  mrad
        ("ebeamLTUAngY", "<f8"),       #  44  mrad
        ("ebeamPkCurrBC2", "<f8"),     #  52  A
        ("ebeamEnergyBC2", "<f8"),     #  60  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamPkCurrBC1", "<f8"),     #  68  A
        ("ebeamEnergyBC1", "<f8"),     #  76  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamUndPosX", "<f8"),       #  84  mm (undulator launch)
        ("ebeamUndPosY", "<f8"),       #  92  mm (undulator launch)
        ("ebeamUndAngX", "<f8"),       # 100  mrad
        ("ebeamUndAngY", "<f8"),       # 108  mrad
        ("ebeamXTCAVAmpl", "<f8"),     # 116  MV
        ("ebeamXTCAVPhase", "<f8"),    # 124  deg
        ("ebeamDumpCharge", "<f8"),    # 132  electrons
        ("ebeamPhotonEnergy", "<f8"),  # 140  eV
        ("ebeamLTU250", "<f8"),        # 148  mm; BPM x used for the photon energy
        ("ebeamLTU450", "<f8"),        # 156  mm; BPM x used for the photon energy
    )  # 164


@xtc_type(TypeId.EBeamBld, 7, size=164)
class BldDataEBeamV7(Record):
    """Ebeam, version 7."""

    DamageMask = IntEnum(
        "DamageMask",
        {
            "EbeamChargeDamage": 1,
            "EbeamL3EnergyDamage": 2,
            "EbeamLTUPosXDamage": 4,
            "EbeamLTUPosYDamage": 8,
            "EbeamLTUAngXDamage": 16,
            "EbeamLTUAngYDamage": 32,
            "EbeamPkCurrBC2Damage": 64,
            "EbeamEnergyBC2Damage": 128,
            "EbeamPkCurrBC1Damage": 256,
            "EbeamEnergyBC1Damage": 512,
            "EbeamUndPosXDamage": 1024,
            "EbeamUndPosYDamage": 2048,
            "EbeamUndAngXDamage": 4096,
            "EbeamUndAngYDamage": 8192,
            "EbeamXTCAVAmplDamage": 16384,
            "EbeamXTCAVPhaseDamage": 32768,
            "EbeamDumpChargeDamage": 65536,
            "EbeamPhotonEnergyDamage": 131072,
        },
    )
    FIELDS = (
        ("damageMask", "<u4"),         #   0  bit per field, set = that value is bad (enum DamageMask)
        ("ebeamCharge", "<f8"),        #   4  nC
        ("ebeamL3Energy", "<f8"),      #  12  MeV
        ("ebeamLTUPosX", "<f8"),       #  20  mm (LTU BPMs)
        ("ebeamLTUPosY", "<f8"),       #  28  mm (LTU BPMs)
        ("ebeamLTUAngX", "<f8"),       #  36  mrad
        ("ebeamLTUAngY", "<f8"),       #  44  mrad
        ("ebeamPkCurrBC2", "<f8"),     #  52  A
        ("ebeamEnergyBC2", "<f8"),     #  60  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamPkCurrBC1", "<f8"),     #  68  A
        ("ebeamEnergyBC1", "<f8"),     #  76  mm (position that tracks energy; V2 labels BC2 as MeV)
        ("ebeamUndPosX", "<f8"),       #  84  mm (undulator launch)
        ("ebeamUndPosY", "<f8"),       #  92  mm (undulator launch)
        ("ebeamUndAngX", "<f8"),       # 100  mrad
        ("ebeamUndAngY", "<f8"),       # 108  mrad
        ("ebeamXTCAVAmpl", "<f8"),     # 116  MV
        ("ebeamXTCAVPhase", "<f8"),    # 124  deg
        ("ebeamDumpCharge", "<f8"),    # 132  electrons
        ("ebeamPhotonEnergy", "<f8"),  # 140  eV
        ("ebeamLTU250", "<f8"),        # 148  mm; BPM x used for the photon energy
        ("ebeamLTU450", "<f8"),        # 156  mm; BPM x used for the photon energy
    )  # 164


@xtc_type(TypeId.PhaseCavity, 0, size=32)
class BldDataPhaseCavity(Record):
    """Phase cavity."""

    FIELDS = (
        ("fitTime1", "<f8"),  #  0  ps (UND:R02:IOC:16:BAT:FitTime1/2)
        ("fitTime2", "<f8"),  #  8  ps (UND:R02:IOC:16:BAT:FitTime1/2)
        ("charge1", "<f8"),   # 16  pC (UND:R02:IOC:16:BAT:Charge1/2)
        ("charge2", "<f8"),   # 24  pC (UND:R02:IOC:16:BAT:Charge1/2)
    )  # 32


@xtc_type(TypeId.PhaseCavity, 1, size=32)
class BldDataPhaseCavityV1(Record):
    """Phase cavity, version 1."""

    FIELDS = (
        ("fitTime1", "<f8"),  #  0  ps (UND:R02:IOC:16:BAT:FitTime1/2)
        ("fitTime2", "<f8"),  #  8  ps (UND:R02:IOC:16:BAT:FitTime1/2)
        ("charge1", "<f8"),   # 16  pC (UND:R02:IOC:16:BAT:Charge1/2)
        ("charge2", "<f8"),   # 24  pC (UND:R02:IOC:16:BAT:Charge1/2)
    )  # 32


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
