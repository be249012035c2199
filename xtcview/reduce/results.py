"""Results that stay: of a reduction that has ended, or read from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from xtcview.errors import MissingExtraError, XtcError, near
from xtcview.reduce.op import Field
from xtcview.reduce.parts import Array
from xtcview.reduce.report import Report
from xtcview.reduce.rows import NUMBER
from xtcview.reduce.stacked import GROUP


@dataclass(frozen=True)
class About:
    """Where a result comes from.

    Parameters
    ----------
    spec : str
        Data set string; of several runs one per line.
    detector : str
        As it was asked for.
    ops : tuple of str
        As a person would write them.
    selection : str
        Which events.
    by : str
        What divides them into groups; '' without groups.
    each : str
        Name of the function that made the frames; '' without one.
    use : str
        Name of the function that said which events are used; '' without one.
    calib_dir : str
        Where the constants were; '' for raw counts.
    version : str
        Of xtcview.
    state : str
        'done', 'cancelled' or 'failed: ...'.
    created : str
        When the result was made, ISO 8601 with time zone.
    """

    spec: str = ""
    detector: str = ""
    ops: tuple[str, ...] = ()
    selection: str = ""
    by: str = ""
    each: str = ""
    use: str = ""
    calib_dir: str = ""
    version: str = ""
    state: str = "done"
    created: str = ""


class Savable:
    """What reductions and results have in common: they are written, and divided by group."""

    def result(self) -> Result:
        """Return what there is as a result that no longer changes."""
        raise NotImplementedError

    def to_h5(self, path: str | Path) -> Path:
        """Write an HDF5 file that `xtcview.open_result` opens again.

        Parameters
        ----------
        path : str or Path
            Is replaced at once, when all is written.

        Returns
        -------
        Path

        Raises
        ------
        MissingExtraError
            h5py is not installed: ``pip install 'xtcview[h5]'``.
        XtcError
            The file cannot be written.
        """
        from xtcview.reduce.resultfile import write

        return write(self.result(), Path(path))

    def to_xarray(self) -> Any:
        """Return an xarray Dataset; columns of tables become variables along ``event``.

        Raises
        ------
        MissingExtraError
            xarray is not installed: ``pip install 'xtcview[tables]'``.
        """
        try:
            xarray = import_module("xarray")
        except ImportError as error:
            raise MissingExtraError(
                "a result as a Dataset needs xarray: pip install 'xtcview[tables]'"
            ) from error
        result = self.result()
        coords = {} if result.groups is None else {GROUP: result.groups}
        found = xarray.Dataset(dict(_variables(result)), coords=coords)
        return found.assign_attrs(spec=result.about.spec, detector=result.detector)

    def __getitem__(self, key: Any) -> Result:
        """Return the result of one group.

        Raises
        ------
        KeyError
            There is no such group.
        """
        return self.result()._of_group(key)


@dataclass(frozen=True, eq=False)
class Result(Savable):
    """Arrays of a reduction, with the account of its events.

    Besides the attributes below it has one per array, such as ``r.mean``.

    Parameters
    ----------
    arrays : dict of str to ndarray
        By name; of groups with one more axis, the first.
    fields : tuple of Field
        Names of their axes, without that of the groups, and units.
    report : Report
        What became of each event.
    counts : ndarray of int64
        Events per segment, (segments,) or (groups, segments).
    groups : ndarray, optional
        Keys of the groups, ascending.
    sizes : tuple of int
        Events in each group.
    events : ndarray of int64
        Numbers of the events that were to be read.
    about : About
        Where all this comes from.
    """

    arrays: dict[str, Array]
    fields: tuple[Field, ...]
    report: Report
    counts: Array
    groups: Array | None = None
    sizes: tuple[int, ...] = ()
    events: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    about: About = About()

    done = True
    error = None

    @property
    def detector(self) -> str:
        """Name of the detector."""
        return self.about.detector

    @property
    def calib(self) -> bool:
        """Whether calibrated panels were reduced, not the counts."""
        return bool(self.about.calib_dir)

    @property
    def each(self) -> str:
        """Name of the function that made the frames; '' without one."""
        return self.about.each

    @property
    def n(self) -> int:
        """Events in the result."""
        return self.report.counted

    @property
    def progress(self) -> tuple[int, int]:
        """Events read, and selected."""
        return self.report.selected - self.report.unread, self.report.selected

    def result(self) -> Result:
        """Return itself."""
        return self

    def partial(self) -> dict[str, Array]:
        """Return the arrays."""
        return dict(self.arrays)

    def overall(self) -> dict[str, Array]:
        """Return the arrays of all groups together, where that is known: without groups."""
        if self.groups is not None:
            raise XtcError(
                f"this result has {len(self.groups)} groups: show one of them, such as "
                f"r[{self.groups[0].item() if len(self.groups) else 'key'!r}]"
            )
        return dict(self.arrays)

    def add_callback(self, function: Callable[[Any], object]) -> None:
        """Call ``function(result)`` at once: nothing will change any more."""
        function(self)

    def _of_group(self, key: Any) -> Result:
        keys = [] if self.groups is None else self.groups.tolist()
        if key not in keys:
            raise KeyError(f"there is no group {key!r}.{near(str(key), map(str, keys))}")
        at = keys.index(key)
        arrays = {}
        for one in (one for one in self.fields if one.name in self.arrays):
            array = self.arrays[one.name]
            rows = one.dims == (NUMBER,)
            arrays[one.name] = (
                array[array[GROUP] == key] if rows else array if one.shared else array[at]
            )
        report = Report(self.sizes[at], self.sizes[at])
        return Result(arrays, self.fields, report, self.counts[at], about=self.about)

    def __getattr__(self, name: str) -> Array:
        arrays = self.__dict__.get("arrays", {})
        if name not in arrays:
            hint = "" if name.startswith("_") else near(name, arrays)
            raise AttributeError(f"this result has no {name!r}.{hint}")
        found: Array = arrays[name]
        return found

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.arrays]

    def __repr__(self) -> str:
        groups = "" if self.groups is None else f", {len(self.groups)} groups by {self.about.by}"
        spec = self.about.spec.replace("\n", " and ")  # one line per run
        head = f"Result({', '.join(self.arrays)} of {self.detector} in {spec}{groups})"
        return f"{head}: {self.about.state}\n{self.report}"


def _variables(result: Result) -> Iterator[tuple[str, tuple[tuple[str, ...], Array]]]:
    """Yield the variables of a Dataset: (name, (dims, values))."""
    for one in (one for one in result.fields if one.name in result.arrays):
        array = result.arrays[one.name]
        if one.dims == (NUMBER,):
            for column in array.dtype.names or ():
                dims = (NUMBER, *_axes(f"{one.name}_{column}", (), array[column].ndim - 1))
                yield f"{one.name}_{column}", (dims, array[column])
            continue
        lead = (GROUP,) if result.groups is not None and not one.shared else ()
        yield one.name, ((*lead, *_axes(one.name, one.dims, np.ndim(array) - len(lead))), array)


def _axes(name: str, dims: tuple[str, ...], ndim: int) -> tuple[str, ...]:
    """Return names of axes: those given, or made up where a function made arrays of its own."""
    return dims if len(dims) == ndim else tuple(f"{name}_{axis}" for axis in range(ndim))
