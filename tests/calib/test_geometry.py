import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtcview.calib import geometry as geo
from xtcview.calib.segments import MAX_SIDE, segment
from xtcview.errors import GeometryError


def crc(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def one(kind="SENS2X1:V1", parent="IP", **fields):
    """A geometry of one segment."""
    row = geo.Row(parent, 0, kind, 0, *(0.0,) * 9)._replace(**fields)
    return geo.Geometry((row,), (), "one")


def test_coordinates_are_psanas(case):
    geometry, expected = case
    xyz = geo.pixel_coordinates(geometry, expected["wide_center"])
    assert list(xyz[0].shape) == expected["shape"]
    for axis, values in zip("XYZ", xyz, strict=True):
        assert crc(np.rint(values * 1000).astype("<i8")) == expected["crc32"][axis]
    assert [v.min() for v in xyz] == pytest.approx(expected["min"], abs=1e-6)
    assert [v.max() for v in xyz] == pytest.approx(expected["max"], abs=1e-6)


def test_indexes_are_psanas(case):
    geometry, expected = case
    rows, cols = geo.pixel_indexes(geometry, wide_center=expected["wide_center"])
    assert rows.dtype == cols.dtype == np.intp
    assert [rows.sum(), cols.sum()] == expected["index_sums"]
    assert crc(rows.astype("<i4")) == expected["crc32"]["row"]
    assert crc(cols.astype("<i4")) == expected["crc32"]["col"]
    assert list(geo.image_shape(geometry)) == expected["image_shape"]
    assert list(geo.segments_shape(geometry)) == expected["shape"]


def test_points(case):
    geometry, expected = case
    xyz = geo.pixel_coordinates(geometry, expected["wide_center"])
    rows, cols = geo.pixel_indexes(geometry, wide_center=expected["wide_center"])
    for point in expected["points"]:
        at = point["seg"], point["row"], point["col"]
        assert [v[at] for v in xyz] == pytest.approx([point[a] for a in "XYZ"], abs=6e-4)
        assert (rows[at], cols[at]) == (point["iX"], point["iY"])


def test_origin_in_the_image(case):
    geometry, expected = case
    if "origin" in expected:
        # psana counts from the corner of the first cell, we count from its centre
        position = np.add(geo.point_position(geometry), 0.5)
        assert position == pytest.approx(expected["origin"], abs=6e-5)
    shape = geo.image_shape(geometry)
    low, high = expected["min"], expected["max"]
    assert geo.point_position(geometry, low[0], low[1]) == pytest.approx((0, 0), abs=1e-6)
    last = geo.point_position(geometry, high[0], high[1])
    assert last == pytest.approx(np.subtract(shape, 1), abs=0.5)


@pytest.mark.parametrize("wide", [False, True])
def test_local_coordinates_of_a_2x1(golden, wide):
    expected = golden["segment_SENS2X1_V1"][f"wide_center_{wide}"]
    sensor = segment("SENS2X1:V1", wide)
    for col, x in expected["x_cols"].items():
        assert sensor.x[0, int(col)] == pytest.approx(x)
    for row, y in expected["y_rows"].items():
        assert sensor.y[int(row), 0] == pytest.approx(y)
    assert np.abs(sensor.x).sum() == pytest.approx(expected["x_sum_abs"])
    assert not sensor.x.flags.writeable


def test_matrix_geometry_leaves_the_image_alone():
    geometry = geo.matrix_geometry(5, 7, 12.5)
    rows, cols = geo.pixel_indexes(geometry)
    assert np.array_equal(rows[0], np.arange(5)[:, None] + np.zeros((1, 7)))
    assert np.array_equal(cols[0], np.zeros((5, 1)) + np.arange(7))
    assert geo.upright(geometry) == geo.Orientation(0, False)


def test_kinds_given_by_their_name():
    plain, centred = segment("MTRX:4:6:50:25"), segment("MTRX:V2:4:6:50:25")
    assert plain.x.ravel().tolist() == [0, 50, 100, 150]
    assert plain.y.ravel().tolist() == [0, 25, 50, 75, 100, 125]
    assert centred.x.ravel().tolist() == [-62.5, -37.5, -12.5, 12.5, 37.5, 62.5]
    assert centred.y.ravel().tolist() == [75, 25, -25, -75]


@pytest.mark.parametrize(
    "kind",
    ["MTRX:4:6:50", "MTRX:0:6:50:50", f"MTRX:{MAX_SIDE + 1}:6:50:50", "MTRX:4:6:0:50", "MTRX:a"],
)
def test_kinds_given_by_a_wrong_name(kind):
    with pytest.raises(GeometryError, match="MTRX"):
        segment(kind)


def test_unknown_kind_has_a_hint():
    with pytest.raises(GeometryError, match="Did you mean 'SENS2X1:V1'"):
        segment("SENS2X1:V2")
    with pytest.raises(GeometryError, match="no segment with a pixel table"):
        geo.image_shape(one("SENS2X1:V9"))


def test_versions_of_a_sensor():
    v1, v2 = segment("JUNGFRAU:V1"), segment("JUNGFRAU:V2")
    assert np.array_equal(v1.y, -v2.y)
    assert np.array_equal(v1.x, v2.x)
    assert v1.x[0, [0, 256, 512, 768]].tolist() == [-38587.5, -19237.5, 112.5, 19462.5]
    assert segment("EPIX10KA:V2").x[0, 192] == 175.0
    assert segment("EPIX10KA:V1").x[0, 192] == 200.0


def test_z_is_negative_downstream_of_the_interaction_point():
    assert geo.pixel_coordinates(one(z0=100.0))[2].max() == -100.0
    assert geo.pixel_coordinates(one(z0=-100.0))[2].max() == -100.0
    assert geo.pixel_coordinates(one(parent="DET", z0=100.0))[2].max() == 100.0


def test_angles_turn_in_the_order_z_y_x():
    # local x axis of the sensor: to y, then (y by 90 about y) stays, then about x to z
    geometry = one(rot_z=90.0, rot_y=90.0, rot_x=90.0)
    x, y, z = (v[0, 92, 387] for v in geo.pixel_coordinates(geometry))
    assert (x, y, z) == pytest.approx((0.0, 0.0, 21434.4), abs=1e-6)


def test_segments_follow_the_tree_in_the_order_of_the_lines():
    def row(parent, index, kind, number, x):
        return geo.Row(parent, index, kind, number, x, *(0.0,) * 8)

    rows = (
        row("QUAD", 1, "MTRX:1:1:1:1", 0, 0.0),
        row("QUAD", 0, "MTRX:1:1:1:1", 1, 1.0),
        row("QUAD", 0, "MTRX:1:1:1:1", 0, 2.0),
        row("IP", 0, "DET", 0, 0.0),
        row("DET", 0, "QUAD", 1, 10.0),
        row("DET", 0, "QUAD", 0, 20.0),
    )
    x, _, _ = geo.pixel_coordinates(geo.Geometry(rows))
    assert x.ravel().tolist() == [10.0, 21.0, 22.0]


def test_offset_adds_empty_cells():
    rows, cols = geo.pixel_indexes(one())
    moved = geo.pixel_indexes(one(), offset=(3, -5))
    assert np.array_equal(moved[0], rows + 3)
    assert np.array_equal(moved[1], cols)
    assert geo.image_shape(one(), offset=(3, -5))[0] == rows.max() + 4


def test_coarser_cells():
    rows, cols = geo.pixel_indexes(one(), pitch=219.84)
    assert (rows.max() + 1, cols.max() + 1) == geo.image_shape(one(), pitch=219.84) == (196, 93)


def test_without_twist_touches_defaults_only():
    default = geo.default("cspad")
    straight = geo.without_twist(default)
    assert straight.rows[:-1] == default.rows[:-1]
    assert straight.rows[-1].tilt_z == 0
    assert straight.is_default
    deployed = geo.Geometry(default.rows)
    assert geo.without_twist(deployed) is deployed


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((one().rows[0], one("MTRX:1:1:1:1", object_index=1).rows[0]), "different shapes"),
        ((one("DET").rows[0],), "no other object"),
        ((one().rows[0], one(parent="SENS2X1:V1", object_index=1).rows[0]), "cannot hold"),
        ((), "no segment"),
        ((one().rows[0], one(object_index=1, x0=1e9).rows[0]), "check the origins"),
    ],
)
def test_tables_without_an_image(rows, words):
    with pytest.raises(GeometryError, match=words):
        geo.image_shape(geo.Geometry(rows, (), "table"))


def test_too_many_pixels():
    side = "MTRX:16384:16384:1:1"
    rows = tuple(one(side, object_index=i).rows[0] for i in range(2))
    with pytest.raises(GeometryError, match="too many pixels"):
        geo.pixel_coordinates(geo.Geometry(rows))


def test_only_the_2x2_is_interleaved():
    assert geo.is_interleaved(geo.default("cspad2x2"))
    assert not geo.is_interleaved(geo.default("cspad"))


def test_upright():
    assert geo.upright(geo.quads_example()) == geo.Orientation(1, False)
    assert geo.upright(geo.default("cspad")) == geo.Orientation(1, False)
    assert geo.upright(one(rot_z=90.0)) == geo.Orientation(0, False)
    assert geo.upright(geo.default("jungfrau05m")) == geo.Orientation(0, False)


orientations = st.builds(geo.Orientation, st.integers(-4, 7), st.booleans())


@given(orientations)
def test_orient_turns_counter_clockwise_then_mirrors(orientation):
    image = np.arange(6).reshape(2, 3)
    expected = np.rot90(image, orientation.rot90)
    expected = np.fliplr(expected) if orientation.flip else expected
    assert np.array_equal(geo.orient(image, orientation), expected)
    assert np.shares_memory(geo.orient(image, orientation), image)


@pytest.mark.parametrize("rot90", range(4))
@pytest.mark.parametrize("flip", [False, True])
def test_tiles_agree_with_the_turned_image(displayed, rot90, flip):
    orientation = geo.Orientation(rot90, flip)
    rows, cols = geo.pixel_indexes(displayed)
    shape = geo.image_shape(displayed)
    canvas = geo.tile_shape(displayed, orientation)
    turned = geo.orient(np.arange(shape[0] * shape[1]).reshape(shape), orientation)
    assert turned.shape == canvas
    # where each cell of the image went
    place = np.empty(turned.size, np.intp)
    place[turned.ravel()] = np.arange(turned.size)
    y_true, x_true = np.divmod(place[rows * shape[1] + cols], canvas[1])
    covered = np.zeros(rows.shape, int)
    for tile in geo.tiles(displayed, orientation):
        r, c = np.ogrid[: tile["rows"], : tile["cols"]]
        block = (
            tile["segment"],
            slice(tile["row0"], tile["row0"] + tile["rows"]),
            slice(tile["col0"], tile["col0"] + tile["cols"]),
        )
        covered[block] += 1
        for axis, true in (("x", x_true), ("y", y_true)):
            drawn = tile[f"{axis}0"] + r * tile[f"d{axis}_row"] + c * tile[f"d{axis}_col"]
            assert np.abs(drawn - true[block]).max() <= 0.5 + 1e-6
    assert (covered == 1).all()


def test_number_of_tiles():
    upright = geo.Orientation(1)
    assert len(geo.tiles(geo.default("cspad"), upright)) == 64
    assert len(geo.tiles(geo.default("epix100a"), upright)) == 4
    assert len(geo.tiles(geo.default("jungfrau05m"), upright)) == 8
    assert len(geo.tiles(geo.matrix_geometry(1, 8, 5.0), upright)) == 1
    tiles = geo.tiles(geo.quads_example(), upright)
    assert tiles.dtype == geo.TILE
    assert set(tiles["cols"]) == {194}
    lengths = np.hypot(tiles["dx_col"], tiles["dy_col"])
    assert lengths == pytest.approx(1.0)
