"""From psana's frame to those of other programs: upright, seen along the beam."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.geometry import Geometry, Orientation, upright
from xtcview.calib.orientation import to_display


def to_laboratory(table: Geometry, orientation: Orientation | None = None) -> NDArray[np.float64]:
    """Return the matrix (3, 3) from psana's frame to that of the laboratory.

    There y points up, z along the beam, and x to the left, seen from the source.

    Parameters
    ----------
    table : Geometry
    orientation : Orientation, optional
        How psana's image is turned to stand upright, seen from the source; `upright` of the
        table when not given.
    """
    matrix, _ = to_display(upright(table) if orientation is None else orientation, (1, 1))
    found = np.zeros((3, 3))
    found[:2, :2], found[2, 2] = -matrix, -1.0  # the display's x points right, its y down
    return found
