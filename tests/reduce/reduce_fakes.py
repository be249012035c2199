"""Runs made of numbers, opened by a text, so that any process can open the same one.

A text is JSON with the fields of `FakeRun`.
"""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from xtcview.errors import FormatError, RunNotFoundError, SourceError
from xtcview.run.table import Scalars

LIBRARY = "reduce_fakes"  # has `open` and `Detector`, as xtcview has


@dataclass(frozen=True)
class FakeTime:
    index: int

    def time(self) -> int:
        return (1_371_300_000 + self.index) << 32

    def fiducial(self) -> int:
        return 3 * self.index + 7


@dataclass
class FakeEvent:
    number: int
    word: int
    problems: list

    def damage(self, src: object) -> int:
        assert src == "CxiDs1.0:Cspad.0"
        return self.word


@dataclass
class FakeRun:
    n: int = 40
    shape: tuple[int, int, int] = (3, 4, 5)
    dtype: str = "<i2"
    damaged: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)  # no data of the detector
    absent: list[int] = field(default_factory=list)  # run.event gives None
    failing: list[int] = field(default_factory=list)  # reading raises
    unread: list[int] = field(default_factory=list)  # no data, and a problem says why
    partial: list[int] = field(default_factory=list)  # segment 1 is missing
    infinite: list[int] = field(default_factory=list)  # calib gives nan
    killing: list[int] = field(
        default_factory=list
    )  # kills its process, as long as `lives` has files
    lives: str = ""  # folder
    delay: float = 0.0  # s per event
    hanging: list[int] = field(default_factory=list)  # these take `hang` s, or more
    hang: float = 0.0
    stubborn: bool = False  # these swallow what would interrupt them
    leaving: list[int] = field(default_factory=list)  # these end Python
    blind: list[int] = field(default_factory=list)  # processes that cannot open it
    broken: bool = False  # cannot be opened twice
    calib_dir: str = "/data/calib"
    closed: bool = False

    @property
    def spec(self) -> str:
        return json.dumps(asdict(self))

    def times(self) -> list[FakeTime]:
        return [FakeTime(i) for i in range(self.n)]

    def event(self, number: int) -> FakeEvent | None:
        assert not self.closed
        time.sleep(self.delay)
        if number in self.killing:
            self._die()
        if number in self.hanging:
            self._hang()
        if number in self.leaving:
            raise SystemExit(3)
        if number in self.absent:
            return None
        if number in self.failing:
            raise FormatError("extent 12 where at least 20 was expected", "e1-r0034.xtc", 4096)
        problem = SimpleNamespace(file="e1-r0034.xtc", what="the file ends at byte 99")
        return FakeEvent(
            number, 0x4000 if number in self.damaged else 0, [problem] * (number in self.unread)
        )

    def _die(self) -> None:
        for life in sorted(Path(self.lives).iterdir()):
            life.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    def _hang(self) -> None:
        end = time.monotonic() + self.hang
        while time.monotonic() < end:
            try:
                time.sleep(end - time.monotonic())
            except TimeoutError:
                if not self.stubborn:
                    raise

    def close(self) -> None:
        self.closed = True

    def run(self) -> int:
        return 34

    def scalars(self, fields: list[str]) -> Scalars:
        """Return 'x', half of the number, which every fifth event lacks, and others."""
        numbers = np.arange(self.n)
        every = np.ones(self.n, bool)
        known = {
            "x": (np.where(numbers % 5 == 4, np.nan, numbers / 2), numbers % 5 != 4),
            "step": (numbers // 10, every),
            "eventcode.140": (numbers % 3 == 0, numbers % 7 != 6),
            "Gas.f_11": (numbers.astype("f4"), every),
            "A:B-C": (numbers.astype("i2") * 1000, every),
            "wave": (np.zeros((self.n, 4)), every),
        }
        for name in fields:
            if name not in known:
                raise SourceError(f"{name!r} is no field")
        columns = {name: known[name][0] for name in fields}
        return Scalars(columns, {name: known[name][1] for name in fields})


@dataclass
class FakeDetector:
    run: FakeRun
    name: str = "cspad"
    source: str = "CxiDs1.0:Cspad.0"

    @property
    def shape(self) -> tuple[int, int, int]:
        return tuple(self.run.shape)

    def frame(self, number: int) -> np.ndarray:
        """Return the whole frame of an event, all of the dtype's range."""
        info = np.iinfo(self.run.dtype)
        rng = np.random.default_rng(number)
        return rng.integers(info.min, info.max, self.shape, self.run.dtype, endpoint=True)

    def read(self, evt: FakeEvent) -> SimpleNamespace | None:
        panels = self.raw(evt)
        return (
            panels if panels is None else SimpleNamespace(panels=panels, present=self.present(evt))
        )

    def raw(self, evt: FakeEvent) -> np.ndarray | None:
        if evt.number in self.run.empty or evt.number in self.run.unread:
            return None
        frame = self.frame(evt.number)
        frame[~self.present(evt)] = 0
        return frame[0] if len(frame) == 1 else frame  # a camera has two axes

    def calib(self, evt: FakeEvent) -> np.ndarray | None:
        raw = self.raw(evt)
        if raw is None:
            return None
        calib = raw.astype(np.float32) / np.float32(7.3) - np.float32(1.1)
        if evt.number in self.run.infinite:
            calib[0] = np.nan
        return calib

    def present(self, evt: FakeEvent) -> np.ndarray:
        present = np.ones(self.shape[0], bool)
        if evt.number in self.run.partial:
            present[1] = False
        return present


def Detector(name: str | None, run: FakeRun) -> FakeDetector:
    if name not in (None, "cspad"):
        raise SourceError(f"no detector {name!r}")
    return FakeDetector(run)


def open(spec: str) -> FakeRun:
    run = FakeRun(**json.loads(spec))
    if run.broken or os.getpid() in run.blind:
        raise RunNotFoundError("/data/xtc: no such folder on this machine")
    return run


def expected(run: FakeRun, numbers: list[int]) -> dict[str, np.ndarray]:
    """Compute sum, mean and the rest the slow and plain way, from whole frames."""
    det = FakeDetector(run)
    frames = np.array([det.frame(k) for k in numbers], np.int64)
    held = np.array([det.present(FakeEvent(k, 0, [])) for k in numbers])[..., None, None]
    held = np.broadcast_to(held, frames.shape)
    n = held.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = (frames * held).sum(axis=0)
        mean = total / n
        square = (frames**2 * held).sum(axis=0)
        return {
            "sum": total,
            "mean": mean,
            "std": np.sqrt(np.maximum(square / n - mean**2, 0)),
            "min": np.where(n > 0, np.where(held, frames, 1 << 20).min(axis=0), np.nan),
            "max": np.where(n > 0, np.where(held, frames, -(1 << 20)).max(axis=0), np.nan),
        }
