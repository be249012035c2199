"""One JupyterLab and one Chromium for all browser tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import lab
import pages


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def page(folder):
    """The notebook of `pages.SETUP`, executed, with the first picture painted."""
    lab.write_notebook(folder / "view.ipynb", [pages.SETUP])
    with lab.running_lab(folder) as address, lab.running_browser(folder) as page:
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        pages.open_notebook(page, address, "view.ipynb")
        yield page


@pytest.fixture
def viewer(page):
    """The page with the viewer at event 20 and its settings as at first."""
    pages.reset(page)
    yield page
    assert page.faults == []
