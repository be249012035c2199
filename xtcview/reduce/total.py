"""The result that grows: chunks merged once each, with the account of their events."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from xtcview.errors import EngineError
from xtcview.reduce import ops
from xtcview.reduce.core import Result
from xtcview.reduce.ops import Array, Op, State
from xtcview.reduce.report import Report, Skipped


class Total:
    """State merged so far; safe to use from several threads.

    Parameters
    ----------
    wanted : tuple of Op
        What is computed.
    shape : tuple of int
        Of the detector: (segments, rows, cols).
    selected : int
        How many events there are to read.
    """

    def __init__(self, wanted: tuple[Op, ...], shape: tuple[int, ...], selected: int) -> None:
        self._ops, self._shape, self._selected = wanted, shape, selected
        self._lock = threading.Lock()
        self._merged: set[int] = set()
        self._open = True
        self._counted = 0
        self._skipped: list[Skipped] = []
        self._dtype = ""
        self._present: Array = np.zeros(shape[:1], np.int64)
        self._state: State = ()
        self._results: dict[str, Array] | None = None

    def merge(self, number: int, result: Result) -> bool:
        """Add the result of chunk `number`; False when it was merged before or nothing is taken.

        Raises
        ------
        EngineError
            When the chunk's frames are of another shape or dtype than those before.
        """
        summary, *arrays = result
        with self._lock:
            if not self._open or number in self._merged:
                return False
            if arrays:
                self._add(summary["dtype"], arrays[0], tuple(arrays[1:]))
            self._merged.add(number)
            self._counted += summary["counted"]
            self._skipped += [Skipped(*one) for one in summary["skipped"]]
            return True

    def _add(self, dtype: str, present: Array, state: State) -> None:
        if not self._state:
            self._dtype = dtype
            self._state = ops.zero(self._ops, self._shape, dtype, self._selected)
        found = (dtype, tuple(state[0].shape))
        if found != (self._dtype, self._shape):
            raise EngineError(
                f"a chunk holds frames of dtype and shape {found}, expected "
                f"{(self._dtype, self._shape)}: the detector changes within the run; select events "
                "of one kind"
            )
        ops.merge(self._ops, self._state, state)
        self._present += present
        self._results = None

    def fail(self, number: int, events: Sequence[int], reason: str) -> None:
        """Report the events of a chunk that was given up."""
        skipped = [("failed", reason, int(event)) for event in events]
        self.merge(number, [{"counted": 0, "skipped": skipped, "dtype": ""}])

    def result(self) -> Result:
        """Return everything merged so far in the shape of one chunk's result.

        The arrays are the state itself, not copies: use them before the next `merge`.
        """
        with self._lock:
            skipped = [tuple(one) for one in self._skipped]
            summary = {"counted": self._counted, "skipped": skipped, "dtype": self._dtype}
            return [summary, self._present, *self._state] if self._state else [summary]

    def close(self) -> None:
        """Take no more results."""
        with self._lock:
            self._open = False

    def report(self) -> Report:
        """Return the account so far."""
        with self._lock:
            return Report(self._selected, self._counted, tuple(self._skipped))

    def read(self) -> int:
        """Return how many events were read, counted or not."""
        with self._lock:
            return self._counted + len(self._skipped)

    def counts(self) -> Array:
        """Return the events counted per segment, int64 (segments,)."""
        with self._lock:
            present: Array = self._present.copy()
            return present

    def results(self) -> dict[str, Array | None]:
        """Return the result of each op so far; None before the first counted event.

        They are computed when asked for, not with every chunk.
        """
        with self._lock:
            if not self._state:
                return dict.fromkeys((op.name for op in self._ops), None)
            if self._results is None:
                self._results = ops.finalize(self._ops, self._state, self._present, self._dtype)
            return dict(self._results)
