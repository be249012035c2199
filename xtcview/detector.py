"""An area detector: a run's payloads joined with calibration constants.

Each method hands its work to a pure function of `xtcview.calib`; what is kept is what a second
event needs again: constants of a run, the assembly of a geometry.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.calib import (
    access,
    assemble,
    geometry,
    old_geometry,
    sensors,
    store,
)
from xtcview.corrections import Corrections
from xtcview.errors import ConstantsError, SourceError, near
from xtcview.format.src import DetInfo, make_src
from xtcview.positions import Offset, Positions, Shape
from xtcview.run import asics, buffers, readings
from xtcview.run.datasource import latest_env
from xtcview.run.env import Env
from xtcview.run.event import Event
from xtcview.run.frames import CSPAD_SHAPE, Raw, read_cspad
from xtcview.run.panels import READERS
from xtcview.run.run import Run
from xtcview.source import Source

Array = npt.NDArray[Any]
_SEARCHED = 200  # events in which to look for the first frame of a camera


def area_detectors(run: Run) -> list[DetInfo]:
    """List the area detectors of a run: those of its configuration, then others with data."""
    segments = (segment for index in run.timeline.indexes for segment in index.segments)
    sending = (make_src(*words) for segment in segments for words in segment.sources.tolist())
    srcs = dict.fromkeys([*run.aliases.srcs(), *sending])
    return [src for src in srcs if isinstance(src, DetInfo) and src.devName() in READERS]


def find_source(run: Run, name: str | None) -> DetInfo:
    """Return the area detector that a person means.

    Parameters
    ----------
    name : str, optional
        Alias, source text, or the name of the device when there is only one of it ('cspad');
        without it, the run's only area detector.

    Raises
    ------
    SourceError
        None or several are meant; the message lists what there is.
    """
    there = area_detectors(run)
    found = there if name is None else _by_name(run, name, there)
    if len(found) == 1:
        return found[0]
    known = [run.aliases.alias(src) or src.name for src in found or there]
    asked = "a name is needed" if name is None else f"{name!r} means {len(found) or 'none'} of them"
    if found:
        hint = f": {', '.join(known)}"
    else:
        hint = "." + near(name or "", [*known, *(src.name for src in there)])
    raise SourceError(f"{run} has {len(there)} area detectors, and {asked}{hint}")


def _by_name(run: Run, name: str, there: list[DetInfo]) -> list[DetInfo]:
    """List the detectors with this alias or source text, else with this device name."""
    by_device = [src for src in there if src.devName().lower() == name.lower()]
    try:
        pattern = Source(name).resolve(run.aliases)
    except SourceError:
        return by_device
    return [src for src in there if pattern.matches(src)] or by_device


class Detector(Positions, Corrections):
    """One area detector of a run.

    Parameters
    ----------
    name : str, optional
        Alias, source text or device name; see `find_source`.
    env : Env or Run, optional
        From ``ds.env()``, or the run; without it, that of the data source opened last.
    accept_missing : bool
        For a name that the run does not have, return what answers None to everything.

    Attributes
    ----------
    name, alias : str
        As asked for; alias in the run or ''.
    source : str
        Such as 'CxiDs1.0:Cspad.0'.
    without : set of str
        Kinds of constants that are not used though they are deployed, such as 'pixel_gain'.
    """

    def __new__(
        cls, name: str | None = None, env: Env | Run | None = None, accept_missing: bool = False
    ) -> Any:
        """Return what reads this source: for one that is no area detector, a `Reading`."""
        run = _run_from(name, env)
        if name is not None and not _names_area_detector(run, name):
            other = readings.find(run, name)
            if other is None and accept_missing:
                other = readings.Missing(name)
            if other is not None:
                return other
        return super().__new__(cls)

    def __init__(
        self, name: str | None = None, env: Env | Run | None = None, accept_missing: bool = False
    ) -> None:
        Positions.__init__(self)
        self._run = _run_from(name, env)
        Corrections.__init__(self, self._run)
        self.src = find_source(self._run, name)
        self.alias, self.source = self._run.aliases.alias(self.src), self.src.name
        self.name = name or self.alias or self.source
        self._device = self.src.devName()
        self._read = READERS[self._device]

    @cached_property
    def shape(self) -> Shape:
        """(segments, rows, columns); a camera has one segment.

        Raises
        ------
        ConstantsError
            A camera without a frame in the run's first events.
        """
        shape = self._raw_shape
        return Shape((1, *shape) if len(shape) == 2 else shape)

    @property
    def is_flat(self) -> bool:
        """True when raw is (rows, columns), without an axis for the segments."""
        return len(self._raw_shape) == 2

    @cached_property
    def _raw_shape(self) -> tuple[int, ...]:
        if self._read is read_cspad:
            return CSPAD_SHAPE
        for number in range(min(_SEARCHED, len(self._run.times()))):
            raw = self._read(self._run.peek(number), self.src)
            if raw is not None:
                return raw.panels.shape
        searched = f"no data in the first {_SEARCHED} events of {self._run}"
        raise ConstantsError(f"{self.source}: {searched}")

    def read(self, evt: Event) -> Raw | None:
        """Return raw panels and which segments are present; None without data in the event."""
        return self._read(evt, self.src)

    def raw(self, evt: Event) -> Array | None:
        """Return the counts that the DAQ wrote, a fresh writable array.

        Returns
        -------
        ndarray or None
            ADU. CSPAD: int16 (32, 185, 388), segment = 8 * quad + section, absent sections 0.
            Cameras: uint8 or uint16 (rows, columns). Others uint16 (segments, rows, columns);
            those of Jungfrau and Epix10ka hold gain bits above the 14 of the count. None without
            data in the event.
        """
        found = self._read(evt, self.src)
        return None if found is None else found.panels

    def present(self, evt: Event) -> npt.NDArray[np.bool_]:
        """Return which segments the event holds, bool (segments,)."""
        found = self._read(evt, self.src)
        return np.zeros(self.shape[0], bool) if found is None else found.present

    def image(
        self,
        evt: Event,
        nda_in: Array | None = None,
        pix_scale_size_um: float | None = None,
        xy0_off_pix: Offset = None,
        do_update: bool = False,
    ) -> Array | None:
        """Return an image, each pixel in its cell, as psana assembles it (gaps are 0).

        Parameters
        ----------
        evt : Event
        nda_in : ndarray, optional
            Panels to assemble; `calib` of the event when not given.
        pix_scale_size_um, xy0_off_pix, do_update
            See `xtcview.positions`.

        Returns
        -------
        ndarray of float32 or None
            (rows, columns); see `xtcview.calib.geometry.pixel_indexes` for its frame.
        """
        panels = self.calib(evt) if nda_in is None else nda_in
        if panels is None or (panels.ndim == 2 and self._device not in sensors.PLACED):
            return panels
        if self.geometry(evt).is_default:
            self._tell_missing("geometry", evt, "image shows a default table, not this run's")
        plan = self.assembly(evt, pix_scale_size_um, xy0_off_pix)
        return assemble.assemble(
            np.asarray(panels, "f4"), plan, out=buffers.empty(plan.shape, "f4")
        )

    def _find_geometry(self, run: int) -> geometry.Geometry:
        path = store.find(self._run.calib_dir, self.source, "geometry", run)
        if path is not None:
            return geometry.read(path)
        old = self._old_files(run)
        if old:
            return old_geometry.read(old, self._device)
        pitch = asics.binned_pitch(self._run.config_at(0), self.src)
        return sensors.default_geometry(self._device, tuple(self.shape), pitch)

    def _old_files(self, run: int) -> dict[str, Path]:
        """Return the files that describe a CSPAD's geometry before 2014; empty without them."""
        return old_geometry.find(self._run.calib_dir, self.source, run)

    def constants(self, evt: Event | int) -> dict[str, str]:
        """Return for each kind of constants where it comes from, such as 'LOADED 0-end.data'."""
        told = super().constants(evt)
        path = store.find(self._run.calib_dir, self.source, "geometry", access.run_of(evt))
        table = self.geometry(evt)
        plain = "DEFAULT" if table.is_default else "NONE (plain matrix)"
        if path is None:
            old = self._old_files(access.run_of(evt)).items()
            text = f"LOADED {', '.join(f'{kind}/{file.name}' for kind, file in old)}"
            return told | {"geometry": access.Told(text if old else plain)}
        return told | {"geometry": access.Told(f"LOADED {path.name}", path)}

    def __repr__(self) -> str:
        alias = f" '{self.alias}'" if self.alias else ""
        return f"<Detector{alias} {self.source}>"


def _names_area_detector(run: Run, name: str) -> bool:
    return bool(_by_name(run, name, area_detectors(run)))


def _run_from(name: str | None, env: Env | Run | None) -> Run:
    """Return the run that is meant: without one, that of the data source opened last."""
    env = latest_env() if env is None else env
    if env is None:
        what = "no data source is open; open one, or give ds.env()"
        raise SourceError(f"Detector({name!r}): {what}")
    return env if isinstance(env, Run) else env.run


def DetNames(which: str = "detectors", env: Env | Run | None = None) -> list[tuple[str, str, str]]:  # noqa: N802
    """List the names that `Detector` takes, as psana does: (full name, alias, '').

    Parameters
    ----------
    which : str
        'detectors', 'epics' or 'all'.
    env : Env or Run, optional
        Without it, that of the data source opened last.

    Raises
    ------
    ValueError
        Another `which`.
    SourceError
        No data source is open.
    """
    return readings.names(_run_from("names", env), which)
