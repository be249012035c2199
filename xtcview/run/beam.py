"""What the beam line tells of the photons of an event: their energy, the detector's distance."""

from __future__ import annotations

from typing import Any, NamedTuple

from xtcview.source import Source
from xtcview.types import bld

from .epicsstore import EpicsStore
from .event import Event

EBEAM = Source("BldInfo(EBeam)")
RECORDS = (
    bld.BldDataEBeamV7,
    bld.BldDataEBeamV6,
    bld.BldDataEBeamV5,
    bld.BldDataEBeamV4,
    bld.BldDataEBeamV3,
    bld.BldDataEBeamV2,
    bld.BldDataEBeamV1,
    bld.BldDataEBeamV0,
)

# Detector -> PV of the stage that it moves along the beam on, mm
STAGES = {"CxiDs1": "CXI:DS1:MMS:06.RBV", "CxiDs2": "CXI:DS2:MMS:06.RBV"}

_ELECTRON = 0.510998910  # MeV, rest energy
_PERIOD = 3.0e8  # Å, of the undulator
_K = 3.5  # strength of the undulator


class Energy(NamedTuple):
    """Photon energy of an event and what it was computed from."""

    ev: float
    origin: str


def photon_energy(evt: Event) -> Energy | None:
    """Return the photon energy of an event; None without an electron beam record that tells it."""
    record = evt.get(RECORDS, EBEAM)
    return None if record is None else energy_of(record)


def energy_of(record: Any) -> Energy | None:
    """Return the photon energy of an electron beam record; None when its values are bad.

    Notes
    -----
    Versions 6 and 7 hold it. Before, the beam line computed it from electron energy E3 (GeV) and
    peak current I (A): 44.42 (E3 - 1.6293e-6 I - 5e-4 (0.63 E3 + 3e-4 I))². Version 0 has no
    current: the resonance of the undulator, period / 2 gamma² (1 + K² / 2), K = 3.5, within
    some percent.
    """
    names = ("ebeamPhotonEnergy", "ebeamL3Energy", "ebeamPkCurrBC2")
    there = [name for name in names if hasattr(record, name)]
    if there[0] != "ebeamPhotonEnergy":
        values = [_good(record, name) for name in there]
        if None in values:
            return None
        return Energy(_from_electrons(*values), ", ".join(there))  # type: ignore[arg-type]
    stored = _good(record, there[0])
    return None if stored is None else Energy(stored, there[0])


def distance(
    epics: EpicsStore, detector: str, offset: float, pv: str | None = None
) -> float | None:
    """Return how far a detector is from the interaction point.

    Parameters
    ----------
    epics : EpicsStore
        Values at the event that is meant.
    detector : str
        Name of the detector's place, such as 'CxiDs1', see `STAGES`.
    offset : float
        Distance where the stage reads 0, mm; the experiment knows it (573 to 582 mm at CXI).
    pv : str, optional
        PV or alias of the stage, where `STAGES` has none.

    Returns
    -------
    float or None
        um; None when the run has no such PV.
    """
    name = STAGES.get(detector) if pv is None else pv
    position = None if name is None else epics.value(name)
    return None if position is None else 1000.0 * (float(position) + offset)


def _good(record: Any, name: str) -> float | None:
    """Return a value above 0 that the record does not mark as bad, else None."""
    bad = record.damageMask() & record.DamageMask[f"E{name[1:]}Damage"]
    value = float(getattr(record, name)())
    return None if bad or not value > 0 else value


def _from_electrons(energy: float, current: float | None = None) -> float:
    """Return the photon energy in eV from electron energy (MeV) and peak current (A)."""
    if current is None:
        gamma = energy / _ELECTRON
        return 12398.419843320026 / (_PERIOD / (2 * gamma**2) * (1 + _K**2 / 2))
    e3 = 0.001 * energy
    root = e3 - 0.001 * (0.0016293 * current) - 0.0005 * (0.63 * e3 + 0.0003 * current)
    return 44.42 * root**2
