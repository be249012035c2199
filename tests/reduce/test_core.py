"""Chunk tasks, in this process."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import reduce_fakes
from reduce_fakes import LIBRARY, FakeRun, expected

from xtcview.errors import EngineError, RunNotFoundError, SourceError
from xtcview.reduce import readers
from xtcview.reduce.core import run_chunk
from xtcview.reduce.task import Task, identity, package_version


@pytest.fixture(autouse=True)
def _no_open_runs():
    yield
    readers.close_readers()


def task_of(run: FakeRun, ops=("sum",), calib=False, token="t") -> Task:
    folder = run.calib_dir if calib else ""
    version = package_version()
    return Task(run.spec, identity(run), "cspad", tuple(ops), folder, token, LIBRARY, version)


def test_a_chunk_counts_and_sums():
    run = FakeRun(n=12, partial=[4])
    summary, present, total, low = run_chunk(task_of(run, ("sum", "min")), range(2, 9))
    assert (summary["counted"], summary["skipped"], summary["dtype"]) == (7, [], "<i2")
    assert summary["seconds"] > 0
    assert present.tolist() == [7, 6, 7]
    wanted = expected(run, list(range(2, 9)))
    np.testing.assert_array_equal(total, wanted["sum"])
    np.testing.assert_array_equal(low, wanted["min"])


def test_every_event_left_out_has_its_reason():
    run = FakeRun(n=12, damaged=[1], empty=[2], absent=[3], failing=[4], unread=[5])
    summary = run_chunk(task_of(run), range(7))[0]
    assert summary["counted"] == 2
    assert summary["skipped"] == [
        ("damaged", "damage word 0x4000 of CxiDs1.0:Cspad.0", 1),
        ("missing", "no data of CxiDs1.0:Cspad.0", 2),
        ("missing", "the run gives no event of this number", 3),
        (
            "failed",
            "FormatError: e1-r0034.xtc at byte 4096: extent 12 where at least 20 was expected",
            4,
        ),
        ("failed", "e1-r0034.xtc: the file ends at byte 99", 5),
    ]


def test_no_arrays_when_nothing_counts():
    assert len(run_chunk(task_of(FakeRun(n=3, empty=[0, 1, 2])), range(3))) == 1


def test_a_camera_has_one_segment():
    run = FakeRun(n=5, shape=(1, 6, 7), dtype="<u2")
    total = run_chunk(task_of(run), range(5))[2]
    np.testing.assert_array_equal(total, expected(run, list(range(5)))["sum"])


def test_values_that_are_no_numbers_are_failures():
    run = FakeRun(n=5, infinite=[3])
    summary, _, total = run_chunk(task_of(run, calib=True), range(5))
    assert summary["counted"] == 4
    assert [(kind, event) for kind, _, event in summary["skipped"]] == [("failed", 3)]
    assert total.dtype == np.int64


def test_a_frame_of_another_dtype_fails(monkeypatch):
    plain = reduce_fakes.FakeDetector.raw
    monkeypatch.setattr(
        reduce_fakes.FakeDetector,
        "raw",
        lambda det, evt: plain(det, evt).astype("<u2" if evt.number == 1 else "<i2"),
    )
    summary = run_chunk(task_of(FakeRun(n=3)), range(3))[0]
    assert summary["skipped"] == [
        ("failed", "FormatError: the frame is <u2, those before are <i2", 1)
    ]


def test_a_run_is_opened_once(monkeypatch):
    opened, opens = [], reduce_fakes.open
    monkeypatch.setattr(reduce_fakes, "open", lambda s: opened.append(s) or opens(s))
    task = task_of(FakeRun(n=6))
    run_chunk(task, range(2))
    run_chunk(task, range(2, 4))
    run_chunk(replace(task, token="other"), range(2))
    assert len(opened) == 1


def test_a_detector_is_kept_while_its_constants_are_the_same(tmp_path):
    folder = tmp_path / "CsPad::CalibV1" / "CxiDs1.0:Cspad.0" / "pedestals"
    folder.mkdir(parents=True)
    (folder / "0-end.data").write_text("1 2 3")
    run = FakeRun(calib_dir=str(tmp_path))

    def detector_for(token: str, calib: bool = True):
        run_chunk(task_of(run, calib=calib, token=token), range(2))
        return readers._idle[-1].detector

    first = detector_for("a")
    assert detector_for("a") is first
    assert detector_for("b") is first
    (folder / "7-end.data").write_text("4 5 6")
    assert detector_for("b") is first  # a reduction does not change on the way
    second = detector_for("c")
    assert second is not first
    assert detector_for("d", calib=False) is detector_for("e", calib=False)


def test_runs_kept_open_are_bounded_and_closed(monkeypatch):
    opened: list[FakeRun] = []
    opens = reduce_fakes.open

    def keep(spec: str) -> FakeRun:
        opened.append(opens(spec))
        return opened[-1]

    monkeypatch.setattr(reduce_fakes, "open", keep)
    for n in range(3, 4 + readers.READERS):
        run_chunk(task_of(FakeRun(n=n)), range(2))
    assert [run.closed for run in opened] == [True] + readers.READERS * [False]
    readers.close_readers()
    assert all(run.closed for run in opened)


def test_another_version_is_refused():
    task = replace(task_of(FakeRun()), version="9.9.9")
    with pytest.raises(EngineError, match=r"xtcview is .* expected 9\.9\.9: install the same"):
        run_chunk(task, range(2))


def test_another_run_under_the_same_name_is_refused():
    task = replace(task_of(FakeRun()), identity=(1, 2, 3, 2, 3))
    with pytest.raises(EngineError, match=r"another run than here.*expected \(1, 2, 3, 2, 3\)"):
        run_chunk(task, range(2))


def test_constants_from_elsewhere_are_refused():
    task = replace(task_of(FakeRun(), calib=True), calib_dir="/mine/calib")
    with pytest.raises(EngineError, match=r"calibrated from /data/calib, expected /mine/calib"):
        run_chunk(task, range(2))


def test_what_cannot_be_opened_is_an_error_of_the_chunk():
    with pytest.raises(RunNotFoundError, match="no such folder"):
        run_chunk(task_of(FakeRun(broken=True)), range(2))
    with pytest.raises(SourceError, match="no detector 'opal'"):
        run_chunk(replace(task_of(FakeRun()), detector="opal"), range(2))


def test_tasks_are_small():
    assert len(pickle.dumps(task_of(FakeRun()))) < 1500


def test_identity_of_an_empty_run():
    assert identity(FakeRun(n=0)) == (0,)
    assert len(identity(FakeRun(n=3))) == 5
