"""Which damaged payloads an event shows (PSXtcInput/src/DamagePolicy)."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Any

from xtcview.format.ids import Damage, TypeId

from .store import Item

_BITS = 0x00FFFFFF  # of a damage word; the other 8 belong to the detector
_USER = int(Damage.UserDefined)
LACKING = int(  # of a datagram: something that should be in it is not
    Damage.DroppedContribution | Damage.IncompleteContribution | Damage.ContainsIncomplete
)


def together(items: Iterable[Item], roots: Iterable[int]) -> int:
    """Return the damage bits of payloads and datagrams, all in one word."""
    return functools.reduce(operator.or_, [*roots, *(item.damage for item in items)], 0)


def is_shown(item: Item, options: dict[str, Any]) -> bool:
    """Apply psana's rule on damaged payloads of events."""
    if not item.damage:
        return True
    bits, user = item.damage & _BITS, item.damage >> 24
    if user and not bits & _USER:
        return False
    if bits & _USER:
        if item.word & 0xFFFF != TypeId.EBeamBld or not options["psana.store-user-ebeam-damage"]:
            return False
        bits &= ~_USER
    if bits == Damage.OutOfOrder:
        return bool(options["psana.store-out-of-order-damage"])
    return bits == 0
