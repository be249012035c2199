import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xtcview.calib import geometry as geo
from xtcview.calib.assemble import (
    assemble,
    assembly,
    assembly_of,
    coverage,
    inverse_map,
    ndarray_from_image,
)
from xtcview.errors import GeometryError


def test_image_is_psanas(case):
    geometry, expected = case
    indexes = geo.pixel_indexes(geometry, wide_center=expected["wide_center"])
    plan = assembly(*indexes, interleaved=geo.is_interleaved(geometry))
    ramp = np.arange(plan.cells.size, dtype=np.float32).reshape(expected["shape"])
    image = assemble(ramp, plan)
    assert image.dtype == np.float32
    assert list(image.shape) == expected["image_shape"]
    assert zlib.crc32(image.tobytes()) == expected["ramp_image_crc32"]
    assert coverage(plan).sum() == expected["distinct_image_cells"]


def test_inverse_map_gathers_the_same_image():
    plan = assembly(*geo.pixel_indexes(geo.default("cspad2x2")), interleaved=True)
    panels = np.random.default_rng(1).integers(0, 16384, plan.panels_shape).astype(np.int16)
    inverse = inverse_map(plan)
    gathered = np.where(inverse < 0, -7, panels.ravel()[inverse])
    assert np.array_equal(gathered, assemble(panels, plan, gap=-7))
    assert np.array_equal(inverse >= 0, coverage(plan))


def test_an_image_goes_back_to_the_panels(case):
    geometry, expected = case
    indexes = geo.pixel_indexes(geometry, wide_center=expected["wide_center"])
    plan = assembly(*indexes, interleaved=geo.is_interleaved(geometry))
    ramp = np.arange(plan.cells.size, dtype=np.float32).reshape(expected["shape"])
    image = assemble(ramp, plan)
    back = ndarray_from_image(image, plan)
    assert (back.shape, back.dtype) == (ramp.shape, image.dtype)
    lost = plan.cells.size - expected["distinct_image_cells"]
    assert (back != ramp).sum() == lost
    assert np.array_equal(assemble(back, plan), image)


def test_the_assembly_of_a_table_is_made_once():
    plan = assembly_of(geo.default("epix10ka"))
    again = geo.default("epix10ka")
    assert assembly_of(again) is plan
    assert assembly_of(geo.without_twist(geo.default("pnccd"))) is not plan
    indexes = geo.pixel_indexes(again)
    assert np.array_equal(np.divmod(plan.cells, plan.shape[1]), indexes)


def test_an_image_of_another_geometry():
    with pytest.raises(GeometryError, match=r"image of shape \(2, 2\), found \(2, 3\)"):
        ndarray_from_image(np.zeros((2, 3)), small())


def small(interleaved=False):
    """Two segments of 1 x 2 pixels; (0,0,1) and (1,0,0) share cell (0,1), cell (1,0) is a gap."""
    rows = np.array([[[0, 0]], [[0, 1]]])
    cols = np.array([[[0, 1]], [[1, 1]]])
    return assembly(rows, cols, interleaved)


def test_last_writer_wins():
    panels = np.array([[[1, 2]], [[3, 4]]], np.int16)
    assert assemble(panels, small()).tolist() == [[1, 3], [0, 4]]
    # section fastest: (0,0,0) (1,0,0) (0,0,1) (1,0,1)
    assert assemble(panels, small(interleaved=True)).tolist() == [[1, 2], [0, 4]]


def test_gaps_are_told_from_data():
    panels = np.zeros((2, 1, 2), np.float32)
    image = assemble(panels, small(), gap=np.nan)
    assert np.isnan(image).tolist() == [[False, False], [True, False]]
    assert coverage(small()).tolist() == [[True, True], [False, True]]


def test_out_is_filled_and_returned():
    out = np.full((2, 2), 9, np.float64)
    image = assemble(np.ones(4, np.float32), small(), out=out)
    assert image is out
    assert out.tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("panels", "keywords", "words"),
    [
        (np.zeros(5, "f4"), {}, r"expected panels of shape \(2, 1, 2\).*found shape \(5,\)"),
        (np.zeros(4, "f4"), {"out": np.zeros((2, 3), "f4")}, r"out: expected .*\(2, 2\)"),
        (np.zeros(4, "f4"), {"out": np.zeros((2, 4), "f4")[:, ::2]}, r"C-contiguous"),
        (
            np.zeros(4, "f4"),
            {"out": np.zeros((2, 2), "i2")},
            r"int16 cannot hold .*float32",
        ),
        (np.zeros(4, "i2"), {"gap": np.nan}, r"gap value of nan does not fit into int16"),
        (np.zeros(4, "i2"), {"gap": 0.5}, r"gap value of 0.5"),
        (np.zeros(4, "u2"), {"gap": -1}, r"gap value of -1"),
    ],
)
def test_what_does_not_fit(panels, keywords, words):
    with pytest.raises(GeometryError, match=words):
        assemble(panels, small(), **keywords)


@pytest.mark.parametrize(
    ("rows", "cols"),
    [
        (np.zeros((1, 2, 2), int), np.zeros((1, 2, 3), int)),
        (np.zeros((0, 2, 2), int), np.zeros((0, 2, 2), int)),
        (np.full((1, 2, 2), -1), np.zeros((1, 2, 2), int)),
    ],
)
def test_indexes_that_place_nothing(rows, cols):
    with pytest.raises(GeometryError, match="row and column indexes"):
        assembly(rows, cols)


shapes = hnp.array_shapes(min_dims=3, max_dims=3, max_side=6)


@given(st.data(), shapes, st.booleans())
def test_nothing_is_lost_without_overlap(data, shape, interleaved):
    count = int(np.prod(shape))
    width = data.draw(st.integers(1, 20))
    cells = data.draw(st.permutations(range(2 * count)))[:count]
    rows, cols = np.divmod(np.array(cells).reshape(shape), width)
    plan = assembly(rows, cols, interleaved)
    panels = data.draw(hnp.arrays(np.int64, shape, elements=st.integers(-1000, 1000)))
    image = assemble(panels, plan)
    assert image.sum() == panels.sum()
    assert coverage(plan).sum() == count
    assert np.array_equal(image[rows, cols], panels)


@given(st.data(), shapes)
def test_psanas_assignment_with_overlap(data, shape):
    index = hnp.arrays(np.intp, shape, elements=st.integers(0, 4))
    rows, cols = data.draw(index), data.draw(index)
    panels = np.arange(1, rows.size + 1).reshape(shape)
    image = np.zeros((rows.max() + 1, cols.max() + 1), int)
    for row, col, value in zip(rows.flat, cols.flat, panels.flat, strict=True):
        image[row, col] = value
    assert np.array_equal(assemble(panels, assembly(rows, cols)), image)
