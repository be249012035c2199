"""What is shown as a matplotlib figure: full resolution, colour bar, scale, caption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import AnalysisError
from xtcview.viewer import colours, export
from xtcview.viewer.layout import arranged
from xtcview.viewer.placing import placing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xtcview.viewer.export import Scene

Array = NDArray[Any]
PANES = ("both", "raw", "image")
NICE = (1.0, 2.0, 5.0)  # lengths of a scale bar, times a power of ten
BAR = 0.2  # of the picture's width, at most


def figure(scene: Scene, panes: str = "both", caption: bool = True) -> Figure:
    """Return panes at full resolution as a matplotlib figure.

    Parameters
    ----------
    scene : Scene
    panes : str
        'both', 'raw' or 'image'.
    caption : bool
        Whether run, event and constants are written below.

    Raises
    ------
    AnalysisError
        No such panes.
    """
    from matplotlib.figure import Figure

    if panes not in PANES:
        raise AnalysisError(f"panes {panes!r}: expected one of {', '.join(PANES)}")
    style = _style(scene.look, *export.limits(scene))
    count = 2 if panes == "both" else 1
    made = Figure(figsize=(6.5 * count, 6.8), layout="constrained")
    axes = list(made.subplots(1, count, squeeze=False)[0])
    values = panels(scene)
    if panes != "image":
        drawn = _raw(scene, axes[0], values, style)
    if panes != "raw":
        drawn = _image(scene, axes[-1], values, style)
    made.colorbar(drawn, ax=axes, label=export.unit(scene), shrink=0.9, extend=_beyond(drawn))
    if caption:
        _caption(made, scene)
    return made


def panels(scene: Scene) -> Array:
    """Return what is shown at full resolution, nan where there is no value.

    Returns
    -------
    ndarray of float32 (segments, rows, columns)
        Unit as `export.unit` says; bad pixels are nan.
    """
    reader, shot = scene.reader, scene.shot
    exact = scene.reduced.drawn if scene.reduced is not None else reader.exact(shot)
    found = exact.astype(np.float32)
    bad = reader.constants()[1]
    if bad is not None:
        found[bad] = np.nan
    return found


def _raw(scene: Scene, axes: Any, values: Array, style: dict[str, Any]) -> Any:
    drawn = axes.imshow(arranged(values, scene.raw.key), **style)
    axes.set(title=export.captions(scene, 0, 1)[0][0], xlabel="column", ylabel="row")
    axes.set_aspect("auto" if scene.raw.fill else "equal")
    return drawn


def _image(scene: Scene, axes: Any, values: Array, style: dict[str, Any]) -> Any:
    drawn = axes.imshow(scene.reader.assembled(values), **style)
    title = export.captions(scene, 0, 1)[0][1]
    axes.set(title=title, xlabel="x (pixels)", ylabel="y (pixels)")
    _scale_bar(scene, axes)
    return drawn


def _scale_bar(scene: Scene, axes: Any) -> None:
    """Draw a bar of a round length where the size of a pixel is known."""
    placed = placing(scene.reader, scene.image)
    if placed is None:
        return
    from matplotlib.patheffects import withStroke

    width = scene.image.cols
    length = round_below(BAR * width * placed.pitch / 1000)  # mm
    pixels = 1000 * length / placed.pitch
    x, y = 0.04 * width, 0.965 * scene.image.rows
    around = [withStroke(linewidth=4, foreground="black")]
    axes.plot([x, x + pixels], [y, y], color="white", lw=2.5, path_effects=around)
    axes.annotate(f"{length:g} mm", (x + pixels / 2, y), (0, 4), textcoords="offset points",
                  ha="center", color="white", path_effects=around)  # fmt: skip


def round_below(most: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above `most`."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(nice * power for nice in NICE if nice * power <= most * (1 + 1e-9)))


def _beyond(drawn: Any) -> str:
    """Say at which ends of the colour bar there are values outside of it."""
    values = drawn.get_array()
    if not values.count():
        return "neither"
    below, above = values.min() < drawn.norm.vmin, values.max() > drawn.norm.vmax
    return {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]


def _caption(made: Figure, scene: Scene) -> None:
    """Write who it is above, and what it rests on below."""
    who = (line for line, _ in export.captions(scene, 0, 1)[1:3])
    made.suptitle("\n".join(filter(None, who)))
    told = scene.reader.origins().items()
    words = [f"{kind}: {str(text).removeprefix('LOADED ')}" for kind, text in told]
    made.supxlabel("constants: " + (" · ".join(words) or "none"), fontsize=7, wrap=True)


def _style(look: Any, vmin: float, vmax: float) -> dict[str, Any]:
    """Return matplotlib's words for the look of the page."""
    from matplotlib.colors import FuncNorm, ListedColormap

    red, green, blue = (part / 255.0 for part in colours.GAP)
    cmap = ListedColormap(colours.table(look.cmap) / 255.0).with_extremes(bad=(red, green, blue))
    forward, back = colours.SCALE_FUNCTIONS[look.scale]
    norm = FuncNorm(
        (
            lambda v: forward(np.clip((v - vmin) / (vmax - vmin), 0, None)),
            lambda t: vmin + (vmax - vmin) * back(t),
        ),
        vmin=vmin,
        vmax=vmax,
        clip=True,
    )
    return {"cmap": cmap, "norm": norm, "interpolation": "nearest"}
