"""Which files a data set means: where they lie, whose they are."""

from __future__ import annotations

import os
from pathlib import Path

from xtcview.errors import DataSetError, RunNotFoundError

from .dataset import SMALL_FOLDER, DataSet, is_folder
from .files import IN_PROGRESS, XtcFile, named, ranges

DATA_ROOT = "/reg/d/psdm"  # psana's default of SIT_PSDM_DATA


def standard_folder(dataset: DataSet) -> Path:
    """Return where the laboratory keeps an experiment: xtc, calib and more are in it."""
    root = Path(os.environ.get("SIT_PSDM_DATA", DATA_ROOT))
    return root / dataset.instrument / dataset.experiment


def folder(dataset: DataSet) -> Path:
    """Return the folder of a data set's files.

    Raises
    ------
    RunNotFoundError
        It does not exist.
    """
    if dataset.directory is not None:
        path = dataset.directory.expanduser()
        inside = path / "xtc"  # an experiment's folder is as good as the one of its files
        if is_folder(inside) and not any(path.glob("*.xtc")):
            path = inside
        remedy = "check 'dir='"
    else:
        path = standard_folder(dataset) / "xtc"
        remedy = "name the folder with 'dir=', or set SIT_PSDM_DATA"
    if not is_folder(path):
        raise RunNotFoundError(f"{path}: no such folder (data set '{dataset}'); {remedy}")
    small = path / SMALL_FOLDER
    return small if dataset.mode == "smd" and is_folder(small) else path


def list_files(path: Path, small: bool = False) -> list[XtcFile]:
    """List the .xtc (or small-data) files of a folder whose names say run, stream and chunk."""
    paths = sorted(p for p in path.iterdir() if (name := named(p)) and bool(name[5]) == small)
    there = {p.name.removesuffix(IN_PROGRESS): p for p in reversed(paths)}  # the final name wins
    found = [XtcFile(p) for p in there.values() if p.is_file() or p.is_symlink()]
    return sorted(found, key=lambda f: (f.prefix, f.run, f.order))


def select(dataset: DataSet) -> list[XtcFile]:
    """List the files of a data set, sorted by run, stream and chunk.

    An experiment whose name or number no file has takes the only prefix in the folder; the run
    tells it (`missing.other_experiment`).

    Raises
    ------
    RunNotFoundError
        No folder, no files, or not the runs asked for.
    DataSetError
        Several prefixes might be meant.
    """
    path = folder(dataset)
    files = list_files(path, dataset.mode == "smd")
    prefix = _prefix(dataset, {f.prefix for f in files}, path)
    files = [f for f in files if f.prefix == prefix]
    runs = {f.run for f in files}
    missing = [run for run in dataset.runs if run not in runs]
    if missing:
        there = f"there are runs {ranges(runs)}" if runs else "there are none"
        raise RunNotFoundError(f"{path}: no files of run {ranges(missing)} ({prefix}); {there}")
    wanted = set(dataset.runs) or runs
    streams = dataset.streams
    files = [f for f in files if f.run in wanted and (streams is None or f.stream in streams)]
    if not files:
        raise RunNotFoundError(f"{path}: no .xtc files of data set '{dataset}'")
    return files


def _prefix(dataset: DataSet, prefixes: set[str], path: Path) -> str:
    if not prefixes:
        name, run = dataset.experiment or "e158", next(iter(dataset.runs), 34)
        prefix = f"e{name}" if name.isdecimal() else name
        example = f"{prefix}-r{run:04d}-s00-c00{'.smd' if dataset.mode == 'smd' else ''}.xtc"
        there = "; those of small data are read with 'smd'" if any(path.glob("*.smd.xtc")) else ""
        raise RunNotFoundError(f"{path}: no files such as {example}{there}")
    name = dataset.experiment
    for candidate in (name, f"e{name}"):
        if candidate in prefixes:
            return candidate
    if len(prefixes) == 1:
        return next(iter(prefixes))
    asked = repr(name) if name else "meant"
    raise DataSetError(
        f"{path}: files of several experiments, and which of them is {asked} is not "
        f"known: {', '.join(sorted(prefixes))}; put one of these names behind 'exp='"
    )
