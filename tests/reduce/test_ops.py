"""Ops against the plain way; any split and order of merging gives the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reduce_fakes import FakeDetector, FakeRun, expected

from xtcview.errors import XtcError
from xtcview.reduce import ops

NAMES = ("sum", "mean", "std", "min", "max")
SHAPE = (3, 2, 4)


def frames_of(dtype: str, n: int, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        frames = rng.normal(1200, 300, (n, *SHAPE)).astype(dtype)
    else:
        info = np.iinfo(dtype)
        frames = rng.integers(info.min, info.max, (n, *SHAPE), dtype, endpoint=True)
    held = rng.random((n, SHAPE[0])) < 0.8
    frames[~held] = 0
    return list(frames), list(held)


def accumulate(names, frames, held, events=None):
    wanted = ops.find(names)
    state = ops.zero(wanted, SHAPE, frames[0].dtype, events or len(frames))
    ops.add(wanted, state, frames, held)
    return state


def results(names, state, held, dtype):
    return ops.finalize(ops.find(names), state, np.sum(held, axis=0, dtype=np.int64), dtype)


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("dtype", ["<i2", "<u2", "|u1"])
def test_integers_are_exact(dtype):
    run = FakeRun(n=30, dtype=dtype, partial=[3, 4, 5])
    det, numbers = FakeDetector(run), list(range(30))
    frames = [det.frame(k) for k in numbers]
    held = [np.array([True, k not in (3, 4, 5), True]) for k in numbers]
    wanted = ops.find(NAMES)
    state = ops.zero(wanted, run.shape, dtype, 30)
    ops.add(wanted, state, frames, held)
    found = ops.finalize(wanted, state, np.sum(held, axis=0, dtype=np.int64), dtype)
    for name, array in expected(run, numbers).items():
        np.testing.assert_array_equal(found[name], array)
    assert found["sum"].dtype == np.int64
    assert {found[name].dtype for name in NAMES[1:]} == {np.dtype("f8")}


@pytest.mark.parametrize("dtype", ["<i2", "<u2", "|u1", "<f4"])
@given(data=st.data())
def test_any_split_merges_to_the_same_bits(dtype, data):
    n = data.draw(st.integers(1, 12))
    frames, held = frames_of(dtype, n, seed=data.draw(st.integers(0, 5)))
    whole = results(NAMES, accumulate(NAMES, frames, held), held, dtype)
    order = data.draw(st.permutations(range(n)))
    cuts = sorted(data.draw(st.sets(st.integers(1, n), max_size=n)) | {n})
    wanted = ops.find(NAMES)
    total = ops.zero(wanted, SHAPE, dtype, 10**6 if np.dtype(dtype).kind != "f" else 1000)
    chunks = [order[a:b] for a, b in zip([0, *cuts], cuts, strict=False)]
    for chunk in data.draw(st.permutations(chunks)):
        part = accumulate(NAMES, [frames[k] for k in chunk], [held[k] for k in chunk])
        ops.merge(wanted, total, part)
    split = results(NAMES, total, held, dtype)
    for name in NAMES:
        assert same_bits(whole[name], split[name]), name


def test_segments_that_no_event_holds_have_no_value():
    frames, held = [np.zeros(SHAPE, "i2")], [np.array([True, False, True])]
    found = results(NAMES, accumulate(NAMES, frames, held), held, "i2")
    assert np.all(found["sum"][1] == 0)
    for name in NAMES[1:]:
        assert np.isnan(found[name][1]).all()
        assert not np.isnan(found[name][[0, 2]]).any()


def test_sums_widen_before_they_overflow():
    wanted = ops.find("sum")
    assert ops.zero(wanted, SHAPE, "i2", 65535)[0].dtype == np.int32
    assert ops.zero(wanted, SHAPE, "i2", 65536)[0].dtype == np.int64
    assert ops.zero(wanted, SHAPE, "u2", 32768)[0].dtype == np.int32
    assert ops.zero(wanted, SHAPE, "u2", 32769)[0].dtype == np.int64
    frames = [np.full(SHAPE, 65535, "u2")] * 32768
    held = [np.ones(3, bool)] * 32768
    state = accumulate("sum", frames, held)
    assert np.all(state[0] == 65535 * 32768)


@pytest.mark.parametrize(
    ("names", "dtype", "events"),
    [("std", "u4", 1), ("std", "f4", 1 << 20), ("std", "i2", 1 << 32), ("sum", "u8", 2)],
)
def test_what_does_not_fit_64_bits_is_refused(names, dtype, events):
    with pytest.raises(XtcError, match=r"do(es)? not fit 64 bits"):
        ops.zero(ops.find(names), SHAPE, dtype, events)


def test_calibrated_values_are_rounded_to_the_stated_step():
    value = np.float32(1000.123456)
    frames, held = [np.full(SHAPE, value, "f4")] * 3, [np.ones(3, bool)] * 3
    found = results(NAMES, accumulate(NAMES, frames, held), held, "f4")
    assert abs(found["mean"][0, 0, 0] - float(value)) <= ops.FIXED_STEP / 2
    assert found["sum"][0, 0, 0] == 3 * round(float(value) * 65536) / 65536
    assert found["min"][0, 0, 0] == found["max"][0, 0, 0] == float(value)
    assert found["std"][0, 0, 0] <= 0.2  # sqrt of the steps' cancellation at 1000 ADU


def test_std_of_calibrated_values():
    frames, _ = frames_of("<f4", 50)
    held = [np.ones(3, bool)] * 50
    found = results("std", accumulate("std", frames, held), held, "<f4")
    np.testing.assert_allclose(found["std"], np.std(np.array(frames, "f8"), axis=0), rtol=1e-5)


def test_parts_are_shared():
    assert [part.name for part in ops.parts_of(ops.find(NAMES))] == ["sum", "square", "min", "max"]
    assert len(ops.find(["sum", "mean", "sum"])) == 2
    assert [op.name for op in ops.find("std")] == ["std"]


def test_unknown_op():
    with pytest.raises(XtcError, match=r"no op is called 'maen'. Did you mean .*'mean'"):
        ops.find(["sum", "maen"])
    with pytest.raises(XtcError, match=r"nothing to compute. .*mean"):
        ops.find([])


@pytest.mark.parametrize("names", [None, 3])
def test_ops_that_are_no_names(names):
    with pytest.raises(XtcError, match=r"expected names such as"):
        ops.find(names)


@pytest.mark.parametrize("dtype", ["<i2", "<u2", "<f4"])
def test_events_above_and_below_are_counted(dtype):
    frames, held = frames_of(dtype, 20)
    names = ("above:1200.5", "below:-3", "mean")
    found = results(names, accumulate(names, frames, held), held, dtype)
    for name, compare in (("above:1200.5", np.greater), ("below:-3", np.less)):
        limit = float(name.split(":")[1])
        seen = [compare(f, limit) & h[:, None, None] for f, h in zip(frames, held, strict=True)]
        assert np.array_equal(found[name], np.sum(seen, axis=0))
        assert found[name].dtype == np.int64


@pytest.mark.parametrize("name", ["above", "above:", "above:x", "over:3", "above:1e3"])
def test_counting_needs_a_number(name):
    with pytest.raises(XtcError, match="no op is called"):
        ops.find(name)
