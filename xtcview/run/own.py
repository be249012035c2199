"""Objects that a script keeps with an event or with the environment, under psana's rules.

psana (psana_python, ProxyDictMethods) keeps one plain Python object per source and key, whatever
its class; texts and arrays have a place of their own. Kept objects may be replaced, those that
were decoded from the file may not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from xtcview.errors import KeptError, SourceError
from xtcview.format.ids import Level
from xtcview.format.src import NO_SRC, BldInfo, Src, det_info
from xtcview.source import AliasMap, Pattern
from xtcview.types.record import Record, type_path

from .store import EventKey, Item, pattern_of

ANY, NONE = Pattern("any"), Pattern("none")
_SEPARATE = (str, np.ndarray)  # psana turns these into C++ objects


class OwnObjects:
    """Objects of a script, by source and key."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Src, str, type], Any] = {}

    def put(self, value: Any, src: Src, key: str) -> None:
        """Keep an object; it replaces one of the same source and key."""
        self._kept[src, key, _slot(type(value))] = value

    def get(self, kinds: Iterable[Any], pattern: Pattern, key: str) -> Any:
        """Return the first object of these classes from a source; None without one."""
        if not self._kept:
            return None
        places = [place for place in self._kept if place[1] == key and pattern.matches(place[0])]
        places.sort(key=lambda place: place[0] != NO_SRC)  # as in psana, those without first
        for kind in kinds:
            for place in places:
                if isinstance(kind, type) and isinstance(self._kept[place], kind):
                    return self._kept[place]
        return None

    def named(self, key: str, *more: Any) -> Any:
        """Return the object without source under a key, of any class; None without one.

        Raises
        ------
        TypeError
            More is asked for than psana's ``get(key)`` takes.
        """
        if any(part is not None for part in more):
            raise TypeError(f"get({key!r}, ...): a key alone, or a class in front of it")
        return self.get([object], NONE, key)

    def remove(self, kinds: Iterable[Any], src: Src, key: str) -> bool:
        """Forget an object; return whether there was one."""
        for kind in kinds:
            place = (src, key, _slot(kind))
            if place in self._kept and isinstance(self._kept[place], kind):
                del self._kept[place]
                return True
        return False

    def keys(self, pattern: Pattern, aliases: AliasMap) -> list[EventKey]:
        """List what is kept of the sources that are meant."""
        return [
            EventKey(type(value), src, aliases.alias(src), key)
            for (src, key, _), value in self._kept.items()
            if pattern.matches(src)
        ]

    def __len__(self) -> int:
        return len(self._kept)


def _slot(kind: type) -> type:
    return next((base for base in _SEPARATE if issubclass(kind, base)), object)


def place(source: Any, key: str | None, aliases: AliasMap) -> tuple[Src, str]:
    """Return where ``put`` and ``remove`` mean: a text alone is a key, not a source.

    Parameters
    ----------
    source : Source, Src, str or None
        It must mean one source; None: without source.
    key : str, optional

    Raises
    ------
    SourceError
        A source that means several, or is none.
    TypeError
        Something else.
    """
    if isinstance(source, str) and key is None:
        source, key = None, source
    if not isinstance(key, str | None):
        raise TypeError(f"expected a text as key, found {key!r}")
    if source is None or isinstance(source, Src):
        return NO_SRC if source is None else source, key or ""
    return _only(pattern_of(source, aliases), source), key or ""


def _only(pattern: Pattern, source: Any) -> Src:
    if pattern.kind == "none":
        return NO_SRC
    parts = [part for part in pattern.parts if part is not None]
    if pattern.kind == "DetInfo" and len(parts) == 4:
        return det_info(*parts)
    if pattern.kind == "BldInfo" and parts:
        return BldInfo(Level.Reporter << 24, parts[0])
    wanted = "one source, such as 'DetInfo(CxiDs1.0:Cspad.0)' or key.src()"
    raise SourceError(f"{source!r} may mean several sources; expected {wanted}")


def refuse_decoded(items: Iterable[Item], value: Any, src: Src, key: str) -> None:
    """Raise an error when an object would stand in the place of one from the file.

    Raises
    ------
    KeptError
    """
    if not isinstance(value, Record) or key:
        return
    if any(item.kind is type(value) and item.src == src for item in items):
        what = f"there is a {type_path(type(value))} of {src!r} from the file"
        raise KeptError(f"{what}, which cannot be replaced; give a key, or remove it before")
