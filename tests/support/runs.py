"""Small runs, made for one test with the writer.

Event `i` of step `s` has the time (T0 + 100 * s + 20, i * TICK) and the fiducial
3 * (1000 * s + i); its camera frame is filled with 1000 * s + i.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xtcview.format import writer
from xtcview.format.headers import type_word
from xtcview.format.ids import Level, Transition, TypeId
from xtcview.format.src import BldInfo, Src, det_info
from xtcview.types import bld, camera, control, epics, pulnix
from xtcview.types.record import encode

T0 = 1_400_000_000  # s, clock of Configure
TICK = 8_333_333  # ns between events
CAMERA = det_info(28, 0, 4, 0)  # CxiDg2.0:Tm6740.0
CAMERA_2 = det_info(35, 0, 3, 0)  # CxiSc1.0:Opal1000.0
ARCHIVER = det_info(9, 0, 0, 0)  # EpicsArch.0:NoDevice.0
EBEAM = BldInfo(Level.Reporter << 24, 0)
NAME = "e7-r0003-s{stream:02d}-c{chunk:02d}.xtc"


def segment(number: int) -> Src:
    """A process of the data acquisition."""
    return Src(Level.Segment << 24 | 1000 + number, 0xAC152800 + number)


def leaf(kind: Any, src: Src, payload: bytes, damage: int = 0) -> bytes:
    """A payload of a record class."""
    return writer.xtc(type_word(kind.TypeId, kind.Version), src, payload, damage)


def frame(value: int, src: Src = CAMERA, damage: int = 0, shape: tuple[int, int] = (2, 3)) -> bytes:
    """A 12-bit camera frame, all pixels alike."""
    pixels = np.full(shape, value, "<u2").tobytes()
    payload = encode(
        camera.FrameV1, width=shape[1], height=shape[0], depth=12, offset=32, _pixel_data=pixels
    )
    return leaf(camera.FrameV1, src, payload, damage)


def ebeam(charge: float, damage: int = 0) -> bytes:
    """An electron beam record."""
    payload = encode(bld.BldDataEBeamV7, ebeamCharge=charge)
    return leaf(bld.BldDataEBeamV7, EBEAM, payload, damage)


def camera_segment(value: int, src: Src = CAMERA, damage: int = 0) -> bytes:
    """A readout process with one camera frame."""
    return writer.container(segment(1), frame(value, src, damage))


def scan_step(position: float) -> bytes:
    """What BeginCalibCycle holds in a scan."""
    value = encode(control.PVControl, name=b"motor", index=0xFFFFFFFF, value=position)
    payload = encode(control.ConfigV3, npvControls=1, pvControls=value)
    return leaf(control.ConfigV3, Src(Level.Control << 24 | 9, 0), payload)


def pulnix_config(src: Src = CAMERA) -> bytes:
    """A camera's configuration, in its process."""
    payload = encode(pulnix.TM6740ConfigV2, gain_a=7)
    return writer.container(segment(1), leaf(pulnix.TM6740ConfigV2, src, payload))


def time_of(i: int, step: int = 0) -> tuple[int, int]:
    """Clock of an event, (seconds, nanoseconds)."""
    return T0 + 100 * step + 20, i * TICK


def fiducial_of(i: int, step: int = 0) -> int:
    """Fiducial of an event."""
    return 3 * (1000 * step + i)


def event(i: int, *segments: bytes, step: int = 0, **header: Any) -> bytes:
    """An L1Accept; without segments it has a camera frame."""
    content = segments or (camera_segment(1000 * step + i),)
    place = {"time": time_of(i, step), "fiducial": fiducial_of(i, step)}
    place |= {k: header.pop(k) for k in ("time", "fiducial") if k in header}
    return writer.datagram(
        Transition.L1Accept, place["time"], place["fiducial"], *content, vector=i, **header
    )


def begin(*configuration: bytes, run: int = 3) -> list[bytes]:
    """Configure and BeginRun."""
    return [
        writer.datagram(Transition.Configure, (T0, 0), 0x1FFFF, *configuration),
        writer.datagram(Transition.BeginRun, (T0 + 1, 0), env=run),
    ]


def cycle(step: int, events: Iterable[bytes], *configuration: bytes) -> list[bytes]:
    """A calib cycle: BeginCalibCycle, Enable, events, Disable, EndCalibCycle."""
    at = T0 + 100 * step
    return [
        writer.datagram(Transition.BeginCalibCycle, (at + 10, 0), 0x1FFFF, *configuration),
        writer.datagram(Transition.Enable, (at + 11, 0)),
        *events,
        writer.datagram(Transition.Disable, (at + 90, 0)),
        writer.datagram(Transition.EndCalibCycle, (at + 91, 0)),
    ]


def end() -> list[bytes]:
    """EndRun."""
    return [writer.datagram(Transition.EndRun, (T0 + 99_999, 0))]


def simple(events: int = 4, steps: int = 1, *configuration: bytes) -> list[bytes]:
    """A whole stream: a camera, `events` in each of `steps` calib cycles."""
    found = begin(pulnix_config(), *configuration)
    for step in range(steps):
        numbers = range(events)
        found += cycle(step, [event(i, step=step) for i in numbers], scan_step(float(step)))
    return found + end()


def write(
    folder: Path, datagrams: Sequence[bytes], stream: int = 0, chunk: int = 0, index: bool = True
) -> Path:
    """Write one file of run 3 of experiment 7, and its index."""
    path = folder / NAME.format(stream=stream, chunk=chunk)
    with writer.StreamWriter(folder, path.name) as file:
        for dgram in datagrams:
            file.write(dgram)
    if not index:
        index_of(path).unlink()
    return path


def index_of(path: Path) -> Path:
    """Where the index of a file lies."""
    return path.parent / "index" / f"{path.name}.idx"


def _dbr(kind: Any) -> Any:
    """Record class of the part of an EPICS record that has alarm state, time or limits."""
    return next(field[1] for field in kind.FIELDS if field[0] == "dbr")


def _epics(kind: Any, pv_id: int, code: int, value: float, src: Src, **fields: bytes) -> bytes:
    data = np.array([value], "<f8").tobytes()
    payload = encode(kind, pvId=pv_id, dbrType=code, numElements=1, data=data, **fields)
    return writer.xtc(type_word(TypeId.Epics, 1), src, payload)


def pv_ctrl(pv_id: int, name: str, value: float, src: Src = ARCHIVER) -> bytes:
    """Name and first value of a process variable."""
    kind = epics.RECORDS[34]
    return _epics(kind, pv_id, 34, value, src, pvName=name.encode(), dbr=encode(_dbr(kind)))


def pv_time(pv_id: int, value: float, stamp: int = 100, src: Src = ARCHIVER) -> bytes:
    """An archived value of a process variable."""
    kind = epics.RECORDS[20]
    dbr = encode(_dbr(kind), stamp=encode(epics.epicsTimeStamp, sec=stamp))
    return _epics(kind, pv_id, 20, value, src, dbr=dbr)


def pv_aliases(*names: tuple[int, str], src: Src = ARCHIVER) -> bytes:
    """Aliases of process variables, by their number."""
    rows = b"".join(encode(epics.PvConfigV1, pvId=i, description=n.encode()) for i, n in names)
    payload = encode(epics.ConfigV1, numPv=len(names), getPvConfig=rows)
    return leaf(epics.ConfigV1, src, payload)


def archiver(*values: bytes, number: int = 9) -> bytes:
    """The archiver's process; without values its container is empty, as the DAQ writes it."""
    return writer.container(segment(number), *values)
