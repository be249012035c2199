"""CrystFEL geometry files (.geom).

The format is that of its manual page crystfel_geometry(5): a panel's corner is its outer corner,
half a pixel from the centre of its first pixel; corners and vectors are in pixels, the frame is
that of the laboratory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.export.frames import to_laboratory
from xtcview.calib.geometry import Block, Geometry, Orientation, blocks, segments_shape
from xtcview.calib.pixels import pixel_size, sections_per_quad
from xtcview.calib.placement import place
from xtcview.calib.scattering import detector_distance, mean_depth
from xtcview.errors import GeometryError

LAYOUTS = ("stacked", "cheetah")


class Panel(NamedTuple):
    """A panel: where it is in the data and in the laboratory."""

    name: str
    group: str  # of panels that move together
    min_fs: int
    max_fs: int  # the last pixel
    min_ss: int
    max_ss: int
    corner: NDArray[np.float64]  # (3,) pixels, from the interaction point
    fs: NDArray[np.float64]  # (3,) pixels
    ss: NDArray[np.float64]


def panels(
    table: Geometry, layout: str = "stacked", orientation: Orientation | None = None
) -> list[Panel]:
    """Return the panels of a detector, one per block of regular pixels, an ASIC mostly.

    Parameters
    ----------
    table : Geometry
    layout : str
        How the two-dimensional data are arranged: 'stacked', segments one below the other, or
        'cheetah' for a CSPAD, quads side by side (1480, 1552).
    orientation : Orientation, optional
        See `xtcview.calib.export.frames.to_laboratory`.

    Raises
    ------
    GeometryError
        An unknown layout or one that the detector does not have.
    """
    shape = segments_shape(table)
    if layout not in LAYOUTS or (layout == "cheetah" and shape[0] != 32):
        what = "expected 'stacked', or 'cheetah' for the 32 segments of a CSPAD"
        raise GeometryError(f"{table.name}: layout {layout!r}: {what}")
    turn = to_laboratory(table, orientation) / pixel_size(table)
    found = blocks(place(table))
    each = len(found) // shape[0]  # segments are all alike
    return [_panel(block, i % each, each, shape, layout, turn) for i, block in enumerate(found)]


def text(
    table: Geometry,
    *,
    layout: str = "stacked",
    orientation: Orientation | None = None,
    distance: float | None = None,
    clen: str | None = None,
    coffset: float = 0.0,
    photon_energy: float | str | None = None,
    adu_per_ev: float | None = None,
    data: str | None = None,
    comments: Sequence[str] = (),
) -> str:
    """Return a CrystFEL geometry file.

    Parameters
    ----------
    table, layout, orientation
        See `panels`.
    distance : float, optional
        From the interaction point, um; that of the table when not given.
    clen : str, optional
        Where CrystFEL finds the distance instead, such as '/LCLS/detector_1/EncoderValue mm'.
    coffset : float
        What is to be added to that, um: 573224 in one example of CrystFEL.
    photon_energy : float or str, optional
        eV, or where CrystFEL finds it. What is not given is not written: it is not known here.
    adu_per_ev : float, optional
        ADU per eV, 0.00338 for CSPADs since about 2013, 0.00105 before.
    data : str, optional
        Where the images are, for a file of many: (events, ss, fs).
    comments : sequence of str

    Raises
    ------
    GeometryError
        See `panels`; or the distance is neither given nor known.
    """
    found = panels(table, layout, orientation)
    size, depth = pixel_size(table), mean_depth(table)
    away = None if clen is not None else detector_distance(table, distance)
    lines = [f"; geometry of {table.name}", *(f"; {line}" for line in comments)]
    lines += _energy_lines(photon_energy, adu_per_ev)
    lines.append(f"clen = {clen}" if away is None else f"clen = {away * 1e-6:.9g} m")
    lines.append(f"res = {1e6 / size:.9g}")
    if data is not None:
        lines += [f"data = {data}", "dim0 = %", "dim1 = ss", "dim2 = fs"]
    for panel in found:
        offset = panel.corner[2] * size - depth + coffset
        lines += ["", *_panel_lines(panel, offset * 1e-6)]
    return "\n".join([*lines, "", *_group_lines(found), ""])


def _panel(
    block: Block,
    number: int,
    each: int,
    shape: tuple[int, int, int],
    layout: str,
    turn: NDArray[np.float64],
) -> Panel:
    quad, section = divmod(block.segment, sections_per_quad(shape))
    has_quads = sections_per_quad(shape) < shape[0]
    name = f"q{quad}a{section * each + number}" if has_quads else f"p{block.segment}a{number}"
    beside, above = (quad, section) if layout == "cheetah" else (0, block.segment)
    fs0, ss0 = beside * shape[2] + block.col0, above * shape[1] + block.row0
    fs, ss = turn @ block.per_col, turn @ block.per_row
    corner = turn @ block.start - fs / 2 - ss / 2
    group = f"q{quad}" if has_quads else f"p{block.segment}"
    ends = fs0, fs0 + block.cols - 1, ss0, ss0 + block.rows - 1
    return Panel(name, group, *ends, corner, fs, ss)


def _energy_lines(photon_energy: float | str | None, adu_per_ev: float | None) -> list[str]:
    lines = []
    if photon_energy is not None:
        unit = "" if isinstance(photon_energy, str) else " eV"
        lines.append(f"photon_energy = {photon_energy}{unit}")
    if adu_per_ev is not None:
        lines.append(f"adu_per_eV = {adu_per_ev:g}")
    return lines


def _panel_lines(panel: Panel, offset: float) -> list[str]:
    vectors = {
        name: " ".join(f"{v:+.9f}{axis}" for v, axis in zip(vector, "xyz", strict=True))
        for name, vector in (("fs", panel.fs), ("ss", panel.ss))
    }
    values = {
        **{name: str(getattr(panel, name)) for name in ("min_fs", "max_fs", "min_ss", "max_ss")},
        **vectors,
        "corner_x": f"{panel.corner[0]:.6f}",
        "corner_y": f"{panel.corner[1]:.6f}",
        "coffset": f"{offset:.9f}",
    }
    return [f"{panel.name}/{name} = {value}" for name, value in values.items()]


def _group_lines(found: Sequence[Panel]) -> list[str]:
    """Return the groups of panels, in the words of today and of versions before 0.11."""
    groups: dict[str, list[str]] = {}
    for panel in found:
        groups.setdefault(panel.group, []).append(panel.name)
    lines = [f"group_{group} = {','.join(names)}" for group, names in groups.items()]
    lines.append(f"group_all = {','.join(groups)}")
    lines += [f"rigid_{line}" for line in lines[:-1]]
    return [*lines, f"rigid_group_collection_all = {','.join(groups)}"]
