"""The bar that a notebook shows for a reduction: events, speed, time left, and a way to stop it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xtcview.reduce.reduction import Reduction

STYLES = {"done": "success", "cancelled": "warning", "failed": "danger"}


def live_kernel() -> bool:
    """Tell whether the running cell was sent by somebody who sees widgets alive.

    A terminal has no kernel, and programs that run notebooks, such as nbconvert, keep text only.
    """
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    return kernel.get_parent("shell").get("content", {}).get("allow_stdin") is not False


def line(reduction: Reduction) -> str:
    """Return the state of a reduction in one line."""
    read, total = reduction.progress
    text = f"{read} of {total} events"
    return (
        f"{text}, {reduction.speed}"
        if reduction.state == "running"
        else f"{text}, {reduction.state}"
    )


def bar(reduction: Reduction) -> Any:
    """Return a widget that follows a reduction, about 4 times a second.

    Raises
    ------
    ImportError
        Without ipywidgets.
    """
    import ipywidgets

    meter = ipywidgets.IntProgress(
        max=max(1, reduction.progress[1]), description=reduction.detector
    )
    words, stop = ipywidgets.HTML(), ipywidgets.Button(description="Stop", icon="stop")
    stop.tooltip = "End it and keep what was merged"
    stop.on_click(lambda _: reduction.cancel())
    box = ipywidgets.VBox([ipywidgets.HBox([meter, stop]), words])

    def update(reduction: Reduction) -> None:
        meter.value = reduction.progress[0]
        meter.bar_style = STYLES.get(reduction.state, "info")
        text = line(reduction) if not reduction.done else repr(reduction)
        words.value = f"<pre style='margin: 0'>{escape(text)}</pre>"
        stop.disabled = reduction.done

    update(reduction)
    reduction.add_callback(update)
    return box
