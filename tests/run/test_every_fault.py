"""Every way in which data can be bad: what is readable is given, and the fault is told.

Each case bends a small run; then the events that are left, the entry in ``run.problems`` and
what ``xtcview info`` prints are those that are expected.
"""

import dataclasses
import struct
import tracemalloc

import numpy as np
import pytest
from typer.testing import CliRunner

import xtcview
from tests.support import runs
from tests.support.outcome import outcome
from xtcview.cli import app
from xtcview.errors import FormatError, RunNotFoundError, TruncatedError, XtcError
from xtcview.format import index, writer
from xtcview.format.headers import DGRAM_SIZE, XTC_SIZE, dgram, type_word
from xtcview.format.ids import Transition, TypeId
from xtcview.format.tree import walk
from xtcview.run.check import check
from xtcview.types import camera, control, evr

EVENTS = 6
EVR = runs.det_info(24, 0, 8, 0)  # NoDetector.0:Evr.0
TOO_MUCH = 200 << 20  # bytes
COUNT = control.ConfigV3.DTYPE.fields["npvControls"][1]


def event(i):
    """A camera, an EPICS value and an event code."""
    fifo = struct.pack("<3I", 0, 0, 40 + i)
    codes = runs.leaf(evr.DataV3, EVR, struct.pack("<I", 1) + fifo)
    parts = [runs.camera_segment(i), runs.archiver(runs.pv_time(0, float(i)))]
    return runs.event(i, *parts, writer.container(runs.segment(5), codes))


def datagrams():
    named = runs.archiver(runs.pv_aliases((0, "alias")), runs.pv_ctrl(0, "PV", -1.0))
    head = runs.begin(runs.pulnix_config(), named)
    events = [event(i) for i in range(EVENTS)]
    return [*head, *runs.cycle(0, events, runs.scan_step(2.5)), *runs.end()]


WHOLE = datagrams()
FIRST = 4  # position of event 0 in `WHOLE`


def start(position):
    return sum(map(len, WHOLE[:position]))


def changed(position, at, value):
    """Put a 32-bit number into a datagram."""
    found = bytearray(WHOLE[position])
    found[at : at + 4] = struct.pack("<I", value)
    return bytes(found)


def with_changed(position, at, value):
    return [*WHOLE[:position], changed(position, at, value), *WHOLE[position + 1 :]]


def leaf_of(position, number):
    """Return where a leaf's payload begins in a datagram."""
    return walk(WHOLE[position])[0][number].start


def info(folder):
    """Return what the command line prints, on one line."""
    done = CliRunner().invoke(app, ["info", str(folder), "--all"])
    text = done.stdout if done.exception is None else str(done.exception)
    return " ".join(text.split())


def frames(run):
    """Return the camera's value by event number; None where it cannot be given."""
    found = {}
    for number in range(len(run.times())):
        frame = outcome(run.event(number).get, camera.FrameV1, runs.CAMERA)
        value = None if frame is None or isinstance(frame, XtcError) else int(frame.data16()[0, 0])
        found[run.event(number).time.nanoseconds() // runs.TICK] = value
    return found


def assert_told(folder, run, what, consequence, offset=None):
    """The fault is an entry with file, byte, what and consequence, and `info` prints it."""
    told = [p for p in run.problems if what in p.what and consequence in p.consequence]
    assert told, run.problems
    assert str(folder) in told[0].file
    if offset is not None:
        assert offset in [p.offset for p in told]
    assert " ".join(str(told[0]).split()) in info(folder)
    assert len({*map(str, run.problems)}) == len(run.problems)  # nothing is told twice


LOST = "this stream's part of the event is missing"
INDEXED = pytest.mark.parametrize("indexed", [True, False])


def lay(folder, data, index_data=None):
    path = folder / runs.NAME.format(stream=0, chunk=0)
    path.write_bytes(data)
    if index_data is not None:
        runs.index_of(path).parent.mkdir(exist_ok=True)
        runs.index_of(path).write_bytes(index_data)
    return path


@pytest.fixture(scope="module")
def right_index(tmp_path_factory):
    """The index of the run before it is bent."""
    return runs.index_of(runs.write(tmp_path_factory.mktemp("whole"), WHOLE)).read_bytes()


def test_nothing_is_told_of_a_whole_run(tmp_path, opened):
    runs.write(tmp_path, WHOLE)
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert run.problems == []
    assert "problems: none found" in info(tmp_path)


# cut, lengthened, empty


@INDEXED
@pytest.mark.parametrize("into", [1, 39, 40, 100])
def test_truncated(tmp_path, opened, right_index, indexed, into):
    at = start(FIRST + 4)
    lay(tmp_path, b"".join(WHOLE)[: at + into], right_index if indexed else None)
    run = opened()
    assert frames(run) == {i: i for i in range(4)}
    lost = "2 of 6 events cannot be read" if indexed else "what follows is not read"
    assert_told(tmp_path, run, "file", lost, at) if into > 40 or indexed else assert_told(
        tmp_path, run, "bytes", lost, at
    )


@INDEXED
def test_cut_between_two_datagrams(tmp_path, opened, right_index, indexed):
    at = start(FIRST + 4)
    lay(tmp_path, b"".join(WHOLE)[:at], right_index if indexed else None)
    run = opened()
    assert frames(run) == {i: i for i in range(4)}
    if indexed:
        assert_told(tmp_path, run, "before the events", "2 of 6 events", at)
    else:
        assert_told(tmp_path, run, "no EndRun", "what may have followed is missing", at)


@INDEXED
@pytest.mark.parametrize("rest", [b"\1" * 7, bytes(60), b"\xff" * 4096])
def test_garbage_behind_the_end(tmp_path, opened, right_index, indexed, rest):
    data = b"".join(WHOLE)
    lay(tmp_path, data + rest, right_index if indexed else None)
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert_told(tmp_path, run, "", "lost" if indexed else "not read", len(data))


@INDEXED
def test_zero_length(tmp_path, opened, right_index, indexed):
    lay(tmp_path, b"", right_index if indexed else None)
    runs.write(tmp_path, WHOLE, stream=1)
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert_told(tmp_path, run, "the file is empty", "its events are missing", 0)


def test_zero_length_alone(tmp_path, opened):
    lay(tmp_path, b"")
    with pytest.raises(RunNotFoundError, match="with data"):
        opened()
    assert "with data" in info(tmp_path)


@INDEXED
def test_random_bytes(tmp_path, opened, right_index, indexed):
    noise = np.random.default_rng(5).bytes(5000)
    lay(tmp_path, noise, right_index if indexed else None)
    runs.write(tmp_path, WHOLE, stream=1)
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert_told(tmp_path, run, "datagram", "not read", 0)


# an index that lies


def bent(right_index, **tables):
    found = index.decode(right_index)
    rows = {name: getattr(found, name).copy() for name in tables}
    for name, change in tables.items():
        change(rows[name])
    return index.encode(dataclasses.replace(found, **rows))


@pytest.mark.parametrize("other", ["another file's", "cut", "empty", "noise"])
def test_an_index_that_is_none_of_this_file(tmp_path, opened, right_index, other):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = runs.write(elsewhere, [*runs.begin(), *WHOLE[2:]])
    wrong = {
        "another file's": runs.index_of(path).read_bytes(),
        "cut": right_index[:-1],
        "empty": b"",
        "noise": np.random.default_rng(6).bytes(len(right_index)),
    }
    lay(tmp_path, b"".join(WHOLE), wrong[other])
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert_told(tmp_path, run, "", "the .xtc file itself was read instead")


@pytest.mark.parametrize("offset", [1 << 40, (1 << 63) - 1])
def test_an_index_that_points_behind_the_end(tmp_path, opened, right_index, offset):
    def change(nodes):
        nodes["offset"][2] = offset

    lay(tmp_path, b"".join(WHOLE), bent(right_index, nodes=change))
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS) if i != 2}
    assert_told(tmp_path, run, "before the events", "1 of 6 events cannot be read", offset)


MANY, ODD = 60, 5  # node 5 of 60 is not among those that are looked at on opening


@pytest.fixture
def misplaced(tmp_path):
    """A run whose index says that event `ODD` lies where the one before it does."""
    head = runs.begin(runs.pulnix_config(), runs.archiver(runs.pv_ctrl(0, "PV", -1.0)))
    whole = [*head, *runs.cycle(0, [event(i) for i in range(MANY)]), *runs.end()]
    path = runs.write(tmp_path, whole)
    place = runs.index_of(path)

    def change(nodes):
        nodes["offset"][ODD] = nodes["offset"][ODD - 1]

    place.write_bytes(bent(place.read_bytes(), nodes=change))
    return path, int(index.decode(place.read_bytes()).nodes["offset"][ODD])


def test_a_node_in_the_middle_that_points_to_a_wrong_place(tmp_path, opened, misplaced):
    path, offset = misplaced
    run = opened()
    assert run.problems == []  # not met yet
    event = run.event(ODD)
    with pytest.raises(FormatError, match=f"is not at byte {offset}"):
        event.get(xtcview.EventId)
    assert frames(run) == {i: i if i != ODD else None for i in range(MANY)}
    assert_told(tmp_path, run, f"does not fit {path.name}: event", LOST, offset)
    assert len(run.problems) == 1
    assert event.problems == run.problems


def test_numbers_in_bulk_leave_out_what_is_misplaced(tmp_path, opened, misplaced):
    path, offset = misplaced
    run = opened()
    table = run.scalars(["eventcode.43", f"eventcode.{40 + ODD}"])
    assert np.flatnonzero(table["eventcode.43"]).tolist() == [3]
    assert not table.present[f"eventcode.{40 + ODD}"][ODD]
    assert table.present["eventcode.43"].sum() == MANY - 1
    assert_told(tmp_path, run, f"does not fit {path.name}: event", LOST, offset)


def test_epics_values_of_what_is_misplaced_are_not_another_events(tmp_path, opened, misplaced):
    _, offset = misplaced
    run = opened()
    times, values = run.epics("PV")
    assert values.tolist() == [float(i) for i in range(MANY) if i != ODD]
    assert len(times) == MANY - 1
    assert_told(tmp_path, run, "is not at byte", "the EPICS value there is not known", offset)


# extents that lie


LIES = (0, 12, 21, 0xFFFFFFFF)


@INDEXED
@pytest.mark.parametrize("extent", LIES)
def test_the_extent_of_a_datagram(tmp_path, opened, right_index, indexed, extent):
    position = FIRST + 2
    data = b"".join(with_changed(position, 36, extent))
    lay(tmp_path, data, right_index if indexed else None)
    run = opened()
    if indexed:
        assert frames(run) == {i: i if i != 2 else None for i in range(EVENTS)}
        assert_told(tmp_path, run, "datagram", LOST, start(position))
    else:
        assert frames(run) == {0: 0, 1: 1}
        assert_told(tmp_path, run, "datagram", "what follows is not read", start(position))


@INDEXED
@pytest.mark.parametrize("extent", LIES)
@pytest.mark.parametrize("depth", [1, 2])
def test_the_extent_of_a_container_or_payload(
    tmp_path, opened, right_index, indexed, extent, depth
):
    position = FIRST + 2
    at = DGRAM_SIZE + (depth - 1) * XTC_SIZE
    data = b"".join(with_changed(position, at + 16, extent))
    lay(tmp_path, data, right_index if indexed else None)
    run = opened()
    assert frames(run) == {i: i if i != 2 else None for i in range(EVENTS)}
    lost = "payloads behind it in its container are missing"
    assert_told(tmp_path, run, f"Xtc extent {extent}", lost, start(position) + at)
    if depth == 2:  # its container ends, the next one is read
        codes = run.event(2).get(evr.DataV3, EVR).fifoEvents()
        assert [code.eventCode() for code in codes] == [42]


@INDEXED
def test_3000_containers_in_one_another(tmp_path, opened, indexed):
    inner = runs.frame(9)
    for _ in range(3000):
        inner = writer.container(runs.segment(1), inner)
    events = [runs.event(0), runs.event(1, inner), runs.event(2)]
    path = runs.write(
        tmp_path, [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events), *runs.end()],
        index=indexed,
    )  # fmt: skip
    assert path.stat().st_size > 60_000
    run = opened()
    assert frames(run) == {0: 0, 1: 9, 2: 2}
    assert run.scalars(["time"])["time"].size == 3
    assert run.problems == []
    assert "problems: none found" in info(tmp_path)


# counts that lie


@INDEXED
@pytest.mark.parametrize("field", [0, 4])  # columns, rows
@pytest.mark.parametrize("count", [0xFFFFFFFF, 0x7FFFFFFF, 100_000])
def test_the_size_of_a_frame(tmp_path, opened, indexed, field, count):
    position = FIRST + 3
    at = leaf_of(position, 0)
    runs.write(tmp_path, with_changed(position, at + field, count), index=indexed)
    tracemalloc.start()
    run = opened()
    with pytest.raises(TruncatedError, match="FrameV1 needs"):
        run.event(3).get(camera.FrameV1, runs.CAMERA)
    with pytest.raises(TruncatedError, match="FrameV1 needs"):
        xtcview.Detector("CxiDg2.0:Tm6740.0", run).raw(run.event(3))
    assert frames(run) == {i: i if i != 3 else None for i in range(EVENTS)}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < TOO_MUCH
    place = start(position) + at + 16
    assert_told(tmp_path, run, "FrameV1 needs", "the object is not given", place)


@pytest.mark.parametrize("depth", [0, 17, 24, 32])
def test_the_depth_of_a_frame(tmp_path, opened, depth):
    position = FIRST + 3
    found = bytearray(changed(position, leaf_of(position, 0) + 8, depth))
    runs.write(tmp_path, [*WHOLE[:position], bytes(found), *WHOLE[position + 1 :]])
    event = opened().event(3)
    try:
        frame = event.get(camera.FrameV1, runs.CAMERA)
    except TruncatedError:
        assert depth > 16  # more bytes than there are
        return
    with pytest.raises(FormatError, match=f"a depth of {depth} bits, expected 1 to 16"):
        frame.data8() if depth < 9 else frame.data16()


@INDEXED
@pytest.mark.parametrize("count", [0xFFFFFFFF, 0x7FFFFFFF, 2])
def test_the_number_of_event_codes(tmp_path, opened, indexed, count):
    position = FIRST + 3
    at = leaf_of(position, 2)
    runs.write(tmp_path, with_changed(position, at, count), index=indexed)
    tracemalloc.start()
    run = opened()
    with pytest.raises(TruncatedError, match="DataV3 needs"):
        run.event(3).get(evr.DataV3, EVR)
    outcome(run.scalars, ["eventcode.42"])
    assert tracemalloc.get_traced_memory()[1] < TOO_MUCH
    tracemalloc.stop()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert_told(tmp_path, run, "DataV3 needs", "the object is not given", start(position) + at + 4)


@INDEXED
@pytest.mark.parametrize("count", [0xFFFF, 0x7FFF])
def test_the_number_of_elements_of_an_epics_value(tmp_path, opened, indexed, count):
    position = FIRST + 3
    at = leaf_of(position, 1)
    found = bytearray(WHOLE[position])
    found[at + 4 : at + 6] = struct.pack("<H", count)
    runs.write(tmp_path, [*WHOLE[:position], bytes(found), *WHOLE[position + 1 :]], index=indexed)
    run = opened()
    values = [outcome(run.epics_at(i).value, "PV") for i in range(EVENTS)]
    assert isinstance(values.pop(3), TruncatedError)
    assert values == [0.0, 1.0, 2.0, 4.0, 5.0]
    assert frames(run) == {i: i for i in range(EVENTS)}
    place = start(position) + at
    assert_told(tmp_path, run, "needs", "the EPICS value there is not known", place)


@INDEXED
@pytest.mark.parametrize(
    ("position", "number", "at", "kind"),
    [(0, 1, 0, "ConfigV1 needs"), (2, 0, COUNT, "ConfigV3 needs")],
    ids=["EPICS aliases", "scan positions"],
)
def test_counts_in_a_configuration(tmp_path, opened, indexed, position, number, at, kind):
    place = leaf_of(position, number) + at
    runs.write(tmp_path, with_changed(position, place, 0x7FFFFFFF), index=indexed)
    tracemalloc.start()
    run = opened()
    found = outcome(run.config_at(0).get, control.ConfigV3)
    assert isinstance(found, TruncatedError) == (kind == "ConfigV3 needs")
    assert run.epics_at(2).value("PV") == 2.0
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert tracemalloc.get_traced_memory()[1] < TOO_MUCH
    tracemalloc.stop()
    assert_told(tmp_path, run, kind, "")


def test_a_compressed_payload_that_lies_about_its_size(tmp_path, opened):
    blocks = struct.pack("<I", 4) + b"HEAD" + struct.pack("<4I", 1, 0, 0xFFFFFFFE, 40) + bytes(40)
    word = type_word(TypeId.Frame, 1, compressed=True)
    packed = writer.container(runs.segment(1), writer.xtc(word, runs.CAMERA, blocks))
    events = [runs.event(0), runs.event(1, packed), runs.event(2)]
    head = runs.begin(runs.pulnix_config())
    runs.write(tmp_path, [*head, *runs.cycle(0, events), *runs.end()])
    tracemalloc.start()
    run = opened()
    assert frames(run) == {0: 0, 1: None, 2: 2}
    assert tracemalloc.get_traced_memory()[1] < TOO_MUCH
    tracemalloc.stop()
    assert_told(tmp_path, run, "more than any frame", "the object is not given")


# transitions that are missing


def without(service):
    return [d for d in WHOLE if dgram(d).service != service]


@INDEXED
@pytest.mark.parametrize(
    ("service", "what", "consequence"),
    [
        (Transition.Configure, "no DAQ stream of the run has a Configure", "are not given"),
        (Transition.BeginRun, "no BeginRun", "the run number is that of the file's name"),
        (Transition.BeginCalibCycle, "no BeginCalibCycle before 6 events", "to no step"),
        (Transition.EndRun, "no EndRun", "what may have followed is missing"),
    ],
)
def test_a_transition_is_missing(tmp_path, opened, indexed, service, what, consequence):
    runs.write(tmp_path, without(service), index=indexed)
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert run.run() == 3
    assert_told(tmp_path, run, what, consequence)


@INDEXED
@pytest.mark.parametrize("service", ["Enable", "Disable", "EndCalibCycle"])
def test_transitions_of_which_nothing_follows(tmp_path, opened, indexed, service):
    runs.write(tmp_path, without(Transition[service]), index=indexed)
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert [len(list(step.events())) for step in run.steps()] == [EVENTS]
    assert run.problems == []


def test_a_run_that_is_still_written_has_no_end_yet(tmp_path, opened):
    path = runs.write(tmp_path, without(Transition.EndRun), index=False)
    run = opened()
    (problem,) = run.problems
    assert (problem.file, problem.offset) == (str(path), path.stat().st_size)


# how much is looked at, and how much is told


def test_info_looks_at_some_events_of_a_long_run(tmp_path, monkeypatch, misplaced):
    monkeypatch.setattr("xtcview.run.check.EVENTS", 4)
    text = info(tmp_path)
    assert "problems: 1 in 4 of 60 events (--check reads all)" in text  # the EPICS value
    assert LOST not in text
    done = CliRunner().invoke(app, ["info", str(tmp_path), "--check"])
    assert "problems: 3\n" in done.stdout  # and what the index does not list
    assert LOST in " ".join(done.stdout.split())


def test_a_ruined_run_does_not_fill_memory_with_problems(tmp_path, opened, monkeypatch):
    monkeypatch.setattr("xtcview.run.problems.MOST", 3)
    whole = [
        changed(p, DGRAM_SIZE + 16, 0) if FIRST <= p < FIRST + EVENTS else d
        for p, d in enumerate(WHOLE)
    ]
    runs.write(tmp_path, whole)
    run = opened()
    assert set(frames(run).values()) == {None}
    assert len(run.problems) == 4
    assert run.problems[-1].what == "more than 3 faults"
    assert all(run.event(i).problems == [] for i in range(EVENTS))  # nothing was asked of these


# what a DAQ index says of events is believed, and held against the file when all is looked at


@pytest.mark.parametrize(
    ("field", "consequence"),
    [("empty", "EPICS values may be those of an earlier event"), ("damage", "in bulk is wrong")],
)
def test_an_index_that_says_something_else_of_an_event(
    tmp_path, opened, right_index, field, consequence
):
    def change(nodes):
        nodes[field][2] ^= 0b10

    lay(tmp_path, b"".join(WHOLE), bent(right_index, nodes=change))
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert check(run) == EVENTS
    assert_told(tmp_path, run, f"of 1 event: '{field}', the first at byte {start(6)}", consequence)


def test_an_index_that_leaves_out_an_event(tmp_path, opened, right_index):
    found = index.decode(right_index)
    short = dataclasses.replace(found, nodes=np.delete(found.nodes, 3))
    lay(tmp_path, b"".join(WHOLE), index.encode(short))
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS) if i != 3}
    check(run)
    assert_told(tmp_path, run, f"does not list 1 event of {runs.NAME[:2]}", "not shown")


# sizes that would fill memory; the files have holes and take no room


@INDEXED
def test_a_datagram_of_a_gigabyte(tmp_path, opened, right_index, indexed):
    position = FIRST + 4
    huge, at = 1 << 30, start(position)
    found = bytearray(changed(position, 36, huge))
    found[DGRAM_SIZE + 16 : DGRAM_SIZE + 20] = struct.pack("<I", huge - 20)
    found[DGRAM_SIZE + 36 : DGRAM_SIZE + 40] = struct.pack("<I", huge - 40)
    path = lay(tmp_path, b"".join(WHOLE[:position]) + found, right_index if indexed else None)
    with path.open("r+b") as file:
        file.truncate(at + 20 + huge)
    tracemalloc.start()
    run = opened()
    found = frames(run)
    assert [found.get(i) for i in range(EVENTS)] == [0, 1, 2, 3, None, None]
    assert tracemalloc.get_traced_memory()[1] < TOO_MUCH
    tracemalloc.stop()
    assert_told(tmp_path, run, f"datagram of {huge + 20} bytes, more than", "", at)


def test_an_index_that_is_larger_than_its_file(tmp_path, opened, right_index):
    lay(tmp_path, b"".join(WHOLE), right_index)
    with (tmp_path / "index" / f"{runs.NAME.format(stream=0, chunk=0)}.idx").open("r+b") as file:
        file.truncate(1 << 30)
    tracemalloc.start()
    run = opened()
    assert frames(run) == {i: i for i in range(EVENTS)}
    assert tracemalloc.get_traced_memory()[1] < TOO_MUCH
    tracemalloc.stop()
    assert_told(tmp_path, run, "an index of 1073741824 bytes", "the .xtc file itself was read")
