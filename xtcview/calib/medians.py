"""Common mode as medians: of rows in a bank, of columns in half a panel, of whole banks.

psana's algorithms 7 (Jungfrau, Epix10ka) and 8 (pnCCD); formulas and order from its package
Detector, UtilsCommonMode, UtilsJungfrau, UtilsEpix10ka and UtilsPNCCD. Unlike the peak of a
histogram, only the pixels that vote are corrected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import ConstantsError

Panels = NDArray[np.float32]
Votes = NDArray[np.bool_]

ROWS, COLUMNS, BANKS = 1, 2, 4  # bits of the second number of algorithm 7
PNCCD_ROWS, PNCCD_COLUMNS, PNCCD_BANKS = 2, 4, 8  # of algorithm 8; 1 as above
PNCCD_BANK = 128  # columns
LEAST = 10  # voting pixels, when the parameters do not say


class Medians(NamedTuple):
    """Parameters of a median common mode.

    Parameters
    ----------
    algorithm : int
        7, 8, or 0 for off.
    steps : int
        Bits: which medians to subtract.
    limit : float
        A correction of this many ADU or more is not applied.
    least : float
        As many pixels must vote, and one more in rows and columns.
    """

    algorithm: int
    steps: int
    limit: float
    least: float = LEAST


OFF = Medians(0, 0, 0.0)


def median_parameters(numbers: Sequence[float] | NDArray[np.float64]) -> Medians:
    """Return the parameters that a file or a user gives as numbers.

    Parameters
    ----------
    numbers : sequence of float
        `7 steps limit [least]`, `8 steps limit` or `0 ...`.

    Raises
    ------
    ConstantsError
        Another algorithm, or a number is missing.
    """
    values = [float(n) for n in np.ravel(numbers)]
    if values and values[0] == 0:
        return OFF
    if not values or values[0] not in (7, 8) or len(values) < 3:
        raise ConstantsError(
            f"common mode {values}: expected 7 steps limit [least] (medians; steps: 1 rows + 2 "
            "columns + 4 banks), 8 steps limit (pnCCD), or 0 (off)"
        )
    least = values[3] if values[0] == 7 and len(values) > 3 else LEAST
    return Medians(int(values[0]), int(values[1]), values[2], least)


class _Step(NamedTuple):
    """Medians along some axes of a panel that is cut into banks."""

    bit: int
    axes: tuple[int, ...]
    enough: Callable[[Any, float], NDArray[np.bool_]]  # do so many votes, against `least`, do


# axes of a panel cut into (half, row, bank, column); in the order of psana
_BANKS = (
    _Step(BANKS, (1, 3), np.greater_equal),
    _Step(ROWS, (3,), np.greater),
    _Step(COLUMNS, (1,), np.greater),
)
# (row, bank, column)
_PNCCD = (
    _Step(ROWS, (2,), np.greater),
    _Step(PNCCD_ROWS, (1, 2), np.greater),
    _Step(PNCCD_COLUMNS, (0,), np.greater),
    _Step(PNCCD_BANKS, (0, 2), np.greater_equal),
)


def subtract_bank_medians(
    panels: Panels, votes: Votes | None, parameters: Medians, banks: int, halves: int = 2
) -> None:
    """Correct panels in place by algorithm 7: banks, then rows of a bank, then columns of a half.

    Parameters
    ----------
    panels : ndarray of float32
        (segments, rows, columns), ADU after pedestals, C-contiguous.
    votes : ndarray of bool, optional
        Shape of panels; these pixels make the medians, and are corrected. None: all.
    parameters : Medians
    banks : int
        Read out side by side: 16 of 64 columns (Jungfrau), 8 of 48 (Epix10ka).
    halves : int
        Read out to opposite sides, one above the other.
    """
    blocks = (len(panels), halves, panels.shape[1] // halves, banks, panels.shape[2] // banks)
    _subtract_all(panels, votes, parameters, blocks, _BANKS)


def subtract_pnccd_medians(panels: Panels, votes: Votes | None, parameters: Medians) -> None:
    """Correct the panels of a pnCCD, (4, 512, 512) float32 ADU, in place by algorithm 8.

    Without votes, as in psana's `calib`, psana takes the medians of rows where those of whole
    banks are asked for; so do we.
    """
    blocks = (*panels.shape[:2], panels.shape[2] // PNCCD_BANK, PNCCD_BANK)
    steps = _PNCCD if votes is not None else (*_PNCCD[:3], _PNCCD[0]._replace(bit=PNCCD_BANKS))
    _subtract_all(panels, votes, parameters, blocks, steps)


def _subtract_all(
    panels: Panels,
    votes: Votes | None,
    parameters: Medians,
    blocks: tuple[int, ...],
    steps: Sequence[_Step],
) -> None:
    if math.prod(blocks) != panels.size:
        raise ConstantsError(
            f"common mode {parameters.algorithm}: panels of shape {panels.shape} cannot be cut "
            f"into equal banks {blocks}; give (0,) to go on without"
        )
    cut = panels.reshape(blocks)
    chosen = None if votes is None else votes.reshape(blocks)
    wanted = [step for step in steps if parameters.steps & step.bit]
    for i, panel in enumerate(cut):  # one by one: a panel stays in the cache
        for step in wanted:
            _subtract(panel, None if chosen is None else chosen[i], step, parameters)


def _subtract(panel: Panels, votes: Votes | None, step: _Step, parameters: Medians) -> None:
    """Subtract medians where enough pixels vote and the limit allows it."""
    shift, count = _medians(panel, votes, step.axes)
    accepted = np.abs(shift) < parameters.limit
    if votes is not None:
        accepted &= step.enough(count, parameters.least)
    if accepted.any():
        shift = np.where(accepted, shift, np.float32(0))
        np.subtract(panel, shift if votes is None else shift * votes, out=panel)


def _medians(
    panel: Panels, votes: Votes | None, axes: tuple[int, ...]
) -> tuple[Panels, NDArray[np.intp]]:
    """Return medians of the voting pixels and how many vote, the axes kept with length 1."""
    values = panel if votes is None else np.where(votes, panel, np.float32(np.inf))
    moved = np.moveaxis(values, axes, range(-len(axes), 0))
    flat = moved.reshape(*moved.shape[: panel.ndim - len(axes)], -1)
    ordered = np.sort(flat, axis=-1)  # those that do not vote come last
    size = flat.shape[-1]
    count = np.full(flat.shape[:-1], size) if votes is None else np.count_nonzero(votes, axes)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, size - 1)
    both = np.take_along_axis(ordered, np.stack([low, high], -1), -1)
    median = (both[..., 0] + both[..., 1]) / np.float32(2)
    return np.expand_dims(median, axes), np.expand_dims(count, axes)
