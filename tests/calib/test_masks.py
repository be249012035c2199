import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xtcview.calib import masks
from xtcview.errors import ConstantsError

BITS = {1: "edges", 2: "central", 4: "unbond", 8: "unbondnbrs", 16: "unbondnbrs8"}
SHAPE = masks.SENSOR_2X1
PSANAS = {  # bits -> pixels masked, crc32 of the mask
    1: (1142, 543939197),
    2: (370, 2780569502),
    4: (38, 2640826075),
    8: (184, 4069555977),
    12: (184, 4069555977),
    16: (332, 4050050174),
    31: (1834, 3150720767),
}


@pytest.mark.parametrize("bits", PSANAS)
def test_masks_of_a_2x1_are_psanas(bits):
    found = masks.geometric(SHAPE, **{name: bool(bits & bit) for bit, name in BITS.items()})
    assert found.dtype == np.uint8
    assert (np.count_nonzero(found == 0), zlib.crc32(found.tobytes())) == PSANAS[bits]


def test_unbonded_pixels(golden):
    rows, cols = np.nonzero(masks.of_unbonded(SHAPE) == 0)
    assert sorted(zip(rows.tolist(), cols.tolist(), strict=True)) == sorted(
        map(tuple, golden["unbonded_rowcol"])
    )
    assert masks.of_unbonded((704, 768)).all()
    assert masks.of_unbonded_neighbours((704, 768)).all()


@pytest.mark.parametrize(
    ("shape", "rows", "cols"),
    [
        (SHAPE, [], [193, 194]),
        ((704, 768), [351, 352], [383, 384]),
        ((352, 384), [175, 176], [191, 192]),
        ((512, 1024), [255, 256], [255, 256, 511, 512, 767, 768]),
        ((480, 640), [], []),
    ],
)
def test_borders_between_asics(shape, rows, cols):
    mask = masks.of_borders(shape)
    assert np.flatnonzero(~mask.any(axis=1)).tolist() == rows
    assert np.flatnonzero(~mask.any(axis=0)).tolist() == cols


def test_widths():
    assert masks.of_edges((6, 8), 2).sum() == 2 * 4
    assert masks.of_edges((6, 8), 0).all()
    assert masks.of_borders(SHAPE, 3).sum() == 185 * (388 - 6)
    for width in (-1, 4):
        with pytest.raises(ConstantsError, match=rf"width of {width} does not fit .*\(6, 8\)"):
            masks.of_edges((6, 8), width)


small = hnp.arrays(np.uint8, (2, 5, 6), elements=st.integers(0, 1))


@given(small, st.integers(0, 3), st.sampled_from("rcs"))
def test_neighbours_by_distance(mask, radius, pattern):
    found = masks.neighbours(mask, radius, pattern)
    near = {
        "r": lambda r, c: abs(r) + abs(c) <= radius,
        "c": lambda r, c: r * r + c * c <= radius * radius,
        "s": lambda r, c: max(abs(r), abs(c)) <= radius,
    }[pattern]
    bad = np.argwhere(mask == 0)
    for s, r, c in np.ndindex(*mask.shape):
        touched = any(s == bs and near(r - br, c - bc) for bs, br, bc in bad)
        assert found[s, r, c] == (not touched)


def test_an_unknown_pattern():
    with pytest.raises(ConstantsError, match="'x': expected 'r'"):
        masks.neighbours(np.ones((3, 3), np.uint8), 1, "x")


def test_merge():
    one, two = np.array([1, 1, 0], np.uint8), np.array([0, 1, 1], bool)
    assert masks.merge(one, None, two).tolist() == [0, 1, 0]
    assert masks.merge(None, None) is None
    assert masks.of_status(np.array([True, False])).tolist() == [0, 1]
