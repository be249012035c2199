"""Constants in and out of the calibration store: load those that serve a run, deploy new ones.

What is found where is said by `xtcview.calib.places`, whose names are here too.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xtcview.calib import kept
from xtcview.calib.constants import (
    INTERLEAVED,
    KINDS,
    constants_text,
    default_constants,
    read_constants,
)
from xtcview.calib.devices import COMMON_MODES, DEFAULT_GEOMETRIES
from xtcview.calib.places import (
    LAST_RUN,
    Range,
    available,
    default_geometry_name,
    device_of,
    find,
    folder,
    group_of,
    range_of,
    ranges,
)
from xtcview.errors import ConstantsError, WrongSizeError, near

__all__ = [
    "DEFAULT_GEOMETRIES",
    "INTERLEAVED",
    "LAST_RUN",
    "Loaded",
    "Range",
    "available",
    "default_geometry_name",
    "deploy",
    "device_of",
    "find",
    "folder",
    "group_of",
    "load",
    "range_of",
    "ranges",
    "try_load",
]


class Loaded(NamedTuple):
    """Constants of one kind and where they come from."""

    values: np.ndarray | None  # None: no file and no default, or a file that cannot be used
    path: Path | None  # None: the default
    error: ConstantsError | None = None  # why the file cannot be used

    @property
    def status(self) -> str:
        """Return one of psana's words, with the file's name where there is one, for display.

        LOADED, DEFAULT (no file, and what stands in does nothing), WRONG SIZE, UNREADABLE, NONE.
        """
        if self.path is None:
            return "NONE" if self.values is None else "DEFAULT"
        if self.error is None:
            return f"LOADED {self.path.name}"
        word = "WRONG SIZE" if isinstance(self.error, WrongSizeError) else "UNREADABLE"
        return f"{word} {self.path.name}"


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
        Values of that shape ((numbers,) for 'common_mode') and the kind's dtype, read-only.

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


def try_load(
    calib_dir: str | Path | None, source: str, kind: str, run: int, shape: Sequence[int]
) -> Loaded:
    """Like `load`, but a file that cannot be used is told in `Loaded.error`, not raised."""
    try:
        return load(calib_dir, source, kind, run, shape)
    except ConstantsError as error:
        path = None if calib_dir is None else find(calib_dir, source, kind, run)
        return Loaded(None, path, error)


def _read(
    path: Path, kind: str, shape: tuple[int, ...] | None = None, interleaved: bool = False
) -> np.ndarray:
    """Read constants, or give those of the unchanged file again."""
    try:
        key = kept.key_of(path, kind, shape, interleaved)
    except OSError as error:
        raise ConstantsError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return _parsed(key, path, kind, shape, interleaved)
    except ConstantsError as error:
        hint = f"to go on without it, say det.without.add({kind!r})"
        raise type(error)(f"{error}; {hint}") from error


@lru_cache(maxsize=16)
def _parsed(
    key: kept.Key, path: Path, kind: str, shape: tuple[int, ...] | None, interleaved: bool
) -> np.ndarray:
    values = kept.find(key)
    if values is None:
        values = read_constants(path, kind, shape, interleaved)
        kept.keep(key, values)
    values.flags.writeable = False  # everybody has the same array
    return values


def deploy(
    calib_dir: str | Path,
    source: str,
    kind: str,
    begin: int,
    end: int | None,
    content: np.ndarray | str,
    number_format: str | None = None,
    comments: Sequence[str] = (),
    history: Mapping[str, object] | None = None,
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
    history : mapping, optional
        What HISTORY tells besides the file's name, the user and the time: any of 'exp', 'run',
        'copy_of' and 'comment'.

    Returns
    -------
    Path
        The new file.

    Raises
    ------
    ConstantsError
        If the kind is not known, the range is empty, a number is not finite or the file is there
        already: constants are never overwritten.
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
        _write_new(path, text)
        _note(path, history or {})
    except FileExistsError as error:
        raise ConstantsError(
            f"{path} is there already and is not overwritten; choose another range or move it away"
        ) from error
    except OSError as error:
        raise ConstantsError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet; nothing of it stays when that fails."""
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _text(
    source: str, kind: str, array: np.ndarray, number_format: str | None, comments: Sequence[str]
) -> str:
    if KINDS[kind].dtype == "str":
        raise ConstantsError(f"{kind}: expected the text of a file, found an array")
    if not np.isfinite(array).all():
        raise ConstantsError(f"{kind}: expected finite numbers, found nan or infinity")
    device = device_of(source)
    # the files of both CSPADs go without the lines that tell type and shape
    described = device not in ("Cspad", "Cspad2x2")
    interleaved = device in INTERLEAVED and kind != "common_mode"
    return constants_text(array, number_format, comments, described, interleaved)


def _note(path: Path, history: Mapping[str, object]) -> None:
    """Add the line that tells who deployed a file and when."""
    told = {key: _word(history.get(key, "-")) for key in ("copy_of", "exp", "run", "comment")}
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = (
        f"file:{path.name} copy_of:{told['copy_of']} exp:{told['exp']} run:{told['run']} "
        f"app:xtcview user:{os.environ.get('USER', '-')} host:{socket.gethostname()} "
        f"cptime:{now} comment:{told['comment']}\n"
    )
    with (path.parent / "HISTORY").open("a", encoding="utf-8") as file:
        file.write(line)


def _word(value: object) -> str:
    """Return a value without the line breaks that would end a line of HISTORY."""
    return " ".join(str(value).split()) or "-"
