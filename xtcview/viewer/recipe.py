"""What is shown, as a few lines of Python that show it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xtcview.calib.geometry import upright
from xtcview.viewer.layout import raw_pictures

if TYPE_CHECKING:
    from xtcview.viewer.export import Scene


def code(scene: Scene) -> str:
    """Return Python that opens the run, goes to the event and sets the look.

    The event is named by its time and fiducial, which stay what they are when a stream of the run
    comes or goes.
    """
    reader, shot = scene.reader, scene.shot
    name = (shot.seconds, shot.nanoseconds, shot.fiducial)
    lines = [
        "import xtcview",
        "",
        f"run = xtcview.open({reader.run.spec!r})",
        f"xv = xtcview.view(run, {str(reader.det.source)!r})",
        f"xv.event = run.event({name}).number  # {shot.time} UTC",
    ]
    lines += _look(scene)
    if scene.is_reduction:
        lines += [f"# shown is a {_one_line(scene.account)}: make it with", _REDUCE]
    else:
        lines += [_RAW, _IMAGE]
    return "\n".join([*lines, "xv", ""])


NEW: dict[str, Any] = {  # what a viewer shows at first
    "cmap": "viridis",
    "scale": "linear",
    "auto": True,
    "values": "dark",
    "binning": "mean",
    "distance": None,
    "energy": None,
}
_REDUCE = "# xv.show(xtcview.reduce(run, ..., detector=...))"
_RAW = "raw = xv.raw  # (segments, rows, columns), ADU"
_IMAGE = "image = xv.image  # (rows, columns), what the right pane shows, gaps nan"


def _look(scene: Scene) -> list[str]:
    """Return lines for the settings that are not those of a new viewer."""
    look, new = scene.look, dict(NEW)
    new["arrangement"] = raw_pictures(scene.reader.shape)[0].key
    if not look.auto:
        new |= {"vmin": None, "vmax": None}
    lines = [
        f"xv.{n} = {getattr(look, n)!r}" for n, plain in new.items() if getattr(look, n) != plain
    ]
    det = scene.reader.det
    turn = det.orientation
    if turn not in (None, upright(det.geometry(scene.reader.run.run()))):
        lines += ["from xtcview.calib.geometry import Orientation", f"xv.orientation = {turn!r}"]
    return lines


def _one_line(text: str) -> str:
    return " ".join(text.split())
