"""Where calibration constants live: calib/<group>/<source>/<kind>/<begin>-<end>.data.

A file serves the runs begin..end. Nothing here reads numbers, see `xtcview.calib.constants`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import lru_cache
from os import environ
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xtcview.calib.constants import (
    INTERLEAVED,
    KINDS,
    constants_text,
    default_constants,
    read_constants,
)
from xtcview.calib.devices import COMMON_MODES, DEFAULT_GEOMETRIES, GROUPS
from xtcview.errors import ConstantsError, near

LAST_RUN = 9999  # what 'end' means; larger run numbers are looked up as this one, as in psana


class Range(NamedTuple):
    """A file and the runs it serves, both ends included; 'end' is `LAST_RUN`."""

    begin: int
    end: int
    path: Path


class Loaded(NamedTuple):
    """Constants of one kind and where they come from."""

    values: np.ndarray | None  # None: no file and no default
    path: Path | None  # None: the default

    @property
    def status(self) -> str:
        """Return 'LOADED <file name>', 'DEFAULT' or 'NONE', for display."""
        if self.path is not None:
            return f"LOADED {self.path.name}"
        return "NONE" if self.values is None else "DEFAULT"


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
    return sorted(r for r in map(_range, paths) if r is not None)


def load(
    calib_dir: str | Path | None, source: str, kind: str, run: int, shape: Sequence[int]
) -> Loaded:
    """Return the constants that serve a run, or the default.

    Parameters
    ----------
    calib_dir : str or Path, optional
        The experiment's calib folder; None: defaults only.
    source : str
        Such as 'CxiDs1.0:Cspad.0'.
    kind : str
        One of `xtcview.calib.constants.KINDS`, but not 'geometry', which is text.
    run : int
        Run number.
    shape : sequence of int
        Shape of the detector's array, (segments, rows, columns).

    Returns
    -------
    Loaded
        Values of that shape ((numbers,) for 'common_mode') and the kind's dtype.

    Raises
    ------
    ConstantsError
        If the file that serves the run cannot be used. The default never replaces it silently.
    """
    path = None if calib_dir is None else find(calib_dir, source, kind, run)
    device = device_of(source)
    if kind == "common_mode":
        values = np.array(COMMON_MODES.get(device, (0,)), "f8")
        return Loaded(values if path is None else _read(path, kind), path)
    if path is None:
        return Loaded(default_constants(kind, shape), None)
    return Loaded(_read(path, kind, tuple(shape), device in INTERLEAVED), path)


def _read(
    path: Path, kind: str, shape: tuple[int, ...] | None = None, interleaved: bool = False
) -> np.ndarray:
    """Read constants, or give those of the unchanged file again: parsing takes a second."""
    state = path.stat()
    return _parsed(path, state.st_mtime_ns, state.st_size, kind, shape, interleaved)


@lru_cache(maxsize=16)
def _parsed(
    path: Path,
    _mtime_ns: int,
    _size: int,
    kind: str,
    shape: tuple[int, ...] | None,
    interleaved: bool,
) -> np.ndarray:
    values = read_constants(path, kind, shape, interleaved)
    values.flags.writeable = False  # everybody has the same array
    return values


def available(calib_dir: str | Path, source: str) -> dict[str, list[Range]]:
    """Return what is deployed for a source: kind -> its files, kinds without files left out."""
    place = folder(calib_dir, source, "")
    kinds = sorted(p.name for p in place.iterdir() if p.is_dir()) if place.is_dir() else []
    found = {kind: ranges(calib_dir, source, kind) for kind in kinds}
    return {kind: files for kind, files in found.items() if files}


def deploy(
    calib_dir: str | Path,
    source: str,
    kind: str,
    begin: int,
    end: int | None,
    content: np.ndarray | str,
    number_format: str | None = None,
    comments: Sequence[str] = (),
) -> Path:
    """Write constants for a range of runs and note it in HISTORY.

    Parameters
    ----------
    calib_dir, source, kind
        Where, see `folder`.
    begin, end : int
        First and last run; an end of None is written as 'end'.
    content : ndarray or str
        Constants in the order of the detector's array (segment, row, column), or the text of
        the file.
    number_format : str, optional
        Such as '%.2f'; see `xtcview.calib.constants.constants_text`.
    comments : sequence of str
        Lines written as comments above an array.

    Returns
    -------
    Path
        The new file.

    Raises
    ------
    ConstantsError
        If the kind is not known, the range is empty or the file is there already: constants are
        never overwritten.
    """
    if kind not in KINDS:
        raise ConstantsError(f"{kind!r} is no kind of constants.{near(kind, KINDS)}")
    if not 0 <= begin <= (LAST_RUN if end is None else end) <= LAST_RUN:
        raise ConstantsError(f"runs {begin} to {end}: expected 0 <= begin <= end <= {LAST_RUN}")
    if isinstance(content, str):
        text = content
    else:
        text = _text(source, kind, content, number_format, comments)
    path = folder(calib_dir, source, kind) / f"{begin}-{'end' if end is None else end}.data"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        _note(path)
    except FileExistsError as error:
        raise ConstantsError(
            f"{path} is there already and is not overwritten; choose another range or move it away"
        ) from error
    except OSError as error:
        raise ConstantsError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def _text(
    source: str, kind: str, array: np.ndarray, number_format: str | None, comments: Sequence[str]
) -> str:
    if KINDS[kind].dtype == "str":
        raise ConstantsError(f"{kind}: expected the text of a file, found an array")
    device = device_of(source)
    # the files of both CSPADs go without the lines that tell type and shape
    described = device not in ("Cspad", "Cspad2x2")
    interleaved = device in INTERLEAVED and kind != "common_mode"
    return constants_text(array, number_format, comments, described, interleaved)


def _note(path: Path) -> None:
    """Add the line that tells who deployed a file and when."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = (
        f"file:{path.name} copy_of:- exp:- run:- app:xtcview user:{environ.get('USER', '-')} "
        f"host:{socket.gethostname()} cptime:{now} comment:-\n"
    )
    with (path.parent / "HISTORY").open("a", encoding="utf-8") as file:
        file.write(line)


def _plain(source: str) -> str:
    """Return the source without 'DetInfo(' around it."""
    match = re.fullmatch(r"DetInfo\((.*)\)", source)
    return match.group(1) if match else source


_STEM = re.compile(r"(\d{1,9})-(\d{1,9}|end)\.data", re.ASCII)


def _range(path: Path) -> Range | None:
    match = _STEM.fullmatch(path.name)
    if match is None:
        return None
    begin, end = match.groups()
    return Range(int(begin), LAST_RUN if end == "end" else int(end), path)
