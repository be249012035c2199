"""Common mode of pieces of a segment: psana's algorithms 2, 3, 4, 6 and 8.

All work in place on float32 panels from which the pedestals are subtracted, and tell what they
subtracted. A region is a rectangle of a segment, or a chunk of consecutive pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.common_mode import Shifts, fitting, stack_of
from xtcview.calib.medians import Medians, subtract_pnccd_medians
from xtcview.calib.parameters import CommonMode
from xtcview.errors import ConstantsError

Panels = NDArray[np.float32]
Votes = NDArray[np.bool_]

EPIX100 = (704, 768)
FCCD960 = (960, 960)
PNCCD = (512, 512)
BANK = (352, 96)  # rows and columns that one amplifier of an Epix100a reads
FEWEST = 10  # pixels that must vote in a region of algorithm 4
BRIGHT = 10  # rms: brighter pixels and their neighbours do not vote in algorithm 6
_HALF = 1 << 14  # bins below 0 in psana's histogram of algorithm 3


def subtract_regions(
    panels: Panels,
    parameters: CommonMode,
    bad: Votes | None = None,
    rms: NDArray[Any] | None = None,
    interleaved: bool = False,
) -> list[Shifts]:
    """Subtract the common mode of algorithm 2, 3, 4, 6 or 8, in place.

    Parameters
    ----------
    panels : ndarray of float32
        (segments, rows, columns) or (rows, columns), ADU after pedestals.
    parameters : CommonMode
        Algorithm and limits.
    bad : ndarray of bool, optional
        Shape of panels; these pixels do not vote, yet are corrected. Algorithms 6 and 8 do not
        look at them, as in psana.
    rms : ndarray, optional
        Noise in ADU, of the panels' shape; 1 without it (algorithm 6).
    interleaved : bool
        The DAQ's order has the segment index fastest (CSPAD2x2): chunks follow it.

    Returns
    -------
    list of Shifts
        One for each kind of region, in the order of the correction; of algorithm 8 one with the
        mean of what was subtracted from each segment.

    Raises
    ------
    ConstantsError
        If the algorithm is not made for segments of this shape.
    """
    votes = np.isfinite(panels)
    if bad is not None:
        votes &= ~fitting(bad, panels, "bad pixels")
    stack, voting = stack_of(panels), stack_of(votes)
    if parameters.algorithm in (2, 3):
        return [_chunks(stack, voting, parameters, interleaved)]
    shape = stack.shape[1:]
    if parameters.algorithm == 4 and shape == EPIX100:
        return list(_banks(stack, voting, parameters))
    if parameters.algorithm == 4 and shape == FCCD960:
        return list(_fccd(stack, voting, parameters))
    if parameters.algorithm == 6 and shape == EPIX100:
        noise = np.ones(1, np.float32) if rms is None else stack_of(fitting(rms, panels, "rms"))
        return list(_bright_free(stack, noise, parameters))
    if parameters.algorithm == 8 and shape == PNCCD:
        return [_pnccd(stack, parameters)]
    raise ConstantsError(
        f"common mode algorithm {parameters.algorithm} is not made for segments of {shape}; "
        "give (0,) to go on without"
    )


def _chunks(stack: Panels, votes: Votes, parameters: CommonMode, interleaved: bool) -> Shifts:
    """Algorithms 2 and 3: mean or median of consecutive pixels below a threshold."""
    votes = votes & (stack < np.float32(parameters.threshold))
    flat = (np.moveaxis(stack, 0, -1) if interleaved else stack).ravel()
    voting = (np.moveaxis(votes, 0, -1) if interleaved else votes).ravel()
    whole = flat.size // parameters.length * parameters.length
    parts = [slice(0, whole), slice(whole, flat.size)]  # the last chunk may be shorter
    sizes = (parameters.length, flat.size - whole)
    found = [
        _chunk_shifts(flat[part].reshape(-1, size), voting[part].reshape(-1, size), parameters)
        for part, size in zip(parts, sizes, strict=True)
        if part.stop > part.start
    ]
    shifts = Shifts("chunk", *(np.concatenate(column) for column in zip(*found, strict=True)))
    lengths = [s for p, s in zip(parts, sizes, strict=True) for _ in range(p.start, p.stop, s or 1)]
    flat -= np.repeat(_subtracted(shifts), lengths)
    ordered = flat.reshape(*stack.shape[1:], -1) if interleaved else flat
    stack[:] = np.moveaxis(ordered, -1, 0) if interleaved else ordered.reshape(stack.shape)
    return shifts


def _chunk_shifts(
    values: Panels, votes: Votes, parameters: CommonMode
) -> tuple[NDArray[np.float64], Votes]:
    """Return the shift of each line (lines, pixels), and whether it is accepted."""
    number = votes.sum(axis=1)
    if parameters.algorithm == 2:
        # one pixel after the other, as psana adds them: another order gives other last bits
        total = np.cumsum(np.where(votes, values, 0), axis=1, dtype=np.float64)[:, -1]
        found = np.divide(total, number, out=np.full(len(values), np.nan), where=number > 0)
        found = found.astype(np.float32).astype(np.float64)
    else:
        whole = np.trunc(values).clip(-_HALF, _HALF - 1)  # psana counts whole ADU in a histogram
        found = _ranked(whole, votes, (number + 1) // 2 - 1)
    return found, np.abs(found) <= np.float32(parameters.mean_max)


def _ranked(values: Panels, votes: Votes, rank: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the value of this rank among the voting ones of each line, nan if it has none."""
    ordered = np.sort(np.where(votes, values, np.float32(np.inf)), axis=-1)
    at = np.take_along_axis(ordered, np.maximum(rank, 0)[..., None], axis=-1)[..., 0]
    found: NDArray[np.float64] = np.where(rank >= 0, at, np.nan).astype(np.float64)
    return found


def _median(values: Panels, votes: Votes) -> NDArray[np.float64]:
    """Return the median of the voting values of each line, nan if it has none."""
    number = votes.sum(axis=-1)
    low, high = (_ranked(values, votes, rank) for rank in ((number - 1) // 2, number // 2))
    middle = (low.astype(np.float32) + high.astype(np.float32)) * np.float32(0.5)
    return np.where(number > 0, middle, np.nan).astype(np.float64)


def _blocks(stack: NDArray[Any], rows: int, cols: int) -> NDArray[Any]:
    """Return a view (segments, across, along, rows, cols) of rectangles of equal size."""
    count, height, width = stack.shape
    parts = stack.reshape(count, height // rows, rows, width // cols, cols)
    blocks: NDArray[Any] = parts.swapaxes(2, 3)
    return blocks


def _lines(stack: NDArray[Any], rows: int, cols: int) -> NDArray[Any]:
    blocks = _blocks(stack, rows, cols)
    return blocks.reshape(*blocks.shape[:3], rows * cols)


def _subtracted(shifts: Shifts) -> Panels:
    return np.where(shifts.applied, shifts.found, 0).astype(np.float32)


def _subtract(stack: Panels, rows: int, cols: int, shifts: Shifts) -> Shifts:
    blocks = _blocks(stack, rows, cols)
    blocks -= _subtracted(shifts)[..., None, None]
    return shifts


def _banks(stack: Panels, votes: Votes, parameters: CommonMode) -> Iterator[Shifts]:
    """Algorithm 4 of the Epix100a: medians of banks, then of their rows, then of their columns."""
    rows, cols = BANK
    kinds = ((1, "bank", rows, cols), (2, "row", 1, cols), (4, "column", rows, 1))
    for bit, name, height, width in kinds:
        if parameters.regions & bit:
            near = votes & (np.abs(stack) <= np.float32(parameters.reach))
            lines, voting = _lines(stack, height, width), _lines(near, height, width)
            found = np.where(voting.sum(axis=-1) < FEWEST, np.nan, _median(lines, voting))
            shifts = Shifts(name, found, _accepted(found, parameters))
            yield _subtract(stack, height, width, shifts)


def _accepted(found: NDArray[np.float64], parameters: CommonMode) -> Votes:
    """Return where a shift is found and not too large; a limit of 0 is none."""
    accepted: Votes = np.abs(found) <= (np.float32(parameters.mean_max) or np.inf)
    return accepted


def _bright_free(stack: Panels, noise: NDArray[Any], parameters: CommonMode) -> Iterator[Shifts]:
    """Algorithm 6: medians of columns and rows of banks, bright pixels and neighbours left out."""
    bright = stack >= noise * BRIGHT
    votes = ~_with_neighbours(bright) & (np.abs(stack) <= parameters.reach)
    if parameters.centred:
        stack[votes] -= stack[votes].mean()
    rows, cols = BANK
    for bit, name, height, width in ((1, "column", rows, 1), (2, "row", 1, cols)):
        if parameters.regions & bit:
            lines, voting = _lines(stack, height, width), _lines(votes, height, width)
            found = _median(lines, voting)
            hidden = (~voting).sum(axis=-1) > (1 - parameters.least) * height * width
            accepted = (np.abs(found) <= parameters.mean_max) & ~hidden
            yield _subtract(stack, height, width, Shifts(name, found, accepted))


def _with_neighbours(bright: Votes) -> Votes:
    grown: Votes = bright.copy()
    grown[:, 1:] |= bright[:, :-1]
    grown[:, :-1] |= bright[:, 1:]
    grown[..., 1:] |= bright[..., :-1]
    grown[..., :-1] |= bright[..., 1:]
    return grown


def _pnccd(stack: Panels, parameters: CommonMode) -> Shifts:
    """Algorithm 8: medians of rows, columns and banks of 128 columns, all pixels voting."""
    before = stack.copy()
    medians = Medians(8, parameters.regions, parameters.mean_max)
    subtract_pnccd_medians(stack, None, medians)
    shift = (before - stack).mean(axis=(1, 2), dtype=np.float64)
    return Shifts("segment", shift, (before != stack).any(axis=(1, 2)))


def _fccd(stack: Panels, votes: Votes, parameters: CommonMode) -> Iterator[Shifts]:
    """Algorithm 4 of the Fccd960: every other pixel of rows of 160, then 480 x 10 supercolumns."""
    if parameters.regions & 1:
        halves = [stack[..., k::2] for k in (0, 1)]
        for half, voting in zip(halves, (votes[..., k::2] for k in (0, 1)), strict=True):
            yield _fccd_regions("row", half, voting, 1, 80, parameters)
    if parameters.regions & 2:
        yield _fccd_regions("supercolumn", stack, votes, 480, 10, parameters)


def _fccd_regions(
    name: str, stack: Panels, votes: Votes, rows: int, cols: int, parameters: CommonMode
) -> Shifts:
    lines, voting = _lines(stack, rows, cols), _lines(votes, rows, cols)
    found = np.full(lines.shape[:3], np.nan)
    for place in np.ndindex(found.shape):
        found[place] = _histogram_median(lines[place][voting[place]], parameters)
    whole = replace(parameters, mean_max=int(parameters.mean_max))  # psana's limit is an int here
    return _subtract(stack, rows, cols, Shifts(name, found, _accepted(found, whole)))


def _histogram_median(values: Panels, parameters: CommonMode) -> float:
    """Return psana's median of whole ADU, interpolated and shifted by 0.8; nan if there is none.

    The range of the histogram, +-reach, grows towards the side where half of the values lie
    outside, up to the largest correction.
    """
    limit = int(parameters.mean_max)
    high = max(int(parameters.reach), FEWEST)
    low = -high
    while len(values) >= FEWEST and high - low < 10_000:
        bins = (np.trunc(values).astype(np.int64) - low).clip(0, high - low)
        counts = np.bincount(bins, minlength=high - low + 1)
        step = len(counts) // 4
        if counts[0] > len(values) // 2 and not (limit and low < -limit):
            low -= step
        elif counts[-1] > len(values) // 2 and not (limit and high > limit):
            high += step
        elif max(counts[0], counts[-1]) > len(values) // 2:
            return np.nan
        else:
            return _interpolated(counts, low)
    return np.nan


def _interpolated(counts: NDArray[np.intp], low: int) -> float:
    total = np.cumsum(counts)
    half = int(np.ceil(np.float32(total[-1]) / 2))
    at = int(np.searchsorted(total, half))
    part = np.float32(half - total[at]) / np.float32(counts[at])
    return float(np.float32(float(np.float32(low + at) + part) + 0.8))
