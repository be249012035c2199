"""Many events -> one result: sums, means and extremes of a run, on one core or on many engines.

`xtcview.reduce` is both this package and the function that people call, so the package can be
called: ``xtcview.reduce(run, 'cspad')`` is `xtcview.reduce.api.reduce`.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xtcview.reduce.reduction import Reduction


class _Package(ModuleType):
    """A package that can be called like its main function."""

    def __call__(self, *args: Any, **kwargs: Any) -> "Reduction":
        from xtcview.reduce.api import reduce

        return reduce(*args, **kwargs)


sys.modules[__name__].__class__ = _Package
