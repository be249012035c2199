"""Datagrams against bytes written by hand; a file that was written can be opened."""

import pytest

from tests.format.test_headers import L1ACCEPT
from tests.support import runs
from xtcview.format import index, indexer, writer
from xtcview.format.headers import dgram, type_word
from xtcview.format.ids import Transition, TypeId
from xtcview.format.src import Src, det_info
from xtcview.format.tree import walk


def test_container_by_hand():
    assert writer.container(Src(0x0205200A, 0xAC152802)) == L1ACCEPT[40:]


def test_leaf_by_hand():
    found = writer.xtc(type_word(TypeId.Epics, 1), det_info(9, 0, 0, 0), b"abcd", damage=0x4000)
    assert found == bytes.fromhex("0040000000000001000000090d00010018000000") + b"abcd"


@pytest.mark.parametrize(("size", "extent"), [(0, 20), (1, 24), (4, 24), (5, 28)])
def test_payloads_are_padded_to_words(size, extent):
    found = writer.xtc(0x10002, runs.CAMERA, b"x" * size)
    assert len(found) == extent == int.from_bytes(found[16:20], "little")
    assert found[20 + size :] == bytes(extent - 20 - size)


def test_l1accept_by_hand():
    found = writer.datagram(
        Transition.L1Accept,
        (1398791234, 123456789),
        131022,
        writer.container(Src(0x0205200A, 0xAC152802)),
        env=0x201,
        vector=5,
        ticks=1000,
        damage=2,
    )
    assert found[:24] == L1ACCEPT[:24]
    assert found[24:32] == bytes.fromhex("0000000300000000")  # level Event, no process
    assert found[32:] == L1ACCEPT[32:]


def test_transition_by_hand():
    found = writer.datagram(Transition.BeginRun, (1, 2), env=34)
    words = ["02000000", "01000000", "00000086", "ffff0100", "22000000"]
    root = ["00000000", "00000003", "00000000", "01000100", "14000000"]
    assert found == bytes.fromhex("".join(words + root))


def test_everything_comes_back():
    data = runs.event(5, runs.camera_segment(1), runs.archiver(runs.pv_time(3, 1.5)), step=2)
    head = dgram(data)
    assert (head.seconds, head.nanoseconds) == runs.time_of(5, 2)
    assert (head.fiducial, head.high >> 17, head.size) == (runs.fiducial_of(5, 2), 5, len(data))
    leaves, faults = walk(data)
    assert [leaf.phy for leaf in leaves] == [runs.CAMERA.phy(), runs.ARCHIVER.phy()]
    assert not faults


def test_offsets_are_those_of_the_file(tmp_path):
    datagrams = runs.simple(2)
    with writer.StreamWriter(tmp_path / "new" / "folder", "e7-r0003-s00-c00.xtc") as file:
        offsets = [file.write(data) for data in datagrams]
    content = file.path.read_bytes()
    assert content == b"".join(datagrams)
    assert [content[o : o + len(d)] for o, d in zip(offsets, datagrams, strict=True)] == datagrams


def test_the_index_is_written_on_closing(tmp_path):
    path = runs.write(tmp_path, runs.simple(3, 2))
    found = index.decode(runs.index_of(path).read_bytes())
    data = path.read_bytes()
    scan = indexer.scan(lambda o, n: data[o : o + n], len(data), path.name)
    assert index.encode(scan.index) == runs.index_of(path).read_bytes()
    assert (found.name, len(found.nodes), len(found.calib_cycles)) == (path.name, 6, 2)


def test_closing_twice_does_nothing(tmp_path):
    file = writer.StreamWriter(tmp_path, "e7-r0003-s00-c00.xtc")
    file.write(runs.event(0))
    file.close()
    runs.index_of(file.path).unlink()
    file.close()
    assert not runs.index_of(file.path).exists()
