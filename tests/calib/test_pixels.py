import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtcview.calib import geometry as geo
from xtcview.calib import pixels
from xtcview.calib.assemble import assemble, assembly, assembly_of
from xtcview.calib.pixels import Address
from xtcview.errors import GeometryError

from .conftest import geometry_of

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "geometry-golden.json").read_text(encoding="utf-8")
)
CSPAD = (32, 185, 388)


def crc(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


@pytest.mark.parametrize("name", GOLDEN["areas"])
def test_areas_are_psanas(name):
    table = geometry_of(name)
    found = pixels.areas(table)
    assert found.shape == geo.segments_shape(table)
    values, counts = np.unique(found, return_counts=True)
    expected = {float(k): v for k, v in GOLDEN["areas"][name]["values"].items()}
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == expected
    assert found.sum() == GOLDEN["areas"][name]["sum"]


def test_wide_pixels_are_the_two_middle_columns():
    found = pixels.areas(geo.default("cspad"))
    assert np.unique(np.nonzero(found != 1)[2]).tolist() == [193, 194]


def test_the_frame_of_the_laboratory():
    expected, table = GOLDEN["cspad_lab_frame"], geo.default("cspad")
    xyz = pixels.to_lab(*geo.pixel_coordinates(table))
    for axis, values in zip("XYZ", xyz, strict=True):
        assert crc(np.rint(values * 1000).astype("<i8")) == expected["crc32"][axis]
    assert [v.min() for v in xyz] == pytest.approx(expected["min"], abs=1e-6)
    rows, cols = pixels.lab_indexes(table)
    assert crc(rows.astype("<i4")) == expected["crc32"]["row"]
    assert crc(cols.astype("<i4")) == expected["crc32"]["col"]
    plan = assembly(rows, cols)
    image = assemble(np.arange(plan.cells.size, dtype="f4"), plan)
    assert list(image.shape) == expected["image_shape"]
    assert crc(image) == expected["ramp_image_crc32"]
    back = pixels.to_lab(*xyz)
    for there, here in zip(geo.pixel_coordinates(table), back, strict=True):
        assert np.array_equal(there, here)


def test_axes_of_the_image():
    table = geo.quads_example()
    x, y, _ = geo.pixel_coordinates(table)
    rows, cols = geo.pixel_indexes(table)
    for axis, coordinate, index in ((0, x, rows), (1, y, cols)):
        along = pixels.image_axis(table, axis)
        assert along[0] == coordinate.min()
        assert len(along) == geo.image_shape(table)[axis]
        assert np.abs(along[index] - coordinate).max() <= 109.92 / 2 + 1e-6
    assert len(pixels.image_axis(table, 0, offset=10)) == len(pixels.image_axis(table, 0)) + 10
    assert pixels.image_axis(table, 0, offset=10)[10] == pytest.approx(x.min())
    assert np.diff(pixels.image_axis(table, 1, pitch=500.0)) == pytest.approx(500.0)


def test_the_beam():
    assert pixels.beam_centre(geo.quads_example()) == pytest.approx((857.9439, 860.1115), abs=1e-4)
    assert pixels.beam_centre(geo.default("cspad")) is None
    assert pixels.beam_centre(geo.without_twist(geo.default("cspad"))) is None
    assert pixels.pixel_size(geo.default("cspad")) == 109.92
    assert pixels.pixel_size(geo.default("epix100a")) == 50.0


def test_addresses_of_a_cspad():
    assert pixels.address(0, CSPAD) == Address(0, 0, 0, 0)
    assert pixels.address(9 * 71780 + 388 + 5, CSPAD) == Address(1, 1, 1, 5)
    assert pixels.flat(Address(3, 7, 184, 387), CSPAD) == 32 * 71780 - 1
    assert pixels.address(71780, (2, 185, 388)) == Address(0, 1, 0, 0)
    assert pixels.address(5 * 352 * 384, (16, 352, 384)) == Address(1, 1, 0, 0)


@given(st.lists(st.integers(0, 32 * 71780 - 1), max_size=20))
def test_an_address_goes_back(numbers):
    where = pixels.address(np.array(numbers, int), CSPAD)
    assert pixels.flat(where, CSPAD).tolist() == numbers


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Address(4, 0, 0, 0), "quad 4: expected 0 to 3"),
        (Address(0, 8, 0, 0), "section 8: expected 0 to 7"),
        (Address(0, 0, 185, 0), "row 185: expected 0 to 184"),
        (Address(0, 0, 0, -1), "column -1: expected 0 to 387"),
    ],
)
def test_addresses_of_no_pixel(where, words):
    with pytest.raises(GeometryError, match=words):
        pixels.flat(where, CSPAD)
    with pytest.raises(GeometryError, match="pixel 2296960: expected 0 to 2296959"):
        pixels.address(32 * 71780, CSPAD)


def test_from_a_cell_to_its_pixel_and_back(case):
    table, expected = case
    if expected["wide_center"]:
        return
    plan = assembly_of(table)
    for point in expected["points"]:
        number = np.ravel_multi_index((point["seg"], point["row"], point["col"]), plan.panels_shape)
        where = pixels.address(number, plan.panels_shape)
        assert pixels.cell_of(plan, where) == (point["iX"], point["iY"])
        shown = pixels.pixel_at(plan, point["iX"], point["iY"])
        assert pixels.cell_of(plan, shown) == (point["iX"], point["iY"])


def test_a_cell_without_a_pixel():
    plan = assembly_of(geo.quads_example())
    row, col = (round(v) for v in pixels.beam_centre(geo.quads_example()))
    assert pixels.pixel_at(plan, row, col) is None  # the hole for the beam
    assert pixels.pixel_at(plan, -1, 0) is pixels.pixel_at(plan, 0, plan.shape[1]) is None


def test_projection_onto_a_plane():
    x, y, z = np.array([1000.0, 10.0]), np.array([2000.0, 20.0]), np.array([-50_000.0, 0.0])
    at = pixels.at_plane(x, y, z, -100_000.0)
    assert [v.tolist() for v in at] == [[2000.0, 0.0], [4000.0, 0.0]]
    assert pixels.at_plane(x, y, z, 999.0)[0] is x
    xyz = geo.pixel_coordinates(geo.quads_example())
    flat = pixels.at_plane(*xyz)  # all pixels stand in one plane already
    assert np.allclose(flat[0], xyz[0], rtol=1e-12)
