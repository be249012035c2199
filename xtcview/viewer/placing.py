"""Where display pixels lie in the laboratory: what scale bars, rings and the readout rest on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import geometry, orientation, pixels, scattering
from xtcview.errors import XtcError
from xtcview.viewer.layout import Picture
from xtcview.viewer.reader import Reader

Array = NDArray[Any]


class Placing(NamedTuple):
    """How the geometry picture lies before the beam."""

    pitch: float  # um, one display pixel
    beam: tuple[float, float]  # x and y of the beam, display pixels
    inverse: Array  # (2, 2): display steps (x, y) to steps along psana's X and Y, in pixels
    distance: float | None  # um from the interaction point; None where the table does not know


def placing(reader: Reader, picture: Picture) -> Placing | None:
    """Return how a geometry picture lies; None where the pixel size is not known."""
    tiles = reader.tiles()
    if tiles is None or picture.key != "image":
        return None
    table = geometry.without_twist(reader.det.geometry(reader.run.run()))
    if not pixels.has_size(table):
        return None
    turn, shift = orientation.to_display(reader.det.orientation, geometry.image_shape(table))
    moved = [tiles[name][0] - picture.tiles[name][0] for name in ("x0", "y0")]  # to the corner
    x, y = turn @ np.array(geometry.point_position(table)) + shift - moved
    beam = (float(x), float(y))
    return Placing(pixels.pixel_size(table), beam, np.linalg.inv(turn), _distance(table))


def told_place(found: Placing | None, look: Any) -> dict[str, Any]:
    """Return the placing as plain values for the page; `look` may know the distance."""
    if found is None:
        return {"t": "place", "known": False, "fields": []}
    inverse = found.inverse.ravel().tolist()
    distance = getattr(look, "distance", None) or found.distance
    told = {"pitch": found.pitch, "beam": found.beam, "inverse": inverse, "distance": distance}
    return {"t": "place", "known": True, "fields": []} | told


def _distance(table: Any) -> float | None:
    try:
        return scattering.detector_distance(table)
    except XtcError:
        return None


def radius(placed: Placing, picture: Picture, shape: tuple[int, ...]) -> Array:
    """Return the distance of each pixel from the beam in display pixels: float64, `shape`."""
    out = np.full(shape, np.nan)
    for t in picture.tiles:
        r, c = np.arange(t["rows"])[:, None], np.arange(t["cols"])[None, :]
        x = t["x0"] + r * t["dx_row"] + c * t["dx_col"] - placed.beam[0]
        y = t["y0"] + r * t["dy_row"] + c * t["dy_col"] - placed.beam[1]
        rows = slice(t["row0"], t["row0"] + t["rows"])
        out[t["segment"], rows, t["col0"] : t["col0"] + t["cols"]] = np.hypot(x, y)
    return out
