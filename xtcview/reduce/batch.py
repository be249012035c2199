"""A reduction as a job of its own: one process, or the ranks of mpiexec or srun."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from traceback import format_exc
from typing import Any
from uuid import uuid4

from xtcview.errors import XtcError
from xtcview.reduce import job as jobs
from xtcview.reduce.job import Job
from xtcview.reduce.task import LIBRARY, Task, identity, package_version
from xtcview.reduce.work import Rank, Say, StoppedError

EVERY = 30.0  # s between the files of a rank
STOP_SECONDS = 15.0  # for the others to write theirs, after a signal
STOPPED = 143  # exit status, as of a process that SIGTERM ended


def ops_of(text: str) -> tuple[str, ...]:
    """Return the ops of a text such as ``'mean,std'``; commas within parentheses do not part."""
    depth, found = 0, [""]
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return tuple(op.strip() for op in found if op.strip())


def events_of(text: str) -> Any:
    """Return what a text such as ``'0:1000'``, ``'::10'``, ``'3,5'`` or ``'all'`` selects."""
    if text == "all":
        return None
    if re.fullmatch(r"-?\d*(:-?\d*){1,2}", text):
        return slice(*(int(part) if part else None for part in text.split(":")))
    if re.fullmatch(r"-?\d+(,-?\d+)*", text):
        return [int(part) for part in text.split(",")]
    return text


def make(
    dataset: str,
    det: str | None,
    ops: Sequence[str],
    out: Path,
    events: Any = None,
    calib: bool = False,
    every: float = EVERY,
    library: str = LIBRARY,
) -> Job:
    """Return the job that all ranks share; opens the run.

    Raises
    ------
    XtcError
        For a run, detector, op, event or output that cannot be.
    """
    jobs.check_out(out)
    module = import_module(library)
    run = module.open(dataset)
    try:
        detector = module.Detector(det, run)
        task = Task(
            spec=run.spec,
            identity=identity(run),
            detector=detector.name,
            ops=tuple(ops),
            calib_dir=str(run.calib_dir) if calib else "",
            token=uuid4().hex,
            library=library,
            version=package_version(),
        )
        return jobs.make_job(run, detector, task, ops, events, out, every)
    finally:
        run.close()


def run_job(comm: Any, say: Say, fresh: bool = False, **what: Any) -> int:
    """Reduce a run to a file, together with the other ranks.

    Parameters
    ----------
    comm : MPI.Comm or Alone
        From `ranks.communicator`.
    say : callable
        Takes lines for the person.
    fresh : bool
        Forget what jobs before have read.
    **what
        As `make` takes them.

    Returns
    -------
    int
        Exit status of this rank: 0, 1 for an error that was said, 143 when it was told to end. A
        rank that cannot go on ends all others.
    """
    with ExitStack() as stack:
        begun = comm.bcast(_begin(stack, say, fresh, what) if comm.Get_rank() == 0 else None)
        if isinstance(begun, Exception):
            if comm.Get_rank() == 0:
                say(f"xtcview: {begun}")
            return 1
        status = _guarded(Rank(begun, comm, say))
    if status == 0 and comm.Get_rank() == 0:
        jobs.remove_parts(begun.out)
    return status


def _begin(stack: ExitStack, say: Say, fresh: bool, what: dict[str, Any]) -> Job | Exception:
    """Return the job, or why there is none: all ranks must know."""
    try:
        job = make(**what)
        stack.enter_context(jobs.only_job(job.out))
        if fresh:
            jobs.forget(job.out)
        jobs.take_up(job)
    except Exception as error:  # noqa: BLE001 - or the other ranks would wait for ever
        return error if isinstance(error, XtcError | OSError) else XtcError(format_exc())
    for note in job.notes:
        say(note)
    return job


def _guarded(rank: Rank) -> int:
    comm, say = rank.comm, rank.say
    try:
        _together(rank)
    except StoppedError as error:
        say(f"xtcview: {error}")
        _wait_for_others(comm)
        return STOPPED
    except Exception as error:  # noqa: BLE001 - or the other ranks would wait for ever
        why = error if isinstance(error, XtcError | OSError) else format_exc()
        say(f"xtcview: {rank.who()} cannot go on: {why}")
        if comm.Get_size() > 1:
            comm.Abort(1)
        return 1
    return 0


def _together(rank: Rank) -> None:
    began = time.monotonic()
    rank.read_share()
    rank.merge_old()
    rank.merge_all()
    if rank.comm.Get_rank() == 0:
        seconds = time.monotonic() - began
        rank.write()
        rank.say(f"{rank.total.report()}\n{rank.job.out}: read and merged in {seconds:.2f} s")


def _wait_for_others(comm: Any) -> None:
    """Give the others time to write what they have; one that does not come is not waited for."""
    if comm.Get_size() == 1:
        return
    request = comm.Ibarrier()
    deadline = time.monotonic() + STOP_SECONDS
    while not request.Test():
        if time.monotonic() > deadline:
            comm.Abort(STOPPED)
        time.sleep(0.05)
