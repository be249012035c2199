import numpy as np
import pytest
import viewer_fakes as fakes

from xtcview.calib.geometry import (
    Orientation,
    default,
    image_shape,
    orient,
    pixel_indexes,
    quads_example,
    tiles,
    upright,
    without_twist,
)
from xtcview.viewer.layout import (
    GAP,
    arranged,
    grid_picture,
    image_picture,
    index_map,
    raw_pictures,
    stack_picture,
    to_canvas,
    turned,
)

SHAPE = fakes.SHAPE
NUMBERS = np.arange(np.prod(SHAPE), dtype=np.uint32).reshape(SHAPE)


@pytest.mark.parametrize("picture", raw_pictures(SHAPE), ids=lambda p: p.key)
def test_raw_pictures_at_full_size_are_the_arranged_array(picture):
    size = picture.rows, picture.cols
    drawn = index_map(picture, *size, SHAPE, 1)
    assert np.array_equal(drawn, arranged(NUMBERS, picture.key))


def test_arrangements_follow_their_rules():
    segment, row, col = 21, 100, 57  # quad 2, section 5
    number = NUMBERS[segment, row, col]
    assert arranged(NUMBERS, "stack")[segment * 185 + row, col] == number
    assert arranged(NUMBERS, "grid")[5 * 185 + row, 2 * 388 + col] == number
    assert arranged(NUMBERS, "stack").shape == (5920, 388)
    assert arranged(NUMBERS, "grid").shape == (1480, 1552)


def test_only_a_cspad_has_two_arrangements():
    assert [p.key for p in raw_pictures(SHAPE)] == ["grid", "stack"]
    assert [p.label for p in raw_pictures((2, 185, 388))] == ["370 × 388"]
    assert [p.label for p in raw_pictures((1, 480, 640))] == ["480 × 640"]


def test_geometry_picture_agrees_with_the_assembled_image():
    geometry = quads_example()
    picture = image_picture(tiles(geometry, upright(geometry)))
    drawn = index_map(picture, picture.rows, picture.cols, SHAPE, 1)
    rows, cols = pixel_indexes(geometry)
    psana = np.full((rows.max() + 1, cols.max() + 1), GAP, np.uint32)
    psana[rows, cols] = NUMBERS
    turned = np.rot90(psana)
    assert drawn.shape == turned.shape
    both = (drawn != GAP) & (turned != GAP)
    assert both.sum() > 0.995 * NUMBERS.size
    seg_a, row_a, col_a = np.unravel_index(drawn[both], SHAPE)
    seg_b, row_b, col_b = np.unravel_index(turned[both], SHAPE)
    same = seg_a == seg_b
    assert same.mean() > 0.999
    assert np.abs(row_a - row_b)[same].max() <= 1
    assert np.abs(col_a - col_b)[same].max() <= 1


@pytest.mark.parametrize("table", [quads_example(), without_twist(default("cspad"))])
@pytest.mark.parametrize("rot90", range(4))
@pytest.mark.parametrize("flip", [False, True])
def test_a_pixel_is_drawn_in_the_cell_of_the_assembled_image(table, rot90, flip):
    picture = image_picture(tiles(table, Orientation(rot90, flip)))
    drawn = index_map(picture, picture.rows, picture.cols, SHAPE, 1)
    rows, cols = pixel_indexes(table)
    image = np.full((rows.max() + 1, cols.max() + 1), GAP, np.uint32)
    image[rows, cols] = NUMBERS
    image = orient(image, Orientation(rot90, flip))
    both = (drawn != GAP) & (image != GAP)
    assert both.sum() > 0.995 * NUMBERS.size
    assert (drawn == image)[both].mean() >= 0.995


@pytest.mark.parametrize("table", [quads_example(), without_twist(default("cspad"))])
def test_geometry_picture_has_the_size_of_the_turned_image(table):
    picture = image_picture(tiles(table, upright(table)))
    assert (picture.rows, picture.cols) == image_shape(table)[::-1]


def test_gaps_are_gaps():
    picture = image_picture(tiles(quads_example(), upright(quads_example())))
    drawn = index_map(picture, 300, 300, SHAPE, 2)
    assert 0.05 < (drawn == GAP).mean() < 0.5
    assert drawn[drawn != GAP].max() < 32 * 93 * 194


@pytest.mark.parametrize("key", ["grid", "stack", "image"])
def test_canvas_position_of_a_pixel_shows_that_pixel(key):
    picture, size = PICTURES[key], 900
    drawn = index_map(picture, size, size, SHAPE, 2).astype(np.int64)
    rng = np.random.default_rng(5)
    found = 0
    for segment, row, col in zip(*(rng.integers(0, n, 300) for n in SHAPE), strict=True):
        at = to_canvas(picture, size, size, segment, row, col)
        assert at is not None
        seen = drawn[int(at[0]), int(at[1])]
        if seen == GAP:
            continue  # less than a canvas pixel beside an edge
        s, r, c = np.unravel_index(seen, (32, 93, 194))
        step = 1 if key != "stack" else 4  # blocks per canvas pixel
        near = s == segment and abs(r - row // 2) <= step and abs(c - col // 2) <= 1
        found += near
    assert found >= 290  # the rest lies on an edge or under another panel


PICTURES = {
    "grid": grid_picture(SHAPE),
    "stack": stack_picture(SHAPE),
    "image": image_picture(tiles(quads_example(), upright(quads_example()))),
}


def test_a_pixel_outside_of_all_tiles_has_no_place():
    assert to_canvas(PICTURES["grid"], 600, 600, 40, 0, 0) is None


@pytest.mark.parametrize("flip", [False, True])
def test_a_turn_turns_what_is_on_screen(flip):
    image = np.arange(6).reshape(2, 3)
    before = Orientation(rot90=1, flip=flip)
    seen = orient(image, before)
    assert np.array_equal(orient(image, turned(before, mirror=False)), np.rot90(seen))
    assert np.array_equal(orient(image, turned(before, mirror=True)), seen[:, ::-1])
