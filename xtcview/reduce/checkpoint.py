"""What a reduction has so far, in a file: written now and then, so that it can be resumed.

A checkpoint holds what one long chunk would have sent, all events merged so far together, and which
these are. So going on is merging it like a chunk and reading the other events. It is a plain
``.npz``: arrays and JSON, no pickle, so that reading one from elsewhere runs nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import FormatError, XtcError
from xtcview.reduce.core import Result
from xtcview.reduce.readers import constants_of
from xtcview.reduce.task import Task

Numbers = NDArray[np.int64]

FORMAT = "xtcview checkpoint 1"
EVERY = 30.0  # s between checkpoints
SHARE = 0.05  # of the time at most, where writing is slow
SUFFIX = ".npz"


@dataclass(frozen=True)
class Checkpoint:
    """A reduction that has not ended.

    Parameters
    ----------
    meta : dict
        Its task as JSON values: 'spec', 'identity', 'detector', 'source', 'ops', 'calib_dir',
        'constants', 'version', 'timeout', 'shape'.
    selected : ndarray of int64
        Event numbers, in the order that was asked for.
    merged : ndarray of int64
        Those that are in `result`.
    result : list
        As of a chunk (see `core.run_chunk`).
    """

    meta: dict[str, Any]
    selected: Numbers
    merged: Numbers
    result: Result


def meta_of(task: Task, source: str, shape: Sequence[int], names: Sequence[str]) -> dict[str, Any]:
    """Return what a checkpoint says of its task."""
    return {
        "spec": task.spec,
        "identity": list(task.identity),
        "library": task.library,
        "detector": task.detector,
        "source": source,
        "ops": list(names),
        "calib_dir": task.calib_dir,
        "constants": constants(task.calib_dir, source),
        "version": task.version,
        "timeout": task.timeout,
        "shape": list(shape),
    }


def constants(calib_dir: str, source: str) -> list[list[Any]]:
    """Return name, time and size of the files of constants, as JSON gives them back."""
    return [list(one) for one in constants_of(calib_dir, source)]


def folder() -> Path:
    """Return where checkpoints are kept that nobody has named."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "xtcview" / "reductions"


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that a reader finds all of it, or the one before.

    Raises
    ------
    OSError
        When it cannot be written; the one before is still there.
    XtcError
        For a state that holds Python objects.
    """
    summary, *arrays = checkpoint.result
    if any(array.dtype.hasobject for array in arrays):
        raise XtcError("an op keeps Python objects, which are not written to a checkpoint")
    head = {"format": FORMAT, "meta": checkpoint.meta, "summary": summary}
    named = {f"array_{k}": array for k, array in enumerate(arrays)}
    named |= {"selected": checkpoint.selected, "merged": checkpoint.merged}
    text = np.frombuffer(json.dumps(head).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, head=text, **named)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    FormatError
        When the file is none, or broken.
    FileNotFoundError
        When it is not there.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            head = json.loads(file["head"].tobytes())
            if head["format"] != FORMAT:
                raise FormatError(f"it is {head['format']!r}, expected {FORMAT!r}", path)
            count = sum(name.startswith("array_") for name in file.files)
            arrays = [file[f"array_{k}"] for k in range(count)]
            result = [head["summary"], *arrays]
            return Checkpoint(head["meta"], file["selected"], file["merged"], result)
    except FileNotFoundError:
        raise
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, XtcError):
            raise
        raise FormatError(f"this is no checkpoint that can be read: {error}", path) from error


class Saver:
    """Writes checkpoints of one reduction while it runs.

    Parameters
    ----------
    path : Path or bool
        The file; True for one in `folder`, which is removed at the end; False for none.
    token : str
        Of the reduction.
    meta : dict, optional
        From `meta_of`.
    """

    def __init__(self, path: Path | bool, token: str, meta: dict[str, Any] | None = None) -> None:
        self.meta = meta or {}
        own = folder() / f"{token}{SUFFIX}" if path is True else None
        self.path = own or (path if isinstance(path, Path) else None)
        self._own, self._due = own is not None, time.monotonic() + EVERY
        self.written, self.problem = False, ""

    def due(self) -> bool:
        """Tell whether it is time to write."""
        return self.path is not None and time.monotonic() >= self._due

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint; what goes wrong is kept in `problem`, and tried again later."""
        assert self.path is not None
        began = time.monotonic()
        try:
            write(self.path, checkpoint)
            self.written, self.problem = True, ""
        except (OSError, XtcError) as error:
            self.problem = f"no checkpoint could be written to {self.path}: {error}"
        now = time.monotonic()
        self._due = now + max(EVERY, (now - began) / SHARE)

    def end(self, complete: bool, checkpoint: Checkpoint) -> None:
        """Write the last one, or remove one that nobody has asked for and nobody needs."""
        if self.path is None:
            return
        if not self._own or (not complete and self.due()) or (not complete and self.written):
            self.save(checkpoint)
        elif complete and self.written:
            self.path.unlink(missing_ok=True)
            self.written = False
