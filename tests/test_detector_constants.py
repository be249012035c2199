"""Constants, masks and corrections as a detector gives them, on run 34 and a calib folder."""

import numpy as np
import pytest
from typer.testing import CliRunner

import xtcview
from tests.support import runs
from xtcview.calib import masks, store
from xtcview.calib.correct import STEPS
from xtcview.cli import app
from xtcview.detector import Detector
from xtcview.errors import ConstantsError, WrongSizeError
from xtcview.format import writer
from xtcview.types import cspad
from xtcview.types.record import encode

SOURCE = "CxiDs1.0:Cspad.0"
SHAPE = (32, 185, 388)
STATUS = np.zeros(SHAPE, "u2")
STATUS[4, 100], STATUS[31, 0, 0] = 1, 64
MASK = np.ones(SHAPE, "u1")
MASK[7] = 0


def filled(number):
    """Text of constants that are the same for all pixels."""
    return (f"{number} " * 388 + "\n") * (32 * 185)


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A calib folder with all kinds of constants."""
    folder = tmp_path_factory.mktemp("calib")
    store.deploy(folder, SOURCE, "pedestals", 0, None, filled(8000))
    store.deploy(folder, SOURCE, "pixel_status", 30, 40, STATUS)
    store.deploy(folder, SOURCE, "pixel_rms", 0, None, filled(3))
    store.deploy(folder, SOURCE, "pixel_gain", 0, None, filled(0.5))
    store.deploy(folder, SOURCE, "pixel_mask", 0, None, MASK)
    store.deploy(folder, SOURCE, "common_mode", 0, None, "1 50 60 70\n")
    return folder


@pytest.fixture
def use(monkeypatch):
    """Return a function that makes a calib folder the one of the next run."""
    monkeypatch.setattr(xtcview.run.options, "OPTIONS", dict(xtcview.run.options.OPTIONS))
    return lambda folder: xtcview.setOption("psana.calib-dir", str(folder))


@pytest.fixture
def run34(use, tmp_path, golden_dir):
    """Run 34 with a calib folder of its own, tmp_path."""
    use(tmp_path)
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run


@pytest.fixture
def full(use, everything, golden_dir):
    """Detector and an event of run 34 with all kinds of constants."""
    use(everything)
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield Detector("cspad", run), run.event(2)


def test_constants_by_psanas_names(full):
    det, event = full
    assert np.array_equal(det.pedestals(event), np.full(SHAPE, 8000))
    assert np.array_equal(det.rms(event), np.full(SHAPE, 3))
    assert np.array_equal(det.gain(34), np.full(SHAPE, 0.5))
    assert np.array_equal(det.status(event), STATUS)
    assert det.status(event, "status_extra") is None
    assert det.status(50) is None  # other runs
    assert det.common_mode(event).tolist() == [1, 50, 60, 70]
    with pytest.raises(ConstantsError, match=r"no kind of status\. Did you mean 'status_extra'"):
        det.status(event, "status_extras")


def test_what_is_not_deployed(run34):
    det = Detector("cspad", run34)
    assert det.rms(34) is det.gain(34) is det.status(34) is None
    assert det.common_mode(34).tolist() == [1, 25, 25, 100, 1]
    assert det.mask(34, status=True, calib=True).all()


def test_masks_by_name(full):
    det, event = full
    named = det.masks(event)
    assert list(named) == [
        *("status", "calib", "edges", "central", "unbond", "unbondnbrs", "unbondnbrs8")
    ]
    assert all(m.shape == SHAPE and m.dtype == np.uint8 for m in named.values())
    assert np.array_equal(named["status"], STATUS == 0)
    assert np.array_equal(named["calib"], MASK)
    for name in ("edges", "central", "unbond", "unbondnbrs", "unbondnbrs8"):
        assert np.array_equal(named[name][31], masks.geometric(SHAPE[1:], **{name: True}))
        assert np.array_equal(det.mask(event, **{name: True}), named[name])


def test_masks_are_merged(full):
    det, event = full
    assert det.mask(event) is None
    found = det.mask(event, calib=True, status=True, edges=True, width=2)
    expected = MASK & (STATUS == 0) & masks.of_edges(SHAPE[1:], 2)
    assert np.array_equal(found, expected)
    near = det.mask(event, status=True, neighbors=True, rad=1)
    assert np.count_nonzero(near[4] == 0) == 3 * 388
    assert np.argwhere(near[31] == 0).tolist() == [[0, 0], [0, 1], [1, 0]]


def test_masks_by_psanas_bits(full):
    det, event = full
    named = det.masks(event)
    assert np.array_equal(det.mask_calib(event), named["calib"])
    assert np.array_equal(det.status_as_mask(event), named["status"])
    assert np.count_nonzero(det.status_as_mask(event, 1)[4] == 0) == 3 * 388
    assert np.count_nonzero(det.status_as_mask(event, 2)[31] == 0) == 4
    assert np.array_equal(det.mask_geo(event, 2), named["central"])
    assert np.array_equal(det.mask_geo(event, 9), named["edges"] & named["unbondnbrs"])
    assert det.mask_comb(event) is None
    expected = named["status"] & named["calib"] & named["edges"] & named["unbondnbrs8"]
    assert np.array_equal(det.mask_comb(event, 1 | 2 | 4 | 64), expected)


def test_the_common_mode_of_any_panels(full):
    det, event = full
    steps = ("pedestals", "common_mode")
    cmpars = (5, 9000)
    panels = det.calib(event, steps=["pedestals"])
    before = panels.copy()
    added = det.common_mode_correction(event, panels, cmpars)
    assert np.array_equal(panels, before)
    (shifts,) = det.common_mode_apply(event, panels, cmpars)
    assert shifts.applied.all()
    assert np.array_equal(panels, det.calib(event, cmpars, steps=steps))
    assert np.array_equal(added, panels - before)
    assert not det.common_mode_correction(event, panels, 0).any()
    with pytest.raises(ConstantsError, match="array of float32, found int16"):
        det.common_mode_apply(event, det.raw(event))


def test_each_step_can_be_chosen(full):
    det, event = full
    raw = det.raw(event).astype("f4")
    assert np.array_equal(det.calib(event, steps=()), raw)
    less = raw - 8000
    assert np.array_equal(det.calib(event, steps="pedestals"), less)
    assert np.array_equal(det.calib(event, steps=("pedestals", "pixel_gain")), less * 0.5)
    hidden = np.where(STATUS == 0, less, 0)
    assert np.array_equal(det.calib(event, steps=("pedestals", "mask")), hidden)
    factor = det.calib(event, steps=("gain_map", "pedestals")) / np.where(less == 0, 1, less)
    assert set(np.unique(factor[less != 0].round(2)).tolist()) == {1.0, np.float32(6.85).item()}
    assert np.array_equal(det.calib(event), det.calib(event, steps=STEPS))
    with pytest.raises(ConstantsError, match=r"no step of the correction\. Did you mean 'pedest"):
        det.calib(event, steps=("pedestal",))


def test_calib_with_masks(full):
    det, event = full
    steps = ("pedestals", "mask")
    less = det.raw(event).astype("f4") - 8000
    own = np.ones(SHAPE, bool)
    own[9] = False
    found = det.calib(event, steps=steps, mask=own, edges=True, calib=True)
    good = own & (MASK == 1) & (STATUS == 0) & (masks.of_edges(SHAPE[1:]) == 1)
    assert np.array_equal(found, np.where(good, less, 0))
    assert np.array_equal(det.calib(event, steps=steps, status=False), less)
    with pytest.raises(ConstantsError, match=r"mask: expected 2296960 values .*\(185, 388\)"):
        det.calib(event, mask=own[0])
    with pytest.raises(ConstantsError, match=r"calib has no 'edge'\. Did you mean 'edges'"):
        det.calib(event, edge=True)


def test_what_the_common_mode_was(full):
    det, event = full
    done = det.calibrated(event, (5, 9000))
    (shifts,) = done.common_mode
    assert shifts.regions == "segment"
    assert shifts.applied.all()
    rows = np.arange(10, 181, 10)
    less = det.raw(event).astype("f8") - 8000
    mean = less[:, np.tile(rows, 2), np.concatenate([rows, rows + 194])].mean(axis=1)
    assert shifts.found == pytest.approx(mean, rel=1e-5)
    refused = det.calibrated(event, (5, 1)).common_mode[0]
    assert np.array_equal(refused.found, shifts.found)
    assert not refused.applied.all()
    assert det.calibrated(event, 0).common_mode == ()
    assert np.array_equal(det.calib(event, 0), det.calib(event, (0,)))


def test_where_constants_come_from(full):
    det, event = full
    told = det.constants(event)
    assert told == {
        "pedestals": "LOADED 0-end.data",
        "pixel_status": "LOADED 30-40.data",
        "pixel_rms": "LOADED 0-end.data",
        "pixel_gain": "LOADED 0-end.data",
        "pixel_mask": "LOADED 0-end.data",
        "common_mode": "LOADED 0-end.data",
        "geometry": "DEFAULT",
    }
    status = told["pixel_status"]
    assert (status.begin, status.end, status.why) == (30, 40, "")
    assert status.path.name == "30-40.data"
    assert told["geometry"].path is None


def test_a_wrong_file_is_an_error_until_it_is_left_out(run34, tmp_path):
    store.deploy(tmp_path, SOURCE, "pedestals", 0, None, filled(8000))
    store.deploy(tmp_path, SOURCE, "pixel_gain", 0, None, np.ones((2, 185, 388), "f4"))
    store.deploy(tmp_path, SOURCE, "pixel_status", 0, None, "0 0\n0 x\n")
    det, event = Detector("cspad", run34), run34.event(0)
    told = det.constants(event)
    assert told["pixel_gain"] == "WRONG SIZE 0-end.data"
    assert "(as for a Cspad2x2)" in told["pixel_gain"].why
    assert told["pixel_status"] == "UNREADABLE 0-end.data"
    with pytest.raises(ConstantsError, match=r"line 2: expected a number, found 'x'.*without.add"):
        det.calib(event)
    det.without.add("pixel_status")
    words = r"pixel_gain/0-end\.data: .*without\.add\('pixel_gain'"
    with pytest.raises(WrongSizeError, match=words):
        det.calib(event)
    det.without.add("pixel_gain")
    less = det.raw(event).astype("f4") - 8000
    assert np.array_equal(det.calib(event, steps=("pedestals", "pixel_gain", "mask")), less)
    assert det.constants(event)["pixel_gain"] == "NOT USED WRONG SIZE 0-end.data"
    det.without.remove("pixel_gain")
    with pytest.raises(WrongSizeError):
        det.calib(event)


def test_absent_segments_are_no_data(use, tmp_path):
    """Quad 1 is missing: 0 in calib, no common mode, not minus the pedestals."""
    use(tmp_path / "calib")
    store.deploy(tmp_path / "calib", SOURCE, "pedestals", 0, None, filled(1200))
    pixels = np.full((8, 185, 388), 1210, "<i2").tobytes()
    quads = [encode(cspad.HeaderV2, quad=q) + pixels + bytes(4) for q in (2, 0, 3)]
    config = encode(cspad.ConfigV5, quadMask=0b1101, asicMask=0xF, roiMasks=0xFFFF00FF)
    source = runs.det_info(32, 0, 10, 0)
    head = writer.container(runs.segment(1), runs.leaf(cspad.ConfigV5, source, config))
    data = writer.container(runs.segment(1), runs.leaf(cspad.DataV2, source, b"".join(quads)))
    folder = tmp_path / "xtc"
    folder.mkdir()
    stream = [*runs.begin(head, runs.pulnix_config()), *runs.cycle(0, [runs.event(0, data)])]
    runs.write(folder, stream)
    with xtcview.open(folder) as run:
        det, event = Detector("cspad", run), run.event(0)
        absent = np.arange(8, 16)
        assert np.flatnonzero(~det.present(event)).tolist() == absent.tolist()
        steps = ("pedestals", "common_mode", "mask")
        for cmpars in ((0,), (1, 25, 25, 100), (5, 25), (2, 100, 25, 194)):
            done = det.calibrated(event, cmpars, steps=steps)
            assert not done.panels[absent].any()
            there = 10 if cmpars == (0,) else 0
            assert (np.delete(done.panels, absent, axis=0) == there).all()
        shifts = det.calibrated(event, (1, 25, 25, 100)).common_mode[0]
        assert np.flatnonzero(np.isnan(shifts.found)).tolist() == absent.tolist()
        mean = xtcview.reduce(run, "cspad", ["mean", "min"], calib=True).wait()
        assert np.isnan(mean.mean[absent]).all()
        assert np.isnan(mean.min[absent]).all()
        assert np.delete(mean.min, absent, axis=0).min() >= 0


def test_info_tells_where_constants_come_from(use, tmp_path, golden_dir):
    use(tmp_path)
    store.deploy(tmp_path, SOURCE, "pedestals", 30, 40, filled(8000))
    store.deploy(tmp_path, SOURCE, "pixel_gain", 0, None, "1 2 3\n")
    dataset = f"exp=cxitut13:run=34:dir={golden_dir}"
    found = CliRunner().invoke(app, ["info", dataset])
    assert found.exit_code == 0
    lines = found.output.split(f"constants in {tmp_path}\n")[1].splitlines()
    start = next(i for i, line in enumerate(lines) if SOURCE in line)
    text = " ".join(line.strip() for line in lines[start:])
    assert "pedestals LOADED 30-40.data; pixel_gain WRONG SIZE 0-end.data; default: " in text
    assert "default: pixel_status, common_mode, geometry" in text
    assert "0-end.data: expected 2296960 numbers" in text
