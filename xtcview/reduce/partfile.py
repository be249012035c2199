"""A state kept on disk: its account and its arrays in one file, which is replaced in one step.

The file is an .npz archive of plain arrays; the account is JSON in one of them. Nothing in it is
ever unpickled, and the archive's checksums tell a damaged file from a whole one.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import FormatError

Array = NDArray[Any]
Header = dict[str, Any]

FORMAT = "xtcview part 1"
_HEADER = "header"


def save(path: Path, header: Header, arrays: Iterable[Array]) -> None:
    """Write a file whole, or leave the one before as it is.

    Parameters
    ----------
    path : Path
        Ends in .npz.
    header : dict
        What JSON can hold.
    arrays : iterable of ndarray
        Of numbers, any shape.

    Raises
    ------
    FormatError
        For arrays of Python objects.
    OSError
        When the disk is full or the folder cannot be written; nothing half-written is left.
    """
    text = json.dumps({"format": FORMAT, **header}, default=_plain).encode()
    arrays = list(arrays)
    if any(array.dtype.hasobject for array in arrays):
        raise FormatError("arrays of Python objects are not kept: they would be pickled", path)
    named: dict[str, Any] = {f"a{at}": array for at, array in enumerate(arrays)}
    named[_HEADER] = np.frombuffer(text, np.uint8)
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        with half.open("wb") as file:
            np.savez(file, **named)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def load_header(path: Path) -> Header:
    """Return the account alone; the arrays are not read.

    Raises
    ------
    FormatError
        When it is no such file, or a damaged one.
    OSError
        When it cannot be read.
    """
    return _load(path, False)[0]


def load(path: Path) -> tuple[Header, list[Array]]:
    """Return the account and the arrays, as `save` was given them; raises as `load_header` does."""
    return _load(path, True)


def _load(path: Path, everything: bool) -> tuple[Header, list[Array]]:
    try:
        # opened here: numpy leaves a file open that is no archive
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            header = json.loads(archive[_HEADER].tobytes())
            count = len(archive.files) - 1 if everything else 0
            arrays = [archive[f"a{at}"] for at in range(count)]
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as error:
        raise FormatError(
            f"not a whole file of a reduction ({type(error).__name__}: {error}): delete it, and "
            "what it held is read again",
            path,
        ) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise FormatError(f"expected the format {FORMAT!r}, found {header!r:.80}", path)
    return header, arrays


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept in a part file")
