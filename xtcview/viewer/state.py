"""What of the viewer is state: small, shared with the page, and nothing that is a picture.

Frames never are traits: traits are stored in the notebook.
"""

from __future__ import annotations

import math
from typing import Any

import traitlets

from xtcview.viewer.colours import ANCHORS, SCALES

ARRANGEMENTS = ("grid", "stack")


class ViewState(traitlets.HasTraits):
    """The viewer's settings, readable and settable from Python.

    The page changes how a picture is coloured without telling the kernel; it reports its
    settings with the next event it asks for, and when the focus leaves the viewer.

    Attributes
    ----------
    event : int
        Index into `run.times()` of the event that is shown.
    arrangement : str
        'grid' (CSPAD: 1480 x 1552) or 'stack' (5920 x 388).
    cmap : str
        Colour map, a key of `colours.ANCHORS`.
    scale : str
        'linear', 'sqrt' or 'log'.
    auto : bool
        True: limits follow the 1 and 99.9 percentiles of each frame. False: they stay.
    vmin, vmax : float
        Limits in ADU, used when `auto` is False.
    bookmarks : list of int
        Numbers of events to come back to.
    prefetch : bool
        Whether the page asks, while nothing is wished, for events near the shown one and for
        coarse pictures of the whole run; False where reading is dear.
    """

    event = traitlets.Int(0).tag(sync=True)
    arrangement = traitlets.Enum(ARRANGEMENTS, "grid").tag(sync=True)
    cmap = traitlets.Enum(tuple(ANCHORS), "viridis").tag(sync=True)
    scale = traitlets.Enum(SCALES, "linear").tag(sync=True)
    auto = traitlets.Bool(True).tag(sync=True)
    vmin = traitlets.Float(0.0).tag(sync=True)
    vmax = traitlets.Float(1.0).tag(sync=True)
    bookmarks = traitlets.List(traitlets.Int()).tag(sync=True)
    prefetch = traitlets.Bool(True).tag(sync=True)

    _length = 1  # number of events, set by the viewer

    @traitlets.validate("event")
    def _known_event(self, proposal: Any) -> int:
        """Count from the end for negative numbers, as lists do; refuse what does not exist."""
        index, n = int(proposal["value"]), self._length
        if -n <= index < n:
            return index % n
        raise traitlets.TraitError(f"event {index}: this run has events 0 to {n - 1}")

    @traitlets.validate("vmin", "vmax")
    def _finite(self, proposal: Any) -> float:
        value = float(proposal["value"])
        if math.isfinite(value):
            return value
        raise traitlets.TraitError(f"{proposal['trait'].name} = {value}: expected a number of ADU")


LOOK = ("arrangement", "cmap", "scale", "auto", "vmin", "vmax")
