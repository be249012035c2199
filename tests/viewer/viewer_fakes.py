"""A run and a detector made of numbers: the event's own number is in its pixels.

Bit k of the event number is a block of 60 x 60 pixels in segment MARKED, bright when the bit is
set and dark when it is not.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from xtcview.calib.geometry import Geometry, Orientation, quads_example, tiles, upright
from xtcview.detector import Raw
from xtcview.errors import FormatError
from xtcview.reduce.report import Report
from xtcview.run.files import Problem

SHAPE = (32, 185, 388)
MARKED = 13
BLOCK = 60
BITS = 8
BASE = 1_371_300_000  # seconds since 1970: June 2013
PEDESTAL = 1200
WHITE, BLACK = PEDESTAL + 150, PEDESTAL - 20


def block_corner(bit: int) -> tuple[int, int]:
    """Return row and column of the first pixel of the block of one bit."""
    return 15 + 85 * (bit // 4), 14 + 97 * (bit % 4) + 4 * (bit % 4 > 1)


def number_blocks(number: int, panel: np.ndarray, white: int = WHITE, black: int = BLACK) -> None:
    """Draw a number into one (185, 388) panel."""
    for bit in range(BITS):
        r, c = block_corner(bit)
        panel[r : r + BLOCK, c : c + BLOCK] = white if number >> bit & 1 else black


def read_number(panel: np.ndarray) -> int:
    """Read the number from one panel."""
    corners = [block_corner(bit) for bit in range(BITS)]
    return sum(
        int(panel[r + BLOCK // 2, c + BLOCK // 2] > PEDESTAL + 75) << bit
        for bit, (r, c) in enumerate(corners)
    )


@dataclass(frozen=True)
class FakeTime:
    index: int

    def seconds(self) -> int:
        return BASE + self.index // 120

    def nanoseconds(self) -> int:
        return self.index % 120 * 8_333_333

    def fiducial(self) -> int:
        return 3 * self.index + 7

    def time(self) -> int:
        return self.seconds() << 32 | self.nanoseconds()


@dataclass
class FakeEvent:
    index: int
    word: int = 0
    problems: list[Problem] = field(default_factory=list)

    def damage(self, src: object) -> int:
        return self.word


@dataclass
class FakeRun:
    """Events by number; those named in a set are special."""

    n: int = 64
    shape: tuple[int, int, int] = SHAPE
    damaged: frozenset[int] = frozenset({5})
    without: frozenset[int] = frozenset({7})  # the event exists, the detector has no data in it
    unreadable: frozenset[int] = frozenset({9})
    partial: frozenset[int] = frozenset({10})
    lost: frozenset[int] = frozenset({11})  # the detector's payload cannot be read
    torn: frozenset[int] = frozenset({12})  # another part of the event cannot be read
    pedestal: bool = True
    delay: float = 0.0
    expt: str = "fake12345"
    problems: list[Problem] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)

    spec = "exp=fake12345:run=34"

    def times(self) -> list[FakeTime]:
        return [FakeTime(i) for i in range(self.n)]

    def run(self) -> int:
        return 34

    def peek(self, index: int) -> FakeEvent:
        self.reads.append(index)
        if self.delay:
            time.sleep(self.delay)
        if index in self.unreadable:
            what = "extent 12 where at least 20 was expected; the event is lost"
            raise FormatError(what, "e1-r0034-s00-c00.xtc", 4096)
        faults = []
        if index in self.lost | self.torn:
            faults = [Problem("/data/e1-r0034-s00-c00.xtc", 8192, "no such version", "not given")]
        return FakeEvent(index, (1 << 14 | 1 << 1) if index in self.damaged else 0, faults)

    def detector(self, name: str | None = None) -> FakeDetector:
        return FakeDetector(self, name or "cspad")


class FakeDetector:
    """The part of a detector that the viewer asks for."""

    source = "CxiDs1.0:Cspad.0"
    alias = "DscCsPad"

    def __init__(self, run: FakeRun, name: str) -> None:
        self.run, self.name, self.shape = run, name, run.shape
        self.orientation: Orientation | None = None
        rng = np.random.default_rng(7)
        y, x = np.mgrid[-1:1:185j, -1:1:388j]
        ring = 60 * np.exp(-((np.hypot(x, y) - 0.6) ** 2) / 0.02)
        noise = rng.normal(PEDESTAL, 5, (4, *SHAPE)) + ring
        self._noise = noise.astype(np.int16)
        self._bad = np.zeros(SHAPE, bool)
        self._bad[20, 100:140, 300:340] = True

    def read(self, evt: FakeEvent) -> Raw | None:
        if evt.index in self.run.without | self.run.lost:
            return None
        raw = self._noise[evt.index % 4].copy()
        number_blocks(evt.index, raw[MARKED])
        raw[:, 3, 5] = evt.index
        present = np.ones(32, bool)
        if evt.index in self.run.partial:
            present[24:] = False
        raw[~present] = 0
        return Raw(raw, present)

    def pedestals(self, run: int) -> np.ndarray | None:
        return np.full(SHAPE, PEDESTAL, np.float32) if self.run.pedestal else None

    def bad(self, run: int) -> np.ndarray:
        return self._bad

    def constants(self, run: int) -> dict[str, str]:
        return {"pedestals": "LOADED 30-end.data", "geometry": "LOADED 0-end.data"}

    def geometry(self, run: int) -> Geometry:
        return quads_example()

    def tiles(self, run: int) -> np.ndarray:
        if self.orientation is None:
            self.orientation = upright(quads_example())
        return tiles(quads_example(), self.orientation)


class FakeReduction:
    """A mean that grows: n events of constant value."""

    detector = "cspad"
    calib = False
    error: Exception | None = None

    def __init__(self, total: int = 100, shape: tuple[int, int, int] = SHAPE) -> None:
        self.total, self.n, self.callbacks = total, 0, []
        self.shape, self.skipped = shape, ()

    @property
    def report(self) -> Report:
        return Report(self.total, self.n - len(self.skipped), self.skipped)

    @property
    def progress(self) -> tuple[int, int]:
        return self.n, self.total

    @property
    def done(self) -> bool:
        return self.n >= self.total

    def partial(self) -> dict[str, np.ndarray | None]:
        if not self.n:
            return {"mean": None}
        mean = np.full(self.shape, PEDESTAL + 1.5)
        if self.shape == SHAPE:
            number_blocks(self.n, mean[MARKED])
        return {"mean": mean}

    def add_callback(self, fn) -> None:
        self.callbacks.append(fn)

    def advance(self, n: int) -> None:
        self.n = n
        for fn in list(self.callbacks):
            fn(self)
