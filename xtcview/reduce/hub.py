"""Whether a cluster's hub is alive: ipyparallel does not notice when it is gone."""

from __future__ import annotations

import threading
import time
from typing import Any

HUB_SECONDS = 5.0  # that the hub may take to answer
EVERY = 3.0  # s between questions


class Probe:
    """Asks the hub now and then, in the background.

    Parameters
    ----------
    client : ipyparallel.Client
        Connected to the hub.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._asked = time.monotonic()
        self._thread: threading.Thread | None = None

    def silent(self) -> float:
        """Return for how many seconds the hub owes an answer; asks when it is time to."""
        now = time.monotonic()
        if self._thread is not None and self._thread.is_alive():
            return now - self._asked
        if now - self._asked >= EVERY:
            self._ask()
        return 0.0

    def answers(self) -> bool:
        """Ask now, and tell whether there is an answer within `HUB_SECONDS`."""
        thread = self._ask()
        thread.join(HUB_SECONDS)
        return not thread.is_alive()

    def _ask(self) -> threading.Thread:
        self._asked = time.monotonic()
        self._thread = threading.Thread(target=self._question, name="xtcview-hub", daemon=True)
        self._thread.start()
        return self._thread

    def _question(self) -> None:
        try:
            self._client.queue_status()
        except Exception:  # noqa: BLE001 - an error is an answer, too; or the client was closed
            return
