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
