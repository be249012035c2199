"""Functions of a user that go to other processes."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from xtcview.errors import MissingExtraError


class Carried:
    """A function that can be sent to a worker.

    Functions of modules go by their name. Those of a notebook or a script, and lambdas, are not
    found by name elsewhere: cloudpickle writes them down whole. Nothing is written for workers in
    this process.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *values: Any) -> Any:
        """Call it."""
        return self.function(*values)

    @property
    def name(self) -> str:
        """What it is called."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def __reduce__(self) -> tuple[Any, ...]:
        if _is_found_by_name(self.function):
            return Carried, (self.function,)
        try:
            cloudpickle = import_module("cloudpickle")
        except ImportError as error:
            raise MissingExtraError(
                f"{self.name}() is not of a module, so engines need it written down: "
                "pip install 'xtcview[functions]', or put it into a module that engines can import"
            ) from error
        return _unpacked, (cloudpickle.dumps(self.function),)


def _unpacked(data: bytes) -> Carried:
    # comes from the process that started the reduction, with the chunk itself
    return Carried(pickle.loads(data))


def _is_found_by_name(function: Any) -> bool:
    module = getattr(function, "__module__", None)
    if module is None or module == "__main__" or module not in sys.modules:
        return isinstance(function, _of_numpy())
    found: Any = sys.modules[module]
    for name in getattr(function, "__qualname__", "<none>").split("."):
        found = getattr(found, name, None)
    return found is function


def _of_numpy() -> tuple[type, ...]:
    import numpy as np

    return (np.ufunc,)
