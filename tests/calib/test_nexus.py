import json
import sys
from types import ModuleType

import numpy as np
import pytest

from xtcview.calib import geometry as geo
from xtcview.calib import pixels, scattering
from xtcview.calib.export import nexus
from xtcview.calib.export.frames import to_laboratory
from xtcview.errors import GeometryError, MissingExtraError

QUADS = geo.quads_example()
TABLES = {name: geo.default(name) for name in ("cspad2x2", "epix10ka2m", "jungfrau1m", "pnccd")}
TABLES["quads"] = QUADS


@pytest.fixture(scope="module", params=TABLES)
def table(request):
    return TABLES[request.param]


def normals(corners):
    """pyFAI's normal of each pixel, as the diagonals span it, and its area."""
    a, b, c, d = (corners[..., i, :].astype(float) for i in range(4))
    cross = np.cross(c - a, d - b)
    return cross, np.linalg.norm(cross, axis=-1) / 2


def test_centres_are_the_pixels(table):
    corners = nexus.pixel_corners(table)
    segments, rows, cols = geo.segments_shape(table)
    assert (corners.shape, corners.dtype) == ((segments * rows, cols, 4, 3), np.float32)
    z, y, x = np.moveaxis(corners.mean(axis=2).reshape(segments, rows, cols, 3), -1, 0)
    true = np.stack(geo.pixel_coordinates(table, wide_center=True)) * 1e-6
    left, up, along = np.tensordot(to_laboratory(table), true, 1)
    assert np.abs(x + left).max() < 1e-7  # pyFAI's x points to the right
    assert np.abs(y - up).max() < 1e-7
    assert np.abs(z - (along - along.mean())).max() < 1e-7


def test_pixels_have_their_area_and_face_the_beam(table):
    corners = nexus.pixel_corners(table)
    cross, area = normals(corners)
    assert (cross[..., 0] > 0).all()
    expected = pixels.areas(table).reshape(area.shape) * (pixels.pixel_size(table) * 1e-6) ** 2
    assert np.abs(area / expected - 1).max() < 2e-3  # of float32 corners 0.1 m from the origin


def test_pixels_touch(table):
    """Within an ASIC the far edge of a column is the near edge of the next."""
    corners = nexus.pixel_corners(table)[5].astype(float)
    sides = {i: corners[:, i] for i in range(4)}
    far = sides[3] if np.allclose(sides[3][1:9], sides[0][2:10], atol=1e-8) else sides[1]
    assert np.allclose(far[1:9], sides[0][2:10], atol=1e-8)


def test_q_of_the_corners_is_that_of_the_geometry():
    """What pyFAI computes from file and poni: q to 1e-6 / Å (measured with pyFAI: 2e-7)."""
    z, y, x = np.moveaxis(nexus.pixel_corners(QUADS).astype(float).mean(axis=2), -1, 0)
    angle = np.arctan2(np.hypot(x, y), 0.1 + z)
    q = scattering.q(angle, 9500.0).reshape(32, 185, 388)
    expected = scattering.q(scattering.two_theta(QUADS), 9500.0)
    normal = pixels.areas(QUADS) == 1
    assert np.abs(q - expected)[normal].max() < 1e-6
    assert 1e-4 < np.abs(q - expected)[~normal].max() < 5e-3  # there, the true centre counts


def test_the_poni_file():
    text = nexus.poni("/data/det.h5", QUADS, energy=9500.0)
    lines = dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines["poni_version"] == "2.1"
    assert lines["Detector"] == "NexusDetector"
    config = json.loads(lines["Detector_config"])
    assert config == {"filename": "/data/det.h5", "orientation": 3}
    assert float(lines["Distance"]) == pytest.approx(0.1)
    assert float(lines["Wavelength"]) == pytest.approx(1.305097e-10, rel=1e-6)
    assert {float(lines[k]) for k in ("Poni1", "Poni2", "Rot1", "Rot2", "Rot3")} == {0.0}
    assert "Wavelength" not in nexus.poni("det.h5", QUADS, 50_000.0)
    with pytest.raises(GeometryError, match="no distance"):
        nexus.poni("det.h5", geo.default("cspad"))


def test_fields():
    mask = np.zeros((2, 185, 388), bool)
    mask[1, 3, 5] = True
    table = TABLES["cspad2x2"]
    fields = nexus.detector_fields(table, mask=mask)
    assert fields["shape"].value.tolist() == fields["max_shape"].value.tolist() == [370, 388]
    assert fields["pixel_size"].value == pytest.approx([109.92e-6] * 2)
    assert np.argwhere(fields["mask"].value).tolist() == [[188, 5]]
    assert fields["orientation"].value == 3
    assert not fields["IS_FLAT"].value
    with pytest.raises(GeometryError, match=r"shape of the mask: expected \(2, 185, 388\)"):
        nexus.detector_fields(table, mask=mask[0])


class Node(dict):
    """What of h5py the writer needs: groups and data sets with attributes."""

    def __init__(self, value=None):
        super().__init__()
        self.attrs, self.value = {}, value

    def create_group(self, name):
        return self.setdefault(name, Node())

    def create_dataset(self, name, data, **_packed):
        return self.setdefault(name, Node(data))

    def __enter__(self):
        return self

    def __exit__(self, *_args):
        return None


@pytest.fixture
def h5py(monkeypatch):
    files = {}

    def open_file(path, mode):
        assert mode == "x"
        if path in files:
            raise FileExistsError(f"Unable to create file {path}")
        return files.setdefault(path, Node())

    module = ModuleType("h5py")
    module.File, module.files = open_file, files
    monkeypatch.setitem(sys.modules, "h5py", module)
    return module


def test_the_file_has_the_groups_that_pyfai_looks_for(h5py):
    assert str(nexus.write("det.h5", TABLES["cspad2x2"])) == "det.h5"
    entry = h5py.files["det.h5"]["entry_0000"]
    assert entry.attrs["NX_class"] == "NXentry"
    assert entry["start_time"].value.endswith("+00:00")
    detector = entry["pyFAI"]["detector"]
    assert entry["pyFAI"].attrs["NX_class"] == "NXsubentry"
    assert detector.attrs["NX_class"] == "NXdetector"
    assert detector["pixel_corners"].value.shape == (370, 388, 4, 3)
    assert detector["pixel_size"].attrs == {"unit": "m"}
    with pytest.raises(GeometryError, match=r"det.h5: cannot be written: Unable to create"):
        nexus.write("det.h5", TABLES["cspad2x2"])


def test_h5py_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'xtcview\[h5\]'"):
        nexus.write("det.h5", QUADS)
