"""The seam: anything with the interface of `concurrent.futures.Executor`.

dask itself is no dependency; `Dasklike` stands in for it, with what is special about its executor.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun, expected

from xtcview.reduce import pools, readers
from xtcview.reduce.api import reduce

HERE = Path(__file__).parent
NAMES = ("sum", "mean", "std", "min", "max")
LONG = 90.0
RUN = FakeRun(n=300, damaged=[1, 250], empty=[2], failing=[4], partial=[6, 7])
COUNTED = [k for k in range(300) if k not in (1, 2, 4, 250)]


@pytest.fixture(autouse=True)
def _no_open_runs():
    yield
    readers.close_readers()


def check_same(r, wanted: dict[str, np.ndarray]) -> None:
    for name in NAMES:
        np.testing.assert_array_equal(getattr(r, name), wanted[name], err_msg=name)


MPI = """
import sys
import numpy as np
from mpi4py.futures import MPIPoolExecutor
from reduce_fakes import LIBRARY, FakeRun
from xtcview.reduce.api import reduce
from xtcview.reduce.pools import Pool

if __name__ == "__main__":
    run = FakeRun(n=300, damaged=[1, 250], empty=[2], failing=[4], partial=[6, 7])
    with MPIPoolExecutor() as executor:
        executor.bootup()
        r = reduce(run, ops=NAMES, library=LIBRARY, engines=executor).wait(60)
        np.savez(sys.argv[1], workers=Pool(executor).workers, **r.partial())
"""


@pytest.mark.cluster
def test_mpi_futures(tmp_path):
    script, result = tmp_path / "sums.py", tmp_path / "sums.npz"
    script.write_text(MPI.replace("NAMES", repr(NAMES)))
    mpiexec = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    assert mpiexec, "mpiexec of the development environment is missing"
    command = [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", script, result]
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    subprocess.run(command, env=environment, check=True, timeout=LONG)
    found, wanted = np.load(result), expected(RUN, COUNTED)
    assert found["workers"] == 2  # one rank hands out the work
    for name in NAMES:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)


class KilledWorker(Exception):
    """As dask names what a task raises that has cost several workers."""


class Dasklike(Executor):
    """Like dask's executor: it says by its client how many workers there are.

    A task of the same function and arguments is the same task, with the same result, unless it is
    not pure; futures never say that they are running; a lost worker is a `KilledWorker`.
    """

    def __init__(self, bad: int = -1) -> None:
        self._client = SimpleNamespace(nthreads=lambda: {"tcp://a": 2, "tcp://b": 1})
        self._threads = ThreadPoolExecutor(3)
        self._bad, self.killed = bad, 0

    def submit(self, fn, /, *args, pure: bool = True) -> Future:
        assert not pure, "what was lost could not be tried again"
        future: Future = Future()
        inner = self._threads.submit(self._work, fn, *args)
        inner.add_done_callback(lambda inner: self._copy(inner, future))
        return future

    def _work(self, fn, task, events):
        if self._bad in events:
            self.killed += 1
            raise KilledWorker("Attempted to run task on 4 workers that all died")
        return fn(task, events)

    def _copy(self, inner: Future, future: Future) -> None:
        if inner.exception() is not None:
            future.set_exception(inner.exception())
        else:
            future.set_result(list(inner.result()))

    def shutdown(self, wait=True, *, cancel_futures=False) -> None:
        self._threads.shutdown(wait)


def test_an_executor_like_dask():
    with Dasklike() as executor:
        assert pools.Pool(executor).workers == 3
        r = reduce(RUN, ops=NAMES, library=LIBRARY, engines=executor).wait(LONG)
    check_same(r, expected(RUN, COUNTED))


def test_an_event_that_kills_workers_of_dask():
    with Dasklike(bad=77) as executor:
        r = reduce(RUN, ops=NAMES, library=LIBRARY, engines=executor).wait(LONG)
        assert executor.killed >= 2
    check_same(r, expected(RUN, [k for k in COUNTED if k != 77]))
    assert r.report.of_kind("failed") == [4, 77]
    assert "workers that all died" in str(r.report)
