"""What batch jobs write opens as a result, with the same bits as from a cell."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun

import xtcview
from xtcview.reduce import batch, ops, ranks, readers
from xtcview.reduce.api import reduce
from xtcview.reduce.core import run_chunk
from xtcview.reduce.task import Task, identity, package_version
from xtcview.reduce.total import Total

LONG = 60.0
RUN = FakeRun(n=60, damaged=[3], empty=[8], partial=[5])
TEXT = "mean,above(30),histogram(-9000, 9000, 500, per='panel'),table(total='sum', peak='max')"


@pytest.fixture(autouse=True)
def _no_open_runs():
    yield
    readers.close_readers()


def test_a_job_of_one_process(tmp_path: Path):
    said: list[str] = []
    out = tmp_path / "out.h5"
    wanted = batch.ops_of(TEXT)
    how = {"dataset": RUN.spec, "det": "cspad", "ops": wanted, "out": out, "library": LIBRARY}
    assert batch.run_job(ranks.Alone(), said.append, **how) == 0, said
    found = xtcview.open_result(out)
    cell = reduce(RUN, ops=TEXT, library=LIBRARY).wait(LONG).result()
    assert found.report == cell.report
    assert list(found.arrays) == list(cell.arrays)
    for name, array in cell.arrays.items():
        assert array.tobytes() == found.arrays[name].tobytes(), name
    followed = xtcview.follow(out)
    assert followed.done
    np.testing.assert_array_equal(followed.mean, cell.mean)


class Pipe:
    """Two ranks, of which the second speaks before the first listens."""

    def __init__(self) -> None:
        self.rank, self.sent = 1, deque()

    def Get_rank(self) -> int:
        return self.rank

    def Get_size(self) -> int:
        return 2

    def send(self, what: object, to: int) -> None:
        self.sent.append(what)

    def Send(self, piece: np.ndarray, to: int) -> None:
        self.sent.append(piece.copy())

    def recv(self, source: int) -> object:
        return self.sent.popleft()

    def Recv(self, piece: np.ndarray, source: int) -> None:
        piece[:] = self.sent.popleft()


def test_tables_climb_from_rank_to_rank():
    wanted = ops.find(TEXT)
    task = Task(RUN.spec, identity(RUN), "cspad", wanted, "", "t", LIBRARY, package_version())
    whole, *totals = (Total(wanted, RUN.shape, 60) for _ in range(3))
    whole.merge(0, run_chunk(task, range(60)))
    for total, share in zip(totals, (range(25), range(25, 60)), strict=True):
        total.merge(0, run_chunk(task, share))
    pipe = Pipe()
    for pipe.rank in (1, 0):
        ranks.climb(pipe, totals[pipe.rank])
    for name, array in whole.results().items():
        assert array.tobytes() == totals[0].results()[name].tobytes(), name
    assert totals[0].report() == whole.report()
