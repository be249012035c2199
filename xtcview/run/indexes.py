"""The index of a file: the DAQ's, held against the file, or made by reading the file."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xtcview.errors import IndexFileError, XtcError
from xtcview.format import index, indexer
from xtcview.format.headers import DGRAM_SIZE, NO_FIDUCIAL, Dgram, dgram
from xtcview.format.ids import Transition
from xtcview.format.index import Index
from xtcview.format.tree import root_fault

from . import indexcache
from .files import Problem, XtcFile

_EVENT = int(Transition.L1Accept)
_NAME = 31  # characters of a file's name that fit into its index
_SAMPLES = 9  # nodes held against the file: the first, the last, some between
_MOST_MORE = 1 << 26  # bytes by which the index of a file that was cut may be larger
Table = npt.NDArray[Any]
Clock = tuple[int, int, int]  # seconds, nanoseconds, fiducial


def load(file: XtcFile, problems: list[Problem]) -> Index:
    """Return the index of a file: the DAQ's where it fits, else made by reading the file.

    What does not fit is a problem. Nodes behind the end of a file that was cut are dropped, and
    a problem says how many.
    """
    if not file.index_path.is_file():
        return made(file, problems)
    noted: list[Problem] = []
    try:
        found = _stored(file, noted)
    except (XtcError, OSError) as error:
        place = getattr(error, "offset", None)
        lost = "the .xtc file itself was read instead"
        problem = error if isinstance(error, XtcError) else IndexFileError(str(error))
        problems.append(Problem.of(problem, file.index_path, place, lost))
        return made(file, problems)
    problems += noted
    return found


def made(file: XtcFile, problems: list[Problem]) -> Index:
    """Return the index of a file without one: as it was kept, or by reading the file now."""
    kept = indexcache.find(file.path)
    if kept is None:
        of = indexcache.stamp(file.path)
        scan = indexer.scan(file.read, file.size, file.path.name)
        kept = indexcache.Kept(scan.index, scan.end, scan.fault)
        if file.size == of[0] and not file.is_in_progress:
            indexcache.keep(file.path, of, kept)
    if kept.fault:
        lost = "what follows is not read"
        problems.append(Problem(str(file.path), kept.end, kept.fault, lost))
    return kept.found


def _stored(file: XtcFile, problems: list[Problem]) -> Index:
    """Read the DAQ's index of a file and hold it against the file.

    Raises
    ------
    IndexFileError
        The index is cut, or describes another file.
    """
    size = file.index_path.stat().st_size
    if size > file.size + _MOST_MORE:  # every entry stands for more bytes of the file
        raise IndexFileError(f"an index of {size} bytes for a file of {file.size}", file.index_path)
    found = index.decode(file.index_path.read_bytes(), file.index_path)
    keep = _present(found.nodes, file, problems)
    if not keep.all() and found.name != file.path.name[:_NAME]:
        raise _misfit(file, f"the events of {found.name}")
    nodes = found.nodes if keep.all() else found.nodes[keep]
    for at in np.unique(np.linspace(0, max(len(nodes) - 1, 0), _SAMPLES).astype(int)):
        _check_node(nodes[at : at + 1], file, Transition.L1Accept)
    cycles = _present_cycles(found.calib_cycles, file, problems)
    _check_tail(nodes, file, problems)
    return Index(found.name, nodes, cycles, found.codes, found.segments, found.version)


def _present(nodes: Table, file: XtcFile, problems: list[Problem]) -> npt.NDArray[np.bool_]:
    """Say which nodes' datagrams lie in the file; the last of them may be cut."""
    offsets = nodes["offset"]
    if (offsets < 0).any():
        raise _misfit(file, f"a datagram at byte {int(offsets.min())}")
    keep: npt.NDArray[np.bool_] = offsets <= file.size - DGRAM_SIZE
    if keep.any():
        last = int(offsets[keep].max())
        _check_node(nodes[offsets == last], file, Transition.L1Accept)
        head = dgram(file.read_exactly(last, DGRAM_SIZE, "datagram header"))
        if root_fault(head.extent, file.size - last):
            keep &= offsets != last
    if not keep.all():
        cut = int(offsets[~keep].min())
        lost = f"{int((~keep).sum())} of {len(nodes)} events cannot be read from it"
        what = f"the file ends at byte {file.size}, before the events that its index lists"
        problems.append(Problem(str(file.path), cut, what, lost))
    return keep


def _present_cycles(cycles: Table, file: XtcFile, problems: list[Problem]) -> Table:
    """Return the calib cycles that lie in the file; hold the first and the last against it."""
    offsets = cycles["offset"]
    if (offsets < 0).any():
        raise _misfit(file, f"a calib cycle at byte {int(offsets.min())}")
    keep = offsets <= file.size - DGRAM_SIZE
    if not keep.all():
        what = f"the file ends at byte {file.size}, before calib cycles that its index lists"
        lost = f"{int((~keep).sum())} of {len(cycles)} calib cycles are known from other streams"
        problems.append(Problem(str(file.path), int(offsets[~keep].min()), what, f"{lost} or lost"))
    found = cycles[keep]
    for cycle in (found[:1], found[-1:]):
        _check_node(cycle, file, Transition.BeginCalibCycle)
    return found


def _check_node(node: Table, file: XtcFile, service: Transition) -> None:
    """Hold one node against the datagram that it points at."""
    if not len(node):
        return
    offset = int(node["offset"][0])
    head = dgram(file.read_exactly(offset, DGRAM_SIZE, "datagram header"))
    names = ["seconds", "nanoseconds"]
    names += ["fiducial"] if service == Transition.L1Accept else []
    want, have = [int(node[n][0]) for n in names], [getattr(head, n) for n in names]
    if want != have or head.service != service:
        raise _misfit(file, f"{service.name} {want} at byte {offset}, found {have}")


def _check_tail(nodes: Table, file: XtcFile, problems: list[Problem]) -> None:
    """Look at what follows the last indexed event: a cut datagram, or events not indexed."""
    offset, missed = (int(nodes["offset"].max()) if len(nodes) else 0), -int(len(nodes) > 0)
    at = offset
    while offset < file.size:
        data = file.read(offset, DGRAM_SIZE)
        whole = len(data) == DGRAM_SIZE
        fault = root_fault(dgram(data).extent, file.size - offset) if whole else "header is cut"
        if fault:
            lost = "the file is cut there; what followed is lost"
            if not any(p.file == str(file.path) for p in problems):
                problems.append(Problem(str(file.path), offset, fault, lost))
            break
        head = dgram(data)
        missed += head.service == Transition.L1Accept and head.fiducial != NO_FIDUCIAL
        offset += head.size
    if missed > 0:
        lost = f"{missed} events are not shown; take the index away to read the file itself"
        problems.append(Problem(str(file.index_path), None, f"ends before byte {at}", lost))


def hold(head: Dgram, clock: Clock, file: XtcFile, offset: int) -> None:
    """Hold a datagram's header against the event that the index says is there.

    Parameters
    ----------
    head : Dgram
    clock : (int, int, int)
        Seconds, nanoseconds and fiducial of the event.
    file : XtcFile
    offset : int
        Byte of the datagram.

    Raises
    ------
    IndexFileError
        The index names a byte at which another datagram stands, or none.
    """
    found = (head.seconds, head.nanoseconds, head.fiducial)
    if found != clock or head.service != _EVENT:
        raise misplaced(clock, file, offset, found)


def misplaced(clock: Clock, file: XtcFile, offset: int, found: Clock) -> IndexFileError:
    """Return the error of an event that is not where its index says."""
    what = f"does not fit {file.path.name}: event {clock} is not at byte {offset}, found {found}"
    remedy = "take the index away, and the .xtc file is read instead"
    return IndexFileError(f"{what}; {remedy}", file.index_path)


def _misfit(file: XtcFile, expected: str) -> IndexFileError:
    return IndexFileError(f"does not fit {file.path.name}: it lists {expected}", file.index_path)
