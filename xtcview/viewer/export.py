"""Still pictures: the PNG that stays in a saved notebook, and snapshots.

The PNG is made with Pillow, which matplotlib brings, from the same codes, tiles and colour
tables as the page. It has a palette, because noise in full colour would weigh megabytes.
"""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import MissingExtraError
from xtcview.viewer import colours, ways
from xtcview.viewer.frames import BINNINGS, NO_DATA, Coded, binning_for, encode
from xtcview.viewer.layout import GAP, Picture, index_map
from xtcview.viewer.messages import Reduced, label
from xtcview.viewer.reader import Reader, Shot

Array = NDArray[Any]


@dataclass(frozen=True)
class Scene:
    """All that a still picture of the viewer needs."""

    reader: Reader
    shot: Shot
    raw: Picture
    image: Picture
    look: Any  # ViewState: cmap, scale, auto, vmin, vmax
    reduced: Reduced | None = None  # drawn instead of the event
    account: str = ""  # of the reduction: how many events are in it
    is_reduction: bool = False  # also before it has a picture


@dataclass(frozen=True)
class Size:
    """How large and how fine a PNG is."""

    pane: int  # pixels of a pane's side
    shades: int  # steps of the colour map


SNAPSHOT = Size(pane=700, shades=240)
SMALL = (Size(440, 64), Size(400, 48), Size(360, 32), Size(280, 24))  # tried in this order
SMALL_BYTES = 250_000  # goes into every saved notebook
UNITS = {False: "ADU", True: "ADU − pedestal"}
MARGIN, HEAD, FOOT = 12, 26, 66  # pixels around the panes
INKS = ((255, 255, 255), (33, 33, 33), colours.GAP, *colours.MISSING)  # after the shades


def small_png(scene: Scene) -> bytes:
    """Return both panes with their caption as a PNG of at most 250 kB."""
    for size in SMALL:
        data = png(scene, size)
        if len(data) <= SMALL_BYTES:
            break
    return data


def png(scene: Scene, size: Size) -> bytes:
    """Return both panes with their caption as a PNG."""
    coded = _coded(scene, _binning(scene, size.pane))
    vmin, vmax = limits(scene)
    page = _page(scene, coded, size, (vmin, vmax))
    image = _with_text(page, size, captions(scene, vmin, vmax))
    table = colours.table(scene.look.cmap)
    rows = np.linspace(0, len(table) - 1, size.shades).round().astype(int)
    image.putpalette(np.concatenate([table[rows], np.array(INKS, np.uint8)]).tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _binning(scene: Scene, pane: int) -> int:
    """Return the binning that serves a pane of this many pixels."""
    largest = max(scene.image.rows, scene.image.cols)
    return max((b for b in BINNINGS if largest / b >= 0.8 * pane), default=1)


def _coded(scene: Scene, f: int) -> Coded:
    """Code what is shown, binned by f."""
    reader = scene.reader
    if scene.reduced is not None:
        return encode(scene.reduced.drawn, f, reader.mask(f))
    return ways.coded(reader, scene.shot, f)


def limits(scene: Scene) -> tuple[float, float]:
    """Return the ADU limits in force; those of the page, so of the page's binning."""
    look = scene.look
    if look.auto:
        return colours.limits(_coded(scene, binning_for(scene.reader.shape)))
    return colours.ordered(float(look.vmin), float(look.vmax))


def _page(scene: Scene, coded: Coded, size: Size, ends: tuple[float, float]) -> Array:
    """Lay out panes and colour bar as palette numbers: uint8 (rows, cols)."""
    side, shades = size.pane, size.shades
    white, _, gap, *hatch = range(shades, shades + len(INKS))
    page = np.full((HEAD + side + FOOT, 3 * MARGIN + 2 * side), white, np.uint8)
    rows = colours.shades(coded.levels, *ends, scene.look.scale)
    ink = (rows * ((shades - 1) / 255.0)).round().astype(np.uint8)
    for k, picture in enumerate((scene.raw, scene.image)):
        left = MARGIN + k * (side + MARGIN)
        pane = _pane(picture, side, scene.reader.shape, coded, ink, gap, hatch)
        page[HEAD : HEAD + side, left : left + side] = pane
    bar = np.linspace(0, shades - 1, side).round()
    page[HEAD + side + 46 : HEAD + side + 56, MARGIN : MARGIN + side] = bar
    return page


def _pane(
    picture: Picture,
    side: int,
    shape: tuple[int, int, int],
    coded: Coded,
    ink: Array,
    gap: int,
    hatch: list[int],
) -> Array:
    """Draw one picture as palette numbers: uint8 (side, side)."""
    where = index_map(picture, side, side, shape, coded.f)
    codes = coded.codes.ravel().take(where, mode="clip")
    y, x = np.indices(where.shape)
    striped = np.where((x + y) & 4, hatch[0], hatch[1])
    out = np.where(codes == NO_DATA, striped, ink[codes])
    out[where == GAP] = gap
    return out.astype(np.uint8)


def captions(scene: Scene, vmin: float, vmax: float) -> list[tuple[str, str]]:
    """Return the lines of text, each as a left and a right part."""
    reader, shot = scene.reader, scene.shot
    run = f"{reader.run.expt} run {reader.run.run()} · {reader.det.name}"
    what = f"event {shot.index} of {len(reader)} · {shot.time} UTC · fiducial {shot.fiducial}"
    trouble = " · ".join(filter(None, (shot.damage and f"damaged: {shot.damage}", shot.note)))
    if scene.reduced is not None:
        what, trouble = scene.account, ""
    bar = f"{vmin:.4g} to {vmax:.4g} {unit(scene)}, {scene.look.cmap}, {scene.look.scale}"
    return [
        (f"{label(reader, scene.reduced)}, {scene.raw.label}", f"geometry, {scene.image.label}"),
        (f"{run} · {what}", ""),
        (trouble, ""),
        ("", bar),
    ]


def unit(scene: Scene) -> str:
    """Return the unit of what is shown."""
    if scene.reduced is not None:
        return UNITS[scene.reduced.subtracted]
    return UNITS[scene.reader.is_subtracted]


def _with_text(page: Array, size: Size, captions: list[tuple[str, str]]) -> Any:
    """Return the page as a Pillow palette image with its captions written on it."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(page).convert("L")
    image = Image.frombytes("P", image.size, image.tobytes())
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(_font_file()), 13)
    right = 2 * MARGIN + size.pane
    foot = HEAD + size.pane
    for (left_text, right_text), y in zip(
        captions, (5, foot + 6, foot + 24, foot + 42), strict=True
    ):
        for x, text in ((MARGIN, left_text), (right, right_text)):
            draw.text((x, y), text, fill=size.shades + 1, font=font)
    return image


def _font_file() -> Path:
    """Return the font that comes with matplotlib, found without importing matplotlib."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise MissingExtraError("matplotlib is not installed: pip install matplotlib")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
