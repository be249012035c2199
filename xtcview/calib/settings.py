"""What a person may say to `Detector.calib`: steps of the chain, and keywords for two of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from xtcview.calib.correct import STEPS
from xtcview.calib.parameters import KEYWORDS
from xtcview.errors import ConstantsError, near

# of `xtcview.calib.access.Constants.mask`
MASK_KEYWORDS = (
    *("calib", "status", "edges", "central", "unbond", "unbondnbrs", "unbondnbrs8"),
    *("neighbors", "rad", "ptrn", "width", "wcentral"),
)


class Settings(NamedTuple):
    """Keywords of `calib`, sorted by what they are for."""

    mask: dict[str, Any]
    common_mode: dict[str, Any]

    @classmethod
    def of(cls, keywords: dict[str, Any]) -> Settings:
        """Sort keywords.

        Raises
        ------
        ConstantsError
            If one is neither of `Constants.mask` nor of the common mode.
        """
        for name in keywords:
            if name not in MASK_KEYWORDS and name not in KEYWORDS:
                raise ConstantsError(
                    f"calib has no {name!r}.{near(name, [*MASK_KEYWORDS, *KEYWORDS])}"
                )
        chosen = {n: v for n, v in keywords.items() if n in MASK_KEYWORDS}
        return cls(chosen, {n: v for n, v in keywords.items() if n in KEYWORDS})


def check_steps(steps: Iterable[str]) -> tuple[str, ...]:
    """Return the steps of the chain that are meant.

    Raises
    ------
    ConstantsError
        If one is not in `STEPS`.
    """
    wanted = (steps,) if isinstance(steps, str) else tuple(steps)
    for step in wanted:
        if step not in STEPS:
            raise ConstantsError(f"{step!r} is no step of the correction.{near(step, STEPS)}")
    return wanted
