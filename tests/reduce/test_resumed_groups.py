"""Reductions with conditions, groups and functions go on from their checkpoints."""

from __future__ import annotations

import time

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun

from xtcview.errors import XtcError
from xtcview.reduce import ops, readers
from xtcview.reduce.api import reduce
from xtcview.reduce.resume import resume

LONG = 60.0
RUN = FakeRun(n=300, delay=0.002, damaged=[3, 250], partial=[1, 290])
REGION = np.indices(RUN.shape).sum(axis=0) > 4


@pytest.fixture(autouse=True)
def _no_open_runs():
    yield
    readers.close_readers()


def halved(frame, evt):
    return None if evt.number == 280 else frame // 2


def parity(evt):
    return evt.number % 2


def interrupted(path, **how):
    r = reduce(RUN, library=LIBRARY, checkpoint=path, **how)
    while r.progress[0] < 60:
        time.sleep(0.005)
    r.cancel()
    r._thread.join(LONG)
    assert r.report.unread
    return r


TEXTS = ["mean, var, histogram(-9000, 9000, 500), below(3)", "table(total='sum')"]


@pytest.mark.parametrize(
    ("how", "again"),
    [
        ({"ops": TEXTS, "by": "step", "where": "x > 3"}, {}),
        ({"ops": TEXTS, "by": ("x", [0, 50, 90])}, {}),
        ({"ops": TEXTS, "by": parity, "each": halved}, {"by": parity, "each": halved}),
        ({"ops": "max", "where": parity}, {"where": parity}),
        ({"ops": [ops.roi(REGION), "mean"]}, {"ops": [ops.roi(REGION), "mean"]}),
    ],
)
def test_the_same_bits(how, again, tmp_path):
    whole = reduce(RUN, library=LIBRARY, checkpoint=False, **how).wait(LONG)
    interrupted(tmp_path / "c.npz", **how)
    second = resume(tmp_path / "c.npz", library=LIBRARY, **again).wait(LONG)
    assert str(second.report) == str(whole.report)
    assert second.report.unread == 0
    for name, array in whole.partial().items():
        assert array.tobytes() == second.partial()[name].tobytes(), name
    assert second.result().about.selection == whole.result().about.selection


def test_functions_that_are_missing_or_others_are_told(tmp_path):
    interrupted(tmp_path / "c.npz", ops="mean", each=halved, by=parity)
    with pytest.raises(XtcError, match="with by=parity, and by=None is given"):
        resume(tmp_path / "c.npz", library=LIBRARY, each=halved)
    with pytest.raises(XtcError, match="with each=halved, and each=parity is given"):
        resume(tmp_path / "c.npz", library=LIBRARY, each=parity, by=parity)
    with pytest.raises(XtcError, match="with where=None, and where=parity is given"):
        resume(tmp_path / "c.npz", library=LIBRARY, each=halved, by=parity, where=parity)


def test_ops_that_are_no_texts_are_asked_for(tmp_path):
    interrupted(tmp_path / "c.npz", ops=[ops.roi(REGION), "mean"])
    with pytest.raises(XtcError, match=r"cannot all be made from text; give ops="):
        resume(tmp_path / "c.npz", library=LIBRARY)


def test_what_was_read_before_a_failure_is_kept_as_a_result():
    def fail(state, frame):
        if fail.calls > 30:
            raise ValueError("no more")
        fail.calls += 1

    fail.calls = 0
    op = ops.custom("few", lambda shape, dtype: np.zeros(2, "i8"), fail)
    r = reduce(RUN, ops=[op, "sum"], library=LIBRARY)
    found = r.result()
    assert found.about.state.startswith("failed: op 'few' cannot add a frame: ValueError: no more")
    assert found.report.unread > 0
    assert found.report.counted + found.report.damaged + found.report.unread == 300
