"""What a person sees: raw panels and geometry image side by side, event by event."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtcview.errors import SourceError
from xtcview.run.datasource import DataSource, open_run

if TYPE_CHECKING:
    from xtcview.viewer.widget import Viewer

__all__ = ["view"]


def view(run: Any, name: str | None = None) -> Viewer:
    """Look at a run in a notebook, event by event.

    Parameters
    ----------
    run : Run
        From `xtcview.open`; or what it opens, or a `DataSource` of one run.
    name : str, optional
        Detector, by name, source or alias. Without it the run's only area detector.

    Returns
    -------
    Viewer
        The widget; `event`, `raw`, `image`, `snapshot()`, `figure()` and `show()` are for Python.

    Raises
    ------
    SourceError
        When the run has no such detector, or several and no name was given.
    TypeError
        When it is no run.

    Notes
    -----
    Tests run it in JupyterLab and, by ``xtcview view``, in a page of its own without cells. It is
    an anywidget, so Notebook 7, VS Code, Colab, marimo and Voila can show it too. Where a front end
    loses binary messages the kernel draws and pictures come as PNG; the viewer says so, and its
    panels are off.

    The output also holds a picture of both panes, for places without a living widget. Exported by
    ``jupyter nbconvert --to html`` the page shows that picture, also with ``--execute``.
    """
    from xtcview.detector import Detector
    from xtcview.viewer.widget import Viewer  # ipywidgets and anywidget only when used

    run = run_of(run)
    detector = Detector(name, run)
    if not hasattr(type(detector), "tiles"):
        what = f"{name!r} sends no pictures that could be shown"
        raise SourceError(f"{what}; run.scalars([...]) gives its numbers for all events")
    return Viewer(run, detector)


def run_of(thing: Any) -> Any:
    """Return the run that a person means."""
    if isinstance(thing, (str, Path)):
        return open_run(thing)
    if isinstance(thing, DataSource):
        runs = list(islice(thing.runs(), 2))
        if len(runs) == 1:
            return runs[0]
    elif hasattr(thing, "times") and hasattr(thing, "peek"):
        return thing
    raise TypeError(f"view of {thing!r:.80}: give the run: xtcview.open('exp=...:run=...')")
