"""A reduction that is under way or done: what `xtcview.reduce` returns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from xtcview.errors import EngineError, XtcError
from xtcview.reduce.answers import Answers
from xtcview.reduce.awaiting import ended
from xtcview.reduce.bar import bar, live_kernel
from xtcview.reduce.checkpoint import Checkpoint, Saver
from xtcview.reduce.flow import Flow
from xtcview.reduce.ops import Op
from xtcview.reduce.plan import Plan
from xtcview.reduce.pools import Pool, pool_of
from xtcview.reduce.selection import Selection
from xtcview.reduce.speed import Meter, Speed
from xtcview.reduce.task import Task
from xtcview.reduce.total import Total

CALLBACK_SECONDS = 0.25  # between calls on progress

Callback = Callable[["Reduction"], object]


class Reduction(Answers):
    """Sums and the like of one detector over many events, computed in the background.

    Besides the attributes below it has one per result, such as ``r.mean``: an array of the
    detector's shape, in ADU; of groups one more axis. These wait for the end, as `n` and `counts`
    do, so that a part is never taken for the whole; `partial` gives what there is so far.

    Parameters
    ----------
    task : Task
        What is done with each chunk.
    wanted : tuple of Op
        The same ops as in `task`.
    shape : tuple of int
        Of the detector: (segments, rows, cols).
    selection : Selection
        Which events.
    engines : object
        Where it runs.
    saver : Saver, optional
        Writes checkpoints.
    begun : Checkpoint, optional
        What to go on from.
    """

    def __init__(
        self,
        task: Task,
        wanted: tuple[Op, ...],
        shape: tuple[int, ...],
        selection: Selection,
        engines: Any,
        saver: Saver | None = None,
        begun: Checkpoint | None = None,
    ) -> None:
        self._task, self._engines, self._selection = task, engines, selection
        self._selected, self._ops = selection.numbers, wanted
        self._names = tuple(field.name for op in wanted for field in op.fields)
        count, left_out = len(selection.numbers), selection.left_out
        made = task.rules.each is not None
        self._total = Total(wanted, shape, count + len(left_out), left_out, made)
        self._stop, self._ended = threading.Event(), threading.Event()
        self._ending = threading.Lock()
        self._error: Exception | None = None
        self._state = "running"
        self._callbacks: list[Callback] = []
        self._notes: list[str] = []
        self._meter = Meter()
        self._pool: Pool | None = None
        self._saver = saver or Saver(False, task.token)
        self._before = np.empty(0, np.int64)
        if begun is not None:
            self._before = begun.merged
            self._total.merge(-1, begun.result)
        self._called = 0.0
        # a daemon, so that a forgotten reduction does not keep the interpreter alive
        self._thread = threading.Thread(target=self._main, name="xtcview-reduce", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended: by itself, cancelled, or failed."""
        return self._ended.is_set()

    @property
    def progress(self) -> tuple[int, int]:
        """Events read or left out so far, and selected."""
        return self._total.read(), self._total.report().selected

    @property
    def state(self) -> str:
        """'running', 'done', 'cancelled' or 'failed'."""
        return self._state

    @property
    def speed(self) -> Speed:
        """Events and bytes per second over the last seconds, engines, and the time left."""
        read, total = self.progress
        return self._meter.speed(total - read)

    @property
    def notes(self) -> list[str]:
        """What went wrong on the way without ending it, such as engines that were replaced."""
        pool = self._pool.notes if self._pool is not None else []
        saver = [self._saver.problem] if self._saver.problem else []
        kept = f"resume it with xtcview.resume({str(self._saver.path)!r})"
        again = [kept] if self._saver.written and self._state != "done" else []
        return [*self._notes, *pool, *saver, *again]

    @property
    def error(self) -> Exception | None:
        """Why it failed; None when it did not."""
        return self._error

    def _wait_for(self, name: str) -> None:
        if threading.current_thread() is self._thread and not self.done:
            raise XtcError(
                f"r.{name} waits for the end and cannot be had in a callback: use r.partial()"
            )
        self.wait()

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

    def __await__(self) -> Generator[Any, None, Reduction]:
        return ended(self).__await__()

    def _main(self) -> None:
        try:
            self._work()
            if self.report.unread and not self.done:
                raise EngineError(f"{self.report.unread} events were not read: an error in xtcview")
            self._end("done")
        except Exception as error:  # noqa: BLE001 - kept: `wait` raises it and `repr` shows it
            self._end("failed", error)

    def _work(self) -> None:
        left = self._selected[~np.isin(self._selected, self._before)]
        self._pool = pool = pool_of(self._engines)
        self._meter = Meter(len(self._before))  # starting engines is no part of the speed
        flow = Flow(pool, Plan(left, pool.workers), self._task, self._total, self._stop)
        complete = False
        try:
            while flow.step():
                self._meter.engines = pool.capacity()
                self._meter.note(self._total.read(), flow.bytes)
                if self._saver.due():
                    self._saver.save(self._checkpoint(flow))
                self._tell()
            complete = not self._stop.is_set()
        finally:
            self._stop.set()
            flow.drop()
            self._saver.end(complete, self._checkpoint(flow))
            pool.close()

    def _checkpoint(self, flow: Flow) -> Checkpoint:
        merged = np.concatenate([self._before, *(np.asarray(e, np.int64) for e in flow.merged)])
        return Checkpoint(self._saver.meta, self._selected, merged, self._total.result())

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
        spec = self._task.spec.replace("\n", " and ")  # one line per run
        head = f"Reduction({names} of {self.detector} in {spec}): {self._state}{why}"
        return "\n".join([head, str(self.report), *self.notes])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Show a bar in a notebook, and text everywhere else."""
        shown: dict[str, Any] = bar(self)._repr_mimebundle_() if live_kernel() else {}
        return shown | {"text/plain": repr(self)}
