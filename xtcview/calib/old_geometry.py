"""CSPAD geometry before 2014: up to thirteen kinds of constants in place of one geometry file.

Lengths are pixels of 109.92 um, angles degrees. The constants become an ordinary geometry, so that
everything else works as for newer runs. The formula is that of psana's CSPadPixCoords, which
made the images of those years; psana's `Detector` shows its default table instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import store
from xtcview.calib.geometry import Geometry, Row, is_interleaved, pixel_coordinates
from xtcview.errors import ConstantsError, near

PITCH = 109.92  # um
QUAD = 850.0  # pixels, side of the square in which a quad turns

Floats = NDArray[np.float64]


class OldKind(NamedTuple):
    """Shape of a kind's numbers and what stands in for a missing file."""

    shape: tuple[int, ...]
    default: tuple[float, ...] = (0.0,)  # repeated


CSPAD = {
    "center": OldKind(  # of a section in its quad: x, y, z; [axis][quad][section]
        (3, 4, 8),
        (
            *(198.0, 198.0, 310.0, 98.0, 627.0, 628.0, 711.0, 498.0) * 4,
            *(307.0, 95.0, 625.0, 625.0, 515.0, 727.0, 198.0, 199.0) * 4,
            *(0.0,) * 32,
        ),
    ),
    "center_corr": OldKind((3, 4, 8)),  # added to it
    "marg_gap_shift": OldKind(  # [axis][margin in the quad, margin, gap, shift]
        (3, 4), (15.0, 40.0, 0.0, 37.0, 15.0, 40.0, 0.0, 37.0, 0.0, 0.0, 0.0, 0.0)
    ),
    "offset": OldKind(  # of a quad: [axis][quad]
        (3, 4), (0.0, 0.0, 820.0, 820.0, 0.0, 820.0, 820.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    ),
    "offset_corr": OldKind((3, 4)),  # added to it
    "rotation": OldKind((4, 8), (0.0, 0.0, 270.0, 270.0, 180.0, 180.0, 270.0, 270.0)),
    "tilt": OldKind((4, 8)),  # of a section, beside its rotation
    "quad_rotation": OldKind((4,), (180.0, 90.0, 0.0, 270.0)),
    "quad_tilt": OldKind((4,)),
    "beam_vector": OldKind((3,)),  # no formula uses these two
    "beam_intersect": OldKind((3,)),
    "center_global": OldKind((3, 4, 8)),  # replaces all but `tilt`
    "rotation_global": OldKind((4, 8)),  # no formula uses it
}
CSPAD2X2 = {
    "center": OldKind((3, 2), (198.0, 198.0, 95.0, 308.0, 0.0, 0.0)),  # [axis][section]
    "tilt": OldKind((2,)),
}
KINDS = {"Cspad": CSPAD, "Cspad2x2": CSPAD2X2}  # by device

# which of margin, gap and shift a quad adds: (gap, shift) of x, (gap, shift) of y
_SIGNS = np.array([[(-1, 1), (-1, -1)], [(-1, -1), (1, -1)], [(1, -1), (1, 1)], [(1, 1), (-1, 1)]])
_QUAD_ANGLES = (90.0, 0.0, -90.0, -180.0)  # of the quads, where `center_global` rules
_SECTION_ANGLES = (0.0, 0.0, 270.0, 270.0, 180.0, 180.0, 270.0, 270.0)


def find(calib_dir: str | Path, source: str, run: int) -> dict[str, Path]:
    """Return the old files that serve a run: kind -> file; only those that are there."""
    kinds = KINDS.get(store.device_of(source), {})
    files = {kind: store.find(calib_dir, source, kind, run) for kind in kinds}
    return {kind: path for kind, path in files.items() if path is not None}


def read(files: Mapping[str, Path], device: str = "Cspad") -> Geometry:
    """Return the geometry that old files describe; missing kinds have psana's defaults.

    Raises
    ------
    ConstantsError
        If a file cannot be read, holds something else than numbers or not as many as it must.
    """
    values = {kind: _read(path, KINDS[device][kind].shape) for kind, path in files.items()}
    return old_geometry(values, ", ".join(str(path) for path in files.values()), device)


def old_geometry(
    values: Mapping[str, Floats], name: str = "old constants", device: str = "Cspad"
) -> Geometry:
    """Return the geometry that old constants describe.

    Parameters
    ----------
    values : mapping of str to ndarray
        Kind -> numbers of the shape in `KINDS`, pixels or degrees; missing kinds have defaults.
    name : str
        Where they come from.
    device : str
        'Cspad' or 'Cspad2x2'.

    Returns
    -------
    Geometry
        CSPAD > 4 quads > 8 sections; CSPAD > 32 sections where `center_global` is given;
        CSPAD2x2 > 2 sections. All z are 0: nothing in these constants is a distance.

    Raises
    ------
    ConstantsError
        An unknown kind, a wrong shape, or a rotation that is no multiple of 90 degrees.
    """
    kinds = KINDS[device]
    if not values.keys() <= kinds.keys():
        odd = sorted(values.keys() - kinds.keys())[0]
        raise ConstantsError(f"{name}: {odd!r} is no old kind of geometry.{near(odd, kinds)}")
    known = {kind: _checked(kind, kinds[kind], values.get(kind), name) for kind in kinds}
    if device == "Cspad2x2":
        rows = _pair_rows(known)
    elif "center_global" in values:
        rows = _global_rows(known)
    else:
        _check_quarters(known, name)
        rows = _quad_rows(known)
    rows.append(Row("IP", 0, rows[-1].parent, 0, *(0.0,) * 9))
    return Geometry(tuple(rows), (f"# COMMENT:01 made of {name}",), name)


def classic_indexes(table: Geometry) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the image cells as psana's image producer of those years chose them.

    Returns
    -------
    rows, cols : ndarray of intp
        (segments, rows, columns): floor((X - Xmin) / pitch + 0.25), and the same of Y; 0.1 for
        CSPAD2x2. Since then one adds 0.5.
    """
    x, y, _ = pixel_coordinates(table)
    share = 0.1 if is_interleaved(table) else 0.25
    rows, cols = (((v - v.min()) / PITCH + share).astype(np.intp) for v in (x, y))
    return rows, cols


def _quad_rows(known: Mapping[str, Floats]) -> list[Row]:
    gaps = known["marg_gap_shift"][:2]
    added = gaps[:, 1] + (_SIGNS * gaps[:, 2:]).sum(axis=2)  # [quad][axis]
    offset = (known["offset"] + known["offset_corr"])[:2].T + added
    rows = [_section_row(known, *divmod(segment, 8)) for segment in range(32)]
    angles = zip(known["quad_rotation"], known["quad_tilt"], strict=True)
    for quad, (angle, tilt) in enumerate(angles):
        # where a quarter turn about the origin would leave the square, it moves back into it
        back = {0: (0.0, 0.0), 90: (QUAD, 0.0), 180: (QUAD, QUAD), 270: (0.0, QUAD)}[int(angle)]
        x, y = PITCH * (offset[quad] + _turn(tilt) @ back)
        rows.append(_row("CSPAD:V0", 0, "QUAD:V0", quad, x, y, angle, tilt))
    return rows


def _section_row(known: Mapping[str, Floats], quad: int, section: int) -> Row:
    centre = (known["center"] + known["center_corr"])[:2, quad, section]
    centre = (centre + known["marg_gap_shift"][:2, 0]) * PITCH
    angle, tilt = known["rotation"][quad, section], known["tilt"][quad, section]
    # from the first pixel to the middle of the sensor, and to what was taken for the middle
    middle, taken = np.array([195.5, 92.0]) * PITCH, np.array([196.5, 92.0]) * PITCH + 1.0
    if angle % 180:
        middle, taken = middle[::-1], taken[::-1]
    # a turn by a small tilt moves the sensor as well; to first order in the tilt, as it was done
    moved = np.radians(tilt) * np.array([taken[1], -taken[0]])
    x, y = centre - taken + moved + _turn(tilt) @ middle
    return _row("QUAD:V0", quad, "SENS2X1:V0", section, x, y, angle, tilt)


def _global_rows(known: Mapping[str, Floats]) -> list[Row]:
    found = []
    for segment in range(32):
        at = divmod(segment, 8)
        x, y = known["center_global"][:2, at[0], at[1]] * PITCH
        angle = (_QUAD_ANGLES[at[0]] + _SECTION_ANGLES[at[1]]) % 360
        tilt = known["tilt"][at]
        found.append(_row("CSPAD:V1", 0, "SENS2X1:V1", segment, x, y, angle, tilt))
    return found


def _pair_rows(known: Mapping[str, Floats]) -> list[Row]:
    centres = known["center"][:2].T * PITCH
    pairs = enumerate(zip(centres, known["tilt"], strict=True))
    return [
        _row("CSPAD2X2:V1", 0, "SENS2X1:V1", i, x, y, 180.0, tilt) for i, ((x, y), tilt) in pairs
    ]


def _row(
    parent: str, number: int, name: str, index: int, x: float, y: float, angle: float, tilt: float
) -> Row:
    place = (float(x), float(y), 0.0, float(angle), 0.0, 0.0, float(tilt), 0.0, 0.0)
    return Row(parent, number, name, index, *place)


def _turn(angle: float) -> Floats:
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[cosine, -sine], [sine, cosine]])


def _checked(kind: str, entry: OldKind, given: Floats | None, name: str) -> Floats:
    shape, default = entry
    if given is None:
        return np.resize(np.array(default), shape)
    found = np.asarray(given, np.float64)
    if found.shape != shape or not np.isfinite(found).all():
        what = f"expected finite numbers of shape {shape}, found shape {found.shape}"
        raise ConstantsError(f"{name}: {kind}: {what}")
    return found


def _check_quarters(known: Mapping[str, Floats], name: str) -> None:
    for kind in ("rotation", "quad_rotation"):
        odd = known[kind][~np.isin(known[kind], (0, 90, 180, 270))]
        if odd.size:  # psana takes it for 0, without a word
            what = f"{odd[0]:g}: expected 0, 90, 180 or 270 degrees; small angles are tilts"
            raise ConstantsError(f"{name}: {kind} {what}")


def _read(path: Path, shape: tuple[int, ...]) -> Floats:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ConstantsError(f"{path}: cannot be read: {error.strerror}") from error
    numbers: list[float] = []
    for number, line in enumerate(lines, 1):
        try:
            numbers += [] if line.startswith("#") else map(float, line.split())
        except ValueError as error:
            raise ConstantsError(f"{path} line {number}: expected numbers: {error}") from error
    if len(numbers) != np.prod(shape):
        what = f"expected {np.prod(shape)} numbers, found {len(numbers)}"
        raise ConstantsError(f"{path}: {what}")
    return np.array(numbers).reshape(shape)
