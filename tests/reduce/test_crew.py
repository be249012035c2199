"""Which engine works on what."""

from __future__ import annotations

from concurrent.futures import Future

from xtcview.reduce.crew import Crew


def test_queues():
    crew, (a, b, c) = Crew(), (Future() for _ in range(3))
    assert crew.least_busy([4, 7]) == 4
    crew.give(4, a)
    assert crew.least_busy([4, 7]) == 7
    crew.give(7, b)
    crew.give(4, c)
    assert [crew.at_work(f) for f in (a, b, c)] == [True, True, False]
    assert crew.since(c) is None
    before = crew.since(a)
    crew.done(a)
    assert crew.since(c) >= before
    assert crew.engine_of(a) is None
    crew.done(a)  # once more does nothing
    assert crew.dismiss() == [b, c]
    assert crew.least_busy([9, 4]) == 9


def test_one_chunk_of_a_dead_engine_is_suspect():
    for order in ((0, 1), (1, 0)):
        crew, futures = Crew(), [Future(), Future()]
        for future in futures:
            crew.give(3, future)
        blamed = []
        for k in order:  # they come back in any order
            blamed.append((k, crew.blame(futures[k])))
            crew.done(futures[k])
        assert sorted(blamed) == [(0, True), (1, False)]
