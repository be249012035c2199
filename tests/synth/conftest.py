"""One demo run for all tests of this folder, and what it says when read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtcview.calib import constants, geometry, store
from xtcview.format import headers, tree
from xtcview.format.ids import TypeId
from xtcview.synth import DemoRun, write_demo
from xtcview.types import cspad

EVENTS = 12
SOURCE = "CxiDs1.0:Cspad.0"
SHAPE = (32, 185, 388)


@dataclass(frozen=True)
class Datagram:
    head: headers.Dgram
    data: bytes
    leaves: list[tree.Leaf]

    @property
    def time(self) -> tuple[int, int]:
        return self.head.seconds, self.head.nanoseconds

    def find(self, type_id: int) -> list[tree.Leaf]:
        return [leaf for leaf in self.leaves if headers.type_id(leaf.contains) == type_id]

    def read(self, kind: Any, config: Any = None, which: int = 0) -> Any:
        leaf = self.find(kind.TypeId)[which]
        assert headers.version(leaf.contains) == kind.Version
        return kind(self.data, leaf.start, leaf.end, config)


def datagrams(path: Path) -> Iterator[Datagram]:
    """Read a file from its first byte to its last; every container must be sound."""
    content, pos = path.read_bytes(), 0
    while pos < len(content):
        head = headers.dgram(content, pos)
        data = content[pos : pos + head.size]
        assert len(data) == head.size
        leaves, faults = tree.walk(data)
        assert not faults
        yield Datagram(head, data, leaves)
        pos += head.size


class Written:
    """A demo run read back."""

    def __init__(self, run: DemoRun) -> None:
        self.run = run
        self.files = sorted((run.path / "xtc").glob("*.xtc"))
        self.streams = {int(f.stem[-6:-4]): list(datagrams(f)) for f in self.files}

    def events(self) -> list[Datagram]:
        daq = [d for number in (0, 1) for d in self.streams[number] if d.head.service == 12]
        return sorted(daq, key=lambda d: d.time)

    def config(self) -> Any:
        return self.streams[0][0].read(cspad.ConfigV5)

    def panels(self, event: Datagram) -> np.ndarray | None:
        if not event.find(TypeId.CspadElement):
            return None
        data = event.read(cspad.DataV2, self.config())
        return np.stack([data.quads(i).data() for i in range(4)]).reshape(SHAPE)

    def constants(self, kind: str) -> np.ndarray:
        path = store.find(self.run.path / "calib", SOURCE, kind, 1)
        assert path is not None
        return constants.read_constants(path, kind, SHAPE)

    def geometry(self) -> geometry.Geometry:
        path = store.find(self.run.path / "calib", SOURCE, "geometry", 1)
        assert path is not None
        return geometry.read(path)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(write_demo(tmp_path_factory.mktemp("demo") / "out", EVENTS))


@pytest.fixture(scope="session")
def mean(demo: Written) -> np.ndarray:
    """The mean of all events less pedestals, bad pixels NaN, ADU."""
    found = [panels for panels in map(demo.panels, demo.events()) if panels is not None]
    total = np.mean(np.array(found, np.float32), axis=0) - demo.constants("pedestals")
    return np.where(demo.constants("pixel_status") == 0, total, np.nan)
