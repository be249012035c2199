"""A reduction that several processes share through a folder: what it is, and what is done of it.

Beside ``out.h5`` lies ``out.h5.parts``: each rank keeps there what it has merged, with the spans
of the events that it read, in one file that is replaced in one step. A job that ended early leaves
these files; the next one, with as many ranks as it likes, reads what is in none of them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtcview.errors import EngineError, XtcError
from xtcview.reduce import ops as known
from xtcview.reduce.partfile import Header, load_header
from xtcview.reduce.plan import Numbers, select
from xtcview.reduce.readers import constants_of
from xtcview.reduce.report import SHOWN
from xtcview.reduce.share import Span, missing
from xtcview.reduce.suspects import DEATHS, accused, marked
from xtcview.reduce.task import Task
from xtcview.reduce.total import Total

SUFFIXES = (".h5", ".npz")


@dataclass
class Job:
    """What all ranks have in common.

    Parameters
    ----------
    task : Task
        What is done with each chunk.
    texts : tuple of str
        The ops, as they were asked for.
    shape : tuple of int
        Of the detector: (segments, rows, cols).
    selected : ndarray of int64
        Event numbers.
    out : Path
        Where the result goes.
    every : float
        Seconds between the files of a rank.
    attempt : int
        How many jobs wrote into the folder before.
    left : list of (int, int)
        Spans of the selection that are still to be read.
    suspects : list of (int, int)
        Likewise, to be read one by one: ranks were killed while they read them.
    given_up : list of (int, int)
        Not to be read any more.
    notes : list of str
        What the person should know of the jobs before.
    old : list of Path
        Files of the jobs before, each merged once.
    about : dict
        What a part file says of the reduction; equal in all of them.
    """

    task: Task
    texts: tuple[str, ...]
    shape: tuple[int, ...]
    selected: Numbers
    out: Path
    every: float
    attempt: int = 0
    left: list[Span] = field(default_factory=list)
    suspects: list[Span] = field(default_factory=list)
    given_up: list[Span] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    old: list[Path] = field(default_factory=list)
    about: Header = field(default_factory=dict)

    def total(self) -> Total:
        """Return a total for this job, with nothing in it."""
        return Total(known.find(self.texts), self.shape, len(self.selected))

    def part(self, rank: int) -> Path:
        """Return the file of a rank."""
        return folder_of(self.out) / f"part-{self.attempt:03d}-{rank:05d}.npz"

    def mark(self, rank: int) -> Path:
        """Return the file in which a rank says what it is about to read."""
        return folder_of(self.out) / f"mark-{self.attempt:03d}-{rank:05d}.json"


def make_job(
    run: Any,
    detector: Any,
    task: Task,
    texts: Sequence[str],
    events: Any,
    out: Path,
    every: float,
) -> Job:
    """Return a job with nothing done.

    Raises
    ------
    XtcError
        For an unknown op, an event that the run does not have, or an output that has no writer.
    """
    check_out(out)
    known.find(texts)
    selected = select(run, events)
    job = Job(task, tuple(texts), tuple(detector.shape), selected, out, every)
    constants = repr(constants_of(task.calib_dir, detector.source))
    job.about = {
        "dataset": task.spec,
        "identity": list(task.identity),
        "detector": task.detector,
        "shape": list(job.shape),
        "ops": list(job.texts),
        "calib_dir": task.calib_dir,
        "constants": hashlib.sha256(constants.encode()).hexdigest()[:16],
        "selected": len(selected),
        "events": hashlib.sha256(selected.tobytes()).hexdigest()[:16],
        "version": task.version,
        "every": every,
    }
    return job


def check_out(out: Path) -> None:
    """Refuse an output that cannot be written, before anything is read.

    Raises
    ------
    XtcError
        For a name that ends otherwise, or a folder that is not there.
    """
    if out.suffix not in SUFFIXES:
        raise XtcError(f"{out}: expected a name that ends in {' or '.join(SUFFIXES)}")
    if not out.parent.is_dir():
        raise XtcError(f"{out.parent}: no such folder; make it first")
    if out.suffix == ".h5":
        from xtcview.reduce.outfile import h5py_module

        h5py_module()


def folder_of(out: Path) -> Path:
    """Return the folder of the part files that belong to an output."""
    return out.with_name(f"{out.name}.parts")


def part_files(out: Path) -> list[Path]:
    """Return the part files that belong to an output, in order."""
    return sorted(folder_of(out).glob("part-*.npz"))


def forget(out: Path) -> None:
    """Delete what jobs before have left, but not the lock of this one."""
    for path in (*part_files(out), *folder_of(out).glob("mark-*.json")):
        path.unlink()


def remove_parts(out: Path) -> None:
    """Delete what a job leaves until its result is written."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder_of(out))


def take_up(job: Job) -> None:
    """Find what jobs before this one have done, and what is left.

    Raises
    ------
    XtcError
        When the files are of another reduction, or one of them is damaged.
    """
    job.old = part_files(job.out)
    done: list[Span] = []
    for path in job.old:
        header = load_header(path)
        differs = [name for name, value in _fixed(job.about) if header.get(name) != value]
        if differs:
            found = {name: header.get(name) for name in differs}
            wanted = {name: job.about[name] for name in differs}
            raise XtcError(
                f"{path}: belongs to another reduction: found {_short(found)}, expected "
                f"{_short(wanted)}. Give another -o, or --fresh to begin again"
            )
        done += [(first, last) for first, last in header["spans"]]
    left = missing(len(job.selected), done)
    marks = sorted(folder_of(job.out).glob("mark-*.json"))
    attempts = [int(path.name.split("-")[1]) for path in (*job.old, *marks)]
    job.attempt = max(attempts, default=-1) + 1
    _sort(job, left, marked(marks))
    if attempts:
        count, todo = len(job.selected), sum(last - first for first, last in left)
        job.notes.insert(0, f"goes on: {count - todo} of {count} events were read before")


def _sort(job: Job, left: list[Span], marks: list[tuple[Span, str]]) -> None:
    """Tell events that nothing is known against from those on which ranks were killed."""
    for (first, last), deaths in accused(left, [span for span, _ in marks]):
        kind = job.given_up if deaths >= DEATHS else job.suspects if deaths else job.left
        kind.append((first, last))
    for (first, last), host in marks[-SHOWN:]:
        ends = f"{job.selected[first]} to {job.selected[last - 1]}"
        job.notes.append(f"a rank on {host} was killed while it read events {ends}")


def _fixed(about: Header) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in about.items() if name != "every")


def _short(values: Header) -> str:
    text = json.dumps(values)
    return text if len(text) < 200 else f"{text[:200]}..."


@contextmanager
def only_job(out: Path) -> Iterator[None]:
    """Keep a second job off the same output.

    Raises
    ------
    EngineError
        When another one is at work.
    """
    folder = folder_of(out)
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise EngineError(
                f"{folder}: another job is writing here; wait for its end, or give another -o"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
