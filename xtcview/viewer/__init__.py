"""What a person sees: raw panels and geometry image side by side, event by event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xtcview.viewer.widget import Viewer

__all__ = ["view"]


def view(run: Any, name: str | None = None) -> Viewer:
    """Look at a run in a notebook, event by event.

    Parameters
    ----------
    run : Run
        From `xtcview.open`.
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
    """
    from xtcview.detector import Detector
    from xtcview.viewer.widget import Viewer  # ipywidgets and anywidget only when used

    return Viewer(run, Detector(name, run))
