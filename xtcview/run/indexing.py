"""Write index files of many .xtc files, several at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from xtcview.errors import DataSetError, XtcError
from xtcview.format import index
from xtcview.format.indexer import Scanner
from xtcview.format.wholefile import write_whole

from .files import XtcFile, plural

_PIECE = 1 << 26  # bytes of a file between two signs of progress
_POLL = 0.2  # s
Told = Callable[[int], Any]  # bytes that were read since the last call


class Done(NamedTuple):
    """What came of one file: where its index is, and how many events, or the error."""

    target: Path
    outcome: str | XtcError


def write_indexes(files: Sequence[Path], force: bool, jobs: int, told: Told) -> Iterator[Done]:
    """Write the index of each file beside it; yield what came of it, in the order given.

    Parameters
    ----------
    files : sequence of Path
    force : bool
        Replace what is there.
    jobs : int
        Files at a time; 0 is one per core.
    told : callable
        Receives how many bytes were read.
    """
    jobs = min(jobs or os.cpu_count() or 1, len(files))
    if jobs == 1:
        for path in files:
            yield write_index(path, force, told)
        return
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(jobs, mp_context=context) as pool:
        progress = manager.Queue()
        work = partial(write_index, force=force, told=progress.put)
        for future in [pool.submit(work, path) for path in files]:
            _follow(future, progress, told)
            yield future.result()
        _tell(progress, told)


def _follow(future: Future[Done], progress: Any, told: Told) -> None:
    while not wait([future], _POLL).done:
        _tell(progress, told)


def _tell(progress: Any, told: Told) -> None:
    while not progress.empty():
        told(progress.get())


def write_index(path: Path, force: bool, told: Told) -> Done:
    """Write the index of one file; an error is given back, so that others go on."""
    try:
        file = XtcFile(path)
        if not file.size:
            raise DataSetError(f"{path}: {file.state}")
        if file.index_path.exists() and not force:
            raise DataSetError(f"{file.index_path}: there already, --force replaces it")
        outcome = _write(file, told)
    except XtcError as error:
        return Done(path, error)
    except OSError as error:
        return Done(path, DataSetError(f"{path}: {error}"))
    return Done(file.index_path, outcome)


def _write(file: XtcFile, told: Told) -> str:
    file.index_path.parent.mkdir(exist_ok=True)
    scanner, start = Scanner(file.read, file.path.name), time.perf_counter()
    while scanner.end < file.size and not scanner.fault:
        before = scanner.end
        scanner.advance(file.size, min(before + _PIECE, file.size))
        told(scanner.end - before)
    file.close()
    found = scanner.index
    write_whole(file.index_path, index.encode(found))
    cut = f"; the file is cut: {scanner.fault}" if scanner.fault else ""
    seconds = time.perf_counter() - start
    return f"{plural(len(found.nodes), 'event')} in {seconds:.2f} s{cut}"
