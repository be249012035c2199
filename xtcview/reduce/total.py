"""The result that grows: chunks merged once each, with the account of their events."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from xtcview.errors import EngineError
from xtcview.reduce import ops
from xtcview.reduce.core import Result
from xtcview.reduce.groups import Key, as_array, in_order
from xtcview.reduce.op import Op, State
from xtcview.reduce.parts import Array
from xtcview.reduce.report import Report, Skipped
from xtcview.reduce.stacked import group_results, stack
from xtcview.reduce.tally import Kept, check_memory


class Snapshot(NamedTuple):
    """What a `Total` holds at one moment."""

    arrays: dict[str, Array]
    report: Report
    counts: Array
    groups: Array | None
    sizes: tuple[int, ...]


class Total:
    """State merged so far; safe to use from several threads.

    Parameters
    ----------
    wanted : tuple of Op
        What is computed.
    shape : tuple of int
        Of the detector: (segments, rows, cols).
    selected : int
        How many events there are, `left_out` included.
    left_out : sequence of Skipped
        Events that need not be read to know that they are left out.
    made : bool
        Whether a function of the user makes the frames, which may be of another shape.
    """

    def __init__(
        self,
        wanted: tuple[Op, ...],
        shape: tuple[int, ...],
        selected: int,
        left_out: Sequence[Skipped] = (),
        made: bool = False,
    ) -> None:
        self._ops, self._detector_shape, self._selected = wanted, shape, selected
        self._lock = threading.RLock()
        self._merged: set[int] = set()
        self._open = True
        self._counted = 0
        self._left_out = tuple(left_out)
        self._skipped: list[Skipped] = []
        self._dtype = ""
        self._shape = tuple[int, ...]() if made else shape
        self._kept: dict[Key, Kept] = {}
        self._results: dict[str, Array] | None = None
        self._overall: dict[str, Array] | None = None

    def merge(self, number: int, result: Result) -> bool:
        """Add the result of chunk `number`; False when it was merged before or nothing is taken.

        Raises
        ------
        EngineError
            When the chunk's frames are of another shape or dtype than those before.
        XtcError
            When the groups do not fit into memory.
        """
        summary, *arrays = result
        with self._lock:
            if not self._open or number in self._merged:
                return False
            if arrays:
                self._add(summary, arrays)
            self._merged.add(number)
            self._counted += summary["counted"]
            self._skipped += [Skipped(*one) for one in summary["skipped"]]
            return True

    def _add(self, summary: dict[str, Any], arrays: list[Array]) -> None:
        # one group of whole frames needs no more than its dtype to be understood
        found = (summary["dtype"], tuple(summary.get("shape", arrays[-1].shape)))
        if not self._kept:
            self._dtype, self._shape = found[0], self._shape or found[1]
        if found != (self._dtype, self._shape):
            raise EngineError(
                f"a chunk holds frames of dtype and shape {found}, expected "
                f"{(self._dtype, self._shape)}: the detector changes within the run; select events "
                "of one kind"
            )
        groups = summary.get("groups", [(None, summary["counted"])])
        size = len(arrays) // len(groups)
        for at, (key, counted) in enumerate(groups):
            present, *state = arrays[at * size : (at + 1) * size]
            self._add_group(key, present, state, counted)
        self._results = self._overall = None

    def _add_group(self, key: Key, present: Array, state: State, counted: int) -> None:
        kept = self._kept.get(key)
        if kept is None:
            zero = ops.zero(self._ops, self._shape, self._dtype, self._selected)
            kept = self._kept[key] = Kept(np.zeros(self._shape[0], np.int64), zero)
            check_memory(self._kept.values())
        ops.merge(self._ops, kept.state, state)
        kept.present += present
        kept.counted += counted

    def fail(self, number: int, events: Sequence[int], reason: str) -> None:
        """Report the events of a chunk that was given up."""
        skipped = [("failed", reason, int(event)) for event in events]
        self.merge(number, [{"counted": 0, "skipped": skipped, "dtype": ""}])

    def result(self) -> Result:
        """Return everything merged so far as if it were one chunk.

        The arrays are the state itself, not copies: use them before the next `merge`.
        """
        with self._lock:
            summary = {
                "counted": self._counted,
                "skipped": [tuple(one) for one in self._skipped],
                "dtype": self._dtype,
                "shape": self._shape,
                "groups": [(key, kept.counted) for key, kept in self._kept.items()],
            }
            arrays = [a for kept in self._kept.values() for a in (kept.present, *kept.state)]
            return [summary, *arrays]

    def close(self) -> None:
        """Take no more results."""
        with self._lock:
            self._open = False

    def report(self) -> Report:
        """Return the account so far."""
        with self._lock:
            return Report(self._selected, self._counted, (*self._left_out, *self._skipped))

    def read(self) -> int:
        """Return how many events were read or left out, counted or not."""
        with self._lock:
            return self._counted + len(self._left_out) + len(self._skipped)

    @property
    def is_grouped(self) -> bool:
        """Whether there are groups."""
        return any(key is not None for key in self._kept)

    def groups(self) -> Array:
        """Return the keys of the groups with events, ascending."""
        with self._lock:
            return as_array(self._keys())

    def _keys(self) -> list[Key]:
        return in_order([key for key in self._kept if key is not None])

    def counts(self) -> Array:
        """Return the events counted per segment, int64 (segments,), or (groups, segments)."""
        with self._lock:
            if self.is_grouped:
                return np.array([self._kept[key].present for key in self._keys()])
            kept = self._kept.get(None)
            none: Array = np.zeros(self._shape[:1] or self._detector_shape[:1], np.int64)
            return none if kept is None else kept.present.copy()

    def sizes(self) -> list[int]:
        """Return the events counted in each group."""
        with self._lock:
            return [self._kept[key].counted for key in self._keys()]

    def results(self) -> dict[str, Array | None]:
        """Return the results so far; None before the first counted event.

        They are computed when asked for, not with every chunk. Of groups they have one more axis,
        the first, in the order of `groups`.
        """
        with self._lock:
            if not self._kept:
                return dict.fromkeys((field.name for op in self._ops for field in op.fields), None)
            if self._results is None:
                self._results = self._made()
            return dict(self._results)

    def _made(self) -> dict[str, Array]:
        if not self.is_grouped:
            return self._of(self._kept[None])
        keys = self._keys()
        return stack(self._ops, [self._of(self._kept[key]) for key in keys], as_array(keys))

    def _of(self, kept: Kept) -> dict[str, Array]:
        return group_results(
            self._ops, kept, self._dtype, self._shape, self._shape == self._detector_shape
        )

    def overall(self) -> dict[str, Array | None]:
        """Return the results over all groups together, as `results` does without groups."""
        with self._lock:
            grouped = self.is_grouped
            if grouped and self._overall is None:
                every = self._together()
                self._overall = self._of(every)
            found = self._overall
        return dict(found) if grouped and found is not None else self.results()

    def snapshot(self) -> Snapshot:
        """Return results, counts, groups, sizes and report of one moment."""
        with self._lock:
            results = {k: a for k, a in self.results().items() if a is not None}
            groups = self.groups() if self.is_grouped else None
            sizes = tuple(self.sizes()) if self.is_grouped else ()
            return Snapshot(results, self.report(), self.counts(), groups, sizes)

    def _together(self) -> Kept:
        zero = ops.zero(self._ops, self._shape, self._dtype, self._selected)
        every = Kept(np.zeros(self._shape[0], np.int64), zero)
        for kept in self._kept.values():
            ops.merge(self._ops, every.state, kept.state)
            every.present += kept.present
            every.counted += kept.counted
        return every
