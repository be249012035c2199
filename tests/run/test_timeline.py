"""Files merged into one timeline: every way of merging gives the same rows."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtcview.format.index import CALIB_CYCLE, NODE, Index
from xtcview.run import columns, timeline

NAMES = ("file", "offset", "damage", "empty")
PAIRS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), max_size=12)


def _index(pairs, damage=0):
    nodes = np.zeros(len(pairs), NODE)
    nodes["seconds"] = 100
    nodes["nanoseconds"] = [time for time, _ in sorted(pairs, key=lambda pair: pair[0])]
    nodes["fiducial"] = [fiducial for _, fiducial in sorted(pairs, key=lambda pair: pair[0])]
    nodes["offset"] = 100 + 10 * np.arange(len(pairs))
    nodes["damage"] = damage
    cycle = np.array([(50, 0, 99, 0)], CALIB_CYCLE)
    return Index("x.xtc", nodes, cycle, np.zeros(0, "u1"))


def _merge(*indexes, streams=None):
    streams = streams or range(len(indexes))
    files = [SimpleNamespace(stream=s, is_ioc=s >= 80) for s in streams]
    parts = [timeline.part(i, index) for i, index in enumerate(indexes)]
    return timeline.merge(files, parts, indexes)


def _expected(indexes):
    """The events by the rule itself: (time, fiducial) -> its (file, offset)."""
    found = {}
    for number, index in enumerate(indexes):
        for node in index.nodes.tolist():
            found.setdefault((node[0] << 32 | node[1], node[2]), []).append((number, node[3]))
    return dict(sorted(found.items()))


@given(st.lists(PAIRS, min_size=1, max_size=4))
def test_events_are_the_unions_of_equal_times(lists):
    indexes = [_index(pairs) for pairs in lists]
    merged, expected = _merge(*indexes), _expected(indexes)
    events = zip(merged.events["time"].tolist(), merged.events["fiducial"].tolist(), strict=True)
    assert list(events) == list(expected)
    assert [merged.parts(i) for i in range(len(expected))] == list(expected.values())
    assert merged.event_of().tolist() == [
        number for number, parts in enumerate(expected.values()) for _ in parts
    ]
    for number, (time, fiducial) in enumerate(expected):
        assert merged.find(time, fiducial) == number
    assert sum(merged.datagrams()) == sum(map(len, lists))


@given(st.sets(st.integers(0, 50), min_size=1), st.integers(2, 5))
def test_files_that_are_alike_are_merged_as_others_are(times, count):
    alike = [_index([(time, 1) for time in times], damage=i % 2) for i in range(count)]
    merged = _merge(*alike)
    other = _merge(*alike, _index([(60, 1)]))  # one more event in one file: by sorting
    for name in NAMES:
        assert merged.daq[name].tolist() == other.daq[name].tolist()[:-1]
    assert merged.events.tolist() == other.events.tolist()[:-1]


def test_control_system_contributions_count_to_their_events():
    ioc = _index([(1, 0), (3, 2), (7, 1)])
    merged = _merge(_index([(2, 1), (4, 2), (6, 3)]), ioc, streams=[0, 80])
    assert merged.ioc["fiducial"].tolist() == [0, 1, 2]
    assert merged.event_of(ioc=True).tolist() == [-1, 0, 1]
    assert merged.parts(0) == [(0, 100), (1, 120)]
    assert merged.parts(2) == [(0, 120)]


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([2, 0]), np.array([True, False, True])])
def test_a_column_of_one_value_behaves_as_any_other(rows):
    constant, plain = columns.constant(7, 3, "<i4"), np.full(3, 7, "<i4")
    assert columns.is_constant(constant)
    assert not columns.is_constant(plain)
    assert columns.take(constant, rows).tolist() == plain[rows].tolist()


def test_columns_are_joined_without_memory_only_when_alike():
    one, two = columns.constant(1, 2, "<i4"), columns.constant(2, 1, "<i4")
    none = np.zeros(0, "<i4")
    assert columns.is_constant(columns.join([one, none, one]))
    assert columns.join([one, none, two]).tolist() == [1, 1, 2]
    assert columns.join([none, none]).tolist() == []
    assert columns.interleave([one, one]).tolist() == [1, 1, 1, 1]
    table = columns.Columns(a=np.arange(3), b=columns.constant(5, 3, "<i4"))
    assert table[1:].tolist() == [(1, 5), (2, 5)]
    assert len(table[np.array([False, False, True])]) == 1
