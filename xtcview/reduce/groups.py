"""Results by group: which group an event belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xtcview.analysis.edges import bin_numbers
from xtcview.errors import XtcError
from xtcview.reduce import expressions
from xtcview.reduce.carried import Carried
from xtcview.reduce.parts import Array
from xtcview.reduce.report import Skipped
from xtcview.reduce.selection import Selection, without

Key = bool | int | float | str | None  # None: there are no groups
MOST_GROUPS = 10_000


@dataclass(frozen=True)
class Grouping:
    """How events are divided into groups.

    Parameters
    ----------
    text : str
        How a person would write it.
    by : str, list or Carried
        As given: text, [text, edges] or function.
    keys : tuple
        Of the groups, where they are known beforehand.
    labels : ndarray of int, optional
        Position in `keys`, by event number.
    function : Carried, optional
        ``function(evt)`` -> key, where the events are read.
    """

    text: str
    by: Any = field(compare=False)
    keys: tuple[Key, ...] = ()
    labels: Array | None = field(default=None, compare=False)
    function: Carried | None = field(default=None, compare=False)

    def key_of(self, evt: Any, number: int) -> Key:
        """Return the key of an event; None for one that belongs to no group.

        Raises
        ------
        XtcError
            A function that gives neither a number nor a text.
        """
        if self.labels is not None:
            return self.keys[int(self.labels[number])]
        found = None if self.function is None else self.function(evt)
        key = found.item() if isinstance(found, np.generic) else found
        if key is None or key != key:
            return None
        if isinstance(key, bool | int | float | str):
            return key
        raise XtcError(f"by={self.text} gave {found!r:.60}: expected a number or a text")


def group(run: Any, selection: Selection, by: Any) -> tuple[Selection, Grouping | None]:
    """Return the grouping that is meant, and the events that belong to a group.

    Parameters
    ----------
    run : Run
    selection : Selection
    by : str, (str, edges) or callable, optional
        A value as text (see `xtcview.reduce.expressions`); the same with edges of bins, whose keys
        are their left edges; or ``function(evt)`` -> number or text.

    Raises
    ------
    XtcError
        Anything else, or too many groups.
    """
    if by is None:
        return selection, None
    if callable(by):
        function = by if isinstance(by, Carried) else Carried(by)
        return selection, Grouping(f"{function.name}(evt)", function, function=function)
    pair = not isinstance(by, str) and isinstance(by, Sequence) and len(by) == 2
    text, edges = by if pair else (by, None)
    if not isinstance(text, str):
        raise XtcError(
            f"by={by!r:.100}: expected a text such as 'step', (text, edges of bins), or a function "
            "of the event"
        )
    expression = expressions.read(text)
    chosen, value = without(selection, expression, run)
    if edges is not None:
        return _binned(chosen, text, value.values, np.asarray(edges, np.float64))
    return chosen, _by_value(chosen, text, value.values)


def _by_value(chosen: Selection, text: str, values: Array) -> Grouping:
    keys = np.unique(values[chosen.numbers])
    if len(keys) > MOST_GROUPS:
        raise XtcError(
            f"by={text!r} makes {len(keys)} groups, at most {MOST_GROUPS} are kept: give edges of "
            f"bins, by=({text!r}, edges), or round the value"
        )
    labels = np.searchsorted(keys, values) if len(keys) else np.zeros(len(values), int)
    return Grouping(text, text, tuple(keys.tolist()), _small(labels))


def _binned(
    chosen: Selection, text: str, values: Array, edges: Array
) -> tuple[Selection, Grouping]:
    labels = bin_numbers(values, edges)
    inside = labels[chosen.numbers] >= 0
    reason = f"{text} is outside of the bins from {edges[0]:g} to {edges[-1]:g}"
    outside = [Skipped("left_out", reason, int(n)) for n in chosen.numbers[~inside]]
    rest = Selection(chosen.numbers[inside], (*chosen.left_out, *outside), chosen.text)
    said = f"{text} in {edges.size - 1} bins from {edges[0]:g} to {edges[-1]:g}"
    return rest, Grouping(
        said, [text, edges.tolist()], tuple(edges[:-1].tolist()), _small(np.maximum(labels, 0))
    )


def _small(labels: Array) -> Array:
    """Return labels in the fewest bytes: they travel with every chunk."""
    return labels.astype(np.min_scalar_type(int(labels.max(initial=0))))


def in_order(keys: Sequence[Key]) -> list[Key]:
    """Return keys in ascending order, numbers before texts."""
    return sorted(keys, key=lambda key: (isinstance(key, str), key))


def as_array(keys: Sequence[Key]) -> Array:
    """Return keys as an array: of numbers, or of texts where one of them is a text."""
    if any(isinstance(key, str) for key in keys):
        return np.array([str(key) for key in keys])
    return np.array(keys)
