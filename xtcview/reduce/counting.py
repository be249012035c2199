"""Histograms of the values of pixels, over many events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from xtcview.analysis.histogram import number_of_bins, places
from xtcview.errors import XtcError
from xtcview.reduce import kernels
from xtcview.reduce.op import PIXELS, Field, Op, State, call_text
from xtcview.reduce.parts import Array, DType, Part, count_type

OTHERS = 3  # places beside the bins: below, above, nan
PIXEL_BYTES = 1 << 30  # of a histogram per pixel, in each process
_AXES: dict[str, tuple[str, ...]] = {"all": (), "panel": ("segment",), "pixel": PIXELS}


def histogram(
    low: float,
    high: float,
    width: float = 1.0,
    per: Literal["all", "panel", "pixel"] = "all",
    bad: NDArray[np.bool_] | None = None,
    name: str = "histogram",
) -> Op:
    """Count how many pixels of how many events have which value.

    Parameters
    ----------
    low, high : float
        First and last edge, ADU; the last bin may reach beyond `high`.
    width : float
        Of a bin: bin i holds low + i * width <= value < low + (i + 1) * width.
    per : 'all', 'panel' or 'pixel'
        One histogram, one per segment, or one per pixel. The last needs bins * pixels * 4 bytes,
        which may be 1 GiB at most.
    bad : ndarray of bool, optional
        True = the pixel does not count; of the detector's shape.
    name : str
        Of the result: int64 (bins,), (segments, bins) or (segments, rows, cols, bins). Beside it
        are (bins + 1,) in ADU under the name with '_edges', and in place of the bins the counts of
        what is below, above, and no number under that with '_others'.

    Raises
    ------
    AnalysisError
        Limits and width that make no bins, or too many.
    XtcError
        For another `per`.
    """
    if per not in _AXES:
        raise XtcError(f"histogram(per={per!r}): expected 'all', 'panel' or 'pixel'")
    bins = _Bins(low, width, number_of_bins(low, high, width))
    place = _Places(bins, None if bad is None else np.asarray(bad, np.bool_))
    part = _part(per, place)
    kept = {"per": None if per == "all" else per, "name": None if name == "histogram" else name}
    masked = None if bad is None else int(np.count_nonzero(bad))
    text = call_text("histogram", low, high, width=width, bad_pixels=masked, **kept)
    fields = (
        Field(name, (*_AXES[per], f"{name}_bin"), ""),
        Field(f"{name}_edges", (f"{name}_edge",), shared=True),
        Field(f"{name}_others", (*_AXES[per], f"{name}_other"), ""),
    )
    return Op(name, (part,), partial(_result, bins, name), fields, text, exact=bad is None)


@dataclass(frozen=True)
class _Bins:
    low: float
    width: float
    bins: int


class _Places:
    """Finds the bin of each value; by a table where values are 8 or 16 bit integers."""

    def __init__(self, bins: _Bins, bad: NDArray[np.bool_] | None) -> None:
        self.bins, self._tables = bins, dict[str, Array]()
        self.shape = None if bad is None else bad.shape
        self._good_bits = None if bad is None else np.packbits(~bad)
        self.mark = None if bad is None else crc32(np.packbits(~bad).tobytes())
        self._good: Array | None = None

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_tables": {}, "_good": None}

    def good(self, frame: Array) -> Array | None:
        """Return which pixels count, of the frame's shape; None for all of them."""
        if self._good_bits is None:
            return None
        if self._good is None:
            bits = np.unpackbits(self._good_bits, count=int(np.prod(self.shape or ())))
            self._good = bits.astype(np.bool_).reshape(frame.shape)
        return self._good

    def table(self, dtype: DType) -> Array | None:
        """Return the place of each value of a type, or None where there are too many values."""
        if dtype.kind not in "iu" or dtype.itemsize > 2:
            return None
        if dtype.str not in self._tables:
            info, bins = np.iinfo(dtype), self.bins
            every = np.arange(info.min, info.max + 1)
            found = places(every, bins.low, bins.width, bins.bins)
            # negative values count from the end, as they do in Python
            self._tables[dtype.str] = np.roll(found, int(info.min))
        return self._tables[dtype.str]

    def of(self, values: Array) -> Array:
        """Return the place of each value: 0 below, then the bins, above, nan."""
        bins, table = self.bins, self.table(values.dtype)
        return places(values, bins.low, bins.width, bins.bins) if table is None else table[values]

    def count(self, counts: Array, values: Array) -> None:
        """Count values, in place."""
        table, kernel = self.table(values.dtype), kernels.counter()
        if table is None or kernel is None or not values.dtype.isnative:
            counts += np.bincount(self.of(values), minlength=len(counts))
        else:
            kernel(counts, table, values)


def _part(per: str, place: _Places) -> Part:
    bins = place.bins
    name = f"histogram {bins} per {per} without {place.mark}"
    zero = partial(_zero, per, bins.bins + OTHERS)
    add = partial(_add_pixels if per == "pixel" else _add_frame, place)
    return Part(name, zero, add, np.add, takes="frame", finite=False)


def _zero(per: str, size: int, shape: tuple[int, ...], dtype: DType, events: int) -> Array:
    if per != "pixel":
        return np.zeros((size,) if per == "all" else (shape[0], size), np.int64)
    needed = int(np.prod(shape)) * size * 4
    if needed > PIXEL_BYTES:
        most = PIXEL_BYTES // (4 * int(np.prod(shape))) - OTHERS
        raise XtcError(
            f"a histogram with {size - OTHERS} bins for each pixel of {shape} needs "
            f"{needed / 1e9:.1f} GB; at most {max(0, most)} bins fit: use wider bins or per='panel'"
        )
    return np.zeros((*shape, size), count_type(events))


def _add_frame(place: _Places, state: Array, frame: Array, held: Array) -> Array:
    good = place.good(frame)
    for segment in np.flatnonzero(held):
        values = frame[segment] if good is None else frame[segment][good[segment]]
        place.count(state if state.ndim == 1 else state[segment], values.reshape(-1))
    return state


def _add_pixels(place: _Places, state: Array, frame: Array, held: Array) -> Array:
    good = place.good(frame)
    for segment in np.flatnonzero(held):
        found = place.of(frame[segment].reshape(-1))
        counted = np.arange(found.size)
        if good is not None:
            counted = np.flatnonzero(good[segment])
            found = found[counted]
        state[segment].reshape(-1, state.shape[-1])[counted, found] += 1
    return state


def _result(bins: _Bins, name: str, parts: State, n: Array, dtype: DType) -> dict[str, Array]:
    counts = parts[0].astype(np.int64)
    edges = bins.low + bins.width * np.arange(bins.bins + 1, dtype=np.float64)
    others = np.concatenate([counts[..., :1], counts[..., -2:]], axis=-1)
    return {name: counts[..., 1:-2], f"{name}_edges": edges, f"{name}_others": others}
