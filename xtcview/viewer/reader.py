"""One event of one detector, read for the eye: a result or a sentence, never an exception.

The viewer must go on when an event is damaged, lacks the detector or cannot be read, so a
`Shot` carries what there is and a note that says what is not.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import geometry
from xtcview.calib.assemble import Assembly, assemble, assembly_of
from xtcview.errors import XtcError
from xtcview.viewer import ways
from xtcview.viewer.frames import Mask, make_mask
from xtcview.viewer.shot import Shot, damage_text, error_text, missing_text

__all__ = ["Reader", "Shot", "damage_text", "error_text"]

Array = NDArray[Any]


class Reader:
    """Reads the events of one run for one detector; may be called from any thread.

    Parameters
    ----------
    run : Run
        From `xtcview.open`.
    det : Detector
        One of the run's area detectors.
    """

    def __init__(self, run: Any, det: Any) -> None:
        self.run, self.det = run, det
        self.times = run.times()
        self.shape: tuple[int, int, int] = tuple(det.shape)
        self.trouble: list[str] = []  # constants that could not be had
        self._lock = threading.RLock()
        self._last: Shot | None = None
        self._masks: dict[int, Mask] = {}
        self._assembly: Assembly | None = None
        self._constants: tuple[Array | None, Array | None] | None = None
        self._whole: Array | None = None  # the pedestals in whole ADU
        self.is_calibrated = False  # what is drawn: counts by themselves differ in gain
        self.values, self.binning = ways.DARK, ways.BINNED[0]  # what a person chose to see
        self.earlier = ways.Earlier()

    def __len__(self) -> int:
        return len(self.times)

    def shot(self, index: int) -> Shot:
        """Read one event; the last one is kept, so that asking again costs nothing."""
        with self._lock:
            if self._last is None or self._last.index != index:
                self._last = self._read(index)
            return self._last

    def glance(self, index: int) -> Shot:
        """Read one event in passing: the one that was read to be looked at is still kept."""
        with self._lock:
            last = self._last
            return last if last is not None and last.index == index else self._read(index)

    @property
    def is_live(self) -> bool:
        """Whether the run is still being written."""
        return hasattr(self.run, "refresh") and not self.run.ended

    @property
    def settled(self) -> int:
        """How many of the first events are complete."""
        return int(self.run.settled) if self.is_live else len(self)

    def refresh(self) -> int:
        """Take in what a live run has written since; return how many events there are now."""
        with self._lock:
            if self.is_live:
                self.run.refresh()
                self.times = self.run.times()
                if self._last is not None and self._last.event is None:
                    self._last = None  # what could not be read before may be whole now
            return len(self)

    def _read(self, index: int) -> Shot:
        """Read one event and turn whatever goes wrong into its note."""
        absent = np.zeros(self.shape[0], bool)
        if not len(self):
            return Shot(index, 0, 0, 0, None, absent, note="this run has no events")
        t = self.times[index]
        who = (index, int(t.seconds()), int(t.nanoseconds()), int(t.fiducial()))
        damage = ""
        try:
            evt = self.run.peek(index)  # not run.event: looking must not move the user's script
            damage = damage_text(int(evt.damage(self.det.source)))
            found = self.det.read(evt)
        except Exception as error:  # noqa: BLE001 - becomes the visible state of this event
            return Shot(*who, None, absent, damage, error_text(error))
        faulty = bool(evt.problems)
        fault = f"cannot be read: {evt.problems[0]}" if faulty else ""
        if found is None:
            why = f": {damage}" if damage else " in this event"
            note = fault or f"no {self.det.name} data{why}"
            return Shot(*who, None, absent, damage, note, evt, faulty)
        note = "; ".join(filter(None, (missing_text(found.present), fault and f"a part {fault}")))
        panels = found.panels.reshape(self.shape)
        return Shot(*who, panels, found.present, damage, note, evt, faulty)

    def constants(self) -> tuple[Array | None, Array | None]:
        """Return pedestals (float32, ADU) and bad pixels (bool), or None for each.

        Both are det.shape. They hold for the whole run; what is wrong with them is noted in
        `trouble`. Pixels that choose their gain have no pedestal that holds for all events: None.
        """
        with self._lock:
            if self._constants is None:
                pedestals, bad = (self._constant(kind) for kind in ("pedestals", "bad"))
                if pedestals is not None and pedestals.shape != self.shape:
                    self.is_calibrated, pedestals = True, None
                self._whole = _whole(pedestals)
                self._constants = (pedestals, bad)
            return self._constants

    def _constant(self, kind: str) -> Array | None:
        """Read one kind of constants in the panels' shape."""
        try:
            value = getattr(self.det, kind)(self.run.run())
        except (XtcError, OSError) as error:
            self.note(f"no {kind}: {error_text(error)}")
            return None
        array: Array | None = None if value is None else np.asarray(value)
        if array is None or array.size != np.prod(self.shape):
            return array
        return array.reshape(self.shape)

    def note(self, text: str) -> None:
        """Remember what could not be had."""
        if text not in self.trouble:
            self.trouble.append(text)

    def panels(self, shot: Shot) -> Array:
        """Return what is drawn in 8 bits: whole ADU less pedestal where there are pedestals.

        The pedestals are rounded to whole ADU here, for speed, so a pixel is drawn at most 0.5 ADU
        off; `exact` has the true ones. Absent segments are 0.
        """
        if shot.raw is None:
            return np.zeros(self.shape, np.int16)
        self.constants()
        chosen = ways.special(self, shot)
        if chosen is not None:
            return chosen
        if self.is_calibrated:
            return self._calibrated(shot)
        if self._whole is None:
            return shot.raw
        wide = np.result_type(shot.raw, self._whole)  # int16 - int16 fits: counts have 14 bits
        out = np.subtract(shot.raw, self._whole, dtype=wide)
        if not shot.present.all():
            out[~shot.present] = 0
        return out

    def exact(self, shot: Shot) -> Array:
        """Return the values that are shown, of ADU less the true pedestals, gaps nan: float32."""
        if shot.raw is None:
            return np.full(self.shape, np.nan, np.float32)
        pedestals, _ = self.constants()
        chosen = ways.special(self, shot)
        if chosen is not None:
            out = chosen.astype(np.float32)
        else:
            out = self._calibrated(shot) if self.is_calibrated else shot.raw.astype(np.float32)
            if pedestals is not None:
                out -= pedestals
        out[~shot.present] = np.nan
        return out

    def _calibrated(self, shot: Shot) -> Array:
        """Return each pixel calibrated by its gain mode, without common mode: float32."""
        try:
            panels: Array = self.det.calib(shot.event, (0,))
        except (XtcError, OSError) as error:
            self.note(f"not calibrated: {error_text(error)}")
            self.is_calibrated = False
            panels = np.asarray(shot.raw).astype(np.float32)
        return panels.reshape(self.shape)

    @property
    def is_subtracted(self) -> bool:
        """Whether the values shown are counts less the dark."""
        return self.constants()[0] is not None and (
            self.values == ways.DARK or (self.values == ways.CALIB and not ways.words(self))
        )

    def image(self, shot: Shot) -> Array | None:
        """Return `exact` assembled and upright: float32 (rows, cols), ADU, gaps nan."""
        return None if shot.raw is None else self.assembled(self.exact(shot))

    def assembled(self, panels: Array) -> Array:
        """Return float panels as an upright image, nan in the gaps: float32 (rows, cols).

        A default geometry comes without the twist that marks it, as on the screen.
        """
        with self._lock:
            if self._assembly is None:
                table = geometry.without_twist(self.det.geometry(self.run.run()))
                self._assembly = assembly_of(table)
                self.tiles()  # chooses the orientation when nobody has
        image = assemble(panels.astype(np.float32), self._assembly, gap=np.nan)
        return geometry.orient(image, self.det.orientation)

    def mask(self, f: int) -> Mask:
        """Return the prepared mask of bad pixels for one binning."""
        with self._lock:
            if f not in self._masks:
                self._masks[f] = make_mask(self.shape, f, self.constants()[1])
            return self._masks[f]

    def origins(self) -> dict[str, str]:
        """Return where each kind of constants comes from, such as 'LOADED 0-end.data'."""
        try:
            told: dict[str, str] = self.det.constants(self.run.run())
        except (XtcError, OSError) as error:
            self.note(error_text(error))
            return {}
        return told

    def tiles(self) -> Array | None:
        """Return the tiles of the geometry image, or None, with the reason in `trouble`."""
        with self._lock:
            try:
                tiles: Array = self.det.tiles(self.run.run())
            except (XtcError, OSError) as error:
                self.note(f"no geometry: {error_text(error)}")
                return None
            return tiles


def _whole(pedestals: Array | None) -> Array | None:
    """Round pedestals to whole ADU, in the narrowest type: int16 subtracts 8 times faster."""
    if pedestals is None:
        return None
    narrow = pedestals.min() >= 0 and pedestals.max() < 2**14
    return np.rint(pedestals).astype(np.int16 if narrow else np.int32)
