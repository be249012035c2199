"""Runs one after another as one timeline; files and data sets in lists."""

import pickle

import pytest

import xtcview
from tests.support import runs
from xtcview.errors import DataSetError, RunNotFoundError
from xtcview.types import camera, control


@pytest.fixture
def folder(tmp_path):
    """Runs 3, 4 and 5 with 4, 2 and 3 events; their clocks are the same."""
    for run, count in ((5, 3), (4, 2), (3, 4)):
        made = [*runs.begin(run=run), *runs.cycle(0, [runs.event(i) for i in range(count)])]
        path = runs.write(tmp_path, [*made, *runs.end()])
        for old in (path, runs.index_of(path)):
            old.rename(old.with_name(old.name.replace("-r0003-", f"-r{run:04d}-")))
    return tmp_path


def test_one_timeline(folder):
    source = xtcview.DataSource(f"exp=e7:run=3-5:dir={folder}:idx")
    times = source.times()
    assert len(times) == 9
    order = [8, 0, 4, 3, 5, -1, 2]
    found = [(source.event(i).run(), source.event(i).number) for i in order]
    assert found == [(5, 2), (3, 0), (4, 0), (3, 3), (4, 1), (5, 2), (3, 2)]
    assert [(source.event(times[i]).run(), source.event(times[i]).number) for i in order] == found
    assert [t.position for t in times[3:6]] == [0, 1, 1]
    frame = source.event(5).get(camera.FrameV1, runs.CAMERA)
    assert frame.data16()[0, 0] == 1
    assert source.env().run.run() == 4
    assert "9 events of runs 3, 4, 5" in repr(times)


def test_names_of_two_runs_with_one_clock(folder):
    source = xtcview.DataSource(f"exp=e7:run=3-5:dir={folder}")
    first, other = source.times()[0], source.times()[4]
    assert first == other  # the same clock and fiducial
    assert [source.event(t).run() for t in (first, other)] == [3, 4]
    assert source.event(pickle.loads(pickle.dumps(other))).run() == 4
    assert source.event(xtcview.EventTime(other.time(), other.fiducial())).run() == 3
    assert source.event((1, 2)) is None
    with pytest.raises(IndexError):
        source.event(9)
    with pytest.raises(TypeError):
        source.event("5")


def test_jumping_disturbs_no_iterator(folder):
    source = xtcview.DataSource(f"exp=e7:run=3-5:dir={folder}")
    seen = []
    for run in source.runs():
        seen.append((run.run(), [event.number for event in run.events()]))
        source.event(0)
    assert seen == [(3, [0, 1, 2, 3]), (4, [0, 1]), (5, [0, 1, 2])]
    assert len(list(source.events())) == 9


def test_files_of_several_runs(folder):
    paths = sorted(folder.glob("*.xtc"))
    for source in (
        xtcview.DataSource(paths),
        xtcview.DataSource(*map(str, paths)),
        xtcview.DataSource([paths[0], *paths]),
    ):
        assert [run.run() for run in source.runs()] == [3, 4, 5]
        assert len(source.times()) == 9


def test_files_are_read_alone(tmp_path):
    for stream in range(3):
        runs.write(tmp_path, runs.simple(stream + 1), stream=stream)
    some = [tmp_path / runs.NAME.format(stream=s, chunk=0) for s in (2, 0)]
    (run,) = xtcview.DataSource(some).runs()
    assert [file.stream for file in run.files] == [0, 2]
    assert run.problems == []
    with xtcview.open(run.spec) as again:
        assert [file.stream for file in again.files] == [0, 2]


def test_several_data_sets(folder):
    text = f"exp=e7:run={{}}:dir={folder}"
    source = xtcview.DataSource([text.format(5), text.format("3-4")])
    assert [run.run() for run in source.runs()] == [5, 3, 4]


def test_nothing_and_missing_files(tmp_path):
    with pytest.raises(DataSetError, match="no data set"):
        xtcview.DataSource([])
    with pytest.raises(RunNotFoundError, match="no such file"):
        xtcview.DataSource([tmp_path / "e7-r0003-s00-c00.xtc", tmp_path / "e7-r0003-s01-c00.xtc"])


def test_values_follow_the_runs(tmp_path):
    """A store and a detector made before the loop give what holds at the run's events."""
    for number, value in ((4, 2.0), (3, 1.0)):
        first = runs.archiver(runs.pv_ctrl(0, "MOTOR", value))
        made = [
            *runs.begin(runs.pulnix_config(), first, run=number),
            *runs.cycle(0, [runs.event(0)]),
        ]
        path = runs.write(tmp_path, [*made, *runs.end()])
        for old in (path, runs.index_of(path)):
            old.rename(old.with_name(old.name.replace("-r0003-", f"-r{number:04d}-")))
    source = xtcview.DataSource(f"exp=e7:run=3,4:dir={tmp_path}")
    store, motor = source.env().epicsStore(), xtcview.Detector("MOTOR", source.env())
    found = [(store.value("MOTOR"), motor(event)) for event in source.events()]
    assert found == [(1.0, 1.0), (2.0, 2.0)]


def test_a_step_begins_before_its_first_event(tmp_path):
    runs.write(tmp_path, runs.simple(2, 3))
    source = xtcview.DataSource(tmp_path)
    scan, seen = xtcview.Detector("ControlData", source.env()), []
    for step in source.steps():
        values = [scan(), step.env().configStore().get(control.ConfigV3, xtcview.Source(""))]
        seen.append([value.pvControls()[0].value() for value in values])
        assert len(list(step.events())) == 2
    assert seen == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
