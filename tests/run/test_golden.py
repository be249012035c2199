"""The golden runs against what psana answered, value by value.

Where psana is known to be wrong the exception has a name and a reason below; elsewhere every
recorded value must be equal.
"""

from collections import Counter

import pytest

import xtcview
from tests.conftest import golden_json
from tests.support.compare import Comparison
from xtcview import ControlData
from xtcview.format.headers import dgram

RUNS = (34, 35, 37, 39, 42)
# how many values are compared: none may get lost
VALUES = {34: 2473, 35: 2507, 37: 1564, 39: 27_449, 42: 504}
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
    return golden_json(f"psana/golden-r{number:04d}-idx.json.xz")


@pytest.fixture
def run(golden_dir, number):
    with xtcview.open(f"exp=cxitut13:run={number}:dir={golden_dir}") as found:
        yield found


def compare_id(compared, event, recorded, path):
    found = event.get(xtcview.EventId)
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


def test_times_and_steps(run, recorded):
    (theirs,) = recorded["runs"]
    assert run.run() == theirs["run"]
    assert len(run.times()) == theirs["ntimes"]
    assert [[t.seconds(), t.nanoseconds(), t.fiducial()] for t in run.times()] == [
        row[:3] for row in theirs["times"]
    ]
    assert [t.time() for t in run.times()] == [row[3] for row in theirs["times"]]
    assert run.nsteps() == theirs["nsteps"]
    assert [len(run.times(step)) for step in range(run.nsteps())] == theirs["steps"]


def test_every_event(run, recorded, number):
    compared = Comparison()
    (theirs,) = recorded["runs"]
    for name, event in zip(run.times(), theirs["events"], strict=True):
        found = run.event(name)
        compare_event(compared, run, found, event, f"event {found.number}")
    for text, value in recorded["config"].items():
        if text == "EventKey(type=psana.EventId)":  # psana puts it there too; ours is in the event
            continue
        store = run.config_at(-1)
        key = {repr(k): k for k in store.keys()[:]}[text]
        compared.value(store.get(key.type(), key.src()), value, text)
    assert compared.wrong == []
    assert compared.values == VALUES[number]


def test_backwards_gives_the_same(run, recorded):
    """Last to first: psana was stale or died here, we must not be."""
    (theirs,) = recorded["runs"]
    compared = Comparison()
    for number in reversed(range(len(run.times()))):
        event = run.event(run.times()[number])
        compare_event(compared, run, event, theirs["events"][number], f"event {number}")
    assert compared.wrong == []


# psana's own visit from last to first: what it got wrong, by run. Each entry is an event whose
# EPICS values psana left as an event visited before had set them.
STALE = {34: {8, 7}, 35: set(), 37: set(), 39: set(), 42: set()}
# It then went back before the first EPICS update, and the process aborted.
ABORTED_BEFORE = {34: 0}


def test_psanas_own_way_back(run, recorded, number):
    """Where psana's backward visit agrees with its forward one, so do we; the rest is named."""
    (theirs,) = recorded["runs"]
    back, compared, stale = theirs["reverse_order"], Comparison(), set()
    for at, fiducial, epics, control in back["visited"]:
        assert run.event(run.times()[at]).get(xtcview.EventId).fiducials() == fiducial
        compared.equal(scan_values(run.env().configStore()), control, f"event {at}: scan")
        if epics == theirs["events"][at]["epics"]:
            compare_epics(compared, run.env().epicsStore(), epics, f"event {at}")
        else:
            stale.add(at)
    assert compared.wrong == []
    assert stale == STALE[number]
    assert back["aborted_at_event_index"] == ABORTED_BEFORE.get(number)


def test_environment_after_opening(golden_dir, recorded, number):
    theirs = recorded["env_after_open"]
    env = xtcview.DataSource(f"exp=cxitut13:run={number}:dir={golden_dir}:idx").env()
    compared, store = Comparison(), env.epicsStore()
    compared.equal(env.experiment(), theirs["experiment"], "experiment")
    compared.equal(env.instrument(), theirs["instrument"], "instrument")
    compared.equal(env.expNum(), theirs["expNum"], "number")
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
    assert compared.wrong == []


def test_configuration_keys(golden_dir, recorded, number):
    """Same entries; psana orders those of one source by their C++ names, we by type number."""
    env = xtcview.DataSource(f"exp=cxitut13:run={number}:dir={golden_dir}:idx").env()
    ours = sorted(map(repr, env.configStore().keys()))
    theirs = recorded["env_after_open"]["configStore_keys"]
    assert ours == sorted(k for k in theirs if "type=None" not in k)


def test_detector_names(run, recorded):
    """What psana's DetNames lists of detectors: source and alias."""
    theirs = [row[:2] for row in recorded["detnames"] if ":" in row[0] and ".0:" in row[0]]
    ours = [
        [src.name, run.aliases.alias(src)]
        for src in run.aliases.srcs()
        if src.level() == 1 and src.devName() != "NoDevice" and ".0:" in src.name
    ]
    assert Counter(map(tuple, ours)) == Counter(map(tuple, theirs))


# which datagrams make an event, by psana's index code


@pytest.mark.parametrize("number", RUNS)
def test_datagrams_of_every_event(golden_dir, number):
    recorded = golden_json(f"json/e158-r{number:04d}.psana.json.xz")
    with xtcview.open(f"exp=cxitut13:run={number}:dir={golden_dir}") as run:
        assert run.nsteps() == recorded["nsteps"]
        steps = run.timeline.events["step"]
        assert [[int(i) for i in pair] for pair in recorded["steps"]] == [
            [int((steps < s).sum()), int((steps <= s).sum())] for s in range(run.nsteps())
        ]
        for at, theirs in enumerate(recorded["events"]):
            name = run.times()[at]
            assert (name.seconds(), name.nanoseconds(), name.fiducial()) == (
                theirs["sec"],
                theirs["nsec"],
                theirs["fid"],
            )
            assert sorted(_datagrams(run, at)) == sorted(_posted(theirs))
        for theirs in recorded["backward_jumps"]:
            if "exception" in theirs:  # where psana throws: before the first EPICS update
                assert (number, theirs["fid"]) == (34, 131022)
                continue
            at = next(i for i, t in enumerate(run.times()) if _is(t, theirs))
            assert sorted(_datagrams(run, at)) == sorted(_posted(theirs))


def _is(name, jump):
    clock = {(name.seconds(), name.nanoseconds())}
    return name.fiducial() == jump["fid"] and clock & {(p[1], p[2]) for p in _posted(jump)}


def _datagrams(run, at):
    for number, offset in run.timeline.parts(at):
        file = run.files[number]
        head = dgram(file.read_exactly(offset, 40, "header"))
        yield file.path.name, head.seconds, head.nanoseconds, head.fiducial, head.extent


def _posted(theirs):
    (event,) = [
        p["event"] for p in theirs["posted"] if p["event"] and p["event"][0][1] == "L1Accept"
    ]
    return [(file, sec, nsec, fid, extent) for file, _, sec, nsec, fid, extent in event]
