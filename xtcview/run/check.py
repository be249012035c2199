"""Read events to learn what is wrong with them: what is met is told in ``run.problems``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from xtcview.errors import FormatError
from xtcview.format import index, indexer
from xtcview.types.record import Record

from .files import Problem, XtcFile, plural

if TYPE_CHECKING:
    from .run import Run

EVENTS = 1000  # that are looked at without being asked for all,
BYTES = 1 << 28  # or as many as have these: a second
_BELIEVED = {  # what is taken from an index without reading the event
    "damage": "the damage of events in bulk is wrong",
    "empty": "EPICS values may be those of an earlier event",
}


def check(run: Run, whole: bool = False) -> int:
    """Read events with all they hold; return how many.

    Parameters
    ----------
    run : Run
    whole : bool
        All events; otherwise as many as `EVENTS` and `BYTES` allow, evenly over the run.
    """
    count = len(run.times())
    if not whole:
        each = max(sum(file.size for file in run.files) // count, 1)
        count = min(count, EVENTS, max(BYTES // each, 1))
    numbers = np.unique(np.linspace(0, len(run.times()) - 1, count).astype(int)).tolist()
    for number in numbers:
        evt = run.peek(number)
        evt.damage()  # walks through its datagrams
        _check_objects(run, evt)
    for first in {run.timeline.step(number): number for number in numbers}.values():
        _check_objects(run, run.config_at(first))
    if len(numbers) == len(run.times()):
        for name in run.epics_at(-1).pvNames():
            _asked(run.epics, name)
        for file in run.files:
            _check_index(run, file)
    return len(numbers)


def _check_objects(run: Run, store: Any) -> None:
    """Ask for every object of an event or of a configuration, and for all it says."""
    for key in store.keys():  # noqa: SIM118 - no mapping
        record = _asked(store.get, key.type(), key.src()) if key.type() is not None else None
        if isinstance(record, Record):
            try:
                record.asdict()
            except FormatError as error:
                lost = "the object is given in part"
                run.problems.tell(Problem(str(error.file), error.offset, error.what, lost))


def _asked(ask: Callable[..., Any], *args: Any) -> Any:
    """Return what is asked for; None when it cannot be read, which is told where it is met."""
    try:
        return ask(*args)
    except FormatError:
        return None


def _check_index(run: Run, file: XtcFile) -> None:
    """Hold the DAQ's index against one made by reading the file's headers."""
    try:
        stored = index.decode(file.index_path.read_bytes(), file.index_path).nodes
    except (FormatError, OSError):
        return  # there is none, or another problem says why it was not used
    made = indexer.scan(file.read, file.size, file.path.name).index.nodes
    lacking = ~np.isin(made["offset"], stored["offset"])
    if lacking.any():
        what = f"does not list {plural(int(lacking.sum()), 'event')} of {file.path.name}"
        _tell_index(run, file, int(made["offset"][lacking][0]), what, "these are not shown")
    _, ours, theirs = np.intersect1d(made["offset"], stored["offset"], return_indices=True)
    for name, lost in _BELIEVED.items():
        wrong = made[name][ours] != stored[name][theirs]
        if wrong.any():
            what = f"says otherwise than {file.path.name} of {plural(int(wrong.sum()), 'event')}"
            first = int(made["offset"][ours[wrong]].min())
            _tell_index(run, file, first, f"{what}: '{name}'", lost)


def _tell_index(run: Run, file: XtcFile, offset: int, what: str, lost: str) -> None:
    what = f"{what}, the first at byte {offset} of it"
    run.problems.tell(Problem(str(file.index_path), None, what, lost))
