"""Ends engines whose owner is gone; runs as a small process of its own.

A notebook kernel that is restarted or killed has no chance to stop the engines that it started.
This process reads one process id per line from its standard input. When the input ends, or its
parent is another one, it ends those processes, each the leader of a process group, with their
groups, and removes the folder that was given. The line ``forget`` ends it without doing anything.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

LOOK = 1.0  # s between looks at the parent
GRACE = 3.0  # s between asking and killing


class Leader(NamedTuple):
    """A process that leads a group, known by its start as well, because ids are used again."""

    pid: int
    start: str


def leader(pid: int) -> Leader:
    """Return a running process as it can be recognised later."""
    return Leader(pid, _start_of(pid))


def _start_of(pid: int) -> str:
    """Return the time of start in clock ticks; '' when it does not run or is not to be known."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]  # proc(5): field 22, starttime


def end_groups(leaders: list[Leader], grace: float = GRACE) -> None:
    """End these process groups: SIGTERM, then SIGKILL after `grace` seconds."""
    _signal(leaders, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while _signal(leaders, 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(leaders, signal.SIGKILL)


def _signal(leaders: list[Leader], number: int) -> bool:
    """Send a signal to the groups that are still those; return whether there was one."""
    found = False
    for one in leaders:
        if _start_of(one.pid) in ("", one.start):  # '': the leader is gone, its group may not be
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(one.pid, number)
                found = True
    return found


def watch(parent: int, folder: str) -> None:
    """Read process ids until the owner is gone or says ``forget``, then act."""
    leaders: list[Leader] = []
    text = b""
    while os.getppid() == parent:
        ready, _, _ = select.select([0], [], [], LOOK)
        if not ready:
            continue
        data = os.read(0, 4096)
        if not data:
            break
        text += data
        *lines, text = text.split(b"\n")
        if b"forget" in lines:
            return
        leaders += [leader(int(line)) for line in lines if line.isdigit()]
    end_groups(leaders)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    watch(int(sys.argv[1]), sys.argv[2])
