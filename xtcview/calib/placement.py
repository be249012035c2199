"""From the tree of a geometry table to one rotation and origin per segment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.geometry_text import Geometry, Row, children, roots
from xtcview.calib.segments import Segment, is_segment, segment
from xtcview.errors import GeometryError, near

MAX_PIXELS = 1 << 28  # of all segments together; a damaged file could claim more than memory
MAX_SPAN = 1 << 14  # cells along one side of an image, almost two metres of CSPAD


class Placed(NamedTuple):
    """A segment in the outermost frame: point = rotation @ local point + origin."""

    row: Row
    segment: Segment
    rotation: NDArray[np.float64]  # (3, 3)
    origin: NDArray[np.float64]  # (3,) um

    def coordinate(self, axis: int) -> NDArray[np.float64]:
        """Return X, Y or Z (axis 0, 1, 2) of all pixels, (rows, columns), um."""
        part = self.rotation[axis]
        return np.asarray(
            part[0] * self.segment.x + part[1] * self.segment.y + self.origin[axis], np.float64
        )

    def ends(self, axis: int) -> tuple[float, float]:
        """Return the smallest and largest coordinate, bit by bit those of `coordinate`."""
        part = self.rotation[axis]
        along_x, along_y = part[0] * self.segment.x, part[1] * self.segment.y
        low = along_x.min() + along_y.min() + self.origin[axis]
        high = along_x.max() + along_y.max() + self.origin[axis]
        return float(low), float(high)


def place(geometry: Geometry, wide_center: bool = False) -> list[Placed]:
    """Return the segments in order: the tree from its root, children in file order.

    Raises
    ------
    GeometryError
        If the table names no segment, unknown ones or segments of different shapes.
    """
    found: list[Placed] = []
    below = children(geometry.rows)
    frame = np.eye(3), np.zeros(3)
    todo = [(geometry.rows[i], *frame) for key in roots(geometry.rows) for i in below[key]][::-1]
    while todo:
        row, outer, start = todo.pop()
        rotation, origin = outer @ rotation_of(row), start + outer @ origin_of(row)
        inner = below.get((row.object, row.object_index), [])
        if bool(inner) == is_segment(row.object):
            raise GeometryError(_misplaced(row, geometry.name))
        if not inner:
            found.append(Placed(row, segment(row.object, wide_center), rotation, origin))
        todo += [(geometry.rows[i], rotation, origin) for i in reversed(inner)]
    _check_alike(found, geometry.name)
    return found


def extent(placed: list[Placed], axis: int, pitch: float, name: str) -> tuple[float, float]:
    """Return the smallest and largest X (axis 0) or Y (axis 1) of all pixels, um.

    Raises
    ------
    GeometryError
        If they are too far apart for an image with cells of that pitch.
    """
    ends = [one.ends(axis) for one in placed]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    if not (high - low) < MAX_SPAN * pitch:
        raise GeometryError(
            f"{name}: the pixels spread over {high - low:.0f} um, more than {MAX_SPAN} cells of "
            f"{pitch} um; check the origins in the table"
        )
    return low, high


def rotation_of(row: Row) -> NDArray[np.float64]:
    """Return Rx Ry Rz (3, 3): about z first, then y, then x, each design angle plus tilt."""
    angles = (row.rot_z + row.tilt_z, row.rot_y + row.tilt_y, row.rot_x + row.tilt_x)
    (ca, sa), (cb, sb), (cg, sg) = ((np.cos(a), np.sin(a)) for a in np.radians(angles))
    about_z = np.array([[ca, -sa, 0], [sa, ca, 0], [0, 0, 1]])
    about_y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    about_x = np.array([[1, 0, 0], [0, cg, -sg], [0, sg, cg]])
    return np.asarray(about_x @ about_y @ about_z)


def origin_of(row: Row) -> NDArray[np.float64]:
    """Return the origin (3,) in the parent's frame, um.

    Files give the distance from the interaction point as a positive number, yet psana's z points
    against the beam: there, and only there, a positive z changes its sign.
    """
    z = -row.z0 if at_interaction_point(row) and row.z0 > 0 else row.z0
    return np.array([row.x0, row.y0, z])


def at_interaction_point(row: Row) -> bool:
    """Tell whether the object hangs directly below the interaction point."""
    return row.parent.startswith("IP")


def _misplaced(row: Row, name: str) -> str:
    place = f"{name}: {row.object} {row.object_index} in {row.parent} {row.parent_index}"
    if is_segment(row.object):
        return f"{place} is a segment with pixels and cannot hold other objects"
    hint = near(row.object, ("SENS2X1:V1", "EPIX100:V1", "EPIX10KA:V1", "JUNGFRAU:V1", "PNCCD:V1"))
    return f"{place} holds no other object and is no segment with a pixel table.{hint}"


def _check_alike(placed: list[Placed], name: str) -> None:
    if not placed:
        raise GeometryError(f"{name}: no segment with pixels")
    shapes = {(one.segment.rows, one.segment.cols) for one in placed}
    if len(shapes) > 1:
        raise GeometryError(
            f"{name}: segments of different shapes {sorted(shapes)} in one detector"
        )
    (rows, cols) = shapes.pop()
    if len(placed) * rows * cols > MAX_PIXELS:
        raise GeometryError(
            f"{name}: {len(placed)} segments of {rows} x {cols} are too many pixels"
        )
