"""Inputs for which psana's answers were recorded in tests/golden/gain-modes.json."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
_BITS32 = np.uint64(0xFFFFFFFF)


def hashed(seed: int, *shape: int) -> Array:
    """Pseudo-random integers below 2**32, the same everywhere: a mix of the flat index."""
    mixed = np.arange(int(np.prod(shape)), dtype=np.uint64) * np.uint64(2654435761)
    mixed = (mixed + np.uint64(seed * 668265263)) & _BITS32
    for shift, factor in ((15, 2246822519), (13, 3266489917)):
        mixed ^= mixed >> np.uint64(shift)
        mixed = (mixed * np.uint64(factor)) & _BITS32
    return (mixed ^ mixed >> np.uint64(16)).reshape(shape)


def jungfrau() -> tuple[Array, Array, Array, Array, Array]:
    """Two modules in all gains: raw, pedestals, offset, gain (0 among them), bad."""
    shape = (2, 512, 1024)
    kind = hashed(1, *shape) % 100
    bits = np.select([kind < 80, kind < 90, kind < 97], [0, 1, 3], 2).astype("u2")
    step = 3000 * np.arange(3, dtype="u8")[:, None, None, None]
    pedestals = (1000 + hashed(2, 3, *shape) % 500 + step).astype("f4") + np.float32(0.25)
    offset = ((hashed(3, 3, *shape) % 16).astype("f4") - 8) / 4
    gain = (hashed(4, 3, *shape) % 64).astype("f4") / 16
    mode = np.choose(bits, [0, 1, 0, 2])
    rows = (np.arange(512) % 7 * 5 - 12)[None, :, None]
    banks = (np.arange(16) * 3 - 20).repeat(64)[None, None, :]
    noise = (hashed(5, *shape) % 41).astype("i8") - 20
    level = np.take_along_axis(pedestals.astype("i8"), mode[None], 0)[0]
    counts = np.clip(level + noise + rows + banks, 0, 16383).astype("u2")
    return (counts | bits << 14).astype("u2"), pedestals, offset, gain, hashed(6, *shape) % 50 == 0


def epix10ka() -> tuple[Array, Array, Array, Array, Array, Array]:
    """Two panels in all gains: pixel bits, trbits, raw, pedestals, gain, status."""
    shape = (2, 352, 384)
    pixels = (hashed(11, *shape) % 16).astype("u2")
    trbits = np.array([[1, 0, 0, 1], [0, 1, 1, 0]], "u1")
    kind = hashed(12, *shape) % 10
    low, foreign = (kind < 3).astype("u2"), (kind == 9).astype("u2")
    step = 700 * np.arange(7, dtype="u8")[:, None, None, None]
    pedestals = (2000 + hashed(13, 7, *shape) % 500 + step).astype("f4") + np.float32(0.5)
    gain = (hashed(14, 7, *shape) % 64).astype("f4") / 16
    status = (hashed(15, 7, *shape) % 60 == 0).astype("u2")
    counts = (3500 + hashed(16, *shape) % 2500).astype("u2")
    return (
        pixels,
        trbits,
        (counts | low << 14 | foreign << 15).astype("u2"),
        pedestals,
        gain,
        status,
    )


def pnccd() -> tuple[Array, Array]:
    """Four links after pedestals, ADU, and which pixels are good."""
    shape = (4, 512, 512)
    rows = (np.arange(512) % 9 * 4 - 14)[None, :, None]
    banks = (np.arange(512) // 128 * 11 - 15)[None, None, :]
    noise = ((hashed(21, *shape) % 61).astype("f4") - 30) / 4
    return noise + (rows + banks).astype("f4"), hashed(22, *shape) % 37 != 0
