"""Colour maps as short tables that the browser and the saved picture share.

Each map is 33 anchors, 32 equal steps apart, joined by straight lines in sRGB: within 6 of 255
of matplotlib's 256-entry tables (2 for most), at 200 characters a map and without importing
matplotlib. The anchors are matplotlib's values; the two greys are their own definition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.viewer.frames import CODES, NO_DATA, Coded

Array = NDArray[Any]
Curve = Callable[[Array], Array]

LOG_CONTRAST = 1000.0  # the log scale shows this ratio between its bright and its dark end
SCALE_FUNCTIONS: dict[str, tuple[Curve, Curve]] = {  # from 0..1 to 0..1, and back
    "linear": (np.asarray, np.asarray),
    "sqrt": (np.sqrt, np.square),
    "log": (
        lambda t: np.log1p(LOG_CONTRAST * t) / np.log1p(LOG_CONTRAST),
        lambda t: np.expm1(t * np.log1p(LOG_CONTRAST)) / LOG_CONTRAST,
    ),
}
SCALES = tuple(SCALE_FUNCTIONS)
MISSING = ((133, 117, 122), (152, 136, 141))  # hatched: a place of the detector without a value
GAP = (226, 231, 237)  # between the panels, in saved pictures; in the page it follows the theme

ANCHORS = {
    "viridis": (
        "440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d"
        "2f6a8e2c728e297a8e26818e23898e21908c1f988b1f9f8821a68528ae8031b57b"
        "3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51afde725"
    ),
    "cividis": (
        "00224e00285b002e6a0433711a386f273e6e32436d3b496c434e6c4b546c52596d"
        "5a5f6e61656f686a716f70737576767c7b788481798b8778938d789b9376a39a75"
        "aba072b3a670bbad6cc3b469ccba64d4c15fddc958e6d051efd748f8df3cfee838"
    ),
    "magma": (
        "0000040303110a0822130d331d114628115a36106a430f7650127c5d177f691c81"
        "7621818226818f2a819c2e7fa9327db63779c33b75cf4170db486ae65163ee5c5e"
        "f5695cf9785dfb8761fd9668fea571feb47bfec387fed194fde0a2fceeb0fcfdbf"
    ),
    "inferno": (
        "0000040403120b0724150b37210c4a2e0a5a3c09654a0c6b57106d63146e70196e"
        "7d1e6d89226a962766a32b61af315cbb3755c63e4dd14644db4f3be35932eb6528"
        "f1711ef67f14f98d0afb9c06fcab0ffbba1ff9ca32f5d949f2e865f3f586fcffa4"
    ),
    "plasma": (
        "0d08872206903105963f049c4c02a15901a56600a77201a87e03a88909a69511a2"
        "9f1a9ca92396b22c8ebb3587c33e80cb4778d25071d9596ae06263e66c5ceb7555"
        "f07f4ff48a48f89441fb9f3afdab33feb72dfdc328fcd025f9dd25f5eb27f0f921"
    ),
    "turbo": (
        "30123b392a734040a14456c7466be3467ff64293ff37a7fa29bbec1dcdd818dcc3"
        "1ee8b031f2994cf97e6bfd648aff4da3fd3cb8f735cced34dee037edd03af8c03a"
        "fdae35fe982cfb8022f56817ec520fe04009d23105c02302ac1701950d017a0403"
    ),
    "coolwarm": (
        "3b4cc0445acc4d68d75775e16282ea6c8ef1779af782a5fb8db0fe98b9ffa3c2fe"
        "aec9fcb8d0f9c2d5f4ccd9eed5dbe6dddddde5d8d1ecd3c5f1ccb9f4c4adf7bba0"
        "f7b194f7a687f49a7bf18d6fec7f63e57058de604dd55042cb3e38c0282fb40426"
    ),
    "grey": "000000ffffff",
    "grey inverted": "ffffff000000",
}


def table(name: str) -> Array:
    """Return the colours of a map: uint8 (256, 3), red green blue."""
    anchors = np.frombuffer(bytes.fromhex(ANCHORS[name]), np.uint8).reshape(-1, 3)
    at = np.linspace(0, 1, CODES)
    knots = np.linspace(0, 1, len(anchors))
    lines = [np.interp(at, knots, anchors[:, k]) for k in range(3)]
    colours: Array = np.stack(lines, axis=1).round().astype(np.uint8)
    return colours


def limits(coded: Coded, low: float = 1.0, high: float = 99.9) -> tuple[float, float]:
    """Return the ADU below which `low` and `high` percent of the blocks with a value lie."""
    counts = np.bincount(coded.codes.ravel(), minlength=CODES)
    counts[NO_DATA] = 0
    total = counts.sum()
    if not total:
        return 0.0, 1.0
    at = np.searchsorted(np.cumsum(counts), np.array([low, high]) / 100 * total)
    vmin, vmax = coded.levels[np.clip(at, 1, CODES - 1)]
    return ordered(float(vmin), float(vmax))


def ordered(vmin: float, vmax: float) -> tuple[float, float]:
    """Return limits with vmax above vmin, if only just."""
    return vmin, max(vmax, vmin + 1e-6 * max(abs(vmin), 1.0))


def stretch(values: Array, vmin: float, vmax: float, scale: str) -> Array:
    """Map ADU to 0..1: linear, sqrt, or log(1 + 1000 t) / log(1001)."""
    forward, _ = SCALE_FUNCTIONS[scale]
    vmin, vmax = ordered(vmin, vmax)
    return forward(np.clip((values - vmin) / (vmax - vmin), 0.0, 1.0))


def shades(levels: Array, vmin: float, vmax: float, scale: str) -> Array:
    """Return for each code the row of the colour table: uint8 (256,)."""
    t = stretch(np.nan_to_num(levels), vmin, vmax, scale)
    rows: Array = np.round(t * (CODES - 1)).astype(np.uint8)
    return rows
