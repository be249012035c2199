"""Kernels of numba: the same bits as numpy, with and without it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from xtcview.reduce import kernels, ops

SHAPE = (3, 7, 9)
NAMES = ("sum", "mean", "std", "min", "max")


@pytest.fixture(autouse=True)
def _unloaded():
    kernels.unload()
    yield
    kernels.unload()


def frames_of(dtype: str, n: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(n)
    if np.dtype(dtype).kind == "f":
        frames = rng.normal(0, 3000, (n, *SHAPE)).astype(dtype)
    else:
        info, native = np.iinfo(dtype), np.dtype(dtype).newbyteorder("=")
        frames = rng.integers(info.min, info.max, (n, *SHAPE), native, endpoint=True).astype(dtype)
    return list(frames), list(rng.random((n, 3)) < 0.9)


def state_of(names, dtype: str) -> list[np.ndarray]:
    wanted = ops.find(names)
    frames, held = frames_of(dtype, 31)
    state = ops.zero(wanted, SHAPE, dtype, 31)
    for at in range(0, 31, kernels.SIDE):
        ops.add(wanted, state, frames[at : at + 4], held[at : at + 4])
    return state


@pytest.mark.parametrize(
    "names", [NAMES, ("sum",), ("min", "max"), ("std",), "mean, histogram(-500, 500, 7)"]
)
@pytest.mark.parametrize("dtype", ["<i2", "<u2", "|u1", "<i4", "<f4", "<f8", ">i2"])
def test_the_same_bits(names, dtype):
    if dtype == "<i4" and "std" in names:
        names = ("sum", "min", "max")  # squares of 32 bits do not fit
    plain = state_of(names, dtype)
    assert kernels.load()
    assert (kernels.kernel([np.zeros(3, dtype)]) is None) == (dtype == ">i2")
    for a, b in zip(plain, state_of(names, dtype), strict=True):
        assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes())


def test_without_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not kernels.load()
    assert not kernels.load()
    assert kernels.kernel([np.zeros(3, "i2")]) is None
    assert kernels.counter() is None
    assert len(state_of(NAMES, "<i2")) == 4


def test_nowhere_to_keep_compiled_code(monkeypatch):
    asked = []

    def njit(nogil, cache=False):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(njit=njit))
    plain = state_of(NAMES, "<i2")
    assert kernels.load()
    assert asked == [True, False] * 3
    for a, b in zip(plain, state_of(NAMES, "<i2"), strict=True):
        assert a.tobytes() == b.tobytes()


def test_switched_off(monkeypatch):
    monkeypatch.setenv("XTCVIEW_NUMBA", "off")
    assert not kernels.load()
    assert kernels.counter() is None


def test_getting_ready_is_no_part_of_an_events_time(monkeypatch):
    assert ops.warm(ops.find(NAMES), "<i2", 10) < 1  # nothing to compile yet
    asked = []
    monkeypatch.setitem(kernels._kernels, "i", lambda *arrays: asked.append(arrays))
    ops.warm(ops.find("min, sum, above(3)"), "<i2", 10)
    total, square, low, high, *frames = asked[0]
    assert square is high is None
    assert [array.dtype.name for array in (total, low, *frames)] == [
        "int32",
        "int16",
        *["int16"] * 4,
    ]
