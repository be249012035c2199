"""From the panels of a detector to one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import GeometryError


@dataclass(frozen=True, eq=False)
class Assembly:
    """Where each pixel goes.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the image.
    panels_shape : (int, int, int)
        Segments, rows and columns of the panels.
    cells : ndarray of intp
        Shape (pixels,): flat position in the image of each pixel, in the order of writing.
    interleaved : bool
        The order of writing has the segment index fastest (CSPAD2x2), not slowest.
    """

    shape: tuple[int, int]
    panels_shape: tuple[int, ...]
    cells: NDArray[np.intp]
    interleaved: bool = False


def assembly(
    rows: NDArray[np.integer], cols: NDArray[np.integer], interleaved: bool = False
) -> Assembly:
    """Return the assembly of pixels that fall into the given cells of the image.

    Parameters
    ----------
    rows, cols : ndarray of int
        Shape (segments, rows, columns), from `xtcview.calib.geometry.pixel_indexes`.
    interleaved : bool
        From `xtcview.calib.geometry.is_interleaved`; decides who is the last writer.

    Notes
    -----
    Where two pixels share a cell the last one stays, as in psana.
    """
    if rows.shape != cols.shape or rows.size == 0 or min(rows.min(), cols.min()) < 0:
        raise GeometryError(
            f"row and column indexes must have one shape and start at 0, found shapes "
            f"{rows.shape} and {cols.shape}"
        )
    shape = int(rows.max()) + 1, int(cols.max()) + 1
    flat = rows.astype(np.intp) * shape[1] + cols.astype(np.intp)
    cells = np.ascontiguousarray(_in_writing_order(flat, interleaved)).ravel()
    cells.flags.writeable = False
    return Assembly(shape, rows.shape, cells, interleaved)


def assemble(
    panels: np.ndarray, assembly: Assembly, gap: float = 0.0, out: np.ndarray | None = None
) -> np.ndarray:
    """Return the image of the panels, every pixel moved to its cell, nothing interpolated.

    Parameters
    ----------
    panels : ndarray
        As many values as the detector has pixels, in the order (segment, row, column).
    assembly : Assembly
        Where each pixel goes.
    gap : float
        Value of cells without a pixel. psana has 0, which data can have too; see `coverage`.
    out : ndarray, optional
        Image to fill, C-contiguous, of the assembly's shape; its previous content is lost.

    Returns
    -------
    ndarray
        `out`, or a new image (rows, columns) of the panels' dtype.

    Raises
    ------
    GeometryError
        If the panels, `out` or the gap value do not fit.

    Notes
    -----
    Writing the panels into the image measured faster than gathering them through an inverse map
    (0.8 to 0.96 of one bare `np.take` of the image's size) and needs no copy of the panels.
    """
    if panels.size != assembly.cells.size:
        raise GeometryError(
            f"expected panels of shape {assembly.panels_shape} or as many values, found shape "
            f"{panels.shape}; does the geometry belong to this detector?"
        )
    image = np.empty(assembly.shape, panels.dtype) if out is None else out
    _check_image(image, panels, assembly, gap)
    image.fill(gap)
    ordered = _in_writing_order(panels.reshape(assembly.panels_shape), assembly.interleaved)
    image.reshape(-1)[assembly.cells] = ordered.reshape(-1)
    return image


def coverage(assembly: Assembly) -> NDArray[np.bool_]:
    """Return an image (rows, columns), True where a cell has a pixel, False in the gaps."""
    image = np.zeros(assembly.shape, np.bool_)
    image.reshape(-1)[assembly.cells] = True
    return image


def inverse_map(assembly: Assembly) -> NDArray[np.intp]:
    """Return an image (rows, columns) of positions in the flat panels, -1 in the gaps.

    For those who need some cells only, such as a preview: `panels.ravel()[inverse[::4, ::4]]`.
    """
    number = np.arange(assembly.cells.size).reshape(assembly.panels_shape)
    return assemble(number, assembly, gap=-1)


def _in_writing_order(panels: np.ndarray, interleaved: bool) -> np.ndarray:
    return np.moveaxis(panels, 0, -1) if interleaved else panels


def _check_image(image: np.ndarray, panels: np.ndarray, assembly: Assembly, gap: float) -> None:
    if image.shape != assembly.shape or not image.flags.c_contiguous:
        raise GeometryError(
            f"out: expected a C-contiguous image of shape {assembly.shape}, found {image.shape}"
        )
    if not np.can_cast(panels.dtype, image.dtype, "same_kind"):
        raise GeometryError(f"out: an image of {image.dtype} cannot hold panels of {panels.dtype}")
    if image.dtype.kind in "iu":
        limits = np.iinfo(image.dtype)
        if not (limits.min <= gap <= limits.max and gap == int(gap)):
            raise GeometryError(f"a gap value of {gap} does not fit into {image.dtype}")
