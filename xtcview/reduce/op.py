"""One thing to compute: which parts it is made of, and what the result is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from xtcview.errors import XtcError
from xtcview.reduce.parts import Array, DType, Part

PIXELS = ("segment", "row", "col")
State = list[Array]  # one array per part


class Field(NamedTuple):
    """One array of a result.

    Parameters
    ----------
    name : str
        Attribute of the reduction.
    dims : tuple of str
        Names of its axes. 'segment', 'row' and 'col' are those of the frames.
    unit : str
        'ADU', or '' for counts.
    shared : bool
        Whether all groups have the same, as edges of bins.
    """

    name: str
    dims: tuple[str, ...] = PIXELS
    unit: str = "ADU"
    shared: bool = False


@dataclass(frozen=True)
class Op:
    """One result, computed from parts.

    Parameters
    ----------
    name : str
        The attribute of the reduction.
    parts : tuple of Part
        What is accumulated.
    finalize : callable
        ``finalize(parts, n, dtype)`` -> the result, or a dict of results by name. `n` counts the
        events per segment and broadcasts over the frame; `dtype` is that of the frames.
    fields : tuple of Field
        Names and axes of the results; the first is called as the op is.
    text : str
        How a person would write it.
    exact : bool
        Whether `text` says everything, so that the op can be made from it again.
    """

    name: str
    parts: tuple[Part, ...]
    finalize: Callable[[State, Array, DType], Array | dict[str, Array]]
    fields: tuple[Field, ...] = ()
    text: str = ""
    exact: bool = False

    def __post_init__(self) -> None:
        if not self.fields:
            object.__setattr__(self, "fields", (Field(self.name),))
        if not self.text:
            object.__setattr__(self, "text", self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        # workers only add: rings, masks and the like of `finalize` are not sent to them
        return _received, (self.name, self.parts, self.fields, self.text, self.exact)


def _received(
    name: str, parts: tuple[Part, ...], fields: tuple[Field, ...], text: str, exact: bool
) -> Op:
    return Op(name, parts, _elsewhere, fields, text, exact)


def _elsewhere(parts: State, n: Array, dtype: DType) -> NoReturn:
    raise XtcError("the results of an op are made where the reduction was started, not by workers")


def call_text(function: str, /, *values: object, **named: object) -> str:
    """Return how a person would write a call; arguments that are None are left out."""
    given = [repr(value) for value in values]
    given += [f"{key}={value!r}" for key, value in named.items() if value is not None]
    return f"{function}({', '.join(given)})"
