"""How an image is turned so that it stands upright on the screen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.geometry_text import Geometry
from xtcview.calib.placement import at_interaction_point


@dataclass(frozen=True)
class Orientation:
    """How an image is turned for display.

    Attributes
    ----------
    rot90 : int
        Quarter turns counter-clockwise, done first.
    flip : bool
        Mirror left and right, done after the turn.
    """

    rot90: int = 0
    flip: bool = False


def upright(geometry: Geometry) -> Orientation:
    """Return the orientation that shows the detector upright, seen from the source.

    Tables of 2x1 sections made from optical metrology (no rotation about z at the interaction
    point) have x to the right and y up, so that psana's image (row = x) lies a quarter turn
    clockwise. All other tables are in the frame of the image already.
    """
    is_cspad = any(row.object.startswith("SENS2X1") for row in geometry.rows)
    metrology = all(row.rot_z == 0 for row in geometry.rows if at_interaction_point(row))
    return Orientation(rot90=1 if is_cspad and metrology else 0)


def orient(image: np.ndarray, orientation: Orientation) -> np.ndarray:
    """Return a view of an image (rows, columns, ...) turned for display."""
    turned = np.rot90(image, orientation.rot90)
    return turned[:, ::-1] if orientation.flip else turned


def to_display(
    orientation: Orientation, shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return A (2, 2) and b (2,) with (x, y) = A @ (row, column) + b.

    It says where `orient` puts a cell of an image of that shape: x right, y down, (0, 0) the
    centre of the top left display pixel.
    """
    height, width = shape
    matrix, shift = np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros(2)
    for _ in range(orientation.rot90 % 4):  # one turn: x becomes y, y becomes width - 1 - x
        matrix = np.array([matrix[1], -matrix[0]])
        shift = np.array([shift[1], width - 1 - shift[0]])
        height, width = width, height
    if orientation.flip:
        matrix[0], shift[0] = -matrix[0], width - 1 - shift[0]
    return matrix, shift
