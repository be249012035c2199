"""What one rank does: read its share, keep what it has on disk, merge with the others."""

from __future__ import annotations

import platform
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from xtcview.errors import XtcError
from xtcview.reduce import ops as known
from xtcview.reduce import outfile, partfile, ranks, readers
from xtcview.reduce.core import run_chunk
from xtcview.reduce.job import Job
from xtcview.reduce.plan import compact
from xtcview.reduce.selection import Selection
from xtcview.reduce.share import Pace, Span, deal, joined
from xtcview.reduce.snapshots import frozen
from xtcview.reduce.suspects import DEATHS, Mark
from xtcview.reduce.total import Total

SOON = 2.0  # s until the first file, so that something is seen
WRITE = 1e9  # bytes per second, of all ranks together, that their files may take

Say = Callable[[str], object]


class StoppedError(XtcError):
    """The process was told to end; what it had is on disk."""


@dataclass
class Rank:
    """One process of a job, with what it has read.

    Parameters
    ----------
    job : Job
        What all have in common.
    comm : MPI.Comm or Alone
        The others.
    say : callable
        Takes lines for the person.
    """

    job: Job
    comm: Any
    say: Say
    total: Total = field(init=False)
    chunks: int = 0
    spans: list[Span] = field(default_factory=list)
    signal: int = 0
    _begun: float = 0.0
    _due: float = 0.0
    _saved: float = 0.0

    def __post_init__(self) -> None:
        self.total = self.job.total()

    def read_share(self) -> None:
        """Read this rank's share and keep it on disk.

        Raises
        ------
        StoppedError
            After SIGTERM, SIGINT or SIGUSR2, which batch systems send before they kill.
        XtcError
            When the run cannot be worked on here.
        """
        self._begun = time.monotonic()
        self._due = self._begun + self._soon()
        self._saved = self._begun
        where = self.comm.Get_rank(), self.comm.Get_size()
        mark = Mark(self.job.mark(where[0]))
        try:
            with self._heeding():
                self._read_spans(mark, deal(self.job.left, *where), Pace())
                if self.spans and self.job.suspects:
                    self.save()  # the next event may be the last
                self._read_spans(mark, deal(self.job.suspects, *where), None)
                readers.close_readers()
                if self.spans and (self.signal or time.monotonic() >= self._saved + self._soon()):
                    self.save()
        finally:
            mark.put((0, 0))  # an error is no death
            mark.close()
        if self.signal:
            raise StoppedError(
                f"{self.who()} was told to end ({signal.Signals(self.signal).name}); what it had "
                "read is kept. The same command goes on from there"
            )

    def _read_spans(self, mark: Mark, share: list[Span], pace: Pace | None) -> None:
        """Read a share, chunk by chunk, or without a pace event by event."""
        for first, end in share:
            while first < end and not self.signal:
                length = pace.length(end - first) if pace else 1
                mark.put((first, first + length))
                first, seconds, events = self._read(first, first + length)
                mark.put((0, 0))
                if pace:
                    pace.learn(events, seconds)
                self._save_when_due()

    def _read(self, first: int, last: int) -> tuple[int, float, int]:
        """Read and merge a chunk; return where the next one begins, seconds and events."""
        result = run_chunk(self.job.task, compact(self.job.selected[first:last]))
        done: int = last - result[0].get("left", 0)
        self.total.merge(self.chunks, result)
        self.chunks += 1
        self.spans = joined([*self.spans, (first, done)])
        return done, result[0]["seconds"], done - first

    def _soon(self) -> float:
        return min(SOON, self.job.every)

    def _save_when_due(self) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        self.save()
        self._saved = time.monotonic()
        size = sum(array.nbytes for array in self.total.result()[1:])
        fair = self.comm.Get_size() * size / WRITE
        self._due = now + max(min(self.job.every, now - self._begun), fair)

    def save(self) -> None:
        """Keep on disk what was read so far; a disk that is full stops nothing."""
        summary, *arrays = self.total.result()
        header = {
            **self.job.about,
            "attempt": self.job.attempt,
            "spans": self.spans,
            "summary": summary,
            "time": time.time(),
        }
        try:
            partfile.save(self.job.part(self.comm.Get_rank()), header, arrays)
        except OSError as error:
            self.say(f"{self.who()} cannot keep what it has read, and goes on: {error}")

    def merge_old(self) -> None:
        """Merge this rank's share of the files of jobs before; rank 0 reports what is given up."""
        for path in self.job.old[self.comm.Get_rank() :: self.comm.Get_size()]:
            header, arrays = partfile.load(path)
            self.total.merge(self.chunks, [header["summary"], *arrays])
            self.chunks += 1
        for first, last in self.job.given_up if self.comm.Get_rank() == 0 else ():
            reason = f"ranks were killed on this event {DEATHS} times"
            self.total.fail(self.chunks, self.job.selected[first:last].tolist(), reason)
            self.chunks += 1

    def merge_all(self) -> None:
        """Merge what all ranks have into rank 0."""
        ranks.merge_all(self.comm, self.total, known.find(self.job.texts))

    def write(self) -> None:
        """Write the result, on rank 0.

        Raises
        ------
        XtcError
            When events were lost or counted twice, which would be an error in xtcview.
        """
        report = self.total.report()
        if report.unread:
            raise XtcError(f"{report.unread} events are not accounted for: an error in xtcview")
        results = {name: a for name, a in self.total.results().items() if a is not None}
        summary = self.total.result()[0]
        header = {**self.job.about, "summary": summary, "time": time.time()}
        selection = Selection(self.job.selected, (), f"<{len(self.job.selected)} events>")
        wanted = known.find(self.job.texts)
        result = frozen(self.job.task, selection, wanted, self.total, "done")
        outfile.write(self.job.out, header, {"counts": self.total.counts(), **results}, result)

    def who(self) -> str:
        """Return which rank this is, and where."""
        return f"rank {self.comm.Get_rank()} of {self.comm.Get_size()} on {platform.node()}"

    @contextmanager
    def _heeding(self) -> Iterator[None]:
        """Note the signals that ask a process to end, instead of dying from them."""

        def note(number: int, frame: object) -> None:
            self.signal = number

        heeded = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2)
        before = {number: signal.signal(number, note) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
