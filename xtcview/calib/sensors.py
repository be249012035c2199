"""Facts of the sensors: shape of a segment, pixel size, which geometry stands in for none."""

from __future__ import annotations

from typing import NamedTuple

from xtcview.calib.devices import DEFAULT_GEOMETRIES, GROUPS
from xtcview.calib.geometry import Geometry, Row, default, matrix_geometry, segments_shape


class Sensor(NamedTuple):
    """A segment of a detector.

    Parameters
    ----------
    segments : tuple of int
        How many of them psana's detectors have.
    rows, cols : int
        Pixels of a segment.
    pitch : float
        Side of a normal pixel, um.
    """

    segments: tuple[int, ...]
    rows: int
    cols: int
    pitch: float


# device -> its segments; cameras whose frames vary in size are not here
SENSORS = {
    "Cspad": Sensor((32,), 185, 388, 109.92),
    "Cspad2x2": Sensor((2,), 185, 388, 109.92),
    "pnCCD": Sensor((4,), 512, 512, 75.0),
    "Epix100a": Sensor((1,), 704, 768, 50.0),
    "Epix10ka": Sensor((1,), 352, 384, 100.0),
    "Epix10kaQuad": Sensor((4,), 352, 384, 100.0),
    "Epix10ka2M": Sensor((16,), 352, 384, 100.0),
    "Jungfrau": Sensor((1, 2, 8), 512, 1024, 75.0),
}

# devices whose two-dimensional frames psana places by geometry; others are their own image
PLACED = ("Epix100a", "Epix10ka", "Jungfrau")

NO_PITCH = 1.0  # um, of a plain matrix whose pixel size nothing tells


def is_camera(device: str) -> bool:
    """Return whether a device is one of the cameras that mostly go without constants."""
    return GROUPS.get(device) == "Camera::CalibV1"


def default_geometry(device: str, shape: tuple[int, ...], pitch: float | None = None) -> Geometry:
    """Return the geometry of a detector for which none is deployed.

    Parameters
    ----------
    device : str
        Such as 'Jungfrau'.
    shape : (int, int, int)
        Segments, rows, columns.
    pitch : float, optional
        Pixel size in um for a plain matrix, where the configuration tells it.

    Returns
    -------
    Geometry
        psana's default where there is one for this shape. Else a plain matrix, the segments one
        below the other: of a table for other segments nothing would be true.
    """
    name = DEFAULT_GEOMETRIES.get((device, shape[0]))
    if name is not None:
        table = default(name)
        if segments_shape(table) == tuple(shape):
            return table
    known = SENSORS[device].pitch if device in SENSORS else NO_PITCH
    return stacked(shape, known if pitch is None else pitch)


def stacked(shape: tuple[int, ...], pitch: float) -> Geometry:
    """Return the geometry whose image is the segments one below the other.

    Parameters
    ----------
    shape : (int, int, int)
        Segments, rows, columns.
    pitch : float
        Pixel size, um.
    """
    segments, rows, cols = shape
    one = matrix_geometry(rows, cols, pitch)
    if segments == 1:
        return one
    kind = one.rows[0].object
    places = (Row("IP", 0, kind, i, i * rows * float(pitch), *(0.0,) * 8) for i in range(segments))
    return Geometry(tuple(places), (), f"matrix {segments} x {rows} x {cols}")
