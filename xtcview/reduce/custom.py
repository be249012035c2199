"""Ops of one's own: a neutral array, how a frame is added to it, how two are merged."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from xtcview.errors import XtcError
from xtcview.reduce.carried import Carried
from xtcview.reduce.op import Field, Op, State
from xtcview.reduce.parts import Array, DType, Part


def custom(
    name: str,
    zero: Callable[[tuple[int, ...], DType], Array],
    add: Callable[[Array, Array], Array | None],
    merge: Callable[[Array, Array], Array] | np.ufunc = np.add,
    finalize: Callable[[Array, Array], Array] | None = None,
) -> Op:
    """Make an op from functions.

    Parameters
    ----------
    name : str
        Of the result.
    zero : callable
        ``zero(shape, dtype)`` -> neutral array, of any shape; `shape` and `dtype` are those of the
        frames, (segments, rows, cols).
    add : callable
        ``add(state, frame)`` adds a frame in place, or returns the new state. Segments that the
        event lacks are 0. One that raises ends the reduction, as the state may be half changed;
        the partial result is kept.
    merge : numpy.ufunc or callable
        ``merge(a, b)`` -> state. Where it is associative and commutative to the last bit, as sums
        of integers are, the result does not depend on how the events were divided.
    finalize : callable, optional
        ``finalize(state, n)`` -> result, with the events per segment, (segments, 1, 1). The state
        itself by default.

    Raises
    ------
    XtcError
        A name that cannot be an attribute, or functions that cannot be called.
    """
    if not name.isidentifier():
        raise XtcError(f"an op called {name!r}: expected a name that can be an attribute")
    for what, function in (("zero", zero), ("add", add), ("merge", merge)):
        if not callable(function):
            raise XtcError(f"op {name!r}: {what}={function!r} cannot be called")
    part = Part(
        f"custom {name}",
        partial(_zero, Carried(zero)),
        partial(_add, name, Carried(add)),
        merge if isinstance(merge, np.ufunc) else partial(_merge, Carried(merge)),
        takes="frame",
        finite=False,
    )
    return Op(name, (part,), partial(_result, finalize), (Field(name, ()),), f"custom({name!r})")


def _zero(zero: Carried, shape: tuple[int, ...], dtype: DType, events: int) -> Array:
    return np.array(zero(shape, dtype))  # a copy of its own: frames are added in place


def _add(name: str, add: Carried, state: Array, frame: Array, held: Array) -> Array:
    try:
        found = add(state, frame)
    except Exception as error:
        what = f"op {name!r} cannot add a frame: {type(error).__name__}: {error}"
        raise XtcError(what) from error
    if found is None:
        return state
    if np.shape(found) != state.shape:
        raise XtcError(
            f"op {name!r}: add() gave shape {np.shape(found)}, expected {state.shape}, that of "
            "zero()"
        )
    return np.asarray(found)


def _merge(merge: Carried, a: Array, b: Array) -> Array:
    return np.asarray(merge(a, b))


def _result(finalize: Any, parts: State, n: Array, dtype: DType) -> Array:
    # a copy: the state goes on growing under a partial result
    return np.array(parts[0] if finalize is None else finalize(parts[0], n))
