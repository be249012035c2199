"""What the configuration says of a detector's ASICs and pixels: gain bits, binning."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xtcview.errors import ConstantsError, FormatError
from xtcview.format.src import DetInfo, Src
from xtcview.types import cspad2x2

from .configstore import ConfigStore


class PixelConfig(NamedTuple):
    """Bits of an Epix10ka's configuration.

    Parameters
    ----------
    pixels : ndarray of uint16
        (panels, rows, columns), bits 2 and 3 are of the gain.
    trbits : ndarray of uint8
        (panels, 4), one per ASIC: 1 switches from high gain, 0 from medium gain.
    """

    pixels: npt.NDArray[np.uint16]
    trbits: npt.NDArray[np.uint8]


def gain_config(store: ConfigStore, src: DetInfo) -> Any:
    """Return the configuration record that an Epix10ka's gain modes need; None for a Jungfrau.

    Raises
    ------
    ConstantsError
        An Epix10ka without.
    """
    if src.devName() == "Jungfrau":
        return None
    from xtcview.types import epix

    groups = (epix.Config10ka2M, epix.Config10kaQuad, epix.Config10ka)
    found = (store.find(src, kind) for group in groups for kind in reversed(group))
    config = next((record for record in found if record is not None), None)
    if config is None:
        what = f"{src.name}: the run has no configuration of an Epix10ka from it"
        raise ConstantsError(f"{what}, and without it the gain of its pixels is not known")
    return config


def pixel_config(config: Any) -> PixelConfig:
    """Return the bits of all panels of a configuration that `gain_config` found.

    Raises
    ------
    FormatError
        A panel does not have the four ASICs that the bits are tabled for.
    """
    if hasattr(config, "elemCfg"):
        panels = [config.elemCfg(i) for i in range(config.numberOfElements())]
    else:
        panels = [config]
    for panel in panels:
        if panel.numberOfAsicsPerRow() != 2 or panel.numberOfAsicsPerColumn() != 2:
            place = config._file, config._base + config._start
            raise FormatError("Epix10ka: expected 2 x 2 ASICs in a panel", *place)
    pixels = [panel.asicPixelConfigArray()[: panel.numberOfReadableRows()] for panel in panels]
    trbits = [[panel.asics(i).trbit() for i in range(4)] for panel in panels]
    return PixelConfig(np.stack(pixels), np.array(trbits, np.uint8))


def binned_pitch(store: ConfigStore, src: DetInfo) -> float | None:
    """Return the side of a pixel in um where the configuration says it: Rayonix. Else None."""
    if src.devName() != "Rayonix":
        return None
    from xtcview.types import rayonix

    found = (store.find(src, kind) for kind in reversed(rayonix.Config))
    config = next((record for record in found if record is not None), None)
    return None if config is None else float(config.pixelWidth())


def stored_sections(store: ConfigStore, src: Src) -> npt.NDArray[np.bool_]:
    """Return which of the two sections of a CSPAD2x2 the configuration has read, bool (2,)."""
    found = (store.find(src, kind) for kind in reversed(cspad2x2.Config))
    config = next((record for record in found if record is not None), None)
    mask = 3 if config is None else config.roiMask()
    return np.array([mask >> section & 1 for section in range(2)], bool)
