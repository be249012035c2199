"""Make the index of an .xtc file by reading its headers once.

Follows the DAQ's own index tool in what it lists and in which order (pdsdata/index
IndexList.cc, XtcIterL1Accept.hh), so that the result is the same file, byte for byte.
"""

from __future__ import annotations

from .headers import DGRAM_SIZE, Dgram, dgram
from .ids import Transition
from .index import Index
from .indexbuilder import Builder
from .tree import root_fault
from .window import Read, Window

_EVENT = int(Transition.L1Accept)


class Scanner:
    """Indexes a file in one pass, which can go on when the file has grown.

    Parameters
    ----------
    read : callable
        ``read(offset, size) -> bytes``.
    name : str
        Base name of the .xtc file.

    Attributes
    ----------
    end : int
        Byte behind the last whole datagram that was read.
    fault : str
        Why the pass ended there; empty at the end of the file.
    last : Dgram or None
        Header of the last whole datagram.
    transitions : list of (int, Dgram)
        Byte offset and header of every datagram that is not an L1Accept.
    """

    def __init__(self, read: Read, name: str) -> None:
        self.name, self.end, self.fault = name, 0, ""
        self.last: Dgram | None = None
        self.transitions: list[tuple[int, Dgram]] = []
        self._builder, self._window = Builder(), Window(read)

    def advance(self, size: int, stop: int | None = None) -> None:
        """Read on to the end of a file of `size` bytes, or to a datagram that is not whole.

        With `stop`, only to the first datagram that begins at or behind this byte.
        """
        self._window.data, self.fault = b"", ""  # bytes seen at the last end may be zeros no more
        while self.end < (size if stop is None else stop):
            left = size - self.end
            if left < DGRAM_SIZE:
                wanted = f"a {DGRAM_SIZE}-byte datagram header was expected"
                self.fault = f"{left} bytes left where {wanted}"
                return
            head = dgram(self._window.get(self.end, DGRAM_SIZE))
            self.fault = root_fault(head.extent, left)
            if self.fault:
                return
            self._add(head)
            self.last = head
            self.end += head.size

    def _add(self, head: Dgram) -> None:
        if head.service == _EVENT:
            self._builder.event(head, self.end, self._window)
            return
        self.transitions.append((self.end, head))
        if head.service == Transition.BeginCalibCycle:
            self._builder.calib_cycle(head, self.end)

    @property
    def index(self) -> Index:
        """Index of what was read so far, made anew."""
        return self._builder.finish(self.name)

    def take(self) -> Index:
        """Return the index with only the nodes since the last call; they are not kept."""
        found = self.index
        self._builder.forget_nodes()
        return found


def scan(read: Read, size: int, name: str) -> Scanner:
    """Index a file of `size` bytes.

    Parameters
    ----------
    read : callable
        ``read(offset, size) -> bytes``.
    size : int
        Length of the file in bytes.
    name : str
        Base name of the .xtc file.
    """
    scanner = Scanner(read, name)
    scanner.advance(size)
    return scanner
