"""A file without index is read once; what was kept is used only while the file is the same."""

import os
import stat
from types import SimpleNamespace

import pytest

import xtcview
from tests.support import runs
from xtcview.format import indexer
from xtcview.run import indexcache, indexes


@pytest.fixture
def reads(monkeypatch):
    """Names of the files that were read as a whole."""
    monkeypatch.delenv(indexcache.VARIABLE, raising=False)
    seen: list[str] = []

    def counted(read, size, name):
        seen.append(name)
        return indexer.scan(read, size, name)

    monkeypatch.setattr(indexes, "indexer", SimpleNamespace(scan=counted))
    return seen


def _open(folder):
    with xtcview.open(f"exp=e7:run=3:dir={folder}") as run:
        return run, list(run.times())


def test_a_file_is_read_once(tmp_path, reads):
    path = runs.write(tmp_path, runs.simple(4, 2), index=False)
    first, second = _open(tmp_path), _open(tmp_path)
    assert reads == [path.name]
    assert first[1] == second[1]
    assert first[0].timeline.daq.tolist() == second[0].timeline.daq.tolist()
    assert (tmp_path / ".xtcview" / f"{path.name}.idx").is_file()
    assert not runs.index_of(path).exists()


def test_a_changed_file_is_read_again(tmp_path, reads):
    runs.write(tmp_path, runs.simple(4), index=False)
    _open(tmp_path)
    runs.write(tmp_path, runs.simple(6), index=False)
    assert len(_open(tmp_path)[1]) == 6
    path = runs.write(tmp_path, runs.simple(6), index=False)
    os.utime(path, ns=(1, 1))  # as long as before
    _open(tmp_path)
    assert len(reads) == 3


def test_where_a_file_is_cut_is_kept_too(tmp_path, reads):
    path = runs.write(tmp_path, runs.simple(4), index=False)
    os.truncate(path, path.stat().st_size - 300)
    first, second = _open(tmp_path)[0].problems, _open(tmp_path)[0].problems
    assert len(reads) == 1
    assert first == second
    assert len(first) == 1


@pytest.mark.parametrize("spoil", [lambda d: d[:30], lambda d: d[:-5] + b"12345", lambda d: b""])
def test_a_damaged_copy_is_not_used(tmp_path, reads, spoil):
    path = runs.write(tmp_path, runs.simple(4), index=False)
    _open(tmp_path)
    place = indexcache.places(path)[0]
    place.write_bytes(spoil(place.read_bytes()))
    run, times = _open(tmp_path)
    assert (len(reads), len(times), run.problems) == (2, 4, [])


def test_the_users_folder_when_the_datas_cannot_be_written(tmp_path, reads, monkeypatch):
    home, data = tmp_path / "home", tmp_path / "data"
    data.mkdir()
    path = runs.write(data, runs.simple(4), index=False)
    (data / ".xtcview").write_text("a file where the folder would be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    _open(data)
    _open(data)
    assert len(reads) == 1
    (kept,) = (home / "xtcview" / "index").iterdir()
    assert kept.name.startswith(path.name)
    assert stat.S_IMODE(kept.stat().st_mode) & 0o400


def test_the_variable_decides(tmp_path, reads, monkeypatch):
    runs.write(tmp_path, runs.simple(4), index=False)
    monkeypatch.setenv(indexcache.VARIABLE, "off")
    _open(tmp_path)
    _open(tmp_path)
    assert len(reads) == 2
    monkeypatch.setenv(indexcache.VARIABLE, str(tmp_path / "kept"))
    _open(tmp_path)
    _open(tmp_path)
    assert len(reads) == 3
    assert len(list((tmp_path / "kept").iterdir())) == 1
