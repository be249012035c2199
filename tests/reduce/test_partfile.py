"""States and results on disk."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from xtcview.errors import FormatError, MissingExtraError, XtcError
from xtcview.reduce import outfile, partfile

ARRAYS = [np.arange(6, dtype=np.int64).reshape(2, 3), np.ones((1, 2), np.float32), np.zeros(0)]


def test_back_as_it_was(tmp_path):
    path = tmp_path / "a.npz"
    partfile.save(path, {"spans": [(0, np.int64(3))], "x": "ü"}, ARRAYS)
    header, arrays = partfile.load(path)
    assert header == {"format": partfile.FORMAT, "spans": [[0, 3]], "x": "ü"}
    for array, wanted in zip(arrays, ARRAYS, strict=True):
        np.testing.assert_array_equal(array, wanted, strict=True)
    assert partfile.load_header(path) == header
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_damage_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    partfile.save(path, {}, [np.arange(1000)])
    whole = path.read_bytes()
    for bad in (whole[:500], b"", whole[:3000] + b"\xff\xff" + whole[3002:], b"hello"):
        path.write_bytes(bad)
        with pytest.raises(FormatError, match="delete it, and what it held is read again"):
            partfile.load(path)
    np.savez(path, header=np.frombuffer(b'{"format": "x"}', np.uint8))
    with pytest.raises(FormatError, match="expected the format 'xtcview part 1'"):
        partfile.load(path)
    np.savez(path, header=np.array([{}], object))
    with pytest.raises(FormatError, match="allow_pickle=False"):
        partfile.load(path)


def test_a_full_disk_leaves_the_file_before(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    partfile.save(path, {"n": 1}, ARRAYS)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        partfile.save(path, {"n": 2}, ARRAYS)
    monkeypatch.undo()
    assert partfile.load_header(path)["n"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_objects_are_not_kept(tmp_path):
    with pytest.raises(TypeError, match="cannot be kept"):
        partfile.save(tmp_path / "a.npz", {"x": object()}, [])
    with pytest.raises(FormatError, match="arrays of Python objects are not kept"):
        partfile.save(tmp_path / "a.npz", {}, [np.array([{}], object)])
    assert not list(tmp_path.iterdir())


def written(path: Path):
    outfile.write(path, {"detector": "cspad"}, {"counts": ARRAYS[0], "mean": ARRAYS[1]})
    return outfile.read(path)


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_results(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    if suffix == ".h5" and find_spec("h5py") is None:
        with pytest.raises(MissingExtraError, match=r"pip install 'xtcview\[h5\]'"):
            written(path)
        assert not list(tmp_path.iterdir())
        return
    header, results = written(path)
    assert (header["detector"], header["names"]) == ("cspad", ["counts", "mean"])
    np.testing.assert_array_equal(results["mean"], ARRAYS[1], strict=True)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_without_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"or write an \.npz file"):
        written(tmp_path / "out.h5")


def test_a_part_is_no_result(tmp_path):
    path = tmp_path / "a.npz"
    partfile.save(path, {}, ARRAYS)
    with pytest.raises(XtcError, match="expected the format 'xtcview result 1'"):
        outfile.read(path)
