import os

import numpy as np
import pytest

from xtcview.calib import kept, store
from xtcview.errors import ConstantsError

CSPAD = "CxiDs1.0:Cspad.0"
SHAPE = (2, 3, 4)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def deployed(folder, text="1 " * 24, kind="pedestals"):
    return store.deploy(folder, CSPAD, kind, 0, None, text)


def loaded(folder, kind="pedestals", shape=SHAPE):
    store._parsed.cache_clear()
    return store.load(folder, CSPAD, kind, 1, shape).values


def test_what_was_read_is_kept(tmp_path, cache, monkeypatch):
    deployed(tmp_path, " ".join(map(str, range(24))))
    first = loaded(tmp_path)
    (file,) = cache.iterdir()
    assert file.name.startswith("pedestals-0-end.")
    assert np.array_equal(np.load(file), first)
    monkeypatch.setattr(store, "read_constants", None)  # the text is not needed any more
    again = loaded(tmp_path)
    assert (again.dtype, again.tobytes()) == (first.dtype, first.tobytes())
    assert not again.flags.writeable


def test_a_changed_file_is_read_again(tmp_path, cache):
    path = deployed(tmp_path)
    loaded(tmp_path)
    path.write_text("2 " * 24)
    os.utime(path, ns=(1, 1))
    assert (loaded(tmp_path) == 2).all()
    assert len(list(cache.iterdir())) == 1  # the older one is gone


def test_ways_of_reading_are_kept_apart(tmp_path, cache):
    deployed(tmp_path)
    deployed(tmp_path, "1 " * 24, "pixel_status")
    assert loaded(tmp_path).shape == SHAPE
    assert loaded(tmp_path, shape=(4, 3, 2)).shape == (4, 3, 2)
    assert loaded(tmp_path, "pixel_status").dtype == np.uint16
    assert len(list(cache.iterdir())) == 3


def test_what_cannot_be_read_is_not_kept(tmp_path, cache):
    deployed(tmp_path, "1 2 3")
    for _ in range(2):
        with pytest.raises(ConstantsError, match="found 3"):
            loaded(tmp_path)
    assert not cache.exists()


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-9], lambda data: b"", lambda data: data[:90] + b"!" + data[91:]]
)
def test_a_damaged_copy_is_made_anew(tmp_path, cache, spoil):
    deployed(tmp_path)
    loaded(tmp_path)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(spoil(whole))
    assert (loaded(tmp_path) == 1).all()
    assert file.read_bytes() == whole


def test_nothing_is_kept_when_switched_off_or_not_writable(tmp_path, monkeypatch):
    deployed(tmp_path)
    monkeypatch.setenv(kept.VARIABLE, "off")
    assert kept.folder() is None
    assert (loaded(tmp_path) == 1).all()
    (tmp_path / "file").touch()
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "file"))
    assert (loaded(tmp_path) == 1).all()


def test_the_users_cache_folder(tmp_path, monkeypatch):
    monkeypatch.delenv(kept.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kept.folder() == tmp_path / "xtcview" / "constants"
