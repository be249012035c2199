"""What detectors without pictures and waveforms give, under psana's method names.

Formulas are those of psana's Detector package (EvrDetector, TDCDetector, OceanDetector, ...). Every
method takes the event that is meant; nothing depends on which was read before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import SourceError
from xtcview.format.src import Src
from xtcview.types.record import Record, type_path

from .event import Event
from .run import Run

Array = npt.NDArray[Any]
_TDC_TICK = 50e-12  # s
_TDC_CHANNELS = range(1, 7)


class Reading:
    """Whatever a source sends: EBeam, gas detector and the like.

    Parameters
    ----------
    name : str
        As asked for.
    run : Run
    src : Src
    """

    def __init__(self, name: str, run: Run, src: Src) -> None:
        self.name, self.run, self.src = name, run, src

    def get(self, evt: Event) -> Any:
        """Return the record of the source in an event; None without one.

        Raises
        ------
        SourceError
            The source sends several kinds of records; psana refuses too.
        """
        kinds = [key.type() for key in evt.keys(self.src) if self._is_meant(key.type())]
        if len(kinds) > 1:
            several = ", ".join(map(type_path, kinds))
            raise SourceError(f"{self!r} sends {several}; ask for one: evt.get(type, det.src)")
        return evt.get(kinds[0], self.src) if kinds else None

    __call__ = get

    def _is_meant(self, kind: Any) -> bool:
        return isinstance(kind, type) and issubclass(kind, Record)

    def _config(self, evt: Event, *kinds: Any) -> Any:
        return evt.config.get(kinds, self.src)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}' {getattr(self.src, 'name', self.src)}>"


class EventCodes(Reading):
    """Event codes of an event receiver."""

    def eventCodes(self, evt: Event, this_fiducial_only: bool = True) -> list[int] | None:  # noqa: N802
        """Return the codes of an event.

        Parameters
        ----------
        evt : Event
        this_fiducial_only : bool
            As in psana only the codes of the event's own fiducial; otherwise also those since the
            last readout.

        Returns
        -------
        list of int or None
            None without event receiver data in the event.
        """
        record = self.get(evt)
        if record is None:
            return None
        own = evt.time.fiducial()
        codes = record.fifoEvents()
        return [c.eventCode() for c in codes if not this_fiducial_only or c.timestampHigh() == own]

    __call__ = eventCodes


class Diodes(Reading):
    """Intensity and position monitor; its record is what the DAQ derived from four diodes."""

    def _is_meant(self, kind: Any) -> bool:
        from xtcview.types import lusi

        return kind in lusi.IpmFex

    def channel(self, evt: Event) -> Array | None:
        """Return the intensity of each diode, float32 (4,), arbitrary unit; None without data."""
        record = self.get(evt)
        return None if record is None else np.asarray(record.channel())

    def sum(self, evt: Event) -> float | None:
        """Return the intensity of all diodes; None without data."""
        record = self.get(evt)
        return None if record is None else float(record.sum())

    def xpos(self, evt: Event) -> float | None:
        """Return the horizontal position of the beam; None without data."""
        record = self.get(evt)
        return None if record is None else float(record.xpos())

    def ypos(self, evt: Event) -> float | None:
        """Return the vertical position of the beam; None without data."""
        record = self.get(evt)
        return None if record is None else float(record.ypos())


class EncoderValues(Reading):
    """Positions of a USB encoder box."""

    def _is_meant(self, kind: Any) -> bool:
        from xtcview.types import usdusb

        return kind in usdusb.Data

    def values(self, evt: Event) -> Array | None:
        """Return the positions that the DAQ derived, float64 (4,); without them the counts.

        position = (count + offset) * scale, as the event's FexData says. None without data.
        """
        from xtcview.types import usdusb

        derived = evt.get(usdusb.FexData, self.src)
        if derived is not None:
            return np.asarray(derived.encoder_values())
        record = self.get(evt)
        return None if record is None else np.asarray(record.encoder_count())

    __call__ = values

    def descriptions(self) -> list[str] | None:
        """Return the name that users gave to each channel; None when they are not configured."""
        from xtcview.types import usdusb

        config = self.run.config_now().get(usdusb.FexConfig, self.src)
        return None if config is None else list(config.name())


class HitTimes(Reading):
    """Hits of a time-to-digital converter."""

    def times(self, evt: Event) -> list[Array] | None:
        """Return the times of the hits of channels 1-6, float64, s; None without data."""
        return self._of(evt, 0)

    def overflows(self, evt: Event) -> list[Array] | None:
        """Return the times of the hits whose counter overflowed, as `times`."""
        return self._of(evt, 8)

    def _of(self, evt: Event, overflow: int) -> list[Array] | None:
        record = self.get(evt)
        if record is None:
            return None
        words = np.array([item.value() for item in record.data()], "u4")
        seconds = (words & 0xFFFFFFF) * _TDC_TICK
        return [seconds[words >> 28 == channel | overflow] for channel in _TDC_CHANNELS]


class Spectrum(Reading):
    """Spectrum of an OceanOptics spectrometer."""

    def intensity(self, evt: Event) -> Array | None:
        """Return the counts, their non-linearity corrected when its polynomial is known.

        Returns
        -------
        ndarray or None
            float64 (pixels,): count / polynomial(count); uint16 counts without polynomial.
        """
        record, config = self.get(evt), self._settings(evt)
        if record is None:
            return None
        counts = np.asarray(record.data())
        if config is None or not np.any(config.nonlinCorrect()):
            return counts
        response = np.polynomial.polynomial.polyval(counts.astype("f8"), config.nonlinCorrect())
        with np.errstate(divide="ignore", invalid="ignore"):  # infinite, as psana's
            return np.asarray(counts / response)

    def wavelength(self, evt: Event) -> Array | None:
        """Return the wavelength of every pixel, float64 (pixels,), nm; None without data."""
        record, config = self.get(evt), self._settings(evt)
        if record is None or config is None:
            return None
        pixels = np.arange(len(record.data()), dtype="f8")
        return np.asarray(np.polynomial.polynomial.polyval(pixels, config.waveLenCalib()))

    def _settings(self, evt: Event) -> Any:
        from xtcview.types import oceanoptics

        return self._config(evt, *oceanoptics.Config)
