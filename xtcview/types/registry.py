"""Which record reads a payload: type id and version -> class, its store and its configuration.

A module of tables is imported when one of its types is first met.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

from xtcview.errors import FormatError, UnsupportedTypeError
from xtcview.format.headers import COMPRESSED, type_id, version
from xtcview.format.ids import TypeId

from .record import Record

C = TypeVar("C", bound=type[Record])


class Entry(NamedTuple):
    """One line of the registry.

    Parameters
    ----------
    record : type of Record
    store : str
        'config' (the configuration store) or 'event'.
    configs : tuple of type
        Configurations of the same source that the layout may need, in the order psana tries them.
    """

    record: type[Record]
    store: str
    configs: tuple[type[Record], ...]


# Which module has the tables of which types.
MODULES: dict[str, tuple[TypeId, ...]] = {
    "acqiris": (TypeId.AcqConfig, TypeId.AcqWaveform, TypeId.AcqTDCConfig, TypeId.AcqTDCData),
    "alias": (TypeId.AliasConfig,),
    "andor": (TypeId.AndorConfig, TypeId.AndorFrame),
    "andor3d": (TypeId.Andor3dConfig, TypeId.Andor3dFrame),
    "archon": (TypeId.ArchonConfig,),
    "arraychar": (TypeId.Arraychar,),
    "bld": (
        TypeId.FEEGasDetEnergy,
        TypeId.EBeamBld,
        TypeId.EOrbits,
        TypeId.PhaseCavity,
        TypeId.SharedIpimb,
        TypeId.SharedPIM,
        TypeId.SharedUsdUsb,
        TypeId.GMD,
        TypeId.SharedAcqADC,
        TypeId.Spectrometer,
        TypeId.AnalogInput,
        TypeId.BeamMonitorBldData,
    ),
    "camera": (
        TypeId.FrameFccdConfig,
        TypeId.FrameFexConfig,
        TypeId.Frame,
        TypeId.TwoDGaussian,
        TypeId.ControlsCameraConfig,
    ),
    "control": (TypeId.RunControlConfig,),
    "cspad": (TypeId.CspadConfig, TypeId.CspadElement),
    "cspad2x2": (TypeId.Cspad2x2Config, TypeId.Cspad2x2Element),
    "encoder": (TypeId.EncoderConfig, TypeId.EncoderData),
    "epics": (TypeId.EpicsConfig,),
    "epix": (
        TypeId.EpixConfig,
        TypeId.Epix10kConfig,
        TypeId.Epix100aConfig,
        TypeId.EpixSConfig,
        TypeId.Epix10kaConfig,
        TypeId.Epix10kaQuadConfig,
        TypeId.Epix10ka2MConfig,
        TypeId.EpixElement,
        TypeId.Epix10kaArray,
    ),
    "epixsampler": (TypeId.EpixSamplerConfig, TypeId.EpixSamplerElement),
    "evr": (TypeId.EvrConfig, TypeId.EvsConfig, TypeId.EvrData, TypeId.EvrIOConfig),
    "fccd": (TypeId.FccdConfig,),
    "fli": (TypeId.FliConfig, TypeId.FliFrame),
    "generic1d": (TypeId.Generic1DConfig, TypeId.Generic1DData),
    "genericpgp": (TypeId.GenericPgpConfig,),
    "gsc16ai": (TypeId.Gsc16aiConfig, TypeId.Gsc16aiData),
    "imp": (TypeId.ImpConfig, TypeId.ImpData),
    "ipimb": (TypeId.IpimbConfig, TypeId.IpimbData),
    "istar": (TypeId.iStarConfig,),
    "jungfrau": (TypeId.JungfrauConfig, TypeId.JungfrauElement),
    "l3t": (TypeId.L3TConfig, TypeId.L3TData),
    "lusi": (
        TypeId.DiodeFexConfig,
        TypeId.DiodeFex,
        TypeId.IpmFexConfig,
        TypeId.IpmFex,
        TypeId.PimImageConfig,
    ),
    "oceanoptics": (TypeId.OceanOpticsConfig, TypeId.OceanOpticsData),
    "opal1k": (TypeId.Opal1kConfig,),
    "orca": (TypeId.OrcaConfig,),
    "partition": (TypeId.PartitionConfig,),
    "pimax": (TypeId.PimaxConfig, TypeId.PimaxFrame),
    "pixis": (TypeId.PixisConfig, TypeId.PixisFrame),
    "pnccd": (TypeId.pnCCDconfig, TypeId.pnCCDframe),
    "princeton": (TypeId.PrincetonConfig, TypeId.PrincetonFrame, TypeId.PrincetonInfo),
    "pulnix": (TypeId.TM6740Config,),
    "quadadc": (TypeId.QuadAdcConfig,),
    "quartz": (TypeId.QuartzConfig,),
    "rayonix": (TypeId.RayonixConfig,),
    "smldata": (TypeId.SmlDataConfig, TypeId.SmlDataOrigDgramOffset, TypeId.SmlDataProxy),
    "streak": (TypeId.StreakConfig,),
    "timepix": (TypeId.TimepixConfig, TypeId.TimepixData),
    "timetool": (TypeId.TimeToolConfig, TypeId.TimeToolData),
    "usdusb": (
        TypeId.UsdUsbFexConfig,
        TypeId.UsdUsbFexData,
        TypeId.UsdUsbConfig,
        TypeId.UsdUsbData,
    ),
    "uxi": (TypeId.UxiConfig, TypeId.UxiFrame),
    "vimba": (TypeId.AlviumConfig, TypeId.VimbaFrame),
    "zyla": (TypeId.ZylaConfig, TypeId.ZylaFrame),
}
_MODULE_OF = {int(number): name for name, numbers in MODULES.items() for number in numbers}

TYPE_NAMES = {int(member): member.name for member in TypeId}
TYPES: dict[tuple[int, int], Entry] = {}


def xtc_type(
    type_id: int,
    version: int,
    *,
    size: int | None = None,
    store: str = "event",
    configs: Sequence[type[Record]] = (),
) -> Callable[[C], C]:
    """Register a record class for a type id and version.

    Parameters
    ----------
    size : int, optional
        The layout's size in bytes where it does not vary; a table that differs is refused.
    """

    def register(cls: C) -> C:
        if size is not None and (cls.DTYPE.itemsize != size or cls.TAIL):
            raise TypeError(f"{cls.__name__}: table has {cls.DTYPE.itemsize} bytes, not {size}")
        # psana's class attributes; the names of methods must not hide them
        cls.TypeId, cls.Version = int(type_id), version  # type: ignore[attr-defined]
        TYPES[type_id, version] = Entry(cls, store, tuple(configs))
        return cls

    return register


def entry(word: int) -> Entry | None:
    """Return the registry's line for a type word; None for an unknown type."""
    key = (word & 0xFFFF, word >> 16 & 0x7FFF)
    found = TYPES.get(key)
    if found is None and key[0] in _MODULE_OF:
        import_module(f"{__package__}.{_MODULE_OF[key[0]]}")
        found = TYPES.get(key)
    return found


def load_all() -> dict[tuple[int, int], Entry]:
    """Import all tables; return the whole registry, by type id and version."""
    for name in MODULES:
        import_module(f"{__package__}.{name}")
    return TYPES


@lru_cache(maxsize=4096)
def known(word: int) -> tuple[type[Record] | None, bool]:
    """Return the class that reads a type word, and whether it is a configuration."""
    line = entry(word)
    return (line.record, line.store == "config") if line else (None, False)


@lru_cache(maxsize=4096)
def type_name(word: int) -> str:
    """Name a type word for people, such as 'CspadElement v2'."""
    number = type_id(word)
    name = TYPE_NAMES.get(number, f"type {number}")
    return f"{name} v{version(word)}{' compressed' if word & COMPRESSED else ''}"


def config_for(word: int, find_config: Callable[[type[Record]], Record | None]) -> Record:
    """Return the configuration that a payload's layout needs.

    Raises
    ------
    UnsupportedTypeError
        The run has none.
    """
    line = entry(word)
    configs = line.configs if line else ()
    for kind in configs:
        config = find_config(kind)
        if config is not None:
            return config
    names = ", ".join(kind.__name__ for kind in configs)
    needs = f"{type_name(word)} needs one of {names} from the same source"
    raise UnsupportedTypeError(f"{needs}, and the run has none")


def decode(
    word: int,
    data: Any,
    start: int,
    end: int,
    find_config: Callable[[type[Record]], Record | None],
    file: object = None,
    base: int = 0,
) -> Record:
    """Read the payload in ``data[start:end]``.

    Parameters
    ----------
    word : int
        Type word of its container.
    find_config : callable
        Configuration of the same source by class, or None.
    file, base
        File, and byte of the file at which `data` begins.

    Raises
    ------
    UnsupportedTypeError
        No table, a compressed payload, or no configuration that the layout needs.
    FormatError
        The bytes are not what the table says.
    """
    line = entry(word)
    if line is None or word & COMPRESSED:
        raise UnsupportedTypeError(f"no table for {type_name(word)}", file, base + start)
    config = config_for(word, find_config) if line.configs else None
    try:
        return line.record(data, start, end, config, file, base)
    except (ArithmeticError, MemoryError) as error:  # sizes that cannot be
        raise FormatError(f"{type_name(word)}: {error}", file, base + start) from error
