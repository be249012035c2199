"""`Detector` for what is no picture: event codes, beam records, waveforms, EPICS, scans."""

import numpy as np
import pytest

import xtcview as psana
from tests.support import runs
from xtcview.errors import SourceError
from xtcview.run.readings import EventCodes, Reading, Waveforms
from xtcview.types import acqiris


@pytest.fixture
def run34(golden_dir):
    with psana.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run


def test_event_codes(run34):
    det = psana.Detector("evr0", run34)
    assert isinstance(det, EventCodes)
    for event in run34.events():
        records = [event.get(k.type(), det.src) for k in event.keys() if k.src() == det.src]  # noqa: SIM118
        expected = [fifo.eventCode() for r in records for fifo in r.fifoEvents()]
        assert det.eventCodes(event) == expected
        own = [f for r in records for f in r.fifoEvents()]
        own = [f.eventCode() for f in own if f.timestampHigh() == event.time.fiducial()]
        assert det.eventCodes(event, this_fiducial_only=True) == own


def test_beam_records(run34):
    event = run34.event(3)
    for name, kind in (
        ("EBeam", psana.Bld.BldDataEBeamV7),
        ("FEEGasDetEnergy", psana.Bld.BldDataFEEGasDetEnergyV1),
        ("PhaseCavity", psana.Bld.BldDataPhaseCavity),
    ):
        det = psana.Detector(name, run34)
        assert type(det) is Reading
        assert det.get(event) is det(event) is event.get(type(det.get(event)), psana.Source(name))
        assert type(det.get(event)).__name__.startswith(kind.__name__[:12])


def test_an_epics_value_is_that_of_the_event_in_any_order(run34):
    names = [pv for pv, _, _ in psana.DetNames("epics", run34)]
    assert names == run34.epics_at(0).pvNames()
    for name in names:
        det = psana.Detector(name, run34)
        for number in (11, 0, 5, 11, 2):
            expected = run34.epics_at(number).getPV(name)
            found = np.atleast_1d(det(run34.event(number))).tolist()
            assert found == [expected.value(i) for i in range(expected.numElements())]
        assert np.all(det() == det(run34.event(2)))


def test_scan_settings(golden_dir):
    with psana.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        det = psana.Detector("ControlData", run)
        values = [det(run.event(i)).pvControls()[0].value() for i in (11, 0)]
        steps = [run.config_at(i).get(psana.ControlData.Config[::-1]) for i in (11, 0)]
        assert values == [step.pvControls()[0].value() for step in steps]
        assert values[0] != values[1]


def test_waveforms_are_volts_over_seconds(golden_dir):
    with psana.open(f"exp=cxitut13:run=35:dir={golden_dir}") as run:
        det = psana.Detector("acqiris", run)
        assert isinstance(det, Waveforms)
        event = run.event(1)
        volts, times = det.raw(event)
        config = event.config.get(acqiris.ConfigV1, det.src)
        data = event.get(acqiris.DataDescV1, det.src)
        assert volts.shape == times.shape
        assert volts.shape[0] == config.nbrChannels()
        for channel in range(config.nbrChannels()):
            scale = config.vert()[channel]
            counts = data.data(channel).waveforms()[0].astype(float)
            expected = counts * scale.fullScale() / 65536 - scale.offset()
            assert volts[channel, : counts.size].tolist() == expected.tolist()
        assert times[0, 1] - times[0, 0] == pytest.approx(config.horiz().sampInterval())


def test_an_area_detector_is_still_one(run34):
    det = psana.Detector("DscCsPad" if "DscCsPad" in run34.aliases.names() else "cspad", run34)
    assert isinstance(det, psana.Detector)
    assert det.raw(run34.event(0)).shape == (32, 185, 388)


def test_names(run34):
    found = psana.DetNames("detectors", run34)
    assert ("EBeam", run34.aliases.alias(psana.Detector("EBeam", run34).src), "") in found
    assert all(len(line) == 3 for line in found)
    assert psana.DetNames("all", run34) == found + psana.DetNames("epics", run34)
    with pytest.raises(ValueError, match="'all'"):
        psana.DetNames("every", run34)


def test_an_unknown_name_and_a_source_without_data(run34, tmp_path):
    with pytest.raises(SourceError, match="none of them"):
        psana.Detector("NoSuchThing", run34)
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, [runs.event(0, runs.archiver())])])
    assert psana.Detector("ControlData", psana.open(tmp_path))(None) is None
