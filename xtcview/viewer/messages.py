"""What the kernel tells the page: a dict of plain values and the binary buffers beside it.

Every picture is one message. Buffers are little endian: codes uint8, levels float32, tiles
float64 with the eleven fields of `TILE` in order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xtcview.errors import XtcError
from xtcview.viewer import colours, ways
from xtcview.viewer.frames import BINNINGS, Coded, binning_for, encode
from xtcview.viewer.layout import GRID_QUADS, GRID_SECTIONS, Picture
from xtcview.viewer.packing import pack
from xtcview.viewer.reader import Reader, Shot, error_text

Array = NDArray[Any]
SHIFTING = ("mean", "min", "max")  # ops whose result moves along with the pedestal
Message = tuple[dict[str, Any], list[Any]]


def hello(reader: Reader, pictures: list[Picture], index: int) -> Message:
    """Describe the run, the detector and how its panels are drawn; sent once per view."""
    shape = reader.shape
    reader.constants()  # so that what is wrong with them is known
    content = {
        "t": "hello",
        "run": f"{reader.run.expt} run {reader.run.run()}",
        "name": reader.det.name,
        "source": str(reader.det.source),
        "n": len(reader),
        "index": index,
        "live": reader.is_live,
        "settled": reader.settled,
        "shape": list(shape),
        "f": binning_for(shape),
        "sections": GRID_SECTIONS if shape[0] == GRID_QUADS * GRID_SECTIONS else 0,
        "constants": reader.origins(),
        "pictures": [_describe(p) for p in pictures],
        "anchors": colours.ANCHORS,
        "missing": colours.MISSING,
        "label": label(reader),
        "notes": reader.trouble,
    }
    return content, [tile_bytes(p.tiles) for p in pictures]


def _describe(p: Picture) -> dict[str, Any]:
    return {"key": p.key, "label": p.label, "rows": p.rows, "cols": p.cols, "fill": p.fill}


def tile_bytes(tiles: Array) -> bytes:
    """Return the tiles as float64 (tiles, 11)."""
    columns = [tiles[name].astype("<f8") for name in tiles.dtype.names or ()]
    return np.stack(columns, axis=1).tobytes()


def _problems(reader: Reader) -> dict[str, Any]:
    """Return how many faults of the run are known by now, and the first of them."""
    problems = list(reader.run.problems)
    return {"problems": len(problems), "problem": str(problems[0]) if problems else ""}


def event(reader: Reader, index: int, f: int, asked: dict[str, Any] | None = None) -> Message:
    """Return one event as a frame, or what is known of it when there is nothing to draw.

    `asked` may name the packing: 'enc', 'quality' and 'gaps', see `packing.pack`.
    """
    return _event(reader, reader.shot(index), f, asked or {})


def glance(reader: Reader, index: int, f: int, asked: dict[str, Any]) -> Message:
    """Return one event as `event` does, read in passing."""
    return _event(reader, reader.glance(index), f, asked)


def _event(reader: Reader, shot: Shot, f: int, asked: dict[str, Any]) -> Message:
    if f not in BINNINGS:
        raise ValueError(f"binning {f}: expected one of {BINNINGS}")
    content = {
        "t": "frame",
        "index": shot.index,
        "time": shot.time,
        "seconds": shot.seconds,
        "nanoseconds": shot.nanoseconds,
        "fiducial": shot.fiducial,
        "damage": shot.damage,
        "note": shot.note,
        "faulty": shot.faulty,
        "known": shot.event is not None,
        "data": shot.raw is not None,
    } | _problems(reader)
    if shot.raw is None:
        return content, []
    coded = ways.coded(reader, shot, f)
    content["present"] = shot.present.astype(int).tolist()
    content |= {"subtracted": reader.is_subtracted, "label": label(reader)}
    packed = pack(coded.codes, **_packing(asked))
    levels = coded.levels.astype("<f4").data
    picture, *gaps = packed.buffers
    return content | _frame(coded) | packed.told, [picture, levels, *gaps]


def _packing(asked: dict[str, Any]) -> dict[str, Any]:
    known = asked.get("gaps")
    return {
        "enc": str(asked.get("enc", "raw")),
        "quality": int(asked.get("quality", 85)),
        "known": None if known is None else int(known),
    }


def _frame(coded: Coded) -> dict[str, Any]:
    return {"f": coded.f, "blocks": list(coded.codes.shape)}


def _buffers(coded: Coded) -> list[Any]:
    return [coded.codes.data, coded.levels.astype("<f4").data]


class Reduced(NamedTuple):
    """What a reduction shows of itself."""

    name: str  # of the op
    values: Array  # det.shape, ADU, exact
    drawn: Array  # the same, less the true pedestals where that has a meaning
    subtracted: bool
    calib: bool = False
    each: str = ""  # function that made the frames


def label(reader: Reader, found: Reduced | None = None) -> str:
    """Return what the values in the panes are, so that nobody takes them for others."""
    if found is not None and found.each:
        return f"{found.each}()"
    if found is not None and found.calib:
        return "calibrated"
    if found is not None:
        return "raw − pedestal" if found.subtracted else "raw"
    most = ", maximum of blocks" if reader.binning == "max" else ""
    if ways.words(reader):
        return ways.words(reader) + most
    if reader.is_calibrated:
        return f"calibrated without common mode{most}"
    return ("raw − pedestal" if reader.is_subtracted else "raw") + most


def reduced(reader: Reader, reduction: Any) -> Reduced | None:
    """Return the picture of a reduction so far: its mean, if it has one; None before the first.

    Of a reduction with groups it is that of all of them together.

    Pedestals are taken off when it is known that raw values were reduced, by an op that moves
    along with them.

    Raises
    ------
    XtcError
        When it is no reduction, or one of a detector of another shape.
    """
    parts = getattr(_reduction(reduction), "overall", reduction.partial)()
    arrays = {name: np.asarray(a) for name, a in parts.items() if a is not None}
    if not arrays:
        return None
    pictures = [name for name, a in arrays.items() if _fits(a, reader.shape)]
    name = "mean" if "mean" in arrays else next(iter(pictures or arrays))
    values = arrays[name]
    if not _fits(values, reader.shape):
        raise XtcError(
            f"the reduction is of {reduction.detector}, shape {values.shape}; this viewer shows "
            f"{reader.det.name}, shape {reader.shape}: show it in a viewer of its own detector"
        )
    values = values.reshape(reader.shape)
    pedestals, _ = reader.constants()
    each = getattr(reduction, "each", "")
    if pedestals is None or reduction.calib or each or name not in SHIFTING:
        return Reduced(name, values, values, False, reduction.calib, each)
    return Reduced(name, values, values - pedestals, True)


def _fits(values: Array, shape: tuple[int, ...]) -> bool:
    return values.size == np.prod(shape) and values.shape[-2:] == shape[-2:]


def _reduction(thing: Any) -> Any:
    if all(hasattr(thing, name) for name in ("partial", "report", "add_callback")):
        return thing
    raise XtcError(f"a reduction is shown, from xtcview.reduce(run, ...); this is {thing!r:.80}")


def account(reduction: Any, name: str = "") -> str:
    """Say how many events are in a reduction, and what became of the others."""
    report = reduction.report
    many = "event" if report.counted == 1 else "events"
    text = f"{name or 'reduction'} of {report.counted} {many}"
    if not reduction.done:
        text += f" so far, {report.selected - report.unread} of {report.selected} read"
    kinds = {"missing": "without data", "damaged": "damaged", "failed": "cannot be read"}
    counts = {words: getattr(report, kind) for kind, words in kinds.items()}
    counts["left out"] = getattr(report, "left_out", 0)
    if reduction.done:
        counts["not read"] = report.unread  # of one that was cancelled or failed
    skipped = ", ".join(f"{n} {words}" for words, n in counts.items() if n)
    return f"{text}; {skipped}" if skipped else text


def progress(reader: Reader, reduction: Any) -> Message:
    """Return the picture of a reduction so far, with how far it is."""
    content = {"t": "sum", "done": int(reduction.progress[0]), "finished": reduction.done}
    content["note"] = "" if reduction.error is None else error_text(reduction.error)
    found = reduced(reader, reduction)
    if found is None:
        return content | {"account": account(reduction), "data": False}, []
    f = binning_for(reader.shape)
    coded = encode(found.drawn, f, reader.mask(f))
    content |= {"account": account(reduction, found.name), "data": True}
    content |= {"subtracted": found.subtracted, "label": label(reader, found)}
    return content | _frame(coded), _buffers(coded)


def segment(reader: Reader, content: dict[str, Any], reduction: Any) -> Message:
    """Return the exact values of one segment, for the cursor.

    The buffers are: values (rows, cols) as the DAQ wrote them (or of the reduction, float32);
    and, when `content['constants']` asks for them, pedestals float32 and bad pixels uint8.
    """
    index, k = int(content["index"]), int(content["segment"])
    answer: dict[str, Any] = {"t": "segment", "index": index, "segment": k}
    if index < 0:
        # read before the values: those of an earlier state are never filed as the last
        answer["done"] = 0 if reduction is None else int(reduction.progress[0])
        found = None if reduction is None else reduced(reader, reduction)
        values = None if found is None else found.values[k].astype("<f4")
    else:
        raw = reader.shot(index).raw
        values = None if raw is None else np.ascontiguousarray(raw[k])
    if values is None:
        return answer | {"data": False}, []
    buffers: list[Any] = [values.tobytes()]
    if content.get("constants"):
        parts = zip(reader.constants(), ("<f4", "u1"), strict=True)
        buffers += [b"" if c is None else c[k].astype(kind).tobytes() for c, kind in parts]
    return answer | {"data": True, "dtype": values.dtype.name}, buffers
