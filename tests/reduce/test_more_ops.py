"""Ops beside sums and extremes, against the plain way on whole frames."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeDetector, FakeRun

from xtcview.analysis import radial, roi
from xtcview.errors import AnalysisError, XtcError
from xtcview.reduce import counting, ops
from xtcview.reduce.api import reduce

LONG = 60.0
RUN = FakeRun(n=30, partial=[3, 4])
FRAMES = np.array([FakeDetector(RUN).frame(k) for k in range(30)]).astype(np.int64)
HELD = np.array([[True, k not in (3, 4), True] for k in range(30)])
SEEN = np.broadcast_to(HELD[..., None, None], FRAMES.shape)


def start(*wanted, run=RUN, **kwargs):
    return reduce(run, ops=wanted, library=LIBRARY, **kwargs).wait(LONG)


def test_var():
    r = start("var", "std")
    np.testing.assert_array_equal(np.sqrt(r.var), r.std)
    np.testing.assert_allclose(r.var[0], FRAMES[:, 0].var(axis=0), rtol=1e-12)


def test_above():
    r = start("above(1000)", ops.above(-0.5, name="positive"))
    np.testing.assert_array_equal(r.above, ((FRAMES > 1000) & SEEN).sum(axis=0))
    np.testing.assert_array_equal(r.positive, ((FRAMES > -0.5) & SEEN).sum(axis=0))
    assert r.above.dtype == np.int64


@pytest.mark.parametrize("calib", [False, True])
@pytest.mark.parametrize("per", ["all", "panel", "pixel"])
def test_histogram(per, calib):
    low, high, width = (-30000, 20000, 12500) if not calib else (-4000.0, 2500.0, 1300.0)
    bad = np.zeros(RUN.shape, bool)
    bad[0, 1, 2] = bad[2, 3] = True
    r = start(ops.histogram(low, high, width, per=per, bad=bad), calib=calib)
    frames = FRAMES.astype("f4") / np.float32(7.3) - np.float32(1.1) if calib else FRAMES
    wanted, bins = [], int(np.ceil((high - low) / width))
    for index in np.ndindex({"all": (), "panel": (3,), "pixel": RUN.shape}[per]):
        values = frames[(slice(None), *index)][SEEN[(slice(None), *index)] & ~bad[index]]
        at = np.searchsorted(low + width * np.arange(bins + 1), values, side="right")
        counts = np.bincount(at, minlength=bins + 2)
        wanted.append([*counts[1:-1], counts[0], counts[-1], 0])
    found = np.concatenate([r.histogram, r.histogram_others], axis=-1)
    np.testing.assert_array_equal(found.reshape(-1, bins + 3), wanted)
    assert found.sum() == (SEEN & ~bad).sum()
    assert r.histogram_edges.tolist() == [low + width * k for k in range(bins + 1)]


def test_values_that_are_no_numbers_are_counted_where_nothing_else_is_wanted():
    r = start("histogram(0, 10)", run=FakeRun(n=5, infinite=[2]), calib=True)
    assert r.n == 5
    assert r.histogram_others[2] == 20  # a segment of 4 x 5 pixels
    r = start("histogram(0, 10)", "sum", run=FakeRun(n=5, infinite=[2]), calib=True)
    assert r.report.of_kind("failed") == [2]


def test_histograms_are_bounded(monkeypatch):
    monkeypatch.setattr(counting, "PIXEL_BYTES", 60 * 4 * 13)
    assert start("histogram(0, 10, per='pixel')").n == 30
    with pytest.raises(XtcError, match=r"at most 10 bins fit: use wider bins or per='panel'"):
        start("histogram(0, 11, per='pixel')")
    with pytest.raises(AnalysisError, match="expected 1 to"):
        ops.histogram(0, -5)
    with pytest.raises(XtcError, match="expected 'all', 'panel' or 'pixel'"):
        ops.histogram(0, 5, per="quad")


def test_projections():
    r = start(ops.projection("row", name="rows"), "projection('col')")
    mean = np.array([FRAMES[HELD[:, s], s].mean(axis=0) for s in range(3)])
    np.testing.assert_allclose(r.rows, mean.mean(axis=2), rtol=1e-12)
    np.testing.assert_allclose(r.projection, mean.mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize("calib", [False, True])
def test_radial(calib):
    rng = np.random.default_rng(3)
    radius, seen = rng.random(RUN.shape) * 10, rng.random(RUN.shape) + 0.5
    bad = rng.random(RUN.shape) < 0.2
    bins = radial.radial_bins(radius, [0, 2, 5, 9], bad, seen)
    r = start(ops.radial(bins), "mean", calib=calib)
    frames = FRAMES / 7.3 - 1.1 if calib else FRAMES
    for ring, (low, high) in enumerate([(0, 2), (2, 5), (5, 9)]):
        used = SEEN & (radius >= low) & (radius < high) & ~bad
        response = np.broadcast_to(seen, used.shape)[used].sum()
        assert r.radial[ring] == pytest.approx(frames[used].sum() / response, rel=1e-6, abs=1e-3)
        assert r.radial_pixels[ring] == used.sum()
    assert r.radial_center.tolist() == [1.0, 3.5, 7.0]


def test_radial_of_one_event_is_the_profile():
    radius = np.arange(60.0).reshape(RUN.shape)
    bins = radial.radial_bins(radius, [0, 7, 31, 60])
    r = start(ops.radial(bins), events=[3])
    held = np.array([True, False, True])
    frame = FakeDetector(RUN).frame(3)
    np.testing.assert_array_equal(r.radial, radial.radial_profile(frame, bins, held).mean)


def test_regions():
    mask = roi.box(RUN.shape, (1, 3), (0, 4))
    r = start(ops.roi(mask, threshold=100), ops.roi(~mask, name="rest"), events=[9, 3, 5])
    assert r.roi["event"].tolist() == [3, 5, 9]
    for row in r.roi:
        values = FRAMES[row["event"]][mask & SEEN[row["event"]]]
        assert (row["pixels"], row["total"]) == (values.size, values.sum())
        assert row["mean"] == pytest.approx(values.mean())
        assert (row["lowest"], row["highest"]) == (values.min(), values.max())
        assert row["above"] == (values > 100).sum()
    assert "above" not in r.rest.dtype.names


def test_table():
    r = start(
        ops.table(total="sum", low="min", both=lambda frame, evt: (evt.number, frame.max())),
        "table(name='plain', peak='max')",
    )
    assert r.table["event"].tolist() == list(range(30))
    for k in range(30):
        values = FRAMES[k][SEEN[k]]
        assert r.table[k]["total"] == values.sum()
        assert r.table[k]["low"] == values.min()
        assert r.table[k]["both"][0] == k
        assert r.plain[k]["peak"] == values.max()


def test_a_function_that_raises_costs_its_event():
    def peak(frame, evt):
        if evt.number == 4:
            raise ValueError("no peak")
        return frame.max()

    r = start(ops.table(peak=peak), "sum", events=slice(2, 7))
    assert r.table["event"].tolist() == [2, 3, 5, 6]
    assert r.report.reasons == {"failed: ValueError: no peak": [4]}


def test_a_function_that_changes_its_shape_is_told():
    with pytest.raises(XtcError, match="functions of a table must give one shape"):
        start(ops.table(x=lambda frame, evt: np.zeros(evt.number)), events=[1, 2])


def first_row(shape, dtype):
    return np.zeros(shape[2], np.int64)


def add_row(state, frame):
    state += frame[0, 0]


def test_custom():
    op = ops.custom("top", first_row, add_row, finalize=lambda state, n: state / n.max())
    r = start(op, "mean")
    np.testing.assert_allclose(r.top, FRAMES[:, 0, 0].mean(axis=0), rtol=1e-12)
    lowest = ops.custom(
        "lowest",
        lambda shape, dtype: np.array(1 << 40),
        lambda state, frame: min(state, frame[0].min()),
        np.minimum,
    )
    assert start(lowest).lowest == FRAMES[:, 0].min()
    joined = ops.custom(
        "most",
        lambda s, d: np.zeros(1, "i8"),
        lambda s, f: s + (f[0] > 0).sum(),
        lambda a, b: a + b,
    )
    assert start(joined).most == (FRAMES[:, 0] > 0).sum()


def test_custom_ops_that_fail_are_told():
    def fail(state, frame):
        raise ValueError("no")

    with pytest.raises(XtcError, match="op 'bad' cannot add a frame: ValueError: no"):
        start(ops.custom("bad", first_row, fail))
    with pytest.raises(XtcError, match=r"add\(\) gave shape \(2,\), expected \(5,\)"):
        start(ops.custom("bad", first_row, lambda state, frame: [1, 2]))
    with pytest.raises(XtcError, match="expected a name that can be an attribute"):
        ops.custom("a b", first_row, add_row)
    with pytest.raises(XtcError, match="zero=None cannot be called"):
        ops.custom("a", None, add_row)


def test_each():
    r = start("mean", "sum", each=lambda frame, evt: frame[0, :2] if evt.number % 2 else None)
    np.testing.assert_array_equal(r.sum, FRAMES[1::2, 0, :2].sum(axis=0))
    assert r.report.left_out == 15
    assert r.report.counted + r.report.left_out == 30
    number = start("mean", "max", each=lambda frame, evt: float(frame[0, 0, 0]))
    assert number.max == FRAMES[:, 0, 0, 0].max()
    whole = start("sum", each=lambda frame, evt: -frame.astype("i4"))
    np.testing.assert_array_equal(whole.sum, -(FRAMES * SEEN).sum(axis=0))
    assert whole.counts.tolist() == [30, 28, 30]
    mask = start("sum", each=lambda frame, evt: frame > 0)
    np.testing.assert_array_equal(mask.sum, ((FRAMES > 0) & SEEN).sum(axis=0))


def test_each_that_gives_nonsense_fails_its_events():
    r = start("sum", each=lambda frame, evt: "word" if evt.number == 3 else frame)
    assert r.report.of_kind("failed") == [3]
    r = start("sum", each=lambda frame, evt: frame[:, : 2 + (evt.number == 9)], events=range(12))
    assert r.report.of_kind("failed") == [9] or r.n < 12


def test_the_sign_of_zero_does_not_tell_who_came_first():
    values = {0: 0.0, 1: -0.0}
    for events in ([0, 1], [1, 0]):
        each = lambda frame, evt: np.full((2, 2), values[evt.number], "f4")  # noqa: E731
        r = start("min", "max", each=each, events=events)
        assert not np.signbit(r.min).any()
        assert not np.signbit(r.max).any()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mean", ["mean"]),
        ("mean, std,max", ["mean", "std", "max"]),
        ("mean,", ["mean"]),
        ("above(-3.5)", ["above"]),
        (["mean", "above(1), above(2, name='two')"], ["mean", "above", "two"]),
        ("above(3), above(3), sum, sum", ["above", "sum"]),
        ("histogram(0, 10, width=2, per='pixel')", ["histogram"]),
        ("projection('row'), table(total='sum')", ["projection", "table"]),
    ],
)
def test_texts(text, names):
    found = ops.find(text)
    assert [op.name for op in found] == names
    again = ops.find([op.text for op in found])
    assert [(op.name, op.text) for op in again] == [(op.name, op.text) for op in found]
    assert all(op.exact for op in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("avobe(3)", "no op is called 'avobe'. Did you mean .*'above'"),
        ("mean max", "cannot be read"),
        ("above", r"no op is called 'above'. Did you mean 'above\(...\)'"),
        ("above()", "missing 1 required"),
        ("above('x')", "expected a number of ADU"),
        ("above(__import__('os'))", "malformed node"),
        ("os.system('true')", "no op is called"),
        ("above(1), above(2)", r"two ops have a result called 'above': above\(1\) and above\(2\)"),
        ("above(1, name='mean')", "cannot be called 'mean'"),
        ("table()", "expected columns"),
        ("table(x='median')", "expected a function"),
        ("table(event='max')", "not called 'event'"),
        ("projection(3)", "expected 'row' or 'col'"),
        ("", "nothing to compute"),
    ],
)
def test_texts_that_are_no_ops(text, message):
    with pytest.raises(XtcError, match=message):
        ops.find(text)


def test_workers_get_what_they_need_and_no_more():
    bins = radial.radial_bins(np.random.default_rng(0).random((32, 185, 388)), [0, 0.5, 1])
    op = ops.radial(bins)
    assert len(pickle.dumps(op)) < 1000
    received = pickle.loads(pickle.dumps(op))
    assert received.fields == op.fields
    with pytest.raises(XtcError, match="not by workers"):
        received.finalize([], np.zeros(1), np.dtype("i2"))
    region = ops.roi(np.zeros((32, 185, 388), bool))
    assert len(pickle.dumps(region)) < 300_000
