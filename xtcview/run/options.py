"""psana's options: those that mean something here, and why the others are refused.

psana reads ./psana.cfg by itself; here only `setConfigFile` reads a file.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtcview.errors import OptionError, near

LIVE_TIMEOUT = "PSXtcInput.XtcInputModule.liveTimeout"
DEFAULTS: dict[str, Any] = {
    "psana.store-out-of-order-damage": False,  # give payloads whose detector lost count
    "psana.store-user-ebeam-damage": True,  # give EBeam records that say some field is bad
    "psana.calib-dir": "",  # instead of the experiment's calib folder
    "psana.job-name": "",  # what env.jobName() gives
    LIVE_TIMEOUT: 120.0,  # s without anything new after which a live run is given up
}
OPTIONS: dict[str, Any] = {}  # set by scripts
_file: dict[str, Any] = {}  # set by a configuration file

_HIDES = "no event is hidden; choose them in the script"
_SLICE = "take some of run.times(), or itertools.islice(run.events(), ...)"
# psana's other options: the value that says what is done here anyway, and what to do instead
FIXED: dict[str, tuple[Any, str]] = {
    "psana.events": (0, _SLICE),
    "psana.skip-events": (0, _SLICE),
    "psana.skip-epics": (False, _HIDES),
    "psana.l3t-accept-only": (False, _HIDES),
    "psana.first_control_stream": (80, "control system streams are those from s80 on"),
    "psana.store-damaged-config": (None, ""),  # psana reads it, and stores them in any case
    "psana.allow-corrupt-epics": (True, "what cannot be read is told in run.problems"),
    "psana.parallel": (0, "xtcview.reduce works on several engines"),
    "psana.modules": ("", "there are no modules; loop over the events in the script"),
    "psana.input": ("", "give the data set to DataSource"),
    "psana.files": ("", "give the data set to DataSource"),
    "psana.experiment": ("", "write 'exp=CXI/cxitut13' in the data set"),
    "psana.instrument": ("", "write 'exp=CXI/cxitut13' in the data set"),
    "psana.pyana_compat": (None, ""),  # of psana's modules
}
_WORDS = {"1": True, "true": True, "yes": True, "on": True}
_WORDS |= {"0": False, "false": False, "no": False, "off": False}


def held() -> dict[str, Any]:
    """Return the value of every option, for a run that is opened now."""
    return {**DEFAULTS, **_file, **OPTIONS}


def setOption(name: str, value: Any) -> None:  # noqa: N802 - psana's name
    """Set an option for the data sources that are opened from now on.

    Parameters
    ----------
    name : str
        Such as 'psana.calib-dir'; without a point, of psana.
    value : object
        Truth values also as psana writes them: 'yes', 'no', 1, 0.

    Raises
    ------
    OptionError
        There is no such option, or it has no such value here.
    """
    OPTIONS.update(_understood({name: value}))


def setOptions(mapping: Mapping[str, Any]) -> None:  # noqa: N802
    """Set several options, or none of them when one is not understood; see `setOption`."""
    OPTIONS.update(_understood(mapping))


def setConfigFile(name: str | Path) -> None:  # noqa: N802
    """Read options from a file as psana's (sections, name = value); what scripts set wins.

    Parameters
    ----------
    name : str
        '' forgets the options of an earlier file.

    Raises
    ------
    OptionError
        The file cannot be read, or has an option that is not understood.
    """
    parser = configparser.RawConfigParser(delimiters="=", inline_comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment, method-assign] # keep upper case
    try:
        if str(name):
            parser.read_string(Path(name).read_text(), str(name))
    except (OSError, UnicodeError, configparser.Error) as error:
        raise OptionError(f"{name}: no configuration file of psana: {error}") from error
    found = {f"{part}.{key}": v for part in parser.sections() for key, v in parser[part].items()}
    understood = _understood(found, f"{name}: ")
    _file.clear()
    _file.update(understood)


def _understood(mapping: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Return the options that mean something here.

    Raises
    ------
    OptionError
    """
    named = {name if "." in name else f"psana.{name}": value for name, value in mapping.items()}
    found = {}
    for name, value in named.items():
        if name in DEFAULTS:
            found[name] = _as(DEFAULTS[name], value, f"{where}{name}")
        elif name in FIXED:
            only, instead = FIXED[name]
            if only is not None and _as(only, value, f"{where}{name}") != only:
                raise OptionError(f"{where}{name}={value!r} is not offered: {instead}")
        else:
            raise OptionError(f"{where}no option {name!r}.{near(name, DEFAULTS)}")
    return found


def _as(like: Any, value: Any, what: str) -> Any:
    """Return a value in the type of another one."""
    if isinstance(like, bool):
        word = str(value).strip().lower()
        if word not in _WORDS:
            raise OptionError(f"{what}: expected yes or no, found {value!r}")
        return _WORDS[word]
    if isinstance(like, float):
        if not re.fullmatch(r"\d+(\.\d*)?", str(value).strip()):
            raise OptionError(f"{what}: expected a number, found {value!r}")
        return float(value)
    if isinstance(like, int):
        if not str(value).strip().isdecimal():
            raise OptionError(f"{what}: expected a number, found {value!r}")
        return int(value)
    return str(value)
