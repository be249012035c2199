"""What the tests do in the page: open a notebook, run it, find the blocks of the event number."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

FAKES = Path(__file__).resolve().parents[1] / "viewer"
sys.path.insert(0, str(FAKES))  # the notebook's kernel finds it in the same way

import viewer_fakes as fakes  # noqa: E402

from xtcview.viewer.layout import grid_picture, image_picture, stack_picture, to_canvas  # noqa: E402

SETUP = """import viewer_fakes as fakes
from xtcview.viewer.widget import Viewer
run = fakes.FakeRun(n=200)
xv = Viewer(run, run.detector())
heard = []
_hear = xv.comm._msg_callback
xv.comm.on_msg(lambda msg: (heard.append(msg['content']['data']['method']), _hear(msg)))
xv"""
DRIVER = Path(__file__).with_name("driver.js").read_text(encoding="utf-8")


def open_notebook(page: Page, address: str, name: str) -> None:
    """Open a notebook, run all its cells and wait for the first picture."""
    page.goto(address.format(name))
    page.wait_for_function("globalThis.jupyterapp?.shell?.currentWidget?.context?.isReady")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(
        "jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel?.status === 'idle'"
    )
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
    page.wait_for_selector(".xtcview[data-shown]")
    page.evaluate(DRIVER)
    place_probe(page)


def place_probe(page: Page, arrangement: str = "grid") -> None:
    """Tell the page's reader where the blocks lie; computed here, not by the code under test."""
    detector = fakes.FakeDetector(fakes.FakeRun(), "cspad")
    raw = {"grid": grid_picture, "stack": stack_picture}[arrangement](fakes.SHAPE)
    pictures = {"raw": raw, "image": image_picture(detector.tiles(None))}
    for name, picture in pictures.items():
        size = page.evaluate(f"() => document.querySelector('canvas.xv-{name}').width")
        points = []
        for bit in range(fakes.BITS):
            row, col = fakes.block_corner(bit)
            at = to_canvas(picture, size, size, fakes.MARKED, row + 30, col + 30)
            assert at is not None
            points.append([int(at[1]), int(at[0])])
        page.evaluate("([name, points]) => { xv.probe[name] = points }", [name, points])


def kernel(page: Page, expression: str) -> Any:
    """Evaluate an expression in the notebook's kernel."""
    return ast.literal_eval(page.evaluate("(e) => xv.kernel(e)", expression))


def settle(page: Page) -> None:
    """Wait until the page has written its settings, if it does."""
    page.wait_for_timeout(400)


def reset(page: Page, ahead: bool = False) -> None:
    """Bring the viewer back to event 20 with the settings of a new one, and nothing loaded.

    Without `ahead` the page asks for what is wished only, so that messages can be counted.
    """
    page.mouse.move(1, 1)
    state = "dict(cmap='viridis', scale='linear', auto=True, arrangement='grid', event=20)"
    state = f"({state} | dict(prefetch={ahead}, bookmarks=[]))"
    kernel(page, f"[setattr(xv, k, v) for k, v in {state}.items()] and 0")
    page.evaluate("xv.forget()")
    page.evaluate("xv.move(20)")
    if page.evaluate("xv.until(20)") is None:
        raise RuntimeError("the viewer did not come back to event 20")
    settle(page)


def wait_code(folder: Path) -> str:
    """Return a cell that runs until the file `go` appears, half a minute at most."""
    flag = str(folder / "go")
    return f"""import pathlib, time
for _ in range(600):
    if pathlib.Path({flag!r}).exists():
        break
    time.sleep(0.05)"""
