"""Small data: payloads that stand in the large file are listed as what they are, and read there.

A leaf of type SmlDataProxy names the header of such a payload: its byte in the large file, its
type and its extent (pdsdata app/smldata.cc and index/SmlDataIterL1Accept.cc). Of the large file
nothing is read before the payload is asked for.
"""

from __future__ import annotations

from xtcview.errors import FormatError, RunNotFoundError, TruncatedError, XtcError
from xtcview.format.headers import COMPRESSED, XTC_SIZE, XTC_STRUCT, Dgram, type_id, version
from xtcview.format.ids import TypeId
from xtcview.format.tree import Fault
from xtcview.types import registry
from xtcview.types.smldata import ProxyV1

from .files import XtcFile
from .store import Item, read_items

_LOST = "the payload that it stands for is not given"


class Proxied(Item):
    """A payload of the large file, named in a small-data file.

    Parameters
    ----------
    proxy : Item
        The leaf that names it.

    Raises
    ------
    FormatError
        What the leaf names cannot be a payload.
    """

    __slots__ = ("_is_checked", "_proxy")
    is_derived = True

    def __init__(self, proxy: Item) -> None:
        named = ProxyV1(proxy.data(), 0, None, None, proxy.file.path, proxy.at)
        at, word, extent = named.fileOffset(), named.type().value(), named.extent()
        fault = _fault(proxy, at, word, extent)
        if fault:
            raise FormatError(fault, proxy.file.path, proxy.at)
        place = at + XTC_SIZE, extent - XTC_SIZE
        super().__init__(proxy.src, word, proxy.damage, proxy.file.large, *place)
        self._proxy, self._is_checked = proxy, False

    def check(self) -> None:
        """Hold the header in the large file against what the small data say, once.

        Raises
        ------
        RunNotFoundError
            There is no large file.
        TruncatedError
            It ends before the payload does.
        FormatError
            Something else is there.
        """
        if self._is_checked:
            return
        at, end, small = self.at - XTC_SIZE, self.at + self.size, self._proxy.file.path.name
        size = _size(self._proxy.file.large, small)
        if end > size:
            what = f"{small} names a payload up to byte {end}, found a file of {size} bytes"
            why = "one of the two is cut or wrong"
            why = "it is still being written" if self.file.is_in_progress else why
            raise TruncatedError(f"{what}; {why}", self.file.path, at)
        found = XTC_STRUCT.unpack(self.file.read_exactly(at, XTC_SIZE, "payload header"))
        expected = self.damage, self.src.log(), self.src.phy(), self.word, XTC_SIZE + self.size
        if found != expected:
            what = f"{small} names {_header(expected)} here, found {_header(found)}"
            raise FormatError(f"{what}; the files do not belong together", self.file.path, at)
        self._is_checked = True


def _size(large: XtcFile, small: str) -> int:
    """Return the bytes that a large file has now.

    Raises
    ------
    RunNotFoundError
        There is no such file.
    """
    try:
        large.look()
    except RunNotFoundError as error:
        remedy = "put it there, one folder above the small data"
        raise RunNotFoundError(f"{large.path}: {small} needs this file; {remedy}") from error
    return large.size


def _fault(proxy: Item, at: int, word: int, extent: int) -> str:
    """Say why a leaf cannot name a payload; empty when it can."""
    if version(proxy.word) != 1 or proxy.word & COMPRESSED:
        return f"expected SmlDataProxy v1, found {registry.type_name(proxy.word)}"
    if at < 0:
        return f"a payload at byte {at} of the large file"
    if extent < XTC_SIZE or extent & 3:
        return f"a payload of extent {extent}; expected a multiple of 4, at least {XTC_SIZE}"
    if type_id(word) == TypeId.Xtc:
        return "a container in the large file, where a payload was expected"
    return ""


def _header(words: tuple[int, ...]) -> str:
    damage, log, phy, word, extent = words
    source = f"source {log:#x}/{phy:#x}"
    return f"{registry.type_name(word)} of {source}, damage {damage:#x}, {extent} bytes"


def is_proxy(item: Item) -> bool:
    """Return whether a leaf of a small-data file stands for a payload of the large file."""
    return type_id(item.word) == TypeId.SmlDataProxy


def read_originals(file: XtcFile, offset: int) -> tuple[Dgram, list[Item], list[Fault]]:
    """List a datagram's payloads, those of the large file in place of their proxies.

    Returns
    -------
    head : Dgram
    items : list of Item
        In file order. A proxy that cannot be true stays, and is a fault.
    faults : list of Fault
        Bytes are those of the file itself.

    Raises
    ------
    TruncatedError, FormatError
        The datagram does not lie in the file.
    """
    head, items, faults = read_items(file, offset)
    if not file.is_small:
        return head, items, faults
    found = []
    for item in items:
        try:
            found.append(_original(item) if is_proxy(item) else item)
        except XtcError as error:
            found.append(item)
            what = error.what if isinstance(error, FormatError) else str(error)
            faults.append(Fault(item.at - XTC_SIZE, what, _LOST))
    return head, found, faults


def _original(proxy: Item) -> Item:
    item = Proxied(proxy)
    if not item.size:  # nobody will ask for it, and so find out that it is wrong
        item.check()
    return item
