"""Which values of an event are shown: counts, less the dark, calibrated, or what has changed.

A block of pixels on the screen has their mean, or their maximum: of sparse single photons and
peaks the mean leaves nothing to be seen.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import XtcError
from xtcview.viewer.frames import Coded, Mask, block_mean, encode

if TYPE_CHECKING:
    from xtcview.viewer.reader import Reader
    from xtcview.viewer.shot import Shot

Array = NDArray[Any]

DARK, NONE, CALIB, RUNNING = "dark", "counts", "calib", "running mean"
VALUES = (DARK, NONE, CALIB, RUNNING)
BINNED = ("mean", "max")
BEFORE = 10  # events before the shown one whose mean is taken off


class Earlier:
    """The events that were read last, for the mean of those before the shown one.

    Stepping on reads one event more; a jump reads `BEFORE`.
    """

    def __init__(self) -> None:
        self._shots: OrderedDict[int, Shot] = OrderedDict()

    def shot(self, reader: Reader, index: int) -> Shot:
        """Return an event, read at most once while it is near."""
        found = self._shots.pop(index, None) or reader.glance(index)
        self._shots[index] = found
        while len(self._shots) > BEFORE + 1:
            self._shots.popitem(last=False)
        return found

    def mean(self, reader: Reader, index: int) -> Array:
        """Return the mean counts of up to `BEFORE` events before one: float64, det.shape.

        A segment counts in the events that hold it; nan where none does.
        """
        total, held = np.zeros(reader.shape), np.zeros(reader.shape[0])
        for earlier in range(max(0, index - BEFORE), index):
            shot = self.shot(reader, earlier)
            if shot.raw is not None:
                total += shot.raw  # absent segments are 0
                held += shot.present
        mean: Array = total / np.where(held, held, np.nan)[:, None, None]
        return mean


def special(reader: Reader, shot: Shot) -> Array | None:
    """Return det.shape values of an event where they are not counts less the dark, else None."""
    if shot.raw is None or reader.values == DARK:
        return None
    if reader.values == NONE:
        return shot.raw
    if reader.values == RUNNING:
        found = shot.raw - reader.earlier.mean(reader, shot.index)
    else:
        calibrated = _calibrated(reader, shot)
        if calibrated is None:
            return None
        found = calibrated
    found = np.array(found, np.float32)
    found[~shot.present] = 0.0
    return found


def _calibrated(reader: Reader, shot: Shot) -> Array | None:
    """Return what `Detector.calib` gives; None, with a note, when there is nothing."""
    try:
        panels = reader.det.calib(shot.event)
    except (XtcError, OSError) as error:
        reader.note(f"not calibrated: {error}")
        return None
    if panels is None:
        reader.note("not calibrated: there are no pedestals")
        return None
    return np.asarray(panels).reshape(reader.shape)


def words(reader: Reader) -> str:
    """Say what the values are, '' when they are counts less the dark as far as there is one."""
    if reader.values == CALIB and any(n.startswith("not calibrated") for n in reader.trouble):
        return ""
    named = {NONE: "raw", CALIB: "calibrated", RUNNING: f"raw − mean of ≤ {BEFORE} events before"}
    return named.get(reader.values, "")


def coded(reader: Reader, shot: Shot, f: int) -> Coded:
    """Return an event as it is drawn: binned by f and coded in 8 bits."""
    reduce = block_mean if reader.binning == "mean" else block_max
    return encode(reader.panels(shot), f, reader.mask(f), shot.present, reduce)


def block_max(panels: Array, f: int, mask: Mask) -> Array:
    """Return the greatest good pixel of each block of f x f pixels.

    Returns
    -------
    ndarray of int32 or float64 (segments, block rows, block cols)
        Blocks without a good pixel are 0.
    """
    is_float = panels.dtype.kind == "f"
    low = -np.inf if is_float else np.iinfo(np.int32).min
    wide = panels.astype(np.float64 if is_float else np.int32)
    wide.ravel()[mask.bad] = low
    rows = _strided_max(wide.swapaxes(1, 2), f).swapaxes(1, 2)
    found = np.ascontiguousarray(_strided_max(rows, f))
    found.ravel()[mask.empty] = 0
    return found


def _strided_max(panels: Array, f: int) -> Array:
    """Return the maximum of every f neighbours along the last axis; nan is no value."""
    out: Array = panels[..., 0::f].copy()
    for k in range(1, min(f, panels.shape[-1])):
        part = panels[..., k::f]
        head = out[..., : part.shape[-1]]
        np.fmax(head, part, out=head)
    return out
