"""Change inputs at random, where no coverage-guided fuzzer is installed."""

from __future__ import annotations

import random
from collections.abc import Sequence

NUMBERS = (0, 1, 2, 12, 19, 20, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF,
           0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)  # fmt: skip
TEXTS = (b"-1", b"1e999", b"nan", b"#", b"\n", b" ", b"=", b":", b"/", b",", b"-", b"0", b"9" * 10,
         b"\0", b"\xc2\xb2", b"\xff", b"(", b")", b"*", b".")  # fmt: skip


def mutate(rng: random.Random, seeds: Sequence[bytes], longest: int) -> bytes:
    """Return one of the seeds after some random changes."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 3, 6, 12))):
        rng.choice(_CHANGES)(rng, data, seeds)
    return bytes(data[:longest])


def _flip(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _byte(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _number(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Put a number where a reader may trust it; mostly aligned and near the front."""
    size = rng.choice((1, 2, 4, 4, 4, 8))
    most = rng.choice((64, len(data)))
    at = rng.randrange(max(min(len(data), most), 1)) // 2 * 2
    value = rng.choice((rng.choice(NUMBERS), rng.randrange(1 << 16)))
    data[at : at + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _cut(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _take(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.choice((1, 2, 4, 8, 40))]


def _repeat(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    data[end:end] = data[at:end][:2000] * rng.choice((1, 1, 2, 30))


def _insert(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice((rng.choice(TEXTS), rng.randbytes(rng.choice((1, 4, 8)))))


def _join(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = rng.choice(seeds)
    at = rng.randrange(len(data) + 1)
    data[at:] = other[rng.randrange(len(other) + 1) :]


_CHANGES = (_flip, _byte, _byte, _number, _number, _number, _cut, _take, _repeat, _insert, _join)
