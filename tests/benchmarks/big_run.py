"""Write a long run of tiny events: what opening costs does not depend on the payloads.

    python tests/benchmarks/big_run.py FOLDER [--events 1000000] [--streams 6] [--split]

Dealt, as the DAQ does it, every event lies in one stream; split, every stream holds a part of
every event. The datagrams are there too, so that the indexes fit their files.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from xtcview.format import headers, index
from xtcview.format.headers import DGRAM_SIZE, FIDUCIALS, NO_FIDUCIAL, XTC_SIZE, type_word
from xtcview.format.ids import Level, Transition, TypeId
from xtcview.format.index import CALIB_CYCLE, NODE, SRC, Index, Segment
from xtcview.types.bld import BldDataEBeamV7

START = 1_700_000_000  # s
TICK = 8_333_333  # ns between events at 120 Hz
RUN = 1
EBEAM = type_word(TypeId.EBeamBld, 7)
LEAF = BldDataEBeamV7.DTYPE.itemsize
RECORD = np.dtype([
    ("head", headers.DGRAM),     #  0
    ("segment", headers.XTC),    # 40
    ("leaf", headers.XTC),       # 60
    ("payload", BldDataEBeamV7.DTYPE),  # 80
])  # fmt: skip


def transition(service: Transition, after: int, env: int = 0) -> bytes:
    """A transition without payload, `after` nanoseconds behind the run's start."""
    clock = divmod(after, 10**9)
    head = np.zeros((), headers.DGRAM)
    head["seconds"], head["nanoseconds"] = START + clock[0], clock[1]
    head["low"], head["high"], head["env"] = (0x80 | service) << 24, NO_FIDUCIAL, env
    head["root"]["log"] = Level.Event << 24
    head["root"]["contains"], head["root"]["extent"] = type_word(TypeId.Xtc, 1), XTC_SIZE
    return head.tobytes()


def records(numbers: Any, stream: int) -> Any:
    """The datagrams of some events in one stream."""
    nanoseconds = 10**9 + numbers * TICK
    found = np.zeros(len(numbers), RECORD)
    head = found["head"]
    head["seconds"] = START + nanoseconds // 10**9
    head["nanoseconds"] = nanoseconds % 10**9
    head["low"] = Transition.L1Accept << 24
    head["high"] = 3 * numbers % FIDUCIALS | (numbers + 1) % 32768 << 17
    head["root"]["log"], head["root"]["contains"] = Level.Event << 24, type_word(TypeId.Xtc, 1)
    head["root"]["extent"] = RECORD.itemsize - DGRAM_SIZE + XTC_SIZE
    segment, leaf = found["segment"], found["leaf"]
    segment["log"], segment["phy"] = Level.Segment << 24 | 1000 + stream, 0xAC152800 + stream
    segment["contains"], segment["extent"] = type_word(TypeId.Xtc, 1), 2 * XTC_SIZE + LEAF
    leaf["log"], leaf["contains"], leaf["extent"] = Level.Reporter << 24, EBEAM, XTC_SIZE + LEAF
    found["payload"]["ebeamCharge"] = numbers
    return found


def write_stream(folder: Path, stream: int, numbers: Any) -> None:
    """Write one file and its index."""
    path = folder / f"e1-r{RUN:04d}-s{stream:02d}-c00.xtc"
    begin = [(Transition.Configure, 0), (Transition.BeginRun, RUN)]
    begin += [(Transition.BeginCalibCycle, 0), (Transition.Enable, 0)]
    lead = [transition(service, 10**6 * i, env) for i, (service, env) in enumerate(begin)]
    end = 10**9 * 2 + int(numbers[-1]) * TICK
    last = (Transition.Disable, Transition.EndCalibCycle, Transition.EndRun)
    events = records(numbers, stream)
    with path.open("wb") as file:
        file.write(b"".join(lead))
        file.write(events.tobytes())
        file.write(b"".join(transition(s, end + 10**6 * i) for i, s in enumerate(last)))
    nodes = np.zeros(len(numbers), NODE)
    for name in ("seconds", "nanoseconds"):
        nodes[name] = events["head"][name]
    nodes["fiducial"] = events["head"]["high"] & NO_FIDUCIAL
    nodes["offset"] = len(lead) * DGRAM_SIZE + RECORD.itemsize * np.arange(len(numbers))
    cycle = np.array([(2 * DGRAM_SIZE, 0, START, 2 * 10**6)], CALIB_CYCLE)
    src = np.array(events["segment"][0][["log", "phy"]].item(), SRC)[()]
    leaf = np.array([events["leaf"][0][["log", "phy"]].item()], SRC)
    segments = (Segment(src, leaf, np.array([EBEAM], "<u4")),)
    made = Index(path.name, nodes, cycle, np.zeros(0, "u1"), segments)
    (folder / "index").mkdir(exist_ok=True)
    (folder / "index" / f"{path.name}.idx").write_bytes(index.encode(made))


def write(folder: Path, events: int, streams: int, split: bool = False) -> str:
    """Write the run; return its data set string."""
    folder.mkdir(parents=True, exist_ok=True)
    for stream in range(streams):
        step = 1 if split else streams
        write_stream(folder, stream, np.arange(0 if split else stream, events, step))
    return f"exp=e1:run={RUN}:dir={folder}"


def main() -> None:
    """Write the run that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--streams", type=int, default=6)
    parser.add_argument("--split", action="store_true", help="every stream has every event")
    wanted = parser.parse_args()
    print(write(wanted.folder, wanted.events, wanted.streams, wanted.split))


if __name__ == "__main__":
    main()
