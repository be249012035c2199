"""NeXus detector files with the corners of every pixel, and .poni files: what pyFAI reads.

pyFAI has slow and fast axis of the data for 1 and 2, coordinates (z, y, x) in m with z along the
beam, y up and x to the right, seen from the source. The beam passes through (0, 0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.export.frames import to_laboratory
from xtcview.calib.geometry import Geometry, Orientation, segments_shape
from xtcview.calib.pixels import WIDE, pixel_size
from xtcview.calib.placement import Placed, place
from xtcview.calib.scattering import detector_distance, mean_depth, wavelength
from xtcview.errors import GeometryError, MissingExtraError

PLACE = ("entry_0000", "pyFAI", "detector")  # of the detector in the file
CLASSES = ("NXentry", "NXsubentry", "NXdetector")
ORIENTATION = 3  # pyFAI's number for data whose first row and column come first

Floats = NDArray[np.float64]


class Field(NamedTuple):
    """A field of a NeXus file."""

    value: Any
    attributes: Mapping[str, str] = {}


def pixel_corners(table: Geometry, orientation: Orientation | None = None) -> NDArray[np.float32]:
    """Return the corners of all pixels, the wide ones in their true size.

    Parameters
    ----------
    table : Geometry
    orientation : Orientation, optional
        See `xtcview.calib.export.frames.to_laboratory`.

    Returns
    -------
    ndarray of float32
        (segments * rows, columns, 4 corners, z y x), m; z from the detector's mean plane. The
        corners go round from the first row and column, in the sense in which pyFAI finds that a
        pixel faces the beam; the other way its solid angles would be negative.
    """
    segments, rows, cols = segments_shape(table)
    left_up_along = to_laboratory(table, orientation)
    turn = left_up_along[[2, 1, 0]] * np.array([[1.0], [1.0], [-1.0]])
    plane = np.array([mean_depth(table), 0.0, 0.0])
    found = np.empty((segments, rows, cols, 4, 3), np.float32)
    for i, one in enumerate(place(table)):
        along_rows, along_cols = (np.array(ends) @ turn.T for ends in _edges(one))
        origin = turn @ one.origin - plane
        for corner, (row, col) in enumerate(_round(along_rows, along_cols)):
            zyx = along_rows[row][:, None] + along_cols[col][None, :] + origin
            found[i, :, :, corner] = zyx * 1e-6
    return found.reshape(segments * rows, cols, 4, 3)


def detector_fields(
    table: Geometry,
    orientation: Orientation | None = None,
    mask: NDArray[Any] | None = None,
) -> dict[str, Field]:
    """Return the fields of a NeXus detector, as pyFAI names them.

    Parameters
    ----------
    table, orientation
        See `pixel_corners`.
    mask : ndarray, optional
        (segments, rows, columns), True where a pixel is bad.

    Raises
    ------
    GeometryError
        A mask of another shape.
    """
    segments, rows, cols = segments_shape(table)
    shape = np.array([segments * rows, cols], np.int32)
    pitch = pixel_size(table) * 1e-6
    fields = {
        "API_VERSION": Field(np.bytes_("1.0")),
        "IS_FLAT": Field(False),
        "IS_CONTIGUOUS": Field(False),
        "pixel_size": Field(np.array([pitch, pitch]), {"unit": "m"}),
        "shape": Field(shape),
        "max_shape": Field(shape),
        "orientation": Field(np.int32(ORIENTATION)),
        "description": Field(np.bytes_(table.name.encode())),
        "pixel_corners": Field(pixel_corners(table, orientation), {"interpretation": "vertex"}),
    }
    if mask is not None:
        if mask.shape != (segments, rows, cols):
            expected = f"expected {(segments, rows, cols)}, found {mask.shape}"
            raise GeometryError(f"{table.name}: shape of the mask: {expected}")
        bad = mask.astype(np.int8).reshape(segments * rows, cols)
        fields["mask"] = Field(bad, {"interpretation": "image"})
    return fields


def write(
    path: str | Path,
    table: Geometry,
    orientation: Orientation | None = None,
    mask: NDArray[Any] | None = None,
) -> Path:
    """Write a NeXus file that ``pyFAI.detector_factory(path)`` reads.

    Parameters
    ----------
    path : str or Path
        A new file, .h5 by custom.
    table, orientation, mask
        See `detector_fields`. The data belong to it as `raw.reshape(-1, columns)`.

    Raises
    ------
    MissingExtraError
        h5py is not installed.
    GeometryError
        The file is there already or cannot be written.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("NeXus files need h5py: pip install 'xtcview[h5]'") from error
    fields = detector_fields(table, orientation, mask)
    try:
        with h5py.File(path, "x") as file:
            group = file
            for name, kind in zip(PLACE, CLASSES, strict=True):
                group = group.create_group(name)
                group.attrs["NX_class"] = kind
            file[PLACE[0]].create_dataset("start_time", data=_now())  # pyFAI takes the latest
            for name, field in fields.items():
                packed = (
                    {"compression": "gzip", "shuffle": True} if np.ndim(field.value) > 1 else {}
                )
                dataset = group.create_dataset(name, data=field.value, **packed)
                dataset.attrs.update(field.attributes)
    except OSError as error:
        raise GeometryError(f"{path}: cannot be written: {error}") from error
    return Path(path)


def poni(
    nexus: str | Path,
    table: Geometry,
    distance: float | None = None,
    energy: float | None = None,
) -> str:
    """Return a .poni file: the detector of a NeXus file in an experiment.

    Parameters
    ----------
    nexus : str or Path
        Written by `write`.
    table : Geometry
    distance : float, optional
        From the interaction point, um; that of the table when not given.
    energy : float, optional
        Of the photons, eV; without it the file has no wavelength.

    Raises
    ------
    GeometryError
        The distance is neither given nor known.
    """
    config = json.dumps({"filename": str(nexus), "orientation": ORIENTATION})
    lines = [
        f"# geometry of {table.name}",
        "poni_version: 2.1",
        "Detector: NexusDetector",
        f"Detector_config: {config}",
        f"Distance: {detector_distance(table, distance) * 1e-6!r}",
        *(f"{name}: 0.0" for name in ("Poni1", "Poni2", "Rot1", "Rot2", "Rot3")),
    ]
    if energy is not None:
        lines.append(f"Wavelength: {float(wavelength(energy)) * 1e-10!r}")
    return "\n".join(lines) + "\n"


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _edges(one: Placed) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return both edges of each row, then of each column, as vectors (count, 3) in um."""
    x, y = one.segment.x.ravel(), one.segment.y.ravel()
    axes = [(y, one.rotation[:, 1]), (x, one.rotation[:, 0])]
    along = axes if one.segment.y_up else axes[::-1]
    wide = WIDE.get(one.row.object, (1.0, 1.0))
    rows, cols = (_ends(at, to, w) for (at, to), w in zip(along, wide, strict=True))
    return rows, cols


def _round(along_rows: Floats, along_cols: Floats) -> tuple[tuple[int, int], ...]:
    """Return the order of corners, (row edge, column edge), that turns the pixels to the beam."""
    per_row, per_col = (ends[1, 0] - ends[0, 0] for ends in (along_rows, along_cols))
    faces = per_row[1] * per_col[2] > per_row[2] * per_col[1]
    return ((0, 0), (1, 0), (1, 1), (0, 1)) if faces else ((0, 0), (0, 1), (1, 1), (1, 0))


def _ends(centres: Floats, direction: Floats, wide: float) -> tuple[Floats, Floats]:
    """Return where pixels along an axis begin and end; wide ones reach to the middle."""
    steps = np.diff(centres)
    step = float(steps[np.argmin(np.abs(steps))]) if steps.size else 1.0
    first, last = centres - step / 2, centres + step / 2
    if wide != 1.0:
        half = len(centres) // 2
        first[half] -= (wide - 1) * step
        last[half - 1] += (wide - 1) * step
    return first[:, None] * direction, last[:, None] * direction
