"""Who sent something: the two source words and their names.

Identity of a source is (level, phy); the process id differs between processes of one run and
does not count. Origin: pdsdata/xtc Src.hh, DetInfo.hh, BldInfo.hh, ProcInfo.hh.
"""

from __future__ import annotations

from functools import lru_cache

from .ids import BLD_TYPES, DETECTORS, DEVICES, Level

_INVALID = "-Invalid-"


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else _INVALID


class Src:
    """A source; its children name the three kinds that exist.

    Parameters
    ----------
    log : int
        Level (8 bits) and process id (24 bits).
    phy : int
        Detector, BLD type or IPv4 address, by level.

    Attributes
    ----------
    key : (int, int)
        What makes two sources equal: (level, phy).
    """

    __slots__ = ("_log", "_phy", "key")

    def __init__(self, log: int, phy: int) -> None:
        self._log, self._phy = log, phy
        self.key = (log >> 24, phy)

    def level(self) -> int:
        """Return the level (`ids.Level`)."""
        return self._log >> 24

    def log(self) -> int:
        """Return the log word."""
        return self._log

    def phy(self) -> int:
        """Return the physical id."""
        return self._phy

    def processId(self) -> int:  # noqa: N802 - psana's name
        """Return the process id."""
        return self._log & 0xFFFFFF

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Src) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self) -> tuple[object, tuple[int, int]]:
        return make_src, (self._log, self._phy)

    def __str__(self) -> str:
        return ""

    def __repr__(self) -> str:
        return str(self) or f"Src(log=0x{self._log:08x}, phy=0x{self._phy:08x})"


class DetInfo(Src):
    """A detector of the data acquisition: place, device and their numbers."""

    __slots__ = ()

    def detector(self) -> int:
        """Return the number of the place (`ids.DETECTORS`)."""
        return self._phy >> 24

    def detId(self) -> int:  # noqa: N802
        """Return the number among the places of that name."""
        return self._phy >> 16 & 0xFF

    def device(self) -> int:
        """Return the number of the device kind (`ids.DEVICES`)."""
        return self._phy >> 8 & 0xFF

    def devId(self) -> int:  # noqa: N802
        """Return the number among the devices of that kind."""
        return self._phy & 0xFF

    def detName(self) -> str:  # noqa: N802
        """Return the name of the place, such as 'CxiDs1'."""
        return _name(DETECTORS, self.detector())

    def devName(self) -> str:  # noqa: N802
        """Return the name of the device kind, such as 'Cspad'."""
        return _name(DEVICES, self.device())

    @property
    def name(self) -> str:
        """The name as calibration folders use it, such as 'CxiDs1.0:Cspad.0'."""
        return f"{self.detName()}.{self.detId()}:{self.devName()}.{self.devId()}"

    def __str__(self) -> str:
        return f"DetInfo({self.name})"


class BldInfo(Src):
    """Beam line data, sent to all experiments."""

    __slots__ = ()

    def type(self) -> int:
        """Return the number of the record (`ids.BLD_TYPES`)."""
        return self._phy

    def typeName(self) -> str:  # noqa: N802
        """Return its name, such as 'EBeam'."""
        return _name(BLD_TYPES, self._phy)

    @property
    def name(self) -> str:
        """Its name, such as 'EBeam'."""
        return self.typeName()

    def __str__(self) -> str:
        return f"BldInfo({self.name})"


class ProcInfo(Src):
    """A process of the data acquisition."""

    __slots__ = ()

    def ipAddr(self) -> int:  # noqa: N802
        """Return the IPv4 address as a number."""
        return self._phy

    @property
    def name(self) -> str:
        """Its address, such as '172.21.37.170'."""
        return ".".join(str(self._phy >> shift & 0xFF) for shift in (24, 16, 8, 0))

    def __str__(self) -> str:
        return f"ProcInfo({self.name}, pid={self.processId()})"


@lru_cache(maxsize=4096)
def make_src(log: int, phy: int) -> Src:
    """Return the source that the two words name."""
    level = log >> 24
    if level == Level.Source:
        return DetInfo(log, phy)
    if level == Level.Reporter:
        return BldInfo(log, phy)
    return NO_SRC if level == Level.NoSource else ProcInfo(log, phy)


def det_info(detector: int, det_id: int, device: int, dev_id: int) -> DetInfo:
    """Return the detector with these four numbers."""
    return DetInfo(Level.Source << 24, detector << 24 | det_id << 16 | device << 8 | dev_id)


NO_SRC = ProcInfo(0xFFFFFFFF, 0xFFFFFFFF)  # sourceless objects, such as EventId
