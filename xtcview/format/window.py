"""Header bytes of a file, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .headers import XTC_SIZE, XTC_STRUCT
from .ids import Damage, Level

Read = Callable[[int, int], bytes]  # (offset, size) -> at most `size` bytes
_INCOMPLETE, _LAST_LEVEL = int(Damage.IncompleteContribution), int(Level.Reporter)
PIECE = 1 << 12  # bytes read at once around a header


class Window:
    """Gives header bytes from a file, reading a piece around them at a time.

    Parameters
    ----------
    read : callable
        ``read(offset, size) -> bytes``.
    """

    def __init__(self, read: Read) -> None:
        self.read = read
        self.start, self.data = 0, b""

    def get(self, offset: int, count: int) -> bytes:
        """Return `count` bytes; zeros behind the end of the file."""
        if not self.start <= offset <= self.start + len(self.data) - count:
            self.start, self.data = offset, self.read(offset, max(PIECE, count))
        at = offset - self.start
        return self.data[at : at + count].ljust(count, b"\0")

    def header(self, offset: int) -> tuple[int, ...]:
        """Return the five words of the Xtc header at a byte."""
        at = offset - self.start
        if 0 <= at <= len(self.data) - XTC_SIZE:
            return XTC_STRUCT.unpack_from(self.data, at)
        return XTC_STRUCT.unpack(self.get(offset, XTC_SIZE))

    def repeats(self, offset: int, places: Sequence[tuple[int, bytes]]) -> bool:
        """Return whether exactly these bytes lie at these places behind a byte."""
        for pos, known in places:
            at = offset + pos - self.start
            if at < 0 or at + len(known) > len(self.data):
                if self.get(offset + pos, len(known)) != known:
                    return False
            elif not self.data.startswith(known, at):
                return False
        return True

    def children(
        self, start: int, end: int, most: int = 1 << 30
    ) -> list[tuple[int, tuple[int, ...]]]:
        """List (offset, header) of the containers side by side in [start, end)."""
        found: list[tuple[int, tuple[int, ...]]] = []
        pos = start
        while pos + XTC_SIZE <= end and len(found) < most:
            header = self.header(pos)
            damage, log, _, contains, extent = header
            if extent < XTC_SIZE or extent & 3 or pos + extent > end or log >> 24 > _LAST_LEVEL:
                break
            if damage & _INCOMPLETE or (contains & 0xFFFF == 0 and not damage):
                break
            found.append((pos, header))
            pos += extent
        return found
