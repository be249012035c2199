"""Engines of ipyparallel: those that we start, and those that are given.

What is known here of ipyparallel 9.2, beyond its manual: a client keeps every result until told
otherwise; the death of an engine arrives as a RemoteError whose name is 'EngineError'; a hub that
is gone is not noticed; and nothing ends the engines of a client that was killed.
"""

from __future__ import annotations

import ipaddress
from typing import Any

import ipyparallel

from xtcview.errors import EngineError
from xtcview.reduce.enginepool import EnginePool

REGISTER_SECONDS = 9.0  # for an engine of a given cluster; its first heartbeats take up to 6 s


def engine_pool(engines: Any) -> EnginePool:
    """Return the pool for a number of engines, a Client, a Cluster or a view's executor.

    Raises
    ------
    EngineError
        When there is no cluster to be reached, or no engine within a bounded time.
    """
    if isinstance(engines, int):
        from xtcview.reduce.local import LOCAL

        return LOCAL.pool(engines)
    if isinstance(engines, ipyparallel.Client):
        return _given(engines, False)
    if isinstance(engines, ipyparallel.Cluster):
        return _given(_connect(engines), True)
    view = getattr(engines, "view", engines)
    client = getattr(view, "client", None)
    if client is None:
        raise EngineError(f"{engines!r} has no engines: give a Client, a Cluster or a number")
    targets = [view.targets] if isinstance(view.targets, int) else view.targets
    return _given(client, False, targets if isinstance(targets, list) else None)


def _connect(cluster: Any) -> Any:
    if cluster.controller is None:
        raise EngineError(f"{cluster!r} is not running: start it with cluster.start_cluster_sync()")
    try:
        return cluster.connect_client_sync()
    except (OSError, TimeoutError, ipyparallel.error.IPythonError) as error:
        raise EngineError(
            f"{cluster!r} cannot be reached: {error}. Is its controller alive?"
        ) from error


def _given(client: Any, close_client: bool, targets: list[int] | None = None) -> EnginePool:
    try:
        client.wait_for_engines(1, timeout=REGISTER_SECONDS, interactive=False)
    except TimeoutError as error:
        if close_client:
            client.close(linger=0)
        raise EngineError(
            f"no engine of the cluster registered within {REGISTER_SECONDS:g} s: start some, such "
            "as with cluster.start_engines_sync(n=2)"
        ) from error
    pool = EnginePool(client, targets, close_client)
    pool.notes += _exposed(client)
    return pool


def _exposed(client: Any) -> list[str]:
    """Say what others on the network could do with this client's messages.

    Raises
    ------
    EngineError
        When anybody could send results, which are unpickled here.
    """
    if not client.session.key:
        raise EngineError(
            "messages of this cluster are not signed, so that anybody could send what this process "
            "unpickles: start its controller with a Session.key"
        )
    transport, _, place = str(client._config["interface"]).partition("://")
    here = transport != "tcp" or is_loopback(place)  # the other one is a file of this machine
    if here or client.curve_serverkey or client._ssh:
        return []
    return [
        f"messages go to {place} without encryption; xtcview.cluster(ip='{place}') starts engines "
        "with it"
    ]


def is_loopback(place: str) -> bool:
    """Tell whether an address or name means this machine by a way that leaves no cable."""
    try:
        return ipaddress.ip_address(place.strip("[]")).is_loopback
    except ValueError:
        return place == "localhost"


def stop_engines() -> None:
    """Stop the engines that ``xtcview.reduce(..., engines=2)`` has started in this process."""
    from xtcview.reduce.local import LOCAL

    LOCAL.stop()
