"""How an image is turned so that it stands upright on the screen, and what people chose."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.geometry_text import Geometry
from xtcview.calib.placement import at_interaction_point
from xtcview.errors import GeometryError

VARIABLE = "XTCVIEW_ORIENTATIONS"


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
    clockwise. All other tables are in the frame of the image already, those from before 2014 too.
    """
    is_cspad = any(row.object.startswith("SENS2X1:V1") for row in geometry.rows)
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


def remembered(detector: str) -> Orientation | None:
    """Return the orientation that somebody chose for a detector; None without one.

    Parameters
    ----------
    detector : str
        Such as 'cxitut13 CxiDs1.0:Cspad.0'.

    Raises
    ------
    GeometryError
        The file of orientations is damaged.
    """
    path = place()
    found = None if path is None else _read(path).get(detector)
    return None if found is None else Orientation(*found)


def remember(detector: str, orientation: Orientation | None) -> Path | None:
    """Keep the orientation of a detector for the next time; None forgets it.

    Returns
    -------
    Path or None
        The file; None where nothing is kept or can be written.
    """
    path = place()
    if path is None:
        return None
    known = _read(path)
    known.pop(detector, None)
    if orientation is not None:
        known[detector] = (orientation.rot90, orientation.flip)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError:
        return None
    return path


def place() -> Path | None:
    """Return the file of orientations, in the user's configuration folder.

    ``XTCVIEW_ORIENTATIONS=off`` keeps none, a path in its place is the file.
    """
    wanted = os.environ.get(VARIABLE, "")
    if wanted == "off":
        return None
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config")
    return Path(wanted or home / "xtcview" / "orientations.json").expanduser()


def _read(path: Path) -> dict[str, tuple[int, bool]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(k): (int(rot90), bool(flip)) for k, (rot90, flip) in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise GeometryError(f"{path}: no file of orientations ({error}); delete it") from error
