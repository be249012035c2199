"""A CSPAD payload that cannot be true gives no picture."""

from __future__ import annotations

import shutil

import pytest

import xtcview
from xtcview.errors import FormatError
from xtcview.run.frames import QUADS

QUAD_BYTE = 7  # of a quad's header: its number is in the lowest bits


@pytest.fixture
def copied(golden_dir, tmp_path):
    """Golden run 34 in a folder of the test's own."""
    for path in golden_dir.glob("e158-r0034-*.xtc"):
        shutil.copy(path, tmp_path)
    return f"exp=e158:run=34:dir={tmp_path}"


def test_a_quad_that_would_cover_another(copied):
    with xtcview.open(copied) as run:
        det = xtcview.Detector("cspad", run)
        number = next(e.number for e in run.events() if det.raw(e) is not None)
        item = run.event(number).find(xtcview.CsPad.Data[::-1], det.src)
        data = run.event(number).get(xtcview.CsPad.Data, det.src)
        first, second = (data.quads(i) for i in range(2))
        place = item.at + first.nbytes + QUAD_BYTE
        path = item.file.path
    with path.open("r+b") as file:
        file.seek(place)
        old = file.read(1)[0]
        assert old % QUADS == second.quad()
        file.seek(place)
        file.write(bytes([old - second.quad() + first.quad()]))
    with xtcview.open(copied) as run:
        event = run.event(number)
        with pytest.raises(FormatError, match=r"quads are numbered \[.*expected each once"):
            xtcview.Detector("cspad", run).raw(event)
        assert "expected each once" in str(run.problems[-1])
