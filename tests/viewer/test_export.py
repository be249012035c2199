import base64
import io
import sys

import numpy as np
import pytest
import viewer_fakes as fakes
from PIL import Image

from xtcview.viewer import export
from xtcview.viewer.layout import to_canvas


def number_in(png, picture, size, pane):
    """Read the event number from one pane of a PNG."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int).sum(axis=2)
    left = export.MARGIN + pane * (size.pane + export.MARGIN)
    number = 0
    for bit in range(fakes.BITS):
        row, col = fakes.block_corner(bit)
        y, x = to_canvas(picture, size.pane, size.pane, fakes.MARKED, row + 30, col + 30)
        number |= int(pixels[export.HEAD + int(y), left + int(x)] > 300) << bit
    return number


@pytest.mark.parametrize("event", [0, 21, 42, 63])
def test_both_panes_of_the_saved_picture_show_the_event(viewer, event):
    viewer.event = event
    scene = viewer._scene()
    png = export.small_png(scene)
    size = next(s for s in export.SMALL if export.png(scene, s) == png)
    assert number_in(png, scene.raw, size, 0) == event
    assert number_in(png, scene.image, size, 1) == event
    assert len(png) <= export.SMALL_BYTES


def test_noise_is_kept_small(viewer, monkeypatch):
    det = viewer._reader.det
    rng = np.random.default_rng(0)
    det._noise = rng.integers(0, 16000, det._noise.shape).astype(np.int16)
    assert len(export.small_png(viewer._scene())) <= export.SMALL_BYTES


def test_the_bundle_has_widget_picture_and_text(viewer):
    data, _ = viewer._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json", "image/png"}
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.size[0] > 2 * image.size[1] * 0.6
    assert data["text/plain"].startswith("<Viewer of exp=fake12345:run=34")


@pytest.mark.parametrize("event", [7, 9])
def test_an_event_without_a_picture_still_gives_one(viewer, event):
    viewer.event = event
    image = Image.open(io.BytesIO(viewer.snapshot().data))
    assert image.format == "PNG"


def test_snapshot_follows_the_look(viewer):
    viewer.event = 21
    plain = viewer.snapshot().data
    viewer.cmap, viewer.auto, viewer.vmin, viewer.vmax = "magma", False, 0.0, 300.0
    assert viewer.snapshot().data != plain


def test_snapshot_of_a_reduction(viewer):
    reduction = fakes.FakeReduction(50)
    reduction.n = 33
    viewer.show(reduction)
    scene = viewer._scene()
    assert number_in(viewer.snapshot().data, scene.image, export.SNAPSHOT, 1) == 33


@pytest.mark.parametrize("scale", ["linear", "sqrt", "log"])
def test_the_figure_has_both_panes_at_full_resolution(viewer, scale):
    viewer.event, viewer.scale = 21, scale
    figure = viewer.figure()
    left, right = (axes.images[0].get_array() for axes in figure.axes[:2])
    assert left.shape == (1480, 1552)
    assert right.shape == (1720, 1717)
    assert "event 21 of 64" in figure.get_suptitle()
    figure.savefig(io.BytesIO(), dpi=40)


def test_the_figure_of_an_event_without_data(viewer):
    viewer.event = 7
    figure = viewer.figure()
    assert "no cspad data" in figure.get_suptitle()
    figure.savefig(io.BytesIO(), dpi=40)


def test_the_picture_does_not_need_pyplot(viewer):
    viewer.snapshot()
    assert "matplotlib.pyplot" not in sys.modules
