"""Write datagrams and their index with the reader's own tables.

For demo runs and tests: the bytes are those that the DAQ writes.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np

from . import index, indexer
from .headers import DGRAM, NO_FIDUCIAL, XTC, XTC_SIZE, type_word
from .ids import Level, Transition, TypeId
from .src import Src

_CONTAINER = type_word(TypeId.Xtc, 1)


def xtc(word: int, src: Src, payload: bytes = b"", damage: int = 0) -> bytes:
    """Return one container or leaf; its payload is padded to a multiple of 4 bytes."""
    payload += bytes(-len(payload) % 4)
    head = np.zeros((), XTC)
    head["damage"], head["log"], head["phy"], head["contains"] = damage, src.log(), src.phy(), word
    head["extent"] = XTC_SIZE + len(payload)
    return head.tobytes() + payload


def container(src: Src, *children: bytes, damage: int = 0) -> bytes:
    """Return a container around other containers and leaves, such as a segment."""
    return xtc(_CONTAINER, src, b"".join(children), damage)


def datagram(
    service: int,
    time: tuple[int, int],
    fiducial: int = NO_FIDUCIAL,
    *children: bytes,
    env: int = 0,
    vector: int = 0,
    ticks: int = 0,
    damage: int = 0,
) -> bytes:
    """Return one datagram.

    Parameters
    ----------
    service : int
        `ids.Transition`.
    time : (int, int)
        Seconds and nanoseconds.
    fiducial : int
        360 Hz pulse id of an event; transitions have none.
    *children : bytes
        Segments, from `container`.
    env : int
        The run number in BeginRun.
    """
    root = xtc(_CONTAINER, Src(Level.Event << 24, 0), b"".join(children), damage)
    control = service if service == Transition.L1Accept else 0x80 | service
    head = np.zeros((), DGRAM)
    head["seconds"], head["nanoseconds"] = time
    head["low"], head["high"] = control << 24 | ticks, vector << 17 | fiducial
    head["env"], head["root"] = env, np.frombuffer(root, XTC, 1)[0]
    return head.tobytes() + root[XTC_SIZE:]


class StreamWriter:
    """Writes one .xtc file and, when closed, its index beside it (``index/<name>.idx``).

    Parameters
    ----------
    folder : path
        Folder of the run; made when missing.
    name : str
        File name, such as 'e158-r0034-s00-c00.xtc'.

    Use as a context manager.
    """

    def __init__(self, folder: str | Path, name: str) -> None:
        self.path = Path(folder) / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w+b")

    def write(self, dgram: bytes) -> int:
        """Append a datagram; return the byte at which it begins."""
        offset = self._file.tell()
        self._file.write(dgram)
        return offset

    def __enter__(self) -> StreamWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the index and close the file."""
        if self._file.closed:
            return
        with self._file as file:
            size = file.tell()

            def read(offset: int, count: int) -> bytes:
                file.seek(offset)
                return file.read(count)

            found = indexer.scan(read, size, self.path.name).index
        target = self.path.parent / "index" / f"{self.path.name}.idx"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(index.encode(found))
