"""Where every pixel is: coordinates in um, cells of the image, tiles of the display.

Frames. In psana's frame X is the row direction of the image, Y its column direction and Z points
against the beam, seen from the source. Arrays are ordered (segment, row, column), segments in the
order of the lines of the geometry file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.geometry_text import (
    DEFAULTS,
    Geometry,
    Row,
    default,
    matrix_geometry,
    parse,
    quads_example,
    read,
    write,
)
from xtcview.calib.orientation import Orientation, orient, to_display, upright
from xtcview.calib.placement import Placed, at_interaction_point, extent, place

__all__ = [
    "DEFAULTS",
    "TILE",
    "Block",
    "Geometry",
    "Orientation",
    "Row",
    "blocks",
    "default",
    "image_shape",
    "is_interleaved",
    "matrix_geometry",
    "orient",
    "parse",
    "pixel_coordinates",
    "pixel_indexes",
    "point_position",
    "quads_example",
    "read",
    "segments_shape",
    "tile_shape",
    "tiles",
    "upright",
    "without_twist",
    "write",
]

TILE = np.dtype(
    [
        ("segment", "i4"),
        ("row0", "i4"),  # the block of the panel array that this tile covers
        ("col0", "i4"),
        ("rows", "i4"),
        ("cols", "i4"),
        ("x0", "f8"),  # centre of pixel (row0, col0), display pixels, x right, y down
        ("y0", "f8"),  # (0, 0) is the centre of the display's top left pixel
        ("dx_row", "f8"),  # step from one row to the next, display pixels
        ("dy_row", "f8"),
        ("dx_col", "f8"),  # step from one column to the next, display pixels
        ("dy_col", "f8"),
    ]
)


def pixel_coordinates(
    geometry: Geometry, wide_center: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres X, Y, Z of all pixels in psana's frame.

    Parameters
    ----------
    geometry : Geometry
        The detector's table.
    wide_center : bool
        Put wide pixels at their true centre instead of their outer cell of normal size.

    Returns
    -------
    X, Y, Z : ndarray of float64
        Shape (segments, rows, columns), um.

    Raises
    ------
    GeometryError
        If the table names no segment, unknown ones or segments of different shapes.
    """
    placed = place(geometry, wide_center)
    shape = (len(placed), placed[0].segment.rows, placed[0].segment.cols)
    xyz = np.empty((3, *shape))
    for i, one in enumerate(placed):
        for axis in range(3):
            xyz[axis, i] = one.coordinate(axis)
    return xyz[0], xyz[1], xyz[2]


def pixel_indexes(
    geometry: Geometry,
    pitch: float | None = None,
    offset: tuple[int, int] = (0, 0),
    wide_center: bool = False,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the cell of the image that each pixel falls into.

    Parameters
    ----------
    geometry : Geometry
        The detector's table.
    pitch : float, optional
        Size of an image cell, um; the segment's own pixel size if not given.
    offset : (int, int)
        Empty cells before the first row and column; values below 0 count as 0, as in psana.
    wide_center : bool
        See `pixel_coordinates`.

    Returns
    -------
    rows, cols : ndarray of intp
        Shape (segments, rows, columns): floor((X - Xmin) / pitch + 0.5) + offset, and the same
        of Y, in float64 (float32 would move some pixels).
    """
    placed = place(geometry, wide_center)
    size = placed[0].segment.pitch if pitch is None else pitch
    shape = (len(placed), placed[0].segment.rows, placed[0].segment.cols)
    found = np.empty((2, *shape), np.intp)
    for axis in range(2):
        low, _ = extent(placed, axis, size, geometry.name)
        for i, one in enumerate(placed):
            found[axis, i] = _cell(one.coordinate(axis), low, size, offset[axis])
    return found[0], found[1]


def image_shape(
    geometry: Geometry, pitch: float | None = None, offset: tuple[int, int] = (0, 0)
) -> tuple[int, int]:
    """Return (rows, columns) of the assembled image: the largest index of each axis plus one."""
    placed = place(geometry)
    size = placed[0].segment.pitch if pitch is None else pitch
    ends = [extent(placed, axis, size, geometry.name) for axis in range(2)]
    rows, cols = (
        int(_cell(np.float64(high), low, size, off)) + 1
        for (low, high), off in zip(ends, offset, strict=True)
    )
    return rows, cols


def point_position(
    geometry: Geometry,
    x: float = 0.0,
    y: float = 0.0,
    pitch: float | None = None,
    offset: tuple[int, int] = (0, 0),
) -> tuple[float, float]:
    """Return where a point in um (psana's frame) lies in the image, (row, column).

    The centre of cell (0, 0) is at (0.0, 0.0). The point (0, 0) is the beam when the geometry
    is aligned. It may lie outside the image. For the other parameters see `pixel_indexes`.
    """
    placed = place(geometry)
    size = placed[0].segment.pitch if pitch is None else pitch
    low_x, low_y = (extent(placed, axis, size, geometry.name)[0] for axis in range(2))
    before_x, before_y = (max(count, 0) for count in offset)
    return (x - low_x) / size + before_x, (y - low_y) / size + before_y


def segments_shape(geometry: Geometry) -> tuple[int, int, int]:
    """Return the shape (segments, rows, columns) of the detector's array."""
    placed = place(geometry)
    return len(placed), placed[0].segment.rows, placed[0].segment.cols


def is_interleaved(geometry: Geometry) -> bool:
    """Tell whether the DAQ stores these sections with the section index fastest (CSPAD2x2).

    It decides which pixel is written last when two of them share a cell.
    """
    return any(row.object.startswith("CSPAD2X2") for row in geometry.rows)


def without_twist(geometry: Geometry) -> Geometry:
    """Return a default table without the tilt of its outermost object, for display.

    The tilt warns that no geometry is deployed. A table that is no default is returned as it is.
    """
    if not geometry.is_default:
        return geometry
    rows = tuple(
        row._replace(tilt_z=0.0, tilt_y=0.0, tilt_x=0.0) if at_interaction_point(row) else row
        for row in geometry.rows
    )
    return replace(geometry, rows=rows, name=f"{geometry.name}, without its tilt")


def tile_shape(geometry: Geometry, orientation: Orientation) -> tuple[int, int]:
    """Return (rows, columns) of the display canvas that holds all tiles."""
    rows, cols = image_shape(geometry)
    return (cols, rows) if orientation.rot90 % 2 else (rows, cols)


def tiles(geometry: Geometry, orientation: Orientation) -> np.ndarray:
    """Return the blocks of regular pixels that draw the detector, in display pixels.

    Returns
    -------
    ndarray of TILE
        Shape (tiles,). A 2x1 gives two: three empty columns between its ASICs break the pitch.
        Pixel (r, c) of the segment is centred at x0 + (r - row0) dx_row + (c - col0) dx_col, y
        likewise; this rounds to the cell of the turned image.
    """
    placed = place(geometry)
    pitch = placed[0].segment.pitch
    low = np.array([extent(placed, axis, pitch, geometry.name)[0] for axis in range(2)])
    turn, shift = to_display(orientation, image_shape(geometry))
    found = []
    for block in blocks(placed):
        start = turn @ ((block.start[:2] - low) / pitch) + shift
        per_row, per_col = turn @ block.per_row[:2] / pitch, turn @ block.per_col[:2] / pitch
        found.append((*block[:5], *start, *per_row, *per_col))
    return np.array(found, TILE)


class Block(NamedTuple):
    """A part of a segment whose pixels stand at equal steps."""

    segment: int
    row0: int  # the first pixel
    col0: int
    rows: int
    cols: int
    start: NDArray[np.float64]  # (3,) um, centre of the first pixel
    per_row: NDArray[np.float64]  # (3,) um, step from one row to the next
    per_col: NDArray[np.float64]


def blocks(placed: list[Placed]) -> list[Block]:
    """Return the blocks of regular pixels that the segments are made of, ASICs mostly.

    Wide pixels count at their outer cell of normal size.
    """
    found = []
    for i, one in enumerate(placed):
        row_axis, col_axis, to_row, to_col = _axes(one)
        for row0, rows, row_step in _pieces(row_axis, one.segment.pitch):
            for col0, cols, col_step in _pieces(col_axis, one.segment.pitch):
                start = to_row * row_axis[row0] + to_col * col_axis[col0] + one.origin
                steps = to_row * row_step, to_col * col_step
                found.append(Block(i, row0, col0, rows, cols, start, *steps))
    return found


def _axes(one: Placed) -> tuple[NDArray[np.float64], ...]:
    """Return the local coordinate along rows and along columns, and the direction of each."""
    x, y = one.segment.x.ravel(), one.segment.y.ravel()
    to_x, to_y = one.rotation[:, 0], one.rotation[:, 1]
    return (y, x, to_y, to_x) if one.segment.y_up else (x, y, to_x, to_y)


def _pieces(axis: NDArray[np.float64], pitch: float) -> list[tuple[int, int, float]]:
    """Cut an axis where its step changes: (start, count, step in um) of each piece."""
    if len(axis) == 1:
        return [(0, 1, pitch)]
    steps = np.diff(axis)
    regular = steps[np.argmin(np.abs(steps))]
    cuts = np.flatnonzero(np.abs(steps - regular) > 1e-6 * pitch) + 1
    starts = [0, *cuts.tolist()]
    stops = [*cuts.tolist(), len(axis)]
    return [(a, b - a, float(regular)) for a, b in zip(starts, stops, strict=True)]


def _cell(
    coordinate: NDArray[np.float64] | np.float64, low: float, pitch: float, offset: int
) -> NDArray[np.intp]:
    # psana's own order of operations, so that borderline pixels round the same way
    start = low - pitch * max(offset, 0) - pitch / 2
    return np.asarray((coordinate - start) / pitch).astype(np.intp)
