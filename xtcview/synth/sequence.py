"""The demo run's datagrams in order of time, dealt over the streams as the DAQ deals them.

Time is counted in beats of the accelerator's 360 Hz clock, from which the pulse id (fiducial)
and the UNIX time both follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xtcview.format.headers import FIDUCIALS, NO_FIDUCIAL
from xtcview.format.ids import Damage, Transition
from xtcview.format.writer import datagram

from . import epics, records
from .physics import Scene, mean_photons
from .sensor import Sensor, read_out

RUN = 1
DAQ_STREAMS = (0, 1)
IOC_STREAM = 80  # the first number that is not the DAQ's
STREAMS = (*DAQ_STREAMS, IOC_STREAM)
POSITIONS = (0.0, 0.5)  # mm, of the scanned motor: one calib cycle each
CAMERA_PERIOD = 4  # events between two frames: the camera runs at 30 Hz

_BEGIN = 1_400_000_000  # s, UNIX time of Configure
_EVENT_BEATS = 3  # 120 Hz
_BEGIN_RUN = 720  # beats after Configure
_FIRST_CYCLE = _BEGIN_RUN + 360
_LEAD = 72  # beats from BeginCalibCycle to its first event
_FIRST_EVENT = _FIRST_CYCLE + _LEAD
_WRAP = 20  # the pulse id begins anew at this event
_IOC_AHEAD = 137_000_000  # ns: the recorder of the camera has a clock of its own
_EVR, _EPICS, _CSPAD, _BEAM_LINE, _CAMERA = range(1, 6)  # readout processes


@dataclass(frozen=True, eq=False)
class Demo:
    """What the datagrams are made from.

    Attributes
    ----------
    scene, sensor
        The experiment and its detector.
    shots : ndarray of physics.SHOT
        Shape (events,).
    seed : int
        Event number n draws from the generator of (seed, n).
    damaged, dropped : int or None
        Events whose CSPAD contribution is damaged, and lost.
    run : int
        Run number.
    """

    scene: Scene
    sensor: Sensor
    shots: np.ndarray
    seed: int
    damaged: int | None
    dropped: int | None
    run: int = RUN


def datagrams(demo: Demo) -> Iterator[tuple[int, bytes, int | None]]:
    """Yield (stream, datagram, event number); the number is None for transitions.

    All streams get every transition, each event goes to one DAQ stream, and the IOC stream gets
    a camera frame with every `CAMERA_PERIOD`-th event.
    """
    half = (len(demo.shots) + 1) // 2
    cycles = (range(half), range(half, len(demo.shots)))
    first = records.scan_point(POSITIONS[0], half)
    camera = [records.segment(_CAMERA, records.camera_config())]
    yield from _everywhere(Transition.Configure, 0, _configure(first), camera)
    yield from _everywhere(Transition.BeginRun, _BEGIN_RUN, env=demo.run)
    beat = _FIRST_CYCLE
    for position, numbers in zip(POSITIONS, cycles, strict=True):
        point = records.scan_point(position, len(numbers))
        yield from _everywhere(Transition.BeginCalibCycle, beat, [point])
        yield from _everywhere(Transition.Enable, beat + _LEAD // 2)
        beat += _LEAD
        for number in numbers:
            archive = (number - numbers[0]) % epics.PERIOD == 0
            yield from _event(demo, number, beat, epics.values(number, position), archive)
            beat += _EVENT_BEATS
        yield from _everywhere(Transition.Disable, beat + 90)
        yield from _everywhere(Transition.EndCalibCycle, beat + 108)
        beat += 360
    yield from _everywhere(Transition.EndRun, beat)
    yield from _everywhere(Transition.Unconfigure, beat + 360)


def clock(beat: int, ahead: int = 0) -> tuple[int, int]:
    """Return the time (seconds, nanoseconds) of a beat, `ahead` nanoseconds later."""
    seconds, nanoseconds = divmod(beat * 10**9 // 360 + ahead, 10**9)
    return _BEGIN + seconds, nanoseconds


def fiducial(beat: int) -> int:
    """Return the pulse id of a beat."""
    return (beat - _FIRST_EVENT - _WRAP * _EVENT_BEATS) % FIDUCIALS


def _everywhere(
    service: Transition,
    beat: int,
    daq: list[bytes] | None = None,
    ioc: list[bytes] | None = None,
    env: int = 0,
) -> Iterator[tuple[int, bytes, int | None]]:
    """Yield a transition for every stream; the IOC recorder does not know the run number."""
    for stream in STREAMS:
        is_daq = stream in DAQ_STREAMS
        leaves = (daq if is_daq else ioc) or []
        dgram = datagram(service, clock(beat), NO_FIDUCIAL, *leaves, env=env if is_daq else 0)
        yield stream, dgram, None


def _configure(point: bytes) -> list[bytes]:
    """Return what the DAQ says in Configure."""
    return [
        point,
        records.names(),
        records.members(),
        records.segment(_EVR, records.evr_config()),
        records.segment(_EPICS, *epics.names(epics.values(0, POSITIONS[0]))),
        records.segment(_CSPAD, records.cspad_config()),
        records.segment(_BEAM_LINE),
    ]


def _event(
    demo: Demo, number: int, beat: int, pvs: tuple[epics.Value, ...], archive: bool
) -> Iterator[tuple[int, bytes, int | None]]:
    """Yield the datagrams of one event; its EPICS values are there only if archived."""
    # number + 1: (seed, 0) would give the numbers that the detector was drawn with
    rng, xrays = np.random.default_rng((demo.seed, number + 1)), demo.shots[number]["intensity"]
    samples = epics.samples(pvs, clock(beat)) if archive else []
    damage, cspad = _cspad(rng, demo, number, fiducial(beat))
    segments = [
        records.segment(_EVR, records.evr_data(fiducial(beat), xrays > 0)),
        records.segment(_EPICS, *samples),
        *cspad,
        records.segment(_BEAM_LINE, *records.beam_line(rng, xrays, demo.shots[number]["energy"])),
    ]
    stamp = {"vector": number & 0x7FFF, "ticks": 11000, "env": 1, "damage": damage}
    dgram = datagram(Transition.L1Accept, clock(beat), fiducial(beat), *segments, **stamp)
    yield DAQ_STREAMS[number % len(DAQ_STREAMS)], dgram, number
    if number % CAMERA_PERIOD == 0:
        frame = records.segment(_CAMERA, records.camera_frame(rng, xrays))
        dgram = datagram(Transition.L1Accept, clock(beat, _IOC_AHEAD), fiducial(beat), frame)
        yield IOC_STREAM, dgram, None


def _cspad(
    rng: np.random.Generator, demo: Demo, number: int, pulse_id: int
) -> tuple[int, list[bytes]]:
    """Return the damage of the event, and the segment of the CSPAD unless it is lost."""
    if number == demo.dropped:
        return Damage.DroppedContribution, []
    damage = int(Damage.OutOfOrder) if number == demo.damaged else 0
    shot = demo.shots[number]
    mean = mean_photons(rng, demo.scene, shot)
    panels = read_out(rng, demo.sensor, mean, shot["energy"])
    data = records.cspad_data(panels, number, pulse_id, damage)
    return damage, [records.segment(_CSPAD, data, damage=damage)]
