"""Events: names, look-up, keys, objects of one's own, damage."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xtcview
from tests.support import runs
from xtcview import EventId, EventTime, Source
from xtcview.errors import SourceError, TruncatedError
from xtcview.format import writer
from xtcview.format.headers import type_word
from xtcview.format.ids import Damage, TypeId
from xtcview.run.store import EventKey
from xtcview.types import bld, camera, cspad, pulnix

FRAME = camera.FrameV1
EBEAM = bld.BldDataEBeamV7


def written(folder, *events):
    runs.write(folder, [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events)])


# names of events


TIMES = st.builds(EventTime, st.integers(0, 2**64 - 1), st.integers(0, 131071))


@given(TIMES, TIMES)
def test_event_times_are_values(a, b):
    pairs = [(t.time(), t.fiducial()) for t in (a, b)]
    assert (a == b) == (pairs[0] == pairs[1])
    assert (a < b) == (pairs[0] < pairs[1])
    assert (a <= b, a > b, a != b) == (pairs[0] <= pairs[1], pairs[0] > pairs[1], a != b)
    assert (hash(a) == hash(b)) or a != b
    assert a.time() == a.seconds() << 32 | a.nanoseconds()
    for again in (pickle.loads(pickle.dumps(a)), copy.copy(a), copy.deepcopy(a)):
        assert again == a
    assert len(pickle.dumps(a)) < 120


def test_event_time_text():
    name = EventTime(1398791234 << 32 | 123456789, 131022)
    assert repr(name) == "EventTime(2014-04-29T17:07:14.123456789Z, fiducial=131022)"
    assert (name.seconds(), name.nanoseconds()) == (1398791234, 123456789)


@given(TIMES)
def test_every_event_time_has_a_text(name):
    assert repr(name).startswith("EventTime(")


def test_event_time_takes_numpy_numbers():
    assert EventTime(np.uint64(5), np.uint32(7)) == EventTime(5, 7)


@pytest.mark.parametrize("numbers", [(-1, 0), (1 << 64, 0), (0, -1), (0, 1 << 32)])
def test_numbers_that_are_no_event_time(numbers):
    with pytest.raises(ValueError, match="64-bit and 32-bit"):
        EventTime(*numbers)


def test_an_event_time_is_not_a_number():
    assert EventTime(1, 2) != 1
    with pytest.raises(TypeError):
        assert EventTime(1, 2) < 3


def test_names_of_all_events(tmp_path, opened):
    written(tmp_path, *(runs.event(i) for i in range(5)))
    times = opened().times()
    assert len(times) == 5
    assert times[-1] == times[4] == list(times)[4]
    assert [t.fiducial() for t in times[1:4]] == [3, 6, 9]
    assert [t.fiducial() for t in times[::-2]] == [12, 6, 0]
    assert len(times[7:]) == 0
    assert times.index(times[3]) == 3
    assert times[2] in times
    with pytest.raises(IndexError):
        times[5]
    assert repr(times).startswith("<Times of 5 events: EventTime(")
    assert repr(times[5:]) == "<Times of 0 events>"


# which event


def test_random_access_last_to_first(tmp_path, opened):
    written(tmp_path, *(runs.event(i) for i in range(6)))
    run = opened()
    for at in (5, 4, 3, 2, 1, 0, 3, 5, 0):
        for which in (at, run.times()[at], at - 6, np.int64(at)):
            event = run.event(which)
            assert event.number == at
            assert event.time == run.times()[at]
            assert int(event.get(FRAME, runs.CAMERA).data16()[0, 0]) == at


def test_an_unknown_time_is_none(tmp_path, opened):
    written(tmp_path, *(runs.event(i) for i in range(3)))
    run = opened()
    first, last = run.times()[0], run.times()[-1]
    for time, fiducial in (
        (first.time() - 1, first.fiducial()),
        (first.time(), first.fiducial() + 1),
        (first.time() + 1, first.fiducial()),
        (last.time() + 1, last.fiducial()),
        (0, 0),
        (2**64 - 1, 131071),
    ):
        assert run.event(EventTime(time, fiducial)) is None


@pytest.mark.parametrize("which", [3, -4, 10**9])
def test_a_number_outside_of_the_run(tmp_path, opened, which):
    written(tmp_path, *(runs.event(i) for i in range(3)))
    with pytest.raises(IndexError, match=f"event {which} of <Run 3 of e7: 3 events"):
        opened().event(which)


@pytest.mark.parametrize("which", [None, "0", 1.5, True, (1, "2")])
def test_what_is_no_event_name(tmp_path, opened, which):
    written(tmp_path, runs.event(0))
    with pytest.raises(TypeError, match="expected an EventTime, a number or"):
        opened().event(which)


def test_event_id(tmp_path, opened):
    written(tmp_path, runs.event(4, ticks=60000))
    event = opened().event(0)
    found = event.get(EventId)
    assert found.time() == runs.time_of(4)
    assert (found.fiducials(), found.ticks(), found.vector(), found.run()) == (12, 60000, 4, 3)
    assert found.idxtime() == event.time
    assert event.get(EventId, Source(None)) is event.get(EventId, Source()) is found
    assert str(found) == (
        "XtcEventId(run=3, time=2014-05-13 16:53:40.033333332-00, fiducials=12, ticks=60000, "
        "vector=4, control=12)"
    )


# look-up


@pytest.fixture
def event(tmp_path, opened):
    parts = runs.camera_segment(5), writer.container(runs.segment(2), runs.ebeam(1.5))
    second = writer.container(runs.segment(3), runs.frame(6, runs.CAMERA_2))
    written(tmp_path, runs.event(0, *parts, second))
    return opened().event(0)


@pytest.mark.parametrize(
    "source",
    [
        runs.CAMERA,
        Source("DetInfo(CxiDg2.0:Tm6740.0)"),
        Source(":Tm6740"),
        Source(runs.CAMERA),
        Source(""),
        Source(),
    ],
)
def test_sources_that_mean_the_camera(event, source):
    assert int(event.get(FRAME, source).data16()[0, 0]) == 5


def test_the_same_object_every_time(event):
    assert event.get(FRAME, runs.CAMERA) is event.get(FRAME, Source(":Tm6740"))


def test_lists_of_types_are_tried_in_order(event):
    assert type(event.get([EBEAM, FRAME], Source())) is EBEAM
    assert type(event.get((FRAME, EBEAM), Source())) is FRAME
    assert type(event.get([cspad.Data, [FRAME]], Source())) is FRAME
    assert event.get(cspad.Data, Source()) is None


def test_type_numbers(event):
    assert type(event.get(int(TypeId.Frame), runs.CAMERA_2)) is FRAME
    assert type(event.get(TypeId.EBeamBld, "EBeam")) is EBEAM
    assert event.get(4711, "EBeam") is None


def test_without_source_only_what_has_none(event):
    assert event.get(FRAME) is None
    assert event.get(EventId) is not None
    assert event.get(FRAME, Source(None)) is None


def test_a_text_behind_a_class_is_a_key_as_in_psana(event):
    assert event.get(FRAME, "CxiDg2.0:Tm6740.0") is None


def test_a_wrong_source_text_is_an_error(event):
    with pytest.raises(SourceError, match="cannot be parsed"):
        event.get(FRAME, Source("Tm6740"))
    with pytest.raises(ValueError, match=r"Did you mean 'CxiDg2.0:Tm6740.0'"):
        event.get(FRAME, Source("CxiDg2.0:Tm6741.0"))


@pytest.mark.parametrize(
    "args", [(None,), (1.5,), (FRAME, 7), (FRAME, b"x"), ([FRAME, None],), ([],)]
)
def test_arguments_of_the_wrong_type(event, args):
    with pytest.raises(TypeError, match="expected a"):
        event.get(*args)


def test_objects_of_my_own(event):
    event.put([1, 2], "mine")
    event.put({"a": 1})
    assert event.get("mine") == event.get(list, "mine") == [1, 2]
    assert event.get(dict) == {"a": 1}
    assert event.get("nothing") is None
    assert {EventKey.key(k): k.type() for k in event.keys()[:]}["mine"] is list
    assert event.remove(list, "mine")
    assert not event.remove(list, "mine")
    assert event.get("mine") is None


def test_keys(event):
    assert list(map(str, event.keys())) == [
        "EventKey(type=psana.Camera.FrameV1, src='DetInfo(CxiDg2.0:Tm6740.0)')",
        "EventKey(type=psana.Camera.FrameV1, src='DetInfo(CxiSc1.0:Opal1000.0)')",
        "EventKey(type=psana.Bld.BldDataEBeamV7, src='BldInfo(EBeam)')",
        "EventKey(type=psana.EventId)",
    ]
    key = event.keys()[0]
    assert (key.type(), key.src(), key.alias(), key.key()) == (FRAME, runs.CAMERA, "", "")


def test_types_without_table_stay_visible(tmp_path, opened):
    unknown = writer.xtc(type_word(901, 5), runs.CAMERA, b"12345678")
    future = writer.xtc(type_word(TypeId.Frame, 9), runs.CAMERA_2, b"1234")
    written(tmp_path, runs.event(0, writer.container(runs.segment(1), unknown, future)))
    event = opened().event(0)
    found = [(k.type_id, k.version, k.size, k.type()) for k in event.keys()[:2]]
    assert found == [(901, 5, 8, None), (2, 9, 4, None)]
    assert "typeid=901, version=5, size=8" in repr(event.keys()[0])
    assert event.get(901, runs.CAMERA) is None
    assert any("type 901 v5" in p.what for p in event.problems)


def test_a_compressed_payload_that_is_no_block_is_an_error(tmp_path, opened):
    packed = writer.xtc(type_word(TypeId.Frame, 1, True), runs.CAMERA, b"12345678")
    written(tmp_path, runs.event(0, writer.container(runs.segment(1), packed)))
    with pytest.raises(TruncatedError, match="of a compressed payload, found 4"):
        opened().event(0).get(FRAME, runs.CAMERA)


def test_a_payload_that_is_cut_is_an_error(tmp_path, opened):
    short = writer.xtc(type_word(TypeId.Frame, 1), runs.CAMERA, runs.frame(1)[20:-4])
    written(tmp_path, runs.event(0, writer.container(runs.segment(1), short)))
    with pytest.raises(TruncatedError, match=r"s00-c00.xtc at byte \d+: FrameV1 needs"):
        opened().event(0).get(FRAME, runs.CAMERA)


def test_an_empty_payload_is_skipped(tmp_path, opened):
    empty = writer.container(runs.segment(1), runs.leaf(FRAME, runs.CAMERA, b""))
    written(tmp_path, runs.event(0, empty))
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, [runs.event(0)])], stream=1)
    event = opened().event(0)
    assert int(event.get(FRAME, runs.CAMERA).data16()[0, 0]) == 0
    assert len(event.keys()) == 2


def test_data_that_need_a_configuration_say_so(tmp_path, opened):
    data = runs.leaf(cspad.DataV2, runs.det_info(32, 0, 10, 0), bytes(100))
    written(tmp_path, runs.event(0, writer.container(runs.segment(1), data)))
    event = opened().event(0)
    assert event.get(cspad.DataV2, Source(":Cspad")) is None
    assert "needs one of ConfigV2" in event.problems[0].what


def test_configuration_of_the_event(event):
    assert event.config.get(pulnix.TM6740ConfigV2).gain_a() == 7
    assert event.config.get(pulnix.TM6740ConfigV2, Source(":Tm6740")).gain_a() == 7
    assert event.config.get(pulnix.TM6740ConfigV2, runs.CAMERA_2) is None
    assert event.config.get(pulnix.TM6740ConfigV1) is None
    event.config.put([3], "own")
    assert event.config.get(list, key="own") == [3]
    assert str(event.config.keys()[0]) == (
        "EventKey(type=psana.Pulnix.TM6740ConfigV2, src='DetInfo(CxiDg2.0:Tm6740.0)')"
    )


def test_values_survive_event_and_run(tmp_path, opened):
    written(tmp_path, runs.event(7))
    run = opened()
    frame = run.event(0).get(FRAME, runs.CAMERA)
    run.close()
    assert int(frame.data16()[0, 0]) == 7
    assert run.event(0).get(EventId).fiducials() == 21  # files open again


# damage


HIDDEN = [
    Damage.DroppedContribution,
    Damage.Uninitialized,
    Damage.OutOfOrder,
    Damage.OutOfSynch,
    Damage.UserDefined,
    Damage.ContainsIncomplete,
    1 << 0,
    1 << 23,
    0x5A << 24 | Damage.UserDefined,
    0x5A << 24,  # user bits without their announcement
    Damage.OutOfOrder | Damage.OutOfSynch,
]


def with_damage(folder, leaf, **header):
    written(folder, runs.event(0, writer.container(runs.segment(1), leaf), **header))


@pytest.mark.parametrize("damage", HIDDEN, ids=lambda d: hex(d))
def test_damaged_payloads_are_hidden_and_told(tmp_path, opened, damage):
    with_damage(tmp_path, runs.frame(1, damage=int(damage)))
    event = opened().event(0)
    assert event.get(FRAME, runs.CAMERA) is None
    assert event.damage(runs.CAMERA) == event.damage() == damage
    assert list(map(EventKey.type, event.keys())) == [EventId]


@pytest.mark.parametrize("user", [0, 0xFF << 24])
def test_ebeam_with_bad_fields_is_given(tmp_path, opened, user):
    damage = user | Damage.UserDefined
    with_damage(tmp_path, runs.ebeam(2.5, int(damage)))
    event = opened().event(0)
    assert event.get(EBEAM, runs.EBEAM).ebeamCharge() == 2.5
    assert event.damage(Source("EBeam")) == damage


@pytest.mark.parametrize(
    "damage",
    [
        Damage.UserDefined | Damage.OutOfOrder,
        Damage.UserDefined | Damage.OutOfSynch,
        0xFF << 24,
        Damage.OutOfOrder,
    ],
    ids=hex,
)
def test_ebeam_with_other_damage_is_hidden(tmp_path, opened, damage):
    with_damage(tmp_path, runs.ebeam(2.5, int(damage)))
    assert opened().event(0).get(EBEAM, runs.EBEAM) is None


@pytest.fixture
def option(monkeypatch):
    monkeypatch.setattr(xtcview.run.options, "OPTIONS", dict(xtcview.run.options.OPTIONS))
    return xtcview.setOption


def test_option_out_of_order(tmp_path, opened, option):
    option("psana.store-out-of-order-damage", True)
    both = Damage.UserDefined | Damage.OutOfOrder
    segment = writer.container(
        runs.segment(1),
        runs.frame(1, damage=int(Damage.OutOfOrder)),
        runs.ebeam(2.5, int(both)),
        runs.frame(2, runs.CAMERA_2, int(Damage.OutOfOrder | Damage.OutOfSynch)),
    )
    written(tmp_path, runs.event(0, segment))
    event = opened().event(0)
    assert event.get(FRAME, runs.CAMERA) is not None
    assert event.get(EBEAM, runs.EBEAM) is not None
    assert event.get(FRAME, runs.CAMERA_2) is None


def test_option_user_ebeam(tmp_path, opened, option):
    with_damage(tmp_path, runs.ebeam(2.5, int(Damage.UserDefined)))
    before = opened()
    option("psana.store-user-ebeam-damage", False)
    assert opened().event(0).get(EBEAM, runs.EBEAM) is None
    assert before.event(0).get(EBEAM, runs.EBEAM) is not None  # opened before


def test_no_such_option(option):
    with pytest.raises(KeyError, match=r"psana.calib-dir"):
        option("psana.nothing", 1)


def test_damage_of_a_payload_that_was_lost(tmp_path, opened):
    lost = writer.xtc(type_word(TypeId.Any, 0), runs.CAMERA, damage=int(Damage.DroppedContribution))
    with_damage(tmp_path, lost)
    event = opened().event(0)
    assert event.damage(runs.CAMERA) == Damage.DroppedContribution
    assert event.get(FRAME, runs.CAMERA) is None


def test_damage_of_the_datagram(tmp_path, opened):
    with_damage(tmp_path, runs.frame(1), damage=int(Damage.DroppedContribution))
    event = opened().event(0)
    assert event.damage() == Damage.DroppedContribution
    assert event.damage(runs.CAMERA) == 0  # its data are whole
    assert event.damage(runs.CAMERA_2) == Damage.DroppedContribution  # and this one may be lost
    assert event.get(FRAME, runs.CAMERA) is not None


def test_damage_of_every_contribution_counts(tmp_path, opened):
    written(tmp_path, runs.event(0, damage=2))
    other = writer.container(runs.segment(2), runs.ebeam(1.0))
    events = [runs.event(0, other, damage=1 << 13)]
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, events)], stream=1)
    assert opened().event(0).damage() == 2 | 1 << 13


def test_an_undamaged_event(tmp_path, opened):
    written(tmp_path, runs.event(0))
    event = opened().event(0)
    assert event.damage() == event.damage(runs.CAMERA) == event.damage(Source("EBeam")) == 0


def test_a_damaged_copy_does_not_hide_a_whole_one(tmp_path, opened):
    written(tmp_path, runs.event(0, runs.camera_segment(1, damage=1 << 13)))
    events = [runs.event(0, runs.camera_segment(2))]
    runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, events)], stream=1)
    event = opened().event(0)
    assert int(event.get(FRAME, runs.CAMERA).data16()[0, 0]) == 2
    assert event.damage(runs.CAMERA) == 1 << 13


def test_an_incomplete_segment_is_not_entered(tmp_path, opened):
    hurt = writer.container(runs.segment(2), runs.ebeam(1.0), damage=1 << 15)
    written(tmp_path, runs.event(0, hurt, runs.camera_segment(3)))
    event = opened().event(0)
    assert event.get(EBEAM, runs.EBEAM) is None
    assert event.get(FRAME, runs.CAMERA) is not None
    assert event.damage() == Damage.IncompleteContribution
    assert len(event.keys()) == 2


def test_an_incomplete_datagram_is_not_entered(tmp_path, opened):
    written(tmp_path, runs.event(0, damage=1 << 15))
    event = opened().event(0)
    assert event.get(FRAME, runs.CAMERA) is None
    assert event.damage(runs.CAMERA) == event.damage() == Damage.IncompleteContribution
    assert event.get(EventId).fiducials() == 0


def test_a_damaged_parent_does_not_hide_its_children(tmp_path, opened):
    hurt = writer.container(runs.segment(1), runs.frame(4), damage=2)
    written(tmp_path, runs.event(0, hurt))
    assert opened().event(0).get(FRAME, runs.CAMERA) is not None


def test_a_header_that_lies_is_told(tmp_path, opened):
    broken = runs.frame(1)[:16] + (7).to_bytes(4, "little")
    segment = writer.container(runs.segment(1), runs.ebeam(1.0), broken)
    written(tmp_path, runs.event(0, segment))
    event = opened().event(0)
    assert event.get(EBEAM, runs.EBEAM) is not None
    assert event.damage() == 0
    assert [p.what for p in event.problems] == ["Xtc extent 7 is smaller than its 20-byte header"]


def test_large_and_small_datagrams_are_walked_alike(tmp_path, opened):
    """Large payloads are read when asked for; the walk must list the same."""
    big = runs.frame(3, runs.CAMERA_2, shape=(300, 400))
    broken = runs.frame(1)[:16] + (7).to_bytes(4, "little")
    parts = (
        writer.container(runs.segment(1), runs.frame(1), big, runs.ebeam(1.5)),
        writer.container(runs.segment(2), runs.frame(9, runs.EBEAM), broken),
    )
    written(tmp_path, runs.event(0, *parts))
    event = opened().event(0)
    assert [str(k.src()) for k in event.keys()[:2]] == [str(runs.CAMERA), str(runs.CAMERA_2)]
    frame = event.get(FRAME, runs.CAMERA_2).data16()
    assert (frame.shape, int(frame.min()), int(frame.max())) == ((300, 400), 3, 3)
    assert event.get(EBEAM, runs.EBEAM).ebeamCharge() == 1.5
    assert len(event.problems) == 1
