"""What became of every selected event: counted, missing, damaged, failed, or not read yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["left_out", "missing", "damaged", "failed"]
KINDS: tuple[Kind, ...] = ("left_out", "missing", "damaged", "failed")
SHOWN = 5  # event numbers named per line of text


class Skipped(NamedTuple):
    """One event that is not in the result.

    Parameters
    ----------
    kind : str
        'left_out': a condition or a function of the user leaves it out, or cannot be decided.
        'missing': the event holds no data of the detector. 'damaged': the DAQ marked them as
        damaged. 'failed': they could not be read.
    reason : str
        In words.
    event : int
        Event number.
    """

    kind: Kind
    reason: str
    event: int


@dataclass(frozen=True)
class Report:
    """The account of a reduction.

    ``counted + left_out + missing + damaged + failed + unread == selected`` always holds;
    `unread` is 0 once the reduction has ended by itself.

    Parameters
    ----------
    selected : int
        Events to be read.
    counted : int
        Events in the result.
    skipped : tuple of Skipped
        Every event that was read and is not in the result.
    """

    selected: int
    counted: int
    skipped: tuple[Skipped, ...] = ()

    def of_kind(self, kind: Kind) -> list[int]:
        """Return the numbers of the events of one kind, such as 'missing', in order."""
        return sorted(one.event for one in self.skipped if one.kind == kind)

    @property
    def left_out(self) -> int:
        """Events that a condition or a function leaves out, or cannot decide on."""
        return len(self.of_kind("left_out"))

    @property
    def missing(self) -> int:
        """Events without data of the detector."""
        return len(self.of_kind("missing"))

    @property
    def damaged(self) -> int:
        """Events whose data the DAQ marked as damaged."""
        return len(self.of_kind("damaged"))

    @property
    def failed(self) -> int:
        """Events that could not be read."""
        return len(self.of_kind("failed"))

    @property
    def unread(self) -> int:
        """Events that were not read (yet)."""
        return self.selected - self.counted - len(self.skipped)

    @property
    def reasons(self) -> dict[str, list[int]]:
        """Event numbers by kind and reason, such as ``'damaged: damage word 0x4000'``."""
        found: dict[str, list[int]] = {}
        for kind in KINDS:
            for one in sorted(s for s in self.skipped if s.kind == kind):
                found.setdefault(f"{one.kind.replace('_', ' ')}: {one.reason}", []).append(
                    one.event
                )
        return found

    def __str__(self) -> str:
        shown = [kind for kind in (*KINDS, "unread") if kind != "left_out" or self.left_out]
        counts = ", ".join(f"{getattr(self, kind)} {kind.replace('_', ' ')}" for kind in shown)
        lines = [f"{self.counted} of {self.selected} events counted, {counts}"]
        for reason, events in self.reasons.items():
            named = ", ".join(str(event) for event in events[:SHOWN])
            more = ", ..." if len(events) > SHOWN else ""
            lines.append(f"  {reason} ({len(events)}: event {named}{more})")
        return "\n".join(lines)
