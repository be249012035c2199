"""Everything that xtcview raises on purpose.

One root, `XtcError`; each child is also the builtin exception that fits, so that code which
knows nothing of xtcview can still catch it. A message names the file, the byte, what was
expected, what was found and what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class XtcError(Exception):
    """Root of all errors raised by xtcview."""

    def __str__(self) -> str:  # KeyError would print its repr, with quotes
        return str(self.args[0]) if self.args else ""


class FormatError(XtcError, ValueError):
    """Bytes that are not what the format says.

    Parameters
    ----------
    what : str
        What was expected and what was found.
    file : str, optional
        The file's path.
    offset : int, optional
        Byte position in that file.
    """

    def __init__(self, what: str, file: object = None, offset: int | None = None) -> None:
        self.what, self.file, self.offset = what, file, offset
        place = "" if file is None else str(file)
        if offset is not None:
            place += f"{' at ' if place else ''}byte {offset}"
        super().__init__(f"{place}: {what}" if place else what)

    def __reduce__(self) -> tuple[type, tuple[str, object, int | None]]:
        return type(self), (self.what, self.file, self.offset)


class TruncatedError(FormatError, EOFError):
    """A file or a payload ends before its contents do."""


class IndexFileError(FormatError):
    """An .xtc.idx file that does not describe its .xtc file."""


class UnsupportedTypeError(FormatError, NotImplementedError):
    """A type id or version without a table."""


class DataSetError(XtcError, ValueError):
    """A data set string that cannot be understood."""


class RunNotFoundError(XtcError, FileNotFoundError):
    """No such folder, no such run, or a run without usable files."""


class SourceError(XtcError, KeyError, ValueError):
    """A detector or source name that the run does not know."""


class KeptError(XtcError, ValueError):
    """An object that cannot be kept with an event: its place is taken by one from the file."""


class OptionError(XtcError, KeyError, ValueError):
    """An option of psana that is not known, or a value that it cannot have."""


class NotOfferedError(XtcError, NotImplementedError):
    """A part of psana's interface that there is no such thing for."""


class ConstantsError(XtcError, LookupError):
    """Calibration constants that are missing, unreadable or of the wrong size."""


class WrongSizeError(ConstantsError):
    """Constants with too few or too many numbers for the detector."""


class GeometryError(ConstantsError, ValueError):
    """A geometry file that does not describe a detector."""


class NoEventError(XtcError, LookupError):
    """No event of the run is the one that was asked for."""


class AnalysisError(XtcError, ValueError):
    """Arrays or parameters that a computation cannot use."""


class EngineError(XtcError, RuntimeError):
    """No cluster to be reached, or an engine failed."""


class MissingExtraError(XtcError, ImportError):
    """An optional package is not installed."""


def near(name: str, known: Iterable[str]) -> str:
    """Return a hint such as `` Did you mean 'DscCsPad'?``, or what there is."""
    names = sorted(set(known))
    lower = {n.lower(): n for n in names}
    close = difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)
    if close:
        return f" Did you mean {' or '.join(repr(lower[c]) for c in close)}?"
    return f" There is: {', '.join(names)}." if names else ""
