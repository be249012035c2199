"""The golden runs against what psana answered, value by value.

Where psana is known to be wrong, or differs on purpose, the exception has a name and a reason
below; elsewhere every recorded value must be equal, and none may be left unread.
"""

import ast
from pathlib import PurePath

import numpy as np
import pytest

import xtcview
from tests.support.compare import Comparison
from tests.support.watched import unread, watched
from xtcview import ControlData, EventId
from xtcview.format.headers import dgram
from xtcview.format.ids import Transition
from xtcview.run import dataset

RUNS = (34, 35, 37, 39, 42)
# how many values are compared: none may get lost
VALUES = {34: 2800, 35: 2568, 37: 1615, 39: 40_001, 42: 555}
INTERNAL = (  # entries of psana's event that are not data
    "EventKey(type=psana.EventOffset)",
    "EventKey(type=psana.DgramList)",
    "EventKey(type=None)",
)


@pytest.fixture(params=RUNS)
def number(request):
    return request.param


@pytest.fixture
def recorded(number):
    return watched(f"psana/golden-r{number:04d}-idx.json.xz")


@pytest.fixture
def source(golden_dir, number, monkeypatch):
    monkeypatch.delenv("SIT_PSDM_DATA", raising=False)
    found = xtcview.DataSource(f"exp=cxitut13:run={number}:dir={golden_dir}:idx")
    yield found
    for run in found.runs():
        run.close()


@pytest.fixture
def run(source):
    return next(source.runs())


def compare_id(compared, event, recorded, path):
    found = event.get(EventId)
    ours = {
        "time": list(found.time()),
        "fiducials": found.fiducials(),
        "ticks": found.ticks(),
        "vector": found.vector(),
        "run": found.run(),
        "str": str(found),
        "repr": repr(found),
        "idxtime": found.idxtime().time(),
    }
    for name, value in recorded.items():
        compared.equal(ours[name], value, f"{path}: EventId.{name}")
    compared.equal(event.run(), recorded["run"], f"{path}: run")


def compare_epics(compared, store, recorded, path):
    for name, (value, status) in recorded.items():
        compared.equal(store.value(name), value, f"{path}: {name}")
        compared.equal(list(store.status(name)), status, f"{path}: status of {name}")


def scan_values(store):
    config = store.get(ControlData.ConfigV3)
    return [] if config is None else [[[pv.name(), pv.value()] for pv in config.pvControls()]]


def compare_event(compared, run, event, recorded, path):
    compare_id(compared, event, recorded["eventid"], path)
    keys = event.keys()
    theirs = [key for key in recorded["keys"] if key not in INTERNAL]
    compared.equal([repr(key) for key in keys], theirs, f"{path}: keys")
    by_text = {repr(key): key for key in keys}
    for text, value in recorded.get("data", {}).items():
        key = by_text[text]
        compared.value(event.get(key.type(), key.src()), value, f"{path}: {text}")
    compare_epics(compared, run.env().epicsStore(), recorded["epics"], path)
    compared.equal(scan_values(run.env().configStore()), recorded["control"], f"{path}: scan")


def compare_offset(compared, run, number, recorded, path):
    """psana's EventOffset: the files of the event and the BeginCalibCycle in front of it."""
    parts = run.timeline.parts(number)
    names = sorted({run.files[file].path.name for file, _ in parts})
    compared.equal(recorded["_type"], "psana.EventOffset", path)
    compared.equal(names, [PurePath(name).name for name in recorded["filenames"]], f"{path}: files")
    compared.equal(recorded["offsets"], [UNKNOWN_OFFSET] * len(parts), f"{path}: offsets")
    theirs = ast.literal_eval(recorded["lastBeginCalibCycleDgram"])
    compared.equal(_calib_cycle(run, run.timeline.step(number)), theirs, f"{path}: calib cycle")


UNKNOWN_OFFSET = -1  # psana does not know where in its files an event is; run.timeline does


def _calib_cycle(run, step):
    """The BeginCalibCycle datagram of a step."""
    _, first = np.unique(run.timeline.cycles["time"], return_index=True)
    row = run.timeline.cycles[first[step]]
    file, offset = run.files[row["file"]], int(row["offset"])
    return file.read_exactly(offset, dgram(file.read(offset, 40)).size, "calib cycle")


def compare_run(compared, run, theirs):
    """Times, steps, and every event in order."""
    times = run.times()
    compared.equal(run.run(), theirs["run"], "run")
    compared.equal(len(times), theirs["ntimes"], "number of times")
    ours = [[t.seconds(), t.nanoseconds(), t.fiducial(), t.time()] for t in times]
    compared.value(ours, theirs["times"], "times")
    compared.equal(run.nsteps(), theirs["nsteps"], "number of steps")
    compared.value([len(run.times(s)) for s in range(run.nsteps())], theirs["steps"], "steps")
    compared.equal(len(theirs["events"]), len(times), "number of events")
    for number, event in enumerate(theirs["events"]):
        path = f"event {number}"
        compare_event(compared, run, run.event(times[number]), event, path)
        if "EventOffset" in event:
            compare_offset(compared, run, number, event["EventOffset"], path)


def compare_environment(compared, env, theirs):
    """What psana's environment said before the first event."""
    store = env.epicsStore()
    for name in ("experiment", "instrument", "expNum", "calibDir", "jobName"):
        compared.equal(getattr(env, name)(), theirs[name], name)
    for name, pv in theirs["epics"].items():
        record = store.getPV(name)
        compared.equal(store.alias(name), pv["alias"], f"alias of {name}")
        compared.equal(store.pvName(pv["alias"]), name, f"name of {pv['alias']}")
        compared.equal(store.value(name), pv["value"], name)
        compared.equal(store.value(pv["alias"]), pv["value"], pv["alias"])
        compared.equal(list(store.status(name)), pv["status"], f"status of {name}")
        compared.equal(type(record).__name__, pv["type"], f"class of {name}")
        compared.equal([record.value(i) for i in range(record.numElements())], pv["all"], name)
    compared.equal(store.pvNames(), sorted(theirs["epics"]), "names")
    # psana orders those of one source by their C++ names, we by type number
    keys = sorted(map(repr, env.configStore().keys()))
    shown = sorted(key for key in theirs["configStore_keys"] if NO_DATA not in key)
    compared.equal(keys, shown, "configuration keys")


NO_DATA = "type=None"  # psana's own objects in a store, one per source


def compare_configuration(compared, store, recorded):
    """Every object of the configuration, psana's EventId among them."""
    by_text = {repr(key): key for key in store.keys()}  # noqa: SIM118
    for text, value in recorded.items():
        key = by_text[text]
        source = xtcview.Source() if key.type() is EventId else key.src()
        compared.value(store.get(key.type(), source), value, text)


def compare_names(compared, run, recorded):
    """What DetNames lists: psana's list, and behind it what sends data without configuration."""
    ours = [list(row) for row in xtcview.DetNames("detectors", run)]
    epics = [list(row) for row in xtcview.DetNames("epics", run)]
    detectors = recorded[: len(recorded) - len(epics)]
    compared.equal(epics, recorded[len(detectors) :], "names of variables")
    compared.equal(ours[: len(detectors)], detectors, "names of detectors")
    configured = {str(src.name) for src in run.aliases.srcs() if hasattr(src, "name")}
    compared.equal(configured & {row[0] for row in ours[len(detectors) :]}, set(), "more names")


# psana's own visit from last to first: what it got wrong, by run. Each entry is an event whose
# EPICS values psana left as an event visited before had set them.
STALE = {34: {8, 7}, 35: set(), 37: set(), 39: set(), 42: set()}
# It then went back before the first EPICS update, and the process aborted.
ABORTED_BEFORE = {34: 0}


def compare_way_back(compared, run, theirs, events):
    """Where psana's backward visit agrees with its forward one, so do we; the rest is named."""
    stale, number = set(), run.run()
    for at, fiducial, epics, control in theirs["visited"]:
        found = run.event(run.times()[at]).get(EventId).fiducials()
        compared.equal(found, fiducial, f"event {at} on the way back")
        compared.equal(scan_values(run.env().configStore()), control, f"event {at}: scan")
        if epics == events[at]["epics"]:
            compare_epics(compared, run.env().epicsStore(), epics, f"event {at} on the way back")
        else:
            stale.add(at)
            later = [dict(event["epics"].items()) for event in events[at + 1 :]]
            compared.equal(dict(epics.items()) in later, True, f"event {at}: values of another")
    compared.equal(stale, STALE[number], "stale values of psana")
    compared.equal(theirs["aborted_at_event_index"], ABORTED_BEFORE.get(number), "end of psana")
    compared.equal(theirs["aborted"], number in ABORTED_BEFORE, "end of psana")
    compared.equal(theirs["child_wait_status"] != 0, theirs["aborted"], "end of psana")
    assert theirs["meaning"].startswith("events visited last to first")


def test_everything_that_psana_recorded(source, recorded, number):
    compared, env = Comparison(), source.env()
    compare_environment(compared, env, recorded["env_after_open"])
    compare_configuration(compared, env.configStore(), recorded["config"])
    run = next(source.runs())
    compare_names(compared, run, recorded["detnames"])
    (theirs,) = recorded["runs"]
    compare_run(compared, run, theirs)
    compare_way_back(compared, run, theirs["reverse_order"], theirs["events"])
    asked = dataset.parse(recorded["ds"])
    compared.equal((asked.experiment, asked.runs), ("cxitut13", (number,)), "data set")
    compared.equal(recorded["ok"], True, "psana's end")
    assert compared.wrong == []
    assert compared.values == VALUES[number]
    assert unread(recorded) == []


def test_backwards_gives_the_same(run, recorded):
    """Last to first: psana was stale or died here, we must not be."""
    (theirs,) = recorded["runs"]
    compared = Comparison()
    for number in reversed(range(len(run.times()))):
        event = run.event(run.times()[number])
        compare_event(compared, run, event, theirs["events"][number], f"event {number}")
    assert compared.wrong == []


# which datagrams make an event, by psana's index code


COLUMNS = ["file", "service", "sec", "nsec", "fiducials", "extent"]


@pytest.mark.parametrize("number", [*RUNS, 41])
def test_datagrams_of_every_event(golden_dir, number):
    recorded = watched(f"json/e158-r{number:04d}.psana.json.xz")
    assert (recorded["run"], recorded["columns_of_dgram"]) == (number, COLUMNS)
    with xtcview.open(f"exp=cxitut13:run={number}:dir={golden_dir}") as run:
        assert run.nsteps() == recorded["nsteps"]
        steps = run.timeline.events["step"]
        assert [[int(i) for i in pair] for pair in recorded["steps"]] == [
            [int((steps < s).sum()), int((steps <= s).sum())] for s in range(run.nsteps())
        ]
        known = _known(run)
        for posted in recorded["initial"]:
            _check_known(known, posted)
        assert len(recorded["events"]) == len(run.times())
        for at, theirs in enumerate(recorded["events"]):
            name = run.times()[at]
            clock = (name.seconds(), name.nanoseconds(), name.fiducial())
            assert clock == (theirs["sec"], theirs["nsec"], theirs["fid"])
            assert theirs["jump_rc"] == 0
            assert sorted(_datagrams(run, at)) == sorted(_posted(known, theirs))
        for theirs in recorded["backward_jumps"]:
            if "exception" in theirs:  # where psana throws: before the first EPICS update
                assert (number, theirs["fid"]) == (34, 131022)
                assert theirs["exception"]
                continue
            at = next(i for i, t in enumerate(run.times()) if _is(known, t, theirs))
            assert sorted(_datagrams(run, at)) == sorted(_posted(known, theirs))
    assert unread(recorded) == []


def _is(known, name, jump):
    clock = {(name.seconds(), name.nanoseconds())}
    return name.fiducial() == jump["fid"] and clock & {(p[1], p[2]) for p in _posted(known, jump)}


def _datagrams(run, at):
    for number, offset in run.timeline.parts(at):
        file = run.files[number]
        head = dgram(file.read_exactly(offset, 40, "header"))
        yield file.path.name, head.seconds, head.nanoseconds, head.fiducial, head.extent


def _posted(known, theirs):
    """The event that psana gave at a jump."""
    for posted in theirs["posted"]:
        _check_known(known, posted)
    (event,) = [
        p["event"] for p in theirs["posted"] if p["event"] and p["event"][0][1] == "L1Accept"
    ]
    return [(file, sec, nsec, fid, extent) for file, _, sec, nsec, fid, extent in event]


def _check_known(known, posted):
    """Every datagram that psana sent, transitions and EPICS data too, is one that we know of."""
    for column in posted["event"] + posted["nonEvent"]:
        assert tuple(column) in known


def _known(run):
    """The first two datagrams of every file, its calib cycles and events, in psana's columns."""
    timeline, found = run.timeline, set()
    for number, file in enumerate(run.files):
        offsets = {0, dgram(file.read(0, 40)).size}
        for rows in (timeline.daq, timeline.ioc, timeline.cycles):
            offsets |= set(rows["offset"][rows["file"] == number].tolist())
        for offset in offsets:
            head = dgram(file.read_exactly(offset, 40, "header"))
            clock = (head.seconds, head.nanoseconds, head.fiducial)
            found.add((file.path.name, Transition(head.service).name, *clock, head.extent))
    return found
