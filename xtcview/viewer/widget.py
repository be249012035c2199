"""The widget: answers the page's questions and keeps the few shared settings.

The page asks, with a custom message, for one event at a time and paints both panes from the
one binary answer.

Questions are answered on the thread on which they arrive, under the reader's lock: the main
thread for those on the widget's own comm, a subshell's for those on `channel`, also while a cell
runs. A worker thread in between would win nothing: reading and coding one event takes 5 to
10 ms, and the page holds back what it wishes until the answer to its last question is there.
"""

from __future__ import annotations

import base64
import os
import threading
import time
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import anywidget
import traitlets
from IPython import get_ipython
from numpy.typing import NDArray

from xtcview.calib.geometry import Orientation
from xtcview.errors import XtcError
from xtcview.viewer import assets, channel, messages, panels, questions
from xtcview.viewer.choices import DRAWN, Choices
from xtcview.viewer.layout import Picture, image_picture, raw_pictures, turned
from xtcview.viewer.outputs import Outputs
from xtcview.viewer.reader import Reader, error_text
from xtcview.viewer.state import ViewState

if TYPE_CHECKING:
    from collections.abc import Callable

    from xtcview.viewer.export import Scene

Array = NDArray[Any]
Post: TypeAlias = "Callable[[dict[str, Any], list[Any]], None]"
WIDGET = "application/vnd.jupyter.widget-view+json"


class Viewer(Outputs, Choices, ViewState, anywidget.AnyWidget):
    """The widget that `xtcview.view` returns.

    Parameters
    ----------
    run : Run
        The run to look at.
    det : Detector
        One of its area detectors.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    def __init__(self, run: Any, det: Any) -> None:
        self._reader = Reader(run, det)
        self._length = len(self._reader)
        self._raws = raw_pictures(self._reader.shape)
        self._image_picture: Picture | None = None
        self._orientation: Any = None
        self._reduction: Any = None  # what is shown instead of events
        self._watched: weakref.WeakSet[Any] = weakref.WeakSet()  # reductions that call us
        self._show_number = 0
        self._send_lock = threading.Lock()
        super().__init__(arrangement=self._raws[0].key)
        self.on_msg(self._on_message)
        self.observe(self._draw_again, DRAWN)

    @traitlets.default("_esm")
    def _script(self) -> str:
        return assets.script()

    @traitlets.default("_css")
    def _style(self) -> str:
        return assets.style()

    def _draw_again(self, change: Any) -> None:
        """Draw with other values; the page drops the pictures that it has."""
        setattr(self._reader, change["name"], change["new"])
        self._post({"t": "drawn"}, [])

    # What a person uses from Python.

    @property
    def raw(self) -> Array | None:
        """The shown event as the DAQ wrote it: (segments, rows, cols), ADU; None without data."""
        shot = self._reader.shot(self.event)
        return None if shot.raw is None else shot.raw.copy()

    @property
    def image(self) -> Array | None:
        """The shown event assembled and upright: float32 (rows, cols), ADU less true pedestals."""
        return self._reader.image(self._reader.shot(self.event))

    @property
    def orientation(self) -> Orientation:
        """How the geometry image is turned; set it to turn it, also for the detector's other uses.

        `Orientation(rot90, flip)`: quarter turns counter-clockwise, then mirrored left to right.
        """
        self._image()  # chooses the upright one when nobody has
        return self._reader.det.orientation or Orientation()

    @orientation.setter
    def orientation(self, value: Orientation) -> None:
        self._reader.det.orientation = value
        self._post(*self._hello())

    def show(self, reduction: Any = None) -> None:
        """Show a reduction's picture as it grows, or events again.

        Parameters
        ----------
        reduction : Reduction, optional
            From `xtcview.reduce`. None returns to the events, and so does moving the slider.

        Raises
        ------
        XtcError
            When it is no reduction, or one of another detector; the viewer stays as it was.
        """
        if reduction is not None:
            messages.reduced(self._reader, reduction)  # refuses before anything has changed
        self._reduction = reduction
        self._show_number += 1
        if reduction is None:
            self._post({"t": "events"}, [])
            return
        if reduction not in self._watched:
            self._watched.add(reduction)
            reduction.add_callback(self._on_progress)
        self._on_progress(reduction)

    def __repr__(self) -> str:
        run, n = self._reader.run, self._length
        name = self._reader.det.name
        return f"<Viewer of {run.spec}, {name}, event {self.event} of {n}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Add a picture of both panes for places where no widget can live."""
        from xtcview.viewer import export

        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            png = export.small_png(self._scene())
            bundle[0]["image/png"] = base64.b64encode(png).decode("ascii")
            if unattended():  # a widget that nobody will see alive would hide the picture
                bundle[0].pop(WIDGET, None)
        return bundle

    def _scene(self) -> Scene:
        """Collect what a still picture of the viewer needs."""
        from xtcview.viewer.export import Scene

        picture = next((p for p in self._raws if p.key == self.arrangement), self._raws[0])
        shot = self._reader.shot(self.event)
        scene = Scene(self._reader, shot, picture, self._image(), self)
        reduction = self._reduction
        if reduction is None:
            return scene
        found = messages.reduced(self._reader, reduction)
        account = messages.account(reduction, found.name if found else "")
        return replace(scene, reduced=found, account=account, is_reduction=True)

    def _image(self) -> Picture:
        """Return how the right pane is drawn; follows the detector's orientation."""
        if self._image_picture is None or self._reader.det.orientation != self._orientation:
            tiles = self._reader.tiles()
            self._orientation = self._reader.det.orientation
            self._image_picture = self._raws[0] if tiles is None else image_picture(tiles)
        return self._image_picture

    # The page asks.

    def _on_message(self, _: Any, content: Any, __: Any) -> None:
        """Answer a question that came on the widget's own comm."""
        self.respond(content, self._post)

    def respond(self, content: Any, post: Post) -> None:
        """Answer one question; an error becomes an answer, because the page waits for one.

        Parameters
        ----------
        content : dict
            't', the kind; 'view' and 'seq', which come back; and what the kind needs.
        post : callable
            Takes the answer and its buffers to the page, on the way that the question came.
        """
        began = time.perf_counter()
        try:
            answer, buffers = self._answer(content)
        except Exception as error:  # noqa: BLE001 - shown in the page
            answer, buffers = {"t": "error", "text": error_text(error)}, []
            if isinstance(content, dict):
                answer |= {"to": content.get("t")}
                answer |= {key: content.get(key) for key in ("view", "seq")}
        took = round(1000 * (time.perf_counter() - began), 1)  # ms; the rest is the link's
        post(answer | {"took": took, "busy": channel.is_busy()}, buffers)
        if answer.get("t") == "hello" and self._reduction is not None:
            self._on_progress(self._reduction)

    def _answer(self, content: dict[str, Any]) -> messages.Message:
        """Make the answer to a question of one kind."""
        kind, back = content["t"], {key: content[key] for key in ("view", "seq")}
        if kind == "hello":
            answer, buffers = self._hello()
        elif kind == "turn":
            self.orientation = turned(self.orientation, mirror=bool(content["mirror"]))
            answer, buffers = {"t": "turned"}, []
        elif kind == "event":
            self._reduction = None
            index, f = int(content["index"]), int(content["f"])
            answer, buffers = messages.event(self._reader, index, f, content)
        elif kind == "segment":
            show, reduction = self._show_number, self._reduction
            answer, buffers = messages.segment(self._reader, content, reduction)
            answer |= {"show": show} if answer["index"] < 0 else {}
        elif kind in questions.ANSWERS:
            answer, buffers = questions.ANSWERS[kind](self._reader, content)
            self._length = len(self._reader)
        elif kind in panels.ANSWERS:
            answer, buffers = panels.ANSWERS[kind](self, content)
        else:
            raise ValueError(f"the page asked for {kind!r}, which this version does not know")
        return answer | back, buffers

    def _hello(self) -> messages.Message:
        """Describe everything that pictures are drawn with."""
        pictures = [*self._raws, self._image()]
        content, buffers = messages.hello(self._reader, pictures, self.event)
        more = {"reducing": self._reduction is not None, "channel": channel.serve(self)}
        return content | more, buffers

    def _post(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """Send to the page; reductions report from other threads, so one at a time."""
        with self._send_lock:
            self.send(content, buffers)

    def _on_progress(self, reduction: Any) -> None:
        """Send the picture that a reduction has so far, when it is the one being shown."""
        if reduction is not self._reduction:
            return
        try:
            answer, buffers = messages.progress(self._reader, reduction)
        except XtcError as error:  # its first values are of another detector: say so, let it go
            self._reduction = None
            answer, buffers = {"t": "sum", "data": False, "note": error_text(error)}, []
        self._post(answer | {"show": self._show_number}, buffers)


def unattended() -> bool:
    """Tell whether the running cell was sent by a program that cannot ask anybody anything.

    nbconvert --execute, nbclient and papermill say so, and keep the outputs only. Voila says so
    too, but brings the widget to life afterwards.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None or os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return False
    return kernel.get_parent("shell").get("content", {}).get("allow_stdin") is False
