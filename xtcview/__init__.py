"""Open LCLS-I X-ray runs, look at them, sum them.

``import xtcview`` for new work: `open`, `view`, `reduce`, `darks`. ``import xtcview as psana`` for
scripts of psana: `DataSource`, `Source`, `EventId`, `Detector` and the packages of types.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import XtcError
from .run.datasource import DataSource
from .run.datasource import open_run as open  # noqa: F401
from .run.eventid import EventId, EventTime
from .run.options import setConfigFile, setOption, setOptions
from .source import Source

if TYPE_CHECKING:
    from .detector import Detector as Detector
    from .detector import DetNames as DetNames
    from .reduce.api import reduce as reduce
    from .reduce.darks import darks as darks
    from .reduce.following import follow as follow
    from .reduce.launchers import cluster as cluster
    from .reduce.resultfile import open_result as open_result
    from .reduce.resume import resume as resume
    from .viewer import view as view

__version__ = "0.1.0"

# Loaded when first used: the packages of types under psana's names, and what needs more than numpy.
_LAZY = {
    "Acqiris": "types.acqiris",
    "Alias": "types.alias",
    "Andor": "types.andor",
    "Andor3d": "types.andor3d",
    "Archon": "types.archon",
    "Arraychar": "types.arraychar",
    "Bld": "types.bld",
    "Camera": "types.camera",
    "ControlData": "types.control",
    "CsPad": "types.cspad",
    "CsPad2x2": "types.cspad2x2",
    "Encoder": "types.encoder",
    "Epics": "types.epics",
    "Epix": "types.epix",
    "EpixSampler": "types.epixsampler",
    "EvrData": "types.evr",
    "FCCD": "types.fccd",
    "Fli": "types.fli",
    "Generic1D": "types.generic1d",
    "GenericPgp": "types.genericpgp",
    "Gsc16ai": "types.gsc16ai",
    "Imp": "types.imp",
    "Ipimb": "types.ipimb",
    "Jungfrau": "types.jungfrau",
    "L3T": "types.l3t",
    "Lusi": "types.lusi",
    "OceanOptics": "types.oceanoptics",
    "Opal1k": "types.opal1k",
    "Orca": "types.orca",
    "PNCCD": "types.pnccd",
    "Partition": "types.partition",
    "Pimax": "types.pimax",
    "Pixis": "types.pixis",
    "Princeton": "types.princeton",
    "Pulnix": "types.pulnix",
    "QuadAdc": "types.quadadc",
    "Quartz": "types.quartz",
    "Rayonix": "types.rayonix",
    "SmlData": "types.smldata",
    "Streak": "types.streak",
    "TimeTool": "types.timetool",
    "Timepix": "types.timepix",
    "UsdUsb": "types.usdusb",
    "Uxi": "types.uxi",
    "Vimba": "types.vimba",
    "Zyla": "types.zyla",
    "iStar": "types.istar",
    "reduce": "reduce",  # a package that can be called
}
_LAZY_FUNCTIONS = {
    "DetNames": "detector",
    "Detector": "detector",
    "darks": "reduce.darks",
    "resume": "reduce.resume",
    "cluster": "reduce.launchers",
    "follow": "reduce.following",
    "open_result": "reduce.resultfile",
    "view": "viewer",
}

# `open` is public too, but not starred: scripts that import * keep Python's own.
__all__ = [
    "DataSource",
    "DetNames",
    "Detector",
    "EventId",
    "EventTime",
    "Source",
    "XtcError",
    "darks",
    "resume",
    "cluster",
    "follow",
    "open_result",
    "setConfigFile",
    "setOption",
    "setOptions",
    "view",
    *_LAZY,
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return import_module(f"xtcview.{_LAZY[name]}")
    if name in _LAZY_FUNCTIONS:
        return getattr(import_module(f"xtcview.{_LAZY_FUNCTIONS[name]}"), name)
    raise AttributeError(f"module 'xtcview' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "open"])
