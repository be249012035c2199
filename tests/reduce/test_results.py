"""Results that stay: written, opened again, divided by group, as a Dataset."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun

import xtcview
from xtcview.analysis import radial
from xtcview.errors import FormatError, MissingExtraError, XtcError
from xtcview.reduce import ops
from xtcview.reduce.api import reduce
from xtcview.reduce.results import Result

LONG = 60.0
RUN = FakeRun(n=30, damaged=[1], empty=[2], failing=[4], partial=[12])


def start(**kwargs):
    bins = radial.radial_bins(np.arange(60.0).reshape(RUN.shape), [0, 20, 60])
    wanted = ["mean, max, above(0), histogram(-9, 9)", ops.radial(bins), "table(total='sum')"]
    return reduce(RUN, ops=wanted, library=LIBRARY, **kwargs).wait(LONG)


def same(a: Result, b: Result) -> None:
    assert list(a.arrays) == list(b.arrays)
    for name, array in a.arrays.items():
        other = b.arrays[name]
        assert (array.dtype, array.shape) == (other.dtype, other.shape), name
        assert np.ascontiguousarray(array).tobytes() == other.tobytes(), name
    assert a.fields == b.fields
    assert a.counts.tolist() == b.counts.tolist()
    assert a.events.tolist() == b.events.tolist()
    assert a.report == b.report
    assert a.about == b.about
    assert a.sizes == b.sizes
    assert (a.groups is None) == (b.groups is None)
    if a.groups is not None:
        assert a.groups.tolist() == b.groups.tolist()


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"by": "step", "calib": True},
        {"by": lambda evt: "äb" if evt.number % 2 else "c"},
        {"by": "140 in codes", "where": "x > 2"},
        {"events": []},
        {"events": [2]},
        {"events": slice(5, 9), "where": lambda evt: True},
    ],
)
def test_a_result_opens_again(how, tmp_path):
    r = start(**how)
    result = r.result()
    assert result.to_h5(tmp_path / "out.h5") == tmp_path / "out.h5"
    again = xtcview.open_result(tmp_path / "out.h5")
    same(result, again)
    assert again.n == r.n
    assert again.report == r.report
    assert again.calib == r.calib
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5"]
    again.to_h5(tmp_path / "twice.h5")
    same(again, xtcview.open_result(tmp_path / "twice.h5"))


def test_the_file_is_laid_out_as_others_expect(tmp_path):
    r = start(by="step")
    with h5py.File(r.to_h5(tmp_path / "out.h5")) as file:
        assert file["cxi_version"][()] == 160
        assert file.attrs["default"] == "entry_1"
        assert file["entry_1"].attrs["NX_class"] == "NXentry"
        assert file["entry_1/result_1"].attrs["signal"] == "mean"
        np.testing.assert_array_equal(file["entry_1/data_1/data"], r.mean)
        assert file["entry_1/result_1/mean"].attrs["units"] == "ADU"
        process = file["entry_1/process_1"]
        assert process["program"].asstr()[()] == "xtcview"
        assert process["version"].asstr()[()] == r.result().about.version
        assert process.attrs["spec"] == RUN.spec
        assert process.attrs["by"] == "step"
        assert process["report/counted"][()] == 27
        assert process["report/event"][()].tolist() == [1, 2, 4]
        assert process["report/kind"][()].tolist() == [b"damaged", b"missing", b"failed"]
        assert process["events"][()].tolist() == list(range(30))


def test_attributes_and_text(tmp_path):
    r = xtcview.open_result(start(by="step").to_h5(tmp_path / "out.h5"))
    assert r.mean.shape == (3, *RUN.shape)
    assert {"mean", "table", "to_h5"} <= set(dir(r))
    assert repr(r).startswith("Result(mean, max, above, histogram, ")
    assert "3 groups by step): done\n27 of 30 events counted" in repr(r)
    with pytest.raises(AttributeError, match=r"no 'maen'. Did you mean 'mean'"):
        r.maen  # noqa: B018
    assert (r.done, r.error, r.progress, r.each) == (True, None, (30, 30), "")
    calls = []
    r.add_callback(calls.append)
    assert calls == [r]


def test_one_group():
    r = start(by="step")
    one = r[1]
    np.testing.assert_array_equal(one.mean, r.mean[1])
    np.testing.assert_array_equal(one.radial_center, r.radial_center)
    assert one.table["event"].tolist() == list(range(10, 20))
    assert one.counts.tolist() == [10, 9, 10]
    assert (one.n, one.groups) == (10, None)
    with pytest.raises(XtcError, match=r"has 3 groups: show one of them, such as r\[0\]"):
        r.result().overall()
    assert one.overall().keys() == one.partial().keys()


def test_a_cancelled_reduction_is_kept(tmp_path):
    r = reduce(FakeRun(n=2000, delay=0.005), ops="sum", library=LIBRARY)
    while r.progress[0] < 10:
        pass
    r.cancel()
    again = xtcview.open_result(r.to_h5(tmp_path / "out.h5"))
    assert again.about.state == "cancelled"
    assert again.report.unread == 2000 - again.n > 0
    np.testing.assert_array_equal(again.sum, r.sum)


def test_datasets():
    r = start(by="step")
    found = r.to_xarray()
    assert found["mean"].dims == ("group", "segment", "row", "col")
    assert found["histogram"].dims == ("group", "histogram_bin")
    assert found["histogram_edges"].dims == ("histogram_edge",)
    assert found["group"].values.tolist() == [0, 1, 2]
    assert found["table_total"].dims == ("event",)
    assert found["table_group"].values.tolist() == r.table["group"].tolist()
    np.testing.assert_array_equal(found["max"].sel(group=2), r.max[2])
    made = reduce(RUN, ops="mean", each=lambda frame, evt: frame[0, 0], library=LIBRARY)
    assert made.to_xarray()["mean"].dims == ("mean_0",)
    assert made.result().about.each == "<lambda>"


def test_packages_that_are_missing_are_named(tmp_path, monkeypatch):
    r = start()
    monkeypatch.setitem(sys.modules, "h5py", None)
    monkeypatch.setitem(sys.modules, "xarray", None)
    for action in (lambda: r.to_h5(tmp_path / "a.h5"), lambda: xtcview.open_result("a.h5")):
        with pytest.raises(MissingExtraError, match=r"pip install 'xtcview\[h5\]'"):
            action()
    with pytest.raises(MissingExtraError, match=r"pip install 'xtcview\[tables\]'"):
        r.to_xarray()


def test_files_that_are_no_results(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        xtcview.open_result(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("mean")
    with pytest.raises(FormatError, match=r"text.h5: no result of xtcview"):
        xtcview.open_result(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["entry_1/data"] = 3
    with pytest.raises(FormatError, match=r"layout None, expected 1"):
        xtcview.open_result(tmp_path / "other.h5")


@pytest.mark.parametrize("gone", ["result_1/mean", "process_1/report/kind", "process_1/events"])
def test_files_that_lack_a_part(gone, tmp_path):
    path = start().to_h5(tmp_path / "out.h5")
    with h5py.File(path, "a") as file:
        del file[f"entry_1/{gone}"]
    with pytest.raises(FormatError, match=r"out.h5: no result of xtcview"):
        xtcview.open_result(path)


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = start().to_h5(tmp_path / "out.h5")
    before = path.read_bytes()

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(h5py.Group, "create_dataset", fail)
    with pytest.raises(XtcError, match=r"out.h5: the result cannot be written: .*No space left"):
        start(events=[3]).to_h5(path)
    assert path.read_bytes() == before
    assert [p.name for p in Path(tmp_path).iterdir()] == ["out.h5"]
