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
def address(folder):
    """A running JupyterLab."""
    with lab.running_lab(folder) as address:
        yield address


@pytest.fixture(scope="session")
def window(folder):
    """The first page of the one browser that all tests share."""
    with lab.running_browser(folder) as page:
        yield page


@pytest.fixture(scope="session")
def page(folder, address, window):
    """The notebook of `pages.SETUP`, executed, with the first picture painted."""
    lab.write_notebook(folder / "view.ipynb", [pages.SETUP])
    window.faults = []
    window.on("pageerror", lambda error: window.faults.append(str(error)))
    pages.open_notebook(window, address, "view.ipynb")
    return window


@pytest.fixture
def other(page, folder, address):
    """Open further notebooks, each with a kernel of its own: other(name, code, address=...)."""
    opened = []

    def open_other(name, code, address=address):
        lab.write_notebook(folder / name, [code])
        more = page.context.new_page()
        more.set_default_timeout(30_000)
        more.faults = []
        more.on("pageerror", lambda error: more.faults.append(str(error)))
        opened.append(more)
        pages.open_notebook(more, address, name)
        return more

    yield open_other
    for more in opened:
        shutdown = "jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"
        more.evaluate(f"() => void {shutdown}")  # not waited for: its link may be gone
        more.close()
    page.bring_to_front()


@pytest.fixture
def viewer(page):
    """The page with the viewer at event 20 and its settings as at first."""
    pages.reset(page)
    yield page
    assert page.faults == []
