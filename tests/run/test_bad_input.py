"""Files that are missing, empty, cut or bent: one clear error, or a run that says what it lacks."""

import dataclasses
import re
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import xtcview
from tests.support import runs
from tests.support.outcome import outcome
from xtcview.errors import IndexFileError, RunNotFoundError, XtcError
from xtcview.format import index
from xtcview.types import camera, control

slow = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def scrub(run):
    """Ask everything of every event; return the camera's values."""
    found = []
    for number in range(len(run.times())):
        event = run.event(number)
        assert event.damage() >= 0
        event.keys()
        frame = event.get(camera.FrameV1, runs.CAMERA)
        found += [None] if frame is None else frame.data16().ravel()[:1].tolist()
        run.env().configStore().get(control.ConfigV3)
        store = run.env().epicsStore()
        [store.value(name) for name in store.names()]
    return found


# nothing to read


def test_an_empty_file(tmp_path, opened):
    runs.write(tmp_path, [])
    with pytest.raises(
        RunNotFoundError, match=r"no DAQ stream .* with data; there are e7-r0003-s00-c00.xtc"
    ):
        opened()


def test_an_empty_file_among_others(tmp_path, opened):
    runs.write(tmp_path, [])
    runs.write(tmp_path, runs.simple(), stream=1)
    run = opened()
    assert str(run.problems[0]) == (
        "e7-r0003-s00-c00.xtc at byte 0: the file is empty; its events are missing"
    )
    assert "1 problem>" in repr(run)
    assert scrub(run) == [0, 1, 2, 3]


def test_a_link_that_leads_nowhere(tmp_path, opened):
    runs.write(tmp_path, runs.simple())
    (tmp_path / runs.NAME.format(stream=1, chunk=0)).symlink_to(tmp_path / "gone")
    run = opened()
    assert run.problems[0].file.endswith("s01-c00.xtc")
    assert scrub(run) == [0, 1, 2, 3]


def test_streams_of_the_control_system_only(tmp_path, opened):
    runs.write(tmp_path, runs.simple(), stream=80)
    runs.write(tmp_path, runs.simple(), stream=81)
    with pytest.raises(RunNotFoundError, match=r"no DAQ stream \(s00-s79\).*s80-c00.xtc, .*s81"):
        opened()


def test_a_run_without_events(tmp_path, opened):
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, []), *runs.end()])
    with pytest.raises(RunNotFoundError, match=r"s00-c00.xtc: the run has no events$"):
        opened()


@pytest.mark.parametrize("indexed", [True, False])
def test_cut_before_the_first_event(tmp_path, opened, indexed):
    path = runs.write(tmp_path, runs.simple(), index=indexed)
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(
        RunNotFoundError, match=r"no events; e7-r0003-s00-c00.xtc at byte"
    ) as caught:
        opened()
    assert "\n" not in str(caught.value)


# an index that does not fit


def bend(path, table, field, at, value):
    """Change one number of an index file."""
    found = index.decode(runs.index_of(path).read_bytes())
    rows = getattr(found, table).copy()
    rows[field][at] = value(rows[field][at]) if callable(value) else value
    runs.index_of(path).write_bytes(index.encode(dataclasses.replace(found, **{table: rows})))


READ_INSTEAD = "the .xtc file itself was read instead"


def assert_read_instead(run, count):
    """The index is told to be wrong, and every event is right all the same."""
    (problem,) = run.problems
    assert "does not fit e7-r0003-s00-c00.xtc: it lists" in problem.what
    assert problem.consequence == READ_INSTEAD
    frames = [evt.get(camera.FrameV1, runs.CAMERA).data16()[0, 0] for evt in run.events()]
    step = run.timeline.events["step"]
    inside = np.arange(count) - np.searchsorted(step, step)
    assert frames == (1000 * step + inside).tolist()


def test_the_index_of_another_file(golden_dir, tmp_path):
    for path in golden_dir.glob("e158-r0034-*.xtc"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "index").mkdir()
    shutil.copy(
        golden_dir / "index" / "e158-r0034-s01-c00.xtc.idx",
        tmp_path / "index" / "e158-r0034-s00-c00.xtc.idx",
    )
    with xtcview.open(f"exp=cxitut13:run=34:dir={tmp_path}") as run:
        (problem,) = run.problems
        assert len(run.times()) == 12
        assert "does not fit e158-r0034-s00-c00.xtc: it lists" in problem.what
        assert problem.file.endswith("e158-r0034-s00-c00.xtc.idx")
        assert problem.consequence == READ_INSTEAD


@pytest.mark.parametrize("size", [0, 3, 59, 60, 100, -1])
def test_a_cut_index(tmp_path, opened, size):
    path = runs.write(tmp_path, runs.simple())
    place = runs.index_of(path)
    place.write_bytes(place.read_bytes()[:size])
    run = opened()
    (problem,) = run.problems
    assert re.match(r"e7-r0003-s00-c00.xtc.idx at byte \d+: expected ", str(problem))
    assert problem.consequence == READ_INSTEAD
    assert [run.event(i).number for i in range(len(run.times()))] == [0, 1, 2, 3]


@pytest.mark.parametrize("at", [0, -1])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offset", lambda o: o + 4),
        ("offset", -40),
        ("seconds", 5),
        ("nanoseconds", 5),
        ("fiducial", 131071),
    ],
)
def test_events_that_stand_elsewhere(tmp_path, opened, at, field, value):
    path = runs.write(tmp_path, runs.simple(5))
    bend(path, "nodes", field, at, value)
    assert_read_instead(opened(), 5)


@pytest.mark.parametrize(("field", "value"), [("offset", -1), ("offset", 0), ("seconds", 7)])
def test_calib_cycles_that_stand_elsewhere(tmp_path, opened, field, value):
    path = runs.write(tmp_path, runs.simple(2, 2))
    bend(path, "calib_cycles", field, 1, value)
    run = opened()
    assert_read_instead(run, 4)
    assert [len(run.times(step)) for step in range(run.nsteps())] == [2, 2]


@pytest.mark.parametrize("value", [lambda o: o + 4, 0, 84])
def test_an_event_in_the_middle_that_stands_elsewhere(tmp_path, opened, value):
    """A few are looked at on opening; the event itself must not give another's data."""
    path = runs.write(tmp_path, runs.simple(50))
    bend(path, "nodes", "offset", 2, value)
    run = opened()
    event = run.event(2)
    assert event.get(camera.FrameV1, runs.CAMERA) is None
    assert "part of the event is missing" in event.problems[0].consequence
    with pytest.raises(IndexFileError, match=r"event \(1400000020, 16666666, 6\) is not at byte"):
        event.get(xtcview.EventId)
    assert int(run.event(3).get(camera.FrameV1, runs.CAMERA).data16()[0, 0]) == 3


def test_two_events_exchanged(tmp_path, opened):
    path = runs.write(tmp_path, runs.simple(50))
    offsets = index.decode(runs.index_of(path).read_bytes()).nodes["offset"]
    bend(path, "nodes", "offset", slice(1, 3), np.array([offsets[2], offsets[1]]))
    run = opened()
    assert [run.event(i).get(camera.FrameV1, runs.CAMERA) is None for i in range(5)] == [
        False, True, True, False, False,
    ]  # fmt: skip


def test_a_calib_cycle_in_the_middle_that_stands_elsewhere(tmp_path, opened):
    path = runs.write(tmp_path, runs.simple(2, 3))
    bend(path, "calib_cycles", "offset", 1, lambda o: o + 4)
    run = opened()
    run.event(3)
    run.env().configStore()
    assert any("configuration there is not read" in p.consequence for p in run.problems)


@pytest.mark.parametrize("offset", [10**6, 2**62, 2**63 - 1])
def test_offsets_behind_the_end(tmp_path, opened, offset):
    path = runs.write(tmp_path, runs.simple(5))
    bend(path, "nodes", "offset", 2, offset)
    run = opened()
    assert len(run.times()) == 4
    assert run.problems[0].consequence == "1 of 5 events cannot be read from it"
    assert scrub(run) == [0, 1, 3, 4]


def test_calib_cycles_behind_the_end(tmp_path, opened):
    path = runs.write(tmp_path, runs.simple(2, 2))
    bend(path, "calib_cycles", "offset", 1, 2**63 - 1)
    assert "1 of 2 calib cycles" in opened().problems[0].consequence


def test_an_index_that_ends_early(tmp_path, opened):
    path = runs.write(tmp_path, runs.simple(5))
    found = index.decode(runs.index_of(path).read_bytes())
    short = dataclasses.replace(found, nodes=found.nodes[:3])
    runs.index_of(path).write_bytes(index.encode(short))
    run = opened()
    assert scrub(run) == [0, 1, 2]
    assert run.problems[0].file.endswith(".idx")
    assert "2 events are not shown" in run.problems[0].consequence


# cut and bent files


def a_run(folder, **how):
    values = [runs.archiver(runs.pv_time(0, float(i))) for i in range(6)]
    events = [runs.event(i, runs.camera_segment(i), values[i]) for i in range(6)]
    named = runs.archiver(runs.pv_ctrl(0, "PV", -1.0))
    head = runs.begin(runs.pulnix_config(), named)
    datagrams = [*head, *runs.cycle(0, events[:3], runs.scan_step(0.0))]
    datagrams += [*runs.cycle(1, events[3:], runs.scan_step(1.0)), *runs.end()]
    path = runs.write(folder, datagrams, **how)
    ends = np.cumsum([len(d) for d in datagrams])
    events_end = [int(ends[i]) for i, d in enumerate(datagrams) if d[11] & 0xF == 12]
    return path, events_end


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small run's bytes, its index, and where its events end."""
    path, ends = a_run(tmp_path_factory.mktemp("whole"))
    return path.read_bytes(), runs.index_of(path).read_bytes(), ends


def lay(folder, data, index_data=None):
    """Write a file, and its index when there is one."""
    path = folder / runs.NAME.format(stream=0, chunk=0)
    path.write_bytes(data)
    if index_data is not None:
        runs.index_of(path).parent.mkdir(exist_ok=True)
        runs.index_of(path).write_bytes(index_data)
    return path


@slow
@given(st.data(), st.booleans())
def test_cut_anywhere(tmp_path_factory, whole, data, indexed):
    content, index_data, ends = whole
    size = data.draw(st.integers(0, len(content) - 1))
    folder = tmp_path_factory.mktemp("cut")
    lay(folder, content[:size], index_data if indexed else None)
    expected = [i for i, end in enumerate(ends) if end <= size]
    if not expected:
        with pytest.raises(RunNotFoundError):
            xtcview.open(folder)
        return
    with xtcview.open(folder) as run:
        assert scrub(run) == expected
        assert run.nsteps() == len({i // 3 for i in expected}) or run.nsteps() == 2
        for at in range(len(expected)):
            run.event(at)
            assert run.env().epicsStore().value("PV") == float(at)
            position = run.env().configStore().get(control.ConfigV3).pvControls()[0].value()
            assert position == float(at // 3)
        assert run.problems  # between two datagrams too: EndRun is missing


def test_golden_run_44_is_run_42_cut(golden_dir, tmp_path):
    name = "e158-r0044-s00-c00.xtc"
    old = (golden_dir / "index" / "e158-r0042-s00-c00.xtc.idx").read_bytes()
    (tmp_path / "index").mkdir()  # with the index of the whole file
    content = index.encode(dataclasses.replace(index.decode(old), name=name))
    (tmp_path / "index" / f"{name}.idx").write_bytes(content)
    shutil.copy(golden_dir / name, tmp_path)
    text = "exp=cxitut13:run={}:dir={}"
    with (
        xtcview.open(text.format(42, golden_dir)) as full,
        xtcview.open(text.format(44, golden_dir)) as cut,
        xtcview.open(text.format(44, tmp_path)) as late,
    ):
        assert [len(r.times()) for r in (full, cut, late)] == [2, 1, 1]
        assert full.problems == []
        assert "only" in cut.problems[0].what
        assert "1 of 2 events cannot be read" in late.problems[0].consequence
        for run in (cut, late):
            event, whole = run.event(0), full.event(0)
            assert list(map(str, event.keys())) == list(map(str, whole.keys()))
            for key in event.keys()[:-1]:
                ours = event.get(key.type(), key.src()).asdict()
                assert repr(ours) == repr(whole.get(key.type(), key.src()).asdict())


def open_and_scrub(folder):
    """A bent file gives a result or an `XtcError`, nothing else."""
    run = outcome(xtcview.open, folder)
    if isinstance(run, XtcError):
        assert str(folder) in str(run)
        return
    with run:
        found = outcome(scrub, run)
        assert str(found)
        assert "\n" not in "".join(map(str, [run, *run.problems]))


@slow
@example(at=20 + 16, change=0xFF, indexed=True)
@given(at=st.integers(0), change=st.integers(1, 255), indexed=st.booleans())
def test_any_byte_of_a_file_flipped(tmp_path_factory, whole, at, change, indexed):
    content, index_data, _ = whole
    data = bytearray(content)
    data[at % len(data)] ^= change
    folder = tmp_path_factory.mktemp("bent")
    lay(folder, bytes(data), index_data if indexed else None)
    open_and_scrub(folder)


@slow
@given(at=st.integers(0), change=st.integers(1, 255))
def test_any_byte_of_an_index_flipped(tmp_path_factory, whole, at, change):
    content, index_data, _ = whole
    data = bytearray(index_data)
    data[at % len(data)] ^= change
    folder = tmp_path_factory.mktemp("bent")
    lay(folder, content, bytes(data))
    open_and_scrub(folder)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_golden_file_bent(tmp_path_factory, golden_dir, data):
    content = bytearray((golden_dir / "e158-r0034-s00-c00.xtc").read_bytes())
    index_data = bytearray((golden_dir / "index" / "e158-r0034-s00-c00.xtc.idx").read_bytes())
    which = content if data.draw(st.booleans()) else index_data
    # most of the file is a detector's configuration; look at its ends more often
    at = data.draw(st.integers(0, 600) | st.integers(-6000, -1) | st.integers(0, 290_000))
    which[at % len(which)] ^= data.draw(st.integers(1, 255))
    size = data.draw(st.just(len(content)) | st.integers(0, len(content)))
    folder = tmp_path_factory.mktemp("golden-bent")
    lay(folder, bytes(content[:size]), bytes(index_data))
    open_and_scrub(folder)


@slow
@given(st.binary(max_size=500))
def test_any_bytes_as_a_file(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("noise")
    lay(folder, data)
    open_and_scrub(folder)


@pytest.mark.parametrize("folder", [False, True])
def test_a_stream_whose_file_is_missing_is_told(tmp_path, folder):
    runs.write(tmp_path, runs.simple(2))
    gone = runs.write(tmp_path, runs.simple(2), stream=1)
    gone.unlink()
    if folder:
        gone.mkdir()
    with xtcview.open(tmp_path) as run:
        (problem,) = run.problems
    assert problem.file == str(gone)
    assert problem.what == "its index is there, but no such file is"


def test_a_file_that_goes_away_is_an_error_of_ours(tmp_path):
    path = runs.write(tmp_path, runs.simple(2))
    with xtcview.open(tmp_path) as run:
        run.close()
        path.unlink()
        with pytest.raises(RunNotFoundError, match="is gone; open the run again"):
            run.event(0).get(xtcview.EventId)
