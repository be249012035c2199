"""A second way between the page and the viewer that stays open while a cell runs.

The widget's own comm was opened by the kernel's main shell, so that what the page sends on it
may wait until the running cell is done. A comm that the page opens in a subshell is answered on
the subshell's thread, beside the cell. ipykernel routes a page's message to the shell that
published last on that comm: nothing but these answers is ever published on it.
"""

from __future__ import annotations

import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import comm as comms
from IPython import get_ipython

if TYPE_CHECKING:
    from xtcview.viewer.widget import Viewer

TARGET = "xtcview"  # one for all viewers: JupyterLab keeps one subshell for each target
QUICK_S = 0.0005  # between two threads that both want to run; Python's own is 0.005
_busy = threading.Event()
_usual: list[float] = []  # the interval to go back to
_viewers: weakref.WeakValueDictionary[str, Viewer] = weakref.WeakValueDictionary()


def serve(viewer: Viewer) -> dict[str, str]:
    """Let pages open a comm to a viewer.

    Returns
    -------
    dict
        What the page opens it with: 'target' and 'model'.
    """
    _viewers[str(viewer.model_id)] = viewer
    comms.get_comm_manager().register_target(TARGET, _opened)
    shell = get_ipython()
    if shell is not None and _begin not in shell.events.callbacks["pre_run_cell"]:
        shell.events.register("pre_run_cell", _begin)
        shell.events.register("post_run_cell", _end)
    return {"target": TARGET, "model": str(viewer.model_id)}


def is_busy() -> bool:
    """Tell whether a cell is running."""
    return _busy.is_set()


def _begin(*_: Any) -> None:
    _busy.set()


def _end(*_: Any) -> None:
    _busy.clear()
    if _usual and sys.getswitchinterval() <= QUICK_S:
        sys.setswitchinterval(_usual.pop())
    _usual.clear()


def _hurry() -> None:
    """Let a cell that computes give way sooner, until it is done.

    An answer passes through three threads; a busy cell holds each of them up for a whole interval.
    """
    if _busy.is_set() and not _usual and sys.getswitchinterval() > QUICK_S:
        _usual.append(sys.getswitchinterval())
        sys.setswitchinterval(QUICK_S)


def _opened(comm: Any, message: dict[str, Any]) -> None:
    """Answer what comes on a comm that a page has opened; runs on its subshell's thread."""
    model = str(message["content"].get("data", {}).get("model"))
    if model not in _viewers:
        comm.close()
        return

    def hear(message: dict[str, Any]) -> None:
        viewer = _viewers.get(model)
        if viewer is None or viewer.comm is None:  # closed in Python
            comm.close()
            return
        _hurry()
        question = message["content"]["data"]
        viewer.respond(question, lambda content, buffers: comm.send(content, None, buffers))

    # IPython's hooks before and after a cell are left out: with them matplotlib would take the
    # half-drawn figures of the cell that is running
    comm.handle_msg = hear
