"""Which events are read, and which of the selected are left out beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtcview.errors import XtcError
from xtcview.reduce import expressions
from xtcview.reduce.expressions import Array, Expression, Known
from xtcview.reduce.plan import Numbers, select
from xtcview.reduce.report import Skipped

OWN = ("event", "run")  # columns beside those of `Run.scalars`
SHOWN = 3  # fields named per event


@dataclass(frozen=True)
class Selection:
    """Events of a reduction.

    Parameters
    ----------
    numbers : ndarray of int64
        Those to be read.
    left_out : tuple of Skipped
        Those selected that cannot be used, and why.
    text : str
        How they were chosen.
    """

    numbers: Numbers
    left_out: tuple[Skipped, ...] = ()
    text: str = "all events"


def columns_of(run: Any, fields: Sequence[str]) -> dict[str, Known]:
    """Return numbers of all events of a run, or of several.

    Raises
    ------
    SourceError
        A field that the run does not have.
    XtcError
        One that is not a number per event.
    """
    total = len(run.times())
    every = np.ones(total, bool)
    found: dict[str, Known] = {}
    if "event" in fields:
        found["event"] = Known(np.arange(total), every)
    if "run" in fields:
        numbers = run.run_numbers() if hasattr(run, "run_numbers") else run.run()
        found["run"] = Known(np.broadcast_to(numbers, total), every)
    other = [name for name in fields if name not in OWN]
    if not other:
        return found
    table = run.scalars(other)
    for name in other:
        values = np.asarray(table[name])
        if values.shape != (total,) or values.dtype.kind not in "biuf":
            raise XtcError(
                f"{name!r} is of {values.dtype} {values.shape[1:] or ''}: expected one number per "
                "event"
            )
        found[name] = Known(values, np.asarray(table.present[name]))
    return found


def choose(run: Any, events: Any = None, where: Any = None) -> Selection:
    """Return the events that are meant.

    Parameters
    ----------
    run : Run
    events : object
        See `xtcview.reduce.plan.select`.
    where : str, optional
        Condition; see `xtcview.reduce.expressions`. Events for which it is False are not selected;
        those for which it is not decided are selected, and left out with the reason.

    Raises
    ------
    XtcError
        Events that the run does not have, or a condition that cannot be read.
    """
    numbers = select(run, events)
    text = "all events" if events is None else f"events={_described(events)}"
    if where is None:
        return Selection(numbers, (), text)
    condition = expressions.read(where)
    columns = columns_of(run, condition.fields)
    values, known = condition.evaluate(columns)
    values = np.broadcast_to(np.asarray(values, np.bool_), len(run.times()))[numbers]
    known = np.broadcast_to(known, len(run.times()))[numbers]
    undecided = numbers[~known]
    left_out = _lacking(condition, columns, undecided, "the condition")
    return Selection(numbers[values & known], left_out, f"{text} where {where}")


def _described(events: Any) -> str:
    if isinstance(events, slice | range):
        return repr(events)
    size = f"{len(events)} given" if hasattr(events, "__len__") else "given"
    return f"<{size}>"


def _lacking(
    expression: Expression, columns: dict[str, Known], undecided: Numbers, what: str
) -> tuple[Skipped, ...]:
    """Say for each event which numbers it lacks; there may be millions of few kinds."""
    lacks = np.zeros((len(undecided), len(expression.fields)), np.bool_)
    for at, name in enumerate(expression.fields):
        lacks[:, at] = ~_has(columns[name], undecided)
    kinds, which = np.unique(lacks, axis=0, return_inverse=True)
    reasons = []
    for kind in kinds:
        names = [name for name, lacking in zip(expression.fields, kind, strict=True) if lacking]
        why = f"it has no {', '.join(names[:SHOWN])}" if names else "its numbers give none"
        reasons.append(f"{what} {expression.text!r} is not known: {why}")
    found = zip(which.reshape(-1).tolist(), undecided.tolist(), strict=True)
    return tuple(Skipped("left_out", reasons[kind], number) for kind, number in found)


def _has(column: Known, numbers: Numbers) -> Array:
    values = column.values[numbers]
    has: Array = column.known[numbers] & (values == values)
    return has


def without(selection: Selection, expression: Expression, run: Any) -> tuple[Selection, Known]:
    """Take out the events for which the value that groups them is not known.

    Returns
    -------
    tuple
        The selection that is left, and the value for all events of the run.
    """
    columns = columns_of(run, expression.fields)
    found = expression.evaluate(columns)
    total = len(run.times())
    values, known = (np.broadcast_to(one, total) for one in found)
    numbers = selection.numbers
    unknown = numbers[~known[numbers]]
    left_out = _lacking(expression, columns, unknown, "the group")
    rest = Selection(numbers[known[numbers]], selection.left_out + left_out, selection.text)
    return rest, Known(values, known)
