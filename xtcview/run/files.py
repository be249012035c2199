"""The files of a run: what their names say, reading bytes from them.

``<prefix>-r0034-s01-c00.xtc``: DAQ streams 0-79 share the events among them, streams from 80 on
are recorded by the control system; chunks of a stream follow one another.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from xtcview.errors import (
    DataSetError,
    FormatError,
    RunNotFoundError,
    TruncatedError,
    XtcError,
)

from . import buffers
from .shapes import Shape

FIRST_IOC_STREAM = 80
IN_PROGRESS = ".inprogress"
NAME = re.compile(r"(.{2,})-r(\d+)-s(\d+)-c(\d+)(\.smd)?\.xtc")


@dataclass(frozen=True)
class Problem:
    """A fault of the run, and what follows from it.

    Parameters
    ----------
    file : str
        Path of the file.
    offset : int or None
        Byte at which it was noticed.
    what : str
        What was expected and found.
    consequence : str
        What a reader will miss.
    """

    file: str
    offset: int | None
    what: str
    consequence: str

    @classmethod
    def of(cls, error: XtcError, file: Path, offset: int | None, consequence: str) -> Problem:
        """Return the problem that an error tells of, its place named once."""
        what = error.what if isinstance(error, FormatError) else str(error)
        return cls(str(file), offset, what, consequence)

    def __str__(self) -> str:
        place = Path(self.file).name + ("" if self.offset is None else f" at byte {self.offset}")
        return f"{place}: {self.what}; {self.consequence}"


def named(path: Path) -> re.Match[str] | None:
    """Return prefix, run, stream and chunk that a file's name says; None for another file."""
    return NAME.fullmatch(path.name.removesuffix(IN_PROGRESS))


class XtcFile:
    """One .xtc file: its place in the run, and positioned reads.

    Opened when first read, by the process that reads it; a forked child opens its own.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        match = named(path)
        if match is None:
            raise DataSetError(f"{path}: expected a name such as e158-r0034-s01-c00.xtc")
        self.path, self.prefix = path, match[1]
        self.run, self.stream, self.chunk = int(match[2]), int(match[3]), int(match[4])
        self.is_small = bool(match[5])  # its large payloads are in another file, see `large`
        self.size = path.stat().st_size if path.exists() else 0  # a link that leads nowhere
        self.state = "the file is empty" if path.exists() else "the link leads to no file"
        self.shapes: dict[int, Shape] = {}  # of its datagrams, by extent
        self._large: XtcFile | None = None
        self._fd: int | None = None
        self._close: weakref.finalize[[int], XtcFile] | None = None

    @property
    def index_path(self) -> Path:
        """Where the DAQ puts the index of this file."""
        return self.path.parent / "index" / f"{self.path.name}.idx"

    @property
    def is_in_progress(self) -> bool:
        """True while the DAQ still writes the file, by its name."""
        return self.path.name.endswith(IN_PROGRESS)

    @property
    def large(self) -> XtcFile:
        """The file from which this small-data file was made, one folder up; perhaps not there."""
        if self._large is not None and not self._large.is_in_progress:
            return self._large
        name = self.path.name.removesuffix(IN_PROGRESS).replace(".smd.xtc", ".xtc")
        path, growing = self.folder / name, self.folder / (name + IN_PROGRESS)
        if self._large is None:
            self._large = XtcFile(growing if growing.exists() and not path.exists() else path)
        elif path.exists():  # the DAQ renamed it
            self._large.renamed(path)
        return self._large

    @property
    def folder(self) -> Path:
        """Folder of the run's .xtc files; small data have one of their own in it."""
        own = self.path.absolute().parent
        return own.parent if self.is_small else own

    @property
    def is_ioc(self) -> bool:
        """True for a stream of the control system."""
        return self.stream >= FIRST_IOC_STREAM

    @property
    def order(self) -> tuple[int, int]:
        """Sort key: stream, then chunk."""
        return self.stream, self.chunk

    def _descriptor(self) -> int:
        if self._fd is None:
            try:
                descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            except FileNotFoundError as error:
                gone = "was there when the run was opened, and is gone"
                raise RunNotFoundError(f"{self.path}: {gone}; open the run again") from error
            self._fd = descriptor
            self._close = weakref.finalize(self, os.close, descriptor)
            _watch_forks()
            _open.add(self)
        return self._fd

    def read(self, offset: int, size: int) -> bytes:
        """Return at most `size` bytes from `offset`; fewer at the end of the file."""
        descriptor = self._descriptor()
        data = os.pread(descriptor, size, offset)
        while 0 < len(data) < size:  # one call returns at most 2 GiB, and may be interrupted
            more = os.pread(descriptor, size - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def read_exactly(self, offset: int, size: int, what: str) -> bytes:
        """Return `size` bytes from `offset`.

        Raises
        ------
        TruncatedError
            The file ends before them.
        """
        data = self.read(offset, size)
        if len(data) < size:
            raise TruncatedError(_cut(size, what, len(data)), self.path, offset)
        return data

    def view(self, offset: int, size: int, what: str) -> memoryview:
        """Return `size` bytes from `offset`, read-only, in memory that is used again.

        Raises
        ------
        TruncatedError
            The file ends before them.
        """
        data = memoryview(buffers.take(size))  # type: ignore[arg-type]
        self.scatter(offset, [data], size, what)
        return data.toreadonly()

    def scatter(self, offset: int, targets: list[Any], size: int, what: str) -> None:
        """Read `size` bytes from `offset` into buffers, one after another.

        Raises
        ------
        TruncatedError
            The file ends before them.
        """
        found = os.preadv(self._descriptor(), targets, offset)
        if found == size:
            return
        rest = self.read(offset + found, size - found)  # interrupted, or cut
        if found + len(rest) < size:
            raise TruncatedError(_cut(size, what, found + len(rest)), self.path, offset)
        for target in targets:
            flat = memoryview(target).cast("B")
            missing = min(len(flat), max(len(flat) - found, 0))
            flat[len(flat) - missing :] = rest[:missing]
            found, rest = max(found - len(flat), 0), rest[missing:]

    def look(self) -> int:
        """Take the size that the file has now; return how much it has grown."""
        grown = -self.size
        self.size = os.fstat(self._descriptor()).st_size
        return grown + self.size

    @property
    def size_now(self) -> int:
        """Bytes that the file has at this moment."""
        return os.fstat(self._descriptor()).st_size

    def renamed(self, path: Path) -> None:
        """Go on under another name, as when the DAQ has finished the file."""
        self.path = path

    def close(self) -> None:
        """Close the descriptor; a later read opens the file again."""
        if self._close is not None and self._fd is not None:
            self._close()
        self._fd = self._close = None
        if self._large is not None:
            self._large.close()

    def __repr__(self) -> str:
        return f"<XtcFile {self.path.name}: {self.size:,} bytes>"


_open: weakref.WeakSet[XtcFile] = weakref.WeakSet()


@cache
def _watch_forks() -> None:
    """See to it that children open their own files: asking who one is costs as much as a read."""
    os.register_at_fork(after_in_child=_forget_descriptors)


def _forget_descriptors() -> None:
    for file in _open:
        file._fd = None


def _cut(size: int, what: str, found: int) -> str:
    return f"expected {size} bytes of {what}, found {found}; the file is cut"


def plural(count: int, noun: str) -> str:
    """Write a count and what is counted: '1 event', '2,000 events'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def ranges(runs: Iterable[int]) -> str:
    """Write run numbers as people do: 1-3, 7."""
    parts: list[list[int]] = []
    for run in sorted(runs):
        if parts and run == parts[-1][-1] + 1:
            parts[-1].append(run)
        else:
            parts.append([run])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
