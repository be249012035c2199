"""Constants as text: read and write pedestals, status, gain and the rest.

A file is a list of numbers with `#` comments; the line breaks carry no meaning, only the count and
the order do. Some files tell their type and shape in comments (`# DTYPE`, `# NDIM`, `# DIM:0`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from xtcview.errors import ConstantsError, WrongSizeError, near


@dataclass(frozen=True)
class Kind:
    """One kind of constants: type of its numbers, value of a pixel when no file is deployed.

    None: there is no such value.
    """

    dtype: str
    default: int | None


KINDS = {
    "pedestals": Kind("float32", 0),  # ADU, subtracted
    "pixel_status": Kind("uint16", 0),  # nonzero = bad
    "pixel_rms": Kind("float32", 1),  # ADU, noise of dark events
    "pixel_gain": Kind("float32", 1),  # multiplied: it is the inverse of a gain
    "pixel_mask": Kind("uint8", 1),  # the user's, 1 = good
    "pixel_bkgd": Kind("float32", 0),  # never applied by the chain
    "pixel_offset": Kind("float32", 0),  # other detectors
    "common_mode": Kind("float64", None),  # parameters, see xtcview.calib.common_mode
    "geometry": Kind("str", None),  # text, see xtcview.calib.geometry
    "status_data": Kind("uint16", 0),  # bad pixels found in light data
    "status_extra": Kind("uint64", 0),  # bad pixels found by other tools
}

# Devices whose files have the section index fastest: (185, 388, 2) for an array of (2, 185, 388)
INTERLEAVED = ("Cspad2x2",)


# What a file is made for, by its count of numbers; told where the count is wrong
_COUNTS = {
    32 * 185 * 388: "a Cspad",
    2 * 185 * 388: "a Cspad2x2",
    4 * 512 * 512: "a pnCCD",
    704 * 768: "an Epix100a",
}


def default_constants(kind: str, shape: Sequence[int]) -> np.ndarray | None:
    """Return what stands in for constants that are not deployed.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    shape : sequence of int
        Shape of the detector's array (segments, rows, columns).

    Returns
    -------
    ndarray or None
        Of that shape and the kind's dtype; None for a kind without default.
    """
    entry = _kind(kind)
    if entry.default is None:
        return None
    return np.full(tuple(shape), entry.default, entry.dtype)


def read_constants(
    path: str | Path, kind: str, shape: Sequence[int] | None = None, interleaved: bool = False
) -> np.ndarray:
    """Return the constants of a file.

    Parameters
    ----------
    path : str or Path
        Text file.
    kind : str
        One of `KINDS`; gives the dtype.
    shape : sequence of int, optional
        Shape of the detector's array (segments, rows, columns). Without it the shape is the one
        that the file's comments tell, else (numbers,).
    interleaved : bool
        The file has the section index fastest (CSPAD2x2); the result has it first again.

    Returns
    -------
    ndarray
        Of the given shape and the kind's dtype, unit of the kind (ADU for pedestals).

    Raises
    ------
    WrongSizeError
        If there are too few or too many numbers.
    ConstantsError
        If the file cannot be read, a line is not made of numbers, or one is not finite or does
        not fit the dtype. psana takes the default then, without a word.
    """
    dtype = _kind(kind).dtype
    if dtype == "str":
        raise ConstantsError(f"{path}: {kind} is text, not numbers; read it with calib.geometry")
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConstantsError(f"{path}: cannot be read: {error.strerror}") from error
    numbers = parse_numbers(text, str(path))
    told = _told_shape(text)
    wanted = tuple(shape) if shape is not None else told or (numbers.size,)
    if math.prod(wanted) != numbers.size:
        raise WrongSizeError(_wrong_size(str(path), wanted, numbers.size))
    numbers = _cast(numbers, dtype, str(path), text)
    if interleaved and len(wanted) > 1:
        numbers = np.moveaxis(numbers.reshape(*wanted[1:], wanted[0]), -1, 0)
    return np.ascontiguousarray(numbers.reshape(wanted))


def _wrong_size(path: str, wanted: tuple[int, ...], found: int) -> str:
    made_for = f" (as for {_COUNTS[found]})" if found in _COUNTS else ""
    return (
        f"{path}: expected {math.prod(wanted)} numbers for shape {wanted}, found {found}"
        f"{made_for}; is the file complete and made for this detector? Deploy a right one"
    )


def parse_numbers(text: str, name: str = "constants") -> np.ndarray:
    """Return all numbers of a text, comments left out, float64, shape (numbers,).

    Raises
    ------
    ConstantsError
        If a line holds something else, with the line's number.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return np.empty(0)
    try:
        return np.loadtxt(lines, ndmin=1, comments=None).ravel()
    except ValueError:  # something that is no number, or lines of different lengths
        return _parse_slowly(text, name)


def constants_text(
    array: np.ndarray,
    number_format: str | None = None,
    comments: Sequence[str] = (),
    described: bool = True,
    interleaved: bool = False,
) -> str:
    """Return the text of a constants file, one line per last axis.

    Parameters
    ----------
    array : ndarray
        Constants in the order (segment, row, column).
    number_format : str, optional
        Such as '%.2f'. Without it every number is written so that reading gives the same bits.
    comments : sequence of str
        Lines to put first, without '#'.
    described : bool
        Write type and shape as comments. CSPAD files go without.
    interleaved : bool
        Write the section index fastest (CSPAD2x2).
    """
    head = [f"# {comment}" for comment in comments]
    if described:
        head += [f"# DTYPE {array.dtype.name}", f"# NDIM {array.ndim}"]
        head += [f"# DIM:{i} {n}" for i, n in enumerate(array.shape)]
    ordered = np.moveaxis(array, 0, -1) if interleaved else array
    lines = np.atleast_1d(ordered).reshape(-1, ordered.shape[-1] if ordered.ndim else 1)
    form = number_format or _exact_format(array.dtype)
    line_format = " ".join([form] * lines.shape[1])
    body = [line_format % tuple(line) for line in lines.tolist()]
    return "\n".join([*head, *body]) + "\n"


def _exact_format(dtype: np.dtype) -> str:
    if dtype.kind in "iub":
        return "%d"
    return "%.9g" if dtype == np.float32 else "%.17g"  # digits that give back the same bits


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise ConstantsError(f"{kind!r} is no kind of constants.{near(kind, KINDS)}")
    return KINDS[kind]


def _told_shape(text: str) -> tuple[int, ...] | None:
    """Return the shape in the comments, if they tell one."""
    dims = re.findall(r"^# DIM:\d+ +(\d{1,9})\s*$", text, re.MULTILINE | re.ASCII)
    ndim = re.search(r"^# NDIM +(\d{1,9})\s*$", text, re.MULTILINE | re.ASCII)
    return tuple(map(int, dims)) if ndim and int(ndim.group(1)) == len(dims) > 0 else None


def _parse_slowly(text: str, name: str) -> np.ndarray:
    """Parse line by line, to name the line that cannot be read."""
    found: list[float] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        for field in line.split():
            try:
                found.append(float(field))
            except ValueError as error:
                raise ConstantsError(
                    f"{name} line {number}: expected a number, found {field[:40]!r}; the file is "
                    "damaged or not made of constants"
                ) from error
    return np.array(found)


def _cast(numbers: np.ndarray, dtype: DTypeLike, name: str, text: str) -> np.ndarray:
    """Return numbers in a dtype; an error that names the line of the first that does not fit."""
    wanted = np.dtype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # refused below
        out = numbers.astype(wanted, order="C")
    if wanted.kind in "iu":
        # float64 holds integers up to 2**53; larger status words would lose bits
        limit = min(float(np.iinfo(wanted).max), 2.0**53)
        fits = (numbers >= 0) & (numbers <= limit) & (np.floor(numbers) == numbers)
        expected = f"whole numbers 0..{limit:.0f} ({wanted})"
    else:
        fits, expected = np.isfinite(out), f"finite numbers ({wanted})"
    if not fits.all():
        first = int(np.argmin(fits))
        more = np.count_nonzero(~fits) - 1
        raise ConstantsError(
            f"{name} line {_line_of(text, first)}: expected {expected}, found {numbers[first]:g}"
            + (f", and {more} more such numbers" if more else "")
        )
    return out


def _line_of(text: str, position: int) -> int:
    """Return the number of the line that holds the number at a position."""
    seen = 0
    for number, line in enumerate(text.splitlines(), 1):
        seen += 0 if line.startswith("#") else len(line.split())
        if seen > position:
            return number
    return 0
