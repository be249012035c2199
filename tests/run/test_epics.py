"""EPICS: the value at an event is the last one archived at or before it, however one looks."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import runs
from xtcview.errors import FormatError
from xtcview.format import writer
from xtcview.format.src import Src
from xtcview.types.epics import EPOCH

OTHER = runs.det_info(9, 1, 0, 0)


def values(run, *names):
    """What each of all events has, looked at in a random order."""
    store, found = run.env().epicsStore(), {}
    order = list(range(len(run.times()))) * 2
    random.Random(1).shuffle(order)
    for at in order:
        run.event(at)
        now = [store.value(name) for name in names]
        assert found.setdefault(at, now) == now
        assert [run.epics_at(at).value(name) for name in names] == now
    return [found[at] for at in sorted(found)]


def configure(*pvs, aliases=()):
    ctrl = [runs.pv_ctrl(i, name, value) for i, name, value in pvs]
    extra = [runs.pv_aliases(*aliases)] if aliases else []
    return runs.archiver(*ctrl, *extra)


def with_values(i, *pvs, **how):
    return runs.event(i, runs.camera_segment(i), runs.archiver(*pvs), **how)


def test_two_archiving_intervals(tmp_path, opened):
    """psana assumes that a segment with data has all PVs; one slower than the other misleads it."""
    events = []
    for i in range(12):
        fast = [runs.pv_time(0, 10.0 + i)] if i % 2 == 1 else []
        slow = [runs.pv_time(1, 100.0 + i)] if i % 5 == 4 else []
        events.append(with_values(i, *fast, *slow))
    head = runs.begin(configure((0, "FAST", -1.0), (1, "SLOW", -2.0)))
    runs.write(tmp_path, [*head, *runs.cycle(0, events)])
    expected, fast, slow = [], -1.0, -2.0
    for i in range(12):
        fast = 10.0 + i if i % 2 == 1 else fast
        slow = 100.0 + i if i % 5 == 4 else slow
        expected.append([fast, slow])
    assert values(opened(), "FAST", "SLOW") == expected


def test_before_the_first_update_configure_holds(tmp_path, opened):
    events = [with_values(0), with_values(1, runs.pv_time(0, 5.0)), with_values(2)]
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", 1.0))), *runs.cycle(0, events)])
    run = opened()
    assert run.env().epicsStore().value("PV") == 1.0
    assert values(run, "PV") == [[1.0], [5.0], [5.0]]
    assert [run.epics_at(i).status("PV") for i in (-1, 0, 1)] == [
        (0, 0, 0.0),
        (0, 0, 0.0),
        (0, 0, EPOCH + 100.0),
    ]


def test_values_last_over_steps(tmp_path, opened):
    first = runs.cycle(0, [with_values(0, runs.pv_time(0, 5.0))])
    second = runs.cycle(1, [with_values(0, step=1), with_values(1, runs.pv_time(0, 6.0), step=1)])
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", 1.0))), *first, *second])
    assert values(opened(), "PV") == [[5.0], [5.0], [6.0]]


def test_events_dealt_over_streams(tmp_path, opened):
    """The archiver's data come with the events of either stream."""
    for stream in (0, 1):
        events = [with_values(i, runs.pv_time(0, float(i))) for i in range(stream, 6, 2)]
        head = runs.begin(configure((0, "PV", -1.0)))
        runs.write(tmp_path, [*head, *runs.cycle(0, events)], stream)
    assert values(opened(), "PV") == [[float(i)] for i in range(6)]


def test_streams_without_epics_first(tmp_path, opened):
    """psana looks at the first stream only and gives stale values when it has none."""
    names = configure((0, "PV", -1.0))
    runs.write(tmp_path, [*runs.begin(names), *runs.cycle(0, [runs.event(i) for i in (0, 2, 4)])])
    head = runs.begin(names)
    events = [with_values(i, runs.pv_time(0, float(i))) for i in (1, 3)]
    runs.write(tmp_path, [*head, *runs.cycle(0, events)], stream=1)
    assert values(opened(), "PV") == [[-1.0], [1.0], [1.0], [3.0], [3.0]]


def test_a_pv_without_a_name(tmp_path, opened):
    runs.write(
        tmp_path,
        [*runs.begin(runs.pulnix_config()), *runs.cycle(0, [with_values(0, runs.pv_time(7, 2.0))])],
    )
    run = opened()
    name = "PV:pvId=7:src_log=16777216:src_phy=150994944"
    assert run.epics_at(0).pvNames() == [name]
    assert run.epics_at(-1).value(name) is None
    assert values(run, name) == [[2.0]]


def test_values_in_late_datagrams(tmp_path, opened):
    """Time counts, not the place in the file."""
    events = [with_values(i, runs.pv_time(0, float(i))) for i in (0, 2, 1, 3)]
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", -1.0))), *runs.cycle(0, events)])
    assert values(opened(), "PV") == [[0.0], [1.0], [2.0], [3.0]]


def test_absent_empty_and_full_segments(tmp_path, opened):
    events = [
        with_values(0, runs.pv_time(0, 1.0)),
        runs.event(1),  # no archiver at all: its bit in the index says nothing
        with_values(2),
        with_values(3, runs.pv_time(0, 4.0)),
    ]
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", -1.0))), *runs.cycle(0, events)])
    assert values(opened(), "PV") == [[1.0], [1.0], [1.0], [4.0]]


def test_two_archivers(tmp_path, opened):
    both = (
        runs.archiver(runs.pv_ctrl(0, "A", 0.0)),
        runs.archiver(runs.pv_ctrl(0, "B", 0.5, OTHER), number=10),
    )
    second = runs.archiver(runs.pv_time(0, 9.0, src=OTHER), number=10)
    events = [
        runs.event(0, runs.archiver(runs.pv_time(0, 1.0)), runs.archiver(number=10)),
        runs.event(1, runs.archiver(), second),
        runs.event(2, runs.archiver(runs.pv_time(0, 2.0)), second),
    ]
    runs.write(tmp_path, [*runs.begin(*both), *runs.cycle(0, events)])
    assert values(opened(), "A", "B") == [[1.0, 0.5], [1.0, 9.0], [2.0, 9.0]]


@pytest.mark.parametrize(("stamps", "expected"), [((5, 9), 2.0), ((9, 5), 1.0), ((7, 7), 2.0)])
def test_the_same_pv_twice_in_an_event(tmp_path, opened, stamps, expected):
    """The later EPICS stamp wins, else what is stored last."""
    twice = [
        runs.pv_time(0, 1.0, stamps[0]),
        runs.pv_time(0, 2.0, stamps[1], OTHER),
    ]
    head = runs.begin(runs.archiver(runs.pv_ctrl(0, "PV", 0.0), runs.pv_ctrl(0, "PV", 0.0, OTHER)))
    runs.write(tmp_path, [*head, *runs.cycle(0, [with_values(0, *twice)])])
    assert values(opened(), "PV") == [[expected]]


def test_values_behind_other_payloads(tmp_path, opened):
    mixed = writer.container(runs.segment(1), runs.frame(1), runs.pv_time(0, 5.0))
    events = [runs.event(0, mixed), runs.event(1)]
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", 1.0))), *runs.cycle(0, events)])
    assert values(opened(), "PV") == [[5.0], [5.0]]


@pytest.mark.parametrize("level", [2, 3])
def test_values_in_a_stream_of_the_control_system(tmp_path, opened, level):
    """Its recorder writes them under the root; the index then lists no segment."""
    place = Src(level << 24 | 5, 0x7F000001)
    runs.write(tmp_path, runs.simple(4))
    head = runs.begin(writer.container(place, runs.pv_ctrl(0, "PV", 1.0)))
    events = [
        runs.event(i, writer.container(place, runs.pv_time(0, float(i) + 10)), fiducial=f)
        for i, f in ((1, 3), (2, 9999))  # the second has no partner: it counts from event 2 on
    ]
    runs.write(tmp_path, [*head, *runs.cycle(0, events)], stream=80)
    assert values(opened(), "PV") == [[1.0], [11.0], [12.0], [12.0]]


def test_more_segments_than_the_index_has_bits(tmp_path, opened):
    """Then an empty segment sets all bits, the archiver's too."""
    many = [writer.container(runs.segment(20 + k), runs.frame(k)) for k in range(33)]
    last = writer.container(runs.segment(20 + 32))
    events = [
        runs.event(0, runs.archiver(runs.pv_time(0, 1.0)), *many),
        runs.event(1, runs.archiver(runs.pv_time(0, 2.0)), last),
    ]
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", 0.0))), *runs.cycle(0, events)])
    assert values(opened(), "PV") == [[1.0], [2.0]]


def test_damage_is_ignored_but_not_an_incomplete_segment(tmp_path, opened):
    hurt = writer.container(runs.segment(9), runs.pv_time(0, 5.0), damage=2)
    gone = writer.container(runs.segment(9), runs.pv_time(0, 6.0), damage=1 << 15)
    events = [
        runs.event(i, part)
        for i, part in enumerate((runs.archiver(runs.pv_time(0, 4.0)), hurt, gone))
    ]
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", 1.0))), *runs.cycle(0, events)])
    assert values(opened(), "PV") == [[4.0], [5.0], [5.0]]


def test_empty_leaves_are_skipped(tmp_path, opened):
    empty = writer.xtc(0x1000D, runs.ARCHIVER)
    events = [with_values(0, empty, runs.pv_time(0, 5.0)), with_values(1, empty)]
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", 1.0))), *runs.cycle(0, events)])
    assert values(opened(), "PV") == [[5.0], [5.0]]


def test_a_ctrl_record_in_an_event_is_told(tmp_path, opened):
    events = [with_values(0, runs.pv_ctrl(0, "PV", 9.0))]
    runs.write(
        tmp_path, [*runs.begin(configure((0, "PV", 1.0))), *runs.cycle(0, events), *runs.end()]
    )
    run = opened()
    assert values(run, "PV") == [[1.0]]
    assert "CTRL record" in run.problems[0].what


def test_a_value_that_is_no_record_is_an_error(tmp_path, opened):
    leaf = bytearray(runs.pv_time(0, 5.0))
    leaf[22] = 99  # dbrType
    runs.write(
        tmp_path,
        [*runs.begin(configure((0, "PV", 1.0))), *runs.cycle(0, [with_values(0, bytes(leaf))])],
    )
    with pytest.raises(FormatError, match=r"s00-c00.xtc at byte \d+: EPICS dbrType 99"):
        opened().epics_at(0).value("PV")


def test_a_broken_list_of_aliases_is_told(tmp_path, opened):
    broken = runs.archiver(
        runs.pv_ctrl(0, "PV", 1.0),
        runs.leaf(runs.epics.ConfigV1, runs.ARCHIVER, b"\xff\xff\xff\x7f"),
    )
    runs.write(tmp_path, [*runs.begin(broken), *runs.cycle(0, [runs.event(0)]), *runs.end()])
    run = opened()
    assert run.epics_at(0).value("PV") == 1.0
    assert "ConfigV1 needs" in run.problems[0].what


def test_names_and_aliases(tmp_path, opened):
    pvs = ((0, "B:PV", 1.0), (1, "A:PV", 2.0), (2, "C:PV", 3.0))
    aliases = ((0, "zeta"), (1, "alpha"), (2, "B:PV"), (7, "nobody"))
    head = runs.begin(configure(*pvs, aliases=aliases))
    runs.write(tmp_path, [*head, *runs.cycle(0, [runs.event(0)])])
    store = opened().epics_at(0)
    assert store.pvNames() == ["A:PV", "B:PV", "C:PV"]
    assert store.aliases() == ["alpha", "zeta"]  # an alias like a PV's name is dropped
    assert store.names() == ["A:PV", "B:PV", "C:PV", "alpha", "zeta"]
    assert (store.alias("B:PV"), store.pvName("zeta")) == ("zeta", "B:PV")
    assert (store.alias("C:PV"), store.pvName("nothing")) == ("", "")
    assert (store.value("zeta"), store.value("B:PV")) == (1.0, 1.0)


def test_what_is_not_there(tmp_path, opened):
    runs.write(tmp_path, [*runs.begin(configure((0, "PV", 1.0))), *runs.cycle(0, [runs.event(0)])])
    store = opened().epics_at(0)
    assert store.value("nothing") is store.getPV("nothing") is store.status("nothing") is None
    assert store.value("PV", 1) is store.value("PV", -1) is None


def test_a_run_without_epics(tmp_path, opened):
    runs.write(tmp_path, runs.simple())
    store = opened().epics_at(0)
    assert store.names() == []
    assert store.value("PV") is None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_pattern_of_updates(tmp_path_factory, opened, data):
    """Three PVs over two streams, updated anywhere, against a plain replay in time order."""
    folder = tmp_path_factory.mktemp("epics")
    count = data.draw(st.integers(1, 8))
    updates = [data.draw(st.sets(st.integers(0, 2))) for _ in range(count)]
    streams = [data.draw(st.integers(0, 1)) for _ in range(count)]
    streams[0] = 0
    pvs = [(k, f"PV{k}", -1.0 - k) for k in range(3)]
    for stream in (0, 1):
        events = [
            with_values(i, *(runs.pv_time(k, 10.0 * i + k) for k in sorted(updates[i])))
            for i in range(count)
            if streams[i] == stream
        ]
        runs.write(folder, [*runs.begin(configure(*pvs)), *runs.cycle(0, events)], stream)
    expected, now = [], [-1.0, -2.0, -3.0]
    for i in range(count):
        now = [10.0 * i + k if k in updates[i] else now[k] for k in range(3)]
        expected.append(now)
    assert values(opened(folder), "PV0", "PV1", "PV2") == expected
