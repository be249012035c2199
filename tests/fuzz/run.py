"""Fuzz for a time: ``python -m tests.fuzz.run [--seconds 600] [TARGET ...]``; see `make fuzz`.

Inputs are changed at random for one half of the time, and for the other, with atheris (dependency
group ``fuzz``), as what they reach suggests. An input that fails is kept in ``fuzz-found/``, and
``--replay FILE`` gives it to its target again.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib.util
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HANGS = 60  # s
FOUND = Path("fuzz-found")
SHARE = {"whole_run": 6, "payload": 3}  # of the time; others 1


def main() -> int:
    """Run the targets one after another; return how many failed."""
    asked = _arguments()
    for kept in ("INDEX_CACHE", "CONSTANTS_CACHE", "ORIENTATIONS"):
        os.environ[f"XTCVIEW_{kept}"] = "off"  # what an input leaves must not help the next
    if asked.replay:
        return _replay(asked.replay)
    if asked.one:
        return _atheris(asked.targets[0], asked.seconds) if asked.atheris else _plain(asked)
    from tests.fuzz.targets import TARGETS

    names = asked.targets or list(TARGETS)
    guided = importlib.util.find_spec("atheris") is not None
    print(f"{len(names)} targets, {asked.seconds} s, {'with' if guided else 'without'} atheris")
    whole = sum(SHARE.get(name, 1) for name in names)
    ways = (True, False) if guided else (False,)  # random changes are many times faster
    counts = [(name, _child(name, asked, way, whole * len(ways))) for name in names for way in ways]
    failed = [name for name, count in counts if count is None]
    done = sum(count or 0 for _, count in counts)
    print(f"failed: {', '.join(failed)}" if failed else f"all clean: {done:,} inputs")
    return len(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=None, help="of the random changes")
    parser.add_argument("--replay", type=Path, help="an input of fuzz-found/")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--atheris", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _child(name: str, asked: argparse.Namespace, guided: bool, whole: int) -> int | None:
    """Fuzz one target in a process of its own, which may die.

    Returns
    -------
    int or None
        How many inputs were tried; None when one failed.
    """
    seconds = asked.seconds * SHARE.get(name, 1) / whole
    command = [sys.executable, "-m", "tests.fuzz.run", "--one", name, f"--seconds={seconds}"]
    command += ["--atheris"] if guided else []
    command += [] if asked.seed is None else [f"--seed={asked.seed}"]
    print(f"{name}, {'atheris' if guided else 'random'}: {seconds:.0f} s", end="", flush=True)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as room:
        place = os.environ | {"TMPDIR": room}
        done = subprocess.run(command, check=False, capture_output=True, env=place)
    text = (done.stdout + done.stderr).decode(errors="replace")
    count = re.search(r"number_of_executed_units: (\d+)|inputs tried: (\d+)", text)
    if done.returncode or count is None:
        print(f"\n{text}\n{name}: failed; what it was given is in {FOUND}/")
        return None
    print(f", {int(count[1] or count[2]):,} inputs")
    return int(count[1] or count[2])


def _plain(asked: argparse.Namespace) -> int:
    """Change seeds at random until the time is over or an input fails."""
    from tests.fuzz.mutate import mutate
    from tests.fuzz.targets import TARGETS
    from tests.fuzz.watch import watched

    (name,) = asked.targets
    seed = random.randrange(1 << 32) if asked.seed is None else asked.seed
    target, rng = TARGETS[name], random.Random(seed)
    print(f"--seed {seed}")
    seeds, end, count = target.seeds(), time.monotonic() + asked.seconds, 0
    while time.monotonic() < end:
        data = mutate(rng, seeds, target.longest) if count >= len(seeds) else seeds[count]
        count += 1
        faulthandler.dump_traceback_later(HANGS, exit=True)  # a loop of numpy hears no signal
        try:
            with watched():
                target.call(data)
        except BaseException:
            faulthandler.cancel_dump_traceback_later()
            print(f"failed after {count} inputs; kept as {_keep(name, data)}")
            raise
    faulthandler.cancel_dump_traceback_later()
    print(f"inputs tried: {count}")
    return 0


def _keep(name: str, data: bytes) -> Path:
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{name}-{random.randrange(1 << 32):08x}"
    path.write_bytes(data)
    return path


def _atheris(name: str, seconds: float) -> int:
    """Give the target to atheris, which ends the process."""
    import atheris

    # of a whole run not the tables: they have a target, and watching them takes most of the time
    watch = ["xtcview.format", "xtcview.run"] if name == "whole_run" else ["xtcview"]
    with atheris.instrument_imports(include=watch):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.watch import watched
    from xtcview.types import registry

    with atheris.instrument_imports(include=watch):
        registry.load_all()
    target, corpus = TARGETS[name], FOUND / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number:04d}").write_bytes(seed)

    def call(data: bytes) -> None:
        with watched():
            target.call(data)

    options = [f"-max_total_time={int(seconds)}", f"-max_len={target.longest}"]
    options += [f"-timeout={HANGS}", "-rss_limit_mb=4096", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([name, *options, f"-artifact_prefix={FOUND}/{name}-", str(corpus)], call)
    atheris.Fuzz()
    return 0


def _replay(path: Path) -> int:
    """Give a kept input to its target again."""
    from tests.fuzz.targets import TARGETS
    from tests.fuzz.watch import watched

    name = next(n for n in TARGETS if path.name.startswith(n))
    with watched():
        TARGETS[name].call(path.read_bytes())
    print(f"{path}: no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
