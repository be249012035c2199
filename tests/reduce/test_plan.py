"""Selections and chunks: every selected event is handed out exactly once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reduce_fakes import FakeRun

from xtcview.errors import XtcError
from xtcview.reduce.plan import ATTEMPTS, FIRST, LONGEST, Plan, compact, select

RUN = FakeRun(n=20)


@pytest.mark.parametrize(
    ("events", "numbers"),
    [
        (None, list(range(20))),
        (slice(2, 12, 3), [2, 5, 8, 11]),
        (slice(None, None, -7), [19, 12, 5]),
        (range(3, 6), [3, 4, 5]),
        ([7, 0, -1], [7, 0, 19]),
        (np.array([4, 2], "u2"), [4, 2]),
        ([], []),
        (np.arange(20) % 8 == 1, [1, 9, 17]),
        (RUN.times()[3:5], [3, 4]),
        (iter([6, 1]), [6, 1]),
    ],
)
def test_select(events, numbers):
    found = select(RUN, events)
    assert found.dtype == np.int64
    assert found.tolist() == numbers


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([0, 20], "there is no event 20: the run has 20 events"),
        ([-21], "there is no event -21"),
        ([3, 1, 3], "event 3 is selected more than once"),
        ([3, -17], "event 3 is selected more than once"),
        ([True, False], "mask has 2 values, the run 20"),
        (5, "events=5 cannot be understood: give a slice"),
        (["a"], "cannot be understood"),
        ([1.5], "cannot be understood"),
        ([[1, 2]], "cannot be understood"),
        (FakeRun(n=30).times()[25:26], "no event at the time selected at position 0"),
    ],
)
def test_select_refuses(events, message):
    with pytest.raises(XtcError, match=message):
        select(RUN, events)


def test_all_of_an_empty_run_is_nothing():
    assert select(FakeRun(n=0)).size == 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8, unique=True))
def test_compact_keeps_the_numbers(numbers):
    assert list(compact(np.array(numbers, np.int64))) == numbers


def test_even_steps_become_a_range():
    assert compact(np.arange(5, 50, 3)) == range(5, 50, 3)
    assert compact(np.arange(9, -1, -3)) == range(9, -1, -3)
    assert compact(np.array([4])) == range(4, 5)
    assert compact(np.array([1, 2, 4])) == [1, 2, 4]


@given(
    n=st.integers(0, 3000),
    workers=st.integers(1, 40),
    paces=st.lists(st.floats(0, 2), min_size=1, max_size=5),
    lose=st.sets(st.integers(0, 30)),
)
def test_every_event_is_handed_out_once_however_it_goes(n, workers, paces, lose):
    selected = np.random.default_rng(n).permutation(n).astype(np.int64)
    plan, seen, numbers, again = Plan(selected, workers), [], [], set()
    while (chunk := plan.take()) is not None:
        assert 1 <= len(chunk.events) <= LONGEST
        if chunk.number in lose and chunk.losses < 2:
            assert plan.accuse(chunk)
            continue
        if chunk.number % 7 == 3 and chunk.number not in again:
            again.add(chunk.number)
            plan.give_back(chunk)
            continue
        left = len(chunk.events) // 3 if chunk.number % 5 == 2 else 0
        seen += list(chunk.events)[: len(chunk.events) - left]
        numbers.append(chunk.number)
        plan.rest(chunk, left)
        plan.learn(len(chunk.events), len(chunk.events) * paces[chunk.number % len(paces)])
    assert sorted(seen) == list(range(n))
    assert len(set(numbers)) == len(numbers)
    assert plan.finished


def test_few_events_are_dealt_to_all_workers():
    plan = Plan(np.arange(11), 2)
    assert [len(plan.take().events) for _ in range(4)] == [1, 1, 1, 1]
    assert len(Plan(np.arange(2000), 2).take().events) == FIRST


def test_chunks_follow_the_pace_and_end_together():
    plan = Plan(np.arange(100_000), 2)
    plan.take()
    plan.learn(10, 0.02)  # 2 ms per event
    assert len(plan.take().events) == 200  # 0.4 s
    slow = Plan(np.arange(100_000), 2)
    slow.take()
    slow.learn(10, 20.0)
    assert len(slow.take().events) == 1
    large = Plan(np.arange(100_000), 2)
    large.take()
    large.learn(10, 0.02, sent=40_000_000)  # 0.1 s to send
    assert len(large.take().events) == 500  # 1 s
    last = Plan(np.arange(210), 2)
    last.take()
    last.learn(10, 0.02)
    assert len(last.take().events) == 50


@pytest.mark.parametrize("bad", [(0,), (399,), (123,), (7, 8, 250)])
def test_the_event_that_kills_is_found(bad):
    plan, seen, found, deaths = Plan(np.arange(400), 1), [], [], 0
    while (chunk := plan.take()) is not None:
        if set(bad) & set(chunk.events):
            deaths += 1
            if not plan.accuse(chunk):
                found += list(chunk.events)
        else:
            seen += list(chunk.events)
            plan.learn(len(chunk.events), 1e-4 * len(chunk.events))
    assert sorted(found) == sorted(bad)
    assert sorted(seen + found) == list(range(400))
    assert deaths <= 2 + 4 * len(bad)


def test_chunks_that_cost_engines_come_last():
    plan = Plan(np.arange(100), 1)
    first = plan.take()
    assert plan.accuse(first)
    order, losses = [], []
    while (chunk := plan.take()) is not None:
        order += list(chunk.events)
        losses.append(chunk.losses)
    assert sorted(order) == list(range(100))
    assert order[-len(first.events) :] == list(first.events)  # all of it: it may be an accident
    assert losses == [0] * (len(losses) - 1) + [1]


def test_an_event_alone_is_tried_three_times():
    plan = Plan(np.arange(1), 1)
    for losses in range(ATTEMPTS - 1):
        chunk = plan.take()
        assert chunk.losses == losses
        assert plan.accuse(chunk)
    assert not plan.accuse(plan.take())
    assert plan.finished


def test_the_rest_of_a_chunk_that_ended_early():
    plan = Plan(np.arange(40), 1)
    chunk = plan.take()
    plan.rest(chunk, 4)
    rest = plan.take()
    assert rest.events == chunk.events[-4:]
    assert rest.number != chunk.number


@pytest.mark.parametrize("events", ["all", 3])
def test_events_that_cannot_be_understood(events):
    with pytest.raises(XtcError, match=repr(events)):
        select(RUN, events)
