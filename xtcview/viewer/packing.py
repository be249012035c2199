"""Codes to fewer bytes, for links that are slow: PNG keeps every code, JPEG does not.

Code 0 (no value) must never come out of a lossy picture, nor go under in one. So the runs of
code 0 travel beside the picture, exact, and the page puts them back.
"""

from __future__ import annotations

import io
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.viewer.frames import FIRST, NO_DATA

Array = NDArray[Any]
ENCODINGS = ("raw", "png", "jpeg")
QUALITIES = (1, 95)  # of JPEG, as Pillow takes them
JPEG_SIDE = 65_500  # pixels; the format ends there
PNG_LEVEL = 1  # a quarter of the time of level 6 for 3 % more bytes


class Packed(NamedTuple):
    """Codes on their way to the page.

    Attributes
    ----------
    told : dict
        What the page must know to unpack: 'enc', and 'gaps', the checksum of the runs.
    buffers : list
        The picture; then, unless the page has them, the runs of code 0: uint32 (runs, 2) with
        first block and length, little endian.
    """

    told: dict[str, Any]
    buffers: list[Any]


def pack(codes: Array, enc: str = "raw", quality: int = 85, known: int | None = None) -> Packed:
    """Pack the codes of one frame.

    Parameters
    ----------
    codes : ndarray of uint8 (segments, block rows, block cols)
    enc : str
        One of `ENCODINGS`.
    quality : int
        Of a JPEG.
    known : int, optional
        Checksum of the runs that the page has; the same ones are not sent again.

    Raises
    ------
    ValueError
        For an encoding or a quality that there is not.
    """
    if enc not in ENCODINGS or not QUALITIES[0] <= quality <= QUALITIES[1]:
        raise ValueError(f"{enc!r}, quality {quality}: expected one of {ENCODINGS}, 1 to 95")
    rows, cols = codes.shape[0] * codes.shape[1], codes.shape[2]
    if enc == "jpeg" and max(rows, cols) > JPEG_SIDE:
        enc = "png"
    if enc == "raw":
        return Packed({"enc": enc}, [codes.data])
    if enc == "png":
        return Packed({"enc": enc}, [_picture(codes.reshape(rows, cols), enc, quality)])
    gaps = runs(codes)
    told = {"enc": enc, "gaps": zlib.crc32(gaps.tobytes())}
    picture = _picture(_filled(codes).reshape(rows, cols), enc, quality)
    return Packed(told, [picture] if told["gaps"] == known else [picture, gaps.tobytes()])


def runs(codes: Array) -> Array:
    """Return where code 0 is: uint32 (runs, 2), first block and length of each run."""
    empty = np.concatenate([[False], codes.ravel() == NO_DATA, [False]])
    edges = np.flatnonzero(empty[1:] != empty[:-1]).reshape(-1, 2)
    return np.stack([edges[:, 0], edges[:, 1] - edges[:, 0]], axis=1).astype("<u4")


def _filled(codes: Array) -> Array:
    """Put a middling code where there is none, so that no edge rings into its neighbours."""
    some = codes[::4, ::8, ::8]
    some = some[some != NO_DATA]
    middle = np.uint8(np.median(some)) if some.size else np.uint8(FIRST)
    return np.where(codes == NO_DATA, middle, codes)


def _picture(codes: Array, enc: str, quality: int) -> bytes:
    from PIL import Image  # comes with matplotlib

    out = io.BytesIO()
    options = {"quality": quality} if enc == "jpeg" else {"compress_level": PNG_LEVEL}
    Image.fromarray(codes).save(out, enc, **options)
    return out.getvalue()
