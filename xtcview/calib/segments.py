"""Sensor segments: local pixel coordinates of each kind that a geometry file can name.

A segment is the smallest piece that has pixels of its own, such as the 2x1 of the CSPAD. All
kinds are separable: one local coordinate depends on the row only, the other on the column only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import GeometryError, near

MAX_SIDE = 1 << 14  # pixels; no sensor is longer, a damaged file could claim so


@dataclass(frozen=True, eq=False)
class Segment:
    """Local pixel positions of one kind of segment.

    Attributes
    ----------
    rows, cols : int
        Shape of the segment's array.
    pitch : float
        Size of a normal pixel, um. For an oblong pixel the smaller side.
    x, y : ndarray of float64
        Local coordinates in um, read-only, of shapes that broadcast to (rows, cols): (1, cols)
        when the coordinate runs along the columns, (rows, 1) when it runs along the rows.
    y_up : bool
        True for kinds drawn like a graph (x along columns); False for the matrix frame, where x
        runs along the rows as in a printed matrix.
    """

    rows: int
    cols: int
    pitch: float
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    y_up: bool = True


def segment(kind: str, wide_center: bool = False) -> Segment:
    """Return the segment of a kind such as 'SENS2X1:V1' or 'MTRX:512:512:75:75'.

    Parameters
    ----------
    kind : str
        Object name of the geometry file.
    wide_center : bool
        Put the wide pixels of the ASIC borders at their true centre. The default, psana's too,
        is the outer cell of normal size.

    Raises
    ------
    GeometryError
        If the kind is not known.
    """
    if kind.startswith("MTRX:"):
        return _matrix(kind)
    if kind not in KINDS:
        raise GeometryError(
            f"segment kind {kind!r} has no pixel table.{near(kind, [*KINDS, 'MTRX:...'])}"
        )
    return _known(kind, wide_center)


def is_segment(kind: str) -> bool:
    """Tell whether an object name of a geometry file is a kind of segment."""
    return kind in KINDS or kind.startswith("MTRX:")


def halves(count: int, pitch: float, wide: float, wide_center: bool) -> NDArray[np.float64]:
    """Return coordinates (count,) in um along an axis of two ASICs with a wide pixel each.

    The two wide pixels touch at 0. A wide pixel stands at its outer cell of normal size, or at
    its true centre.
    """
    k = np.arange(count // 2)
    right = (wide - pitch / 2) + pitch * k
    if wide_center:
        right[0] = wide / 2
    return np.concatenate([-right[::-1], right])


def _frozen(axis: NDArray[np.floating[Any]], shape: tuple[int, int]) -> NDArray[np.float64]:
    out = axis.astype(np.float64).reshape(shape)
    out.flags.writeable = False
    return out


def _graph(x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]], pitch: float) -> Segment:
    """Return a segment whose x runs along the columns and y along the rows."""
    return Segment(len(y), len(x), pitch, _frozen(x, (1, -1)), _frozen(y, (-1, 1)))


def _sens2x1(wide: float) -> Callable[[bool], Segment]:
    def build(wide_center: bool) -> Segment:
        # two ASICs of 185 x 194; y opposite to the rows
        x = halves(388, 109.92, wide, wide_center)
        return _graph(x, (92 - np.arange(185)) * 109.92, 109.92)

    return build


def _epix100(wide_center: bool) -> Segment:
    # the only kind whose y grows with the row
    x = halves(768, 50.0, 175.0, wide_center)
    return _graph(x, halves(704, 50.0, 175.0, wide_center), 50.0)


def _epix10ka(wide: float) -> Callable[[bool], Segment]:
    def build(wide_center: bool) -> Segment:
        x = halves(384, 100.0, wide, wide_center)
        return _graph(x, -halves(352, 100.0, wide, wide_center), 100.0)

    return build


def _jungfrau(y_sign: int) -> Callable[[bool], Segment]:
    def build(_wide_center: bool) -> Segment:
        # 2 x 4 ASICs of 256 x 256, in a row 258 pitches apart
        starts = np.array([-514.5, -256.5, 1.5, 259.5])
        x = (starts[:, None] + np.arange(256)).ravel() * 75.0
        half = np.arange(256)
        y = np.concatenate([256.5 - half, -1.5 - half]) * 75.0
        return _graph(x, y_sign * y, 75.0)

    return build


def _matrix_frame(rows: int, cols: int, row_pitch: float, col_pitch: float) -> Segment:
    """Return a segment whose x runs along the rows, origin at pixel (0, 0)."""
    x = _frozen(np.arange(rows) * row_pitch, (-1, 1))
    y = _frozen(np.arange(cols) * col_pitch, (1, -1))
    return Segment(rows, cols, min(row_pitch, col_pitch), x, y, y_up=False)


KINDS: dict[str, Callable[[bool], Segment]] = {
    "SENS2X1:V0": _sens2x1(3 * 109.92),  # as taken before 2014, see `old_geometry`
    "SENS2X1:V1": _sens2x1(274.80),  # um, width of the wide pixels
    "EPIX100:V1": _epix100,
    "EPIX10KA:V1": _epix10ka(250.0),
    "EPIX10KA:V2": _epix10ka(225.0),
    "JUNGFRAU:V1": _jungfrau(+1),
    "JUNGFRAU:V2": _jungfrau(-1),
    "PNCCD:V1": lambda _wide_center: _matrix_frame(512, 512, 75.0, 75.0),
}


@lru_cache(maxsize=2 * len(KINDS))
def _known(kind: str, wide_center: bool) -> Segment:
    return KINDS[kind](wide_center)


_SIZE = r"(\d{1,5})"
_PITCH = r"(\d{1,9}(?:\.\d*)?)"
_MTRX = re.compile(rf"MTRX:(V2:)?{_SIZE}:{_SIZE}:{_PITCH}:{_PITCH}", re.ASCII)


def _matrix(kind: str) -> Segment:
    """Return the segment that its own name describes: MTRX[:V2]:rows:cols:row pitch:col pitch."""
    match = _MTRX.fullmatch(kind)
    if match is None:
        raise GeometryError(f"{kind!r} is not MTRX[:V2]:rows:cols:row pitch:column pitch (um)")
    centred, *numbers = match.groups()
    rows, cols = int(numbers[0]), int(numbers[1])
    row_pitch, col_pitch = float(numbers[2]), float(numbers[3])
    if not (0 < rows <= MAX_SIDE and 0 < cols <= MAX_SIDE and row_pitch > 0 and col_pitch > 0):
        raise GeometryError(f"{kind!r}: sides must be 1..{MAX_SIDE} pixels, pitches above 0 um")
    if not centred:
        return _matrix_frame(rows, cols, row_pitch, col_pitch)
    x = (np.arange(cols) - (cols - 1) / 2) * col_pitch
    y = ((rows - 1) / 2 - np.arange(rows)) * row_pitch
    return _graph(x, y, min(row_pitch, col_pitch))
