"""Ops with one value per pixel, and those that follow from the sum of all frames."""

from __future__ import annotations

import re
from functools import partial
from typing import Literal

import numpy as np

from xtcview.analysis.binning import bin_sums, mean_of, of_present
from xtcview.analysis.edges import Floats
from xtcview.analysis.radial import RadialBins
from xtcview.errors import XtcError
from xtcview.reduce.op import PIXELS, Field, Op, State, call_text
from xtcview.reduce.parts import (
    FIXED_SQUARE_STEP,
    FIXED_STEP,
    MAX,
    MIN,
    SQUARE,
    SUM,
    Array,
    DType,
    counting_part,
)


def per_event(total: Array, n: Array) -> Array:
    """Divide by the events counted; nan where there was none."""
    quotient: Array = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    return quotient


def _step(dtype: DType, fixed: float) -> float:
    return fixed if dtype.kind == "f" else 1.0


def _sum(parts: State, n: Array, dtype: DType) -> Array:
    return parts[0] * FIXED_STEP if dtype.kind == "f" else parts[0].astype(np.int64)


def _mean(parts: State, n: Array, dtype: DType) -> Array:
    return per_event(parts[0], n) * _step(dtype, FIXED_STEP)


def _var(parts: State, n: Array, dtype: DType) -> Array:
    mean_of_squares = per_event(parts[1], n) * _step(dtype, FIXED_SQUARE_STEP)
    variance = mean_of_squares - np.square(_mean(parts, n, dtype))
    # rounding may leave a constant pixel a hair below zero
    return np.maximum(variance, 0.0)


def _std(parts: State, n: Array, dtype: DType) -> Array:
    return np.sqrt(_var(parts, n, dtype))


def _extreme(parts: State, n: Array, dtype: DType) -> Array:
    # 0.0 and -0.0 are equal: which of them came first must not be seen
    return np.where(n > 0, parts[0], np.nan).astype(np.float64) + 0.0


def _counts(parts: State, n: Array, dtype: DType) -> Array:
    return parts[0].astype(np.int64)


OPS: dict[str, Op] = {
    op.name: op
    for op in (
        Op("sum", (SUM,), _sum, exact=True),  # int64, exact; calibrated: float64
        Op("mean", (SUM,), _mean, exact=True),  # float64
        Op("std", (SUM, SQUARE), _std, exact=True),  # float64, of the population: divided by n
        Op("var", (SUM, SQUARE), _var, (Field("var", unit="ADU^2"),), exact=True),  # its square
        Op("min", (MIN,), _extreme, exact=True),  # float64
        Op("max", (MAX,), _extreme, exact=True),  # float64
    )
}


def above(threshold: float, name: str = "above") -> Op:
    """Count, per pixel, the events with a value above a threshold.

    Parameters
    ----------
    threshold : float
        ADU.
    name : str
        Of the result: int64 (segments, rows, cols).

    Raises
    ------
    XtcError
        A threshold that is no number.
    """
    return _counting("above", np.greater, threshold, name)


def below(threshold: float, name: str = "below") -> Op:
    """Count, per pixel, the events with a value below a threshold; see `above`."""
    return _counting("below", np.less, threshold, name)


def _counting(which: str, compare: np.ufunc, threshold: float, name: str) -> Op:
    if not isinstance(threshold, int | float) or np.isnan(threshold):
        raise XtcError(f"{which}({threshold!r}): expected a number of ADU")
    text = call_text(which, threshold, name=None if name == which else name)
    part = counting_part(compare, threshold)
    return Op(name, (part,), _counts, (Field(name, unit=""),), text, exact=True)


_SHORT = re.compile(r"(above|below):(-?\d{1,9}(?:\.\d{1,9})?)", re.ASCII)


def short_counting(text: str) -> Op | None:
    """Return the op that 'above:16000' or 'below:1' means, called as written; None for others."""
    match = _SHORT.fullmatch(text)
    if match is None:
        return None
    compare = np.greater if match.group(1) == "above" else np.less
    part = counting_part(compare, float(match.group(2)))
    return Op(text, (part,), _counts, (Field(text, unit=""),), text, exact=True)


def projection(onto: Literal["row", "col"], name: str = "projection") -> Op:
    """Average each segment onto one of its axes, over all events.

    Parameters
    ----------
    onto : 'row' or 'col'
        The axis that stays.
    name : str
        Of the result: float64 (segments, rows) or (segments, cols), ADU; nan for a segment
        without an event.

    Raises
    ------
    XtcError
        For another axis.
    """
    if onto not in ("row", "col"):
        raise XtcError(f"projection({onto!r}): expected 'row' or 'col', the axis that stays")
    text = call_text("projection", onto, name=None if name == "projection" else name)
    axis = -1 if onto == "row" else -2
    field = Field(name, ("segment", onto))
    return Op(name, (SUM,), partial(_projected, axis), (field,), text, exact=True)


def _projected(axis: int, parts: State, n: Array, dtype: DType) -> Array:
    total = parts[0]
    if total.ndim != len(PIXELS):
        raise XtcError(f"projection: frames of shape {total.shape[1:]} have no rows and columns")
    events = n.reshape(len(n), 1) * total.shape[axis]
    return per_event(total.sum(axis=axis), events) * _step(dtype, FIXED_STEP)


def radial(bins: RadialBins, name: str = "radial") -> Op:
    """Average over rings and all events.

    Parameters
    ----------
    bins : RadialBins
        From `xtcview.analysis.radial.radial_bins`, of the detector's shape.
    name : str
        Of the result: float64 (rings,), ADU; nan for a ring without pixels. Beside it are,
        under the name with '_center', the radius in its unit and, with '_pixels', how many pixels
        of how many events are in each ring.

    Notes
    -----
    As `xtcview.analysis.radial.radial_profile`: sum(I) / sum(response), here over the pixels of
    the segments that each event holds.
    """
    fields = (
        Field(name, (f"{name}_ring",)),
        Field(f"{name}_center", (f"{name}_ring",), "", shared=True),
        Field(f"{name}_pixels", (f"{name}_ring",), ""),
    )
    text = f"radial(<{bins.edges.size - 1} rings from {bins.edges[0]:g} to {bins.edges[-1]:g}>)"
    return Op(name, (SUM,), partial(_rings, bins, name), fields, text)


def _rings(bins: RadialBins, name: str, parts: State, n: Array, dtype: DType) -> dict[str, Array]:
    total = bin_sums(parts[0], bins.binning) * _step(dtype, FIXED_STEP)
    response, pixels = _seen(bins, n.ravel())
    center = (bins.edges[:-1] + bins.edges[1:]) / 2
    mean = mean_of(total, response, pixels)
    return {name: mean, f"{name}_center": center, f"{name}_pixels": pixels.astype(np.int64)}


def _seen(bins: RadialBins, n: Array) -> tuple[Floats, Array]:
    """Return the response and the pixels of each ring, summed over the events."""
    response = np.zeros(bins.edges.size - 1)
    pixels = np.zeros(bins.edges.size - 1, np.intp)
    for events in np.unique(n[n > 0]):
        part = of_present(bins.binning, n == events)
        response += events * part[0]
        pixels += events * part[1]
    return response, pixels
