"""Area detectors: the pixel formula of the golden runs, missing parts, names, constants, images."""

import zlib
from importlib.resources import files

import numpy as np
import pytest

import xtcview
from tests.conftest import golden_json
from tests.support import runs
from xtcview import Source
from xtcview.calib import store
from xtcview.detector import Detector, area_detectors, find_source
from xtcview.errors import SourceError, TruncatedError
from xtcview.format import writer
from xtcview.format.ids import Damage
from xtcview.types import camera, cspad, cspad2x2
from xtcview.types.record import encode

GOLDEN = golden_json("cspad-golden.json")["geometry"]
CSPAD = runs.det_info(32, 0, 10, 0)  # CxiDs1.0:Cspad.0
SHAPE = (32, 185, 388)


def formula(event):
    """CSPAD pixels of the golden runs, (32, 185, 388) int16; see tests/golden/README.md."""
    q, s, r, c = np.ogrid[0:4, 0:8, 0:185, 0:388]
    values = (3 * c + 1164 * r + 5003 * s + 9001 * q + 1237 * event + 17) & 0x3FFF
    return values.astype("i2").reshape(SHAPE)


@pytest.fixture
def opened(golden_dir):
    found = {}

    def open_run(number):
        if number not in found:
            found[number] = xtcview.open(f"exp=cxitut13:run={number}:dir={golden_dir}")
        return found[number]

    yield open_run
    for run in found.values():
        run.close()


@pytest.fixture
def run34(opened):
    return opened(34)


@pytest.fixture
def det34(run34):
    return Detector("DscCsPad", run34)


# raw


def test_raw_by_the_formula(run34, det34):
    for number in (11, 0, 5):
        raw = det34.raw(run34.event(number))
        assert (raw.shape, raw.dtype) == (SHAPE, np.int16)
        assert np.array_equal(raw, formula(number))


def test_raw_is_the_callers_own(run34, det34):
    event = run34.event(3)
    one = det34.raw(event)
    one += 1
    one[:] = -7
    two = det34.raw(event)
    assert not np.shares_memory(one, two)
    assert np.array_equal(two, formula(3))
    quads = event.get(cspad.DataV2, Source(":Cspad"))
    assert np.array_equal(quads.quads(2).data(), formula(3)[16:24])
    assert int(one.max()) == -7


def test_raws_of_many_events_are_kept_apart(run34, det34):
    kept = [det34.raw(run34.event(i)) for i in range(12)]
    parts = [raw[31, 184, 380:] for raw in kept]
    assert all(np.array_equal(kept[i], formula(i)) for i in range(0, 12, 4))
    del kept
    [det34.raw(run34.event(i)) for i in range(12)]
    assert [p.tolist() for p in parts] == [formula(i)[31, 184, 380:].tolist() for i in range(12)]


# run 37: (source, quads and sections that are stored, by the configuration)
STORED = {
    "XppGon.0:Cspad.0": dict.fromkeys(range(4), 3),  # ConfigV1, two sections of each quad
    "CxiDs1.0:Cspad.0": {2: 0xFF},
    "CxiDs2.0:Cspad.0": {3: 0xFF},
    "CxiDsu.0:Cspad.0": {0: 0x02, 3: 0x40},
    "CxiSc1.0:Cspad.0": {0: 0x81, 1: 0x0C},
    "CxiDsd.0:Cspad.1": {0: 0x01, 1: 0x04, 2: 0x10, 3: 0x80},
}


@pytest.mark.parametrize("source", STORED)
@pytest.mark.parametrize("number", [0, 1])
def test_missing_quads_and_sections(opened, source, number):
    run = opened(37)
    det = Detector(source, run)
    event = run.event(number)
    present = np.zeros(32, bool)
    for quad, mask in STORED[source].items():
        present[8 * quad : 8 * quad + 8] = [mask >> s & 1 for s in range(8)]
    expected = np.where(present[:, None, None], formula(number), 0)
    assert np.array_equal(det.raw(event), expected)
    assert det.present(event).tolist() == present.tolist()
    assert det.present(event).dtype == bool


def test_run_42(opened):
    run = opened(42)
    for number in (1, 0):
        event = run.event(number)
        det = Detector("CxiDs1.0:Cspad.0", run)
        recorded = [event.get(cspad.DataV2, CSPAD).quads(i) for i in range(4)]
        assert np.flatnonzero(det.present(event)).tolist() == [0, 8, 9, 23, 24]
        raw = det.raw(event)
        for quad in recorded:
            own = raw[8 * quad.quad() : 8 * quad.quad() + 8]
            sections = [s for s in range(8) if quad.sectionMask() >> s & 1]
            assert np.array_equal(own[sections], quad.data())
            assert not own[[s for s in range(8) if s not in sections]].any()


def test_cameras_and_cspad2x2_of_run_42(opened):
    run, event = opened(42), opened(42).event(0)
    small = Detector("XppGon.0:Cspad2x2.0", run)
    element = event.get(cspad2x2.ElementV1, Source(":Cspad2x2"))
    assert small.shape == small.raw(event).shape == (2, 185, 388)
    assert np.array_equal(small.raw(event)[1], element.data()[..., 1])
    assert small.present(event).tolist() == [True, True]
    deep = Detector("CxiSc2.0:Opal4000.0", run)
    assert (deep.raw(event).dtype, deep.raw(event).shape, deep.shape) == (
        np.uint16,
        (100, 200),
        (1, 100, 200),
    )
    flat = Detector("CxiSc1.0:Opal1000.0", run)
    depth = event.get(camera.FrameV1, flat.src).depth()
    assert flat.raw(event).dtype == (np.uint16 if depth > 8 else np.uint8)
    assert flat.raw(event).flags.writeable


def test_camera_of_run_34(run34):
    det = Detector("Sc1Questar", run34)
    event = run34.event(2)
    assert det.shape == (1, 480, 640)
    assert np.array_equal(det.raw(event), event.get(camera.FrameV1, det.src).data16())
    assert det.present(event).tolist() == [True]


# events without whole data


def a_cspad(folder, payload, damage=0, quad_mask=0xF, roi=0xFFFFFFFF):
    config = encode(cspad.ConfigV5, quadMask=quad_mask, asicMask=0xF, roiMasks=roi)
    head = runs.begin(
        writer.container(runs.segment(1), runs.leaf(cspad.ConfigV5, CSPAD, config)),
        runs.pulnix_config(),
    )
    data = writer.container(runs.segment(1), runs.leaf(cspad.DataV2, CSPAD, payload, damage))
    runs.write(folder, [*head, *runs.cycle(0, [runs.event(0, data), runs.event(1)])])
    return xtcview.open(folder)


def quad(number, sections, value=1):
    pixels = np.full((sections, 185, 388), value, "<i2").tobytes()
    return encode(cspad.HeaderV2, quad=number) + pixels + bytes(4)


def test_an_event_without_data(tmp_path):
    run = a_cspad(tmp_path, quad(0, 1), quad_mask=1, roi=1)
    det = Detector("cspad", run)
    assert det.raw(run.event(1)) is det.calib(run.event(1)) is det.image(run.event(1)) is None
    assert det.present(run.event(1)).tolist() == [False] * 32
    assert det.read(run.event(1)) is None
    assert det.raw(run.event(0))[0].all()


def test_a_damaged_event_has_no_data_and_says_so(tmp_path):
    damage = int(Damage.IncompleteContribution)
    run = a_cspad(tmp_path, quad(0, 1), damage, quad_mask=1, roi=1)
    det, event = Detector("cspad", run), run.event(0)
    assert det.raw(event) is None
    assert event.damage(det.src) == damage


def test_quads_in_any_order(tmp_path):
    payload = quad(2, 1, 12) + quad(0, 2, 10)
    run = a_cspad(tmp_path, payload, quad_mask=0b101, roi=0x00_80_00_05)
    raw = Detector("cspad", run).raw(run.event(0))
    assert {i: int(raw[i, 5, 5]) for i in range(32) if raw[i].any()} == {0: 10, 2: 10, 23: 12}


@pytest.mark.parametrize("missing", [1, 4, 100_000, 200_000])
def test_a_payload_that_is_too_short(tmp_path, missing):
    payload = quad(0, 1) + quad(1, 1)
    payload = payload[: (len(payload) - missing) // 4 * 4]
    run = a_cspad(tmp_path, payload, quad_mask=0b11, roi=0x0101)
    det, event = Detector("cspad", run), run.event(0)
    with pytest.raises(TruncatedError, match=r"s00-c00.xtc at byte \d+: "):
        det.raw(event)
    with pytest.raises(TruncatedError, match=r"s00-c00.xtc at byte \d+: "):
        event.get(cspad.DataV2, CSPAD)


def test_data_without_configuration(tmp_path):
    data = writer.container(runs.segment(1), runs.leaf(cspad.DataV2, CSPAD, quad(0, 1)))
    head = runs.begin(runs.pulnix_config())
    runs.write(tmp_path, [*head, *runs.cycle(0, [runs.event(0, data)])])
    run = xtcview.open(tmp_path)
    det, event = Detector("cspad", run), run.event(0)
    assert det.raw(event) is None
    assert "needs one of" in event.problems[0].what


# names


@pytest.mark.parametrize(
    "name",
    [
        "DscCsPad",
        "CxiDs1.0:Cspad.0",
        "DetInfo(CxiDs1.0:Cspad.0)",
        "CxiDs1",
        ":Cspad",
        "cspad",
        "CSPAD",
    ],
)
def test_names_of_one_detector(run34, name):
    det = Detector(name, run34)
    assert (det.name, det.alias, det.source) == (name, "DscCsPad", "CxiDs1.0:Cspad.0")
    assert det.shape == SHAPE
    assert repr(det) == "<Detector 'DscCsPad' CxiDs1.0:Cspad.0>"


def test_near_names_are_offered(run34):
    with pytest.raises(SourceError, match=r"means none of them. Did you mean 'DscCsPad'"):
        Detector("DscCsPat", run34)
    with pytest.raises(SourceError, match=r"There is: CxiDg2.0:Tm6740.0, .*DscCsPad, Sc1Questar"):
        Detector("zzz", run34)


def test_a_name_is_needed_when_there_are_several(run34):
    with pytest.raises(SourceError, match="2 area detectors, and a name is needed: DscCsPad, Sc1"):
        Detector(None, run34)


def test_a_name_that_means_several(opened):
    with pytest.raises(SourceError, match="'cspad' means 6 of them: ") as caught:
        Detector("cspad", opened(37))
    assert all(source in str(caught.value) for source in STORED)
    assert Detector("CxiDs1", opened(37)).source == "CxiDs1.0:Cspad.0"


def test_the_only_detector_needs_no_name(tmp_path):
    runs.write(tmp_path, runs.simple())
    det = Detector(None, xtcview.open(tmp_path))
    assert (det.name, det.source) == ("CxiDg2.0:Tm6740.0", "CxiDg2.0:Tm6740.0")


def test_a_run_without_area_detectors(tmp_path):
    part = writer.container(runs.segment(2), runs.ebeam(1.0))
    runs.write(tmp_path, [*runs.begin(part), *runs.cycle(0, [runs.event(0, part)])])
    with pytest.raises(SourceError, match="0 area detectors"):
        Detector("cspad", xtcview.open(tmp_path))


def test_detectors_with_and_without_configuration(opened):
    found = [src.name for src in area_detectors(opened(42))]
    assert found[:2] == ["CxiDs1.0:Cspad.0", "CxiDg2.0:Tm6740.0"]  # configured
    assert set(found[2:]) == {"CxiSc1.0:Opal1000.0", "CxiSc2.0:Opal4000.0", "XppGon.0:Cspad2x2.0"}
    assert find_source(opened(42), "Opal1000").name == "CxiSc1.0:Opal1000.0"


def test_environments_and_runs(golden_dir):
    source = xtcview.DataSource(f"exp=cxitut13:run=34:dir={golden_dir}")
    run = next(source.runs())
    for env in (source.env(), run.env(), run):
        assert np.array_equal(Detector("cspad", env).raw(run.event(0)), formula(0))
    assert Detector("cspad").source == "CxiDs1.0:Cspad.0"  # of the source opened last


# constants and images


@pytest.fixture
def deployed(golden_dir, tmp_path, monkeypatch):
    """Run 34 with a calib folder of its own."""
    monkeypatch.setattr(xtcview.run.options, "OPTIONS", dict(xtcview.run.options.OPTIONS))
    xtcview.setOption("psana.calib-dir", str(tmp_path / "calib"))
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run, tmp_path / "calib"


PEDESTALS = (np.arange(32 * 185 * 388) % 977).reshape(SHAPE).astype("f4")


def test_without_constants(deployed):
    run, _ = deployed
    det, event = Detector("cspad", run), run.event(0)
    assert det.pedestals(event) is det.bad(event) is None
    assert det.constants(event) == {
        "pedestals": "DEFAULT",
        "pixel_status": "DEFAULT",
        "pixel_gain": "DEFAULT",
        "common_mode": "DEFAULT",
        "geometry": "DEFAULT",
    }


def test_pedestals_and_status(deployed):
    run, calib = deployed
    status = np.zeros(SHAPE, "u2")
    status[3, 100, 200:210], status[31, 0, 0] = 1, 64
    store.deploy(calib, "CxiDs1.0:Cspad.0", "pedestals", 30, None, PEDESTALS)
    store.deploy(calib, "CxiDs1.0:Cspad.0", "pedestals", 35, None, PEDESTALS + 1)  # later runs
    store.deploy(calib, "CxiDs1.0:Cspad.0", "pixel_status", 1, 40, status)
    det, event = Detector("cspad", run), run.event(2)
    assert np.array_equal(det.pedestals(event), PEDESTALS)
    assert det.pedestals(event).dtype == np.float32
    assert np.array_equal(det.pedestals(36), PEDESTALS + 1)
    assert np.array_equal(det.bad(event), status != 0)
    assert det.constants(event)["pedestals"] == "LOADED 30-end.data"
    assert det.constants(event)["pixel_status"] == "LOADED 1-40.data"


def test_calib_is_raw_less_pedestals_where_pixels_are_good(deployed):
    run, calib = deployed
    status = np.zeros(SHAPE, "u2")
    status[5] = 2
    store.deploy(calib, "CxiDs1.0:Cspad.0", "pedestals", 0, None, PEDESTALS)
    store.deploy(calib, "CxiDs1.0:Cspad.0", "pixel_status", 0, None, status)
    det, event = Detector("cspad", run), run.event(1)
    expected = formula(1).astype("f4") - PEDESTALS
    expected[5] = 0
    plain = det.calib(event, (0,))
    factor = det._gain_factor(event)
    assert factor is not None  # this configuration has pixels in low gain
    assert np.allclose(plain, np.where(status == 0, expected * factor, 0), rtol=1e-6)
    first = det.calib(event)
    det.calib(event, (0,))
    assert np.array_equal(det.calib(event), first)  # parameters of one call do not last


@pytest.mark.parametrize("name", ["cspad", "cspad2x2"])
def test_the_image_of_a_ramp(opened, name):
    run = opened(42)
    det = Detector(name, run)
    ramp = np.arange(np.prod(det.shape), dtype="f4").reshape(det.shape)
    image = det.image(run.event(0), ramp)
    assert (image.dtype, list(image.shape)) == (np.float32, GOLDEN[name]["image_shape"])
    assert zlib.crc32(image.tobytes()) == GOLDEN[name]["ramp_image_crc32"]


def test_the_image_of_an_event(deployed):
    run, _ = deployed
    det, event = Detector("cspad", run), run.event(4)
    image = det.image(event)
    assert np.array_equal(image, det.image(event, det.calib(event)))
    assert list(image.shape) == GOLDEN["cspad"]["image_shape"]


def test_the_image_of_a_camera(run34):
    det, event = Detector("Sc1Questar", run34), run34.event(0)
    assert np.array_equal(det.image(event, det.raw(event)), det.raw(event))


def test_a_deployed_geometry_is_used(deployed):
    run, calib = deployed
    text = (files("xtcview.calib") / "data" / "cspad-quads-example.data").read_text("utf-8")
    store.deploy(calib, "CxiDs1.0:Cspad.0", "geometry", 0, None, text)
    det, event = Detector("cspad", run), run.event(0)
    ramp = np.arange(np.prod(SHAPE), dtype="f4").reshape(SHAPE)
    image = det.image(event, ramp)
    assert zlib.crc32(image.tobytes()) == GOLDEN["cspad_quads_example"]["ramp_image_crc32"]
    assert det.constants(event)["geometry"] == "LOADED 0-end.data"


def test_tiles_and_orientation(run34, det34):
    tiles = det34.tiles(run34.event(0))
    assert len(tiles) == 64
    assert sorted(set(tiles["segment"].tolist())) == list(range(32))
    assert (tiles["rows"] * tiles["cols"]).sum() == 32 * 185 * 388
    first = det34.orientation
    assert first is not None
    det34.orientation = first
    assert np.array_equal(det34.tiles(run34.event(5)), tiles)


def test_missing_pedestals_are_a_problem_of_the_run(golden_dir):
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        det = xtcview.Detector("cspad", run)
        for number in range(2):
            det.calib(run.event(number))
        (problem,) = run.problems
    assert problem.what == "no pedestals of CxiDs1.0:Cspad.0 for run 34"
    assert problem.consequence == "calib and image begin with the counts"


def test_an_event_of_another_experiment_is_not_calibrated(golden_dir, tmp_path, opened):
    folder = tmp_path / "xtc"
    folder.mkdir()
    (tmp_path / "calib").mkdir()
    for path in golden_dir.glob("e158-r0034-*.xtc"):
        (folder / path.name.replace("e158", "e159")).symlink_to(path)
    det = xtcview.Detector("cspad", opened(34))
    with xtcview.open(folder) as other:
        event = next(e for e in other.events() if det.raw(e) is not None)
        with pytest.raises(SourceError, match=r"is of e159, this detector of .*event\.owner"):
            det.calib(event)
        assert xtcview.Detector("cspad", event.owner).calib(event) is not None
