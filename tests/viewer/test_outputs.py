"""What comes out of the viewer: figures, files, code, a page without a kernel."""

import io
import json
import re
import sys
import zlib
from base64 import b64decode
from types import ModuleType

import numpy as np
import pytest
import viewer_fakes as fakes
from PIL import Image

from xtcview.errors import AnalysisError, MissingExtraError
from xtcview.viewer import figure, offline, saving
from xtcview.viewer.frames import binning_for, block_shape


def test_the_code_shows_the_same_again(golden_viewer):
    golden_viewer.event = 3
    golden_viewer.cmap, golden_viewer.scale, golden_viewer.values = "magma", "log", "counts"
    golden_viewer.auto, golden_viewer.vmin, golden_viewer.vmax = False, 10.0, 99.5
    code = golden_viewer.code()
    found = {}
    exec(code, found)
    other = found["xv"]
    names = ("event", "cmap", "scale", "auto", "vmin", "vmax", "values", "binning", "arrangement")
    assert [getattr(other, n) for n in names] == [getattr(golden_viewer, n) for n in names]
    assert np.array_equal(found["raw"], golden_viewer.raw)
    assert np.array_equal(found["image"], golden_viewer.image, equal_nan=True)
    assert other.code() == code
    other.close()
    found["run"].close()


def test_the_code_of_a_new_viewer_is_short(viewer):
    lines = viewer.code().splitlines()
    assert lines[2:5] == [
        "run = xtcview.open('exp=fake12345:run=34')",
        "xv = xtcview.view(run, 'CxiDs1.0:Cspad.0')",
        "xv.event = run.event((1371300000, 0, 7)).number  # 2013-06-15 12:40:00.000000000 UTC",
    ]
    assert not [line for line in lines if line.startswith(("xv.cmap", "xv.values", "xv.vmin"))]


def test_a_saved_picture_says_where_it_comes_from(viewer, tmp_path):
    viewer.event = 21
    (path,) = viewer.save(tmp_path / "evt.png")
    image = Image.open(path)
    told = json.loads(image.text["xtcview"])
    assert told["dataset"] == "exp=fake12345:run=34"
    assert (told["event"]["index"], told["event"]["fiducial"]) == (21, 70)
    assert told["constants"]["pedestals"] == "LOADED 30-end.data"
    assert "xv.event = run.event((1371300000, 174999993, 70))" in told["code"]
    plain = Image.open(io.BytesIO(viewer.snapshot().data))
    assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(plain.convert("RGB")))


def test_saved_numbers_are_the_exact_ones(viewer, tmp_path):
    viewer.event = 10  # without segments 24 to 31
    path, beside = viewer.save(tmp_path / "evt.npy")
    values = np.load(path)
    bad = viewer._reader.det._bad
    assert values.dtype == np.float32
    assert np.array_equal(np.isnan(values[:24]), bad[:24])
    assert np.isnan(values[24:]).all()
    expected = viewer.raw[:24].astype(np.float32) - fakes.PEDESTAL
    assert np.array_equal(values[:24][~bad[:24]], expected[~bad[:24]])
    told = json.loads(beside.read_text(encoding="utf-8"))
    assert told["values"] == "raw − pedestal"
    assert "8 of 32 segments absent" in told["event"]["note"]


class Node(dict):
    """What of h5py a saved file needs."""

    def __init__(self, data=None):
        super().__init__()
        self.attrs, self.data = {}, data

    def create_dataset(self, name, data):
        return self.setdefault(name, Node(data))

    __enter__ = lambda self: self  # noqa: E731
    __exit__ = lambda self, *_: None  # noqa: E731


def test_an_hdf5_file_has_arrays_and_attributes(viewer, tmp_path, monkeypatch):
    files = {}
    module = ModuleType("h5py")
    module.File = lambda path, mode: files.setdefault((path.name, mode), Node())
    monkeypatch.setitem(sys.modules, "h5py", module)
    viewer.event = 21
    viewer.save(tmp_path / "evt.h5")
    file = files["evt.h5", "w"]
    assert {name: node.data.shape for name, node in file.items()} == {
        "panels": fakes.SHAPE,
        "image": (1720, 1717),
        "raw": fakes.SHAPE,
        "bad": fakes.SHAPE,
    }
    assert fakes.read_number(file["raw"].data[fakes.MARKED]) == 21
    assert file["panels"].attrs == {"unit": "ADU − pedestal"}
    assert json.loads(file.attrs["event"])["index"] == 21
    assert all(isinstance(value, (str, int, float)) for value in file.attrs.values())


def test_without_h5py_the_extra_is_named(viewer, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"xtcview\[h5\]"):
        viewer.save(tmp_path / "evt.h5")


@pytest.mark.parametrize(
    ("event", "name", "words"),
    [(0, "evt.tif", "expected a name that ends in .png, .npy"), (7, "evt.npy", "no cspad data")],
)
def test_what_cannot_be_saved_is_said(viewer, tmp_path, event, name, words):
    viewer.event = event
    with pytest.raises(AnalysisError, match=words):
        viewer.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_reduction_is_saved_as_one(viewer, tmp_path):
    reduction = fakes.FakeReduction(50)
    viewer.show(reduction)
    with pytest.raises(AnalysisError, match="nothing to save; reduction of 0 events so far"):
        viewer.save(tmp_path / "sum.npy")
    reduction.advance(50)
    path, beside = viewer.save(tmp_path / "sum.npy")
    assert np.nanmedian(np.load(path)) == 1.5
    told = json.loads(beside.read_text(encoding="utf-8"))
    assert told["reduction"] == "mean of 50 events"
    assert "# shown is a mean of 50 events" in told["code"]


@pytest.mark.parametrize(("panes", "count"), [("both", 2), ("raw", 1), ("image", 1)])
def test_a_figure_has_its_panes_bar_scale_and_caption(viewer, panes, count):
    made = viewer.figure(panes)
    drawn = [axes for axes in made.axes if axes.images]
    assert len(drawn) == count
    assert made.axes[-1].get_ylabel() == "ADU − pedestal"
    assert "event 0 of 64" in made.get_suptitle()
    assert "pedestals: 30-end.data" in made.get_supxlabel()
    bars = [text.get_text() for text in drawn[-1].texts]
    assert bars == ([] if panes == "raw" else ["20 mm"])  # 1717 pixels of 110 um are 189 mm
    if bars:
        start, end = drawn[-1].lines[0].get_xdata()
        assert (end - start) * 109.92 == pytest.approx(20_000)
    made.savefig(io.BytesIO(), dpi=30)


def test_no_such_panes(viewer):
    with pytest.raises(AnalysisError, match="expected one of both, raw, image"):
        viewer.figure("left")


@pytest.mark.parametrize(("most", "length"), [(37.7, 20), (0.5, 0.5), (9.99, 5), (0.0013, 0.001)])
def test_scale_bars_are_round(most, length):
    assert figure.round_below(most) == pytest.approx(length)


def embedded(path):
    text = path.read_text(encoding="utf-8")
    return text, json.loads(re.search(r'id="xtcview-data">(.*?)</script>', text, re.S)[1])


def test_a_page_holds_its_events_and_nothing_from_outside(viewer, tmp_path):
    viewer.event = 19
    path = viewer.export_html(tmp_path / "events.html", events=3)
    text, data = embedded(path)
    assert data["hello"]["content"]["numbers"] == [19, 20, 21]
    assert data["hello"]["content"]["n"] == 3
    assert [f["content"]["index"] for f in data["frames"]] == [0, 1, 2]
    codes = np.frombuffer(zlib.decompress(b64decode(data["frames"][2]["buffers"][0])), np.uint8)
    shape = block_shape(fakes.SHAPE, binning_for(fakes.SHAPE))
    _, buffers = offline.messages.event(viewer._reader, 21, binning_for(fakes.SHAPE))
    assert np.array_equal(codes, np.frombuffer(buffers[0], np.uint8))
    assert codes.size == np.prod(shape)
    assert not re.findall(r"(?:src|href)=|@import|url\(", text)
    assert len(text) < 3 * 700_000


def test_names_cannot_leave_their_place_in_the_page(viewer, run, tmp_path):
    run.expt = "</script><img src=x onerror=alert(1)>"
    text, data = embedded(viewer.export_html(tmp_path / "events.html", events=[5]))
    assert "<img" not in text
    assert data["hello"]["content"]["run"].startswith("</script><img")


@pytest.mark.parametrize(
    ("shown", "events", "numbers"),
    [(0, 20, list(range(20))), (60, 20, list(range(44, 64))), (3, [9, 1, 9], [1, 9]),
     (0, 1000, list(range(64)))],
)  # fmt: skip
def test_which_events_a_page_holds(viewer, shown, events, numbers):
    viewer.event = shown
    assert offline.chosen(viewer._scene(), events) == numbers


@pytest.mark.parametrize("events", [0, [], [64], [-1, 3]])
def test_events_that_are_not_there(viewer, tmp_path, events):
    with pytest.raises(AnalysisError, match="expected some of 0 to 63"):
        viewer.export_html(tmp_path / "events.html", events)
    assert list(tmp_path.iterdir()) == []


def test_saving_kinds_are_documented():
    assert all(kind in saving.save.__doc__ for kind in (".png", ".npy", ".h5"))
