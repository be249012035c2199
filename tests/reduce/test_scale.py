"""A thousand engines and a thousand ranks, under a clock that only jumps: nothing twice or lost."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.support.virtual import World, simulate, sums
from xtcview.reduce.share import deal, joined, missing

HOUR = 3600.0


def check(outcome, world) -> None:
    report = outcome.total.report()
    assert (report.selected, report.counted) == (world.events, world.events)
    np.testing.assert_array_equal(outcome.total.results()["sum"], sums(world.events)[-1])
    assert outcome.read >= world.events


@pytest.mark.parametrize(
    ("engines", "events", "seconds", "state", "least"),
    [
        (16, 100_000, 1e-3, 9.2e6, 0.85),  # a plain sum: as fast as the disk
        (64, 100_000, 1e-3, 9.2e6, 0.80),
        (1000, 200_000, 1.0, 9.2e6, 0.80),  # a function of a second
    ],
)
def test_engines_are_busy(monkeypatch, engines, events, seconds, state, least):
    world = World(engines, events, seconds, state_bytes=int(state))
    outcome = simulate(world, monkeypatch)
    check(outcome, world)
    assert outcome.efficiency >= least


@pytest.mark.parametrize("seed", range(5))
def test_a_thousand_engines_that_die(monkeypatch, seed):
    world = World(1000, 200_000, 1.0, lifetime=4 * HOUR, seed=seed)
    outcome = simulate(world, monkeypatch)
    check(outcome, world)
    assert outcome.deaths > 5
    assert 0 < outcome.read - world.events < 0.02 * world.events
    assert outcome.efficiency >= 0.6


@pytest.mark.parametrize("seed", range(10))
def test_few_engines_that_die_all_the_time(monkeypatch, seed):
    """Each engine lives for a few chunks; the last one does the rest."""
    world = World(12, 5000, 0.01, lifetime=4.0, opening=0.1, notice=0.5, seed=seed)
    outcome = simulate(world, monkeypatch)
    assert outcome.deaths >= 5
    report = outcome.total.report()
    assert report.counted + report.failed == world.events
    counted = np.setdiff1d(np.arange(world.events), report.of_kind("failed"))
    frames = np.diff(sums(world.events), axis=0)
    np.testing.assert_array_equal(outcome.total.results()["sum"], frames[counted].sum(axis=0))


def job(ranks: int, events: int, seconds: float, lifetime: float, seed: int) -> tuple[float, int]:
    """Let ranks read until one dies, and begin again with what was kept; return time, attempts."""
    rng = random.Random(seed)
    done, clock, attempts = [], 0.0, 0
    while left := missing(events, done):
        attempts += 1
        assert attempts < 200
        clock += 20.0  # to begin
        death = rng.expovariate(ranks / lifetime)
        longest = 0.0
        for rank in range(ranks):
            share = deal(left, rank, ranks)
            work = seconds * sum(last - first for first, last in share)
            longest = max(longest, work)
            kept = work if work <= death else death // 30.0 * 30.0  # what its last file holds
            count = round(min(kept, work) / seconds)
            for first, last in share:
                done.append((first, min(last, first + count)))
                count -= done[-1][1] - first
        done = joined(span for span in done if span[0] < span[1])
        clock += min(longest, death)
    assert done == [(0, events)]
    return clock, attempts


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_ranks_that_die(seed):
    days = 24 * HOUR
    clock, attempts = job(1000, 1_000_000, 1.0, 10 * days, seed)
    assert clock >= 1000
    assert 1 <= attempts < 20
    clock, attempts = job(1000, 1_000_000, 1.0, 1e12, seed)
    assert (clock, attempts) == (1020.0, 1)
