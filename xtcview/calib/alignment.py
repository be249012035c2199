"""Align a detector: move and turn the objects of its geometry, and write down what was done.

A geometry does not change; each function returns another one. Objects are named as in the file,
('QUAD:V1', 2); sections that several quads number alike need the parent too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import numpy as np

from xtcview.calib.geometry_text import Geometry, Key, Row, children, roots
from xtcview.calib.placement import at_interaction_point
from xtcview.errors import GeometryError, near

_FIELDS = Row._fields[4:]  # what may be set: origin, design angles, tilts


def find(table: Geometry, name: str | None, index: int = 0, parent: Key | None = None) -> Row:
    """Return one object of a geometry.

    Parameters
    ----------
    table : Geometry
    name : str, optional
        Of the object; without it, the outermost object, the detector as a whole.
    index : int
    parent : (str, int), optional
        Its parent, where several have such an object.

    Raises
    ------
    GeometryError
        If there is no such object, or several.
    """
    rows = table.rows
    if name is None:
        found = [rows[i] for key in roots(rows) for i in children(rows)[key]]
    else:
        found = [row for row in rows if row[2:4] == (name, index)]
    if parent is not None:
        found = [row for row in found if row[:2] == tuple(parent)]
    if len(found) == 1:
        return found[0]
    asked = "the outermost object" if name is None else f"{name} {index}"
    if found:
        there = ", ".join(f"in {row.parent} {row.parent_index}" for row in found)
        raise GeometryError(f"{table.name}: {asked} stands {len(found)} times: {there}; name one")
    hint = near(f"{name} {index}", [f"{row.object} {row.object_index}" for row in rows])
    raise GeometryError(f"{table.name}: no object {asked}.{hint}")


def below(table: Geometry, name: str | None, index: int = 0) -> Geometry:
    """Return an object alone, with all that it holds, in its parent's frame.

    Raises
    ------
    GeometryError
        See `find`.
    """
    top = find(table, name, index)
    inside, kept, todo = children(table.rows), {top}, [top]
    while todo:
        row = todo.pop()
        held = [table.rows[i] for i in inside.get((row.object, row.object_index), [])]
        kept.update(held)
        todo += held
    rows = tuple(row for row in table.rows if row in kept)
    return replace(table, rows=rows, name=f"{table.name}, {top.object} {top.object_index}")


def with_fields(
    table: Geometry, name: str | None, index: int = 0, parent: Key | None = None, **fields: float
) -> Geometry:
    """Return a geometry with other numbers for one object.

    A default table is one no more then; see `xtcview.calib.geometry.without_twist` first.

    Parameters
    ----------
    table, name, index, parent
        See `find`.
    **fields : float
        x0, y0, z0 in um; rot_z, rot_y, rot_x, tilt_z, tilt_y, tilt_x in degrees.

    Raises
    ------
    GeometryError
        If there is no such object or field, or a number is not finite.
    """
    old = find(table, name, index, parent)
    for field, value in fields.items():
        if field not in _FIELDS or not np.isfinite(value):
            hint = near(field, _FIELDS) if field not in _FIELDS else ""
            raise GeometryError(f"{old.object} {old.object_index}: {field} = {value}.{hint}")
    values: dict[str, Any] = {field: float(value) for field, value in fields.items()}
    new = old._replace(**values)
    rows = tuple(new if row is old else row for row in table.rows)
    return replace(table, rows=rows, is_default=False)


def moved(
    table: Geometry,
    name: str | None = None,
    index: int = 0,
    *,
    dx: float = 0.0,
    dy: float = 0.0,
    dz: float = 0.0,
    parent: Key | None = None,
) -> Geometry:
    """Return a geometry with one object moved in its parent's frame.

    Parameters
    ----------
    table, name, index, parent
        See `find`.
    dx, dy, dz : float
        um. z points against the beam in psana's frame, also for the outermost object, whose file
        may give the distance from the interaction point as a positive number.
    """
    row = find(table, name, index, parent)
    z0 = -row.z0 if at_interaction_point(row) and row.z0 > 0 else row.z0
    z = {"z0": z0 + dz} if dz else {}
    if at_interaction_point(row) and z0 + dz > 0:
        what = f"{row.object} {row.object_index} would stand {z0 + dz:g} um before the"
        raise GeometryError(f"{what} interaction point; a file cannot say so")
    return with_fields(table, name, index, parent, x0=row.x0 + dx, y0=row.y0 + dy, **z)


def turned(
    table: Geometry,
    name: str | None = None,
    index: int = 0,
    *,
    dz: float = 0.0,
    dy: float = 0.0,
    dx: float = 0.0,
    parent: Key | None = None,
) -> Geometry:
    """Return a geometry with one object turned about its own origin: its tilts are changed.

    Parameters
    ----------
    table, name, index, parent
        See `find`.
    dz, dy, dx : float
        Degrees about z, y and x, added to the tilts; positive is counter-clockwise.
    """
    row = find(table, name, index, parent)
    tilts = {"tilt_z": row.tilt_z + dz, "tilt_y": row.tilt_y + dy, "tilt_x": row.tilt_x + dx}
    return with_fields(table, name, index, parent, **tilts)


def centred(table: Geometry, x: float, y: float) -> Geometry:
    """Return a geometry moved so that the beam, found at (x, y) um, passes through (0, 0)."""
    return moved(table, dx=-x, dy=-y)


def changes(old: Geometry, new: Geometry) -> list[str]:
    """Return a sentence for each object that differs, such as 'QUAD:V1 2: x0 4500 -> 4510'."""
    before = {row[:4]: row for row in old.rows}
    found = []
    for row in new.rows:
        was: Sequence[Any] | None = before.pop(row[:4], None)
        who = f"{row.object} {row.object_index} in {row.parent} {row.parent_index}"
        if was is None:
            found.append(f"{who}: new")
            continue
        pairs = zip(_FIELDS, was[4:], row[4:], strict=True)
        told = [f"{field} {a:.10g} -> {b:.10g}" for field, a, b in pairs if a != b]
        if told:
            found.append(f"{who}: {', '.join(told)}")
    return found + [f"{key[2]} {key[3]} in {key[0]} {key[1]}: removed" for key in before]


def with_history(old: Geometry, new: Geometry, author: str = "", comment: str = "") -> Geometry:
    """Return the new geometry with comment lines that tell how it came from the old one.

    Parameters
    ----------
    old, new : Geometry
        Before and after; the comments of the new one stay.
    author, comment : str
        Who did it, and why.
    """
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [f"# HISTORY {now} from {old.name or 'a geometry without a name'}"]
    lines += [f"# HISTORY   by {author}"] if author else []
    lines += [f"# HISTORY   {line}" for line in comment.splitlines()]
    lines += [f"# HISTORY   {line}" for line in changes(old, new)]
    return replace(new, comments=(*new.comments, *lines))
