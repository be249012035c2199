"""Visit the events of a run from the last to the first, by their times.

    python random_access.py exp=cxidemo14:run=1:dir=../demo-data/xtc:idx

A script for psana; only its import changed.
"""

import sys

import xtcview as psana

ds = psana.DataSource(sys.argv[1])
for run in ds.runs():
    times = run.times()
    print(f"run {run.run()}: {len(times)} events")
    for t in reversed(times):
        evt = run.event(t)
        if evt is None:
            print("*** event fetch failed")
            continue
        print("fiducials", evt.get(psana.EventId).fiducials())

    # a time that the run does not have
    nowhere = psana.EventTime(times[0].time() + 1, times[0].fiducial())
    print("unknown time:", run.event(nowhere))
