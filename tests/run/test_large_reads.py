"""Large payloads are read in pieces, by two threads where a core is free: the same bytes."""

from __future__ import annotations

import os

import numpy as np
import pytest

from xtcview.errors import TruncatedError
from xtcview.format import sharing
from xtcview.run.files import XtcFile

SIZE = 6_000_001


@pytest.fixture
def large(tmp_path):
    """A file of random bytes, and them."""
    content = np.random.default_rng(3).bytes(SIZE)
    path = tmp_path / "e7-r0003-s00-c00.xtc"
    path.write_bytes(content)
    file = XtcFile(path)
    yield file, content
    file.close()


@pytest.mark.parametrize("is_free", [True, False])
@pytest.mark.parametrize("offset", [0, 1, 4097])
def test_the_same_bytes(large, monkeypatch, is_free, offset):
    monkeypatch.setattr(sharing, "_has_free_core", lambda: is_free)
    file, content = large
    size = SIZE - offset - 13
    for _ in range(5):
        found = file.view(offset, size, "a payload")
        assert found.readonly
        assert bytes(found) == content[offset : offset + size]


@pytest.mark.parametrize("is_free", [True, False])
def test_a_file_that_ends_before(large, monkeypatch, is_free):
    monkeypatch.setattr(sharing, "_has_free_core", lambda: is_free)
    with pytest.raises(TruncatedError, match="expected 6000001 bytes of a payload, found 6000000"):
        large[0].view(1, SIZE, "a payload")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_reads_too(large, monkeypatch):
    monkeypatch.setattr(sharing, "_has_free_core", lambda: True)
    file, content = large
    file.view(0, SIZE, "a payload")
    child = os.fork()
    if not child:
        os._exit(0 if bytes(file.view(0, SIZE, "a payload")) == content else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
