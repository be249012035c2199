"""A table of numbers, one row per event, and what other packages make of it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import MissingExtraError

Array = npt.NDArray[Any]


class Scalars:
    """A table of numbers, one row per event.

    Parameters
    ----------
    columns : dict of str to ndarray
        Numbers by name. Where an event has none: NaN, or 0 in a column of integers.
    present : dict of str to ndarray of bool
        By name, which events have the number.
    """

    def __init__(self, columns: dict[str, Array], present: dict[str, Array]) -> None:
        self.columns, self.present = columns, present

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def array(self) -> Array:
        """Structured array of all columns."""
        table = np.zeros(len(self), [(n, c.dtype, c.shape[1:]) for n, c in self.columns.items()])
        for name, column in self.columns.items():
            table[name] = column
        return table

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame; numbers that an event lacks are NA.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        pd = _imported("pandas")
        frame = pd.DataFrame(self.columns)
        return frame.mask(~pd.DataFrame(self.present))

    def to_xarray(self) -> Any:
        """Return an xarray Dataset along ``event``; numbers that an event lacks are NaN.

        Raises
        ------
        MissingExtraError
            xarray is not installed.
        """
        xr = _imported("xarray")
        found = xr.Dataset({name: ("event", column) for name, column in self.columns.items()})
        for name, there in self.present.items():
            if not there.all():
                found[name] = found[name].where(xr.DataArray(there, dims="event"))
        return found

    def __repr__(self) -> str:
        return f"<Scalars of {len(self):,} events: {', '.join(self.columns)}>"


def _imported(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError as error:
        wanted = f"this table needs {package}: pip install xtcview[tables]"
        raise MissingExtraError(wanted) from error
