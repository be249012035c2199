"""Parameters of the common mode correction: the numbers of a file or of a user, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtcview.errors import ConstantsError, near


@dataclass(frozen=True)
class CommonMode:
    """Parameters of the common mode correction; the defaults are psana's for the CSPAD.

    Attributes
    ----------
    algorithm : int
        0 off, 1 first peak of the histogram of a segment, 2 mean and 3 median of chunks of
        pixels, 4 medians in banks (Epix100a, Fccd960), 5 mean of the unbonded pixels of a 2x1,
        6 medians in banks of an Epix100a without bright pixels and their neighbours, 8 medians in
        banks of a pnCCD. (7, of detectors with gain modes: `xtcview.calib.medians`.)
    mean_max : float
        Largest correction in ADU; a larger one is refused. In algorithm 4 0 means no limit.
    sigma_max : float
        Largest width of the peak in ADU (1).
    threshold : float
        A peak must rise above this number of pixels per ADU (1); only pixels below this ADU
        vote (2, 3).
    fallback : bool
        Where algorithm 1 finds nothing, use algorithm 5; others do not look at it.
    length : int
        Pixels in a chunk (2, 3).
    regions : int
        What is corrected, in this order (4: sum of 1 banks, 2 rows, 4 columns of banks; for the
        Fccd960 1 rows and 2 supercolumns; 6: 1 columns, 2 rows, 3 both; 8: see `medians`).
    reach : float
        Pixels further from 0 than this ADU do not vote (4, 6).
    least : float
        Part of a region's pixels that must vote (6).
    centred : bool
        Subtract the mean of all voting pixels first (6).
    """

    algorithm: int = 1
    mean_max: float = 25.0
    sigma_max: float = 25.0
    threshold: float = 100.0
    fallback: bool = True
    length: int = 128
    regions: int = 3
    reach: float = 30.0
    least: float = 0.25
    centred: bool = False

    @property
    def falls_back(self) -> bool:
        """Whether algorithm 5 stands in for 1."""
        return self.algorithm == 1 and self.fallback


OFF = CommonMode(algorithm=0)

# What psana calls the settings of algorithm 6, which are no numbers of a file
KEYWORDS = {
    "maxCorr": "mean_max",
    "histoRange": "reach",
    "colrow": "regions",
    "minFrac": "least",
    "normAll": "centred",
}
SHORTEST = 100  # pixels; a shorter chunk counts as one of 128, as in psana


def common_mode_parameters(numbers: Sequence[float] | np.ndarray, **settings: Any) -> CommonMode:
    """Return the parameters that a file or a user gives as numbers.

    Parameters
    ----------
    numbers : sequence of float
        One of the forms of `FORMS`. Without the fifth number of algorithm 1 there is no
        fallback; only the defaults of `CommonMode` have it.
    **settings
        psana's keywords of algorithm 6: maxCorr, histoRange, colrow, minFrac, normAll.

    Raises
    ------
    ConstantsError
        If a number is missing, the algorithm is not known or a keyword is not one of its.
    """
    values = [float(n) for n in np.ravel(numbers)]
    algorithm = values[0] if values else None
    if algorithm not in FORMS:
        forms = "; ".join(form for _, form, _ in FORMS.values())
        raise ConstantsError(
            f"common mode {values}: expected algorithm {forms}; give (0,) to go on without"
        )
    needed, form, build = FORMS[int(algorithm)]
    if len(values) < needed:
        raise ConstantsError(
            f"common mode {values}: algorithm {algorithm:g} needs {needed} numbers, found "
            f"{len(values)}; expected {form}"
        )
    if not settings:
        return build(values)
    if algorithm != 6:
        raise ConstantsError(f"common mode {values}: {', '.join(settings)} belong to algorithm 6")
    return _bright_free(values, **settings)


def _peak(values: list[float]) -> CommonMode:
    fallback = len(values) > 4 and values[4] > 0.1
    return CommonMode(1, values[1], values[2], values[3], fallback)


def _chunks(values: list[float]) -> CommonMode:
    length = int(values[3]) if values[3] >= SHORTEST else 128
    algorithm, threshold, most = int(values[0]), values[1], values[2]
    return CommonMode(algorithm, mean_max=most, threshold=threshold, length=length)


def _banks(values: list[float]) -> CommonMode:
    bits, reach, most = int(values[1]), values[2], values[3]
    return CommonMode(4, mean_max=most, regions=bits, reach=reach)


def _pnccd(values: list[float]) -> CommonMode:
    return CommonMode(8, mean_max=values[2], regions=int(values[1]))


def _bright_free(values: list[float], **settings: Any) -> CommonMode:
    if len(values) > 1:  # psana does not look at them
        raise ConstantsError(
            f"common mode {values}: algorithm 6 has no further numbers; give the keywords "
            f"{', '.join(KEYWORDS)}"
        )
    for name in settings:
        if name not in KEYWORDS:
            raise ConstantsError(f"algorithm 6 has no {name!r}.{near(name, KEYWORDS)}")
    named = {KEYWORDS[name]: value for name, value in settings.items()}
    return CommonMode(6, **{"mean_max": 30.0, **named})


# Algorithm -> numbers that it needs, how they are written, what reads them
FORMS: dict[float, tuple[int, str, Callable[[list[float]], CommonMode]]] = {
    0: (1, "0 (off)", lambda values: OFF),
    1: (4, "1 (histogram peak) mean_max sigma_max threshold [fallback]", _peak),
    2: (4, "2 (mean) threshold max_correction length", _chunks),
    3: (4, "3 (median) threshold max_correction length", _chunks),
    4: (4, "4 (banks) regions range max_correction", _banks),
    5: (2, "5 (unbonded pixels) mean_max", lambda values: CommonMode(5, values[1])),
    6: (1, "6 (banks without bright pixels)", _bright_free),
    8: (3, "8 (medians of a pnCCD) regions max_correction", _pnccd),
}
