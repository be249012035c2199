"""Data sources, runs, iterators and environments; processes and files."""

import gc
import os
import pickle
import threading
from pathlib import Path

import pytest

import xtcview
from tests.support import runs
from xtcview.errors import TruncatedError
from xtcview.format import writer
from xtcview.run import buffers, files
from xtcview.types import camera, control

FRAME = camera.FrameV1


def value(event):
    return int(event.get(FRAME, runs.CAMERA).data16()[0, 0])


def several_runs(folder, *numbers):
    """Runs with a PV each, whose value is the run number."""
    for number in numbers:
        name = runs.archiver(runs.pv_ctrl(0, "PV", float(number)))
        events = [runs.event(i, step=0) for i in range(3)]
        with writer.StreamWriter(folder, f"e7-r{number:04d}-s00-c00.xtc") as file:
            for dgram in [
                *runs.begin(name, run=number),
                *runs.cycle(0, events, runs.scan_step(number)),
            ]:
                file.write(dgram)


def test_runs_steps_and_events(tmp_path):
    runs.write(tmp_path, runs.simple(2, 3))
    source = xtcview.DataSource(f"exp=e7:run=3:dir={tmp_path}")
    (run,) = source.runs()
    assert [value(e) for e in run.events()] == [0, 1, 1000, 1001, 2000, 2001]
    assert [[value(e) for e in s.events()] for s in run.steps()] == [
        [0, 1],
        [1000, 1001],
        [2000, 2001],
    ]
    assert [value(e) for e in source.events()] == [value(e) for e in run.events()]
    assert [s.number for s in source.steps()] == [0, 1, 2]
    assert not source.empty()
    assert source.end() is None
    assert run.end() is None
    assert repr(source) == f"<DataSource 'exp=e7:run=3:dir={tmp_path}': runs 3>"
    assert repr(next(run.steps())) == "<Step 0: 2 events>"


def test_iterators_are_independent(tmp_path):
    runs.write(tmp_path, runs.simple(3, 2))
    run = xtcview.open(tmp_path)
    one, two = run.events(), run.events()
    assert [value(next(one)), value(next(one)), value(next(two))] == [0, 1, 0]
    steps = run.steps()
    first, second = next(steps), next(steps)
    inner, outer = first.events(), second.events()
    assert [value(next(outer)), value(next(inner)), value(next(outer))] == [1000, 0, 1001]
    assert [value(e) for e in one] == [2, 1000, 1001, 1002]
    assert [value(e) for e in run.events()] == [0, 1, 2, 1000, 1001, 1002]
    assert [t.fiducial() for t in run.times()] == [t.fiducial() for t in run.times()]


def test_a_step_can_be_read_again(tmp_path):
    runs.write(tmp_path, runs.simple(2))
    step = next(xtcview.open(tmp_path).steps())
    assert [value(e) for e in step.events()] == [value(e) for e in step.events()] == [0, 1]


def test_several_runs(tmp_path):
    several_runs(tmp_path, 3, 4, 9)
    source = xtcview.DataSource(f"exp=e7:run=3-4,9:dir={tmp_path}")
    found = list(source.runs())
    assert [run.run() for run in found] == [3, 4, 9]
    # an older run keeps its own times
    assert [len(run.times()) for run in found] == [3, 3, 3]
    assert [run.event(0).run() for run in reversed(found)] == [9, 4, 3]
    assert [run.spec.split(":")[1] for run in found] == ["run=3", "run=4", "run=9"]
    assert [run.env().epicsStore().value("PV") for run in found] == [3.0, 4.0, 9.0]


def test_the_environment_of_a_source_follows_its_runs(tmp_path):
    several_runs(tmp_path, 3, 4)
    source = xtcview.DataSource(f"exp=e7:dir={tmp_path}")
    env = source.env()
    assert env.epicsStore().value("PV") == 3.0
    for run in source.runs():
        run.event(1)
        assert source.env() is env
        assert env.epicsStore().value("PV") == float(run.run())
        position = env.configStore().get(control.ConfigV3).pvControls()[0].value()
        assert position == float(run.run())


def test_sources_do_not_disturb_one_another(tmp_path):
    several_runs(tmp_path / "a", 3)
    several_runs(tmp_path / "b", 5)
    one, two = (xtcview.DataSource(tmp_path / name) for name in "ab")
    first, second = next(one.runs()), next(two.runs())
    assert (value(first.event(0)), value(second.event(2)), value(first.event(1))) == (0, 2, 1)
    assert [s.env().epicsStore().value("PV") for s in (one, two)] == [3.0, 5.0]


def test_environment(tmp_path):
    runs.write(tmp_path, runs.simple(2, 2, runs.scan_step(-1.0)))
    source = xtcview.DataSource(f"exp=CXI/abcd12:run=3:dir={tmp_path}")
    env, run = source.env(), next(source.runs())
    assert (env.experiment(), env.instrument(), env.expNum()) == ("abcd12", "CXI", 7)
    assert env.run is run
    assert (run.expt, run.experiment, run.run()) == ("abcd12", "abcd12", 3)
    assert env.aliasMap() is run.aliases

    def position():
        return env.configStore().get(control.ConfigV3).pvControls()[0].value()

    assert position() == -1.0  # Configure, before any event
    run.event(3)
    assert position() == 1.0
    run.event(0)
    assert position() == 0.0
    run.peek(3)
    assert position() == 0.0  # looking is not reading
    assert run.current == 0
    assert next(run.steps()).env() is run.env()


def test_calib_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("SIT_PSDM_DATA", "/lab")
    monkeypatch.setitem(xtcview.run.options.OPTIONS, "psana.calib-dir", "")
    folder = tmp_path / "xtc"
    runs.write(folder, runs.simple())
    run = xtcview.open(f"exp=CXI/abcd12:run=3:dir={folder}")
    assert run.calib_dir == Path("/lab/CXI/abcd12/calib")
    (tmp_path / "calib").mkdir()
    assert run.calib_dir == tmp_path / "calib"
    xtcview.setOption("psana.calib-dir", "/c/{instr}/{exp}")
    assert xtcview.open(run.spec).calib_dir == Path("/c/CXI/abcd12")
    assert run.calib_dir == tmp_path / "calib"  # opened before
    assert xtcview.DataSource(run.spec).env().calibDir() == "/c/CXI/abcd12"


def test_the_run_number(tmp_path, opened):
    """BeginRun's number when there is one, else that of the file name."""
    runs.write(tmp_path, [*runs.begin(run=0), *runs.cycle(0, [runs.event(0)])])
    assert opened().run() == 3
    runs.write(tmp_path, [*runs.begin(run=44), *runs.cycle(0, [runs.event(0)])])
    run = opened()
    assert run.run() == 44
    assert run.event(0).run() == run.event(0).get(xtcview.EventId).run() == 44


def test_a_run_opens_again_from_its_spec(tmp_path, monkeypatch):
    runs.write(tmp_path / "data", runs.simple())
    monkeypatch.chdir(tmp_path)
    run = xtcview.open("exp=e7:run=3:dir=data")
    spec = pickle.loads(pickle.dumps(run.spec))
    monkeypatch.chdir("/")
    again = xtcview.open(spec)
    assert list(again.times()) == list(run.times())
    assert (again.experiment, again.run()) == (run.experiment, run.run())


def test_closing_and_reading_again(tmp_path):
    runs.write(tmp_path, runs.simple())
    with xtcview.open(tmp_path) as run:
        event = run.event(0)
    assert value(event) == 0  # what was not read yet is read now
    run.close()
    run.close()
    assert value(run.event(3)) == 3
    run.close()


def test_no_file_stays_open(tmp_path):
    runs.write(tmp_path, runs.simple())
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        value(xtcview.open(tmp_path).event(1))
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def in_a_child(function):
    """Return what a function gives in a forked process."""
    end, start = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(start, pickle.dumps(function()))
        finally:
            os._exit(0)
    os.close(start)
    with open(end, "rb") as pipe:  # noqa: PTH123 - a descriptor
        answer = pipe.read()
    os.waitpid(pid, 0)
    return pickle.loads(answer)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_reads_the_same(tmp_path):
    runs.write(tmp_path, runs.simple(4))
    run = xtcview.open(tmp_path)
    assert value(run.event(2)) == 2

    def child():
        found = [value(run.event(i)) for i in (3, 0, 2)]
        run.close()
        return found, run.current

    assert in_a_child(child) == ([3, 0, 2], 2)
    assert run.current == 2
    assert [value(run.event(i)) for i in (1, 3)] == [1, 3]  # the parent's file is still its own


def test_threads_read_at_the_same_time(tmp_path):
    events = [
        runs.event(i, writer.container(runs.segment(1), runs.frame(i, shape=(400, 500))))
        for i in range(8)
    ]
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, events)])
    run, wrong = xtcview.open(tmp_path), []
    assert buffers.SMALL < 2 * 400 * 500

    def work(offset):
        for turn in range(40):
            number = (offset + turn) % 8
            pixels = run.peek(number).get(FRAME, runs.CAMERA).data16()
            if int(pixels.min()) != number or int(pixels.max()) != number:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(3 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_memory_is_not_reused_while_somebody_holds_it(tmp_path):
    events = [
        runs.event(i, writer.container(runs.segment(1), runs.frame(i, shape=(400, 500))))
        for i in range(6)
    ]
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, events)])
    run = xtcview.open(tmp_path)
    held = [run.event(i).get(FRAME, runs.CAMERA)._int_pixel_data()[5:9] for i in range(6)]
    for i in range(6):
        run.event(i).get(FRAME, runs.CAMERA)
    assert [int(part.max()) for part in held] == list(range(6))


# reading


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "e7-r0003-s00-c00.xtc"
    path.write_bytes(bytes(range(200)))
    found = files.XtcFile(path)
    yield found
    found.close()


@pytest.mark.parametrize("most", [1, 3, 7, 50, 1000])
def test_reads_that_are_interrupted_go_on(file, monkeypatch, most):
    real = os.preadv

    def short(descriptor, targets, offset):
        data = os.pread(descriptor, min(most, sum(len(t) for t in targets)), offset)
        for target in targets:
            target[: len(data)], data = data[: len(target)], data[len(target) :]
        return min(most, 60)

    monkeypatch.setattr(os, "preadv", lambda *a: short(*a) if most < 60 else real(*a))
    targets = [bytearray(n) for n in (10, 0, 25, 25)]
    views = [memoryview(t) for t in targets]
    file.scatter(40, views, 60, "payload")
    assert b"".join(targets) == bytes(range(40, 100))


def test_reads_behind_the_end(file):
    assert file.read(190, 100) == bytes(range(190, 200))
    assert file.read(500, 10) == b""
    for read in (file.read_exactly, file.view):
        with pytest.raises(
            TruncatedError, match="byte 190: expected 20 bytes of x, found 10"
        ) as caught:
            read(190, 20, "x")
        assert caught.value.file == file.path
    assert bytes(file.view(190, 10, "x")) == bytes(range(190, 200))


def test_a_view_cannot_be_written(file):
    assert file.view(0, 10, "x").readonly


def test_a_pool_keeps_what_is_held():
    pool = buffers.Pool(4 * buffers.SMALL)
    one = pool.take(buffers.SMALL)
    part = one[10:20]
    one[:] = 1
    del one
    two = pool.take(buffers.SMALL)
    two[:] = 2
    assert part.tolist() == [1] * 10
    del part
    three = pool.take(buffers.SMALL)
    assert int(three[0]) == 1  # the first buffer again, as it was left
    assert int(two[0]) == 2


def test_a_pool_lets_go_of_too_much():
    pool = buffers.Pool(2 * buffers.SMALL)
    held = [pool.take(buffers.SMALL) for _ in range(6)]
    for number, buffer in enumerate(held):
        buffer[:] = number
    assert [int(buffer.min()) for buffer in held] == list(range(6))
    assert sum(b.size for b in pool._buffers) <= 4 * buffers.SMALL
