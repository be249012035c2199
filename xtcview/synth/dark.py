"""Write a dark run of the demo detector: what pedestals, noise and status are made from."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from xtcview.calib import store
from xtcview.errors import XtcError

from .constants import make_geometry
from .physics import PHOTON_ENERGY, SHOT, make_scene
from .records import CSPAD
from .run import EXPERIMENT, DemoRun, Progress, write_streams
from .sensor import BANK, SHAPE, Sensor, sensitive_area
from .sequence import RUN, Demo

DARK_RUN = 2


def write_dark(
    demo: str | Path,
    out: str | Path,
    events: int = 40,
    seed: int = 0,
    progress: Progress | None = None,
) -> DemoRun:
    """Write a run without X-rays of the detector of a demo run.

    The detector is what the demo's constants say: a pixel has their pedestal and noise. Every
    event has a common mode, as in the demo.

    Parameters
    ----------
    demo : path
        Folder that `write_demo` filled.
    out : path
        Another folder; it gets `xtc/` with the indexes, and no constants.
    events : int
        2 or more; 4.6 MB each.
    seed, progress
        See `write_demo`.

    Raises
    ------
    XtcError
        Fewer than 2 events, a demo without constants, or `out` has a run already.
    """
    out = Path(out)
    if events < 2:
        raise XtcError(f"events={events}: expected 2 or more, one for each calib cycle")
    if (out / "xtc").exists():
        raise XtcError(f"{out / 'xtc'} is there already; choose another folder or remove it")
    rng = np.random.default_rng(seed)
    scene = make_scene(make_geometry(), sensitive_area())
    shots = np.zeros(events, SHOT)
    shots["energy"] = PHOTON_ENERGY
    dark = Demo(scene, _sensor(Path(demo) / "calib", rng), shots, seed, None, None, DARK_RUN)
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="unfinished-", dir=out) as unfinished:
        write_streams(Path(unfinished) / "xtc", dark, progress)
        (Path(unfinished) / "xtc").rename(out / "xtc")
    dataset = f"exp={EXPERIMENT}:run={DARK_RUN}:dir={out / 'xtc'}:idx"
    return DemoRun(out, dataset, shots, None, None)


def _sensor(calib: Path, rng: np.random.Generator) -> Sensor:
    """Return the detector that the demo's constants describe."""
    kinds = ("pedestals", "pixel_rms", "pixel_status")
    found = [store.load(calib, CSPAD.name, kind, RUN, SHAPE) for kind in kinds]
    if any(one.path is None for one in found):
        raise XtcError(f"{calib} has no constants of {CSPAD.name}: write the demo there first")
    pedestals, rms, status = (np.array(one.values) for one in found)
    bank = rng.standard_normal(BANK, np.float32)
    return Sensor(pedestals, rms, np.ones(SHAPE, np.float32), status, rms == 0, bank)
