import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from xtcview.calib import alignment
from xtcview.calib import geometry as geo
from xtcview.calib.geometry_access import GeometryAccess, img_from_pixel_arrays
from xtcview.errors import GeometryError

LAB = json.loads(
    (Path(__file__).parents[1] / "golden" / "geometry-golden.json").read_text(encoding="utf-8")
)["cspad_lab_frame"]
QUADS = GeometryAccess.of(geo.quads_example())


def crc(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def test_it_is_still_the_geometry(case):
    table, expected = case
    if expected["wide_center"]:
        return
    access = GeometryAccess.of(table)
    assert (access.rows, access.is_default) == (table.rows, table.is_default)
    rows, _ = geo.pixel_indexes(access)
    assert crc(rows.astype("<i4")) == expected["crc32"]["row"]
    assert access.is_valid()
    assert type(geo.without_twist(access)) is GeometryAccess


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("cspad", (1, 32, 185, 388)),
        ("cspad2x2", (1, 185, 388, 2)),
        ("epix100a", (1, 704, 768)),
        ("jungfrau05m", (1, 1, 512, 1024)),
    ],
)
def test_shapes_are_psanas(name, shape):
    access = GeometryAccess.of(geo.default(name))
    x, y, z = access.get_pixel_coords()
    rows, cols = access.get_pixel_coord_indexes()
    assert {a.shape for a in (x, y, z, rows, cols, access.get_pixel_areas())} == {shape}
    natural = geo.pixel_coordinates(access)[0]
    back = np.moveaxis(x[0], -1, 0) if name == "cspad2x2" else x.reshape(natural.shape)
    assert np.array_equal(back, natural)


def test_an_image_the_old_way(golden):
    access = GeometryAccess.of(geo.default("cspad2x2"))
    rows, cols = access.get_pixel_coord_indexes()
    ramp = np.arange(2 * 185 * 388, dtype="f4").reshape(2, 185, 388)
    image = img_from_pixel_arrays(rows, cols, W=np.moveaxis(ramp, 0, -1))
    assert crc(image) == golden["geometry"]["cspad2x2"]["ramp_image_crc32"]
    assert img_from_pixel_arrays(rows, cols, vbase=-1).min() == -1
    with pytest.raises(GeometryError, match=r"different sizes: rows 143560, .* values 3"):
        img_from_pixel_arrays(rows, cols, W=[1, 2, 3])


def test_a_quad():
    x, y, z = QUADS.get_pixel_coords("QUAD:V1", 1)
    whole = QUADS.get_pixel_coords()
    assert whole[0].shape == (1, 4, 8, 185, 388)
    assert x.shape == y.shape == z.shape == (8, 185, 388)
    assert np.allclose(whole[0][0, 1], x)
    assert QUADS.get_pixel_areas("QUAD:V1", 1).shape == (8, 185, 388)
    assert QUADS.get_pixel_scale_size("QUAD:V1", 1) == 109.92
    rows, _ = QUADS.get_pixel_coord_indexes("QUAD:V1", 1, xy0_off_pix=(1000, 1000))
    assert rows.min() == 1000


def test_without_tilts():
    x, _, _ = GeometryAccess.of(geo.default("cspad")).get_pixel_coords(do_tilt=False)
    steps = np.diff(x[0, 0, :, 0])
    assert np.abs(np.abs(steps) - 109.92).max() < 1e-6  # exactly along an axis


def test_the_frame_of_the_laboratory():
    access = GeometryAccess.of(geo.default("cspad"))
    for axis, values in zip("XYZ", access.get_pixel_coords(cframe=1), strict=True):
        assert crc(np.rint(values * 1000).astype("<i8")) == LAB["crc32"][axis]
    rows, cols = access.get_pixel_coord_indexes(cframe=1)
    assert crc(rows.astype("<i4")) == LAB["crc32"]["row"]
    assert crc(cols.astype("<i4")) == LAB["crc32"]["col"]
    moved = access.get_pixel_coord_indexes(cframe=1, xy0_off_pix=(3, 5))
    assert (moved[0].min(), moved[1].min()) == (rows.min() + 5, cols.min() + 3)


def test_points(case):
    table, expected = case
    if "origin" not in expected or expected["wide_center"]:
        return
    access = GeometryAccess.of(table)
    found = access.point_coord_indexes(fract=True)
    assert found == pytest.approx(expected["origin"], abs=6e-5)
    assert access.point_coord_indexes() == tuple(np.floor(expected["origin"]))


def test_points_in_the_frame_of_the_laboratory():
    access = GeometryAccess.of(geo.default("cspad"))
    rows, cols = access.get_pixel_coord_indexes(cframe=1)
    x, y, _ = access.get_pixel_coords(cframe=1)
    for at in ((0, 0, 0, 0), (0, 12, 50, 300), (0, 31, 184, 387)):
        point = (float(x[at]), float(y[at]))
        assert access.point_coord_indexes(point, cframe=1) == (rows[at], cols[at])
        moved = access.point_coord_indexes(point, cframe=1, xy0_off_pix=(3, 5))
        assert moved == (rows[at] + 5, cols[at] + 3)


def test_projection_and_vectors():
    x, y = QUADS.get_pixel_xy_at_z(zplane=-200_000.0)
    whole = QUADS.get_pixel_coords()
    assert np.allclose(x, 2 * whole[0])
    assert np.allclose(y, 2 * whole[1])
    psf = np.array(QUADS.get_psf())
    assert psf.shape == (32, 3, 3)
    assert np.allclose(np.linalg.norm(psf[:, 1:], axis=2), 109.92)
    assert np.allclose(psf[:, 0, 0], whole[0].reshape(32, 185, 388)[:, 0, 0])


def test_objects_comments_and_files(tmp_path):
    assert QUADS.get_geo("QUAD:V1", 2).rot_z == 270
    assert QUADS.get_top_geo().object == "CSPAD:V1"
    assert QUADS.get_dict_of_comments()[0] == "TITLE CSPAD 2.3M with four quads, example"
    QUADS.save_pars_in_file(tmp_path / "0-end.data")
    assert geo.read(tmp_path / "0-end.data").rows == QUADS.rows
    with pytest.raises(GeometryError, match="cannot be written: Is a directory"):
        QUADS.save_pars_in_file(tmp_path)


@pytest.mark.parametrize(
    ("method", "instead"),
    [("move_geo", "moved"), ("tilt_geo", "turned"), ("set_geo_pars", "with_fields")],
)
def test_it_does_not_change(method, instead):
    with pytest.raises(GeometryError, match=f"alignment.{instead} returns"):
        getattr(QUADS, method)("QUAD:V1", 1, 10, 20, 0)
    assert callable(getattr(alignment, instead))


def test_a_tree_of_uneven_levels_has_no_shape():
    rows = tuple(r for r in QUADS.rows if r[:4] != ("QUAD:V1", 3, "SENS2X1:V1", 7))
    x, _, _ = GeometryAccess(rows).get_pixel_coords()
    assert x.shape == (31, 185, 388)
