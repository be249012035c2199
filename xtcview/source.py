"""Which source a script means: patterns, matching, aliases.

Follows psana's rules (PSEvt/src/Source.cpp, AliasMap.cpp). A `Source` keeps its text; whether it
can be understood shows when it is used, because an alias may stand for anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from xtcview.errors import SourceError, near
from xtcview.format.ids import BLD_TYPES, DETECTORS, DEVICES, OLD_DETECTORS, OLD_DEVICES, Level
from xtcview.format.src import NO_SRC, BldInfo, DetInfo, Src, det_info

_ANY = 255  # of an id: psana's wildcard, so that 255 itself cannot be asked for
_DETECTOR_NUMBERS = {name: i for i, name in enumerate(DETECTORS)} | OLD_DETECTORS
_DEVICE_NUMBERS = {name: i for i, name in enumerate(DEVICES)} | OLD_DEVICES
_BLD_NUMBERS = {name: i for i, name in enumerate(BLD_TYPES)}
_PREFIX = re.compile(r"(DetInfo|BldInfo|ProcInfo)\s*\((.*)\)", re.DOTALL)


class Pattern(NamedTuple):
    """What a text means.

    Parameters
    ----------
    kind : str
        'any', 'none' (objects without source), 'DetInfo', 'BldInfo' or 'ProcInfo'.
    parts : tuple of (int or None)
        Numbers that must be equal; None matches all.
    """

    kind: str
    parts: tuple[int | None, ...] = ()

    def matches(self, src: Src) -> bool:
        """Return whether `src` is meant."""
        if self.kind == "any":
            return True
        if self.kind == "none":
            return src == NO_SRC
        level, phy = src.key
        if _KIND_OF.get(level, "ProcInfo") != self.kind:
            return False
        mask, value = _bits(self.parts)
        return phy & mask == value


_KIND_OF = {int(Level.Source): "DetInfo", int(Level.Reporter): "BldInfo", int(Level.NoSource): ""}


@lru_cache(maxsize=1024)
def _bits(parts: tuple[int | None, ...]) -> tuple[int, int]:
    """Return which bits of a physical id must have which value."""
    mask = value = 0
    width = 32 // len(parts)
    for part in parts:
        mask = mask << width | (0 if part is None else (1 << width) - 1)
        value = value << width | (part or 0)
    return mask, value


def _det_parts(src: Src) -> tuple[int, ...]:
    phy = src.phy()
    return phy >> 24, phy >> 16 & 0xFF, phy >> 8 & 0xFF, phy & 0xFF


class AliasMap:
    """Names that people gave to sources, and the sources in order of appearance."""

    def __init__(self) -> None:
        self._by_name: dict[str, Src] = {}
        self._by_src: dict[Src, str] = {}
        self._srcs: dict[Src, None] = {}
        self._sending: dict[Src, None] = {}

    def add(self, name: str, src: Src) -> None:
        """Name a source; the first definition wins in both directions.

        Raises
        ------
        TypeError
            It is no source.
        """
        if not isinstance(src, Src):
            raise TypeError(f"expected a Src, such as key.src(), found {src!r}")
        self._by_name.setdefault(name, src)
        self._by_src.setdefault(src, name)

    def clear(self) -> None:
        """Forget all aliases; the sources stay listed, as in psana."""
        self._by_name.clear()
        self._by_src.clear()

    def see(self, src: Src) -> None:
        """Note a detector or BLD source of the run's configuration."""
        if isinstance(src, DetInfo | BldInfo):
            self._srcs.setdefault(src)

    def hear(self, src: Src) -> None:
        """Note a source that sends data; psana's `srcs` lists those of the configuration only."""
        if isinstance(src, DetInfo | BldInfo):
            self._sending.setdefault(src)

    def alias(self, src: Src) -> str:
        """Return the alias of a source, '' without one."""
        return self._by_src.get(src, "")

    def src(self, name: str) -> Src:
        """Return the source of an alias, the no-source without one."""
        return self._by_name.get(name, NO_SRC)

    def srcs(self) -> list[Src]:
        """Return the sources in order of first appearance."""
        return list(self._srcs)

    def aliases(self) -> list[str]:
        """Return all aliases."""
        return list(self._by_name)

    def names(self) -> list[str]:
        """Return all that a person may call a source of this run."""
        return [*self._by_name, *(str(getattr(src, "name", src)) for src in self.sources())]

    def sources(self) -> list[Src]:
        """List the sources of the configuration, then others that send data."""
        return list({**self._srcs, **self._sending})


class Source:
    """A source or a pattern of sources, as psana's scripts write it.

    Parameters
    ----------
    *args
        A text such as ``'DetInfo(CxiDg2.0:Tm6740.0)'``, ``'CxiDs1:Cspad'`` or an alias; nothing
        (any source); None (objects without source); a `Src`; a BLD number; or the four numbers
        of a detector.
    """

    def __init__(self, *args: object) -> None:
        self._text = args[0] if len(args) == 1 and isinstance(args[0], str) else None
        self._pattern = None if self._text is not None else _from_values(args)

    def resolve(self, aliases: AliasMap | None = None) -> Pattern:
        """Return what the source means in a run with these aliases.

        Raises
        ------
        SourceError
            The text is neither an alias nor a source.
        """
        if self._pattern is not None:
            return self._pattern
        text = str(self._text)
        if aliases is not None and aliases.src(text) != NO_SRC:
            return exact(aliases.src(text))
        return parse(text, aliases.names() if aliases else ())

    def __repr__(self) -> str:
        return f'Source("{self._text if self._text is not None else ""}")'


def _from_values(args: tuple[object, ...]) -> Pattern:
    if not args:
        return Pattern("any")
    if len(args) == 1:
        value = args[0]
        if value is None:
            return Pattern("none")
        if isinstance(value, Src):
            return exact(value)
        if isinstance(value, int):
            return Pattern("BldInfo", (value,))
    if len(args) == 4 and all(isinstance(a, int) for a in args):
        return exact(det_info(*args))  # type: ignore[arg-type]
    raise TypeError(f"Source takes a text, a Src, a BLD number or four numbers, not {args!r}")


def exact(src: Src) -> Pattern:
    """Return the pattern that matches this source alone."""
    if src.key == NO_SRC.key:
        return Pattern("none")
    if isinstance(src, DetInfo):
        return Pattern("DetInfo", _det_parts(src))
    kind = "BldInfo" if isinstance(src, BldInfo) else "ProcInfo"
    return Pattern(kind, (src.phy(),))


def parse(text: str, known: Iterable[str] = ()) -> Pattern:
    """Read a source text that is no alias.

    Raises
    ------
    SourceError
        It is no source; the message names near ones from `known`.
    """
    stripped = text.strip()
    if not stripped:
        return Pattern("any")
    prefixed = _PREFIX.match(stripped)
    if prefixed:
        readers = {"DetInfo": _det_pattern, "BldInfo": _bld_pattern, "ProcInfo": _proc_pattern}
        found = readers[prefixed[1]](prefixed[2].strip())
    else:
        found = _bld_pattern(stripped) or _det_pattern(stripped)
    if found is None:
        raise SourceError(
            f"Source string cannot be parsed: {text!r}. Expected an alias or a source such as "
            f"'DetInfo(CxiDs1.0:Cspad.0)'.{near(stripped, known)}"
        )
    return found


def _bld_pattern(text: str) -> Pattern | None:
    if not text:
        return Pattern("BldInfo", (None,))
    return Pattern("BldInfo", (_BLD_NUMBERS[text],)) if text in _BLD_NUMBERS else None


def _proc_pattern(text: str) -> Pattern | None:
    if not text:
        return Pattern("ProcInfo", (None,))
    octets = text.split(".")
    if len(octets) != 4 or not all(o.isdecimal() and int(o) <= 255 for o in octets):
        return None
    return Pattern("ProcInfo", (int.from_bytes(bytes(map(int, octets)), "big"),))


def _det_pattern(text: str) -> Pattern | None:
    """Read 'CxiDs1.0:Cspad.0' or the DAQ's 'CxiDs1-0|Cspad-0'; parts left out match all."""
    for between, inside in ((":", "."), ("|", "-")):
        detector, _, device = text.partition(between)
        halves = (
            _half(detector, inside, _DETECTOR_NUMBERS),
            _half(device, inside, _DEVICE_NUMBERS),
        )
        if None not in halves:
            return Pattern("DetInfo", halves[0] + halves[1])  # type: ignore[operator]
    return None


def _half(text: str, between: str, numbers: dict[str, int]) -> tuple[int | None, ...] | None:
    """Read a name and its number; None when they are neither known nor wildcards."""
    name, _, number = (part.strip() for part in text.partition(between))
    if name not in ("", "*") and name not in numbers:
        return None
    if number in ("", "*"):
        return numbers.get(name), None
    if not number.isdecimal():
        return None
    value = int(number) & 0xFF
    return numbers.get(name), None if value == _ANY else value
