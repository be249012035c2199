"""Golden run 34 against what psana answered in sequential mode (no 'idx' in the data set).

There psana does not join the contributions that the DAQ streams make to one event (SPLIT): it
gave 36 events for 12. Joined, what it gave must be what we give, in every mode.
"""

from itertools import groupby

import pytest

import xtcview
from tests.run.test_golden import (
    INTERNAL,
    UNKNOWN_OFFSET,
    compare_configuration,
    compare_environment,
    compare_epics,
    compare_id,
    compare_names,
    scan_values,
)
from tests.support.compare import Comparison
from tests.support.watched import unread, watched

SPLIT = 3  # contributions per event, one per stream
VALUES = 3228


@pytest.fixture
def source(golden_dir, monkeypatch):
    monkeypatch.delenv("SIT_PSDM_DATA", raising=False)
    found = xtcview.DataSource(f"exp=cxitut13:run=34:dir={golden_dir}")
    yield found
    for run in found.runs():
        run.close()


def test_everything_that_psana_recorded(source):
    recorded, compared = watched("psana/golden-r0034-seq.json.xz"), Comparison()
    compare_environment(compared, source.env(), recorded["env_after_open"])
    compare_configuration(compared, source.env().configStore(), recorded["config"])
    run = next(source.runs())
    compare_names(compared, run, recorded["detnames"])
    for step, theirs in zip(source.steps(), recorded["steps"], strict=True):
        compared.equal((run.run(), step.number), (theirs["run"], theirs["istep"]), "step")
        parts = groupby(theirs["events"], lambda event: event["eventid"]["idxtime"])
        for event, (_, group) in zip(step.events(), parts, strict=True):
            compare_joined(compared, event, list(group), source.env())
            compared.equal(scan_values(step.env().configStore()), theirs["control"], "scan")
    assert recorded["ds"] == "exp=cxitut13:run=34:dir=golden/xtc"
    assert recorded["ok"] is True
    assert compared.wrong == []
    assert compared.values == VALUES
    assert unread(recorded) == []


def compare_joined(compared, event, parts, env):
    """Compare an event with the events of one contribution each that psana gave for it."""
    path, ours = f"event {event.number}", {repr(key): key for key in event.keys()}  # noqa: SIM118
    compared.equal(len(parts), SPLIT, path)
    given = {key for part in parts for key in part["keys"] if key not in INTERNAL}
    compared.equal(set(ours), given, f"{path}: keys")
    names = [name for part in parts for name in part["EventOffset"]["filenames"]]
    compared.equal(len(set(names)), SPLIT, f"{path}: files")
    for part in parts:
        compare_id(compared, event, part["eventid"], path)
        for text, value in part["data"].items():
            compared.value(event.get(ours[text].type(), ours[text].src()), value, f"{path}: {text}")
        compare_epics(compared, env.epicsStore(), part["epics"], path)
        compared.equal(part["EventOffset"]["_type"], "psana.EventOffset", path)
        compared.equal(part["EventOffset"]["offsets"], [UNKNOWN_OFFSET], path)
        begin = part["EventOffset"]["lastBeginCalibCycleDgram"]
        compared.equal(begin.startswith("b'"), True, path)
