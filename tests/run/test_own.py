"""Objects that scripts keep with events and environments, and what may not be replaced."""

import numpy as np
import pytest

import xtcview
from tests.support import runs
from xtcview import EventId, Source
from xtcview.errors import KeptError, NotOfferedError, SourceError
from xtcview.format import writer
from xtcview.types import camera, control, pulnix

FRAME = camera.FrameV1


@pytest.fixture
def run(tmp_path):
    events = [runs.event(i, runs.camera_segment(i), runs.ebeam(0.1)) for i in range(3)]
    runs.write(tmp_path, [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events)])
    with xtcview.open(tmp_path) as found:
        yield found


@pytest.fixture
def event(run):
    return run.event(1)


class Mine:
    pass


def test_put_and_get_in_all_forms(event):
    values = [Mine() for _ in range(4)]
    event.put(values[0])
    event.put(values[1], "key")
    event.put(values[2], runs.CAMERA)
    event.put(values[3], Source("CxiDg2.0:Tm6740.0"), "key")
    assert event.get(Mine) is event.get(object) is event.get("") is values[0]
    assert event.get(Mine, "key") is event.get("key") is values[1]
    assert event.get(Mine, Source(None), "key") is values[1]
    assert event.get([dict, Mine], runs.CAMERA) is values[2]
    assert event.get(Mine, Source(":Tm6740"), "key") is values[3]
    assert event.get(Mine, "DetInfo(:Tm6740)", "key") is values[3]  # with a key, a text is a source
    assert event.get(Mine, Source(), "key") is values[1]  # those without source come first
    assert event.get(Mine, runs.CAMERA_2) is None
    assert event.get(Mine, "none") is None
    texts = [str(k) for k in event.keys() if "Mine" in str(k)]  # noqa: SIM118
    assert [text.partition("Mine")[2] for text in texts] == [
        ")",
        ", key='key')",
        ", src='DetInfo(CxiDg2.0:Tm6740.0)')",
        ", src='DetInfo(CxiDg2.0:Tm6740.0)', key='key')",
    ]


def test_an_own_object_is_replaced_by_another_of_its_key(event):
    event.put([1], "key")
    event.put({"a": 2}, "key")
    assert event.get("key") == {"a": 2}
    assert event.get(list, "key") is None
    event.put("text", "key")  # texts and arrays have a place of their own, as in psana
    event.put(np.arange(3), "key")
    event.put(np.arange(4), "key")
    assert event.get(dict, "key") == {"a": 2}
    assert event.get(str, "key") == "text"
    assert event.get(np.ndarray, "key").shape == (4,)


def test_what_was_decoded_is_not_replaced(event):
    frame = event.get(FRAME, runs.CAMERA)
    with pytest.raises(KeptError, match=r"psana.Camera.FrameV1 of DetInfo\(CxiDg2.0:Tm6740.0\)"):
        event.put(frame, runs.CAMERA)
    with pytest.raises(ValueError, match="EventId"):
        event.put(event.get(EventId))
    event.put(frame, runs.CAMERA, "copy")
    event.put(frame, runs.CAMERA_2)
    assert event.get(FRAME, runs.CAMERA, "copy") is frame
    assert event.get(FRAME, runs.CAMERA_2) is frame
    assert event.remove(FRAME, runs.CAMERA)
    event.put("other", runs.CAMERA)
    event.put(frame, runs.CAMERA)
    assert event.get(FRAME, Source(":Tm6740")) is frame


@pytest.mark.parametrize(
    "source", ["DetInfo(:Tm6740)", "", "DetInfo(CxiDg2.0:Tm6740)", "ProcInfo()"]
)
def test_put_and_remove_need_one_source(event, source):
    for act in (event.put, event.remove):
        with pytest.raises(SourceError, match="may mean several sources"):
            act(Mine, Source(source))


@pytest.mark.parametrize("args", [(Mine, 7), (Mine, runs.CAMERA, 7)])
def test_arguments_of_the_wrong_type(event, args):
    for act in (event.put, event.remove):
        with pytest.raises(TypeError, match="expected a"):
            act(*args)


def test_a_key_is_asked_for_alone(event):
    with pytest.raises(TypeError, match="a key alone"):
        event.get("key", runs.CAMERA)


def test_remove(run, event):
    event.put([1], "key")
    event.put([2], runs.CAMERA, "key")
    assert not event.remove(list)
    assert not event.remove(dict, "key")
    assert event.remove([dict, list], "key")
    assert not event.remove(list, "key")
    assert event.get(list, runs.CAMERA, "key") == [2]
    assert event.remove(list, Source("CxiDg2.0:Tm6740.0"), "key")
    assert event.remove(FRAME, runs.CAMERA)
    assert not event.remove(FRAME, runs.CAMERA)
    assert event.get(FRAME, runs.CAMERA) is None
    assert event.find(FRAME, runs.CAMERA) is None
    assert xtcview.Detector(":Tm6740", run).raw(event) is None
    assert [k for k in event.keys() if k.type() is FRAME] == []  # noqa: SIM118
    assert xtcview.Detector(":Tm6740", run).raw(run.event(1)).shape == (2, 3)  # not from the run


def test_keys_of_a_source(event):
    def kinds(*source):
        return [k.type().__name__ for k in event.keys(*source)]

    event.put([1], runs.CAMERA)
    event.put({})
    assert kinds() == ["FrameV1", "BldDataEBeamV7", "EventId", "list", "dict"]
    assert kinds(Source(":Tm6740")) == kinds(":Tm6740") == kinds(runs.CAMERA) == ["FrameV1", "list"]
    assert kinds("EBeam") == ["BldDataEBeamV7"]
    assert kinds(Source(None)) == ["EventId", "dict"]
    assert kinds(Source("DetInfo(XppGon.0:Cspad.0)")) == []
    with pytest.raises(SourceError):
        event.keys("nonsense")


def test_a_type_number_alone_means_any_source(event):
    assert event.get(int(FRAME.TypeId)) is event.get(FRAME, runs.CAMERA)


# environment


def test_what_is_put_into_the_environment_stays(tmp_path):
    runs.write(tmp_path, runs.simple(2, 2))
    source = xtcview.DataSource(tmp_path)
    env, run = source.env(), next(source.runs())
    for store in (env.configStore, env.calibStore):
        mine = Mine()
        store().put(mine)
        store().put([1], "key")
        store().put([2], runs.CAMERA, "key")
        run.event(3)  # another calib cycle
        assert store().get(Mine) is store().get(Mine, Source()) is mine
        assert store().get(list, "key") == [1]
        assert store().get(list, runs.CAMERA, "key") == [2]
        assert [k.key() for k in store().keys(runs.CAMERA) if k.key()] == ["key"]
    assert run.env().calibStore() is env.calibStore()
    assert run.env().configStore().get(Mine) is env.configStore().get(Mine)
    assert env.calibStore().get(pulnix.TM6740ConfigV2) is None
    with pytest.raises(KeptError, match="TM6740ConfigV2"):
        env.configStore().put(env.configStore().get(pulnix.TM6740ConfigV2), runs.CAMERA)


def test_what_is_put_into_the_environment_is_there_in_later_runs(tmp_path):
    for number in (3, 4):
        with writer.StreamWriter(tmp_path, f"e7-r{number:04d}-s00-c00.xtc") as file:
            for dgram in runs.simple(2):
                file.write(dgram)
    source = xtcview.DataSource(f"exp=e7:run=3,4:dir={tmp_path}")
    found = []
    for run in source.runs():
        found.append((source.env().calibStore().get(str, "key"), run.env().configStore().get(list)))
        run.env().calibStore().put("constants", "key")
        run.env().configStore().put([run.files[0].run])
        run.close()
    assert found == [(None, None), ("constants", [3])]
    assert xtcview.DataSource(f"exp=e7:run=3:dir={tmp_path}").env().configStore().get(list) is None


def test_configuration_in_all_forms(run):
    store = run.env().configStore()
    kind = pulnix.TM6740ConfigV2
    found = store.get(kind)
    assert found.gain_a() == 7
    for source in (runs.CAMERA, Source(":Tm6740"), ":Tm6740", "CxiDg2-0|Tm6740-0", ""):
        assert store.get(kind, source) is store.get([kind], source, "") is found
    assert store.get(int(kind.TypeId)) is run.env().getConfig(kind, runs.CAMERA) is found
    assert store.get(kind, runs.CAMERA, "key") is None
    assert store.get(kind, Source(None)) is None
    assert [k.type() for k in store.keys(":Tm6740")] == [kind]


def test_the_environment_knows_the_event(run):
    """psana's configuration store has the EventId too: of Configure, then of the event."""
    store = run.env().configStore
    assert store().get(EventId).time() == (runs.T0, 0)
    assert store().get(EventId).run() == 3
    for number in (2, 0):
        event = run.event(number)
        assert store().get(EventId) == event.get(EventId)
        assert "EventKey(type=psana.EventId)" in map(str, store().keys())


def test_configuration_that_an_event_brings(tmp_path):
    brought = writer.container(
        runs.segment(1), runs.leaf(pulnix.TM6740ConfigV2, runs.CAMERA_2, bytes(40))
    )
    events = [runs.event(0), runs.event(1, brought, runs.camera_segment(1)), runs.event(2)]
    runs.write(tmp_path, [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events)])
    run = xtcview.open(tmp_path)
    for number, there in ((0, False), (1, True), (2, False), (1, True)):
        event = run.event(number)
        for store in (run.env().configStore(), run.config_at(number), event.config):
            assert (store.get(pulnix.TM6740ConfigV2, runs.CAMERA_2) is not None) == there
            assert store.get(pulnix.TM6740ConfigV2, runs.CAMERA).gain_a() == 7
    run.close()


def test_the_job(tmp_path, monkeypatch):
    runs.write(tmp_path / "xtc", runs.simple())
    source = xtcview.DataSource(f"exp=e7:run=3:dir={tmp_path / 'xtc'}:idx")
    run = next(source.runs())
    for env in (source.env(), run.env()):
        assert (env.fwkName(), env.jobName(), env.jobNameSub()) == ("psana", "xtc:idx", "xtc:idx")
        assert env.subprocess() == -1
    path = tmp_path / "xtc" / "e7-r0003-s00-c00.xtc"
    assert xtcview.DataSource(str(path)).env().jobName() == "e7-r0003-s00-c00"
    monkeypatch.setattr(xtcview.run.options, "OPTIONS", {})
    xtcview.setOption("psana.job-name", "mine")
    assert xtcview.DataSource(str(path)).env().jobName() == "mine"


def test_what_is_not_offered(tmp_path):
    runs.write(tmp_path, runs.simple())
    source = xtcview.DataSource(tmp_path)
    with pytest.raises(NotOfferedError, match="histogram"):
        source.env().hmgr()
    with pytest.raises(NotImplementedError, match=r"run\.event"):
        source.jump([], [], "")


def test_aliases_are_added_and_cleared(tmp_path):
    runs.write(tmp_path, runs.simple())
    run = xtcview.open(tmp_path)
    aliases = run.env().aliasMap()
    before = list(aliases.srcs())
    aliases.add("cam", runs.CAMERA)
    aliases.add("cam", runs.CAMERA_2)  # the first one stays
    aliases.add("again", runs.CAMERA)
    assert (aliases.src("cam"), aliases.alias(runs.CAMERA)) == (runs.CAMERA, "cam")
    assert int(run.event(2).get(FRAME, Source("again")).data16()[0, 0]) == 2
    assert run.event(0).keys("cam")[0].alias() == "cam"
    aliases.clear()
    assert (aliases.alias(runs.CAMERA), aliases.aliases()) == ("", [])
    assert aliases.srcs() == before
    with pytest.raises(TypeError, match="expected a Src"):
        aliases.add("cam", "CxiDg2.0:Tm6740.0")


def test_scan_settings_are_still_those_of_the_step(tmp_path):
    runs.write(tmp_path, runs.simple(2, 2))
    run = xtcview.open(tmp_path)
    values = []
    for number in (3, 0):
        run.event(number)
        values.append(run.env().configStore().get(control.ConfigV3).pvControls()[0].value())
    assert values == [1.0, 0.0]
