"""Read events to learn what is wrong with them: what is met is told in ``run.problems``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from xtcview.errors import FormatError
from xtcview.types.record import Record

from .files import Problem

if TYPE_CHECKING:
    from .run import Run

EVENTS = 1000  # that are looked at without being asked for all,
BYTES = 1 << 28  # or as many as have these: a second


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
