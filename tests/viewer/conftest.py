import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import viewer_fakes


@pytest.fixture
def run():
    return viewer_fakes.FakeRun()


@pytest.fixture
def reader(run):
    from xtcview.viewer.reader import Reader

    return Reader(run, run.detector())


@pytest.fixture
def viewer(run, monkeypatch):
    """A widget without a front end; what it sends is kept in `viewer.sent`."""
    from xtcview.viewer.widget import Viewer

    sent = []
    monkeypatch.setattr(
        Viewer, "send", lambda self, content, buffers: sent.append((content, buffers))
    )
    monkeypatch.setattr(Viewer, "sent", sent, raising=False)
    widget = Viewer(run, run.detector())
    yield widget
    widget.close()


@pytest.fixture
def golden_viewer(golden_dir, monkeypatch):
    """The widget of a golden run: CSPAD, EPICS, two calib cycles; `sent` as for `viewer`."""
    import xtcview
    from xtcview.viewer.widget import Viewer

    sent = []
    monkeypatch.setattr(
        Viewer, "send", lambda self, content, buffers: sent.append((content, buffers))
    )
    monkeypatch.setattr(Viewer, "sent", sent, raising=False)
    with xtcview.open(f"exp=e158:run=34:dir={golden_dir}") as run:
        widget = xtcview.view(run, "CxiDs1.0:Cspad.0")
        yield widget
        widget.close()
