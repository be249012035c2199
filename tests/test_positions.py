"""Where `Detector` says that pixels are."""

import json
from importlib.resources import files

import numpy as np
import pytest

import xtcview
from xtcview.calib import geometry as geo
from xtcview.calib import orientation, store
from xtcview.errors import GeometryError, XtcError
from xtcview.run import beam

SHAPE = (32, 185, 388)
SOURCE = "CxiDs1.0:Cspad.0"


@pytest.fixture
def run(golden_dir, tmp_path, monkeypatch):
    """Run 34 with an aligned geometry in a calib folder of its own."""
    monkeypatch.setattr(xtcview.run.options, "OPTIONS", dict(xtcview.run.options.OPTIONS))
    xtcview.setOption("psana.calib-dir", str(tmp_path / "calib"))
    text = (files("xtcview.calib") / "data" / "cspad-quads-example.data").read_text("utf-8")
    store.deploy(tmp_path / "calib", SOURCE, "geometry", 0, None, text)
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run


@pytest.fixture
def det(run):
    return xtcview.Detector("cspad", run)


@pytest.fixture
def plain(golden_dir):
    """The same run without a calib folder."""
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run


def test_coordinates(run, det):
    event, table = run.event(0), geo.quads_example()
    expected = geo.pixel_coordinates(table)
    for found, values in zip(det.coords_xyz(event), expected, strict=True):
        assert np.array_equal(found, values)
    assert np.array_equal(det.coords_x(34), expected[0])
    psana = det.geometry(event).get_pixel_coords()
    assert psana[0].shape == (1, 4, 8, 185, 388)
    assert np.array_equal(psana[2].ravel(), expected[2].ravel())
    assert np.array_equal(det.coords_y(34), expected[1])
    assert np.array_equal(det.coords_z(event), expected[2])
    assert len(det.coords_xy(event)) == 2
    assert det.areas(event).sum() == 2314720
    assert det.pixel_size(event) == 109.92


def test_shape_is_a_tuple_and_a_method_as_in_psana(run, det):
    assert det.shape == det.shape(run.event(0)) == SHAPE
    assert det.shape[0] == 32


def test_indexes_and_the_image(run, det):
    event = run.event(0)
    rows, cols = geo.pixel_indexes(geo.quads_example())
    assert np.array_equal(det.indexes_x(event), rows)
    assert np.array_equal(det.indexes_y(event), cols)
    assert np.array_equal(det.indexes_xy(event, xy0_off_pix=(5, 7))[1], cols + 7)
    assert det.point_indexes(event) == (858, 860)
    assert det.point_indexes(event, xy0_off_pix=(5, 7)) == (863, 867)
    assert det.point_indexes(event, (109.92, 0.0)) == (859, 860)
    image = det.image(event, det.raw(event))
    assert image.shape == (len(det.image_xaxis(event)), len(det.image_yaxis(event)))
    coarse = det.image(event, det.raw(event), pix_scale_size_um=1000.0)
    assert coarse.shape == geo.image_shape(geo.quads_example(), 1000.0)
    assert det.image(event, nda_in=det.raw(event), xy0_off_pix=(10, 0)).shape[0] == 1727


def test_a_mask_drawn_on_the_image(run, det):
    event = run.event(0)
    mask = np.ones(det.assembly(event).shape, np.uint8)
    mask[800:900] = 0
    panels = det.ndarray_from_image(event, mask)
    assert (panels.shape, panels.dtype) == (SHAPE, np.uint8)
    x = det.coords_x(event)
    assert panels[np.abs(x) < 4000].max() == 0
    assert panels[np.abs(x) > 7000].min() == 1


def test_a_camera_without_geometry_has_indexes_only(plain):
    det, event = xtcview.Detector("Sc1Questar", plain), plain.event(0)
    rows, cols = det.indexes_xy(event)
    assert rows.shape == det.raw(event).shape == (480, 640)
    assert (rows[5, 0], cols[0, 5]) == (5, 5)
    assert det.pixel_size(event) is det.areas(event) is det.coords_x(event) is None
    with pytest.raises(GeometryError, match=r"Tm6740\.0: no geometry is deployed"):
        det.q(event, 1e5, 9500.0)
    image = np.arange(480 * 640).reshape(480, 640)
    assert np.array_equal(det.ndarray_from_image(event, image), image)


def test_a_camera_with_a_geometry(run, tmp_path):
    det, event = xtcview.Detector("Sc1Questar", run), run.event(0)
    text = geo.write(geo.matrix_geometry(480, 640, 13.0))
    store.deploy(tmp_path / "calib", det.source, "geometry", 0, None, text)
    assert det.pixel_size(event) == 13.0
    assert det.coords_y(event).shape == (480, 640)
    assert det.coords_y(event)[0, 2] == 26.0


def test_the_detector_is_moved_for_this_object(run, det):
    event = run.event(0)
    x, y, z = det.coords_xyz(event)
    det.move_geo(event, 100.0, -50.0, -1000.0)
    moved = det.coords_xyz(event)
    for old, new, step in zip((x, y, z), moved, (100.0, -50.0, -1000.0), strict=True):
        assert np.allclose(new - old, step)
    det.move_geo(event, -100.0, 50.0, 0.0)
    det.tilt_geo(event, 0, 0, 90.0)
    assert np.allclose(det.coords_x(event), -y)
    assert np.array_equal(xtcview.Detector("cspad", run).coords_x(event), x)


def test_q_and_resolution(run, det):
    event = run.event(0)
    q = det.q(event, energy=9500.0)
    assert q.shape == SHAPE
    assert np.allclose(q * det.resolution(event, energy=9500.0), 2 * np.pi)
    radius = np.hypot(det.coords_x(event), det.coords_y(event))
    water = np.abs(radius - 44_480) < 50
    assert np.allclose(q[water], 2.0, atol=0.01)
    stored = beam.photon_energy(event)
    if stored is None:
        with pytest.raises(GeometryError, match=r"no electron beam record .* energy in eV"):
            det.q(event)
    else:
        assert np.allclose(det.q(event) / q, stored.ev / 9500.0)


def test_the_distance(run, det):
    event = run.event(3)
    position = run.epics_at(3).value("CXI:DS1:MMS:06.RBV")
    assert det.distance(event, 575.0) == pytest.approx(1000 * (position + 575.0))
    far, near = det.q(event, 2e5, 9500.0), det.q(event, 1e5, 9500.0)
    assert (far < near).mean() > 0.99


def test_a_default_geometry_is_announced_and_has_no_distance(plain):
    det, event = xtcview.Detector("cspad", plain), plain.event(0)
    assert det.constants(event)["geometry"] == "DEFAULT"
    with pytest.raises(GeometryError, match=r"default cspad: a default table .* no distance"):
        det.q(event, energy=9500.0)
    assert det.q(event, 1e5, 9500.0).shape == SHAPE
    golden = geo.image_shape(geo.default("cspad"))
    assert not plain.problems
    for _ in range(2):
        assert det.image(event, det.raw(event)).shape == golden == (1942, 1940)
    (problem,) = plain.problems
    assert problem.what == "no geometry of CxiDs1.0:Cspad.0 for run 34"
    assert "default table" in problem.consequence


def test_constants_from_before_2014(golden_dir, run, tmp_path, monkeypatch):
    folder = tmp_path / "old" / "CsPad::CalibV1" / SOURCE / "offset_corr"
    folder.mkdir(parents=True)
    (folder / "0-end.data").write_text("1 2 3 4 5 6 7 8 0 0 0 0")
    xtcview.setOption("psana.calib-dir", str(tmp_path / "old"))
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as old:
        det = xtcview.Detector("cspad", old)
        assert det.constants(34)["geometry"] == "LOADED offset_corr/0-end.data"
        corrected = det.coords_x(34)
        assert det.tiles(34).size == 64
        assert det.orientation == geo.Orientation(0)
    assert corrected.shape == SHAPE
    # with a geometry file, the old kinds count no longer
    text = geo.write(geo.quads_example())
    store.deploy(tmp_path / "old", SOURCE, "geometry", 0, None, text)
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as new:
        det = xtcview.Detector("cspad", new)
        assert det.constants(34)["geometry"] == "LOADED 0-end.data"
        assert not np.array_equal(det.coords_x(34), corrected)


# orientation


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "config" / "turned.json"
    monkeypatch.setenv("XTCVIEW_ORIENTATIONS", str(path))
    return path


def test_an_orientation_is_remembered_per_detector(plain, file):
    event = plain.event(0)
    first = xtcview.Detector("cspad", plain)
    assert first.orientation is None
    upright = first.tiles(event)
    assert first.orientation == geo.Orientation(1)
    assert not file.exists()  # nobody chose anything
    first.orientation = geo.Orientation(3, True)
    assert json.loads(file.read_text()) == {"cxitut13 CxiDs1.0:Cspad.0": [3, True]}
    second = xtcview.Detector("DscCsPad", plain)
    turned = second.tiles(event)
    assert second.orientation == geo.Orientation(3, True)
    assert not np.array_equal(turned, upright)
    other = xtcview.Detector("Sc1Questar", plain)
    other.tiles(event)
    assert other.orientation == geo.Orientation()
    second.orientation = None
    assert json.loads(file.read_text()) == {}
    third = xtcview.Detector("cspad", plain)
    assert np.array_equal(third.tiles(event), upright)


def test_nothing_is_remembered_where_that_is_off(monkeypatch, tmp_path):
    monkeypatch.setenv("XTCVIEW_ORIENTATIONS", "off")
    assert orientation.remember("a", geo.Orientation(1)) is None
    assert orientation.remembered("a") is None
    monkeypatch.delenv("XTCVIEW_ORIENTATIONS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert orientation.place() == tmp_path / "xtcview" / "orientations.json"


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("XTCVIEW_ORIENTATIONS", str(tmp_path / "new" / "file.json"))
    assert orientation.remember("a", geo.Orientation(2)) == tmp_path / "new" / "file.json"
    monkeypatch.setenv("XTCVIEW_ORIENTATIONS", "/proc/no/such/file.json")
    assert orientation.remember("a", geo.Orientation(2)) is None


@pytest.mark.parametrize("text", ["", "[1]", '{"a": 3}', '{"a": [1]}', "\x00"])
def test_a_damaged_file_of_orientations(file, text):
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(XtcError, match=r"turned.json: no file of orientations .*delete it"):
        orientation.remembered("a")
