"""What `Detector` gives for a source that is no area detector, under psana's method names.

Every method takes the event that is meant; nothing depends on which was read before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import SourceError
from xtcview.format.src import BldInfo, DetInfo, Src
from xtcview.source import Pattern, Source
from xtcview.types import control

from .event import Event
from .run import Run

CONTROL = "ControlData"  # psana's name of a scan's settings


class Reading:
    """Whatever a source sends: EBeam, gas detector, diodes and the like.

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
        """Return the first record of the source in an event; None without one."""
        found = (evt.get(key.type(), self.src) for key in evt.keys() if self._is_mine(key))  # noqa: SIM118
        return next((record for record in found if record is not None), None)

    __call__ = get

    def _is_mine(self, key: Any) -> bool:
        return key.type() is not None and key.src() == self.src

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}' {getattr(self.src, 'name', self.src)}>"


class EventCodes(Reading):
    """Event codes of an event receiver."""

    def eventCodes(self, evt: Event, this_fiducial_only: bool = False) -> list[int] | None:  # noqa: N802
        """Return the codes of an event, those of shots since the last readout included.

        Parameters
        ----------
        evt : Event
        this_fiducial_only : bool
            Only the codes of the event's own fiducial.

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


class Waveforms(Reading):
    """Waveforms of a digitizer of the Acqiris family."""

    def raw(self, evt: Event) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
        """Return (volts, times): see `waveform` and `wftime`; None without data."""
        volts, times = self.waveform(evt), self.wftime(evt)
        return None if volts is None or times is None else (volts, times)

    __call__ = raw

    def waveform(self, evt: Event) -> npt.NDArray[Any] | None:
        """Return the waveforms, float64 (channels, samples of all segments), V; None without data.

        volts = slope * count - offset (psana Detector, WFDetector).
        """
        record, config = self.get(evt), self._config(evt)
        if record is None or config is None:
            return None
        scales = config.vert()
        return np.array([
            scales[i].slope() * record.data(i).waveforms().ravel() - scales[i].offset()
            for i in range(config.nbrChannels())
        ])  # fmt: skip

    def wftime(self, evt: Event) -> npt.NDArray[Any] | None:
        """Return the samples' times behind the trigger, float64 (channels, samples), s."""
        record, config = self.get(evt), self._config(evt)
        if record is None or config is None:
            return None
        scale = config.horiz()
        samples = np.tile(np.arange(scale.nbrSamples()), scale.nbrSegments())
        times = scale.delayTime() + scale.sampInterval() * samples
        return np.tile(times, (config.nbrChannels(), 1))

    def _config(self, evt: Event) -> Any:
        from xtcview.types import acqiris

        return evt.config.get(acqiris.ConfigV1, self.src)


class EncoderValues(Reading):
    """Counts of a USB encoder box."""

    def values(self, evt: Event) -> npt.NDArray[Any] | None:
        """Return offset + scale * count of each channel, float64 (4,); the counts without these."""
        from xtcview.types import usdusb

        record = self.get(evt)
        if record is None:
            return None
        fex = evt.config.get(usdusb.FexConfigV1, self.src)
        counts: npt.NDArray[Any] = np.asarray(record.encoder_count(), "f8")
        return counts if fex is None else fex.offset() + fex.scale() * counts

    __call__ = values


class Variable:
    """A process variable of EPICS, by its name or alias."""

    def __init__(self, name: str, run: Run) -> None:
        self.name, self.run = name, run

    def __call__(self, evt: Event | None = None) -> Any:
        """Return the value that holds at an event (at the one read last without it).

        Returns
        -------
        int, float, str or ndarray
            An array for a PV with several elements.
        """
        record = self.run.epics_at(None if evt is None else evt.number).getPV(self.name)
        if record is None:
            return None
        return record.value(0) if record.numElements() == 1 else np.asarray(record.data())

    def __repr__(self) -> str:
        return f"<Variable '{self.name}'>"


class ControlData:
    """Settings of a scan."""

    def __init__(self, name: str, run: Run) -> None:
        self.name, self.run = name, run

    def __call__(self, evt: Event | None = None) -> Any:
        """Return the record of an event's calib cycle (of the event read last without it)."""
        store = self.run.config_at(self.run.current if evt is None else evt.number)
        return store.get(control.Config[::-1])

    def __repr__(self) -> str:
        return f"<ControlData of {self.run!r}>"


_BY_DEVICE: dict[str, type[Reading]] = {
    "Evr": EventCodes,
    "Acqiris": Waveforms,
    "USDUSB": EncoderValues,
}


def find(run: Run, name: str) -> Any:
    """Return what reads a source or a PV of a run; None when there is nothing of this name."""
    if name == CONTROL:
        return ControlData(name, run)
    if name in run.epics_at(-1).names():
        return Variable(name, run)
    sources = matching(run, name)
    if len(sources) > 1:
        known = ", ".join(str(getattr(src, "name", src)) for src in sources)
        raise SourceError(f"{name!r} means several sources of {run}: {known}")
    if not sources:
        return None
    device = sources[0].devName() if isinstance(sources[0], DetInfo) else ""
    return _BY_DEVICE.get(device, Reading)(name, run, sources[0])


def matching(run: Run, name: str) -> list[Src]:
    """List the sources of a run that a person means: alias, source text, device ('evr', 'evr0')."""
    there = run.aliases.sources()
    try:
        pattern = Source(name).resolve(run.aliases)
    except SourceError:
        pattern = Pattern("none")
    found = [src for src in there if pattern.matches(src)]
    return found or [src for src in there if name.lower() in _short_names(src)]


def _short_names(src: Src) -> tuple[str, ...]:
    if not isinstance(src, DetInfo):
        return ()
    device = src.devName().lower()
    return device, f"{device}{src.devId()}"


def names(run: Run, which: str = "detectors") -> list[tuple[str, str, str]]:
    """List what `Detector` takes, as psana's DetNames does: (full name, alias, '').

    Parameters
    ----------
    run : Run
    which : str
        'detectors', 'epics' or 'all'.

    Raises
    ------
    ValueError
        None of these.
    """
    if which not in ("detectors", "epics", "all"):
        raise ValueError(f"expected 'detectors', 'epics' or 'all', found {which!r}")
    store, found = run.epics_at(-1), []
    if which != "epics":
        sources = [s for s in run.aliases.sources() if isinstance(s, DetInfo | BldInfo)]
        found += [(str(s.name), run.aliases.alias(s), "") for s in sources]
    if which != "detectors":
        found += [(pv, store.alias(pv), "") for pv in store.pvNames()]
    return found
