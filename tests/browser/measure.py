"""How fast the viewer is on screen: numbers for the benchmark table, measured in the real page."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parent))

import lab
import pages

STEPS = 24
DRAG_MS = 4000


def measure_page(page: Page, last: int = 199) -> dict[str, Any]:
    """Measure steps, a drag and a change of contrast in a page that shows a viewer.

    Parameters
    ----------
    page : Page
        After `pages.open_notebook`.
    last : int
        Number of the run's last event; below 256, because the pixels have 8 bits for it.

    Returns
    -------
    dict
        step_ms_median, step_ms_p95: slider moved -> both panes show the event, up to two frames
        of the screen included. drag_events_per_s: distinct events seen while the slider moves at
        every frame. drag_lag_ms: last move -> that event on screen. contrast_js_ms: one change of
        the limits, painted. contrast_messages: messages to the kernel that 20 such changes took.
        bytes_per_event.
    """
    page.evaluate("xv.watch()")
    order = [20 + (7 * k) % (last - 40) for k in range(STEPS)]
    steps = sorted(page.evaluate("(i) => xv.step(i)", i) for i in order)
    drag = page.evaluate("([n, ms]) => xv.drag(20, n, ms)", [last, DRAG_MS])
    distinct = len({raw for _, raw, image in drag["seen"] if raw == image and raw is not None})
    heard = pages.kernel(page, "len(heard)")
    contrast = page.evaluate("xv.contrast(20)")
    return {
        "contrast_messages": pages.kernel(page, "len(heard)") - heard,
        "step_ms_median": statistics.median(steps),
        "step_ms_p95": steps[int(0.95 * len(steps))],
        "drag_events_per_s": distinct / (drag["took"] / 1000),
        "drag_lag_ms": drag["lag"],
        "contrast_js_ms": contrast,
        "bytes_per_event": max(page.evaluate("counted.bytes")),
        "most_requests_open": page.evaluate("counted.most_open"),
    }


def measure() -> dict[str, Any]:
    """Start a JupyterLab and a Chromium of its own and measure in them; about 25 s."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        lab.write_notebook(folder / "view.ipynb", [pages.SETUP])
        with lab.running_lab(folder) as address, lab.running_browser(folder) as page:
            pages.open_notebook(page, address, "view.ipynb")
            return measure_page(page)


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:20} {value:.1f}")
