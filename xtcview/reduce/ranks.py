"""Processes that mpiexec or srun started together: who they are, and how their states are merged.

Integers and extremes are merged by ``MPI.Reduce`` in pieces, so that no count reaches 2**31 and
no buffer is larger than a piece. What has no such operation, or another shape on each rank, goes
up a binomial tree, in pieces too. The order of merging does not change a bit (see `ops`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from xtcview.errors import EngineError, MissingExtraError
from xtcview.reduce import ops
from xtcview.reduce.core import Result
from xtcview.reduce.ops import Array, Op
from xtcview.reduce.total import Total

PIECE = 64 << 20  # bytes per message
# Number of processes, as launchers tell it: MPICH and Intel, Open MPI, srun, LSF's blaunch
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "LSF_PM_TASKNUM")


class Alone:
    """The only process; has of a communicator what needs no other one."""

    def Get_rank(self) -> int:  # noqa: N802 - MPI's names
        """Return 0."""
        return 0

    def Get_size(self) -> int:  # noqa: N802
        """Return 1."""
        return 1

    def bcast(self, value: Any) -> Any:
        """Return the value."""
        return value


def told_size(environ: Mapping[str, str] = os.environ) -> int:
    """Return how many processes were started together; 1 when no launcher says so."""
    said = [environ.get(name, "") for name in SIZES]
    return max([1, *(int(text) for text in said if text.isdigit())])


def communicator() -> Any:
    """Return the communicator of all processes, or `Alone`.

    Raises
    ------
    MissingExtraError
        When there are several processes and mpi4py is not installed.
    EngineError
        When they cannot see each other: each would do all of the work.
    """
    told = told_size()
    if told == 1:
        return Alone()
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise MissingExtraError(
            f"{told} processes were started together, and MPI cannot be used: {error}. "
            "pip install 'xtcview[mpi]' and load the MPI of this site, or start one process"
        ) from error
    if MPI.COMM_WORLD.Get_size() != told:
        raise EngineError(
            f"{told} processes were started together, and MPI sees {MPI.COMM_WORLD.Get_size()}: "
            "mpiexec and the MPI library are of different makes. Use the mpiexec of that library "
            "(with srun perhaps --mpi=pmi2 or --mpi=pmix)"
        )
    return MPI.COMM_WORLD


def merge_all(comm: Any, total: Total, wanted: tuple[Op, ...]) -> None:
    """Merge the totals of all ranks into that of rank 0; all ranks call this.

    Parameters
    ----------
    comm : MPI.Comm or Alone
        The ranks.
    total : Total
        Of this rank; afterwards that of rank 0 holds what all have counted.
    wanted : tuple of Op
        The ops that the totals were made for.
    """
    if comm.Get_size() == 1:
        return
    layouts = [one for one in comm.allgather(_layout(total.result())) if one is not None]
    if not is_reducible(wanted, layouts):
        climb(comm, total)
        return
    if layouts and len(total.result()) == 1:
        _add_neutral(total, wanted, layouts[0])
    _reduce(comm, total, wanted)


def _layout(result: Result) -> Any:
    """Return what must be alike for states to be added element by element; None when empty."""
    summary, *arrays = result
    if not arrays:
        return None
    groups = [key for key, _ in summary.get("groups", [(None, 0)])]
    frame = tuple(summary.get("shape", arrays[1].shape))
    return summary["dtype"], frame, groups, [(array.dtype.str, array.shape) for array in arrays]


def is_reducible(wanted: tuple[Op, ...], layouts: Sequence[Any]) -> bool:
    """Tell whether MPI can merge: one group, the same arrays everywhere, known operations."""
    merges = {part.merge for part in ops.parts_of(wanted)}
    same = all(layout == layouts[0] and layout[2] == [None] for layout in layouts)
    return same and merges <= {np.add, np.minimum, np.maximum}


def _add_neutral(total: Total, wanted: tuple[Op, ...], layout: Any) -> None:
    """Give a rank on which nothing counted a state that changes nothing."""
    dtype, frame, groups, arrays = layout
    summary = {"counted": 0, "skipped": [], "dtype": dtype, "shape": frame}
    present = np.zeros(arrays[0][1], np.int64)
    state = ops.zero(wanted, frame, dtype, 0)
    total.merge(-1, [{**summary, "groups": [(key, 0) for key in groups]}, present, *state])


def _reduce(comm: Any, total: Total, wanted: tuple[Op, ...]) -> None:
    from mpi4py import MPI

    known: dict[Any, Any] = {np.add: MPI.SUM, np.minimum: MPI.MIN, np.maximum: MPI.MAX}
    merges = [MPI.SUM, *(known[part.merge] for part in ops.parts_of(wanted))]
    summary, *arrays = total.result()
    for array, operation in zip(arrays, merges, strict=False):  # no arrays: nothing counted at all
        for piece in _pieces(array):
            sent = piece if comm.Get_rank() else MPI.IN_PLACE
            comm.Reduce(sent, None if comm.Get_rank() else piece, operation)
    for rank, other in enumerate(comm.gather(summary) or []):
        if rank:
            total.merge(-1 - rank, [{**other, "groups": []}])


def climb(comm: Any, total: Total) -> None:
    """Merge the totals of all ranks into that of rank 0, two by two."""
    rank, size, step = comm.Get_rank(), comm.Get_size(), 1
    while step < size:
        if rank % (2 * step):
            _send(comm, total.result(), rank - step)
            return
        if rank + step < size:
            total.merge(-1 - rank - step, _receive(comm, rank + step))
        step *= 2


def _send(comm: Any, result: Result, to: int) -> None:
    summary, *arrays = result
    comm.send((summary, [(array.dtype, array.shape) for array in arrays]), to)
    for array in arrays:
        for piece in _pieces(np.ascontiguousarray(array)):
            comm.Send(piece.view(np.uint8), to)


def _receive(comm: Any, source: int) -> Result:
    summary, layout = comm.recv(source=source)
    arrays = [np.empty(shape, dtype) for dtype, shape in layout]
    for array in arrays:
        for piece in _pieces(array):
            comm.Recv(piece.view(np.uint8), source)
    return [summary, *arrays]


def _pieces(array: Array) -> Iterator[Array]:
    """Yield views of an array, each of at most `PIECE` bytes."""
    flat = array.reshape(-1)
    step = max(1, PIECE // array.itemsize)
    for first in range(0, flat.size, step):
        yield flat[first : first + step]
