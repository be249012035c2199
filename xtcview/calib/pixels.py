"""Single pixels: their address, size, cell, and the axes of the image that shows them.

Arrays are ordered (segment, row, column), lengths are um, frames those of `xtcview.calib.geometry`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import geometry
from xtcview.calib.assemble import Assembly
from xtcview.calib.placement import place
from xtcview.errors import GeometryError

Integers = Any  # an int or an array of them

SECTIONS = {32: 8, 16: 4}  # segments of a detector made of quads -> sections in each
FLAT_Z = 1000.0  # um; psana does not project onto a plane that is nearer than that

# Kind of segment -> length of the pixels at its ASIC borders, in normal pixels, (along the rows,
# along the columns). Jungfraus have such pixels too; psana counts them as 1.
WIDE = {
    "SENS2X1:V0": (1.0, 2.5),
    "SENS2X1:V1": (1.0, 2.5),
    "EPIX100:V1": (3.5, 3.5),
    "EPIX10KA:V1": (2.5, 2.5),
    "EPIX10KA:V2": (2.25, 2.25),
}


class Address(NamedTuple):
    """Where a pixel is in the detector; each an int or an array of them."""

    quad: Integers
    section: Integers
    row: Integers
    col: Integers


def address(pixel: Integers, shape: tuple[int, ...]) -> Address:
    """Return quad, section, row and column of pixels given by their flat position.

    Parameters
    ----------
    pixel : int or ndarray of int
        Position in the flat panels.
    shape : (int, int, int)
        Segments, rows and columns of the panels. A detector without quads is one quad.

    Raises
    ------
    GeometryError
        If a position is outside the panels.
    """
    _check_inside(pixel, int(np.prod(shape)), "pixel")
    segment, row, col = np.unravel_index(pixel, shape)
    return Address(*divmod(segment, sections_per_quad(shape)), row, col)


def flat(where: Address, shape: tuple[int, ...]) -> Integers:
    """Return the position in the flat panels of pixels given by quad, section, row and column.

    Raises
    ------
    GeometryError
        If the detector has no such pixel.
    """
    sections = sections_per_quad(shape)
    _check_inside(where.section, sections, "section")
    _check_inside(where.quad, shape[0] // sections, "quad")
    _check_inside(where.row, shape[1], "row")
    _check_inside(where.col, shape[2], "column")
    segment = np.asarray(where.quad) * sections + where.section
    return np.ravel_multi_index((segment, where.row, where.col), shape)


def pixel_at(assembly: Assembly, row: int, col: int) -> Address | None:
    """Return the pixel that a cell of the image shows; None for a gap or outside the image."""
    height, width = assembly.shape
    if not (0 <= row < height and 0 <= col < width):
        return None
    pixel = int(assembly.pixels[row, col])
    if pixel == assembly.cells.size:
        return None
    return Address(*map(int, address(pixel, assembly.panels_shape)))


def cell_of(assembly: Assembly, where: Address) -> tuple[Integers, Integers]:
    """Return (row, column) of the image cell that pixels fall into.

    The cell may show another pixel, where two share it; see `pixel_at`.

    Raises
    ------
    GeometryError
        If the detector has no such pixel.
    """
    cell = assembly.cells.reshape(-1)[flat(where, assembly.panels_shape)]
    row, col = divmod(cell, assembly.shape[1])
    return row, col


def areas(table: geometry.Geometry) -> NDArray[np.float64]:
    """Return the area of each pixel in normal pixels, as psana has them.

    Returns
    -------
    ndarray of float64
        (segments, rows, columns): 1, at ASIC borders 2.5 (CSPAD) and the like, see `WIDE`.
    """
    _, rows, cols = shape = geometry.segments_shape(table)
    found = np.ones(shape)
    for i, one in enumerate(place(table)):
        along_rows, along_cols = WIDE.get(one.row.object, (1.0, 1.0))
        found[i, rows // 2 - 1 : rows // 2 + 1, :] *= along_rows
        found[i, :, cols // 2 - 1 : cols // 2 + 1] *= along_cols
    return found


def pixel_size(table: geometry.Geometry) -> float:
    """Return the size of a normal pixel, um."""
    return place(table)[0].segment.pitch


def has_size(table: geometry.Geometry) -> bool:
    """Tell whether the table knows the size of its pixels.

    The matrix that stands in for the missing geometry of a camera has pixels of 1 um; in psana,
    too, that size means that nothing is known.
    """
    return pixel_size(table) != 1.0


def beam_centre(table: geometry.Geometry) -> tuple[float, float] | None:
    """Return where the beam meets the image of an aligned geometry, (row, column).

    The centre of cell (0, 0) is at (0.0, 0.0). None for a default table, which was aligned to no
    beam: its origin is a corner of the detector.
    """
    return None if table.is_default else geometry.point_position(table)


def image_axis(
    table: geometry.Geometry, axis: int, pitch: float | None = None, offset: float | None = None
) -> NDArray[np.float64]:
    """Return the coordinate of each row (axis 0) or column (axis 1) of the image, um.

    Parameters
    ----------
    table : Geometry
    axis : int
        0: x, along the rows; 1: y, along the columns.
    pitch : float, optional
        Size of an image cell, um; the segment's own pixel size if not given.
    offset : float, optional
        Empty cells before the first.

    Notes
    -----
    arange(min - pitch * offset, max + pitch / 2, pitch), psana's image_xaxis and image_yaxis.
    """
    size = pixel_size(table) if pitch is None else pitch
    ends = [one.ends(axis) for one in place(table)]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    return np.arange(low - size * (offset or 0), high + 0.5 * size, size)


Coordinates = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def to_lab(x: Any, y: Any, z: Any) -> Coordinates:
    """Return (-y, -x, -z): from psana's frame to that of the laboratory, or back.

    In the laboratory y points up, z along the beam and x to the left, seen from the source.
    """
    return np.negative(y), np.negative(x), np.negative(z)


def lab_indexes(
    table: geometry.Geometry, pitch: float | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the cell of each pixel in the image of the laboratory's frame, y up.

    Returns
    -------
    rows, cols : ndarray of intp
        (segments, rows, columns): floor((Ymax - Y) / pitch + 0.5), floor((X - Xmin) / pitch + 0.5)
    """
    x, y, _ = to_lab(*geometry.pixel_coordinates(table))
    size = pixel_size(table) if pitch is None else pitch
    top, left = y.max() + size / 2, x.min() - size / 2
    return ((top - y) / size).astype(np.intp), ((x - left) / size).astype(np.intp)


def lab_position(
    table: geometry.Geometry,
    x: float = 0.0,
    y: float = 0.0,
    pitch: float | None = None,
    offset: tuple[int, int] = (0, 0),
) -> tuple[float, float]:
    """Return where a point (laboratory, um) lies in the laboratory's image, (row, column).

    The centre of cell (0, 0) is at (0.0, 0.0); offset counts empty columns and rows before it.
    """
    size = pixel_size(table) if pitch is None else pitch
    down, right, _ = (float(v) for v in to_lab(x, y, 0.0))  # X and Y of psana's frame
    ends = [[one.ends(axis) for one in place(table)] for axis in range(2)]
    top, left = min(low for low, _ in ends[0]), max(high for _, high in ends[1])
    return (down - top) / size + max(offset[1], 0), (left - right) / size + max(offset[0], 0)


def at_plane(x: Any, y: Any, z: Any, plane: float | None = None) -> tuple[Any, Any]:
    """Return x and y of pixels projected towards the interaction point onto a plane.

    Parameters
    ----------
    x, y, z : ndarray of float64
        Coordinates, um.
    plane : float, optional
        Its z, um; the mean of z when not given. A plane nearer than `FLAT_Z` projects nothing.
    """
    at = float(np.mean(z)) if plane is None else plane
    if abs(at) < FLAT_Z:
        return x, y
    quotients = (np.divide(v, z, out=np.zeros_like(z), where=z != 0) for v in (x, y))
    along_x, along_y = (at * quotient for quotient in quotients)
    return along_x, along_y


def sections_per_quad(shape: tuple[int, ...]) -> int:
    """Return how many segments of a detector of this shape make a quad; all, without quads."""
    return SECTIONS.get(shape[0], shape[0])


def _check_inside(number: Integers, count: int, what: str) -> None:
    values = np.asarray(number)
    if values.size and not (values.min() >= 0 and values.max() < count):
        found = values.min() if values.min() < 0 else values.max()
        raise GeometryError(f"{what} {found}: expected 0 to {count - 1}")
