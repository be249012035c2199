"""Questions of the panels beside the picture, by their kind in `ANSWERS`.

Each is a function of the viewer and the question. Numbers that json has no word for (nan) travel
in buffers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from xtcview.viewer import export, facts, measures, messages, recipe, saving
from xtcview.viewer.layout import Picture
from xtcview.viewer.placing import Placing, placing, told_place
from xtcview.viewer.state import LOOK, ViewState

if TYPE_CHECKING:
    from xtcview.viewer.export import Scene
    from xtcview.viewer.widget import Viewer

Content = dict[str, Any]
Message = messages.Message
RINGS = 300  # of a radial profile
SUGGESTED = (
    "FEEGasDetEnergy.f_11_ENRC",
    "EBeam.ebeamCharge",
    "EBeam.ebeamL3Energy",
    "EBeam.ebeamPkCurrBC2",
    "PhaseCavity.fitTime1",
)
KINDS = {"png": "png", "npy": "npy", "h5": "h5"}


def scene_of(viewer: Viewer, content: Content) -> Scene:
    """Return what the page shows: the event and the look that it tells of."""
    scene = viewer._scene()
    look = ViewState(**{name: content["look"][name] for name in LOOK})
    for name in ("values", "binning", "distance", "energy"):
        setattr(look, name, getattr(viewer, name))
    pictures = {p.key: p for p in viewer._raws}
    scene = replace(scene, look=look, raw=pictures.get(look.arrangement, viewer._raws[0]))
    if scene.is_reduction:
        return scene
    return replace(scene, shot=scene.reader.shot(int(content["index"])))


def place(viewer: Viewer, content: Content) -> Message:
    """Return how the geometry picture lies before the beam, and names for the timeline."""
    found = placing(viewer._reader, viewer._image())
    return told_place(found, viewer) | {"fields": _fields(viewer)}, []


def _fields(viewer: Viewer) -> list[str]:
    names = list(viewer._reader.run.epics_at(0).names()) if len(viewer._reader) else []
    return ["damage", *SUGGESTED, *names[:2000]]


def about(viewer: Viewer, content: Content) -> Message:
    """Return what is known of an event."""
    index = int(content["index"])
    parts = facts.facts(viewer._reader, index)
    return {"t": "about", "index": index, "parts": parts}, []


def energy(viewer: Viewer, content: Content) -> Message:
    """Return the photon energy that turns angles of this event into q, eV."""
    index = int(content["index"])
    found = viewer.energy or facts.photon_energy(viewer._reader.shot(index))
    return {"t": "energy", "index": index, "ev": found}, []


def epics(viewer: Viewer, content: Content) -> Message:
    """Return EPICS values at an event."""
    index = int(content["index"])
    search = str(content.get("search", ""))
    return {"t": "epics", "index": index} | facts.epics(viewer._reader, index, search), []


def strip(viewer: Viewer, content: Content) -> Message:
    """Return a number of every event: float32, nan where it has none; and uint8 of its damage."""
    field = str(content["field"])
    table = viewer._reader.run.scalars(["damage", field])
    values = np.where(table.present[field], np.asarray(table[field], np.float64), np.nan)
    damaged = (table["damage"] != 0).astype(np.uint8)
    return {"t": "strip", "field": field}, [values.astype("<f4").data, damaged.data]


def code(viewer: Viewer, content: Content) -> Message:
    """Return Python that shows the same again."""
    return {"t": "code", "text": recipe.code(scene_of(viewer, content))}, []


def save(viewer: Viewer, content: Content) -> Message:
    """Save what is shown in the kernel's folder; return where."""
    kind = KINDS[str(content["kind"])]
    scene = scene_of(viewer, content)
    files = saving.save(scene, f"{saving.name_of(scene)}.{kind}")
    return {"t": "save", "files": [str(file.resolve()) for file in files]}, []


def picture(viewer: Viewer, content: Content) -> Message:
    """Return both panes as text, for front ends that pass no bytes."""
    scene = scene_of(viewer, content)
    png = base64.b64encode(export.small_png(scene)).decode("ascii")
    shot = scene.shot
    told = {"index": shot.index, "time": shot.time, "n": len(scene.reader), "note": shot.note}
    return {"t": "picture", "png": png} | told, []


def box(viewer: Viewer, content: Content) -> Message:
    """Return exact statistics of a box."""
    reader, index = viewer._reader, int(content["index"])
    values = measures.region(_drawn(viewer, content), reader, _box(content), reader.shot(index))
    return {"t": "box", "index": index} | measures.statistics(values), []


def trace(viewer: Viewer, content: Content) -> Message:
    """Return the mean of a box, or the value of a pixel, for some events: float32."""
    reader = viewer._reader
    first, last = max(0, int(content["first"])), min(int(content["last"]), len(reader))
    if "box" in content:
        drawn, edges = _drawn(viewer, content), _box(content)

        def value(index: int) -> float:
            values = measures.region(drawn, reader, edges, reader.glance(index))
            mean = measures.statistics(values)["mean"]
            return float("nan") if mean is None else mean
    else:
        segment, row, col = (int(content[name]) for name in ("segment", "row", "col"))

        def value(index: int) -> float:
            return measures.pixel(reader, (segment, row, col), reader.glance(index))

    numbers, values = measures.series(first, last, value)
    told = {"first": first, "next": first + len(numbers), "last": last}
    return {"t": "trace", "name": content.get("name")} | told, [values.astype("<f4").data]


def cut(viewer: Viewer, content: Content) -> Message:
    """Return the row and the column of a picture through a place: float32 each."""
    reader, index, drawn = viewer._reader, int(content["index"]), _drawn(viewer, content)
    y, x = int(content["y"]), int(content["x"])
    shot, whole = reader.shot(index), (0, 0, drawn.rows, drawn.cols)
    values = measures.region(drawn, reader, whole, shot)
    lines = [np.ascontiguousarray(line, "<f4").data for line in (values[y], values[:, x])]
    return {"t": "cut", "index": index, "y": y, "x": x}, lines


def radial(viewer: Viewer, content: Content) -> Message:
    """Return the exact radial profile: centre, mean and pixels of the rings, float32 each."""
    reader, index, image = viewer._reader, int(content["index"]), viewer._image()
    placed = placing(reader, image)
    if placed is None:
        return {"t": "radial", "index": index, "known": False}, []
    centre = content.get("centre") or placed.beam
    moved: Placing = placed._replace(beam=(float(centre[0]), float(centre[1])))
    parts = measures.profile(reader, image, moved, reader.shot(index), RINGS)
    return {"t": "radial", "index": index, "known": True}, [part.data for part in parts]


def sheet(viewer: Viewer, content: Content) -> Message:
    """Return one small picture of an event for the contact sheet."""
    answer, buffers = messages.event(viewer._reader, int(content["index"]), int(content["f"]))
    return answer | {"t": "sheet"}, buffers


def _drawn(viewer: Viewer, content: Content) -> Picture:
    """Return the picture that a question is about, by its key."""
    pictures = {p.key: p for p in (*viewer._raws, viewer._image())}
    return pictures[str(content["pane"])]


def _box(content: Content) -> tuple[int, int, int, int]:
    top, left, bottom, right = (int(edge) for edge in content["box"])
    return top, left, bottom, right


ANSWERS: dict[str, Callable[[Viewer, Content], Message]] = {
    f.__name__: f
    for f in (place, about, energy, epics, strip, code, save, picture, box, trace, cut, radial,
              sheet)
}  # fmt: skip
