"""Write the demo run: XTC files with their indexes, and the calibration folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from xtcview.errors import XtcError
from xtcview.format.writer import StreamWriter

from . import constants
from .physics import draw_shots, make_scene
from .records import CSPAD
from .sensor import make_sensor, sensitive_area
from .sequence import RUN, STREAMS, Demo, datagrams

EXPERIMENT = "cxidemo14"
PREFIX = "e999"  # of file names, as experiments had them until 2019

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class DemoRun:
    """A demo run on disk.

    Attributes
    ----------
    path : Path
        Folder that holds `xtc/` and `calib/`.
    dataset : str
        Data set string that opens the run.
    shots : ndarray of physics.SHOT
        What each event really was, shape (events,).
    damaged, dropped : int or None
        Number of the event whose CSPAD is damaged, and of the one that lost it; None in a run of
        fewer than 6 events.
    """

    path: Path
    dataset: str
    shots: np.ndarray
    damaged: int | None
    dropped: int | None


def write_demo(
    out: str | Path, events: int = 60, seed: int = 0, progress: Progress | None = None
) -> DemoRun:
    """Write a run of a crystallography experiment with a CSPAD.

    Water makes a ring at q = 2.0 1/A around the beam. A fifth of the events have Bragg spots of
    lysozyme, some have a horizontal streak from the jet, a twentieth have no X-rays. Electron
    beam and gas detector tell the photon energy and pulse energy that the picture was made with.

    Whole events alternate between the DAQ streams s00 and s01; s80 comes from a camera's recorder
    with a clock of its own, at a quarter of the rate. A motor moves between two calib cycles.

    A reader must survive, and should show:

    * quads stand in order of arrival 2, 0, 3, 1, not by number;
    * the pulse id begins anew after 20 events;
    * EPICS values come with every ninth event only;
    * from 6 events on, the CSPAD of event ``events // 3`` is damaged (OutOfOrder), and event
      ``2 * events // 3`` has lost it (DroppedContribution of the datagram);
    * 0.2 % of the pixels are bad, and some 2x1 have a large common mode.

    Parameters
    ----------
    out : path
        Folder; it gets `xtc/` with the indexes, and `calib/`.
    events : int
        2 or more. An event takes 4.6 MB, one with a camera frame 0.6 MB more.
    seed : int
        The same seed gives the same files, byte for byte. (The HISTORY files of `calib/`, which
        tell when constants were written, are not part of that.)
    progress : callable, optional
        Called as ``progress(done, total)`` after each event.

    Raises
    ------
    XtcError
        Fewer than 2 events, or the folder has a run or constants already.
    """
    out = Path(out)
    if events < 2:
        raise XtcError(f"events={events}: expected 2 or more, one for each calib cycle")
    for folder in (out / "xtc", out / "calib"):
        if folder.exists():
            raise XtcError(f"{folder} is there already; choose another folder or remove it")
    out.mkdir(parents=True, exist_ok=True)
    # what was interrupted must not look like a run: all is moved into place at the end
    with TemporaryDirectory(prefix="unfinished-", dir=out) as unfinished:
        calib, xtc = Path(unfinished) / "calib", Path(unfinished) / "xtc"
        demo = _prepare(calib, events, seed)
        write_streams(xtc, demo, progress)
        calib.rename(out / "calib")
        xtc.rename(out / "xtc")
    dataset = f"exp={EXPERIMENT}:run={RUN}:dir={out / 'xtc'}:idx"
    return DemoRun(out, dataset, demo.shots, demo.damaged, demo.dropped)


def _prepare(calib: Path, events: int, seed: int) -> Demo:
    """Draw the experiment and deploy its constants."""
    rng = np.random.default_rng(seed)
    sensor, geometry = make_sensor(rng), constants.make_geometry()
    constants.deploy(calib, CSPAD.name, sensor, geometry, rng)
    scene, shots = make_scene(geometry, sensitive_area()), draw_shots(rng, events)
    flawed = events >= 6
    damaged, dropped = (events // 3, 2 * events // 3) if flawed else (None, None)
    return Demo(scene, sensor, shots, seed, damaged, dropped)


def write_streams(folder: Path, demo: Demo, progress: Progress | None = None) -> None:
    """Write the files of a run into a new folder, with their indexes."""
    with ExitStack() as files:
        writers = {}
        for stream in STREAMS:
            name = f"{PREFIX}-r{demo.run:04d}-s{stream:02d}-c00.xtc"
            writers[stream] = files.enter_context(StreamWriter(folder, name))
        for stream, dgram, number in datagrams(demo):
            writers[stream].write(dgram)
            if progress is not None and number is not None:
                progress(number + 1, len(demo.shots))
