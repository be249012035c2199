"""`Detector` for what is no picture: event codes, beam records, waveforms, EPICS, scans."""

import numpy as np
import pytest

import xtcview as psana
from tests.support import runs
from xtcview.errors import SourceError
from xtcview.format import writer
from xtcview.format.ids import DEVICES
from xtcview.format.src import det_info
from xtcview.run.readings import Diodes, EventCodes, Reading, Waveforms
from xtcview.types import acqiris, usdusb
from xtcview.types import evr as evr_types
from xtcview.types import oceanoptics as ocean
from xtcview.types.record import encode

EVR, TDC, OCEAN = (
    det_info(0, 0, DEVICES.index(name), 0) for name in ("Evr", "AcqTDC", "OceanOptics")
)


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
        assert det.eventCodes(event, this_fiducial_only=False) == expected
        own = [f for r in records for f in r.fifoEvents()]
        own = [f.eventCode() for f in own if f.timestampHigh() == event.time.fiducial()]
        assert det.eventCodes(event, this_fiducial_only=True) == own
        assert det.eventCodes(event) == det(event) == own  # psana's default


def test_event_codes_of_other_shots(tmp_path):
    def evr(fiducial):
        codes = [(140, fiducial), (42, fiducial + 3), (43, fiducial)]
        rows = b"".join(
            encode(evr_types.FIFOEvent, timestampHigh=shot, eventCode=code) for code, shot in codes
        )
        payload = encode(evr_types.DataV4, numFifoEvents=3, fifoEvents=rows)
        return writer.container(runs.segment(1), runs.leaf(evr_types.DataV4, EVR, payload))

    made = [runs.event(i, evr(runs.fiducial_of(i))) for i in range(2)]
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, made)])
    with psana.open(tmp_path) as run:
        det = psana.Detector("evr", run)
        assert det(run.event(1)) == [140, 43]
        assert det.eventCodes(run.event(1), this_fiducial_only=False) == [140, 42, 43]


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
        assert repr(psana.Detector("ScanData", run)) == repr(det)
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
        interval, samples = config.horiz().sampInterval(), config.horiz().nbrSamples()
        for channel in range(config.nbrChannels()):
            scale, found = config.vert()[channel], data.data(channel)
            first = found.indexFirstPoint()
            assert first > 0
            for segment in range(config.horiz().nbrSegments()):
                counts = found.waveforms()[segment, first:].astype(float)
                row = slice(segment * samples, segment * samples + counts.size)
                expected = counts * scale.fullScale() / 65536 - scale.offset()
                assert volts[channel, row].tolist() == expected.tolist()
                start = found.timestamp()[segment].pos()
                assert times[channel, row].tolist() == [
                    i * interval + start for i in range(counts.size)
                ]
                assert not volts[channel, row.stop : (segment + 1) * samples].any()
        assert (det.waveform(event) == volts).all()
        assert (det.wftime(event) == times).all()


@pytest.fixture
def run35(golden_dir):
    with psana.open(f"exp=cxitut13:run=35:dir={golden_dir}") as run:
        yield run


@pytest.mark.parametrize("name", ["XppSb2Ipm.1:Ipimb.0", "XCS-IPM-01"])
def test_diodes(run35, name):
    det, event = psana.Detector(name, run35), run35.event(2)
    record = event.get(psana.Lusi.IpmFexV1, psana.Source(name))
    assert type(det) is Diodes
    assert det.get(event) is det(event) is record
    assert det.channel(event).tolist() == record.channel().tolist()
    assert (det.sum(event), det.xpos(event)) == (record.sum(), record.xpos())
    assert det.ypos(event) == record.ypos()


def test_channels_of_different_types(run35):
    det, event = psana.Detector("Wave8", run35), run35.event(1)
    source = psana.Source(":Wave8")
    record, config = (
        event.get(psana.Generic1D.DataV0, source),
        event.config.get(psana.Generic1D.ConfigV0, source),
    )
    found, times = det.raw(event), det.wftime(event)
    assert [a.dtype.name for a in found] == ["uint8", "uint16", "uint32", "float32", "float64"]
    assert [len(a) for a in found] == [len(t) for t in times] == config.Length().tolist()
    assert found[3].tolist() == record.data_f32(3).tolist()
    start, period = config.Offset()[4] * config.Period()[4], config.Period()[4]
    assert times[4] == pytest.approx([start + i * period for i in range(9)])


def test_samples_of_imp(run35):
    det, event = psana.Detector("CxiEndstation.0:Imp.1", run35), run35.event(0)
    samples = event.get(psana.Imp.ElementV1, det.src).samples()
    found = det.raw(event)
    assert (found.shape, found.dtype) == ((4, len(samples)), "uint16")
    assert found[:, 3].tolist() == samples[3].channels().tolist()
    assert det.wftime(event) == list(range(len(samples)))


def test_positions_of_an_encoder_box(tmp_path, run35):
    det, event = psana.Detector("USDUSB", run35), run35.event(1)
    record = event.get(psana.UsdUsb.DataV1, det.src)
    assert det.values(event).tolist() == record.encoder_count().tolist()
    assert det.descriptions() is None
    names = b"".join(name.ljust(48, b"\0") for name in (b"x", b"y", b"", b"delay"))
    config = encode(usdusb.FexConfigV1, name=names)
    derived = encode(usdusb.FexDataV1, encoder_values=np.array([1.5, -2, 0, 4]).tobytes())
    parts = [(usdusb.DataV1, record._data[record._start : record._start + 40])]
    parts.append((usdusb.FexDataV1, derived))
    leaves = [runs.leaf(kind, det.src, bytes(data)) for kind, data in parts]
    made = runs.event(0, writer.container(runs.segment(1), *leaves))
    box = writer.container(runs.segment(1), runs.leaf(usdusb.FexConfigV1, det.src, config))
    runs.write(tmp_path, [*runs.begin(box), *runs.cycle(0, [made])])
    with psana.open(tmp_path) as run:
        det = psana.Detector("USDUSB", run)
        assert det(run.event(0)).tolist() == [1.5, -2.0, 0.0, 4.0]
        assert det.descriptions() == ["x", "y", "", "delay"]


def written(folder, src, kind, payload, *configuration):
    box = [writer.container(runs.segment(1), *configuration)] if configuration else []
    made = runs.event(0, writer.container(runs.segment(1), runs.leaf(kind, src, payload)))
    empty = runs.event(1, runs.archiver())
    runs.write(folder, [*runs.begin(*box), *runs.cycle(0, [made, empty])])
    return psana.open(folder)


def test_hits_of_a_time_to_digital_converter(tmp_path):
    words = [1 << 28 | 20, 2 << 28 | 40, 1 << 28 | 60, 9 << 28 | 80, 7 << 28, 6 << 28 | 0xFFFFFFF]
    payload = np.array(words, "<u4").tobytes()
    with written(tmp_path, TDC, acqiris.TdcDataV1, payload) as run:
        det, event = psana.Detector("AcqTDC", run), run.event(0)
        ticks = [np.rint(t / 50e-12).tolist() for t in det.times(event)]
        assert ticks == [[20, 60], [40], [], [], [], [0xFFFFFFF]]
        assert [np.rint(t / 50e-12).tolist() for t in det.overflows(event)][:2] == [[80], []]
        assert det.times(run.event(1)) is None


@pytest.mark.parametrize("corrected", [True, False])
def test_spectrum(tmp_path, corrected):
    counts = (np.arange(2048) + 7).astype("<u2")
    wave = np.array([200.0, 0.5, 1e-5, -1e-9])
    poly = np.array([0.9, 1e-5, 0, 0, 0, 0, 0, 0]) * corrected
    config = encode(ocean.ConfigV2, waveLenCalib=wave.tobytes(), nonlinCorrect=poly.tobytes())
    payload = encode(ocean.DataV2, data=counts.tobytes())
    box = runs.leaf(ocean.ConfigV2, OCEAN, config)
    with written(tmp_path, OCEAN, ocean.DataV2, payload, box) as run:
        det, event = psana.Detector("OceanOptics", run), run.event(0)
        factor = 0.9 + 1e-5 * counts.astype(float) if corrected else np.ones(2048)
        assert det.intensity(event) == pytest.approx(counts / factor)
        record = event.get(ocean.DataV2, OCEAN)
        if corrected:
            assert det.intensity(event)[5] == pytest.approx(record.nonlinerCorrected(5))
        expected = [sum(c * pixel**k for k, c in enumerate(wave)) for pixel in (0, 1, 2047)]
        assert det.wavelength(event)[[0, 1, 2047]] == pytest.approx(expected)
        assert det.intensity(run.event(1)) is det.wavelength(run.event(1)) is None


def test_several_records_of_a_source_are_not_one(tmp_path):
    src = det_info(33, 0, 30, 0)
    frames = [runs.leaf(kind, src, bytes(32)) for kind in (usdusb.FexDataV1, psana.Lusi.DiodeFexV1)]
    made = runs.event(0, writer.container(runs.segment(1), *frames))
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, [made])])
    with psana.open(tmp_path) as run:
        (src,) = [s for s in run.aliases.sources() if s == src]
        det = Reading("x", run, src)
        with pytest.raises(SourceError, match=r"sends psana.*, psana.*; ask for one"):
            det.get(run.event(0))


def test_a_missing_detector_may_be_accepted(run34):
    det = psana.Detector("NoSuchThing", run34, accept_missing=True)
    event = run34.event(0)
    assert det(event) is det.raw(event) is det.sum(event, 3) is None
    assert det.name == "NoSuchThing"
    assert repr(det) == "<Missing 'NoSuchThing'>"
    assert isinstance(psana.Detector("cspad", run34, accept_missing=True), psana.Detector)
    with pytest.raises(KeyError):
        psana.Detector("NoSuchThing", run34)


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
