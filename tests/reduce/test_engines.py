"""Real engines of ipyparallel on this machine; every process that is started is ended by its id."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import ipyparallel
import numpy as np
import psutil
import pytest
from kills import under_fire
from reduce_fakes import LIBRARY, FakeRun, expected

from xtcview.errors import EngineError
from xtcview.reduce import checkpoint, enginepool, engines, flow, hub, reaper
from xtcview.reduce.api import reduce
from xtcview.reduce.local import LOCAL, _leaders
from xtcview.reduce.total import Total

pytestmark = pytest.mark.cluster
HERE = str(Path(__file__).parent)
NAMES = ("sum", "mean", "std", "min", "max")
LONG = 90.0
RUN = FakeRun(n=300, damaged=[1, 250], empty=[2], failing=[4], partial=[6, 7])
COUNTED = [k for k in range(300) if k not in (1, 2, 4, 250)]


def start(run: FakeRun, **kwargs):
    return reduce(run, library=LIBRARY, **kwargs)


def check_same(r, wanted: dict[str, np.ndarray]) -> None:
    for name in NAMES:
        np.testing.assert_array_equal(getattr(r, name), wanted[name], err_msg=name)


@pytest.fixture(scope="module", autouse=True)
def _engines_import_the_fakes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", HERE)
        yield


@pytest.fixture(scope="module")
def local():
    yield LOCAL
    pids = LOCAL.pids()
    engines.stop_engines()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert LOCAL.pids() == []


@pytest.fixture
def cluster(tmp_path):
    """Yield a cluster as a user would start it, with two engines."""
    quiet = logging.getLogger("tests.cluster")
    quiet.setLevel(logging.CRITICAL)
    made = ipyparallel.Cluster(
        n=2, profile_dir=str(tmp_path / "profile"), log=quiet, delay=0, load_profile=False,
        shutdown_atexit=False, parent=None,
    )  # fmt: skip
    made.start_cluster_sync()
    pids = _leaders(made)
    leaders = [reaper.leader(pid) for pid in pids]
    yield made
    made.stop_cluster_sync()
    reaper.end_groups(leaders)
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_two_engines_give_the_same_bits(local, capfd):
    r = start(RUN, ops=NAMES, engines=2).wait(LONG)
    check_same(r, expected(RUN, COUNTED))
    assert (r.n, r.report.damaged, r.report.missing, r.report.failed) == (296, 2, 1, 1)
    serial = start(RUN, ops=NAMES, calib=True).wait(LONG)
    parallel = start(RUN, ops=NAMES, calib=True, engines=2).wait(LONG)
    for name in NAMES:
        assert getattr(serial, name).tobytes() == getattr(parallel, name).tobytes()
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_engines_are_used_again_and_nothing_is_kept(local):
    start(RUN, engines=1).wait(LONG)
    pids = local.pids()
    client = local._client
    start(RUN, engines=2).wait(LONG)
    assert set(pids) <= set(local.pids())
    pids = local.pids()
    start(RUN, engines=2).wait(LONG)
    assert (local.pids(), local._client) == (pids, client)
    assert not client.history
    assert not client.results


def test_arrays_are_freed_when_they_are_merged(local, monkeypatch):
    merged, plain = [], Total.merge

    def merge(total, number, result):
        merged.extend(weakref.ref(array) for array in result[1:])
        return plain(total, number, result)

    monkeypatch.setattr(Total, "merge", merge)
    gc.disable()  # futures refer to one another
    try:
        r = start(RUN, ops=NAMES, engines=2).wait(LONG)
        r._thread.join(LONG)
        assert len(merged) > 9
        assert not [ref for ref in merged if ref() is not None]
    finally:
        gc.enable()


def test_only_this_user_on_this_machine_can_connect(local):
    start(RUN, engines=1).wait(LONG)
    keys = list((local._folder / "security").glob("ipcontroller-*.json"))
    assert len(keys) == 2  # for the engines, and for us
    assert [file.stat().st_mode & 0o777 for file in keys] == [0o600, 0o600]
    assert local._folder.stat().st_mode & 0o077 == 0
    assert local._client.session.key  # all messages are signed
    addresses = {
        connection.laddr.ip
        for pid in local.pids()
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_an_engine_that_dies_is_replaced_by_another(local, tmp_path):
    start(RUN, engines=2).wait(LONG)
    (tmp_path / "life").touch()
    run = FakeRun(n=200, killing=[60], lives=str(tmp_path))
    r = start(run, ops=NAMES, engines=2).wait(LONG)
    assert not list(tmp_path.iterdir())  # it did die
    check_same(r, expected(run, list(range(200))))
    assert r.n == 200
    assert len(local._client.ids) == 1
    start(RUN, engines=2).wait(LONG)
    assert len(local._client.ids) == 2


def test_an_event_that_kills_every_engine_is_found(local, tmp_path):
    for life in range(20):
        (tmp_path / str(life)).touch()
    run = FakeRun(n=300, killing=[130], lives=str(tmp_path))
    r = start(run, ops=NAMES, engines=2).wait(LONG)
    check_same(r, expected(run, [k for k in range(300) if k != 130]))
    assert r.report.of_kind("failed") == [130]
    assert "engines died on these events 3 times: Engine" in str(r.report)
    assert 20 - len(list(tmp_path.iterdir())) <= 6


def test_all_engines_of_a_given_cluster_die(cluster, tmp_path, monkeypatch):
    for life in range(9):
        (tmp_path / str(life)).touch()
    run = FakeRun(n=200, killing=[30], lives=str(tmp_path))
    monkeypatch.setattr(enginepool, "GONE_SECONDS", 1.0)
    with cluster.connect_client_sync() as client:
        client.wait_for_engines(2, timeout=LONG, interactive=False)
    r = start(run, ops="sum", engines=cluster)
    with pytest.raises(EngineError, match=r"all 2 engines are gone; what was merged is kept"):
        r.wait(LONG)
    assert r.report.counted >= 180  # the suspect came last
    assert r.report.counted + r.report.unread == 200
    assert r.partial()["sum"] is not None


def test_a_dead_engine_is_noticed_at_once(local):
    """Not after the five seconds that the scheduler over all engines would wait."""
    r = start(FakeRun(n=2000, delay=0.002), engines=2)
    while r.progress[0] < 100:
        time.sleep(0.01)
    pool = r._pool
    flying = {f: pool._crew.engine_of(f) for f in list(pool._crew._engine)}
    killed = pool.client.ids[0]
    pool._signal(signal.SIGKILL, killed)
    began = time.monotonic()
    while any(pool._crew.engine_of(f) == killed for f in flying) and time.monotonic() < began + 60:
        time.sleep(0.01)
    noticed = time.monotonic() - began
    assert sum(engine == killed for engine in flying.values()) <= 2  # so much is done again
    r.wait(LONG)
    assert noticed < 4.5, noticed
    np.testing.assert_array_equal(r.sum, expected(FakeRun(), list(range(2000)))["sum"])
    assert r.n == 2000


def test_the_bits_do_not_depend_on_who_dies_when(local):
    """Ten schedules; `kills.py` tries more of them."""
    assert sum(under_fire(seed) for seed in range(10)) >= 8


def test_an_engine_that_hangs_is_replaced(local, monkeypatch):
    monkeypatch.setattr(flow, "SLACK", 0.2)
    run = FakeRun(n=200, hanging=[77], hang=100.0, stubborn=True)
    r = start(run, ops=NAMES, engines=2, timeout=0.2).wait(LONG)
    check_same(r, expected(run, [k for k in range(200) if k != 77]))
    assert r.report.of_kind("failed") == [77]
    assert "it did not answer for" in str(r.report)
    assert "did not answer any more" in repr(r)


def test_an_engine_interrupts_an_event_that_hangs(local):
    run = FakeRun(n=200, hanging=[77], hang=100.0)
    r = start(run, ops=NAMES, engines=2, timeout=0.5).wait(LONG)
    check_same(r, expected(run, [k for k in range(200) if k != 77]))
    assert r.report.reasons == {"failed: TimeoutError: it takes more than 0.5 s": [77]}


def test_engines_are_free_soon_after_control_c(local):
    start(RUN, engines=2).wait(LONG)
    r = start(FakeRun(n=10_000, hanging=list(range(10_000)), hang=3.0), engines=2)
    while not any(map(r._pool.running_since, list(r._pool._crew._engine)) if r._pool else ()):
        time.sleep(0.01)
    time.sleep(0.5)  # both engines are in an event of 3 s
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        r.wait(LONG)
    began = time.monotonic()
    again = start(RUN, ops=NAMES, engines=2).wait(LONG)
    assert time.monotonic() - began < 2.5  # it did not wait for the events to end
    check_same(again, expected(RUN, COUNTED))


def test_an_engine_that_sees_no_data_is_left_out(local, tmp_path):
    """The file `only` names the process that cannot open the run."""
    start(RUN, engines=2).wait(LONG)
    pids = {n: local._client[n].apply_sync(os.getpid) for n in local._client.ids[:2]}
    run = FakeRun(n=300, blind=[next(iter(pids.values()))])
    r = start(run, ops=NAMES, engines=2).wait(LONG)
    check_same(r, expected(run, list(range(300))))
    assert "went on without an engine: engine" in repr(r)
    assert "RunNotFoundError: /data/xtc: no such folder" in repr(r)


def test_an_engine_without_the_run_says_so(local):
    r = start(FakeRun(broken=True), engines=1)
    with pytest.raises(EngineError, match=r"engine \d+ could not work: RunNotFoundError: /data"):
        r.wait(LONG)


def test_a_given_cluster_client_and_executor(cluster, capfd):
    wanted = expected(RUN, COUNTED)
    check_same(start(RUN, ops=NAMES, engines=cluster).wait(LONG), wanted)
    with cluster.connect_client_sync() as client:
        client.wait_for_engines(2, timeout=LONG, interactive=False)
        check_same(start(RUN, ops=NAMES, engines=client).wait(LONG), wanted)
        check_same(start(RUN, ops=NAMES, engines=client.executor()).wait(LONG), wanted)
        check_same(start(RUN, ops=NAMES, engines=client[0].executor).wait(LONG), wanted)
        assert client[:].apply_sync(int, 7) == [7, 7]  # left alone
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_no_cluster_and_no_engines(cluster, monkeypatch):
    monkeypatch.setattr(engines, "REGISTER_SECONDS", 0.5)
    with pytest.raises(EngineError, match=r"is not running: start it with cluster\.start"):
        start(RUN, engines=ipyparallel.Cluster(n=2, parent=None)).wait(LONG)
    cluster.stop_engines_sync()
    with cluster.connect_client_sync() as client:
        deadline = time.monotonic() + LONG
        while client.ids and time.monotonic() < deadline:
            time.sleep(0.05)
        with pytest.raises(EngineError, match=r"no engine of the cluster registered within 0\.5 s"):
            start(RUN, engines=client).wait(LONG)


def test_a_controller_that_is_gone(cluster, monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "HUB_SECONDS", 1.0)
    monkeypatch.setattr(hub, "EVERY", 0.5)
    run = FakeRun(n=8000, delay=0.002)
    r = start(run, ops="sum", engines=cluster, checkpoint=tmp_path / "sums.npz")
    while r.progress[0] == 0 and not r.done:
        time.sleep(0.02)
    os.kill(cluster.controller.pid, signal.SIGKILL)  # the hub only: its schedulers live on
    with pytest.raises(EngineError, match=r"hub does not answer for 1 s"):
        r.wait(LONG)
    r._thread.join(LONG)
    assert 0 < r.report.counted < 8000
    began = checkpoint.read(tmp_path / "sums.npz")
    assert len(began.merged) == r.report.counted
    np.testing.assert_array_equal(r.partial()["sum"], expected(run, list(began.merged))["sum"])


def test_a_hub_of_ours_that_dies_on_the_way(local, monkeypatch):
    monkeypatch.setattr(hub, "HUB_SECONDS", 1.0)
    monkeypatch.setattr(hub, "EVERY", 0.5)
    start(RUN, engines=1).wait(LONG)
    before = local.pids()
    run = FakeRun(n=2500, delay=0.002)
    r = start(run, ops=NAMES, engines=1)
    while r.progress[0] == 0:
        time.sleep(0.01)
    os.kill(local._cluster.controller.pid, signal.SIGKILL)
    check_same(r.wait(LONG), expected(run, list(range(2500))))
    assert "the cluster's hub did not answer; went on with a new cluster" in repr(r)
    assert not set(before) & set(local.pids())
    assert not [pid for pid in before if psutil.pid_exists(pid)]


def test_engines_do_not_belong_to_a_fork(local, monkeypatch):
    start(RUN, engines=1).wait(LONG)
    pids = local.pids()
    monkeypatch.setattr(local, "_owner", -1)  # as it looks to a fork
    engines.stop_engines()
    with pytest.raises(EngineError, match="belong to the process that this one was forked from"):
        start(RUN, engines=1).wait(LONG)
    monkeypatch.undo()
    assert local.pids() == pids
    start(RUN, engines=1).wait(LONG)


def test_cancel_frees_the_engines(local):
    r = start(FakeRun(n=10_000, delay=0.005), engines=2)
    while r.progress[0] == 0 and not r.done:
        time.sleep(0.02)
    r.cancel()
    counted = r.wait(LONG).report.counted
    assert 0 < counted < 10_000
    deadline = time.monotonic() + LONG
    while local._client.history and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not local._client.history
    assert not local._client.outstanding
    assert r.report.counted == counted


OWNER = """
import os, signal
from reduce_fakes import FakeRun, LIBRARY
from xtcview.reduce import engines
from xtcview.reduce.api import reduce
from xtcview.reduce.local import LOCAL
from xtcview.reduce.total import Total

reduce(FakeRun(n=20), library=LIBRARY, engines=1).wait(60)
print(LOCAL._folder, *LOCAL.pids(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_engines_end_with_their_owner(number):
    path = os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", OWNER.replace("SIGKILL", number.name)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert found.returncode == -number, found.stderr
    folder, *pids = found.stdout.split()
    assert len(pids) == 2
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (
        any(psutil.pid_exists(int(pid)) for pid in pids) or Path(folder).exists()
    ):
        time.sleep(0.1)
    assert not [pid for pid in pids if psutil.pid_exists(int(pid))]
    assert not Path(folder).exists()


def test_engines_end_quietly_with_the_interpreter():
    code = OWNER.replace("os.kill(os.getpid(), signal.SIGKILL)", "")
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=LONG
    )
    assert found.returncode == 0
    assert found.stderr == ""
    folder, *pids = found.stdout.split()
    assert not [pid for pid in pids if psutil.pid_exists(int(pid))]
    assert not Path(folder).exists()
