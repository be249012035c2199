"""Darks of golden run 34, of a run with an absent quad, and of a run written to be dark."""

import numpy as np
import pytest

import xtcview
from tests.support import runs
from xtcview.calib import store
from xtcview.calib.status import Limits
from xtcview.errors import ConstantsError, XtcError
from xtcview.format import writer
from xtcview.synth import write_dark
from xtcview.types import cspad
from xtcview.types.record import encode

SOURCE = "CxiDs1.0:Cspad.0"
SHAPE = (32, 185, 388)


@pytest.fixture(scope="module")
def run34(golden_dir):
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run


@pytest.fixture(scope="module")
def dark34(run34):
    # the counts of golden runs are a ramp up to 16383
    return xtcview.darks(run34, "cspad", limits=Limits(lowest=2000, highest=14000))


def test_mean_and_rms_are_those_of_the_frames(run34, dark34):
    det = xtcview.Detector("cspad", run34)
    good = [e for e in run34.events() if not e.damage(det.source)]
    frames = np.stack([det.raw(event)[::8, ::37] for event in good]).astype("f8")
    assert (dark34.counts == len(frames)).all()
    assert dark34.report.counted == len(frames)
    found = dark34.pedestals[::8, ::37], dark34.rms[::8, ::37]
    assert found[0] == pytest.approx(frames.mean(axis=0), rel=1e-6)
    assert found[1] == pytest.approx(frames.std(axis=0), rel=1e-6, abs=1e-6)
    above, below = (frames > 14000).mean(axis=0) > 0.1, (frames < 2000).mean(axis=0) > 0.1
    status = dark34.status[::8, ::37]
    assert np.array_equal(status & 4 != 0, above)
    assert 0 < above.sum() < above.size
    assert 0 < below.sum() < below.size
    assert np.array_equal(status & 8 != 0, below)
    assert (found[0].dtype, found[1].dtype, status.dtype) == ("f4", "f4", "u2")


def test_what_it_says(dark34):
    bad = np.count_nonzero(dark34.status)
    text = repr(dark34)
    assert f"{SOURCE}, run 34: {bad} bad pixels" in text
    assert f"{dark34.bad()['saturated in too many events']} saturated" in text
    assert "of 12 events counted" in text


def test_the_figure_has_three_images_and_a_histogram(dark34):
    figure = dark34.figure()
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["pedestals", "rms", "status", "rms"]
    images = [axes.images[0].get_array() for axes in figure.axes[:3]]
    assert all(image.shape == images[0].shape for image in images)
    assert np.isnan(np.ma.getdata(images[0])).any()  # gaps are not 0
    assert dark34._repr_png_().startswith(b"\x89PNG")


def test_deployed_constants_serve_the_next_runs(dark34, tmp_path):
    paths = dark34.deploy(tmp_path, comment="a test")
    assert [path.parent.name for path in paths] == ["pedestals", "pixel_rms", "pixel_status"]
    assert {path.name for path in paths} == {"34-end.data"}
    history = (paths[0].parent / "HISTORY").read_text()
    assert " run:34 app:xtcview " in history
    assert history.endswith("comment:a test\n")
    pedestals = store.load(tmp_path, SOURCE, "pedestals", 40, SHAPE).values
    assert np.abs(pedestals - dark34.pedestals).max() < 0.00051
    status = store.load(tmp_path, SOURCE, "pixel_status", 34, SHAPE).values
    assert np.array_equal(status, dark34.status)
    assert store.find(tmp_path, SOURCE, "pedestals", 33) is None


def test_nothing_is_overwritten(dark34, tmp_path):
    store.deploy(tmp_path, SOURCE, "pixel_rms", 34, None, "1")
    with pytest.raises(ConstantsError, match=r"pixel_rms/34-end.data is there already"):
        dark34.deploy(tmp_path)
    assert [*store.available(tmp_path, SOURCE)] == ["pixel_rms"]


def test_a_folder_must_be_named_where_the_run_has_none(dark34):
    with pytest.raises(ConstantsError, match="no such calib folder; name the one to write to"):
        dark34.deploy()


def test_an_absent_quad_has_no_constants(tmp_path):
    source = runs.det_info(32, 0, 10, 0)
    config = encode(cspad.ConfigV5, quadMask=0b1101, asicMask=0xF, roiMasks=0xFFFF00FF)
    head = writer.container(runs.segment(1), runs.leaf(cspad.ConfigV5, source, config))
    events = []
    for number in range(3):
        pixels = np.full((8, 185, 388), 1200 + number, "<i2").tobytes()
        payload = b"".join(encode(cspad.HeaderV2, quad=q) + pixels + bytes(4) for q in (2, 0, 3))
        leaf = runs.leaf(cspad.DataV2, source, payload)
        events.append(runs.event(number, writer.container(runs.segment(1), leaf)))
    runs.write(tmp_path, [*runs.begin(head, runs.pulnix_config()), *runs.cycle(0, events)])
    with xtcview.open(tmp_path) as run:
        found = xtcview.darks(run, "cspad")
    there = np.arange(32) // 8 != 1
    assert (found.pedestals[there] == 1201).all()
    assert found.rms[there] == pytest.approx(np.sqrt(2 / 3))
    assert not found.status[there].any()
    assert (found.status[~there] == 64).all()
    assert (found.pedestals[~there] == 0).all()
    assert found.counts.tolist() == [3 * int(here) for here in there]


def test_a_written_dark_run(tmp_path):
    rng = np.random.default_rng(5)
    truth = rng.integers(1000, 1400, SHAPE).astype("f4")
    status = np.zeros(SHAPE, "u2")
    rms = np.full(SHAPE, 4, "f4")
    for kind, array in (("pedestals", truth), ("pixel_rms", rms), ("pixel_status", status)):
        store.deploy(tmp_path / "demo" / "calib", SOURCE, kind, 0, None, array, "%d")
    made = write_dark(tmp_path / "demo", tmp_path / "dark", events=3, seed=2)
    with pytest.raises(XtcError, match="is there already"):
        write_dark(tmp_path / "demo", tmp_path / "dark")
    with xtcview.open(made.dataset) as run:
        assert run.run() == 2
        found = xtcview.darks(run, limits=Limits(sigmas=3), name="cspad")
        assert found.report.counted == 3
        off = (found.pedestals - truth).mean(axis=(1, 2))
        assert np.abs(off).max() < 20  # the common mode of three events
        left = found.pedestals - truth - off[:, None, None]
        assert left.std() == pytest.approx(4 / np.sqrt(3), rel=0.05)
        det = xtcview.Detector("cspad", run)
        frame = det.raw(run.event(0)) - truth
        spread = frame - np.median(frame, axis=(1, 2), keepdims=True)
        assert spread.std() == pytest.approx(4, rel=0.02)  # no X-rays


def test_a_dark_run_needs_a_demo(tmp_path):
    with pytest.raises(XtcError, match=r"has no constants of CxiDs1\.0:Cspad\.0"):
        write_dark(tmp_path, tmp_path / "dark", events=2)
    with pytest.raises(XtcError, match="expected 2 or more"):
        write_dark(tmp_path, tmp_path / "dark", events=1)
