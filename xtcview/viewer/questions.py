"""Questions of the page besides those for the shown event: what makes scrubbing smooth.

Each is a function of the reader and the question, by its kind in `ANSWERS`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from xtcview.viewer import goto, messages
from xtcview.viewer.messages import Message
from xtcview.viewer.reader import Reader

BATCH_S = 0.015  # a wish waits behind a batch of previews no longer than for an event


def ping(reader: Reader, content: dict[str, Any]) -> Message:
    """Answer at once: how the page learns that a way is open, and how long it is."""
    return {"t": "pong"}, []


def ahead(reader: Reader, content: dict[str, Any]) -> Message:
    """Return events that nobody asked for yet, as many of 'indexes' as `BATCH_S` allows.

    'frames' holds their contents; each has 'buffers', how many of the answer's are its own.
    """
    until, frames, buffers = time.monotonic() + BATCH_S, [], []
    for index in content["indexes"]:
        frame, own = messages.glance(reader, int(index), int(content["f"]), content)
        frames.append(frame | {"buffers": len(own)})
        buffers += own
        if time.monotonic() >= until:
            break
    return {"t": "ahead", "frames": frames}, buffers


def find(reader: Reader, content: dict[str, Any]) -> Message:
    """Return which event was typed."""
    found = goto.find(reader.times, str(content["text"]), int(content.get("shown", 0)))
    return {"t": "found", "index": found.number, "words": found.words}, []


def grow(reader: Reader, content: dict[str, Any]) -> Message:
    """Return how many events a run that is being written has by now."""
    n = reader.refresh()
    return {"t": "grown", "n": n, "settled": reader.settled, "live": reader.is_live}, []


ANSWERS: dict[str, Callable[[Reader, dict[str, Any]], Message]] = {
    "ping": ping,
    "ahead": ahead,
    "find": find,
    "grow": grow,
}
