"""Every target takes its seeds and some random changes of them; `make fuzz` goes on from there."""

import random

import pytest

from tests.fuzz.bases import bases, bend
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS
from tests.fuzz.watch import TooMuch, TooSlow, watched

COUNTS = {"whole_run": 30, "payload": 500, "constants": 300}  # others 1500: a second each


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_changes(name):
    target, rng = TARGETS[name], random.Random(name)
    seeds = target.seeds()
    assert seeds
    assert all(len(seed) <= target.longest for seed in seeds)
    changed = [mutate(rng, seeds, target.longest) for _ in range(COUNTS.get(name, 1500))]
    for data in [*seeds, *changed]:
        with watched():
            target.call(data)


def test_scripts_bend_what_they_say():
    base = bases()[0]
    kept = bend(base, b"")
    assert kept.files == base.files
    assert not any(kept.touched.values())
    name = next(iter(base.files))
    changed = bend(base, bytes([0, 0, 9, 0, 0xFF, 0xFF, 0xFF, 0xFF]))
    place = base.places[name][9]
    assert changed.touched[name] == [(place, place + 4)]
    assert changed.files[name][place : place + 4] == b"\xff" * 4
    assert {n: d for n, d in changed.files.items() if n != name} == {
        n: d for n, d in base.files.items() if n != name
    }
    cut = bend(base, bytes([0, 161, 9, 0, 0, 0, 0, 0]))
    assert cut.files[name] == base.files[name][:place]
    assert cut.touched[name] is None


def test_what_takes_too_long_or_too_much_is_noticed(monkeypatch):
    monkeypatch.setattr("tests.fuzz.watch.SECONDS", 0.05)
    with pytest.raises(TooSlow), watched():
        any(number < 0 for number in range(1 << 40))
    monkeypatch.setattr("tests.fuzz.watch.SECONDS", 5.0)
    with pytest.raises(TooMuch, match="MB of memory"), watched():
        assert bytearray(b"x") * (400 << 20)
