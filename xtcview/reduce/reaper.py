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

LOOK = 1.0  # s between looks at the parent
GRACE = 3.0  # s between asking and killing


def end_groups(leaders: list[int], grace: float = GRACE) -> None:
    """End these process groups: SIGTERM, then SIGKILL after `grace` seconds."""
    _signal(leaders, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while _alive(leaders) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(leaders, signal.SIGKILL)


def _signal(leaders: list[int], number: int) -> None:
    for leader in leaders:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)


def _alive(leaders: list[int]) -> bool:
    for leader in leaders:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, 0)
            return True
    return False


def watch(parent: int, folder: str) -> None:
    """Read process ids until the owner is gone or says ``forget``, then act."""
    leaders: list[int] = []
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
        leaders += [int(line) for line in lines if line.isdigit()]
    end_groups(leaders)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    watch(int(sys.argv[1]), sys.argv[2])
