"""Headers that were seen before are not walked again; what is found does not depend on it."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support import runs
from xtcview.format import tree
from xtcview.format.headers import DGRAM_SIZE, XTC_SIZE, dgram
from xtcview.format.window import PIECE
from xtcview.run import shapes
from xtcview.run.files import XtcFile
from xtcview.run.store import read_items

slow = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def found(file, offset):
    """What a datagram holds, as plain values; the bytes too."""
    head, items, faults = read_items(file, offset)
    rows = [(i.src.key, i.word, i.damage, i.at, i.size, bytes(i.data())) for i in items]
    return head, rows, faults


def anew(path, offset):
    """The same of a file of which nothing is remembered."""
    file = XtcFile(path)
    try:
        return found(file, offset)
    finally:
        file.close()


def offsets(data):
    at = 0
    while len(data) - at >= DGRAM_SIZE and at + dgram(data, at).size <= len(data):
        yield at
        at += dgram(data, at).size


@pytest.mark.parametrize("name", ["r0034-s00", "r0039-s00", "r0039-s80", "r0042-s00", "r0044-s00"])
def test_golden_runs_as_without_memory(golden_dir, name):
    path = golden_dir / f"e158-{name}-c00.xtc"
    data, file = path.read_bytes(), XtcFile(path)
    for at in list(offsets(data))[:300]:
        assert found(file, at) == anew(path, at)
        leaves, faults = tree.walk(data, at + DGRAM_SIZE, at + dgram(data, at).size)
        assert [row[3] for row in found(file, at)[1]] == [leaf.start for leaf in leaves]
        assert found(file, at)[2] == faults
    assert 0 < len(file.shapes) < 100
    file.close()


@pytest.fixture
def walks(monkeypatch):
    """Return a list that gets an entry for every walk."""
    seen, real = [], shapes.walk_headers
    monkeypatch.setattr(
        shapes, "walk_headers", lambda *args: (seen.append(args[1:]), real(*args))[1]
    )
    return seen


def file_of(tmp_path, *datagrams):
    path = tmp_path / "e7-r0003-s00-c00.xtc"
    path.write_bytes(b"".join(datagrams))
    return path


@pytest.mark.parametrize("shape", [(2, 3), (64, 50)])
def test_a_second_walk_is_not_needed(tmp_path, walks, shape):
    events = [runs.event(i, runs.camera_segment(i), runs.ebeam(i)) for i in range(3)]
    if shape != (2, 3):
        events = [runs.event(i, runs.frame(i, shape=shape), runs.ebeam(i)) for i in range(3)]
        assert len(events[0]) > PIECE
    file = XtcFile(file_of(tmp_path, *events))
    first = [found(file, i * len(events[0])) for i in range(3)]
    assert len(walks) == 1
    assert [row[-1] for row in first[2][1]] != [row[-1] for row in first[0][1]]
    assert first == [anew(file.path, i * len(events[0])) for i in range(3)]
    file.close()


@slow
@given(large=st.booleans(), at=st.integers(0, 10_000), value=st.integers(0, 255))
@example(large=False, at=0, value=1)
@example(large=True, at=XTC_SIZE + 16, value=0)
def test_one_byte_that_differs(tmp_path, large, at, value):
    shape = (64, 50) if large else (2, 3)
    content = [runs.frame(1, shape=shape), runs.ebeam(1), runs.camera_segment(1)]
    usual = runs.event(0, *content)
    bent = bytearray(runs.event(1, *content))
    bent[DGRAM_SIZE + at % (len(bent) - DGRAM_SIZE)] = value
    file = XtcFile(file_of(tmp_path, usual, bytes(bent)))
    found(file, 0)
    assert found(file, len(usual)) == anew(file.path, len(usual))
    assert found(file, 0) == anew(file.path, 0)
    file.close()


def test_only_so_many_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(shapes, "_MOST", 3)
    events = [runs.event(i, runs.frame(i, shape=(1, 2 * i + 2))) for i in range(7)]
    file = XtcFile(file_of(tmp_path, *events))
    for at in offsets(b"".join(events)):
        assert found(file, at) == anew(file.path, at)
        assert len(file.shapes) <= 3
    file.close()


def test_what_has_faults_is_not_kept(tmp_path):
    bad = bytearray(runs.event(0))
    bad[DGRAM_SIZE + 16] = 3  # an extent smaller than a header
    file = XtcFile(file_of(tmp_path, bytes(bad)))
    for _ in range(2):
        _, items, faults = read_items(file, 0)
        assert (items, len(faults), file.shapes) == ([], 1, {})
    file.close()
