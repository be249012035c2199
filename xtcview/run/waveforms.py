"""Waveforms of digitizers, under psana's method names.

Formulas are those of psana's Detector package (WFDetector, GenericWFDetector).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .event import Event
from .recorders import Reading

Array = npt.NDArray[Any]


class Waveforms(Reading):
    """Waveforms of a digitizer of the Acqiris family."""

    def raw(self, evt: Event) -> tuple[Array, Array] | None:
        """Return (volts, times) of an event; None without data.

        volts = slope * count - offset, from the digitizer's first valid sample on; times are
        position + number * interval. Behind the valid samples both are 0. psana puts samples
        further behind when the position is a whole interval or more, and loses segments behind
        the first: here none are lost.

        Returns
        -------
        volts, times : ndarray of float64
            (channels, samples of all segments), V and s behind the trigger.
        """
        from xtcview.types import acqiris

        record, config = self.get(evt), self._config(evt, acqiris.ConfigV1)
        if record is None or config is None:
            return None
        scale = config.horiz()
        shape = (config.nbrChannels(), scale.nbrSegments() * scale.nbrSamples())
        volts, times = np.zeros(shape), np.zeros(shape)
        for number, vertical in enumerate(config.vert()[: shape[0]]):
            rows = _segments(record.data(number), vertical, scale.sampInterval())
            for at, values, clock in rows:
                values, clock = values[: shape[1] - at], clock[: shape[1] - at]
                volts[number, at : at + len(values)] = values
                times[number, at : at + len(clock)] = clock
        return volts, times

    __call__ = raw

    def waveform(self, evt: Event) -> Array | None:
        """Return the volts of `raw`."""
        found = self.raw(evt)
        return None if found is None else found[0]

    def wftime(self, evt: Event) -> Array | None:
        """Return the times of `raw`."""
        found = self.raw(evt)
        return None if found is None else found[1]


def _segments(channel: Any, vertical: Any, interval: float) -> list[tuple[int, Array, Array]]:
    """List the segments of a channel: place, volts, times in s."""
    first, found = channel.indexFirstPoint(), []
    stamps = channel.timestamp()
    for number, counts in enumerate(channel.waveforms()):
        valid = counts[first:]
        volts = valid * vertical.slope() - vertical.offset()
        times = np.arange(len(valid)) * interval + stamps[number].pos()
        found.append((number * len(counts), volts, times))
    return found


class ImpSamples(Reading):
    """Samples of an Imp detector."""

    def raw(self, evt: Event) -> Array | None:
        """Return the samples, uint16 (channels, samples), counts; None without data."""
        record = self.get(evt)
        return None if record is None else np.array([s.channels() for s in record.samples()]).T

    __call__ = waveform = raw

    def wftime(self, evt: Event) -> list[int] | None:
        """Return the numbers of the samples, as psana does: the device has no scale of time."""
        found = self.raw(evt)
        return None if found is None else list(range(found.shape[1]))


class Channels(Reading):
    """Waveforms of a generic one-dimensional device: Wave8, LeCroy."""

    _READERS = ("data_u8", "data_u16", "data_u32", "data_f32", "data_f64")

    def raw(self, evt: Event) -> list[Array] | None:
        """Return the samples of each channel, in its own type and length; None without data."""
        record, config = self.get(evt), self._settings(evt)
        if record is None or config is None:
            return None
        kinds = config.SampleType()[: config.NChannels()]
        return [getattr(record, self._READERS[kind])(i) for i, kind in enumerate(kinds)]

    __call__ = raw

    def wftime(self, evt: Event) -> list[Array] | None:
        """Return the samples' times of each channel, float64, s: (offset + number) * period."""
        config = self._settings(evt)
        if config is None:
            return None
        scales = zip(config.Offset(), config.Period(), config.Length(), strict=True)
        ends = [(offset * period, period, int(length)) for offset, period, length in scales]
        return [np.linspace(start, start + (n - 1) * period, n) for start, period, n in ends]

    def _settings(self, evt: Event) -> Any:
        from xtcview.types import generic1d

        return self._config(evt, *generic1d.Config)
