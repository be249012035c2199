"""What an area detector makes of its counts: calibrated panels, by the constants of the run.

Each method hands its work to a pure function of `xtcview.calib`; what is kept is what a second
event needs again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.calib import access, correct, gains, levels, medians, sensors, store
from xtcview.calib.settings import Settings, check_steps
from xtcview.errors import ConstantsError, SourceError
from xtcview.format.src import DetInfo
from xtcview.run import asics, buffers
from xtcview.run.event import Event
from xtcview.run.files import Problem
from xtcview.run.frames import QUADS, Reader
from xtcview.run.run import Run
from xtcview.types import cspad

Array = npt.NDArray[Any]


class Corrections(access.Constants):
    """The part of `Detector` that knows constants and what they are for."""

    _run: Run
    _device: str
    _read: Reader
    src: DetInfo

    def __init__(self, run: Run) -> None:
        super().__init__(run.calib_dir)
        self._factor: tuple[Any, Array | None] = (None, None)
        self._levels = levels.Levels()

    def calib(
        self, evt: Event, cmpars: tuple[float, ...] | None = None, **settings: Any
    ) -> Array | None:
        """Return the event after pedestals, common mode, gain and status, in psana's order.

        Parameters
        ----------
        evt : Event
        cmpars : tuple of numbers, optional
            Common mode parameters instead of the run's; (0,) or 0 switches it off.
        **settings
            See `calibrated`.

        Returns
        -------
        ndarray of float32 or None
            ADU of high gain, shape of `raw`. Bad pixels and absent segments are 0. Jungfrau and
            Epix10ka: in units of 1 / pixel_gain, see `calib.gains.calibrate`.
        """
        done = self.calibrated(evt, cmpars, **settings)
        return None if done is None else done.panels

    def calibrated(
        self,
        evt: Event,
        cmpars: tuple[float, ...] | None = None,
        steps: Iterable[str] = correct.STEPS,
        mask: Array | None = None,
        **settings: Any,
    ) -> correct.Calibrated | None:
        """Return what `calib` gives together with what the common mode was.

        Parameters
        ----------
        evt : Event
        cmpars : tuple of numbers, optional
            As in `calib`.
        steps : iterable of str
            Which steps of `xtcview.calib.correct.STEPS` are done; their order is psana's.
        mask : ndarray, optional
            Own mask of the shape of `raw`, 0 = bad, besides the pixel status.
        **settings
            What `mask` of this class takes (``edges=True``), instead of the pixel status alone;
            psana's keywords of common mode 6 (``maxCorr=30``).

        Returns
        -------
        Calibrated or None
            Panels, and the common mode of each region: found, and whether it was subtracted.

        Raises
        ------
        ConstantsError
            Constants, the mask or the parameters cannot be used.
        """
        wanted, chosen = check_steps(steps), Settings.of(settings)
        found = self._read(evt, self.src)
        if found is None:
            return None
        self._check_owner(evt)
        hiding = self._hiding(evt, mask, chosen.mask, "mask" in wanted)
        pedestals = self.pedestals(evt) if "pedestals" in wanted else None
        if "pedestals" in wanted and pedestals is None:
            self._tell_uncalibrated(evt)
        if self._device in gains.FAMILIES:
            return self._calibrate_by_mode(evt, found.panels, cmpars, wanted, hiding)
        if "pedestals" in wanted and pedestals is None and self._device not in sensors.SENSORS:
            # psana's rule for frames of varying size
            return correct.Calibrated(found.panels.astype(np.float32), ())
        numbers = cmpars if "common_mode" in wanted else 0
        parameters = self._common_mode_of(evt, numbers, chosen.common_mode)
        return correct.calibrate(
            found.panels,
            pedestals,
            parameters,
            bad=self._bad_pixels(evt) if {"common_mode", "mask"} & {*wanted} else None,
            factor=self._gain_factor(evt) if "gain_map" in wanted else None,
            gain=self.gain(evt) if "pixel_gain" in wanted else None,
            present=None if found.panels.ndim == 2 else found.present,
            rms=self.rms(evt) if parameters.algorithm == 6 else None,
            mask=hiding,
            interleaved=self._device in store.INTERLEAVED,
            out=buffers.empty(found.panels.shape, "f4"),
        )

    def common_mode_apply(
        self, evt: Event | int, nda: Array, cmpars: Any = None, **settings: Any
    ) -> tuple[correct.Shifts, ...]:
        """Subtract the common mode of panels, in place.

        Parameters
        ----------
        evt : Event or int
            Event or run number, for the constants.
        nda : ndarray of float32
            Shape of `raw`, C-contiguous, ADU after pedestals.
        cmpars, **settings
            As in `calibrated`.

        Returns
        -------
        tuple of Shifts
            What was found, and whether it was subtracted.

        Raises
        ------
        ConstantsError
            Another dtype or order: psana leaves such an array as it is.
        """
        if nda.dtype != np.float32 or not nda.flags.c_contiguous:
            what = "expected a C-contiguous array of float32"
            raise ConstantsError(f"{self.source}: {what}, found {nda.dtype}")
        parameters = self._common_mode_of(evt, cmpars, settings)
        panels = nda.reshape(self.shape)
        done = correct.calibrate(
            panels,
            parameters=parameters,
            bad=self._bad_pixels(evt),
            rms=self.rms(evt) if parameters.algorithm == 6 else None,
            mask=np.ones(self.shape, np.uint8),  # bad pixels do not vote, but stay
            interleaved=self._device in store.INTERLEAVED,
            out=panels,
        )
        return done.common_mode

    def common_mode_correction(
        self, evt: Event | int, nda: Array, cmpars: Any = None, **settings: Any
    ) -> Array:
        """Return what the common mode adds to each value of nda, float32; nda stays as it is."""
        corrected = np.array(nda, np.float32, order="C")
        self.common_mode_apply(evt, corrected, cmpars, **settings)
        return np.asarray(corrected - nda)

    def _check_owner(self, evt: Event) -> None:
        """Refuse an event of another experiment: the constants here are not its own.

        Raises
        ------
        SourceError
        """
        other = evt.owner
        if other is not self._run and other.calib_dir != self._run.calib_dir:
            what = f"{evt!r} is of {other.experiment}, this detector of {self._run.experiment}"
            raise SourceError(f"{what}: make one with Detector({self.source!r}, event.owner)")

    def _tell_uncalibrated(self, evt: Event) -> None:
        """Note that the run has no pedestals; most cameras go without."""
        if not sensors.is_camera(self._device):
            self._tell_missing("pedestals", evt, "calib and image begin with the counts")

    def _tell_missing(self, kind: str, evt: Event, consequence: str) -> None:
        """Note, once, that constants of the run are missing: psana would say nothing."""
        folder = store.folder(self._run.calib_dir, self.source, kind)
        what = f"no {kind} of {self.source} for run {evt.run()}"
        problem = Problem(str(folder), None, what, consequence)
        if problem not in self._run.problems:
            self._run.problems.append(problem)

    def _constants_shape(self, kind: str) -> tuple[int, ...]:
        return gains.constants_shape(self._device, kind, self.shape)

    def _merged(self, bad: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.bool_] | None:
        return gains.merged_bad(self._device, bad)

    def _gain_factor(self, evt: Event) -> Array | None:
        """Return the factor of low gain pixels; None when all are in high gain, or not a CSPAD."""
        if self._device != "Cspad":
            return None
        config = evt.config.get(cspad.Config[::-1], self.src)
        if config is not self._factor[0]:
            maps = np.stack([config.quads(q).gm().gainMap() for q in range(QUADS)])
            factor = None if (maps == 0xFFFF).all() else correct.gain_factor(maps)
            self._factor = config, factor
        return self._factor[1]

    def _calibrate_by_mode(
        self, evt: Event, raw: Array, cmpars: Any, steps: tuple[str, ...], hiding: Array | None
    ) -> correct.Calibrated:
        """Apply the chain of the detectors whose pixels choose their gain."""
        if {*correct.STEPS} - {*steps, "common_mode", "mask"}:
            what = "each gain mode has pedestals and gain of its own: these steps go together"
            raise ConstantsError(f"{self.source}: {what}")
        numbers: Any = self.common_mode(evt) if cmpars is None else cmpars
        parameters = medians.median_parameters(numbers if "common_mode" in steps else (0,))
        config = asics.gain_config(evt.config, self.src)
        found = self._levels.of(
            (evt.run(), config, *sorted(self.without)),
            lambda: None if config is None else gains.epix10ka_bits(*asics.pixel_config(config)),
            lambda kind: self._deployed(kind, evt),
            raw.shape,
        )
        banks = gains.FAMILIES[self._device].banks
        bad = self.bad(evt) if hiding is None else hiding.reshape(raw.shape) == 0
        return correct.Calibrated(levels.calibrate(raw, found, parameters, banks, bad), ())
