"""Runs of one event with one area detector, made from the type tables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import xtcview
from tests.support import runs
from xtcview.format import writer
from xtcview.format.ids import DEVICES
from xtcview.format.src import Src, det_info
from xtcview.types import epix, jungfrau
from xtcview.types.record import encode

STATION = 24  # CxiEndstation
Part = tuple[Any, bytes]  # a record class and its payload


def source(device: str) -> Src:
    """CxiEndstation.0:<device>.0."""
    return det_info(STATION, 0, DEVICES.index(device), 0)


def name(device: str) -> str:
    """The same as text."""
    return f"CxiEndstation.0:{device}.0"


def open_run(
    folder: Path, device: str, config: Iterable[Part], data: Iterable[Part], damage: int = 0
) -> Any:
    """Write a run: event 0 has the data, event 1 has none."""
    src = source(device)
    configs = [runs.leaf(kind, src, payload) for kind, payload in config]
    leaves = [runs.leaf(kind, src, payload, damage) for kind, payload in data]
    head = runs.begin(writer.container(runs.segment(1), *configs), runs.pulnix_config())
    events = [
        runs.event(0, writer.container(runs.segment(1), *leaves)),
        runs.event(1, runs.camera_segment(5)),
    ]
    runs.write(folder, [*head, *runs.cycle(0, events)])
    return xtcview.open(folder)


def pixels(*shape: int, step: int = 977, start: int = 11) -> Any:
    """Different uint16 in every pixel, all bits in use."""
    count = int(np.prod(shape))
    return ((np.arange(count, dtype="u8") * step + start) % 65521).astype("<u2").reshape(shape)


def jungfrau_parts(frame: Any, version: int = 3) -> tuple[list[Part], list[Part]]:
    """Configuration and data of a Jungfrau with this frame."""
    modules, rows, cols = frame.shape
    kind = jungfrau.Config[version - 1]
    config = encode(
        kind, numberOfModules=modules, numberOfRowsPerModule=rows, numberOfColumnsPerModule=cols
    )
    if version < 3:
        return [(kind, config)], [(jungfrau.ElementV1, encode(jungfrau.ElementV1, frame=frame))]
    info = encode(jungfrau.ModuleInfoV1, moduleID=3) * modules
    data = encode(jungfrau.ElementV2, moduleInfo=info, frame=frame)
    return [(kind, config)], [(jungfrau.ElementV2, data)]


def epix_sizes(rows: int, cols: int) -> dict[str, int]:
    """Sizes of a panel of 2 x 2 ASICs."""
    return {
        "numberOfAsicsPerRow": 2,
        "numberOfAsicsPerColumn": 2,
        "numberOfRowsPerAsic": rows // 2,
        "numberOfReadableRowsPerAsic": rows // 2,
        "numberOfPixelsPerAsicRow": cols // 2,
        "calibrationRowCountPerASIC": 1,
        "environmentalRowCountPerASIC": 1,
    }


def epix_config(kind: Any, rows: int, cols: int, bits: Any = None, trbits: Any = ()) -> bytes:
    """Configuration of one panel; asicPixelConfigArray as given, trbit of each ASIC."""
    asic = next(field[1] for field in kind.FIELDS if field[0] == "asics")
    given = list(trbits) or [0] * 4
    has_trbit = "trbit" in asic.BITS
    asics = b"".join(encode(asic, **({"trbit": t} if has_trbit else {})) for t in given)
    array = np.zeros((rows, cols), "<u2") if bits is None else np.asarray(bits, "<u2")
    calib = np.zeros((1, cols), "u1")
    parts = {"asics": asics, "asicPixelConfigArray": array, "calibPixelConfigArray": calib}
    return encode(kind, **epix_sizes(rows, cols), **parts)


def epix_element(kind: Any, frame: Any) -> bytes:
    """Data of one panel."""
    cols = frame.shape[1]
    calib = np.zeros((2, cols), "<u2")
    wide = kind is epix.ElementV3
    environment = np.zeros((2, cols // 2 if wide else cols), "<u4" if wide else "<u2")
    return encode(
        kind,
        frame=frame,
        calibrationRows=calib,
        environmentalRows=environment,
        temperatures=np.zeros(4, "<u2"),
        lastWord=np.zeros(1, "<u4"),
    )


def epix_modules(kind: Any, panels: int, bits: Any, trbits: Any) -> bytes:
    """Configuration of a quad or 2M: bits (panels, 352, 384), trbits (panels, 4)."""
    elements = []
    for panel in range(panels):
        asics = b"".join(encode(epix.Asic10kaConfigV1, trbit=int(t)) for t in trbits[panel])
        array = np.asarray(bits[panel], "<u2")
        elements.append(encode(epix.Elem10kaConfigV1, asics=asics, asicPixelConfigArray=array))
    return encode(kind, elemCfg=b"".join(elements))


def epix_array(frame: Any) -> bytes:
    """Data of a quad or 2M."""
    panels = len(frame)
    return encode(
        epix.ArrayV1,
        frame=frame,
        calibrationRows=np.zeros((panels, 4, 384), "<u2"),
        environmentalRows=np.zeros((panels, 2, 192), "<u4"),
        temperatures=np.zeros(4 * panels, "<u2"),
    )
