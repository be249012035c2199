"""A timeline that grew in any portions is the one that is merged at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import runs
from xtcview.format import indexer
from xtcview.run import growth, timeline
from xtcview.run.files import XtcFile
from xtcview.run.folders import list_files

COLUMNS = ("events", "daq", "ioc")


def indexed(files):
    return [indexer.scan(f.read, f.size, f.path.name).index for f in files]


def until(index, offset, begin=0):
    """Return what a pass up to a byte knows, with only the nodes from `begin` on."""
    nodes, cycles = index.nodes, index.calib_cycles
    nodes = nodes[(nodes["offset"] >= begin) & (nodes["offset"] < offset)]
    return replace(index, nodes=nodes, calib_cycles=cycles[cycles["offset"] < offset])


def merged(files, indexes):
    parts = [timeline.part(number, index) for number, index in enumerate(indexes)]
    return timeline.merge(files, parts, indexes)


def grown(files, indexes, rounds):
    """Merge what lies before the first bytes, then extend by what lies before the next ones."""
    known = [until(i, end) for i, end in zip(indexes, rounds[0], strict=True)]
    found = merged(files, known)
    changed = []
    for begin, end in pairwise(rounds):
        new = [until(i, e, b) for i, b, e in zip(indexes, begin, end, strict=True)]
        parts = [timeline.part(number, index) for number, index in enumerate(new)]
        before = found
        found, first = growth.extended(found, files, parts, new)
        changed.append((before, found, first))
    return found, changed


def assert_same(found, expected):
    for name in COLUMNS:
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert len(ours) == len(theirs), name
        for column in theirs.names:
            if column.startswith("ioc_"):  # of an event without any, the place does not matter
                continue
            np.testing.assert_array_equal(ours[column], theirs[column], f"{name}.{column}")
            assert ours[column].dtype == theirs[column].dtype, f"{name}.{column}"
    for number in range(len(expected.events)):
        assert found.parts(number) == expected.parts(number)
    np.testing.assert_array_equal(np.unique(found.cycles), np.unique(expected.cycles))


@pytest.fixture(scope="module")
def golden(golden_dir):
    groups = {}
    for file in list_files(golden_dir):
        groups.setdefault(file.run, []).append(file)
    found = {run: (files, indexed(files)) for run, files in groups.items()}
    yield found
    for files in groups.values():
        for file in files:
            file.close()


def portions(draw, files):
    """Draw up to five ascending rounds of ends, the last at the end of every file."""
    rounds = draw(st.integers(0, 4))
    each = [
        sorted(draw(st.lists(st.integers(0, f.size), min_size=rounds, max_size=rounds)))
        for f in files
    ]
    return [*map(list, zip(*each, strict=True)), [f.size for f in files]]


@given(st.data())
def test_golden_runs_in_portions(golden, data):
    files, indexes = golden[data.draw(st.sampled_from(sorted(golden)))]
    rounds = portions(data.draw, files)
    found, changed = grown(files, indexes, rounds)
    assert_same(found, merged(files, indexes))
    for before, after, first in changed:
        for column in ("time", "fiducial"):
            ours, theirs = before.events[column][:first], after.events[column][:first]
            np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """A run of two streams that share the events of three calib cycles, 30 s apart in time."""
    folder = tmp_path_factory.mktemp("scan")
    for stream in range(2):
        events = runs.begin()
        for step in range(3):
            events += runs.cycle(step, [runs.event(i, step=step) for i in range(stream, 9, 2)])
        runs.write(folder, events, stream=stream)
    files = [XtcFile(p) for p in sorted(folder.glob("*.xtc"))]
    yield files, indexed(files)
    for file in files:
        file.close()


@given(st.data())
def test_scans_in_portions(scan, data):
    files, indexes = scan
    found, _ = grown(files, indexes, portions(data.draw, files))
    assert_same(found, merged(files, indexes))


def test_a_file_that_moves_in_the_list(scan):
    files, indexes = scan
    found = growth.renumbered(merged(files[1:], indexes[1:]), [1], indexes)
    parts = [timeline.part(0, indexes[0]), timeline.part(1, until(indexes[1], 0))]
    found, _ = growth.extended(found, files, parts, indexes)
    assert_same(found, merged(files, indexes))
