"""Reductions to a file: alone, on MPI ranks, killed and gone on, followed while they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun, expected

import xtcview
from tests.support.mpi import MPIEXEC
from xtcview.errors import EngineError, MissingExtraError, XtcError
from xtcview.reduce import batch, following, job, outfile, partfile, ranks, work
from xtcview.reduce.following import follow
from xtcview.reduce.ranks import Alone

HERE = str(Path(__file__).parent)
ROOT = str(Path(__file__).parents[2])
NAMES = "sum,mean,std,min,max"
RUN = FakeRun(n=90, damaged=[1, 80], empty=[2], failing=[4], partial=[6, 7])
COUNTED = [k for k in range(90) if k not in (1, 2, 4, 80)]


def command(run: FakeRun | str, out: Path, *more: str) -> list[str]:
    if isinstance(run, FakeRun):
        run, more = run.spec, ("--library", LIBRARY, *more)
    return [sys.executable, "-m", "xtcview.reduce", run, "--ops", NAMES, "-o", str(out), *more]


def mpi(n: int, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([ROOT, HERE])
    return subprocess.run(
        [MPIEXEC, "-n", str(n), *words], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def alone(run: FakeRun, out: Path, **more) -> tuple[int, list[str]]:
    said: list[str] = []
    what = {"det": None, "ops": NAMES.split(","), "library": LIBRARY, "every": 0.0, **more}
    return batch.run_job(Alone(), said.append, dataset=run.spec, out=out, **what), said


def until(condition, live, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, repr(live)
        time.sleep(0.02)


def check(out: Path, wanted: dict[str, np.ndarray]) -> dict:
    header, results = outfile.read(out)
    for name in NAMES.split(","):
        np.testing.assert_array_equal(results[name], wanted[name], err_msg=name)
    assert not job.folder_of(out).exists()
    return header


def test_alone(tmp_path):
    out = tmp_path / "out.npz"
    status, said = alone(RUN, out)
    assert status == 0
    assert said[-1].startswith("86 of 90 events counted, 1 missing, 2 damaged, 1 failed, 0 unread")
    header = check(out, expected(RUN, COUNTED))
    assert (header["detector"], header["ops"]) == ("cspad", NAMES.split(","))
    assert outfile.read(out)[1]["counts"].tolist() == [86, 84, 86]


def test_the_command_without_mpi(tmp_path, golden_dir):
    out = tmp_path / "out.npz"
    code = (
        "import sys; sys.modules['mpi4py'] = sys.modules['h5py'] = None; "
        "from xtcview.reduce.__main__ import app; app()"
    )
    dataset = f"exp=cxitut13:run=34:dir={golden_dir}"
    words = [dataset, "--det=cspad", f"--ops={NAMES}", "--events=2:9:3", f"--out={out}"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with xtcview.open(dataset) as run:
        r = xtcview.reduce(run, "cspad", NAMES.split(","), events=slice(2, 9, 3)).wait(60)
    check(out, {name: getattr(r, name) for name in NAMES.split(",")})
    done = subprocess.run(
        [sys.executable, "-c", code, *words[:-1], f"--out={tmp_path / 'o.h5'}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [out])
    assert "pip install 'xtcview[h5]'" in done.stderr


@pytest.mark.cluster
def test_ranks_give_the_same_bits(tmp_path, golden_dir):
    dataset = f"exp=cxitut13:run=34:dir={golden_dir}"
    words = "--det", "cspad", "--calib", "--events", "0:3"  # more ranks than events
    done = mpi(4, *command(dataset, tmp_path / "out.npz", *words))
    assert done.returncode == 0, done.stderr
    with xtcview.open(dataset) as run:
        wanted = xtcview.reduce(run, "cspad", NAMES.split(","), events=slice(3), calib=True)
        results = outfile.read(tmp_path / "out.npz")[1]
        for name in NAMES.split(","):
            assert results[name].tobytes() == getattr(wanted, name).tobytes(), name
    assert "3 of 3 events counted" in done.stderr


MERGING = """
import sys
import numpy as np
from mpi4py import MPI
from xtcview.reduce import ops, ranks
from xtcview.reduce.total import Total

comm = MPI.COMM_WORLD
rank = comm.Get_rank()
wanted = ops.find(["std", "min", "max"])
totals = []
for way in (ranks.merge_all, lambda comm, total, wanted: ranks.climb(comm, total)):
    for piece in (1 << 26, 100):
        ranks.PIECE = piece
        total = Total(wanted, (2, 3, 5), 100)
        for number in range(7 * rank) if rank != 2 else ():  # ranks 0 and 2 have nothing
            frame = np.random.default_rng([rank, number]).integers(0, 16384, (2, 3, 5), np.int16)
            state = ops.zero(wanted, frame.shape, frame.dtype, 1)
            ops.add(wanted, state, [frame], [np.array([True, number % 2 == 0])])
            summary = {
                "counted": 1, "skipped": [("damaged", f"{rank}", number)], "dtype": "<i2",
                "shape": frame.shape, "groups": [(None, 1)],
            }
            present = np.array([1, number % 2 == 0], np.int64)
            total.merge(number, [summary, present, *state])
        way(comm, total, wanted)
        totals.append(total)
if rank == 0:
    first = totals[0]
    assert first.report().counted == 7 * (1 + 3 + 4), first.report()
    assert len(first.report().skipped) == 56
    assert first.counts().tolist() == [56, 4 + 11 + 14]
    for total in totals[1:]:
        assert sorted(total.report().skipped) == sorted(first.report().skipped)
        for a, b in zip(total.result()[1:], first.result()[1:], strict=True):
            assert a.tobytes() == b.tobytes()
    print("the same")
"""


@pytest.mark.cluster
def test_all_ways_to_merge_give_the_same_bits(tmp_path):
    script = tmp_path / "merging.py"
    script.write_text(MERGING)
    done = mpi(5, sys.executable, "-m", "mpi4py", str(script))  # one that fails ends all
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stderr


@pytest.mark.cluster
def test_a_killed_rank_and_the_job_that_goes_on(tmp_path):
    out, lives = tmp_path / "out.npz", tmp_path / "lives"
    lives.mkdir()
    (lives / "1").touch()
    run = FakeRun(n=90, damaged=[1], killing=[50], lives=str(lives))
    done = mpi(3, *command(run, out, "--every", "0"))
    assert done.returncode not in (0, 1)
    assert not out.exists()
    kept = job.part_files(out)
    spans = [tuple(span) for path in kept for span in partfile.load_header(path)["spans"]]
    assert 0 < sum(last - first for first, last in spans) < 90
    done = mpi(2, *command(run, out, "--every", "0"))
    assert done.returncode == 0, done.stderr
    read = sum(last - first for first, last in spans)
    assert f"goes on: {read} of 90 events were read before" in done.stderr
    assert "was killed while it read events" in done.stderr
    check(out, expected(run, [k for k in range(90) if k != 1]))


def test_an_event_that_always_kills_is_reported(tmp_path):
    out, lives = tmp_path / "out.npz", tmp_path / "lives"
    lives.mkdir()
    for life in range(9):
        (lives / str(life)).touch()
    run = FakeRun(n=60, killing=[41], lives=str(lives))
    statuses = []
    while len(statuses) < 6 and not out.exists():
        done = subprocess.run(
            command(run, out, "--every", "0"), capture_output=True, text=True, timeout=60,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, HERE])},
        )  # fmt: skip
        statuses.append(done.returncode)
    assert statuses == [-signal.SIGKILL] * 3 + [0]
    assert "failed: ranks were killed on this event 3 times (1: event 41)" in done.stderr
    check(out, expected(run, [k for k in range(60) if k != 41]))


@pytest.mark.cluster
def test_ranks_that_are_told_to_end_keep_what_they_have(tmp_path):
    out = tmp_path / "out.npz"
    run = FakeRun(n=400, delay=0.02)
    words = [MPIEXEC, "-n", "2", *command(run, out)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, HERE])}
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=env)
    try:
        live = follow(out)
        while live.progress[0] == 0:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode != 0
    if "was told to end (SIGTERM)" in said:  # mpiexec may also end the ranks itself
        assert "The same command goes on from there" in said
    read = live.progress[0]
    assert 0 < read < 400
    done = mpi(2, *command(run, out))
    assert f"goes on: {read} of 400 events were read before" in done.stderr
    check(out, expected(run, list(range(400))))


def test_told_to_end(tmp_path, monkeypatch):
    out = tmp_path / "out.npz"
    run = FakeRun(n=60)
    read = work.run_chunk

    def interrupted(task, events):
        os.kill(os.getpid(), signal.SIGTERM)
        return read(task, events)

    monkeypatch.setattr(work, "run_chunk", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    status, said = alone(run, out, every=30.0)
    assert status == batch.STOPPED
    assert "rank 0 of 1" in said[-1]
    assert "(SIGTERM); what it had read is kept" in said[-1]
    assert signal.getsignal(signal.SIGTERM) == before
    monkeypatch.undo()
    status, said = alone(run, out)
    assert (status, said[0]) == (0, "goes on: 10 of 60 events were read before")
    check(out, expected(run, list(range(60))))


def stopped(run: FakeRun, out: Path, monkeypatch, **more) -> None:
    """Leave the folder of a job that ended early."""
    with monkeypatch.context() as patch:
        patch.setattr(work.Rank, "merge_old", lambda self: 1 / 0)
        status, said = alone(run, out, **more)
    assert status == 1
    assert "ZeroDivisionError" in said[-1]


def test_another_reduction_is_not_gone_on_with(tmp_path, monkeypatch):
    out = tmp_path / "out.npz"
    stopped(RUN, out, monkeypatch)
    for more in ({"ops": ["sum"]}, {"events": slice(9)}, {"calib": True}):
        status, said = alone(RUN, out, **more)
        assert status == 1
        assert "belongs to another reduction: found" in said[0]
        assert "--fresh" in said[0]
    status, said = alone(RUN, out, ops=["sum"], fresh=True)
    assert (status, len(said)) == (0, 1)
    assert list(outfile.read(out)[1]) == ["counts", "sum"]


def test_a_damaged_part_is_told(tmp_path, monkeypatch):
    out = tmp_path / "out.npz"
    stopped(RUN, out, monkeypatch)
    (part,) = job.part_files(out)
    part.write_bytes(part.read_bytes()[:-40])
    status, said = alone(RUN, out)
    assert (status, "delete it, and what it held is read again" in said[0]) == (1, True)
    part.unlink()
    assert alone(RUN, out)[0] == 0
    check(out, expected(RUN, COUNTED))


def test_one_job_at_a_time(tmp_path):
    out = tmp_path / "out.npz"
    code = (
        "import sys; from pathlib import Path; from xtcview.reduce.job import only_job\n"
        f"with only_job(Path({str(out)!r})): print('in', flush=True); sys.stdin.read()"
    )
    env = {**os.environ, "PYTHONPATH": ROOT}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=env,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "in\n"
        status, said = alone(RUN, out)
        assert (status, "another job is writing here" in said[0]) == (1, True)
        other.stdin.close()
    assert alone(RUN, out)[0] == 0


def test_a_full_disk_stops_nothing(tmp_path, monkeypatch):
    out = tmp_path / "out.npz"
    save = partfile.save

    def full(path, *args):
        if "part-" in path.name:
            raise OSError(28, "No space left on device")
        save(path, *args)

    monkeypatch.setattr(partfile, "save", full)
    status, said = alone(RUN, out)
    assert status == 0
    assert "cannot keep what it has read, and goes on: [Errno 28]" in said[0]
    check(out, expected(RUN, COUNTED))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"ops": ["average"]}, "no op is called 'average'"),
        ({"det": "opal"}, "no detector 'opal'"),
        ({"events": [99]}, "there is no event 99"),
        ({"events": "gas >"}, "cannot be understood"),
    ],
)
def test_what_cannot_be_is_said_before_work(tmp_path, more, why):
    status, said = alone(RUN, tmp_path / "out.npz", **more)
    assert (status, why in said[0]) == (1, True), said


def test_outputs_that_cannot_be(tmp_path):
    assert "expected a name that ends in .h5 or .npz" in alone(RUN, tmp_path / "out.png")[1][0]
    assert "no such folder" in alone(RUN, tmp_path / "no" / "out.npz")[1][0]
    with pytest.raises(XtcError, match="expected a name that ends in"):
        follow(tmp_path / "out.txt")


def test_texts():
    assert batch.ops_of("mean, std") == ("mean", "std")
    assert batch.ops_of("a(b=(1, 2), c=[3,4]),max,") == ("a(b=(1, 2), c=[3,4])", "max")
    assert batch.events_of("all") is None
    assert batch.events_of(":10") == slice(None, 10)
    assert batch.events_of("-5:") == slice(-5, None)
    assert batch.events_of("1:9:2") == slice(1, 9, 2)
    assert batch.events_of("3,-1") == [3, -1]
    assert batch.events_of("gas > 1") == "gas > 1"


def test_processes_that_do_not_see_each_other(monkeypatch):
    for name in ranks.SIZES:
        monkeypatch.delenv(name, raising=False)
    assert isinstance(ranks.communicator(), Alone)
    assert ranks.told_size({"PMI_SIZE": "4", "SLURM_STEP_NUM_TASKS": "2"}) == 4
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(
        MissingExtraError, match=r"4 processes were started together.*xtcview\[mpi\]"
    ):
        ranks.communicator()
    code = "from xtcview.reduce.ranks import communicator; communicator()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "MPI sees 1: mpiexec and the MPI library are of different makes" in done.stderr


def test_following_from_before_the_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "LOOK", 0.05)
    out = tmp_path / "out.npz"
    run = FakeRun(n=400, delay=0.01)
    live = follow(out)
    assert (live.state, live.progress, live.partial(), live.detector) == ("waiting", (0, 0), {}, "")
    assert not hasattr(live, "shape")
    assert live.error is None
    seen = []
    live.add_callback(lambda r: seen.append((r.progress[0], r.partial(), r.progress[0])))
    process = subprocess.Popen(
        command(run, out, "--every", "0.2"), stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, HERE])},
    )  # fmt: skip
    live.wait(60)
    np.testing.assert_array_equal(live.mean, expected(run, list(range(400)))["mean"])
    assert process.wait(30) == 0
    assert (live.state, live.n, live.detector, live.calib) == ("done", 400, "cspad", False)
    assert "done, 400 of 400 events" in repr(live)
    until(lambda: seen and seen[-1][2] == 400, live)
    growing = [(read, partial) for read, partial, then in seen if 0 < read == then < 400]
    assert growing
    for read, partial in growing:
        np.testing.assert_array_equal(partial["sum"], expected(run, list(range(read)))["sum"])


def test_following_many_parts(tmp_path, monkeypatch):
    out = tmp_path / "out.npz"
    stopped(RUN, out, monkeypatch, events=slice(0, 90))
    live = follow(out)
    assert live.progress == (90, 90)
    assert live.report.counted == 86
    np.testing.assert_array_equal(live.partial()["max"], expected(RUN, COUNTED)["max"])
    assert (live.state, live.done) == ("running", False)
    with pytest.raises(TimeoutError, match=r"90 of 90 events were read in 0\.1 s"):
        live.wait(0.1)
    with pytest.raises(AttributeError, match=r"no 'maen'. Did you mean 'mean'"):
        live.maen  # noqa: B018
    monkeypatch.setattr(following, "SILENT", -1.0)
    assert live.state == "silent"
    assert "silent, 90 of 90 events" in str(live.error)
    with pytest.raises(EngineError, match="the same command goes on from there"):
        live.wait()


def test_a_callback_that_fails_is_told(tmp_path):
    out = tmp_path / "out.npz"
    alone(RUN, out)
    live, called = follow(out), threading.Event()

    def fail(r):
        called.set()
        raise ValueError("no canvas")

    live.add_callback(fail)
    assert called.wait(10)
    until(lambda: "a callback failed: ValueError: no canvas" in repr(live), live)


@pytest.mark.cluster
def test_the_sum_of_the_classic_script(golden_dir, tmp_path):
    """A script of psana that sums by MPI.Reduce, and this package's own way."""
    dataset = f"exp=cxitut13:run=34:dir={golden_dir}:idx"
    script = Path(ROOT) / "notebooks" / "mpi_sum.py"
    classic = mpi(2, sys.executable, str(script), dataset).stdout.splitlines()
    out = tmp_path / "out.npz"
    done = mpi(2, *command(dataset, out, "--det", "CxiDg2.0:Tm6740.0"))
    assert done.returncode == 0, done.stderr
    results = outfile.read(out)[1]
    assert classic[1].split()[-1] == str(results["sum"].sum())
    assert f"the brightest pixel reached {results['sum'].max()};" in classic[3]
