"""What is known of one event, and how a person is told what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import XtcError
from xtcview.format.ids import Damage

Array = NDArray[Any]


@dataclass(frozen=True)
class Shot:
    """What is known of one event.

    Attributes
    ----------
    index : int
        Position in `run.times()`.
    seconds, nanoseconds, fiducial : int
        The event's identity.
    raw : ndarray (segments, rows, cols) or None
        ADU as the DAQ wrote them, missing segments 0; None when there is no data.
    present : ndarray of bool (segments,)
        Segments that the event holds.
    damage : str
        Names of the damage bits, '' when there are none.
    note : str
        Why there is no or not all data, '' when all is well.
    faulty : bool
        Whether some part of the event could not be read; `note` has the first fault.
    event : Event or None
        The event itself.
    """

    index: int
    seconds: int
    nanoseconds: int
    fiducial: int
    raw: Array | None
    present: Array
    damage: str = ""
    note: str = ""
    event: Any = None
    faulty: bool = False

    @property
    def time(self) -> str:
        """The event's time, UTC, to the nanosecond."""
        when = datetime.fromtimestamp(self.seconds, timezone.utc)
        return f"{when:%Y-%m-%d %H:%M:%S}.{self.nanoseconds:09d}"


def damage_text(word: int) -> str:
    """Name the bits of a damage word, or return '' for 0."""
    if not word:
        return ""
    names = [d.name for d in Damage if d.name and word & d]
    return f"{' + '.join(names) or 'unknown bits'} (0x{word:08x})"


def missing_text(present: Array) -> str:
    """Say which segments are absent, '' when all are there."""
    gone = np.flatnonzero(~present)
    if not len(gone):
        return ""
    if len(gone) == len(present):
        return "all segments absent"
    names = ", ".join(map(str, gone[:8])) + (" ..." if len(gone) > 8 else "")
    return f"{len(gone)} of {len(present)} segments absent: {names}"


def error_text(error: BaseException) -> str:
    """Return one line for a person: our errors say it all, others are named first."""
    text = " ".join(str(error).split())
    return text if isinstance(error, XtcError) else f"{type(error).__name__}: {text}"
