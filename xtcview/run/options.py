"""psana's options, as far as they mean something here."""

from __future__ import annotations

from typing import Any

LIVE_TIMEOUT = "PSXtcInput.XtcInputModule.liveTimeout"
OPTIONS: dict[str, Any] = {
    "psana.store-out-of-order-damage": False,  # give payloads whose detector lost count
    "psana.store-user-ebeam-damage": True,  # give EBeam records that say some field is bad
    "psana.calib-dir": "",  # instead of the experiment's calib folder
    LIVE_TIMEOUT: 120.0,  # s without anything new after which a live run is given up
}


def setOption(name: str, value: Any) -> None:  # noqa: N802 - psana's name
    """Set an option for the data sources that are opened from now on.

    Raises
    ------
    KeyError
        There is no such option.
    """
    if name not in OPTIONS:
        raise KeyError(f"no option {name!r}; there are: {', '.join(OPTIONS)}")
    OPTIONS[name] = value
