"""The process that ends engines whose owner is gone."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from xtcview.reduce import reaper

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(); time.sleep(60)",
]


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def watcher_of(parent: int, folder) -> subprocess.Popen:
    command = [sys.executable, reaper.__file__, str(parent), str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def test_end_groups(sleeper):
    ours = reaper.leader(sleeper.pid)
    reaper.end_groups([ours], grace=0.1)
    assert sleeper.wait(10) < 0
    reaper.end_groups([ours], grace=0.1)  # gone already: nothing happens


def test_another_process_of_the_same_id_is_spared(sleeper):
    reaper.end_groups([reaper.Leader(sleeper.pid, "1")], grace=0.1)
    assert sleeper.poll() is None


def test_end_groups_kills_what_does_not_listen():
    with subprocess.Popen(STUBBORN, start_new_session=True, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # the signal is ignored from here on
        reaper.end_groups([reaper.leader(process.pid)], grace=0.1)
        assert process.wait(10) == -9


def test_the_end_of_the_input_ends_the_processes(sleeper, tmp_path):
    (tmp_path / "profile").mkdir()
    with watcher_of(psutil.Process().pid, tmp_path / "profile") as watcher:
        watcher.communicate(f"{sleeper.pid}\n".encode(), timeout=20)
    assert watcher.returncode == 0
    assert sleeper.wait(10) < 0
    assert not (tmp_path / "profile").exists()


def test_forget(sleeper, tmp_path):
    with watcher_of(psutil.Process().pid, tmp_path) as watcher:
        watcher.communicate(f"{sleeper.pid}\nforget\n".encode(), timeout=20)
    time.sleep(0.1)
    assert sleeper.poll() is None
    assert tmp_path.exists()


def test_another_parent_ends_the_processes(sleeper, tmp_path):
    with watcher_of(1, tmp_path / "none") as watcher:
        assert watcher.wait(20) == 0
    assert sleeper.poll() is None  # it was never named
