"""All values of a process variable at once are those that single events give."""

import numpy as np
import pytest

import xtcview
from tests.support import runs
from xtcview.errors import SourceError


@pytest.mark.parametrize("number", [34, 35, 37, 39, 42])
def test_a_series_gives_what_every_event_gives(golden_dir, number):
    with xtcview.open(f"exp=cxitut13:run={number}:dir={golden_dir}") as run:
        events = np.arange(len(run.times()))
        for name in run.epics_at(0).names():
            found = run.epics(name)
            times, values = found
            assert len(times) == len(values) == len(found.status) == len(found)
            assert (np.diff(found.events) > 0).all()
            held = found.at(events)
            for i in events[:: max(len(events) // 60, 1)]:
                record = run.epics_at(int(i)).getPV(name)
                expected = [record.value(k) for k in range(record.numElements())]
                assert np.atleast_1d(held[i]).tolist() == expected
            for i in found.events[:3].tolist():
                status = run.epics_at(i).status(name)
                row = found.events.tolist().index(i)
                assert status == (found.status[row], found.severity[row], found.stamps[row])


def _run(tmp_path, *events):
    names = runs.archiver(runs.pv_ctrl(0, "A:B", 1.5), runs.pv_ctrl(1, "C", 7.0))
    aliases = runs.archiver(runs.pv_aliases((0, "ab")), number=10)
    made = [*runs.begin(names, aliases), *runs.cycle(0, events), *runs.end()]
    runs.write(tmp_path, made)
    return xtcview.open(f"exp=e7:run=3:dir={tmp_path}")


def test_before_the_first_value_and_after_it(tmp_path):
    events = [runs.event(i, runs.archiver()) for i in range(6)]
    events[2] = runs.event(2, runs.archiver(runs.pv_time(0, 2.5, stamp=100)))
    # two in one event: the later stamp holds, not the later place
    both = runs.pv_time(0, 4.5, stamp=300), runs.pv_time(0, 3.5, stamp=200)
    events[4] = runs.event(4, runs.archiver(*both))
    with _run(tmp_path, *events) as run:
        found = run.epics("ab")
        assert (found.name, found.initial) == ("A:B", 1.5)
        assert found.events.tolist() == [2, 4]
        assert found.values.tolist() == [2.5, 4.5]
        assert found.stamps.tolist() == [631152100, 631152300]
        assert found.at(np.arange(6)).tolist() == [1.5, 1.5, 2.5, 2.5, 4.5, 4.5]
        seconds, nanoseconds = runs.time_of(2)
        assert found.times[0] == seconds + nanoseconds * 1e-9
        never = run.epics("C")
        assert (len(never), never.initial) == (0, 7.0)
        assert never.at(np.arange(2)).tolist() == [7.0, 7.0]


def test_an_unknown_name(tmp_path):
    with _run(tmp_path, runs.event(0)) as run, pytest.raises(SourceError, match="A:B"):
        run.epics("A:C")
