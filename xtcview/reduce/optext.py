"""Ops as text: ``'mean'``, ``'mean, above(30)'``, ``['std', 'histogram(0, 500, width=5)']``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from xtcview.errors import XtcError, near
from xtcview.reduce.counting import histogram
from xtcview.reduce.op import Op
from xtcview.reduce.pixelwise import OPS, above, below, projection, short_counting
from xtcview.reduce.rows import table

MAKERS: dict[str, Callable[..., Op]] = {
    "above": above,
    "below": below,
    "histogram": histogram,
    "projection": projection,
    "table": table,
}
_KNOWN = [*OPS, *(f"{name}(...)" for name in MAKERS), "above:16000"]
_BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)  # of Python's parser


def find(wanted: str | Op | Iterable[str | Op]) -> tuple[Op, ...]:
    """Return the ops that are meant.

    Parameters
    ----------
    wanted : str, Op or iterable of them
        A text may name several, with commas between them.

    Raises
    ------
    XtcError
        For an unknown name, none at all, or two results of one name.
    """
    if not isinstance(wanted, Iterable | Op):
        raise XtcError(f"ops={wanted!r}: expected names such as ['mean', 'max'].{near('', _KNOWN)}")
    listed = [wanted] if isinstance(wanted, str | Op) else list(wanted)
    found = [op for one in listed for op in _of(one)]
    if not found:
        raise XtcError(f"no op is given, so there is nothing to compute.{near('', _KNOWN)}")
    return _distinct(found)


def _distinct(found: list[Op]) -> tuple[Op, ...]:
    """Return each op once; two that differ may not give results of one name."""
    owners: dict[str, Op] = {}
    for op in found:
        for field in op.fields:
            other = owners.setdefault(field.name, op)
            if other is not op and not (op.exact and other.exact and op.text == other.text):
                raise XtcError(
                    f"two ops have a result called {field.name!r}: {other.text} and {op.text}; "
                    "give one of them another name=..."
                )
        if OPS.get(op.name, op).text != op.text:
            raise XtcError(f"{op.text} cannot be called {op.name!r}, which is another op's name")
    return tuple({id(owners[op.name]): owners[op.name] for op in found}.values())


def _of(one: Any) -> list[Op]:
    if isinstance(one, Op):
        return [one]
    if not isinstance(one, str):
        raise XtcError(f"no op is called {one!r}.{near(str(one), _KNOWN)}")
    known = OPS.get(one) or short_counting(one)
    if known is not None:
        return [known]
    try:
        tree = ast.parse(one.strip(), mode="eval").body if one.strip() else ast.Tuple([])
    except _BROKEN as error:
        raise XtcError(
            f"no op is called {one!r:.200}, and it cannot be read: {error}.{near(one, _KNOWN)}"
        ) from error
    nodes = tree.elts if isinstance(tree, ast.Tuple) else [tree]
    return [_made(node, one) for node in nodes]


def _made(node: ast.expr, text: str) -> Op:
    if isinstance(node, ast.Name):
        if node.id in OPS:
            return OPS[node.id]
        raise XtcError(f"no op is called {node.id!r}.{near(node.id, _KNOWN)}")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id not in MAKERS:
            raise XtcError(f"no op is called {node.func.id!r}.{near(node.func.id, MAKERS)}")
        return _called(MAKERS[node.func.id], node, text)
    raise XtcError(f"no op is called {text!r:.200}.{near('', _KNOWN)}")


def _called(maker: Callable[..., Op], node: ast.Call, text: str) -> Op:
    try:
        values = [ast.literal_eval(value) for value in node.args]
        named = {str(key.arg): ast.literal_eval(key.value) for key in node.keywords}
        return maker(*values, **named)
    except (ValueError, TypeError) as error:
        raise XtcError(f"ops={text!r:.200}: {error}") from error
