"""A reduction's total as a result that no longer changes."""

from __future__ import annotations

from datetime import datetime

from xtcview.reduce.op import Op
from xtcview.reduce.results import About, Result
from xtcview.reduce.selection import Selection
from xtcview.reduce.task import Task
from xtcview.reduce.total import Total


def frozen(
    task: Task, selection: Selection, wanted: tuple[Op, ...], total: Total, state: str
) -> Result:
    """Return a total as a result, with all that is known of where it comes from."""
    rules = task.rules
    about = About(
        spec=task.spec,
        detector=task.detector,
        ops=tuple(op.text for op in wanted),
        selection=selection.text,
        by="" if rules.grouping is None else rules.grouping.text,
        each="" if rules.each is None else rules.each.name,
        use="" if rules.use is None else rules.use.name,
        calib_dir=task.calib_dir,
        version=task.version,
        state=state,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
    )
    arrays, report, counts, groups, sizes = total.snapshot()
    fields = tuple(field for op in wanted for field in op.fields if field.name in arrays)
    return Result(arrays, fields, report, counts, groups, sizes, selection.numbers, about)
