"""A reduction that is under way or done: what `xtcview.reduce` returns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from xtcview.errors import EngineError, XtcError, near
from xtcview.reduce.flow import Flow
from xtcview.reduce.ops import Array, Op
from xtcview.reduce.plan import Numbers, Plan
from xtcview.reduce.pools import pool_of
from xtcview.reduce.report import Report
from xtcview.reduce.task import Task
from xtcview.reduce.total import Total

CALLBACK_SECONDS = 0.25  # between calls on progress

Callback = Callable[["Reduction"], object]


class Reduction:
    """Sums and the like of one detector over many events, computed in the background.

    Besides the attributes below it has one per op, such as ``r.mean``: an array of the detector's
    shape, in ADU. These wait for the end, as `n` and `counts` do, so that a part is never taken
    for the whole; `partial` gives what there is so far.

    Parameters
    ----------
    task : Task
        What is done with each chunk.
    wanted : tuple of Op
        The same ops as in `task`.
    shape : tuple of int
        Of the detector: (segments, rows, cols).
    selected : ndarray of int64
        Event numbers.
    engines : object
        Where it runs.
    """

    def __init__(
        self,
        task: Task,
        wanted: tuple[Op, ...],
        shape: tuple[int, ...],
        selected: Numbers,
        engines: Any,
    ) -> None:
        self._task, self._engines, self._selected = task, engines, selected
        self._names = tuple(op.name for op in wanted)
        self._total = Total(wanted, shape, len(selected))
        self._stop, self._ended = threading.Event(), threading.Event()
        self._ending = threading.Lock()
        self._error: Exception | None = None
        self._state = "running"
        self._callbacks: list[Callback] = []
        self._notes: list[str] = []
        self._called = 0.0
        # a daemon, so that a forgotten reduction does not keep the interpreter alive
        self._thread = threading.Thread(target=self._main, name="xtcview-reduce", daemon=True)
        self._thread.start()

    @property
    def detector(self) -> str:
        """Name of the detector."""
        return self._task.detector

    @property
    def calib(self) -> bool:
        """Whether calibrated panels are reduced, not the counts."""
        return bool(self._task.calib_dir)

    @property
    def done(self) -> bool:
        """Whether it has ended: by itself, cancelled, or failed."""
        return self._ended.is_set()

    @property
    def progress(self) -> tuple[int, int]:
        """Events read so far, and selected."""
        return self._total.read(), len(self._selected)

    @property
    def report(self) -> Report:
        """What became of each event so far."""
        return self._total.report()

    @property
    def error(self) -> Exception | None:
        """Why it failed; None when it did not."""
        return self._error

    @property
    def n(self) -> int:
        """Events in the result; waits for the end."""
        self._wait_for("n")
        return self._total.report().counted

    @property
    def counts(self) -> Array:
        """Events in the result per segment, int64 (segments,); waits for the end."""
        self._wait_for("counts")
        return self._total.counts()

    def __getattr__(self, name: str) -> Array | None:
        names = self.__dict__.get("_names", ())
        if name not in names:
            hint = "" if name.startswith("_") else near(name, names)
            raise AttributeError(f"this reduction has no {name!r}.{hint}")
        self._wait_for(name)
        return self._total.results()[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names]

    def _wait_for(self, name: str) -> None:
        if threading.current_thread() is self._thread and not self.done:
            raise XtcError(
                f"r.{name} waits for the end and cannot be had in a callback: use r.partial()"
            )
        self.wait()

    def partial(self) -> dict[str, Array | None]:
        """Return each op's result over the events merged so far.

        Returns
        -------
        dict of str to ndarray or None
            Each of the detector's shape (segments, rows, cols), in ADU; None before the first
            counted event.
        """
        return self._total.results()

    def wait(self, timeout: float | None = None) -> Reduction:
        """Wait until it has ended, and return it.

        Parameters
        ----------
        timeout : float, optional
            Seconds; for ever without it. Ctrl-C while waiting cancels the reduction.

        Raises
        ------
        TimeoutError
            When it has not ended by then; it goes on.
        XtcError
            What made it fail. `partial` still gives what was merged.
        """
        try:
            ended = self._ended.wait(timeout)
        except KeyboardInterrupt:
            self.cancel()
            raise
        if not ended:
            read, total = self.progress
            raise TimeoutError(f"{read} of {total} events were read in {timeout} s; it goes on")
        if self._error is not None:
            raise self._error
        return self

    def cancel(self) -> None:
        """End it now and keep what was merged; chunks already begun are not merged."""
        self._stop.set()
        self._end("cancelled")

    def add_callback(self, function: Callback) -> None:
        """Call ``function(reduction)`` on progress, at most 4 times a second, and at the end.

        Parameters
        ----------
        function : callable
            Is called from any thread. One that raises is not called again; `repr` tells.
        """
        with self._ending:
            if not self.done:
                self._callbacks.append(function)
                return
        self._call([function])

    def _main(self) -> None:
        try:
            pool = pool_of(self._engines)
            flow = Flow(
                pool, Plan(self._selected, pool.workers), self._task, self._total, self._stop
            )
            try:
                while flow.step():
                    self._tell()
            finally:
                self._stop.set()
                flow.drop()
                pool.close()
            if self.report.unread and not self.done:
                raise EngineError(f"{self.report.unread} events were not read: an error in xtcview")
            self._end("done")
        except Exception as error:  # noqa: BLE001 - kept: `wait` raises it and `repr` shows it
            self._end("failed", error)

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._called >= CALLBACK_SECONDS:
            self._called = now
            self._call(list(self._callbacks))

    def _end(self, state: str, error: Exception | None = None) -> None:
        with self._ending:
            if self.done:
                return
            self._state, self._error = state, error
            self._total.close()
            self._ended.set()
            callbacks, self._callbacks = self._callbacks, []
        self._call(callbacks)

    def _call(self, callbacks: list[Callback]) -> None:
        for function in callbacks:
            try:
                function(self)
            except Exception as error:  # noqa: BLE001 - a picture that fails must not stop a sum
                self._notes.append(f"a callback failed: {type(error).__name__}: {error}")
                if function in self._callbacks:
                    self._callbacks.remove(function)

    def __repr__(self) -> str:
        names = ", ".join(self._names)
        why = f": {self._error}" if self._error is not None else ""
        head = f"Reduction({names} of {self.detector} in {self._task.spec}): {self._state}{why}"
        return "\n".join([head, str(self.report), *self._notes])
