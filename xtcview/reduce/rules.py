"""What a user's functions make of each event: whether it is used, of which group, what frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from xtcview.errors import XtcError
from xtcview.reduce.carried import Carried
from xtcview.reduce.groups import Grouping, Key
from xtcview.reduce.parts import Array
from xtcview.reduce.report import Skipped


@dataclass(frozen=True)
class Rules:
    """Functions and groups of a reduction; empty by default.

    Parameters
    ----------
    use : Carried, optional
        ``use(evt)`` -> whether the event is used.
    grouping : Grouping, optional
        Of which group it is.
    each : Carried, optional
        ``each(frame, evt)`` -> what is reduced in place of the frame, or None.
    """

    use: Carried | None = None
    grouping: Grouping | None = None
    each: Carried | None = None

    def refusal(self, evt: Any, number: int) -> Skipped | None:
        """Say why an event is not used; None when it is."""
        if self.use is None or self.use(evt):
            return None
        return Skipped("left_out", f"{self.use.name}(evt) says no", number)

    def key(self, evt: Any, number: int) -> Key | Skipped:
        """Return the group of an event, None without groups, or why it is in none."""
        if self.grouping is None:
            return None
        key = self.grouping.key_of(evt, number)
        if key is None:
            return Skipped("left_out", f"{self.grouping.text} gives no group", number)
        return key

    def made(self, shot: Shot, shape: tuple[int, ...], evt: Any, number: int) -> Shot | Skipped:
        """Return what is reduced in place of a frame.

        Parameters
        ----------
        shot : Shot
            The frame as it was read.
        shape : tuple of int
            Of the detector.
        evt : Event
        number : int
            Of the event.

        Raises
        ------
        XtcError
            When `each` gives no numbers.
        """
        if self.each is None:
            return shot
        found = self.each(shot.frame, evt)
        if found is None:
            return Skipped("left_out", f"{self.each.name}() gives None", number)
        values = np.asarray(found)
        if values.dtype.kind not in "biuf":
            raise XtcError(f"{self.each.name}() gives {values.dtype}: expected numbers")
        values = values.astype(np.uint8) if values.dtype.kind == "b" else values
        if values.size == np.prod(shape) and values.shape[-2:] == shape[-2:]:
            return Shot(values.reshape(shape), shot.held)
        return Shot(values[np.newaxis], np.ones(1, np.bool_))


class Shot(NamedTuple):
    """One frame, and which of its segments the event holds."""

    frame: Array
    held: Array


def carried(function: Callable[..., Any] | None) -> Carried | None:
    """Return a user's function as it is sent to workers."""
    return None if function is None else Carried(function)
