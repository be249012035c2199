"""What psana gives in place of some payloads, or beside them.

Shared beam line records are cut into their members, Timepix data of version 1 are put where
their pixels are, and a pnCCD is given as one frame too (psana's PSXtcInput and psddl_pds2psana).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from xtcview.errors import XtcError
from xtcview.format.headers import type_word, version
from xtcview.format.ids import TypeId
from xtcview.types.record import Record

from .store import FindConfig, Item


class Derived(Item):
    """An object that is made from another payload.

    Parameters
    ----------
    item : Item
        The payload.
    kind : type of Record
        What is made.
    make : callable
        Makes it from the decoded payload.
    """

    __slots__ = ("_item", "_make")
    is_derived = True

    def __init__(self, item: Item, kind: type[Record], make: Callable[[Any], Record]) -> None:
        word = type_word(kind.TypeId, kind.Version)  # type: ignore[attr-defined]
        super().__init__(item.src, word, item.damage, item.file, item.at, item.size)
        self.kind, self._item, self._make = kind, item, make

    def value(self, find_config: FindConfig) -> Record:
        """Return the object, made once."""
        if self._value is None:
            self._value = self._make(self._item.value(find_config))
        return self._value


def served(items: Iterable[Item]) -> list[Item]:
    """Return what an event gives for its payloads; mostly these themselves, EPICS excepted."""
    found = []
    for item in items:
        rule = _RULES.get(item.word & 0xFFFF)
        if rule is None:
            found.append(item)
        else:
            found += rule(item)
    return found


def _members(item: Item) -> list[Item]:
    from xtcview.types import bld

    if item.kind not in bld.SHARED or item.damage:
        return [item]
    try:
        parts = bld.split(item.value(lambda _src, _kind: None))
    except XtcError:
        return [item]  # asking for it tells what is wrong with it
    found, at = [], item.at
    for kind, data in parts:
        word = type_word(kind.TypeId, kind.Version)  # type: ignore[attr-defined]
        found.append(Item(item.src, word, item.damage, item.file, at, len(data), data))
        at += len(data)
    return found


def _timepix(item: Item) -> list[Item]:
    from xtcview.types import timepix

    return [Derived(item, timepix.DataV2, timepix.as_v2)] if version(item.word) == 1 else [item]


def _pnccd(item: Item) -> list[Item]:
    from xtcview.types import pnccd

    if item.kind is not pnccd.FramesV1:
        return [item]
    return [Derived(item, pnccd.FullFrameV1, pnccd.full_frame), item]


_RULES: dict[int, Callable[[Item], list[Item]]] = {
    int(TypeId.Epics): lambda _: [],  # values of their own, not objects of the event
    int(TypeId.SharedIpimb): _members,
    int(TypeId.SharedPIM): _members,
    int(TypeId.SharedUsdUsb): _members,
    int(TypeId.TimepixData): _timepix,
    int(TypeId.pnCCDframe): _pnccd,
}
