"""Reductions that go on in another process."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun, expected

import xtcview
from xtcview.errors import FormatError, XtcError
from xtcview.reduce import checkpoint, readers
from xtcview.reduce.api import reduce
from xtcview.reduce.resume import resume

NAMES = ("sum", "mean", "std", "min", "max")
LONG = 60.0
RUN = FakeRun(n=400, delay=0.002, damaged=[3, 350], failing=[5, 360], partial=[1, 390])
COUNTED = [k for k in range(400) if k not in (3, 5, 350, 360)]


@pytest.fixture(autouse=True)
def _no_open_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield
    readers.close_readers()


def check_same(r, wanted: dict[str, np.ndarray]) -> None:
    for name in NAMES:
        np.testing.assert_array_equal(getattr(r, name), wanted[name], err_msg=name)


def interrupted(path, run=RUN, **kwargs):
    """Reduce about a tenth of the run."""
    r = reduce(run, ops=NAMES, library=LIBRARY, checkpoint=path, **kwargs)
    while r.progress[0] < 30:
        time.sleep(0.01)
    r.cancel()
    r._thread.join(LONG)
    return r


def test_an_interrupted_reduction_goes_on(tmp_path):
    path = tmp_path / "here" / "sum.npz"
    first = interrupted(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"resume it with xtcview.resume({str(path)!r})" in repr(first)
    read = first.progress[0]
    second = resume(path, library=LIBRARY)
    assert second.progress[0] >= read
    second.wait(LONG)
    check_same(second, expected(RUN, COUNTED))
    assert str(second.report).startswith(
        "396 of 400 events counted, 0 missing, 2 damaged, 2 failed, 0 unread"
    )
    third = resume(path, library=LIBRARY).wait(LONG)  # complete: nothing is read again
    check_same(third, expected(RUN, COUNTED))
    assert not list(path.parent.glob(".*"))


def test_calibrated_bits_are_the_same(tmp_path):
    whole = reduce(RUN, ops=NAMES, calib=True, library=LIBRARY, checkpoint=False).wait(LONG)
    interrupted(tmp_path / "c.npz", calib=True)
    again = resume(tmp_path / "c.npz", library=LIBRARY).wait(LONG)
    for name in NAMES:
        assert getattr(again, name).tobytes() == getattr(whole, name).tobytes()


KILLED = """
import sys, time
from reduce_fakes import FakeRun, LIBRARY
from xtcview.reduce import checkpoint
from xtcview.reduce.api import reduce

checkpoint.EVERY = 0.2
r = reduce(FakeRun(n=400, delay=0.01), library=LIBRARY)
while not r._saver.written:
    time.sleep(0.01)
print(r._saver.path, flush=True)
time.sleep(60)
"""


def test_a_reduction_whose_process_was_killed_goes_on():
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", KILLED]
    environment = {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        path = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    assert Path(path).parent == checkpoint.folder()
    r = resume(library=LIBRARY)  # it is the only one
    assert 0 < r.progress[0] < 400
    run = FakeRun(n=400, delay=0.01)
    np.testing.assert_array_equal(r.mean, expected(run, list(range(400)))["mean"])


def test_without_need_nothing_is_left(monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.1)
    r = reduce(RUN, library=LIBRARY)
    r.wait(LONG)
    r._thread.join(LONG)
    assert not r._saver.written
    assert list(checkpoint.folder().iterdir()) == []
    with pytest.raises(XtcError, match=r"give the checkpoint to resume; in .* there is: none"):
        resume(library=LIBRARY)


def test_a_disk_that_is_full_is_told_and_stops_nothing(monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.05)

    def full(path, made):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write", full)
    r = reduce(RUN, ops=NAMES, library=LIBRARY).wait(LONG)
    check_same(r, expected(RUN, COUNTED))
    assert "no checkpoint could be written to" in repr(r)
    assert "No space left on device" in repr(r)


def test_a_failed_write_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    interrupted(path)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", lambda file, **_: file.write(b"half") and _fail())
    with pytest.raises(OSError, match="full"):
        checkpoint.write(path, checkpoint.read(path))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def _fail() -> None:
    raise OSError(28, "the disk is full")


@pytest.mark.parametrize("cut", [0, 10, 1000, -1])
def test_a_broken_checkpoint_is_refused(tmp_path, cut):
    path = tmp_path / "a.npz"
    interrupted(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FormatError, match=r"a\.npz.*no checkpoint that can be read"):
        resume(path, library=LIBRARY)
    with pytest.raises(FileNotFoundError):
        resume(tmp_path / "none.npz", library=LIBRARY)


def test_pickles_are_not_opened(tmp_path):
    path = tmp_path / "evil.npz"
    head = np.frombuffer(
        json.dumps({"format": checkpoint.FORMAT, "meta": {}, "summary": {}}).encode(), np.uint8
    )
    np.savez(path, head=head, selected=np.array([print], object), merged=np.zeros(0, "i8"))
    with pytest.raises(FormatError, match="allow_pickle=False"):
        resume(path, library=LIBRARY)
    made = checkpoint.Checkpoint({}, np.zeros(0, "i8"), np.zeros(0, "i8"), [{}, np.array([None])])
    with pytest.raises(XtcError, match="keeps Python objects"):
        checkpoint.write(path, made)


@pytest.mark.parametrize(
    ("key", "value"),
    [("version", "0.0"), ("identity", [400, 1, 2, 3, 4]), ("shape", [1, 2, 3]),
     ("constants", [["a", 1, 2]]), ("calib_dir", "/other")],
)  # fmt: skip
def test_what_does_not_belong_together_is_refused(tmp_path, key, value):
    path = tmp_path / "a.npz"
    interrupted(path)
    made = checkpoint.read(path)
    made.meta[key] = value
    checkpoint.write(path, made)
    with pytest.raises(XtcError, match=f"was written with {key} .* here it is"):
        resume(path, library=LIBRARY)


def test_other_ops_are_refused(tmp_path):
    interrupted(tmp_path / "a.npz")
    with pytest.raises(XtcError, match="was written with ops"):
        resume(tmp_path / "a.npz", ops="mean", library=LIBRARY)


def test_it_is_public():
    assert xtcview.resume is resume
