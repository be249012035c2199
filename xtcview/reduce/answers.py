"""What a reduction answers about its result: so far, at the end, of all groups or of one."""

from __future__ import annotations

from xtcview.errors import XtcError, near
from xtcview.reduce.op import Op
from xtcview.reduce.parts import Array
from xtcview.reduce.report import Report
from xtcview.reduce.results import Result, Savable
from xtcview.reduce.selection import Selection
from xtcview.reduce.snapshots import frozen
from xtcview.reduce.task import Task
from xtcview.reduce.total import Total


class Answers(Savable):
    """Base of `Reduction`, which fills the total; these methods only look at it."""

    _task: Task
    _selection: Selection
    _ops: tuple[Op, ...]
    _total: Total
    _names: tuple[str, ...]
    _state: str
    _error: Exception | None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        raise NotImplementedError

    def _wait_for(self, name: str) -> None:
        raise NotImplementedError

    @property
    def detector(self) -> str:
        """Name of the detector."""
        return self._task.detector

    @property
    def calib(self) -> bool:
        """Whether calibrated panels are reduced, not the counts."""
        return bool(self._task.calib_dir)

    @property
    def each(self) -> str:
        """Name of the function that makes the frames; '' without one."""
        each = self._task.rules.each
        return "" if each is None else each.name

    @property
    def report(self) -> Report:
        """What became of each event so far."""
        return self._total.report()

    @property
    def n(self) -> int:
        """Events in the result; waits for the end."""
        self._wait_for("n")
        return self._total.report().counted

    @property
    def counts(self) -> Array:
        """Events in the result per segment, int64 (segments,) or (groups, segments); waits."""
        self._wait_for("counts")
        return self._total.counts()

    @property
    def groups(self) -> Array | None:
        """Keys of the groups with events, ascending; None without groups. Waits for the end."""
        self._wait_for("groups")
        return None if self._task.rules.grouping is None else self._total.groups()

    def __getattr__(self, name: str) -> Array | None:
        names = self.__dict__.get("_names", ())
        if name not in names:
            hint = "" if name.startswith("_") else near(name, names)
            raise AttributeError(f"this reduction has no {name!r}.{hint}")
        self._wait_for(name)
        return self._total.results()[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names]

    def partial(self) -> dict[str, Array | None]:
        """Return each op's result over the events merged so far.

        Returns
        -------
        dict of str to ndarray or None
            Pictures are of the detector's shape (segments, rows, cols), in ADU; None before the
            first counted event. Of groups there is one more axis, the first.
        """
        return self._total.results()

    def overall(self) -> dict[str, Array | None]:
        """Return each op's result over the events merged so far, of all groups together."""
        return self._total.overall()

    def result(self) -> Result:
        """Return what was merged as a result that no longer changes; waits for the end.

        Also of a reduction that failed or was cancelled: what it had by then.
        """
        try:
            self._wait_for("result()")
        except XtcError:
            if not self.done:
                raise
        return frozen(self._task, self._selection, self._ops, self._total, self._outcome())

    def _outcome(self) -> str:
        return f"{self._state}: {self._error}" if self._error is not None else self._state
