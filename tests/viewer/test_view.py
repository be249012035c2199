"""What `xtcview.view` takes for a run."""

import pytest
import viewer_fakes as fakes

import xtcview.detector
from xtcview import viewer
from xtcview.run import datasource


@pytest.fixture
def view(run, monkeypatch):
    """`view` with the fake run behind every data set string that is opened."""
    monkeypatch.setattr(xtcview.detector, "Detector", lambda name, run: run.detector(name))
    monkeypatch.setattr(viewer, "open_run", lambda text: run)
    return viewer.view


class Source(datasource.DataSource):
    """A data source of so many fake runs."""

    def __init__(self, runs):
        self.fakes = runs

    def runs(self):
        return iter(self.fakes)

    def __repr__(self):
        return "<DataSource of fakes>"


def test_a_run_a_text_a_path_or_a_source_of_one_run(view, run, tmp_path):
    for thing in (run, run.spec, tmp_path, Source([run])):
        shown = view(thing, "cspad")
        assert shown._reader.run is run
        shown.close()


@pytest.mark.parametrize("thing", [34, None, Source([]), Source([fakes.FakeRun(), 2])])
def test_anything_else_is_refused(view, thing):
    with pytest.raises(TypeError, match=r"give the run: xtcview.open\('exp="):
        view(thing)
