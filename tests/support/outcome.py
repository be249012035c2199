"""For property tests: a result or an error of ours, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtcview.errors import XtcError


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function gives, or the `XtcError` that it raises."""
    try:
        return function(*args)
    except XtcError as error:
        return error
