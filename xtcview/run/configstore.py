"""Configuration objects under (source, type), as psana gives them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from xtcview.errors import FormatError
from xtcview.format.src import NO_SRC, Src
from xtcview.source import AliasMap, Pattern
from xtcview.types.record import Record

from .eventid import EventId
from .files import Problem
from .own import ANY, NONE, OwnObjects, place, refuse_decoded
from .problems import Problems
from .store import (
    EventKey,
    Item,
    first,
    item_key,
    kinds_of,
    matching,
    order,
    pattern_of,
)


class ConfigStore:
    """Configuration objects that hold at one calib cycle.

    Parameters
    ----------
    items : iterable of Item
        In the order of arrival; a later one replaces an earlier one of the same source and type.
    aliases : AliasMap
    told : Problems, optional
        Of the run; receives what cannot be given.
    """

    own: OwnObjects  # what a script has put there
    event_id: Callable[[], EventId | None]  # who the event is at which this store holds

    def __init__(
        self, items: Iterable[Item], aliases: AliasMap, told: Problems | None = None
    ) -> None:
        self.own, self.event_id = OwnObjects(), lambda: None
        latest = {(item.src.key, item.word): item for item in items}
        self._items = sorted(latest.values(), key=order)
        self._aliases = aliases
        self._found: dict[tuple[Any, type[Record]], Record | None] = {}
        self.problems: list[Problem] = []
        self._told = Problems() if told is None else told

    def get(self, kind: Any, source: Any = None, key: str | None = None) -> Any:
        """Return the first object of a class (or several) from a source.

        Parameters
        ----------
        kind : type, int or iterable of them
        source : Source, Src or str, optional
            Any source when not given. A text alone is the key of an object of one's own if there
            is one (as in psana), and otherwise a source.
        key : str, optional
            Key of an object of one's own.

        Returns
        -------
        Record, object of one's own or None
        """
        kinds = kinds_of(kind)
        if isinstance(source, str) and key is None:
            named = self.own.get(kinds, NONE, source)
            if named is not None or not self._items:  # nothing there has a source
                return named
        pattern = self._pattern(source)
        if EventId in kinds and not key and pattern.kind in ("any", "none"):
            return self.event_id()
        found = self.own.get(kinds, pattern, key or "")
        if found is not None or key:
            return found
        try:
            return first(matching(self._items, pattern), kinds, self.find, self._note)
        except FormatError as error:
            lost = "the configuration is not given"
            self._told.tell(Problem(str(error.file), error.offset, error.what, lost))
            raise

    def _pattern(self, source: Any) -> Pattern:
        return ANY if source is None else pattern_of(source, self._aliases)

    def find(self, src: Src, kind: type[Record]) -> Record | None:
        """Return the configuration of exactly this source and class."""
        key = src.key, kind
        if key not in self._found:
            mine = [item for item in self._items if item.src == src]
            self._found[key] = first(mine, [kind], self.find, self._note)
        return self._found[key]

    def _note(self, item: Item, reason: str) -> None:
        problem = Problem(str(item.file.path), item.at, reason, "it is not given")
        self.problems.append(problem)
        self._told.tell(problem)

    def put(self, value: Any, source: Any = None, key: str | None = None) -> None:
        """Keep an object of one's own: ``put(x)``, ``put(x, key)``, ``put(x, source[, key])``.

        Raises
        ------
        KeptError
            The run has such a configuration.
        SourceError
            The source may mean several.
        """
        src, key = place(source, key, self._aliases)
        refuse_decoded(self._items, value, src, key)
        self.own.put(value, src, key)

    def keys(self, source: Any = None) -> list[EventKey]:
        """List what there is, of some sources or of all."""
        pattern = self._pattern(source)
        found = [item_key(item, self._aliases) for item in matching(self._items, pattern)]
        if pattern.kind in ("any", "none") and self.event_id() is not None:
            found.append(EventKey(EventId, NO_SRC))
        return found + self.own.keys(pattern, self._aliases)

    def extended(self, items: Iterable[Item]) -> ConfigStore:
        """Return a store in which these stand in the place of earlier ones."""
        found = ConfigStore([*self._items, *items], self._aliases, self._told)
        found.own, found.event_id = self.own, self.event_id
        return found

    def within(self, own: OwnObjects, event_id: Callable[[], EventId | None]) -> ConfigStore:
        """Return the same configuration as an environment shows it."""
        found = copy.copy(self)
        found.own, found.event_id = own, event_id
        return found

    def items(self) -> list[Item]:
        """List the payloads, for the layers above."""
        return list(self._items)

    def __repr__(self) -> str:
        return f"<ConfigStore of {len(self._items) + len(self.own)} objects>"
