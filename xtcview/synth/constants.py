"""The calibration folder of the demo run: what a dark run and an alignment would have given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from xtcview.calib import store
from xtcview.calib.geometry import Geometry, quads_example, write

from . import physics
from .sensor import Sensor

DARK_EVENTS = 500  # that the pedestals are the mean of


def make_geometry() -> Geometry:
    """Return the aligned table of the demo detector: beam at (0, 0), distance as z."""
    example = quads_example()
    rows = tuple(
        row._replace(z0=physics.DISTANCE) if row.parent == "IP" else row for row in example.rows
    )
    comments = (
        "# TITLE CSPAD of the demo run, aligned",
        "# DETECTOR CxiDs1.0:Cspad.0",
        "# CALIB_TYPE geometry",
        "# COMMENT:01 The beam passes through (0, 0); z is the distance to the sample.",
        "# HDR parent, index, object, index, x0 y0 z0 [um], rot z y x, tilt z y x [deg]",
    )
    return replace(example, rows=rows, comments=comments, name="demo geometry")


def deploy(
    folder: Path, source: str, sensor: Sensor, geometry: Geometry, rng: np.random.Generator
) -> None:
    """Write geometry, pedestals, pixel_rms and pixel_status for all runs.

    Pedestals and noise have the errors that a dark run of `DARK_EVENTS` events leaves.

    Raises
    ------
    ConstantsError
        If constants are there already.
    """
    scatter = rng.standard_normal((2, *sensor.pedestal.shape), np.float32)
    pedestals = sensor.pedestal + sensor.noise * scatter[0] / np.sqrt(DARK_EVENTS)
    rms = sensor.noise * (1 + scatter[1] / np.sqrt(2 * DARK_EVENTS))
    store.deploy(folder, source, "geometry", 0, None, write(geometry))
    store.deploy(folder, source, "pedestals", 0, None, pedestals, "%.1f")
    store.deploy(folder, source, "pixel_rms", 0, None, rms, "%.2f")
    store.deploy(folder, source, "pixel_status", 0, None, sensor.status, "%d")
