"""Where each pixel is drawn: tiles, canvases and the index map between them.

A picture is a list of affine tiles (`xtcview.calib.geometry.TILE`) in display pixels. The
geometry image and the raw arrangements are both such lists, so that one rule draws, hovers and
links them. The same rules stand in `js/layout.js`; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.geometry import TILE, Orientation
from xtcview.viewer.frames import block_shape

Array = NDArray[Any]

GAP = np.uint32(0xFFFFFFFF)  # index of a canvas pixel on which no detector pixel lies
GRID_QUADS, GRID_SECTIONS = 4, 8  # the 1480 x 1552 arrangement: quads side by side


@dataclass(frozen=True)
class Picture:
    """One way to draw the panels.

    Attributes
    ----------
    key : str
        'stack', 'grid' or 'image'.
    label : str
        What a person reads, such as '1480 x 1552'.
    tiles : ndarray of TILE
        In display pixels, x to the right, y down, (0, 0) = centre of the top left pixel.
    rows, cols : int
        Size of the picture in display pixels.
    fill : bool
        True when rows and columns may be scaled differently to fill the pane.
    """

    key: str
    label: str
    tiles: Array
    rows: int
    cols: int
    fill: bool = False


def _upright_tiles(shape: tuple[int, ...], row: Array, col: Array) -> Array:
    """Return one unturned tile per segment with its first pixel at (row, col)."""
    segments, rows, cols = shape
    tiles = np.zeros(segments, TILE)
    tiles["segment"] = np.arange(segments)
    tiles["rows"], tiles["cols"] = rows, cols
    tiles["x0"], tiles["y0"] = col, row
    tiles["dy_row"] = tiles["dx_col"] = 1.0
    return tiles


def stack_picture(shape: tuple[int, ...]) -> Picture:
    """Return the panels one below the other: (segments * rows, cols), a plain reshape of raw."""
    segments, rows, cols = shape
    tiles = _upright_tiles(shape, np.arange(segments) * rows, np.zeros(segments))
    total = segments * rows
    return Picture("stack", f"{total} × {cols}", tiles, total, cols, fill=total > 4 * cols)


def grid_picture(shape: tuple[int, ...]) -> Picture:
    """Return quads left to right, sections downwards.

    Pixel (r, c) of a segment stands at row = section * rows + r, column = quad * cols + c.
    """
    _, rows, cols = shape
    quad, section = np.divmod(np.arange(GRID_QUADS * GRID_SECTIONS), GRID_SECTIONS)
    tiles = _upright_tiles(shape, section * rows, quad * cols)
    height, width = GRID_SECTIONS * rows, GRID_QUADS * cols
    return Picture("grid", f"{height} × {width}", tiles, height, width)


def raw_pictures(shape: tuple[int, ...]) -> list[Picture]:
    """Return the arrangements of the raw panels that a detector of this shape has."""
    stack = stack_picture(shape)
    if shape[0] == GRID_QUADS * GRID_SECTIONS:
        return [grid_picture(shape), stack]
    return [stack]


def arranged(panels: Array, key: str) -> Array:
    """Return the panels as the two-dimensional array that the 'stack' or 'grid' picture shows."""
    _, rows, cols = panels.shape
    if key == "stack":
        return panels.reshape(-1, cols)
    quads = panels.reshape(GRID_QUADS, GRID_SECTIONS * rows, cols)
    grid: Array = quads.transpose(1, 0, 2).reshape(GRID_SECTIONS * rows, GRID_QUADS * cols)
    return grid


def image_picture(tiles: Array) -> Picture:
    """Return the geometry image: tiles moved so that all lie on a canvas that starts at (0, 0).

    They move by whole pixels: each pixel is drawn in the cell that the assembled image gives it.
    """
    x, y = _corners(tiles)
    tiles = tiles.copy()
    tiles["x0"] -= np.rint(x.min())
    tiles["y0"] -= np.rint(y.min())
    rows, cols = (int(np.floor(np.ptp(at) + 0.5)) + 1 for at in (y, x))  # as psana rounds
    return Picture("image", f"{rows} × {cols}", tiles, rows, cols)


def turned(orientation: Orientation, mirror: bool) -> Orientation:
    """Mirror what is on screen left to right, or turn it counter-clockwise by a quarter.

    An orientation turns first and mirrors then, so a turn of a mirrored picture counts backwards.
    """
    rot90, flip = orientation.rot90, orientation.flip
    if mirror:
        return Orientation(rot90, not flip)
    return Orientation((rot90 + (-1 if flip else 1)) % 4, flip)


def _corners(tiles: Array) -> tuple[Array, Array]:
    """Return x and y of the centres of the corner pixels of each tile."""
    r = np.array([0, 0, 1, 1]) * (tiles["rows"] - 1)[:, None]
    c = np.array([0, 1, 0, 1]) * (tiles["cols"] - 1)[:, None]
    return _place(tiles, r, c)


def _place(tiles: Array, r: Array, c: Array) -> tuple[Array, Array]:
    """Return display x and y of pixel (r, c) of each tile; r and c are (tiles, n)."""
    t = tiles[:, None]
    return (
        t["x0"] + r * t["dx_row"] + c * t["dx_col"],
        t["y0"] + r * t["dy_row"] + c * t["dy_col"],
    )


def steps(picture: Picture, height: int, width: int) -> tuple[float, float]:
    """Return the display pixels per canvas pixel, along y and along x."""
    fit_y, fit_x = picture.rows / height, picture.cols / width
    return (fit_y, fit_x) if picture.fill else (max(fit_y, fit_x),) * 2


def to_canvas(
    picture: Picture, height: int, width: int, segment: int, row: float, col: float
) -> tuple[float, float] | None:
    """Return canvas (y, x) of a detector pixel, in canvas pixels from the top left corner."""
    for t in picture.tiles[picture.tiles["segment"] == segment]:
        r, c = row - t["row0"], col - t["col0"]
        if not (0 <= r < t["rows"] and 0 <= c < t["cols"]):
            continue
        step_y, step_x = steps(picture, height, width)
        x = t["x0"] + r * t["dx_row"] + c * t["dx_col"]
        y = t["y0"] + r * t["dy_row"] + c * t["dy_col"]
        return (
            float((y - (picture.rows - 1) / 2) / step_y + height / 2),
            float((x - (picture.cols - 1) / 2) / step_x + width / 2),
        )
    return None


def index_map(picture: Picture, height: int, width: int, shape: tuple[int, ...], f: int) -> Array:
    """Return for each canvas pixel the flat position of the block under its centre, or `GAP`.

    Parameters
    ----------
    picture : Picture
        What is drawn.
    height, width : int
        Size of the canvas in its own pixels.
    shape : tuple
        (segments, rows, cols) of the panels.
    f : int
        Binning of the frame that will be drawn.

    Returns
    -------
    ndarray of uint32 (height, width)
        Index into the flat codes of `frames.Coded`. Where tiles overlap the later one wins.
    """
    step_y, step_x = steps(picture, height, width)
    x = (np.arange(width) + 0.5 - width / 2) * step_x + (picture.cols - 1) / 2
    y = (np.arange(height) + 0.5 - height / 2) * step_y + (picture.rows - 1) / 2
    out = np.full((height, width), GAP, np.uint32)
    left, right = _range(picture.tiles, 0, x)
    top, bottom = _range(picture.tiles, 1, y)
    for k, tile in enumerate(picture.tiles):
        window = slice(top[k], bottom[k]), slice(left[k], right[k])
        _draw_tile(out[window], tile, x[window[1]], y[window[0]], block_shape(shape, f), f)
    return out


def _range(tiles: Array, axis: int, at: Array) -> tuple[Array, Array]:
    """Return first and one-past-last canvas position that each tile can reach along one axis."""
    ends = _corners(tiles)[axis]
    low, high = ends.min(axis=1) - 1, ends.max(axis=1) + 1
    return np.searchsorted(at, low), np.searchsorted(at, high, side="right")


def _draw_tile(
    out: Array, t: Any, x: Array, y: Array, blocks: tuple[int, int, int], f: int
) -> None:
    """Write the block positions of one tile into its window of the index map."""
    det = t["dx_row"] * t["dy_col"] - t["dx_col"] * t["dy_row"]
    u, v = (x - t["x0"])[None, :], (y - t["y0"])[:, None]
    r = np.floor((u * t["dy_col"] - v * t["dx_col"]) / det + 0.5).astype(np.int64)
    c = np.floor((v * t["dx_row"] - u * t["dy_row"]) / det + 0.5).astype(np.int64)
    inside = (r >= 0) & (r < t["rows"]) & (c >= 0) & (c < t["cols"])
    _, block_rows, block_cols = blocks
    at = (t["segment"] * block_rows + (r + t["row0"]) // f) * block_cols + (c + t["col0"]) // f
    out[inside] = at[inside]
