"""What all chunks of a reduction have in common, and by what a worker knows that it fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from xtcview.reduce.op import Op
from xtcview.reduce.rules import Rules

LIBRARY = "xtcview"  # has `open` and `Detector`

TIMEOUT = 60.0  # s for one event; a slow file system may take seconds

Identity = tuple[int, ...]


@dataclass(frozen=True)
class Task:
    """What all chunks of a reduction have in common; small and picklable.

    Parameters
    ----------
    spec : str
        Data set string that opens the run.
    identity : tuple of int
        From `identity`; the run opened elsewhere must have the same.
    detector : str
        Name of the detector.
    ops : tuple of str or Op
        Names of the ops, or the ops themselves.
    calib_dir : str
        Reduce ``det.calib`` with the constants of this folder; '' means ``det.raw``.
    token : str
        Of the reduction; with a new one the files of constants are looked at again.
    library : str
        Module that opens the run and reads it: `LIBRARY`, or another one for tests.
    version : str
        Of this package; that of the engine must be the same.
    timeout : float
        Seconds that one event may take; it is reported as failed when it takes longer.
    seconds : float
        After so long a chunk ends, and gives back the events that it has not begun.
    rules : Rules
        What the user's functions make of each event.
    """

    spec: str
    identity: Identity
    detector: str
    ops: tuple[str | Op, ...]
    calib_dir: str
    token: str
    library: str
    version: str
    timeout: float = TIMEOUT
    seconds: float = float("inf")
    rules: Rules = field(default_factory=Rules)


def package_version() -> str:
    """Return the installed version of this package."""
    try:
        return version("xtcview")
    except PackageNotFoundError:  # runs from a folder that was never installed
        return "not installed"


def identity(run: Any, count: int | None = None) -> Identity:
    """Return numbers by which a run opened elsewhere is known to be the same.

    They are the number of events, and time and fiducial of the first and the last.

    Parameters
    ----------
    run : Run
    count : int, optional
        Only its first events: a run that is being written may have more by now.
    """
    times = run.times()
    there = len(times) if count is None else min(count, len(times))
    ends = (times[0], times[there - 1]) if there else ()
    return (there, *(value for t in ends for value in (t.time(), t.fiducial())))
