"""Two ranks of MPI against two bare processes that do the same work and merge nothing.

    python tests/benchmarks/ranks.py DATASET [--repeat 3]

Reading, summing and merging are timed, not the start of Python. Exits with 1 when MPI is slower
than `LIMIT` of the control, the best of the repeats of each, taken in turn.
"""

from __future__ import annotations

import multiprocessing
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.support.mpi import MPIEXEC
from xtcview.reduce import batch
from xtcview.reduce.job import take_up
from xtcview.reduce.ranks import Alone
from xtcview.reduce.share import deal
from xtcview.reduce.work import Rank

LIMIT = 0.97
OPS = {"sum": ["mean"], "stats": ["mean", "std", "min", "max"]}


def bare(dataset: str, ops: list[str], rank: int, barrier: Any, times: Any) -> None:
    """Read one half."""
    with tempfile.TemporaryDirectory() as folder:
        job = batch.make(dataset, "cspad", ops, Path(folder) / "out.npz")
        take_up(job)
        job.left = deal(job.left, rank, 2)
        (Path(folder) / "out.npz.parts").mkdir()
        one = Rank(job, Alone(), print)
        barrier.wait()
        began = time.perf_counter()
        one.read_share()
        times.put(time.perf_counter() - began)


def control(dataset: str, ops: list[str]) -> float:
    """Return the seconds of the slower one of two bare processes."""
    context = multiprocessing.get_context("spawn")
    barrier, times = context.Barrier(2), context.Queue()
    processes = [
        context.Process(target=bare, args=(dataset, ops, rank, barrier, times)) for rank in (0, 1)
    ]
    for process in processes:
        process.start()
    found = [times.get() for _ in processes]
    for process in processes:
        process.join()
    return max(found)


def with_mpi(dataset: str, ops: list[str]) -> float:
    """Return the seconds of two ranks, as they say them: the result is merged, not yet written."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.npz"
        words = [MPIEXEC, "-n", "2", sys.executable, "-m", "xtcview.reduce", dataset]
        words += ["--det=cspad", f"--ops={','.join(ops)}", f"--out={out}"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    found = re.search(r"read and merged in ([\d.]+) s", done.stderr)
    assert found, done.stderr
    return float(found.group(1))


def main(dataset: str, repeat: int) -> int:
    failed = False
    for name, ops in OPS.items():
        pairs = [(control(dataset, ops), with_mpi(dataset, ops)) for _ in range(repeat)]
        least, found = (min(times) for times in zip(*pairs, strict=True))
        print(f"{name}: bare {least:.2f} s, mpi {found:.2f} s: {least / found:.2f} of the control")
        failed |= least / found < LIMIT
    return int(failed)


if __name__ == "__main__":
    words = sys.argv[1:]
    times = int(words[words.index("--repeat") + 1]) if "--repeat" in words else 3
    sys.exit(main(words[0], times))
