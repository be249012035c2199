"""Expand payloads that the DAQ compressed (bit 31 of the type word).

A payload is a sequence of blocks: a header that is copied, then data stored by one of two
histogram codecs, in which a bit map says which pixels are short. Origin: pdsdata/compress
CompressedXtc.cc, Hist16Engine.cc, HistNEngine.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import FormatError, TruncatedError

MAX_EXPANDED = 1 << 26  # bytes; the largest frame that the DAQ compressed has 32 MiB
_PIECE = 1 << 18  # pixels that are expanded at a time: their bit positions take 8 bytes each

NONE, HIST16, HISTN = 0, 1, 2
_RAW, _PLAIN, _RUN_LENGTH = 0, 1, 3  # flags: stored as is, bit map, bit map in runs

BLOCK = np.dtype([
    ("engine",   "<u4"),  #  0  NONE, HIST16, HISTN
    ("reserved", "<u4"),  #  4
    ("expanded", "<u4"),  #  8  bytes after expansion
    ("stored",   "<u4"),  # 12  bytes that follow
])  # 16  # fmt: skip

HIST16_HEAD = np.dtype([
    ("flag",     "<u4"),  #  0
    ("checksum", "<u4"),  #  4  sum of all pixels, modulo 2**32
    ("bytes",    "<u4"),  #  8  that follow
])  # 12  # fmt: skip

HIST16_PACKED = np.dtype([
    ("base", "<u2"),  # 0
    ("size", "<u4"),  # 2  bytes of packed pixels
])  # 6  # fmt: skip

HISTN_HEAD = np.dtype([
    ("flag",      "<u2"),  #  0
    ("depth",     "<u2"),  #  2  bytes per pixel
    ("checksum",  "<u4"),  #  4
    ("bytes",     "<u4"),  #  8
])  # 12  # fmt: skip

HISTN_PACKED = np.dtype([
    ("long",  "<u2"),  #  0  bits of a pixel outside of the map
    ("short", "<u2"),  #  2  bits of a pixel inside, 0-8
    ("base",  "<u4"),  #  4  added to pixels inside
    ("size",  "<u4"),  #  8  bytes of the bit stream
])  # 12  # fmt: skip

Array = npt.NDArray[Any]


class _Bytes:
    """Takes tables off the front of a buffer; says where it runs short."""

    def __init__(self, data: Any, file: object, base: int) -> None:
        self.data, self.file, self.base, self.pos = data, file, base, 0

    def take(self, dtype: Any, count: int, what: str) -> Array:
        size = np.dtype(dtype).itemsize * count
        if size > len(self.data) - self.pos:
            left = len(self.data) - self.pos
            text = f"expected {size} bytes of {what} of a compressed payload, found {left}"
            raise TruncatedError(text, self.file, self.base + self.pos)
        found: Array = np.frombuffer(self.data, dtype, count, self.pos)
        self.pos += size
        return found

    def fail(self, what: str) -> FormatError:
        return FormatError(f"compressed payload: {what}", self.file, self.base + self.pos)


def expand(data: Any, file: object = None, base: int = 0) -> bytes:
    """Return the payload as it was before compression.

    Parameters
    ----------
    data : bytes-like
        The stored payload.
    file, base
        File, and byte at which `data` begins; for error messages.

    Raises
    ------
    FormatError
        The bytes are no blocks, or a checksum is wrong.
    """
    source = _Bytes(data, file, base)
    parts: list[bytes] = []
    while len(data) - source.pos >= 4:
        start = source.pos
        size = int(source.take("<u4", 1, "header size")[0])
        parts.append(source.take("u1", size, "header").tobytes())
        block = source.take(BLOCK, 1, "block header")[0]
        body = source.take("u1", int(block["stored"]), "data")
        inner = _Bytes(body, file, base + source.pos - len(body))
        if sum(map(len, parts)) + int(block["expanded"]) > MAX_EXPANDED:
            raise inner.fail(f"{int(block['expanded'])} bytes after expansion, more than any frame")
        parts.append(_block(int(block["engine"]), inner, int(block["expanded"])))
        source.pos += -(source.pos - start) % 4
    return b"".join(parts)


def _block(engine: int, source: _Bytes, size: int) -> bytes:
    if engine == NONE:
        return source.take("u1", len(source.data), "data").tobytes()
    if engine == HIST16:
        pixels, checksum = _hist16(source, size // 2)
    elif engine == HISTN:
        pixels, checksum = _histn(source, size)
    else:
        raise source.fail(f"engine {engine} does not exist; expected 0, 1 or 2")
    found = int(pixels.sum(dtype=np.uint64)) & 0xFFFFFFFF
    if found != checksum or pixels.nbytes != size:
        raise source.fail(
            f"checksum {found} of {pixels.nbytes} bytes, expected {checksum} of {size}"
        )
    return pixels.tobytes()


def _hist16(source: _Bytes, count: int) -> tuple[Array, int]:
    head = source.take(HIST16_HEAD, 1, "Hist16 header")[0]
    flag, checksum = int(head["flag"]), int(head["checksum"])
    if flag == _RAW:
        return source.take("<u2", count, "pixels"), checksum
    packed = source.take(HIST16_PACKED, 1, "Hist16 header")[0]
    stream = source.take("u1", int(packed["size"]), "packed pixels")
    inside = _bit_map(source, flag, count)
    need = 2 * count - int(np.count_nonzero(inside))
    if count and need != len(stream):
        raise source.fail(f"bit map of {need} bytes, {len(stream)} are packed")
    padded, pixels = np.append(stream, np.uint8(0)).astype("<u2"), np.empty(count, "<u2")
    for part, at, _ in _pieces(inside, 1, 2):
        short = padded[at] + packed["base"]
        pixels[part] = np.where(inside[part], short, padded[at] | padded[at + 1] << 8)
    return pixels, checksum


def _histn(source: _Bytes, size: int) -> tuple[Array, int]:
    head = source.take(HISTN_HEAD, 1, "HistN header")[0]
    flag, checksum, depth = int(head["flag"]), int(head["checksum"]), int(head["depth"])
    if depth not in (1, 2):
        raise source.fail(f"{depth} bytes per pixel; expected 1 or 2")
    count, dtype = size // depth, "<u2" if depth == 2 else "u1"
    if flag == _RAW:
        return source.take(dtype, count, "pixels"), checksum
    packed = source.take(HISTN_PACKED, 1, "HistN header")[0]
    long, short = int(packed["long"]), int(packed["short"])
    if long > 16 or short > 16:
        raise source.fail(f"pixels of {long} and {short} bits; expected at most 16")
    stream = source.take("u1", int(packed["size"]), "bit stream")
    inside = _bit_map(source, flag, count)
    near = int(np.count_nonzero(inside))
    need = near * short + (count - near) * long
    if need > 8 * len(stream):
        raise source.fail(f"bit map of {need} bits, {8 * len(stream)} are stored")
    padded, pixels = np.append(stream, np.zeros(4, "u1")), np.empty(count, dtype)
    for part, at, width in _pieces(inside, short, long):
        values = _bits(padded, at, width) + np.where(inside[part], int(packed["base"]), 0)
        pixels[part] = values.astype(dtype)
    return pixels, checksum


def _pieces(
    inside: npt.NDArray[np.bool_], short: int, long: int
) -> Iterator[tuple[slice, Array, Array]]:
    """Yield pixels a piece at a time: which, where their bits or bytes begin, how many these are.

    Bits of pixels inside the map have the width `short`, of others `long`.
    """
    begin = 0
    for first in range(0, len(inside), _PIECE):
        part = slice(first, first + _PIECE)
        width = np.where(inside[part], short, long)
        at = begin + np.cumsum(width) - width
        yield part, at, width
        begin += int(width.sum())


def _bits(stream: Array, at: Array, width: Array) -> Array:
    """Return values of `width` (at most 16) bits at bits `at` of a stream, 4 bytes behind it."""
    first = at >> 3
    low, middle, high = (stream[first + i].astype(np.int64) for i in range(3))
    word = low | middle << 8 | high << 16
    values: Array = word >> (at & 7) & ((1 << width) - 1)
    return values


def _bit_map(source: _Bytes, flag: int, count: int) -> npt.NDArray[np.bool_]:
    """Read which pixels are short, one bit each."""
    words = source.take("<u2", int(source.take("<u4", 1, "size of bit map")[0]), "bit map")
    if flag == _RUN_LENGTH:
        repeats, words = words[0::2][: len(words) // 2], words[1::2]
        if int(repeats.sum(dtype=np.int64)) * 16 > count + (1 << 20):
            raise source.fail("runs of the bit map are longer than the frame")
        words = np.repeat(words, repeats)
    elif flag != _PLAIN:
        raise source.fail(f"flag {flag} does not exist; expected 0, 1 or 3")
    bits = np.unpackbits(np.ascontiguousarray(words).view("u1"), bitorder="little")
    if len(bits) < count:
        raise source.fail(f"bit map for {len(bits)} pixels, the frame has {count}")
    return bits[:count].astype(bool)
