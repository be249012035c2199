"""Several streams, chunks and calib cycles: which datagrams are one event, and in which step."""

import shutil

import pytest

import xtcview
from tests.conftest import GOLDEN
from tests.support import runs
from xtcview.format import writer
from xtcview.types import bld, camera, control

FRAME = camera.FrameV1


def fiducials(run):
    return [t.fiducial() for t in run.times()]


def pixel(run, number, source=runs.CAMERA):
    frame = run.event(number).get(FRAME, source)
    return None if frame is None else int(frame.data16()[0, 0])


def positions(run):
    """The scan's motor position at every event."""
    found = []
    for number in range(len(run.times())):
        run.event(number)
        config = run.env().configStore().get(control.ConfigV3)
        found.append(None if config is None else config.pvControls()[0].value())
    return found


def test_events_dealt_over_two_streams(tmp_path, opened):
    for stream in (0, 1):
        events = [runs.event(i) for i in range(stream, 7, 2)]
        runs.write(tmp_path, [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events)], stream)
    run = opened()
    assert fiducials(run) == [3 * i for i in range(7)]
    assert [pixel(run, i) for i in range(7)] == list(range(7))


def test_contributions_of_one_event_are_joined(tmp_path, opened):
    bld_part = writer.container(runs.segment(2), runs.ebeam(1.5))
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, [runs.event(0), runs.event(1)])])
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, [runs.event(1, bld_part)])], stream=1)
    run = opened()
    assert len(run.times()) == 2
    both = run.event(1)
    assert both.get(FRAME, runs.CAMERA) is not None
    assert both.get(bld.BldDataEBeamV7, runs.EBEAM).ebeamCharge() == 1.5
    assert run.event(0).get(bld.BldDataEBeamV7, runs.EBEAM) is None


def test_of_two_alike_the_lower_stream_counts(tmp_path, opened):
    for stream, value in ((5, 7), (2, 9)):
        events = [runs.event(0, runs.camera_segment(value))]
        runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, events)], stream)
    assert pixel(opened(), 0) == 9


def test_equal_times_and_different_fiducials_are_two_events(tmp_path, opened):
    events = [
        runs.event(0, runs.camera_segment(2), fiducial=20),
        runs.event(0, runs.camera_segment(1), fiducial=10),
    ]
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, events)])
    run = opened()
    assert fiducials(run) == [10, 20]
    assert [pixel(run, i) for i in range(2)] == [1, 2]
    assert run.event(run.times()[1]).number == 1


def test_chunks_are_one_stream(tmp_path, opened):
    whole = runs.simple(4, 3)
    cuts = (0, 5, 13, len(whole))  # in the middle of calib cycles
    for chunk in range(3):
        runs.write(tmp_path, whole[cuts[chunk] : cuts[chunk + 1]], chunk=chunk)
    run = opened()
    assert (run.nsteps(), [len(run.times(s)) for s in range(3)]) == (3, [4, 4, 4])
    assert positions(run) == [0.0] * 4 + [1.0] * 4 + [2.0] * 4
    assert [pixel(run, i) for i in range(12)] == [1000 * s + i for s in range(3) for i in range(4)]
    assert run.problems == []


@pytest.mark.parametrize("missing", [0, 1])
def test_a_missing_chunk_is_told(tmp_path, opened, missing):
    whole = runs.simple(2, 4)
    cuts = (0, 2 + 6, 2 + 6 * 3, len(whole))
    for chunk in range(3):
        runs.write(tmp_path, whole[cuts[chunk] : cuts[chunk + 1]], stream=1, chunk=chunk)
    runs.write(tmp_path, [*runs.begin(runs.pulnix_config()), *_cycles(4, [9]), *runs.end()])
    (tmp_path / runs.NAME.format(stream=1, chunk=missing)).unlink()
    run = opened()
    assert [p.what for p in run.problems] == [f"chunk {missing} of stream 1 is not in the folder"]
    assert "missing" in run.problems[0].consequence
    assert [len(run.times(s)) for s in range(4)] == ([1, 3, 3, 3] if not missing else [3, 1, 1, 3])
    assert positions(run) == sorted(positions(run))


def _cycles(steps, numbers):
    return [
        dgram
        for step in range(steps)
        for dgram in runs.cycle(
            step, [runs.event(i, step=step) for i in numbers], runs.scan_step(float(step))
        )
    ]


def test_without_any_configure(tmp_path, opened):
    runs.write(tmp_path, runs.simple(2)[2:])
    run = opened()
    assert [p.what for p in run.problems] == [
        "no Configure at the start of the file",
        "no DAQ stream of the run has a Configure",
        "no BeginRun at the start of a DAQ stream",
    ]
    assert pixel(run, 1) == 1


def test_configure_of_the_next_stream_when_the_first_has_none(tmp_path, opened):
    runs.write(tmp_path, runs.simple(2)[2:])
    runs.write(tmp_path, runs.simple(3), stream=1)
    run = opened()
    assert [p.what for p in run.problems] == ["no Configure at the start of the file"]
    assert run.env().configStore().get(runs.pulnix.TM6740ConfigV2, runs.CAMERA).gain_a() == 7


def test_empty_calib_cycles(tmp_path, opened):
    cycles = []
    for step, numbers in enumerate(([], [0, 1], [], [], [0], [])):
        events = [runs.event(i, step=step) for i in numbers]
        cycles += runs.cycle(step, events, runs.scan_step(float(step)))
    runs.write(tmp_path, [*runs.begin(), *cycles])
    run = opened()
    assert run.nsteps() == 6
    assert [len(run.times(s)) for s in range(6)] == [0, 2, 0, 0, 1, 0]
    assert positions(run) == [1.0, 1.0, 4.0]
    assert [[e.number for e in step.events()] for step in run.steps()] == [
        [],
        [0, 1],
        [],
        [],
        [2],
        [],
    ]


def test_an_event_at_the_time_of_its_calib_cycle(tmp_path, opened):
    at = (runs.T0 + 110, 0)  # of the second BeginCalibCycle
    cycles = [
        *runs.cycle(0, [runs.event(0)], runs.scan_step(0.0)),
        *runs.cycle(1, [runs.event(0, step=1, time=at)], runs.scan_step(1.0)),
    ]
    runs.write(tmp_path, [*runs.begin(), *cycles])
    assert positions(opened()) == [0.0, 1.0]


def test_events_before_the_first_calib_cycle(tmp_path, opened):
    runs.write(tmp_path, [*runs.begin(), runs.event(0), *runs.cycle(1, [runs.event(0, step=1)])])
    run = opened()
    assert run.timeline.events["step"].tolist() == [-1, 0]
    assert len(run.times(0)) == 1


def test_a_step_that_is_not_there(tmp_path, opened):
    runs.write(tmp_path, runs.simple(2, 2))
    run = opened()
    for step in (2, -1):
        with pytest.raises(IndexError, match=f"step {step} of .*: there are 2"):
            run.times(step)


def test_calib_cycles_that_the_first_stream_has_lost(tmp_path, opened):
    whole = [*runs.begin(runs.pulnix_config()), *_cycles(3, [0])]
    runs.write(tmp_path, whole[:5])  # this recorder died in the first calib cycle
    runs.write(tmp_path, [*runs.begin(runs.pulnix_config()), *_cycles(3, [1])], stream=1)
    run = opened()
    assert run.nsteps() == 3
    assert positions(run) == [0.0, 0.0, 1.0, 2.0]


def test_a_calib_cycle_that_cannot_be_read_is_taken_from_another_stream(tmp_path, opened):
    path = runs.write(tmp_path, [*runs.begin(), *_cycles(2, [0])])
    runs.write(tmp_path, [*runs.begin(), *_cycles(2, [1])], stream=1)
    data = path.read_bytes()
    last = data.rindex(b"motor")
    path.write_bytes(data[:last])  # in the second BeginCalibCycle
    run = opened()
    assert positions(run) == [0.0, 0.0, 1.0]
    assert run.problems


def test_configuration_that_changes_is_replaced_and_comes_back(tmp_path, opened):
    runs.write(tmp_path, runs.simple(1, 3, runs.scan_step(-1.0)))
    run = opened()
    assert run.env().configStore().get(control.ConfigV3).pvControls()[0].value() == -1.0
    for number in (2, 0, 1):
        event = run.event(number)
        assert event.config.get(control.ConfigV3).pvControls()[0].value() == float(number)
        assert event.config.get(runs.pulnix.TM6740ConfigV2) is not None


# streams of the control system


@pytest.fixture
def with_ioc(tmp_path, opened):
    """A run of 3 events, and a control system stream with given (seconds off, fiducial)."""

    def make(*contributions, stream=80):
        runs.write(tmp_path, runs.simple(3))
        datagrams = runs.begin(runs.pulnix_config(runs.CAMERA_2), run=0)
        for value, (seconds, fiducial) in enumerate(contributions):
            sec, nsec = runs.time_of(0)
            part = runs.camera_segment(100 + value, runs.CAMERA_2)
            datagrams.append(runs.event(0, part, time=(sec + seconds, nsec), fiducial=fiducial))
        runs.write(tmp_path, datagrams, stream)
        return opened()

    return make


@pytest.mark.parametrize("off", [-5, -1, 0, 4, 5])
def test_within_five_seconds_the_fiducial_decides(with_ioc, off):
    run = with_ioc((off, 3))
    assert [pixel(run, i, runs.CAMERA_2) for i in range(3)] == [None, 100, None]
    assert [pixel(run, i) for i in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("off", [-6, 6, 364])
def test_farther_away_it_is_another_pulse(with_ioc, off):
    run = with_ioc((off, 3))
    assert [pixel(run, i, runs.CAMERA_2) for i in range(3)] == [None] * 3
    assert len(run.times()) == 3


def test_control_system_events_without_partner_are_no_events(with_ioc):
    run = with_ioc((0, 9999), (0, 6))
    assert fiducials(run) == [0, 3, 6]
    assert pixel(run, 2, runs.CAMERA_2) == 101


def test_the_time_of_an_event_is_the_daqs(with_ioc):
    run = with_ioc((2, 0), stream=95)
    event = run.event(0)
    assert event.get(FRAME, runs.CAMERA_2) is not None
    assert event.get(xtcview.EventId).time() == runs.time_of(0)


def test_every_partner_is_taken(with_ioc):
    run = with_ioc((1, 3), (2, 3))
    parts = run.timeline.parts(1)
    assert len(parts) == 3
    assert pixel(run, 1, runs.CAMERA_2) == 100


def test_configuration_of_control_system_streams(with_ioc):
    run = with_ioc((0, 0))
    store = run.config_at(-1)
    for src in (runs.CAMERA, runs.CAMERA_2):
        assert store.get(runs.pulnix.TM6740ConfigV2, src).gain_a() == 7
    assert [str(src) for src in run.aliases.srcs()] == [str(runs.CAMERA_2), str(runs.CAMERA)]
    assert run.run() == 3


def test_chosen_streams(tmp_path, opened, with_ioc):
    with_ioc((0, 3))
    run = opened(stream="0")
    assert pixel(run, 1, runs.CAMERA_2) is None
    assert run.spec == f"exp=e7:run=3:stream=0:dir={tmp_path}:idx"


# with and without index


@pytest.mark.parametrize("number", [34, 39, 42])
def test_without_index_files_all_is_the_same(golden_dir, tmp_path, number):
    for path in golden_dir.glob(f"e158-r{number:04d}-*.xtc"):
        (tmp_path / path.name).symlink_to(path)
    text = "exp=cxitut13:run={}:dir={}"
    with (
        xtcview.open(text.format(number, golden_dir)) as indexed,
        xtcview.open(text.format(number, tmp_path)) as bare,
    ):
        assert list(bare.times()) == list(indexed.times())
        assert bare.nsteps() == indexed.nsteps()
        assert bare.timeline.events.tolist() == indexed.timeline.events.tolist()
        assert bare.timeline.daq.tolist() == indexed.timeline.daq.tolist()
        assert bare.timeline.ioc.tolist() == indexed.timeline.ioc.tolist()
        for at in range(0, len(bare.times()), 1 + len(bare.times()) // 50):
            a, b = bare.event(at), indexed.event(at)
            assert list(map(repr, a.keys())) == list(map(repr, b.keys()))
            assert bare.epics_at(at).pvNames() == indexed.epics_at(at).pvNames()
        assert bare.problems == indexed.problems == []


def test_the_old_index_header(golden_dir, tmp_path):
    for path in golden_dir.glob("e158-r0034-*.xtc"):
        (tmp_path / path.name).symlink_to(path)
    shutil.copytree(golden_dir / "index", tmp_path / "index")
    old = GOLDEN / "xtc" / "index" / "e158-r0034-s00-c00.v1.xtc.idx"
    shutil.copy(old, tmp_path / "index" / "e158-r0034-s00-c00.xtc.idx")
    with xtcview.open(f"exp=cxitut13:run=34:dir={tmp_path}") as run:
        assert [run.timeline.indexes[i].version for i in range(3)] == [1, 2, 2]
        assert len(run.times()) == 12
        run.event(7)
        assert run.env().epicsStore().value("CXI:LONG:CNT") is not None
