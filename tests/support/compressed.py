"""Compressed payloads, encoded by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def hist16(base: int, pixels: Sequence[int], flag: int = 1) -> bytes:
    """Encode 16-bit pixels by hand: those within a byte of the base are short."""
    inside = [0 <= p - base < 256 for p in pixels]
    packed = b"".join(
        bytes([p - base]) if short else p.to_bytes(2, "little")
        for p, short in zip(pixels, inside, strict=True)
    )
    bits = np.packbits(inside, bitorder="little").tobytes()
    bits += bytes(-len(bits) % 2)
    words = np.frombuffer(bits, "<u2")
    if flag == 3:
        words = np.stack([np.ones_like(words), words], axis=1).ravel()
    body = base.to_bytes(2, "little") + len(packed).to_bytes(4, "little") + packed
    body += len(words).to_bytes(4, "little") + words.tobytes()
    head = flag.to_bytes(4, "little") + sum(pixels).to_bytes(4, "little")
    return block(1, head + len(body).to_bytes(4, "little") + body, 2 * len(pixels))


def block(engine: int, stored: bytes, expanded: int, header: bytes = b"HEAD") -> bytes:
    """Encode a block of a payload."""
    fields = [engine, 0, expanded, len(stored)]
    data = len(header).to_bytes(4, "little") + header
    data += b"".join(f.to_bytes(4, "little") for f in fields) + stored
    return data + bytes(-len(data) % 4)


def histn(base: int, pixels: Sequence[int]) -> bytes:
    """Encode 16-bit pixels by hand, all of them within a byte of the base."""
    stream = bytes(p - base for p in pixels)
    words = np.packbits(np.ones(-(-len(pixels) // 16) * 16, bool)).tobytes()
    body = b"".join(n.to_bytes(2, "little") for n in (16, 8))
    body += b"".join(n.to_bytes(4, "little") for n in (base, len(stream))) + stream
    body += (len(words) // 2).to_bytes(4, "little") + words
    head = b"".join(n.to_bytes(2, "little") for n in (1, 2))
    head += b"".join(n.to_bytes(4, "little") for n in (sum(pixels), len(body)))
    return block(2, head + body, 2 * len(pixels))
