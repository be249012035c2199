"""What one chunk has gathered: one state per group of events."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtcview.errors import XtcError
from xtcview.reduce import ops
from xtcview.reduce.groups import Key
from xtcview.reduce.kernels import SIDE
from xtcview.reduce.op import Op, State
from xtcview.reduce.parts import Array
from xtcview.reduce.report import Skipped
from xtcview.reduce.rules import Shot

MOST_BYTES = 8 << 30  # of all groups in one process, or half of its memory where that is less


@dataclass
class Kept:
    """What is kept of one group.

    Parameters
    ----------
    present : ndarray of int64
        (segments,): events that held each segment.
    state : list of ndarray
        Of the ops.
    counted : int
        Events.
    """

    present: Array
    state: State
    counted: int = 0


def check_memory(kept: Iterable[Kept]) -> None:
    """Refuse more groups than fit into memory.

    Raises
    ------
    XtcError
        Says what to do about it.
    """
    groups = list(kept)
    if len(groups) < 2:
        return
    used = sum(array.nbytes for one in groups for array in one.state)
    most = min(MOST_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    if used > most:
        raise XtcError(
            f"{len(groups)} groups need {used / 1e9:.1f} GB, and at most {most / 1e9:.1f} GB are "
            "used: group by fewer values, such as by=('delay', edges), or with fewer ops"
        )


class Tally:
    """What a chunk has gathered so far.

    Parameters
    ----------
    wanted : tuple of Op
        What is computed.
    events : int
        In the chunk, at most.
    """

    def __init__(self, wanted: tuple[Op, ...], events: int) -> None:
        self.ops, self._events = wanted, events
        self.dtype, self.shape = "", tuple[int, ...]()
        self.skipped: list[Skipped] = []
        self._kept: dict[Key, Kept] = {}
        self._key: Key = None
        self._bytes = 0
        self.warming = 0.0  # seconds that are no part of what an event takes
        self._waiting: list[tuple[Shot, dict[str, Array]]] = []

    def take(self, shot: Shot, key: Key, rows: dict[str, Array]) -> None:
        """Add a frame; those of one group that follow one another are added together."""
        if not self.dtype:
            self.dtype, self.shape = shot.frame.dtype.str, shot.frame.shape
            self.warming = ops.warm(self.ops, self.dtype, self._events)
        if key != self._key or len(self._waiting) == SIDE:
            self._flush()
        self._key = key
        self._waiting.append((shot, rows))

    def _flush(self) -> None:
        if not self._waiting:
            return
        kept = self._kept.get(self._key)
        if kept is None:
            state = ops.zero(self.ops, self.shape, self.dtype, self._events)
            kept = self._kept[self._key] = Kept(np.zeros(self.shape[0], np.int64), state)
            check_memory(self._kept.values())
        shots = [shot for shot, _ in self._waiting]
        frames, held = [shot.frame for shot in shots], [shot.held for shot in shots]
        ops.add(self.ops, kept.state, frames, held, [rows for _, rows in self._waiting])
        kept.present += np.sum(held, axis=0, dtype=np.int64)
        kept.counted += len(shots)
        self._bytes += sum(frame.nbytes for frame in frames)
        self._waiting = []

    def close(self) -> tuple[dict[str, Any], list[Array]]:
        """Return the account, and the arrays of all groups one after another."""
        self._flush()
        summary = {
            "counted": sum(kept.counted for kept in self._kept.values()),
            "skipped": [tuple(one) for one in self.skipped],
            "dtype": self.dtype,
            "shape": self.shape,
            "bytes": self._bytes,
            "groups": [(key, kept.counted) for key, kept in self._kept.items()],
        }
        return summary, [a for kept in self._kept.values() for a in (kept.present, *kept.state)]
