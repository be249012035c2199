"""What all tests share: the golden runs, and no file left open."""

from __future__ import annotations

import gc
import json
import lzma
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

GOLDEN = Path(__file__).parent / "golden"

settings.register_profile(
    "default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow]
)
os.environ["XTCVIEW_INDEX_CACHE"] = "off"  # what a test opens does not help the next
os.environ["XTCVIEW_ORIENTATIONS"] = "off"  # nor turn its picture
os.environ["XTCVIEW_CONSTANTS_CACHE"] = "off"

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def golden_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the golden runs, unpacked: xtc files and their indexes."""
    folder = tmp_path_factory.mktemp("golden") / "xtc"
    (folder / "index").mkdir(parents=True)
    for packed in sorted((GOLDEN / "xtc").glob("*.xz")):
        (folder / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
    for index in sorted((GOLDEN / "xtc" / "index").glob("*.xtc.idx")):
        if ".v1." not in index.name:
            (folder / "index" / index.name).write_bytes(index.read_bytes())
    return folder


def golden_json(name: str) -> Any:
    """Return a recorded answer, such as 'json/e158-r0034.json.xz'."""
    data = (GOLDEN / name).read_bytes()
    return json.loads(lzma.decompress(data) if name.endswith(".xz") else data)


@pytest.fixture(autouse=True)
def no_open_files() -> Any:
    """Fail a test that leaves an .xtc file open."""
    before = _open_xtc_files()
    yield
    left = _open_xtc_files() - before
    if left:  # perhaps only not collected yet
        gc.collect()
        left = _open_xtc_files() - before
    assert not left, f"left open: {sorted(left)}"


def _open_xtc_files() -> set[str]:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        return set()
    found = set()
    for link in folder.iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.endswith((".xtc", ".idx")):
            found.add(f"{target} ({link.name})")
    return found
