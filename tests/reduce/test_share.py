"""What is left, dealt to ranks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtcview.errors import XtcError
from xtcview.reduce.share import GOAL, LONGEST, Pace, deal, joined, missing
from xtcview.reduce.suspects import Mark, accused, marked


@st.composite
def done_spans(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 60), max_size=12)))
    spans = [(a, b) for a, b in pairwise(cuts) if draw(st.booleans())]
    return 60, draw(st.permutations(spans))


def positions(spans):
    return [k for first, last in spans for k in range(first, last)]


@given(done_spans(), st.integers(1, 70))
def test_what_is_left_is_dealt_once_and_evenly(found, size):
    count, done = found
    left = missing(count, done)
    assert sorted(positions(left) + positions(done)) == list(range(count))
    shares = [positions(deal(left, rank, size)) for rank in range(size)]
    assert [k for share in shares for k in share] == positions(left)
    lengths = [len(share) for share in shares]
    assert max(lengths) - min(lengths) <= 1
    assert positions(joined(done)) == sorted(positions(done))
    assert all(a[1] < b[0] for a, b in pairwise(joined(done)))


@pytest.mark.parametrize("done", [[(0, 5), (4, 6)], [(0, 11)], [(5, 3)], [(-1, 2)]])
def test_an_event_is_never_counted_twice(done):
    with pytest.raises(XtcError, match="is outside or was counted twice"):
        missing(10, done)


def test_chunks_take_about_two_seconds():
    pace = Pace()
    assert pace.length(100) == 10
    assert pace.length(3) == 3
    pace.learn(10, 0.1)
    assert pace.length(10_000) == GOAL / 0.01
    assert pace.length(50) == 50
    pace.learn(1000, 0.0)
    assert pace.length(10**6) == LONGEST


def test_marks_that_stay_accuse_their_events(tmp_path):
    paths = [tmp_path / f"mark-{k}" for k in range(3)]
    for path, spans in zip(paths, [[(3, 9), (0, 0)], [(10, 20)], [(12, 13)]], strict=True):
        mark = Mark(path)
        for span in spans:
            mark.put(span)
        mark.close()
    (tmp_path / "mark-3").write_text('{"span": [')
    found = marked(sorted(tmp_path.iterdir()))
    assert [span for span, _ in found] == [(10, 20), (12, 13)]
    assert accused([(0, 5), (8, 11), (12, 30)], [span for span, _ in found]) == [
        ((0, 5), 0), ((8, 10), 0), ((10, 11), 1), ((12, 13), 2), ((13, 20), 1), ((20, 30), 0),
    ]  # fmt: skip
