"""Speed and size of the reader: opening, jumping, tables and indexing of a long run.

    python tests/benchmarks/reader.py [--events 1000000]

Writes a run of tiny events (see `big_run.py`) into a temporary folder, 1.7 GB for a million.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import xtcview

sys.path.insert(0, str(Path(__file__).parent))
import big_run

# the peak is that of /proc: what getrusage tells begins with the memory of the parent
OPEN = """
import sys, time
from pathlib import Path
import xtcview
start = time.perf_counter()
run = xtcview.open(sys.argv[1])
times = run.times()
seconds = time.perf_counter() - start
status = Path("/proc/self/status").read_text()
print(len(times), seconds, int(status.split("VmHWM:")[1].split()[0]) / 1e3)
"""


def opening(dataset: str) -> tuple[float, float]:
    """Return seconds and peak MB of opening in a fresh process, the median of three."""
    found = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", OPEN, dataset], check=True, capture_output=True, text=True
        )
        found.append([float(word) for word in done.stdout.split()][1:])
    seconds, megabytes = np.median(found, axis=0)
    return float(seconds), float(megabytes)


def jumping(run: Any, count: int = 20_000) -> float:
    """Return events/s of random access with EventId, files in memory."""
    times = run.times()
    order = np.random.default_rng(1).integers(0, len(times), count).tolist()
    seconds = 0.0
    for _ in range(2):  # the first round brings the files into memory
        start = time.perf_counter()
        for number in order:
            run.event(times[number]).get(xtcview.EventId)
        seconds = time.perf_counter() - start
    return count / seconds


def memory_of_scrubbing(run: Any, count: int = 10_000) -> float:
    """Return by how many MB the peak grows between the 1,000th and the last event."""
    times, before = run.times(), 0.0
    for number in range(count):
        evt = run.event(times[number * 7919 % len(times)])
        evt.get(xtcview.Bld.BldDataEBeamV7, xtcview.Source("EBeam"))
        if number == count // 10:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 - before


def table(run: Any) -> float:
    """Return events/s of a table of two columns."""
    start = time.perf_counter()
    found = run.scalars(["EBeam.ebeamCharge", "damage"])
    rate = len(found) / (time.perf_counter() - start)
    assert found["EBeam.ebeamCharge"].tolist() == list(range(len(found)))
    return rate


def indexing(folder: Path, count: int) -> float:
    """Return datagrams/s of the command, its start included."""
    files = sorted(map(str, folder.glob("*.xtc")))
    start = time.perf_counter()
    command = [sys.executable, "-m", "xtcview", "index", "--force", *files]
    subprocess.run(command, check=True, capture_output=True)
    return count / (time.perf_counter() - start)


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as place:
        for name, split in (("dealt over six streams", False), ("split over six streams", True)):
            folder = Path(place) / name.split()[0]
            dataset = big_run.write(folder, events, 6, split)
            seconds, megabytes = opening(dataset)
            print(f"open {events:,} events {name}: {seconds:.2f} s, {megabytes:.0f} MB")
        with xtcview.open(f"exp=e1:run=1:dir={Path(place) / 'dealt'}") as run:
            print(f"random events with EventId: {jumping(run):,.0f}/s")
            print(f"memory over 10,000 events: {memory_of_scrubbing(run):+.1f} MB")
            print(f"table of two columns: {table(run):,.0f} events/s")
        print(f"xtcview index: {indexing(Path(place) / 'dealt', events):,.0f} datagrams/s")


if __name__ == "__main__":
    main()
