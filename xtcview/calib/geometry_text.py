"""Geometry files: a table of objects, each placed in the frame of its parent.

A line has 13 fields: parent, its index, object, its index, origin x y z in um, design angle about
z y x and measured deviation about z y x in degrees. `#` in the first column starts a comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from xtcview.errors import GeometryError, near

LIMIT = 1e9  # um or degrees; a kilometre, far beyond any detector


class Row(NamedTuple):
    """One object: where it stands in its parent's frame, as the file says it."""

    parent: str
    parent_index: int
    object: str
    object_index: int
    x0: float  # um
    y0: float
    z0: float
    rot_z: float  # deg, design
    rot_y: float
    rot_x: float
    tilt_z: float  # deg, measured deviation, added to the design angle
    tilt_y: float
    tilt_x: float


@dataclass(frozen=True)
class Geometry:
    """Where the segments of a detector stand.

    Attributes
    ----------
    rows : tuple of Row
        Objects in file order. The order of the lines is the order of the segments.
    comments : tuple of str
        Comment lines, without meaning, kept for writing.
    name : str
        File the table came from, or such as 'default cspad'.
    is_default : bool
        True for a built-in table that stands in for a missing file.
    """

    rows: tuple[Row, ...]
    comments: tuple[str, ...] = ()
    name: str = ""
    is_default: bool = False


Key = tuple[str, int]


def parse(text: str, name: str = "geometry") -> Geometry:
    """Return the geometry that a text describes.

    Raises
    ------
    GeometryError
        If a line does not have 13 fields or holds no number where one must be, an object stands
        twice, is its own ancestor, or hangs under another root than the rest.
    """
    rows: list[Row] = []
    lines: list[int] = []
    comments: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            comments.append(line)
        elif line.strip():
            rows.append(_row(line.split(), f"{name} line {number}"))
            lines.append(number)
    _check(rows, lines, name)
    return Geometry(tuple(rows), tuple(comments), name)


def read(path: str | Path) -> Geometry:
    """Return the geometry of a file.

    Raises
    ------
    GeometryError
        If the file cannot be read or does not describe a detector.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise GeometryError(f"{path}: cannot be read: {error.strerror}") from error
    return parse(text, str(path))


def write(geometry: Geometry) -> str:
    """Return the text of a geometry file: comments first, then one line per object.

    Parsing the text gives the same rows, bit by bit.
    """
    cells = [[_number(field) for field in row] for row in geometry.rows]
    widths = [max(len(c) for c in column) for column in zip(*cells, strict=True)]
    lines = list(geometry.comments)
    for row in cells:
        names = [c.ljust(w) for c, w in zip(row[:4], widths[:4], strict=True)]
        numbers = [c.rjust(w) for c, w in zip(row[4:], widths[4:], strict=True)]
        lines.append(" ".join(names + numbers))
    return "\n".join(lines) + "\n"


def default(detector: str) -> Geometry:
    """Return the built-in table that psana falls back to when no file is deployed.

    Parameters
    ----------
    detector : str
        One of `DEFAULTS`.

    Notes
    -----
    The tables of CSPAD and CSPAD2x2 are turned by 10 degrees on purpose, so that everybody sees
    that no geometry is deployed. See `xtcview.calib.geometry.without_twist`.
    """
    if detector not in DEFAULTS:
        raise GeometryError(f"no default geometry of {detector!r}.{near(detector, DEFAULTS)}")
    built_in = _built_in(f"{detector}-default.data", f"default {detector}")
    return Geometry(built_in.rows, built_in.comments, built_in.name, is_default=True)


def quads_example() -> Geometry:
    """Return a realistic CSPAD table of four levels, IP > CSPAD > 4 quads > 8 sections each.

    The beam passes through (0, 0), the detector stands at 100 mm.
    """
    return _built_in("cspad-quads-example.data", "example cspad quads")


def matrix_geometry(rows: int, cols: int, pitch_um: float) -> Geometry:
    """Return the geometry of a camera: one segment whose image is the array itself.

    Parameters
    ----------
    rows, cols : int
        Shape of the camera's array.
    pitch_um : float
        Pixel size, um.
    """
    kind = f"MTRX:{rows}:{cols}:{float(pitch_um)}:{float(pitch_um)}"
    row = Row("IP", 0, kind, 0, *(0.0,) * 9)
    return Geometry((row,), (), f"matrix {rows} x {cols}")


DEFAULTS = (
    "cspad",
    "cspad2x2",
    "epix100a",
    "epix10ka",
    "epix10kaquad",
    "epix10ka2m",
    "jungfrau05m",
    "jungfrau1m",
    "jungfrau4m",
    "pnccd",
)


def _built_in(file: str, name: str) -> Geometry:
    text = (resources.files("xtcview.calib") / "data" / file).read_text(encoding="utf-8")
    return parse(text, name)


def children(rows: Sequence[Row]) -> dict[Key, list[int]]:
    """Return, for each parent, the positions of its rows in file order."""
    found: dict[Key, list[int]] = {}
    for i, row in enumerate(rows):
        found.setdefault((row.parent, row.parent_index), []).append(i)
    return found


def roots(rows: Sequence[Row]) -> list[Key]:
    """Return the parents that have no line of their own, in order of first appearance."""
    own = {(row.object, row.object_index) for row in rows}
    return [key for key in children(rows) if key not in own]


_INTEGER = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def _row(fields: list[str], place: str) -> Row:
    if len(fields) != 13:
        raise GeometryError(
            f"{place}: expected 13 fields (parent, index, object, index, x y z, "
            f"3 angles, 3 tilts), found {len(fields)}"
        )
    index = [_integer(fields[i], place) for i in (1, 3)]
    numbers = [_float(field, place) for field in fields[4:]]
    return Row(fields[0], index[0], fields[2], index[1], *numbers)


def _integer(field: str, place: str) -> int:
    if not _INTEGER.fullmatch(field):
        raise GeometryError(f"{place}: expected an integer index, found {field!r}")
    return int(field)


def _float(field: str, place: str) -> float:
    value = float(field) if _FLOAT.fullmatch(field) else float("nan")
    if not abs(value) <= LIMIT:
        raise GeometryError(f"{place}: expected a number within ±{LIMIT:g}, found {field!r}")
    return value


def _number(field: str | float) -> str:
    if isinstance(field, float) and field.is_integer() and str(field)[0:2] != "-0":
        return str(int(field))
    return field if isinstance(field, str) else repr(field)


def _check(rows: list[Row], lines: list[int], name: str) -> None:
    if not rows:
        raise GeometryError(f"{name}: no line that places an object")
    _check_duplicates(rows, lines, name)
    tops = roots(rows)
    if len(tops) > 1:
        raise GeometryError(_orphans(rows, lines, tops, name))
    reached = _reached(rows, tops)
    for row, line in zip(rows, lines, strict=True):
        if (row.object, row.object_index) not in reached:
            raise GeometryError(
                f"{name} line {line}: {row.object} {row.object_index} is its own ancestor or "
                "hangs below an object that is; no path leads to the interaction point"
            )


def _orphans(rows: list[Row], lines: list[int], tops: list[Key], name: str) -> str:
    """Say which parents have no line; psana keeps the last and loses the others without a word."""
    first = [min(children(rows)[top]) for top in tops]
    named = [
        f"{parent} {index} (line {lines[i]})"
        for (parent, index), i in zip(tops, first, strict=True)
    ]
    # the one at the interaction point is meant to have none
    odd = [i for i, top in zip(first, tops, strict=True) if not top[0].startswith("IP")] or first[
        1:
    ]
    return (
        f"{name} line {lines[odd[0]]}: {len(tops)} parents without a line of their own: "
        f"{', '.join(named)}. Expected one (usually IP 0); is a parent misspelt or a line missing?"
    )


def _check_duplicates(rows: list[Row], lines: list[int], name: str) -> None:
    parents = children(rows)
    seen: dict[tuple[object, ...], int] = {}
    for row, line in zip(rows, lines, strict=True):
        key = (row.object, row.object_index)
        # quads number their sections alike; an object with children must be unique everywhere
        identity = key if key in parents else row[:4]
        if identity in seen:
            raise GeometryError(
                f"{name} line {line}: {row.object} {row.object_index} in {row.parent} "
                f"{row.parent_index} stands already in line {seen[identity]}"
            )
        seen[identity] = line


def _reached(rows: list[Row], tops: list[Key]) -> set[Key]:
    parents = children(rows)
    reached: set[Key] = set()
    todo = list(tops)
    while todo:
        for i in parents.pop(todo.pop(), []):
            key = (rows[i].object, rows[i].object_index)
            reached.add(key)
            todo.append(key)
    return reached
