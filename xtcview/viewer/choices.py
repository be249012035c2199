"""Settings that the kernel draws with: which values, and where the detector stands."""

from __future__ import annotations

from typing import Any

import traitlets

from xtcview.viewer.ways import BINNED, DARK, VALUES

DRAWN = ("values", "binning")


class Choices(traitlets.HasTraits):
    """Which values are shown, and what turns a place into a scattering angle.

    Attributes
    ----------
    values : str
        'dark': counts less pedestals; 'counts'; 'calib': as `Detector.calib` gives; 'running
        mean': counts less the mean of up to 10 events before, no value in the first event.
    binning : str
        'mean' or 'max' of the pixels that share one place on the screen.
    distance : float or None
        Of the detector from the interaction point, um; None: that of the geometry.
    energy : float or None
        Of the photons, eV; None: that of the event's electron beam record.
    """

    values = traitlets.Enum(VALUES, DARK).tag(sync=True)
    binning = traitlets.Enum(BINNED, BINNED[0]).tag(sync=True)
    distance = traitlets.Float(None, allow_none=True).tag(sync=True)
    energy = traitlets.Float(None, allow_none=True).tag(sync=True)

    @traitlets.validate("distance", "energy")
    def _above_zero(self, proposal: Any) -> float | None:
        value: float | None = proposal["value"]
        if value is None or 0 < value < float("inf"):
            return value
        name, unit = proposal["trait"].name, {"distance": "um", "energy": "eV"}
        raise traitlets.TraitError(f"{name} = {value}: expected a number of {unit[name]} above 0")
