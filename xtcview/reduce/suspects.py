"""Events that may have killed a rank, known by the mark that it left.

Before a rank reads a chunk it writes down which one. A rank that is killed cannot take that back:
the next job finds the mark, leaves those events for the end and reads them one by one, so that a
second death names a single event. `DEATHS` deaths on an event, and it is reported, not read.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np

from xtcview.reduce.share import Span

DEATHS = 3
_WIDTH = 160  # bytes of a mark, all written at once


class Mark:
    """What a rank is about to read.

    Parameters
    ----------
    path : Path
        Its file.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def put(self, span: Span) -> None:
        """Write down that these events are read now; an empty span takes it back."""
        text = json.dumps({"span": span, "host": platform.node()[:64]})
        os.pwrite(self._file, text.ljust(_WIDTH).encode(), 0)

    def close(self) -> None:
        """Close the file, which stays."""
        os.close(self._file)


def marked(paths: Iterable[Path]) -> list[tuple[Span, str]]:
    """Return what ranks were about to read when they were killed, and where they ran."""
    found: list[tuple[Span, str]] = []
    for path in paths:
        try:
            mark = json.loads(path.read_text())
            first, last = mark["span"]
            host = str(mark["host"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # killed while it was written: nothing was read yet
        if first < last:
            found.append(((int(first), int(last)), host))
    return found


def accused(left: Iterable[Span], marks: Iterable[Span]) -> list[tuple[Span, int]]:
    """Return the spans of `left`, cut by how many marks lie on them."""
    spans, marks = list(left), list(marks)
    cuts = np.unique([edge for span in (*spans, *marks) for edge in span]).tolist()
    found = []
    for first, last in spans:
        edges = [first, *(cut for cut in cuts if first < cut < last), last]
        for low, high in pairwise(edges):
            found.append(((low, high), sum(a <= low < b for a, b in marks)))
    return found
