"""Recorded answers that know which of them were asked for: what no test reads must show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.conftest import golden_json


class Watched(dict[str, Any]):
    """A recorded object; remembers the names that were read."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.seen: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.seen.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.seen.add(name)
        return super().get(name, default)

    def items(self) -> Any:
        return [(name, self[name]) for name in self]

    def values(self) -> Any:
        return [self[name] for name in self]


def watched(name: str) -> Any:
    """Return a recorded answer, such as 'psana/sources-r34.json', nothing of it read yet."""
    return _wrap(golden_json(name))


def _wrap(value: Any) -> Any:
    if isinstance(value, dict):
        return Watched({name: _wrap(part) for name, part in value.items()})
    return [_wrap(part) for part in value] if isinstance(value, list) else value


def unread(value: Any, path: str = "") -> list[str]:
    """List the names that were not read, of all items of a list as one."""
    return sorted(set(_unread(value, path)))


def _unread(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Watched):
        for name, part in dict.items(value):
            if name in value.seen:
                yield from _unread(part, f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(value, list):
        for part in value:
            yield from _unread(part, f"{path}[]")
