"""The loops for the compiler do what numpy does, bit by bit; also compiled, where numba is."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from xtcview.calib import histogram, kernels
from xtcview.calib.common_mode import CommonMode, common_mode, subtract_shift
from xtcview.calib.correct import calibrate

COMPILED = kernels.compiled
ODD = [0.0, -0.0, 0.25, -0.25, 0.5, -0.5, 62.75, 63.0, 63.25, -63.25, -63.5, -64.0, 1e6, -1e6]


@pytest.fixture
def values():
    rng = np.random.default_rng(7)
    noise = rng.normal(0, 30, 400).astype(np.float32)
    halves = (rng.integers(-300, 300, 200) / 4).astype(np.float32)
    odd = np.array([*ODD, np.nan, np.inf, -np.inf], np.float32)
    return np.concatenate([noise, halves, odd])


@pytest.fixture(params=["plain", "compiled"])
def loops(request, monkeypatch):
    """The loops as Python runs them, and what `compiled` gives here (plain without numba)."""
    plain = kernels.Kernels(kernels.near_codes, kernels.subtract_shift)
    COMPILED.cache_clear()
    yield plain if request.param == "plain" else COMPILED() or plain
    COMPILED.cache_clear()


def test_codes(values, loops, monkeypatch):
    monkeypatch.setattr(kernels, "compiled", lambda: None)
    expected = histogram._near_codes(values.reshape(1, -1))
    codes = np.empty(values.size, np.uint8)
    loops.near_codes(values, codes)
    assert codes.tobytes() == expected.tobytes()
    assert len(set(codes.tolist())) > 150


@pytest.mark.parametrize("shift", [0.0, 3.501724, -7.215865, 1 / 3, 1e-9])
def test_shifts(values, loops, monkeypatch, shift):
    monkeypatch.setattr(kernels, "compiled", lambda: None)
    expected, mine = values.copy(), values.copy()
    subtract_shift(expected, shift)
    loops.subtract_shift(mine, shift)
    assert mine.tobytes() == expected.tobytes()


def test_the_chain_with_and_without(loops, monkeypatch):
    rng = np.random.default_rng(8)
    raw = (1200 + rng.normal(4, 5, (3, 20, 30))).astype(np.int16)
    pedestals = np.full(raw.shape, 1200.3, np.float32)
    parameters = CommonMode(threshold=20, fallback=False)
    monkeypatch.setattr(kernels, "compiled", lambda: None)
    expected = calibrate(raw, pedestals, parameters)
    monkeypatch.setattr(kernels, "compiled", lambda: loops)
    found = calibrate(raw, pedestals, parameters)
    assert expected.common_mode[0].applied.all()
    assert found.panels.tobytes() == expected.panels.tobytes()
    assert np.array_equal(found.offsets, expected.offsets)
    turned = np.asfortranarray(found.panels)  # not in the order that the loops need
    assert np.isfinite(common_mode(turned, parameters)).all()


def test_numba_is_asked_to_let_go_of_pythons_lock(monkeypatch):
    asked = {}

    def njit(**options):
        asked.update(options)
        return lambda function: function

    kernels.compiled.cache_clear()
    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(njit=njit))
    monkeypatch.delenv(kernels.VARIABLE, raising=False)
    assert kernels.compiled() == (kernels.near_codes, kernels.subtract_shift)
    assert asked == {"nogil": True, "cache": True}
    kernels.compiled.cache_clear()
    monkeypatch.setenv(kernels.VARIABLE, "off")
    assert kernels.compiled() is None
    kernels.compiled.cache_clear()
    monkeypatch.delenv(kernels.VARIABLE)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert kernels.compiled() is None
    kernels.compiled.cache_clear()
