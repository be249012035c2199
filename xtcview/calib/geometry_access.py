"""psana's interface of a geometry, `PSCalib.GeometryAccess`, over one that does not change.

An object is named as in the file, ``('QUAD:V1', 1)``; without a name the whole detector is meant.
``cframe=0`` is psana's frame, 1 that of the laboratory, see `xtcview.calib.pixels.to_lab`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import alignment, geometry, pixels
from xtcview.calib.geometry_text import Geometry, Row, children, roots
from xtcview.errors import GeometryError

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True)
class GeometryAccess(Geometry):
    """A geometry with psana's methods; those that change one say what to use instead."""

    @classmethod
    def of(cls, table: Geometry) -> GeometryAccess:
        """Return the same geometry with psana's methods."""
        return cls(table.rows, table.comments, table.name, table.is_default)

    def is_valid(self) -> bool:
        """Return True; what is no geometry raises `GeometryError` when it is read."""
        return True

    def save_pars_in_file(self, path: str | Path) -> None:
        """Write a geometry file.

        Raises
        ------
        GeometryError
            If it cannot be written.
        """
        try:
            Path(path).write_text(geometry.write(self), encoding="utf-8")
        except OSError as error:
            raise GeometryError(f"{path}: cannot be written: {error.strerror}") from error

    def get_dict_of_comments(self) -> dict[int, str]:
        """Return the comment lines without their mark, numbered from 0."""
        return {i: line.lstrip("#").strip() for i, line in enumerate(self.comments)}

    def get_geo(self, oname: str, oindex: int) -> Row:
        """Return one object; an error when there is none, or several of that name."""
        return alignment.find(self, oname, oindex)

    def get_top_geo(self) -> Row:
        """Return the outermost object of the file."""
        return alignment.find(self, None)

    def get_pixel_coords(
        self, oname: str | None = None, oindex: int = 0, do_tilt: bool = True, cframe: int = 0
    ) -> tuple[Floats, Floats, Floats]:
        """Return x, y and z of the pixels of an object, um, in its parent's frame.

        Returns
        -------
        x, y, z : ndarray of float64
            An axis per level of the file, then rows and columns: (1, 4, 8, 185, 388) for a CSPAD
            of quads; CSPAD2x2 in the order of the DAQ, (1, 185, 388, 2).
        """
        x, y, z = geometry.pixel_coordinates(self._part(oname, oindex, do_tilt))
        found = pixels.to_lab(x, y, z) if cframe else (x, y, z)
        x, y, z = (self._levels(values, oname, oindex) for values in found)
        return x, y, z

    def get_pixel_xy_at_z(
        self,
        zplane: float | None = None,
        oname: str | None = None,
        oindex: int = 0,
        do_tilt: bool = True,
        cframe: int = 0,
    ) -> tuple[Floats, Floats]:
        """Return x and y projected towards the origin onto a plane, that of the mean z if None."""
        return pixels.at_plane(*self.get_pixel_coords(oname, oindex, do_tilt, cframe), zplane)

    def get_pixel_areas(self, oname: str | None = None, oindex: int = 0) -> Floats:
        """Return the area of each pixel in normal pixels; shape of `get_pixel_coords`."""
        areas = pixels.areas(self._part(oname, oindex, True))
        return np.asarray(self._levels(areas, oname, oindex))

    def get_pixel_scale_size(self, oname: str | None = None, oindex: int = 0) -> float:
        """Return the size of a normal pixel, um."""
        return pixels.pixel_size(self._part(oname, oindex, True))

    def get_pixel_coord_indexes(
        self,
        oname: str | None = None,
        oindex: int = 0,
        pix_scale_size_um: float | None = None,
        xy0_off_pix: tuple[int, int] | None = None,
        do_tilt: bool = True,
        cframe: int = 0,
    ) -> tuple[Integers, Integers]:
        """Return the image row and column of each pixel; shape of `get_pixel_coords`."""
        part, offset = self._part(oname, oindex, do_tilt), xy0_off_pix or (0, 0)
        if cframe:
            rows, cols = pixels.lab_indexes(part, pix_scale_size_um)
            found = rows + max(offset[1], 0), cols + max(offset[0], 0)
        else:
            found = geometry.pixel_indexes(part, pix_scale_size_um, offset)
        rows, cols = (self._levels(values, oname, oindex) for values in found)
        return rows, cols

    def point_coord_indexes(
        self,
        p_um: tuple[float, float] = (0, 0),
        oname: str | None = None,
        oindex: int = 0,
        pix_scale_size_um: float | None = None,
        xy0_off_pix: tuple[int, int] | None = None,
        do_tilt: bool = True,
        cframe: int = 0,
        fract: bool = False,
    ) -> tuple[float, float]:
        """Return the image row and column of a point; fractions count from the cell's edge."""
        part, offset = self._part(oname, oindex, do_tilt), xy0_off_pix or (0, 0)
        position = pixels.lab_position if cframe else geometry.point_position
        row, col = position(part, *p_um, pix_scale_size_um, offset)
        at = row + 0.5, col + 0.5  # the centre of a cell is in its middle
        return at if fract else (int(np.floor(at[0])), int(np.floor(at[1])))

    def get_psf(self) -> list[tuple[tuple[float, ...], ...]]:
        """Return position, slow and fast step (x, y, z in um) of each segment's first pixel."""
        xyz = np.stack(geometry.pixel_coordinates(self), axis=-1)
        first, slow, fast = xyz[:, 0, 0], xyz[:, 1, 0], xyz[:, 0, 1]
        vectors = zip(first, slow - first, fast - first, strict=True)
        return [tuple(tuple(vector.tolist()) for vector in three) for three in vectors]

    def move_geo(self, *_args: Any, **_keywords: Any) -> NoReturn:
        """Raise: use `xtcview.calib.alignment.moved`."""
        raise GeometryError(_CHANGE.format("moved"))

    def tilt_geo(self, *_args: Any, **_keywords: Any) -> NoReturn:
        """Raise: use `xtcview.calib.alignment.turned`."""
        raise GeometryError(_CHANGE.format("turned"))

    def set_geo_pars(self, *_args: Any, **_keywords: Any) -> NoReturn:
        """Raise: use `xtcview.calib.alignment.with_fields`."""
        raise GeometryError(_CHANGE.format("with_fields"))

    def _part(self, oname: str | None, oindex: int, do_tilt: bool) -> Geometry:
        part: Geometry = self if oname is None else alignment.below(self, oname, oindex)
        if do_tilt:
            return part
        rows = tuple(row._replace(tilt_z=0.0, tilt_y=0.0, tilt_x=0.0) for row in part.rows)
        return replace(part, rows=rows)

    def _levels(self, values: Any, oname: str | None, oindex: int) -> Any:
        """Give an array (segments, rows, columns) an axis for each level of the file."""
        top = roots(self.rows)[0] if oname is None else (oname, oindex)
        inside, level, counts = children(self.rows), [top], []
        while level[0] in inside:
            held = [inside.get(key, []) for key in level]
            if len({len(one) for one in held}) > 1:
                return values  # psana has no shape for it
            counts.append(len(held[0]))
            level = [self.rows[i][2:4] for one in held for i in one]
        if geometry.is_interleaved(self):
            counts, values = counts[:-1], np.moveaxis(values, 0, -1)
        return values.reshape(*counts, *values.shape[-3 if geometry.is_interleaved(self) else -2 :])


_CHANGE = (
    "a geometry does not change: take the one that xtcview.calib.alignment.{} returns, and give it "
    "to det.set_geometry"
)


def img_from_pixel_arrays(
    rows: Integers,
    cols: Integers,
    W: Any = None,  # noqa: N803 - psana's name
    dtype: Any = np.float32,
    vbase: float = 0,
) -> Any:
    """Return an image of values W (1 without) at the given cells, vbase elsewhere; last wins.

    Raises
    ------
    GeometryError
        The arrays have different sizes; psana gives a picture of something else then.
    """
    if rows.size != cols.size or (W is not None and np.size(W) != rows.size):
        found = f"rows {rows.size}, columns {cols.size}, values {np.size(W)}"
        raise GeometryError(f"arrays of different sizes: {found}")
    image = np.full((int(rows.max()) + 1, int(cols.max()) + 1), vbase, dtype)
    image[rows.ravel(), cols.ravel()] = 1 if W is None else np.asarray(W).ravel()
    return image
