"""The data set string: which experiment, which runs, where.

``exp=cxitut13:run=34:dir=/data/xtc:idx``; items are separated by colons, the last value of a
repeated key wins. A folder or an .xtc file is a data set too. psana ignores keys that it does not
know; here they are errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from xtcview.errors import DataSetError, near

KEYS = ("exp", "run", "dir", "stream")
MODES = ("idx", "xtc", "smd")
WORDS = (*MODES, "live")  # without a value
LATER = ("rax", "h5", "shmem", "one-stream")
SMALL_FOLDER = "smalldata"  # inside the folder of the .xtc files
INSTEAD = {  # what psana's other words would do, and what does it here
    "rax": "psana's access by file and byte; 'idx' and run.event(t) reach any event",
    "h5": "HDF5 files are not read; name the .xtc files of the run",
    "shmem": "the shared memory of a running DAQ is not read; name the .xtc files of the run",
    "one-stream": "psana has taken it away too; choose streams with 'stream=0'",
}
EXAMPLE = "an example: 'exp=cxitut13:run=34:dir=/data/xtc:idx'"
_FILE = re.compile(
    r"(?P<prefix>.{2,})-r(?P<run>\d+)-s(?P<stream>\d+)-c(?P<chunk>\d+)(?P<small>\.smd)?\.xtc"
)


@dataclass(frozen=True)
class DataSet:
    """A data set string, understood.

    Parameters
    ----------
    experiment : str
        Name or number; '' when only a folder is known.
    instrument : str
        Three letters, such as 'CXI'.
    runs : tuple of int
        Empty: all that the folder holds.
    directory : Path, optional
        Folder of the .xtc files; None is the standard place.
    streams : frozenset of int, optional
        Only these streams; None is all.
    mode : str
        'idx', 'xtc' or 'smd': small-data files in ``smalldata/``, and from the .xtc files what
        they leave out. An event of which they keep nothing is not in the run.
    live : bool
        Follow files that are being written.
    """

    experiment: str = ""
    instrument: str = ""
    runs: tuple[int, ...] = ()
    directory: Path | None = None
    streams: frozenset[int] | None = None
    mode: str = "idx"
    live: bool = False

    def of_run(self, run: int) -> DataSet:
        """Return the data set of one of its runs."""
        return replace(self, runs=(run,))

    def __str__(self) -> str:
        named = self.experiment and self.instrument not in ("", self.experiment[:3].upper())
        experiment = f"{self.instrument}/{self.experiment}" if named else self.experiment
        items = [f"exp={experiment}"] if experiment else []
        items += [f"run={','.join(map(str, self.runs))}"] if self.runs else []
        items += [f"stream={','.join(map(str, sorted(self.streams)))}"] if self.streams else []
        items += [f"dir={self.directory}"] if self.directory else []
        return ":".join([*items, self.mode, *(["live"] if self.live else [])])


def is_folder(path: Path) -> bool:
    """Return whether a folder is there; False for what cannot be a path."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def parse(text: str | Path) -> DataSet:
    """Read a data set string, a folder or the path of an .xtc file.

    Raises
    ------
    DataSetError
        The text is not understood; the message says which part.
    """
    place, words = split_words(text)
    for word in words:
        _check(word, "", str(text))
    path = Path(place)
    match = _FILE.fullmatch(path.name.removesuffix(".inprogress"))
    live = "live" in words
    if match and "=" not in place:
        mode = _mode(words, str(text), "smd" if match["small"] else "idx")
        run = (int(match["run"]),)
        return _with_experiment(match["prefix"], run, path.parent, mode=mode, live=live)
    if (place and is_folder(path)) or ("=" not in place and "/" in place):
        mode = _mode(words, str(text), "smd" if path.name == SMALL_FOLDER else "idx")
        return DataSet(directory=path, mode=mode, live=live)
    values: dict[str, str] = {}
    for item in str(text).split(":"):
        key, equals, value = (part.strip() for part in item.partition("="))
        if key:
            _check(key, equals, str(text))
            values[key] = value
    if not values.get("exp"):
        raise DataSetError(f"data set {str(text)!r} names no experiment; {EXAMPLE}")
    streams = numbers(values.get("stream", ""), "stream", str(text))
    return _with_experiment(
        values["exp"],
        runs=numbers(values.get("run", ""), "run", str(text)),
        directory=Path(values["dir"]) if values.get("dir") else None,
        streams=frozenset(streams) or None,
        mode=_mode(values, str(text)),
        live="live" in values,
    )


def split_words(text: str | Path) -> tuple[str, list[str]]:
    """Return a path without the words behind it ('run.xtc:idx'), and the words.

    A text of keys and values is returned as it is.
    """
    place, words = str(text), list[str]()
    while "=" not in place and not is_folder(Path(place)):
        before, colon, word = place.rpartition(":")
        if not colon or word.strip() not in ("", *WORDS, *LATER):
            break
        place, words = before.rstrip(), [word.strip(), *words]
    return place, [word for word in words if word]


def _mode(words: Iterable[str], text: str, default: str = "idx") -> str:
    """Return which of psana's ways to read is asked for."""
    asked = [word for word in words if word in MODES]
    if len(asked) > 1:
        several = " and ".join(map(repr, asked))
        raise DataSetError(f"data set {text!r}: {several} exclude one another; keep one of them")
    return asked[0] if asked else default


def _check(key: str, equals: str, text: str) -> None:
    if key in LATER:
        raise DataSetError(
            f"data set {text!r}: {key!r} is not read by this version; {INSTEAD[key]}"
        )
    if key not in (KEYS if equals else WORDS):
        wanted = near(key, KEYS if equals else WORDS)
        raise DataSetError(f"data set {text!r}: {key!r} is not understood.{wanted} {EXAMPLE}")


def _with_experiment(
    name: str,
    runs: tuple[int, ...] = (),
    directory: Path | None = None,
    streams: frozenset[int] | None = None,
    mode: str = "idx",
    live: bool = False,
) -> DataSet:
    instrument, slash, experiment = name.rpartition("/")
    numbered = experiment.isdecimal() or re.fullmatch(r"e\d+", experiment)
    instrument = instrument if slash else ("" if numbered else experiment[:3])
    return DataSet(experiment, instrument.upper(), runs, directory, streams, mode, live)


def numbers(text: str, what: str, whole: str) -> tuple[int, ...]:
    """Read '1-3,5'; a reversed range is an error.

    Raises
    ------
    DataSetError
        It is no list of numbers and ranges.
    """
    found: list[int] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"(\d{1,9})(?:\s*-\s*(\d{1,9}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first or last - first > 100_000:
            raise DataSetError(f"data set {whole!r}: {what}={text!r} is no list such as '1-3,5'")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))
