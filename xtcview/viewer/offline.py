"""One page that holds some events and scrubs through them without a kernel, for teaching.

It is the widget itself: the script and the style of `assets`, in front of a model that answers
from data in the page. Pictures are those of the screen, binned and in 8 bits; exact values stay
with the run, which the page names.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtcview.errors import AnalysisError
from xtcview.viewer import assets, messages
from xtcview.viewer.choices import DRAWN
from xtcview.viewer.frames import binning_for
from xtcview.viewer.layout import raw_pictures
from xtcview.viewer.placing import placing, told_place
from xtcview.viewer.provenance import provenance
from xtcview.viewer.state import LOOK

if TYPE_CHECKING:
    from xtcview.viewer.export import Scene

Message = messages.Message


def write(scene: Scene, path: str | Path, events: int | Iterable[int] = 20) -> Path:
    """Write the page.

    Parameters
    ----------
    scene : Scene
    path : str or Path
    events : int or iterable of int
        How many, from the shown one on (from earlier where the run ends); or their numbers.

    Raises
    ------
    AnalysisError
        No events, or numbers that the run does not have.
    """
    target = Path(path)
    target.write_text(page(scene, chosen(scene, events)), encoding="utf-8")
    return target


def chosen(scene: Scene, events: int | Iterable[int]) -> list[int]:
    """Return the numbers of the events that are meant, in order."""
    there = len(scene.reader)
    if isinstance(events, int):
        count = min(events, there)
        first = min(scene.shot.index, there - count)
        numbers = list(range(first, first + count))
    else:
        numbers = sorted({int(number) for number in events})
    wrong = [number for number in numbers if not 0 <= number < there]
    if wrong or not numbers:
        found = ", ".join(map(str, wrong)) or "none"
        raise AnalysisError(f"events {found}: expected some of 0 to {there - 1}")
    return numbers


def page(scene: Scene, numbers: list[int]) -> str:
    """Return the page as HTML."""
    hello, frames = _hello(scene, numbers), [_frame(scene, *pair) for pair in enumerate(numbers)]
    state = {name: getattr(scene.look, name) for name in (*LOOK, *DRAWN)}
    index, place = hello[0]["index"], told_place(placing(scene.reader, scene.image), scene.look)
    data = {
        "title": f"{hello[0]['run']} · {hello[0]['name']}",
        "hello": _packed(hello),
        "frames": frames,
        "place": place,
        "state": state | {"event": index, "bookmarks": []},
        "provenance": provenance(scene),
    }
    return filled(data, "createOfflineModel(data)")


def filled(data: dict[str, Any], model: str) -> str:
    """Return a page of its own that holds the widget.

    Parameters
    ----------
    data : dict
        What the model starts from; 'title' is the page's.
    model : str
        Expression of the script that makes the model of `data`.
    """
    page = resources.files("xtcview.viewer").joinpath("offline.html").read_text("utf-8")
    parts = {"STYLE": assets.style(), "SCRIPT": assets.script(), "MODEL": model}
    for name, text in (parts | {"DATA": _inert(data)}).items():
        page = page.replace(f"/*{name}*/", text, 1)
    return page


def _hello(scene: Scene, numbers: list[int]) -> Message:
    pictures = [*raw_pictures(scene.reader.shape), scene.image]
    shown = scene.shot.index
    index = numbers.index(shown) if shown in numbers else 0
    content, buffers = messages.hello(scene.reader, pictures, index)
    more = {"n": len(numbers), "settled": len(numbers), "live": False, "reducing": False}
    return content | more | {"numbers": numbers, "offline": True}, buffers


def _frame(scene: Scene, place: int, number: int) -> dict[str, Any]:
    """Return one event, numbered by its place in the page."""
    content, buffers = messages.event(scene.reader, number, binning_for(scene.reader.shape))
    return _packed((content | {"index": place}, buffers))


def _packed(message: Message) -> dict[str, Any]:
    content, buffers = message
    packed = [base64.b64encode(zlib.compress(bytes(b), 6)).decode("ascii") for b in buffers]
    return {"content": content, "buffers": packed}


def _inert(data: dict[str, Any]) -> str:
    """Return JSON that cannot end the element it stands in: names may hold any text."""
    text = json.dumps(data, ensure_ascii=False, default=str)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
