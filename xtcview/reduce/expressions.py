"""Conditions and values as text, such as ``'gas > 1 and 140 in codes'``.

A text is read by Python's parser and then walked; nothing in it is ever executed. Names are the
fields of `Run.scalars`: 'step', 'EBeam.ebeamCharge', an EPICS variable or its alias. Those that
Python cannot read as names are put in quotes: ``'"CXI:SB1:MMS:01.RBV" < 3'``. ``140 in codes`` asks
for an event code. There are also numbers, + - * / // %, comparisons, ``in`` a list of numbers,
``and``, ``or``, ``not``, ``abs`` and ``round``, and the fields 'event' and 'run', its numbers.

An event may lack a number. What can be said without it is said, as ``x > 1 or step == 2`` where the
step is 2; for the rest the answer is not known, which is not the same as False.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import XtcError

Array = NDArray[Any]

CODES = "codes"
LONGEST = 4000  # characters
_BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)  # of Python's parser

_ARITHMETIC: dict[type[ast.operator], Callable[[Array, Array], Array]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class Known(NamedTuple):
    """Values, and for which events they are known."""

    values: Array
    known: Array


@dataclass(frozen=True)
class Expression:
    """A text that was read.

    Parameters
    ----------
    text : str
        As given.
    tree : ast.expr
        What the parser made of it.
    fields : tuple of str
        Fields of `Run.scalars` that it needs.
    """

    text: str
    tree: ast.expr
    fields: tuple[str, ...]

    def evaluate(self, columns: Mapping[str, Known]) -> Known:
        """Return the value for each event.

        Parameters
        ----------
        columns : mapping of str to Known
            Of all `fields`.
        """
        values, known = _Walk(self.text, columns).of(self.tree)
        shape = np.broadcast_shapes(*(c.values.shape for c in columns.values()), np.shape(values))
        return Known(np.broadcast_to(values, shape), np.broadcast_to(known, shape))


def read(text: str) -> Expression:
    """Read a text.

    Raises
    ------
    XtcError
        For what is no expression, or holds anything but what this module names.
    """
    if len(text) > LONGEST:
        raise XtcError(f"{text!r:.60}...: expected at most {LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        fields = dict.fromkeys(_Walk(text, None).fields(tree))
    except XtcError:
        raise
    except _BROKEN as error:
        raise XtcError(f"{text!r:.200} cannot be read: {error}") from error
    return Expression(text, tree, tuple(fields))


class _Walk:
    """Walks over the nodes: first without columns, to learn which are needed."""

    def __init__(self, text: str, columns: Mapping[str, Known] | None) -> None:
        self._text, self._columns, self._needed = text, columns, list[str]()

    def fields(self, tree: ast.expr) -> list[str]:
        self.of(tree)
        return self._needed

    def of(self, node: ast.expr) -> Known:
        """Return what a node is for each event."""
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            return self._constant(node)
        if isinstance(node, ast.Name | ast.Attribute | ast.Constant):
            return self._column(self._name(node))
        kinds: list[tuple[Any, Callable[[Any], Known]]] = [
            (ast.BoolOp, self._logic),
            (ast.UnaryOp, self._unary),
            (ast.BinOp, self._arithmetic),
            (ast.Compare, self._comparisons),
            (ast.Call, self._call),
        ]
        for kind, answer in kinds:
            if isinstance(node, kind):
                return answer(node)
        raise self._refused(node)

    def _refused(self, node: ast.AST) -> XtcError:
        part = ast.get_source_segment(self._text.strip(), node) or type(node).__name__
        return XtcError(
            f"{self._text!r:.200}: {part!r:.80} is not understood; expected names of scalars, "
            "numbers, comparisons, 'in', 'and', 'or', 'not', + - * / // %, abs and round"
        )

    def _constant(self, node: ast.Constant) -> Known:
        if not isinstance(node.value, bool | int | float):
            raise self._refused(node)
        return Known(np.asarray(node.value), np.asarray(True))

    def _name(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.Attribute):
            return f"{self._name(node.value)}.{node.attr}"
        raise self._refused(node)

    def _column(self, name: str) -> Known:
        if self._columns is None:
            if name == CODES:
                raise XtcError(f"{self._text!r:.200}: write '140 in {CODES}' for an event code")
            self._needed.append(name)
            return Known(np.ones(1), np.ones(1, bool))
        values, known = self._columns[name]
        return Known(values, known & ~np.isnan(values) if values.dtype.kind == "f" else known)

    def _logic(self, node: ast.BoolOp) -> Known:
        parts = [self.of(value) for value in node.values]
        decisive = isinstance(node.op, ast.Or)  # one such part decides, whatever the others are
        decided = [known & (_true(values) == decisive) for values, known in parts]
        found = np.logical_or.reduce(np.broadcast_arrays(*decided))
        every = np.logical_and.reduce(np.broadcast_arrays(*(known for _, known in parts)))
        return Known(found if decisive else ~found, found | every)

    def _unary(self, node: ast.UnaryOp) -> Known:
        values, known = self.of(node.operand)
        if isinstance(node.op, ast.Not):
            return Known(~_true(values), known)
        if isinstance(node.op, ast.USub | ast.UAdd):
            return Known(-_number(values) if isinstance(node.op, ast.USub) else values, known)
        raise self._refused(node)

    def _arithmetic(self, node: ast.BinOp) -> Known:
        if type(node.op) not in _ARITHMETIC:
            raise self._refused(node)
        left, right = self.of(node.left), self.of(node.right)
        with np.errstate(all="ignore"):  # x / 0 is not a number, hence not known
            found = _ARITHMETIC[type(node.op)](_number(left.values), _number(right.values))
        known = left.known & right.known & np.isfinite(found)
        if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
            known = known & (right.values != 0)  # numpy's integers give 0
        return Known(found, known)

    def _comparisons(self, node: ast.Compare) -> Known:
        sides = [node.left, *node.comparators]
        found = [
            self._compared(op, left, right)
            for op, left, right in zip(node.ops, sides, sides[1:], strict=False)
        ]
        values = np.logical_and.reduce(np.broadcast_arrays(*(f.values for f in found)))
        known = np.logical_and.reduce(np.broadcast_arrays(*(f.known for f in found)))
        return Known(values, known)

    def _compared(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> Known:
        if isinstance(op, ast.In | ast.NotIn):
            values, known = self._inside(left, right)
            return Known(values if isinstance(op, ast.In) else ~_true(values), known)
        if type(op) not in _COMPARISONS:
            raise self._refused(left)
        a, b = self.of(left), self.of(right)
        return Known(_COMPARISONS[type(op)](a.values, b.values), a.known & b.known)

    def _inside(self, left: ast.expr, right: ast.expr) -> Known:
        if isinstance(right, ast.Name) and right.id == CODES:
            if not isinstance(left, ast.Constant) or type(left.value) is not int:
                raise self._refused(left)
            return self._column(f"eventcode.{left.value}")
        if not isinstance(right, ast.List | ast.Tuple | ast.Set):
            raise self._refused(right)
        try:
            choices = list(ast.literal_eval(right))
        except ValueError:
            raise self._refused(right) from None
        if not all(isinstance(choice, bool | int | float) for choice in choices):
            raise self._refused(right)
        values, known = self.of(left)
        return Known(np.isin(values, choices), known)

    def _call(self, node: ast.Call) -> Known:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if node.keywords or len(node.args) != 1 + (name == "round" and len(node.args) == 2):
            raise self._refused(node)
        values, known = self.of(node.args[0])
        if name == "abs":
            return Known(np.abs(_number(values)), known)
        if name != "round":
            raise self._refused(node)
        places = ast.literal_eval(node.args[1]) if len(node.args) == 2 else 0
        if not isinstance(places, int):
            raise self._refused(node)
        return Known(np.round(_number(values), places), known)


def _true(values: Array) -> Array:
    return np.asarray(values, np.bool_)


def _number(values: Array) -> Array:
    """Return values that can be computed with: of small integers, without wrapping around."""
    return values.astype(np.float64) if values.dtype.kind == "f" else values.astype(np.int64)
