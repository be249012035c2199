"""Calibration of a CSPAD in times of a control: ``python tests/benchmarks/calib.py``.

The control is a copy of a calibrated frame (9.2 MB), timed in turn with ours, so that other work
on the machine counts for both.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import xtcview
from xtcview.calib import store
from xtcview.calib.kept import VARIABLE
from xtcview.synth import write_demo

SOURCE = "CxiDs1.0:Cspad.0"


def in_turn(ours: Callable[[], object], control: Callable[[], object], count: int = 60) -> str:
    """Return the medians in ms, the shortest time of ours, and the median of the ratios."""
    table = np.empty((count, 2))
    for line in table:
        for column, function in enumerate((ours, control)):
            start = time.perf_counter()
            function()
            line[column] = 1e3 * (time.perf_counter() - start)
    mine, other = np.median(table, axis=0)
    ratio = np.median(table[:, 0] / table[:, 1])
    return (
        f"{mine:6.2f} ms (best {table[:, 0].min():.2f}), control {other:.2f} ms: {ratio:.1f} times"
    )


def loading(folder: Path) -> None:
    """Print how long pedestals take from text, and from the array that is kept."""
    for name in ("text of 16 MB", "kept array"):
        store._parsed.cache_clear()
        start = time.perf_counter()
        store.load(folder / "calib", SOURCE, "pedestals", 1, (32, 185, 388))
        print(f"pedestals from {name}: {1e3 * (time.perf_counter() - start):.0f} ms")


def main() -> None:
    """Print one line per measurement."""
    with tempfile.TemporaryDirectory() as place:
        os.environ[VARIABLE] = str(Path(place) / "kept")
        made = write_demo(Path(place) / "demo", events=4)
        loading(made.path)
        with xtcview.open(made.dataset) as run:
            det, event = xtcview.Detector("cspad", run), run.event(0)
            panels = np.array(det.calib(event))
            copy = np.empty_like(panels)
            for name, ours in (
                ("raw", lambda: det.raw(event)),
                ("calib, no common mode", lambda: det.calib(event, 0)),
                ("calib, common mode 5", lambda: det.calib(event, (5, 25))),
                ("calib, common mode 1", lambda: det.calib(event)),
                ("image of calib", lambda: det.image(event)),
                ("image of given panels", lambda: det.image(event, panels)),
            ):
                print(f"{name:22} {in_turn(ours, lambda: np.copyto(copy, panels))}")


if __name__ == "__main__":
    main()
