"""From the panels of a detector to one image, and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import geometry
from xtcview.errors import GeometryError

_SHARED = 1 << 19  # image cells above which two threads gather: starting one takes 0.05 ms


@dataclass(frozen=True, eq=False)
class Assembly:
    """Which cell of the image each pixel falls into, and which pixel each cell shows.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the image.
    cells : ndarray of intp
        Shape (segments, rows, columns): flat position in the image.
    pixels : ndarray of intp
        Shape of the image: flat position in the panels, `cells.size` in the gaps. Not to be
        changed, yet not marked as read-only: np.take would copy it at every call.
    """

    shape: tuple[int, int]
    cells: NDArray[np.intp]
    pixels: NDArray[np.intp]

    @property
    def panels_shape(self) -> tuple[int, ...]:
        """Segments, rows and columns of the panels."""
        return self.cells.shape


def assembly(
    rows: NDArray[np.integer], cols: NDArray[np.integer], interleaved: bool = False
) -> Assembly:
    """Return the assembly of pixels that fall into the given cells of the image.

    Parameters
    ----------
    rows, cols : ndarray of int
        Shape (segments, rows, columns), from `xtcview.calib.geometry.pixel_indexes`.
    interleaved : bool
        From `xtcview.calib.geometry.is_interleaved`: the order of writing has the segment index
        fastest (CSPAD2x2), not slowest.

    Notes
    -----
    Where two pixels share a cell the one written last is shown, as in psana.
    """
    if rows.shape != cols.shape or rows.size == 0 or min(rows.min(), cols.min()) < 0:
        raise GeometryError(
            f"row and column indexes must have one shape and start at 0, found shapes "
            f"{rows.shape} and {cols.shape}"
        )
    shape = int(rows.max()) + 1, int(cols.max()) + 1
    cells = rows.astype(np.intp)
    cells *= shape[1]
    cells += cols
    number = np.arange(cells.size, dtype=np.intp).reshape(cells.shape)
    pixels = np.full(shape, cells.size, np.intp)
    written = (np.moveaxis(a, 0, -1) if interleaved else a for a in (cells, number))
    where, which = (a.reshape(-1) for a in written)
    pixels.reshape(-1)[where] = which
    return Assembly(shape, cells, pixels)


@lru_cache(maxsize=4)
def assembly_of(
    table: geometry.Geometry, pitch: float | None = None, offset: tuple[int, int] = (0, 0)
) -> Assembly:
    """Return the assembly of a geometry; the last four are kept.

    A CSPAD's takes about 40 ms to make, as long as reading it back from a file would take.

    Parameters
    ----------
    table, pitch, offset
        See `xtcview.calib.geometry.pixel_indexes`.
    """
    indexes = geometry.pixel_indexes(table, pitch, offset)
    return assembly(*indexes, geometry.is_interleaved(table))


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
    """
    if panels.size != assembly.cells.size:
        raise GeometryError(
            f"expected panels of shape {assembly.panels_shape} or as many values, found shape "
            f"{panels.shape}; does the geometry belong to this detector?"
        )
    image = np.empty(assembly.shape, panels.dtype) if out is None else out
    _check_image(image, panels, assembly, gap)
    values = np.empty(panels.size + 1, image.dtype)
    values[:-1], values[-1] = panels.reshape(-1), gap
    _gather(values, assembly.pixels, image)
    return image


def ndarray_from_image(image: np.ndarray, assembly: Assembly) -> np.ndarray:
    """Return for each pixel what its cell of an image holds, psana's inverse of `assemble`.

    Parameters
    ----------
    image : ndarray
        (rows, columns) of the assembly's shape, such as a mask that was drawn on the image.
    assembly : Assembly

    Returns
    -------
    ndarray
        (segments, rows, columns) of the image's dtype. Pixels that share a cell get the same
        value, also those that the image does not show.

    Raises
    ------
    GeometryError
        If the image has another shape.
    """
    if image.shape != assembly.shape:
        raise GeometryError(
            f"expected an image of shape {assembly.shape}, found {image.shape}; was it assembled "
            "with this geometry?"
        )
    return np.take(image.reshape(-1), assembly.cells)


def coverage(assembly: Assembly) -> NDArray[np.bool_]:
    """Return an image (rows, columns), True where a cell has a pixel, False in the gaps."""
    return np.asarray(assembly.pixels < assembly.cells.size)


def inverse_map(assembly: Assembly) -> NDArray[np.intp]:
    """Return an image (rows, columns) of positions in the flat panels, -1 in the gaps.

    For those who need some cells only, such as a preview: `panels.ravel()[inverse[::4, ::4]]`.
    """
    return np.where(coverage(assembly), assembly.pixels, -1)


def _gather(values: np.ndarray, pixels: NDArray[np.intp], image: np.ndarray) -> None:
    """Fill an image with the values at the given positions; a large one in two threads."""
    half = pixels.shape[0] // 2 if pixels.size > _SHARED else 0
    other = Thread(target=_take, args=(values, pixels[:half], image[:half]))
    if half:
        other.start()
    _take(values, pixels[half:], image[half:])
    if half:
        other.join()


def _take(values: np.ndarray, pixels: NDArray[np.intp], image: np.ndarray) -> None:
    np.take(values, pixels, out=image, mode="clip")  # any other mode makes a copy of `out`


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
