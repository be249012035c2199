"""What `Detector` gives for a source that is no area detector, under psana's method names.

Every method takes the event that is meant; nothing depends on which was read before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xtcview.errors import SourceError
from xtcview.format.headers import type_id
from xtcview.format.ids import TypeId
from xtcview.format.src import BldInfo, DetInfo, Src, make_src
from xtcview.source import Pattern, Source
from xtcview.types import control

from .event import Event
from .recorders import Diodes, EncoderValues, EventCodes, HitTimes, Reading, Spectrum
from .run import Run
from .waveforms import Channels, ImpSamples, Waveforms

CONTROL = "ControlData"  # psana's name of a scan's settings
_CONTROL_NAMES = (CONTROL, "ScanData")
_ARCHIVER = "EpicsArch"  # no detector: its values are variables


class Missing:
    """In place of a detector that the run does not have: every method gives None, as in psana.

    Parameters
    ----------
    name : str
        As asked for.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{self!r} has no {name}")
        return lambda *_args, **_options: None

    def __call__(self, *_: Any) -> None:
        """Return None."""

    def __repr__(self) -> str:
        return f"<Missing '{self.name}'>"


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
        run, number = (self.run, None) if evt is None else (evt.owner, evt.number)
        record = run.epics_at(number).getPV(self.name)
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
        store = self.run.config_now() if evt is None else evt.config
        return store.get(control.Config[::-1])

    def __repr__(self) -> str:
        return f"<ControlData of {self.run!r}>"


_BY_DEVICE: dict[str, type[Reading]] = {
    "Acqiris": Waveforms,
    "AcqTDC": HitTimes,
    "Evr": EventCodes,
    "Imp": ImpSamples,
    "Ipimb": Diodes,
    "LeCroy": Channels,
    "OceanOptics": Spectrum,
    "USDUSB": EncoderValues,
    "Wave8": Channels,
}
_BY_TYPE: dict[int, type[Reading]] = {  # of beam line records, which have no device
    TypeId.IpmFex: Diodes,
    TypeId.SharedIpimb: Diodes,
    TypeId.SharedPIM: Diodes,
    TypeId.SharedUsdUsb: EncoderValues,
    TypeId.UsdUsbData: EncoderValues,
}


def find(run: Run, name: str) -> Any:
    """Return what reads a source or a PV of a run; None when there is nothing of this name."""
    if name in _CONTROL_NAMES:
        return ControlData(name, run)
    if name in run.epics_at(-1).names():
        return Variable(name, run)
    sources = matching(run, name)
    if len(sources) > 1:
        known = ", ".join(str(getattr(src, "name", src)) for src in sources)
        raise SourceError(f"{name!r} means several sources of {run}: {known}")
    if not sources:
        return None
    return _class_of(run, sources[0])(name, run, sources[0])


def _class_of(run: Run, src: Src) -> type[Reading]:
    if isinstance(src, DetInfo):
        return _BY_DEVICE.get(src.devName(), Reading)
    segments = (segment for index in run.timeline.indexes for segment in index.segments)
    words = [
        int(word)
        for segment in segments
        for sender, word in zip(segment.sources.tolist(), segment.types, strict=True)
        if make_src(*sender) == src
    ]
    return next((_BY_TYPE[type_id(w)] for w in words if type_id(w) in _BY_TYPE), Reading)


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

    psana lists the sources of the configuration; those that only send data follow them here.

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
        found += _detector_names(run)
    if which != "detectors":
        found += [(pv, store.alias(pv), "") for pv in store.pvNames()]
    return found


def _detector_names(run: Run) -> list[tuple[str, str, str]]:
    """List psana's names in its order, then sources that send data but are not configured."""
    configured = run.aliases.srcs()
    named = [src for src in run.aliases.sources() if isinstance(src, DetInfo | BldInfo)]
    named = [src for src in named if _ARCHIVER not in str(src)]
    rows = [(str(src.name), run.aliases.alias(src), "") for src in named]
    first = sum(src in configured for src in named)
    scan = [(CONTROL, "", "")] if run.config_now().get(control.Config) is not None else []
    return rows[:first] + scan + rows[first:]
