import numpy as np
import pytest

import xtcview as psana
from xtcview.run import beam
from xtcview.types import bld
from xtcview.types.record import encode

VERSIONS = {7 - i: kind for i, kind in enumerate(beam.RECORDS)}


def record(version, **values):
    return VERSIONS[version](encode(VERSIONS[version], **values))


@pytest.fixture
def run34(golden_dir):
    with psana.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run


def test_records_that_hold_the_energy():
    for version in (6, 7):
        found = beam.energy_of(record(version, ebeamPhotonEnergy=9500.0))
        assert found == (9500.0, "ebeamPhotonEnergy")


@pytest.mark.parametrize("version", range(1, 6))
def test_energy_from_the_electrons(version):
    energy, current = 13_600.0, 3000.0
    e3 = energy / 1000
    root = e3 - 0.001 * (0.0016293 * current) - 0.0005 * (0.63 * e3 + 0.0003 * current)
    found = beam.energy_of(record(version, ebeamL3Energy=energy, ebeamPkCurrBC2=current))
    assert found.ev == pytest.approx(44.42 * root**2)
    assert found.origin == "ebeamL3Energy, ebeamPkCurrBC2"


def test_the_oldest_records_have_no_current():
    found = beam.energy_of(record(0, ebeamL3Energy=13_600.0))
    assert found.origin == "ebeamL3Energy"
    assert found.ev == pytest.approx(8216, rel=0.01)


@pytest.mark.parametrize(
    ("version", "values"),
    [
        (7, {"ebeamPhotonEnergy": 0.0}),
        (7, {"ebeamPhotonEnergy": np.nan}),
        (
            7,
            {
                "ebeamPhotonEnergy": 9500.0,
                "damageMask": int(bld.BldDataEBeamV7.DamageMask.EbeamPhotonEnergyDamage),
            },
        ),
        (3, {"ebeamL3Energy": 13_600.0}),
        (3, {"ebeamL3Energy": 13_600.0, "ebeamPkCurrBC2": 3000.0, "damageMask": 2}),
    ],
)
def test_bad_values_give_no_energy(version, values):
    assert beam.energy_of(record(version, **values)) is None


def test_the_energy_of_an_event(run34):
    for number in range(3):
        event = run34.event(number)
        stored = event.get(bld.BldDataEBeamV7, psana.Source("BldInfo(EBeam)"))
        found = beam.photon_energy(event)
        value = stored.ebeamPhotonEnergy()
        assert (found.ev if found else None) == (value if value > 0 else None)


def test_the_distance_follows_the_stage(run34):
    epics = run34.epics_at(3)
    position = float(epics.value("CXI:DS1:MMS:06.RBV"))
    assert beam.distance(epics, "CxiDs1", 575.0) == pytest.approx(1000 * (position + 575.0))
    other = epics.pvNames()[-1]
    expected = 1000 * (float(epics.value(other)) + 5.0)
    assert beam.distance(epics, "XppGon", 5.0, other) == pytest.approx(expected)
    assert beam.distance(epics, "XppGon", 575.0) is None
    assert beam.distance(epics, "CxiDs1", 575.0, "no such") is None
