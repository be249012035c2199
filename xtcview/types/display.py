"""A record for the eye: as a line, as a dictionary, as a table of a notebook."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from xtcview.errors import XtcError

if TYPE_CHECKING:
    from .record import Record

_FEW = 4  # elements of an array that are written out


def value(record: Record, name: str) -> Any:
    """Return what the accessor gives; all items where it takes a number."""
    shape = getattr(record, f"{name}_shape", None)
    if shape is None:
        return getattr(record, name)()
    return [getattr(record, name)(i) for i in range(shape()[0])]


def plain(item: Any) -> Any:
    """Return a value with its nested records as dictionaries."""
    if hasattr(item, "asdict"):
        return item.asdict()
    return [plain(part) for part in item] if isinstance(item, list) else item


def short(item: Any) -> str:
    """Write a value on a part of a line."""
    if isinstance(item, np.ndarray) and (item.size > _FEW or item.ndim > 1):
        return f"<{item.dtype} {item.shape}>"
    if isinstance(item, list) and len(item) > 2:
        return f"[{short(item[0])}, ... {len(item)} in all]"
    if isinstance(item, np.ndarray):
        return np.array_repr(item, max_line_width=sys.maxsize)
    return f"<{type(item).__name__}>" if hasattr(item, "asdict") else repr(item)


def table(record: Record, title: str) -> str:
    """Write a record as a small HTML table: field, value, type.

    A field that cannot be read shows why.
    """
    rows = "".join(_row(name, *_cells(record, name)) for name in record.NAMES)
    head = "<tr><th>field</th><th>value</th><th>type</th></tr>"
    return f"<table><caption>{escape(title)}</caption>{head}{rows}</table>"


def _row(*cells: str) -> str:
    inside = "".join(f'<td style="text-align: left">{escape(cell)}</td>' for cell in cells)
    return f"<tr>{inside}</tr>"


def _cells(record: Record, name: str) -> tuple[str, str]:
    try:
        found = value(record, name)
    except XtcError as error:
        return f"cannot be read: {error}", ""
    if isinstance(found, np.ndarray):
        return _array(found), f"{found.dtype} {found.shape}"
    return short(found), type(found).__name__


def _array(array: Any) -> str:
    """Write the first elements of an array, and its range."""
    if not array.size:
        return "empty"
    shown = ", ".join(str(item) for item in array.ravel()[:_FEW].tolist())
    if array.size <= _FEW or array.dtype.kind not in "iuf":
        return shown
    return f"{shown}, ... (min {array.min()}, max {array.max()})"
