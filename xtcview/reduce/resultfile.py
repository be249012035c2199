"""Results as HDF5 files, laid out as CXI and NeXus do: one entry with data, detector and process.

/entry_1/result_1          arrays by name, with units and axes; counts, groups, sizes
/entry_1/data_1/data       link to the picture that is shown first
/entry_1/instrument_1/detector_1/description
/entry_1/process_1         where it comes from: About as attributes, events
/entry_1/process_1/report  selected, counted; kind, reason and number of all others
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, fields
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from xtcview.errors import FormatError, MissingExtraError, XtcError
from xtcview.reduce.op import PIXELS, Field
from xtcview.reduce.parts import Array
from xtcview.reduce.report import KINDS, Report, Skipped
from xtcview.reduce.results import About, Result

CXI_VERSION = 160
LAYOUT = 1  # of what this module adds
SMALL = 1 << 12  # bytes, below which nothing is compressed
ENTRY, RESULT, PROCESS = "entry_1", "entry_1/result_1", "entry_1/process_1"


def write(result: Result, path: Path) -> Path:
    """Write a result; the file is there at once and whole, or not at all.

    Raises
    ------
    MissingExtraError
        h5py is not installed.
    XtcError
        The file cannot be written.
    """
    h5py = _h5py()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with h5py.File(part, "w") as file:
            fill(h5py, file, result)
        part.replace(path)
    except OSError as error:
        raise XtcError(f"{path}: the result cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def open_result(path: str | Path) -> Result:
    """Open a result that `to_h5` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Result
        Has its arrays as attributes; ``xtcview.view(run).show(result)`` shows it.

    Raises
    ------
    MissingExtraError
        h5py is not installed: ``pip install 'xtcview[h5]'``.
    FormatError
        The file is no result.
    FileNotFoundError
        There is none.
    """
    h5py = _h5py()
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        with h5py.File(path, "r") as file:
            return _read(file, str(path))
    except (OSError, KeyError, ValueError, TypeError) as error:
        if isinstance(error, XtcError):
            raise
        raise FormatError(f"no result of xtcview: {error}", path) from error


def _h5py() -> Any:
    try:
        return import_module("h5py")
    except ImportError as error:
        raise MissingExtraError("files of results need h5py: pip install 'xtcview[h5]'") from error


def fill(h5py: Any, file: Any, result: Result) -> None:
    """Write a result into an open file."""
    about = result.about
    file.attrs.update({"NX_class": "NXroot", "default": ENTRY, "creator": "xtcview"})
    file["cxi_version"] = CXI_VERSION
    entry = _group(file, ENTRY, "NXentry", default="result_1", xtcview_result=LAYOUT)
    entry["title"] = f"{', '.join(about.ops)} of {about.detector} in {about.spec}"
    entry["program_name"] = "xtcview"
    entry["program_name"].attrs["version"] = about.version
    _group(file, f"{ENTRY}/instrument_1", "NXinstrument")
    detector = _group(file, f"{ENTRY}/instrument_1/detector_1", "NXdetector")
    detector["description"] = about.detector
    _fill_arrays(h5py, file, result)
    process = _group(file, PROCESS, "NXprocess", **_plain(about))
    process["program"], process["version"], process["date"] = (
        "xtcview",
        about.version,
        about.created,
    )
    _put(process, "events", result.events)
    report = _group(file, f"{PROCESS}/report", "NXcollection")
    report["selected"], report["counted"] = result.report.selected, result.report.counted
    skipped = result.report.skipped
    for name in ("kind", "reason"):
        _put(report, name, np.array([getattr(one, name) for one in skipped], dtype=np.str_))
    _put(report, "event", np.array([one.event for one in skipped], np.int64))


def _fill_arrays(h5py: Any, file: Any, result: Result) -> None:
    group = _group(file, RESULT, "NXdata", order=json.dumps(list(result.arrays)))
    for name, array in result.arrays.items():
        one = next(f for f in result.fields if f.name == name)
        data = _put(group, name, np.asarray(array))
        shared = bool(one.shared)
        data.attrs.update({"units": one.unit, "axes": json.dumps(one.dims), "shared": shared})
    _put(group, "counts", result.counts)
    if result.groups is not None:
        _put(group, "groups", result.groups)
        _put(group, "sizes", np.array(result.sizes, np.int64))
    pictures = [f.name for f in result.fields if f.dims == PIXELS and f.name in result.arrays]
    if pictures:
        first = "mean" if "mean" in pictures else pictures[0]
        group.attrs["signal"] = first
        data = _group(file, f"{ENTRY}/data_1", "NXdata", signal="data")
        data["data"] = h5py.SoftLink(f"/{RESULT}/{first}")


def _group(file: Any, name: str, kind: str, **attributes: Any) -> Any:
    group = file.require_group(name)
    group.attrs["NX_class"] = kind
    for key, value in attributes.items():
        group.attrs[key] = value
    return group


def _put(group: Any, name: str, array: Array) -> Any:
    """Write an array; texts, which HDF5 keeps otherwise than numpy, as UTF-8."""
    values = _encoded(array)
    packed = values.nbytes > SMALL and values.ndim > 0
    options = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if packed else {}
    return group.create_dataset(name, data=values, track_times=False, **options)


def _encoded(array: Array) -> Array:
    names = array.dtype.names
    if array.dtype.kind == "U":
        return np.char.encode(array, "utf-8") if array.size else np.zeros(array.shape, "S1")
    if names and any(array.dtype[name].kind == "U" for name in names):
        return _recoded(array, {name: _encoded(array[name]) for name in names})
    return array


def _decoded(array: Array) -> Array:
    names = array.dtype.names
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8") if array.size else np.zeros(array.shape, "U1")
    if names and any(array.dtype[name].kind == "S" for name in names):
        return _recoded(array, {name: _decoded(array[name]) for name in names})
    return array


def _recoded(array: Array, columns: dict[str, Array]) -> Array:
    kinds = [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
    found = np.zeros(array.shape, kinds)
    for name, column in columns.items():
        found[name] = column
    return found


def _plain(about: About) -> dict[str, str]:
    found = {name: value for name, value in asdict(about).items() if isinstance(value, str)}
    return found | {"ops": json.dumps(about.ops)}


def _read(file: Any, path: str) -> Result:
    layout = file[ENTRY].attrs.get("xtcview_result")
    if layout != LAYOUT:
        raise FormatError(f"layout {layout!r}, expected {LAYOUT}: no result, or a later one", path)
    group, process = file[RESULT], file[PROCESS]
    names = json.loads(group.attrs["order"])
    arrays = {name: _decoded(group[name][()]) for name in names}
    found = tuple(_field(name, group[name].attrs) for name in names)
    groups = _decoded(group["groups"][()]) if "groups" in group else None
    sizes = tuple(group["sizes"][()].tolist()) if "sizes" in group else ()
    about = {f.name: str(process.attrs[f.name]) for f in fields(About) if f.name != "ops"}
    origin = About(**about, ops=tuple(json.loads(process.attrs["ops"])))
    counts, events = group["counts"][()], process["events"][()]
    report = _report(process["report"], path)
    return Result(arrays, found, report, counts, groups, sizes, events, origin)


def _field(name: str, attributes: Any) -> Field:
    dims = tuple(json.loads(attributes["axes"]))
    return Field(name, dims, str(attributes["units"]), bool(attributes["shared"]))


def _report(group: Any, path: str) -> Report:
    columns = [_decoded(group[name][()]).tolist() for name in Skipped._fields]
    skipped = tuple(Skipped(*row) for row in zip(*columns, strict=True))
    unknown = {one.kind for one in skipped} - set(KINDS)
    if unknown:
        raise FormatError(f"the report names {sorted(unknown)}, expected {KINDS}", path)
    return Report(int(group["selected"][()]), int(group["counted"][()]), skipped)
