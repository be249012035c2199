"""What a checkpoint says of conditions, groups and functions, and how they are made again from it.

Texts are kept as they are. Functions are not: only their names, so that the same ones are given
again when a reduction is resumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtcview.errors import XtcError
from xtcview.reduce import groups
from xtcview.reduce.carried import Carried
from xtcview.reduce.checkpoint import Checkpoint
from xtcview.reduce.report import Skipped
from xtcview.reduce.rules import Rules, carried
from xtcview.reduce.selection import Selection

Function = Callable[..., Any]


def recipe(rules: Rules, selection: Selection) -> dict[str, Any]:
    """Return JSON values: 'by', 'each' and 'where', 'selection' and 'left_out'."""
    grouping = rules.grouping
    by = None if grouping is None else grouping.by
    return {
        "by": {"function": by.name} if isinstance(by, Carried) else by,
        "each": None if rules.each is None else rules.each.name,
        "where": None if rules.use is None else rules.use.name,
        "selection": selection.text,
        "left_out": [list(one) for one in selection.left_out],
    }


def remade(
    begun: Checkpoint, run: Any, by: Any, each: Function | None, where: Function | None
) -> tuple[Selection, Rules]:
    """Return selection and rules of a reduction that is resumed.

    Parameters
    ----------
    begun : Checkpoint
    run : Run
    by, each, where : optional
        Functions that were given to `reduce`.

    Raises
    ------
    XtcError
        When another function is given than then, or none.
    """
    meta = begun.meta
    kept = meta["by"]
    asked = kept if isinstance(kept, dict) else None
    for what, wanted, given in (
        ("by", asked and asked["function"], by),
        ("each", meta["each"], each),
        ("where", meta["where"], where),
    ):
        name = None if given is None else Carried(given).name
        if name != wanted:
            raise XtcError(
                f"the checkpoint was written with {what}={wanted}, and {what}={name} is given: a "
                "function is not kept in the file, give the same one again"
            )
    left_out = tuple(Skipped(*one) for one in meta["left_out"])
    selection = Selection(begun.selected, left_out, meta["selection"])
    chosen, grouping = groups.group(run, selection, by if asked else kept)
    return chosen, Rules(carried(where), grouping, carried(each))
