"""Results of groups beside one another, and results of frames that are no panels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from xtcview.reduce import ops
from xtcview.reduce.op import Op
from xtcview.reduce.parts import Array
from xtcview.reduce.rows import NUMBER, joined
from xtcview.reduce.tally import Kept

GROUP = "group"


def group_results(
    wanted: Sequence[Op], kept: Kept, dtype: str, shape: tuple[int, ...], panels: bool
) -> dict[str, Array]:
    """Return the results of one group.

    Parameters
    ----------
    wanted : sequence of Op
    kept : Kept
        Its state.
    dtype, shape : str, tuple of int
        Of the frames.
    panels : bool
        Whether they have the detector's segments. Otherwise they were made by a function, and the
        first axis, of length 1, is taken away.
    """
    found = ops.finalize(wanted, kept.state, kept.present, dtype, len(shape))
    if not panels:
        dims = {field.name: field.dims for op in wanted for field in op.fields}
        found = {k: a[0] if dims[k][:1] == ("segment",) else a for k, a in found.items()}
    return found


def stack(wanted: Sequence[Op], found: Sequence[dict[str, Array]], keys: Array) -> dict[str, Array]:
    """Return the results of all groups, (groups, ...).

    Rows of tables follow one another, in the order of the events, with the key of the group in
    column 'group'. Edges and centers, which are the same for all groups, are not repeated.
    """
    results: dict[str, Array] = {}
    for field in (field for op in wanted for field in op.fields):
        arrays = [one[field.name] for one in found]
        if field.dims == (NUMBER,):
            results[field.name] = _rows(arrays, keys)
        elif field.shared:
            results[field.name] = arrays[0]
        else:
            results[field.name] = np.stack(arrays)
    return results


def _rows(tables: Sequence[Array], keys: Array) -> Array:
    every = reduce(joined, tables)  # refuses different columns
    kind = every.dtype
    names = kind.names or ()
    others = [(name, kind[name]) for name in names if name != NUMBER]
    rows = np.zeros(len(every), [(NUMBER, "<i8"), (GROUP, keys.dtype), *others])
    for name in names:
        rows[name] = every[name]
    rows[GROUP] = np.repeat(keys, [len(table) for table in tables])
    ordered: Array = rows[np.argsort(rows[NUMBER], kind="stable")]
    return ordered
