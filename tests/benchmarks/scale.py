"""What many engines would do, by the real flow of chunks under a simulated clock.

    python tests/benchmarks/scale.py

A table of efficiency; takes half a minute. It says nothing of this machine's speed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.support.virtual import World, simulate

HOUR = 3600.0
MB = 1_000_000
WORLDS = [
    World(16),
    World(64),
    World(256),
    World(1000),
    World(256, seconds=0.1),
    World(1000, seconds=1.0),
    World(1000, 1_000_000, 1.0),
    World(1000, 1_000_000, 1.0, state_bytes=37 * MB),
    World(1000, 1_000_000, 1.0, lifetime=4 * HOUR),
    World(1000, 1_000_000, 1.0, lifetime=HOUR),
]


def main() -> None:
    print(
        "engines    events  s/event  state MB  life h     took s  efficient  client  redone  died"
    )
    for world in WORLDS:
        with pytest.MonkeyPatch.context() as patch:
            found = simulate(world, patch)
        report = found.total.report()
        print(
            f"{world.engines:7} {world.events:9} {world.seconds:8} {world.state_bytes / MB:9.1f} "
            f"{world.lifetime / HOUR:7.3g} {found.seconds:10.1f} {found.efficiency:10.2f} "
            f"{found.client:7.2f} {found.read / world.events - 1:7.4f} {found.deaths:5}"
            + (f"  {report.failed} events reported as failed" if report.failed else "")
        )
        assert report.counted + report.failed == world.events


if __name__ == "__main__":
    main()
