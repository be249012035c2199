"""Waiting for a reduction in a coroutine."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xtcview.reduce.reduction import Reduction


async def ended(reduction: Reduction) -> Reduction:
    """Wait for the end; cancelling the wait cancels the reduction, as Ctrl-C does.

    Raises
    ------
    XtcError
        What made it fail.
    """
    loop, end = asyncio.get_running_loop(), asyncio.Event()

    def tell(reduction: Reduction) -> None:
        if reduction.done:
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(end.set)

    reduction.add_callback(tell)
    try:
        await end.wait()
    except asyncio.CancelledError:
        reduction.cancel()
        raise
    return reduction.wait()
