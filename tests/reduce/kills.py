"""Random deaths of engines, by a seed: the bits must not change.

``python tests/reduce/kills.py 100`` tries a hundred schedules on real engines; with ``20 80`` it
tries 20 of them from the 80th on.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

from reduce_fakes import LIBRARY, FakeRun, expected  # noqa: E402

from xtcview.reduce.api import reduce  # noqa: E402

NAMES = ("sum", "mean", "std", "min", "max")
RUN = FakeRun(n=300, delay=0.003, damaged=[1, 250], empty=[2], failing=[4], partial=[6, 7])
COUNTED = [k for k in range(300) if k not in (1, 2, 4, 250)]


def under_fire(seed: int, engines: int = 2) -> int:
    """Reduce while engines are killed at random times; return how many were.

    Raises
    ------
    AssertionError
        When the result is not that of undisturbed engines.
    """
    rng = random.Random(seed)
    kills = rng.choice((1, 1, 2))
    r = reduce(RUN, ops=NAMES, library=LIBRARY, engines=engines, checkpoint=False)
    killed = 0
    for when in sorted(rng.uniform(0.0, 0.6) for _ in range(kills)):
        while not r.done and (r._pool is None or not r._pool.capacity()):
            time.sleep(0.005)
        time.sleep(when / kills)
        living = r._pool._living()
        if living and not r.done:
            r._pool._signal(signal.SIGKILL, rng.choice(living))
            killed += 1
    r.wait(90.0)
    assert str(r.report).startswith(
        "296 of 300 events counted, 1 missing, 2 damaged, 1 failed, 0 unread"
    ), r
    for name, wanted in expected(RUN, COUNTED).items():
        np.testing.assert_array_equal(getattr(r, name), wanted, err_msg=f"{name}, seed {seed}")
    return killed


def main(schedules: int, first: int = 0) -> None:
    """Try so many schedules, and say how it went."""
    from xtcview.reduce.engines import stop_engines

    try:
        killed = [under_fire(seed) for seed in range(first, first + schedules)]
    finally:
        stop_engines()
    print(f"{schedules} of {schedules} schedules gave the same bits; {sum(killed)} engines killed")


if __name__ == "__main__":
    import os

    os.environ["PYTHONPATH"] = os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])
    main(*map(int, sys.argv[1:]))
