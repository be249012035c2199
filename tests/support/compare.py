"""Hold objects of xtcview against recorded answers of the DAQ's library and of psana.

Both comparisons walk the recorded object and collect what differs, so that one run shows all.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from xtcview.format.src import Src
from xtcview.types.record import Record, type_path

TAKES_ARGUMENTS = "EXC ArgumentError"
RENAMED = {"sec": "seconds", "nsec": "nanoseconds"}  # of a ClockTime, as the recorder wrote it
OF_CPLUSPLUS = ("_sizeof", "_type", "operator<", "operator==")


class Comparison:
    """What was compared, and what differs.

    Attributes
    ----------
    values : int
        Numbers, texts and arrays that were compared.
    wrong : list of str
        Path, ours and theirs of every difference.
    """

    def __init__(self) -> None:
        self.values = 0
        self.wrong: list[str] = []

    def value(self, ours: Any, theirs: Any, path: str) -> None:
        """Compare one recorded value."""
        if isinstance(theirs, dict):
            self._dict(ours, theirs, path)
        elif isinstance(theirs, list):
            self._list(ours, theirs, path)
        else:
            self._plain(ours, theirs, path)

    def equal(self, ours: Any, theirs: Any, path: str) -> None:
        """Compare two plain values."""
        self.values += 1
        both_nan = ours != ours and theirs != theirs
        if not (both_nan or ours == theirs):
            self.wrong.append(f"{path}: {ours!r}, recorded {theirs!r}")

    def _dict(self, ours: Any, theirs: dict[str, Any], path: str) -> None:
        if "crc32" in theirs:
            self._array(np.asarray(ours), theirs, path)
        elif "phy" in theirs:
            self.equal((ours.log(), ours.phy()), (theirs["log"], theirs["phy"]), path)
        elif isinstance(ours, Record):
            self._record(ours, theirs, path)
        else:  # an EventTime
            for name, value in theirs.items():
                if name != "_type":
                    self.value(getattr(ours, name)(), value, f"{path}.{name}")

    def _record(self, ours: Record, theirs: dict[str, Any], path: str) -> None:
        if "_type" in theirs:
            self.equal(type_path(type(ours)), theirs["_type"], f"{path}: class")
        for name, value in theirs.items():
            if name in OF_CPLUSPLUS or (name.endswith("_shape") and not hasattr(ours, name)):
                continue
            accessor = getattr(ours, name, None) or getattr(ours, RENAMED.get(name, ""), None)
            if accessor is None:
                self.wrong.append(f"{path}.{name}: no such accessor")
            elif value == TAKES_ARGUMENTS:
                self.equal(_takes_number(accessor), True, f"{path}.{name}")
            elif isinstance(value, list) and _takes_number(accessor):
                self.value([accessor(i) for i in range(len(value))], value, f"{path}.{name}")
            else:
                self.value(_all_of(ours, accessor, name), value, f"{path}.{name}")

    def _array(self, ours: Any, theirs: dict[str, Any], path: str) -> None:
        crc = zlib.crc32(np.ascontiguousarray(ours).tobytes())
        recorded = theirs["crc32"]
        recorded = int(recorded, 16) if isinstance(recorded, str) else recorded
        self.equal(list(ours.shape), theirs["shape"], f"{path}: shape")
        self.equal(ours.dtype.name, theirs["dtype"], f"{path}: dtype")
        more = [theirs[name] for name in ("values", "first") if name in theirs]
        mine = [ours.ravel()[: len(values)].tolist() for values in more]
        self.equal((crc, mine), (recorded, more), f"{path}: crc32")
        total = theirs.get("sum")
        if total is not None and ours.size:
            self.equal(ours.sum(dtype=_wide(ours)).item(), total, f"{path}: sum")

    def _list(self, ours: Any, theirs: list[Any], path: str) -> None:
        if len(ours) != len(theirs):
            self.wrong.append(f"{path}: {len(ours)} items, recorded {len(theirs)}")
            return
        for i, (mine, recorded) in enumerate(zip(ours, theirs, strict=True)):
            self.value(mine, recorded, f"{path}[{i}]")

    def _plain(self, ours: Any, theirs: Any, path: str) -> None:
        if isinstance(ours, Src):
            ours = str(ours)
        elif isinstance(ours, Record):  # psana prints a ClockTime
            ours = f"seconds: {ours.seconds()} nano:{ours.nanoseconds()}"
        elif isinstance(ours, np.ndarray | tuple):
            ours = list(ours)
        self.equal(ours, theirs, path)


def _wide(array: Any) -> Any:
    return np.float64 if array.dtype.kind == "f" else np.int64


def _all_of(record: Record, accessor: Any, name: str) -> Any:
    """Return what an accessor gives; all items where it takes a number."""
    shape = getattr(record, f"{name}_shape", None)
    return accessor() if shape is None else [accessor(i) for i in range(shape()[0])]


def _takes_number(accessor: Any) -> bool:
    return len(inspect.signature(accessor).parameters) == 1


def leaves_of(recorded: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the recorded leaves of a datagram; an incomplete container counts as one."""
    for child in recorded.get("xtcs", []):
        if child["typeid"] & 0xFFFF == 1 and not child["damage"] & 1 << 15:
            yield from leaves_of(child)
        else:
            yield child
