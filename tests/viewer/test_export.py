import base64
import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import viewer_fakes as fakes
from PIL import Image

from xtcview.viewer import colours, export, messages, widget
from xtcview.viewer.frames import Coded, binning_for
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


def test_all_pictures_have_the_limits_of_the_page(viewer):
    viewer.event = 21
    scene = viewer._scene()
    _, buffers = messages.event(scene.reader, 21, binning_for(fakes.SHAPE))
    codes = np.frombuffer(buffers[0], np.uint8)
    page = colours.limits(Coded(codes, np.frombuffer(buffers[1], "<f4"), 2))
    style = viewer.figure().axes[0].images[0].norm
    assert (style.vmin, style.vmax) == page
    assert export.limits(scene) == page


def test_a_program_that_asks_nobody_gets_the_picture_alone(viewer, monkeypatch):
    def bundle_for(content, **environment):
        kernel = SimpleNamespace(get_parent=lambda channel: {"content": content})
        monkeypatch.setattr(widget, "get_ipython", lambda: SimpleNamespace(kernel=kernel))
        monkeypatch.setattr(widget.os, "environ", environment)
        return set(viewer._repr_mimebundle_()[0])

    both = {"text/plain", widget.WIDGET, "image/png"}
    assert bundle_for({"allow_stdin": True}) == both
    assert bundle_for({}) == both
    assert bundle_for({"allow_stdin": False}, SERVER_SOFTWARE="voila/0.5") == both
    assert bundle_for({"allow_stdin": False}) == both - {widget.WIDGET}


def test_labels_do_not_call_subtracted_values_raw(viewer):
    assert export.captions(viewer._scene(), 0, 1)[0][0] == "raw − pedestal, 1480 × 1552"
    assert viewer.figure().axes[0].get_title() == "raw − pedestal, 1480 × 1552"


def test_the_figure_has_the_true_pedestals(viewer):
    det = viewer._reader.det
    det.pedestals = lambda number: np.full(fakes.SHAPE, 1200.4, np.float32)
    left = viewer.figure().axes[0].images[0].get_array()
    assert float(left[0, 0] % 1) == pytest.approx(0.6, abs=1e-3)


def test_limits_in_the_wrong_order_still_give_a_picture(viewer):
    viewer.auto, viewer.vmin, viewer.vmax = False, 500.0, 100.0
    viewer.snapshot()
    viewer.figure().savefig(io.BytesIO(), dpi=40)
    assert viewer.vmin == 500.0


def test_snapshot_of_a_reduction(viewer):
    reduction = fakes.FakeReduction(50)
    reduction.n = 33
    viewer.show(reduction)
    scene = viewer._scene()
    assert number_in(viewer.snapshot().data, scene.image, export.SNAPSHOT, 1) == 33
    assert "mean of 33 events so far, 33 of 50 read" in export.captions(scene, 0, 1)[1][0]


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
