"""The finished result of a job in a file: ``.h5`` for anybody, ``.npz`` for numpy alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from xtcview.errors import FormatError, MissingExtraError
from xtcview.reduce import partfile, resultfile
from xtcview.reduce.partfile import Array, Header
from xtcview.reduce.results import Result

FORMAT = "xtcview result 1"
_ATTRIBUTE = "xtcview"  # of the root group: the account, as JSON


def h5py_module() -> Any:
    """Return h5py.

    Raises
    ------
    MissingExtraError
        When it is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError(
            "an .h5 file needs h5py: pip install 'xtcview[h5]', or write an .npz file"
        ) from error
    return h5py


def write(
    path: Path, header: Header, results: dict[str, Array], result: Result | None = None
) -> None:
    """Write a result, in one step.

    Parameters
    ----------
    path : Path
        Ends in .h5 or .npz.
    header : dict
        The account; what JSON can hold.
    results : dict of str to ndarray
        By the names of the ops, and 'counts': int64 (segments,).
    result : Result, optional
        The same for `xtcview.open_result`, which reads .h5; the arrays are then links into it.

    Raises
    ------
    MissingExtraError
        For .h5 without h5py.
    OSError
        When the disk is full or the folder cannot be written; nothing half-written is left.
    """
    header = {**header, "result": FORMAT, "names": list(results)}
    if path.suffix == ".npz":
        partfile.save(path, header, results.values())
        return
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        h5py = h5py_module()
        with h5py.File(half, "w") as file:
            if result is not None:
                resultfile.fill(h5py, file, result)
            file.attrs[_ATTRIBUTE] = json.dumps(header)
            for name, array in results.items():
                link = h5py.SoftLink(f"/{resultfile.RESULT}/{name}")
                file[name] = array if result is None else link
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def read(path: Path) -> tuple[Header, dict[str, Array]]:
    """Return account and results of a file from `write`.

    Raises
    ------
    FormatError
        When it is another file.
    """
    if path.suffix == ".npz":
        header, arrays = partfile.load(path)
        if header.get("result") != FORMAT:
            raise FormatError(f"expected the format {FORMAT!r}, found {header!r:.80}", path)
        return header, dict(zip(header["names"], arrays, strict=True))
    with h5py_module().File(path, "r") as file:
        if _ATTRIBUTE not in file.attrs:
            raise FormatError("no result of xtcview: its root has no attribute 'xtcview'", path)
        header = json.loads(file.attrs[_ATTRIBUTE])
        return header, {name: np.asarray(file[name]) for name in header["names"]}
