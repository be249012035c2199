"""``xtcview index``: the DAQ's own index files, byte for byte, several files at a time."""

import shutil

import pytest
from typer.testing import CliRunner

from tests.support import runs
from xtcview.cli import app
from xtcview.errors import XtcError


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_daqs_bytes(golden_dir, tmp_path, jobs):
    names = [path.name for path in sorted(golden_dir.glob("e158-r003[49]-*.xtc"))]
    for name in names:
        shutil.copy(golden_dir / name, tmp_path)
    files = [str(tmp_path / name) for name in names]
    found = CliRunner().invoke(app, ["index", "--jobs", str(jobs), *files])
    assert found.exit_code == 0
    assert found.output.count("events in") == len(names) == 6
    for name in names:
        written = tmp_path / "index" / f"{name}.idx"
        assert written.read_bytes() == (golden_dir / "index" / f"{name}.idx").read_bytes()
    assert len(list((tmp_path / "index").iterdir())) == 6  # nothing half-made is left


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bad_file_does_not_stop_the_others(tmp_path, jobs):
    kept = runs.write(tmp_path, runs.simple(2))
    before = runs.index_of(kept).read_bytes()
    good = runs.write(tmp_path, runs.simple(3), stream=1, index=False)
    empty = tmp_path / "e7-r0003-s02-c00.xtc"
    empty.touch()
    files = [tmp_path / "no.xtc", tmp_path / "e7-r0003-s09-c00.xtc", empty, kept, good]
    found = CliRunner().invoke(app, ["index", "--jobs", str(jobs), *map(str, files)])
    assert isinstance(found.exception, XtcError)
    lines = str(found.exception).splitlines()
    assert len(lines) == 4
    for line, path in zip(lines, files, strict=False):
        assert path.name in line
    assert "3 events in" in found.output
    assert runs.index_of(good).is_file()
    assert runs.index_of(kept).read_bytes() == before


def test_an_index_is_replaced_when_asked(tmp_path):
    path = runs.write(tmp_path, runs.simple(2))
    before = runs.index_of(path).read_bytes()
    runs.index_of(path).write_bytes(b"no index")
    assert CliRunner().invoke(app, ["index", "--force", str(path)]).exit_code == 0
    assert runs.index_of(path).read_bytes() == before
