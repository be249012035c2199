"""Runs that are still being written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xtcview
from tests.support import live_writer, runs, smalldata
from xtcview.format.headers import DGRAM_SIZE, dgram
from xtcview.run import live
from xtcview.run.files import IN_PROGRESS, XtcFile
from xtcview.run.options import LIVE_TIMEOUT
from xtcview.types import camera

EVENTS = 9  # of each of three calib cycles


@pytest.fixture
def whole(tmp_path):
    """Files of a finished run: two streams that share the events, EPICS, three calib cycles."""
    folder = tmp_path / "whole"
    folder.mkdir()
    first = runs.archiver(runs.pv_ctrl(0, "MOTOR", -1.0))
    for stream in range(2):
        datagrams = runs.begin(runs.pulnix_config(), first)
        for step in range(3):
            events = [an_event(i, step) for i in range(stream, EVENTS, 2)]
            datagrams += runs.cycle(step, events, runs.scan_step(float(step)))
        runs.write(folder, datagrams + runs.end(), stream=stream)
    return sorted(folder.glob("*.xtc"))


def an_event(i, step):
    value = runs.archiver(runs.pv_time(0, 100.0 * step + i)) if i % 3 == 0 else runs.archiver()
    return runs.event(i, runs.camera_segment(1000 * step + i), value, step=step)


@pytest.fixture
def growing(tmp_path):
    """Folder of the run that is being written."""
    folder = tmp_path / "xtc"
    folder.mkdir()
    return folder


@pytest.fixture
def quick(monkeypatch):
    """Look often, and give up soon."""
    monkeypatch.setattr(live, "POLL", 0.01)
    monkeypatch.setitem(xtcview.run.options.OPTIONS, LIVE_TIMEOUT, 0.5)


def ends_of(path):
    """List the bytes at which datagrams end."""
    data, at, ends = path.read_bytes(), 0, []
    while at < len(data):
        at += dgram(data[at : at + DGRAM_SIZE]).size
        ends.append(at)
    return ends


def place(growing, path, chunk=0):
    return growing / (path.name.replace("c00", f"c{chunk:02d}") + IN_PROGRESS)


def finish(growing, whole):
    """Write all that is missing, and name the files as finished ones."""
    for path in whole:
        target = place(growing, path)
        live_writer.append(target, path, target.stat().st_size, path.stat().st_size)
        target.rename(growing / path.name)


def opened(folder):
    return xtcview.open(f"exp=e7:run=3:dir={folder}:live")


def seen(run):
    """Return what a person would look at, of every event."""
    return [what(run, event) for event in (run.event(t) for t in run.times())]


def what(run, event):
    frame = event.get(camera.FrameV1, runs.CAMERA)
    step = run.timeline.step(event.number)
    value = run.epics_at(event.number).value("MOTOR")
    position = event.config.get(xtcview.ControlData.Config, xtcview.Source(""))
    motor = position.pvControls()[0].value() if position else None
    return event.time, int(frame.data16()[0, 0]), step, value, motor


def test_it_opens_before_there_is_anything_and_grows(whole, growing):
    for path in whole:
        place(growing, path).touch()
    with xtcview.open(f"exp=e7:run=3:dir={whole[0].parent}") as finished, opened(growing) as run:
        assert (len(run.times()), run.nsteps(), run.ended) == (0, 0, False)
        assert repr(run).startswith("<LiveRun 3 of e7: 0 events")
        final, ends = seen(finished), [ends_of(path) for path in whole]
        for portion in range(1, 12):
            before = len(run.times())
            for path, own in zip(whole, ends, strict=True):
                end = own[min(2 * portion, len(own) - 1)] - (7 if portion % 3 else 0)  # cut
                target = place(growing, path)
                live_writer.append(target, path, target.stat().st_size, end)
            assert run.refresh() == len(run.times()) - before
            settled = run._following.settled(run.timeline)
            assert seen(run)[:settled] == final[:settled]
            assert set(run.times()) <= {row[0] for row in final}
        finish(growing, whole)
        run.refresh()
        assert run.ended
        assert seen(run) == final
        assert run.problems == []
        assert run.nsteps() == 3
        assert len(run.times(2)) == EVENTS
        assert [f.path.name for f in run.files] == [path.name for path in whole]
        np.testing.assert_array_equal(run.epics("MOTOR").values, finished.epics("MOTOR").values)
        fields = ["time", "step", "MOTOR", "damage"]
        ours, theirs = (r.scalars(fields).array for r in (run, finished))
        assert ours.tobytes() == theirs.tobytes()


def test_a_refresh_reads_what_is_new(tmp_path, growing, monkeypatch):
    many = [runs.event(i) for i in range(500)]
    path = runs.write(tmp_path, [*runs.begin(runs.pulnix_config()), *runs.cycle(0, many)])
    ends = ends_of(path)
    live_writer.append(place(growing, path), path, 0, ends[450])
    read, plain = [], XtcFile.read
    monkeypatch.setattr(XtcFile, "read", lambda *a: read.append(len(b := plain(*a))) or b)
    with opened(growing) as run:
        read.clear()
        live_writer.append(place(growing, path), path, ends[450], ends[500])
        assert run.refresh() == 50
        assert 0 < sum(read) < 50 * 2 * 4096
        read.clear()
        assert run.refresh() == 0
        assert read == []


def test_iteration_follows_a_writer_that_crashes_and_goes_on(whole, growing, quick, tmp_path):
    """Stream 1 stops within a datagram and goes on in another chunk, from the next datagram on."""
    ends = [ends_of(path) for path in whole]
    cut = ends[1][12] - 5
    plan = []
    for path, own, stop in zip(whole, ends, (ends[0][6], cut), strict=True):
        plan += [["append", str(place(growing, path)), str(path), 0, own[3]], ["pause", 0.1]]
        plan += [["append", str(place(growing, path)), str(path), own[3], stop], ["pause", 0.1]]
    second = place(growing, whole[1], 1)
    size = whole[1].stat().st_size
    plan += [["append", str(second), str(whole[1]), ends[1][12], size], ["pause", 0.1]]
    plan += [["rename", str(second), str(growing / second.name.removesuffix(IN_PROGRESS))]]
    rest = [str(place(growing, whole[0])), str(whole[0])]
    plan += [["append", *rest, ends[0][6], ends[0][9] - 3], ["pause", 0.1]]
    plan += [["append", *rest, ends[0][9] - 3, ends[0][-1]], ["die"]]
    for path in whole:
        place(growing, path).touch()
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    writer = subprocess.Popen([sys.executable, live_writer.__file__, tmp_path / "plan.json"])
    try:
        with opened(growing) as run:
            found = [what(run, event) for event in run.events()]
            assert run.ended
            assert [event.time for event in run.events()] == list(run.times())  # and again
            steps = [[event.time for event in step.events()] for step in run.steps()]
    finally:
        assert writer.wait(30) == 9
    with xtcview.open(f"exp=e7:run=3:dir={whole[0].parent}") as finished:
        final = seen(finished)
    lost = [row for row in final if row not in found]
    assert [row for row in final if row in found] == found  # in order, none twice
    assert len(lost) == 1
    assert sum(map(len, steps)) == len(found)
    assert len(steps) == 3
    (problem,) = run.problems
    assert (Path(problem.file).name, problem.offset) == (place(growing, whole[1]).name, ends[1][11])


def test_a_stream_that_never_ends_is_given_up(whole, growing, quick):
    ends = ends_of(whole[0])
    live_writer.append(place(growing, whole[0]), whole[0], 0, ends[-1])
    live_writer.append(place(growing, whole[1]), whole[1], 0, ends_of(whole[1])[9] - 1)
    with opened(growing) as run:
        events = list(run.events())
        assert not run.ended
        assert len(events) == len(run.times())
        told = [str(problem) for problem in run.problems]
    assert any("no EndRun, and nothing new for 0.5 s" in text for text in told)
    assert any("s01" in text and "bytes" in text for text in told)


def test_a_stream_that_comes_late(whole, growing):
    live_writer.append(place(growing, whole[1]), whole[1], 0, whole[1].stat().st_size)
    with opened(growing) as run:
        before = seen(run)
        live_writer.append(place(growing, whole[0]), whole[0], 0, whole[0].stat().st_size)
        run.refresh()
        assert [file.stream for file in run.files] == [0, 1]
        assert len(run.times()) == 3 * EVENTS
        assert run.ended
        after = seen(run)
        assert {row[:3] for row in before} < {row[:3] for row in after}
        assert after == sorted(after)


def test_events_come_when_no_stream_can_send_an_earlier_one(whole, growing, quick):
    ends = [ends_of(path) for path in whole]
    live_writer.append(place(growing, whole[0]), whole[0], 0, ends[0][8])
    live_writer.append(place(growing, whole[1]), whole[1], 0, ends[1][5])
    with opened(growing) as run:
        events = run.events()
        settled = run._following.settled(run.timeline)
        assert 0 < settled < len(run.times())
        first = [next(events).time for _ in range(settled)]
        finish(growing, whole)
        rest = [event.time for event in events]
        assert first + rest == list(run.times())
        assert len(run.times()) == 3 * EVENTS


def test_without_live_it_is_told(whole, growing):
    live_writer.append(place(growing, whole[0]), whole[0], 0, ends_of(whole[0])[9])
    with xtcview.open(f"exp=e7:run=3:dir={growing}") as run:
        assert "still being written" in str(run.problems[0])
        assert "'live'" in str(run.problems[0])
        assert len(run.times())


def test_a_finished_run_is_live_too(whole):
    with opened(whole[0].parent) as run:
        assert run.ended
        assert run.refresh() == 0
        assert len(list(run.events())) == 3 * EVENTS
        assert run.spec.endswith(":live")


def test_a_file_that_shrinks_is_told(whole, growing):
    live_writer.append(place(growing, whole[0]), whole[0], 0, ends_of(whole[0])[9])
    with opened(growing) as run:
        count = len(run.times())
        with place(growing, whole[0]).open("r+b") as file:
            file.truncate(100)
        assert run.refresh() == 0
        assert len(run.times()) == count
        assert "is shorter now" in str(run.problems[0])


def test_small_data_that_are_being_written(whole, growing):
    """The large file may still be growing too, and be renamed before the small one is."""
    smalldata.write_all(whole[0].parent / "small", whole, threshold=24)
    folder = growing / "smalldata"
    folder.mkdir()
    for path in whole:
        small = whole[0].parent / "small" / "smalldata" / path.name.replace(".xtc", ".smd.xtc")
        live_writer.append(place(growing, path), path, 0, path.stat().st_size)
        live_writer.append(place(folder, small), small, 0, small.stat().st_size)
    with xtcview.open(f"exp=e7:run=3:dir={growing}:smd:live") as run:
        assert run.files[0].path.name == "e7-r0003-s00-c00.smd.xtc.inprogress"
        before = seen(run)
        finish(growing, whole)
        after = seen(run)
    with xtcview.open(f"exp=e7:run=3:dir={whole[0].parent}") as finished:
        assert before == after == seen(finished)
