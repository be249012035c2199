import numpy as np
import pytest
from matplotlib import colormaps

from xtcview.viewer import colours
from xtcview.viewer.frames import Coded, encode, make_mask


@pytest.mark.parametrize("name", [n for n in colours.ANCHORS if not n.startswith("grey")])
def test_tables_agree_with_matplotlib(name):
    full = colormaps[name](np.arange(256))[:, :3] * 255
    assert np.abs(colours.table(name) - full).max() <= 6.5


def test_greys_run_from_black_to_white_and_back():
    assert np.array_equal(colours.table("grey")[:, 0], np.arange(256))
    assert np.array_equal(colours.table("grey inverted"), colours.table("grey")[::-1])


def test_limits_are_percentiles_of_what_has_a_value():
    panels = np.arange(10_000, dtype=np.int16).reshape(1, 100, 100)
    coded = encode(panels, 1, make_mask(panels.shape, 1))
    low, high = colours.limits(coded)
    assert low == pytest.approx(100, abs=60)
    assert high == pytest.approx(9990, abs=60)


def test_limits_without_any_value():
    empty = Coded(np.zeros((1, 2, 2), np.uint8), np.full(256, np.nan, np.float32), 1)
    assert colours.limits(empty) == (0.0, 1.0)


@pytest.mark.parametrize("scale", colours.SCALES)
def test_scales_keep_order_and_ends(scale):
    t = colours.stretch(np.linspace(-10, 110, 200), 0, 100, scale)
    assert t[0] == 0
    assert t[-1] == pytest.approx(1)
    assert np.all(np.diff(t) >= 0)
    forward, back = colours.SCALE_FUNCTIONS[scale]
    assert np.allclose(back(forward(np.linspace(0, 1, 50))), np.linspace(0, 1, 50))
