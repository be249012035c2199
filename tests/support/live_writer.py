"""Writes streams as the DAQ does, in a process of its own: ``python live_writer.py PLAN.json``.

The plan is a list of [action, file, ...]: "append" with another file's bytes [begin, end), "pause"
with seconds, "rename" with the new name, "die".
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def append(path, source, begin, end):
    with Path(source).open("rb") as whole, Path(path).open("ab") as file:
        whole.seek(begin)
        file.write(whole.read(end - begin))


def rename(path, name):
    Path(path).rename(name)


def main(plan):
    actions = {"append": append, "rename": rename, "pause": time.sleep, "die": lambda: os._exit(9)}
    for action, *arguments in json.loads(Path(plan).read_text()):
        actions[action](*arguments)


if __name__ == "__main__":
    main(sys.argv[1])
