"""Where calibration constants live: calib/<group>/<source>/<kind>/<begin>-<end>.data.

A file serves the runs begin..end. Nothing here reads numbers, see `xtcview.calib.store`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from xtcview.calib.devices import DEFAULT_GEOMETRIES, GROUPS
from xtcview.errors import ConstantsError, near

LAST_RUN = 9999  # what 'end' means; larger run numbers are looked up as this one, as in psana


class Range(NamedTuple):
    """A file and the runs it serves, both ends included; 'end' is `LAST_RUN`."""

    begin: int
    end: int
    path: Path


def device_of(source: str) -> str:
    """Return the device name of a source such as 'CxiDs1.0:Cspad.0' or 'DetInfo(...)'.

    Raises
    ------
    ConstantsError
        If the source has no device part.
    """
    match = re.search(r":(\w+)\.", source)
    if match is None:
        raise ConstantsError(
            f"{source!r}: expected <detector>.<number>:<device>.<number>, such as CxiDs1.0:Cspad.0"
        )
    return match.group(1)


def group_of(source: str) -> str:
    """Return the folder that a source's constants are under, such as 'CsPad::CalibV1'.

    Raises
    ------
    ConstantsError
        If the device is not in `GROUPS`.
    """
    device = device_of(source)
    if device not in GROUPS:
        raise ConstantsError(
            f"{source!r}: no calibration group for device {device!r}.{near(device, GROUPS)}"
        )
    return GROUPS[device]


def default_geometry_name(source: str, segments: int) -> str | None:
    """Return which built-in geometry stands in when none is deployed; None if there is none."""
    return DEFAULT_GEOMETRIES.get((device_of(source), segments))


def folder(calib_dir: str | Path, source: str, kind: str) -> Path:
    """Return the folder of one kind of constants; it need not exist."""
    return Path(calib_dir) / group_of(source) / _plain(source) / kind


def find(calib_dir: str | Path, source: str, kind: str, run: int) -> Path | None:
    """Return the file that serves a run, or None.

    The largest begin wins, among equal begins the smallest end. Backups and HISTORY, in fact
    everything not named <int>-<int>.data or <int>-end.data, do not count.
    """
    wanted = min(run, LAST_RUN)
    serving = [r for r in ranges(calib_dir, source, kind) if r.begin <= wanted <= r.end]
    return max(serving, key=lambda r: (r.begin, -r.end)).path if serving else None


def ranges(calib_dir: str | Path, source: str, kind: str) -> list[Range]:
    """Return the files of one kind, sorted by begin and end; empty without a folder.

    Raises
    ------
    ConstantsError
        If the folder is there and cannot be listed.
    """
    place = folder(calib_dir, source, kind)
    try:
        paths = list(place.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ConstantsError(f"{place}: cannot be listed: {error.strerror}") from error
    return sorted(r for r in map(range_of, paths) if r is not None)


def available(calib_dir: str | Path, source: str) -> dict[str, list[Range]]:
    """Return what is deployed for a source: kind -> its files, kinds without files left out."""
    place = folder(calib_dir, source, "")
    kinds = sorted(p.name for p in place.iterdir() if p.is_dir()) if place.is_dir() else []
    found = {kind: ranges(calib_dir, source, kind) for kind in kinds}
    return {kind: files for kind, files in found.items() if files}


def _plain(source: str) -> str:
    """Return the source without 'DetInfo(' around it."""
    match = re.fullmatch(r"DetInfo\((.*)\)", source)
    return match.group(1) if match else source


_STEM = re.compile(r"(\d{1,9})-(\d{1,9}|end)\.data", re.ASCII)


def range_of(path: Path) -> Range | None:
    """Return the runs that a file serves by its name; None if it is no file of constants."""
    match = _STEM.fullmatch(path.name)
    if match is None:
        return None
    begin, end = match.groups()
    return Range(int(begin), LAST_RUN if end == "end" else int(end), path)
