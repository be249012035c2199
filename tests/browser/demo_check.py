"""Run the quickstart without a person: ``python demo_check.py DEMO_DATA PICTURE.png``.

Executes the notebook in a real JupyterLab, waits until every cell is done, and keeps a picture of
the painted viewer. Without a browser the notebook is executed all the same, and the picture is
the one that the notebook stores.
"""

from __future__ import annotations

import base64
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

sys.path.insert(0, str(Path(__file__).parent))

import lab

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NAME = "quickstart.ipynb"
LONGEST_S = 240

# Cells that have run, errors among their outputs; the notebook's model knows both.
STATE = """() => {
  const cells = [...jupyterapp.shell.currentWidget.content.model.cells]
    .filter((cell) => cell.type === "code");
  const outputs = cells.flatMap((cell) => cell.outputs.toJSON());
  return {
    waiting: cells.filter((cell) => cell.executionCount === null).length,
    errors: outputs.filter((out) => out.output_type === "error").map((out) => out.evalue),
  };
}"""
DONE = f"() => {{ const s = ({STATE})(); return s.waiting === 0 || s.errors.length > 0; }}"


def in_browser(folder: Path, picture: Path) -> list[str]:
    """Execute the notebook in JupyterLab, keep a picture; return the errors of its cells."""
    with lab.running_lab(folder) as address, lab.running_browser(folder, 1500, 1400) as page:
        page.goto(address.format(f"notebooks/{NAME}"))
        page.wait_for_function("globalThis.jupyterapp?.shell?.currentWidget?.context?.isReady")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        page.wait_for_function(
            "jupyterapp.shell.currentWidget.context.sessionContext.session?.kernel?.status"
            " === 'idle'"
        )
        page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
        page.wait_for_selector(".xtcview[data-shown]", timeout=60_000)
        page.locator(".xtcview").first.scroll_into_view_if_needed()
        page.wait_for_function(DONE, timeout=1000 * LONGEST_S)
        page.locator(".xtcview").first.scroll_into_view_if_needed()
        page.locator(".xtcview[data-shown]").first.screenshot(path=picture)
        errors: list[str] = page.evaluate(STATE)["errors"]
        return errors


def without_browser(folder: Path, picture: Path) -> list[str]:
    """Execute the notebook, keep the picture that it stores."""
    notebook = nbformat.read(folder / "notebooks" / NAME, 4)
    place = {"metadata": {"path": str(folder / "notebooks")}}
    NotebookClient(notebook, timeout=LONGEST_S, kernel_name="python3", resources=place).execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    stored = [o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    if not stored:
        return ["the executed notebook holds no picture"]
    picture.write_bytes(base64.b64decode(stored[0]))
    return []


def main(demo: str, picture: str) -> int:
    """Return 0 when every cell ran and the picture is there."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        shutil.copytree(NOTEBOOKS, folder / "notebooks")
        (folder / "demo-data").symlink_to(Path(demo).resolve())
        if lab.find_browser():
            errors = in_browser(folder, Path(picture))
        else:
            print("no Chromium on this machine: the picture is the one that the notebook stores")
            errors = without_browser(folder, Path(picture))
    for error in errors:
        print(f"a cell failed: {error}")
    if not errors:
        print(f"all cells ran; the viewer as painted: {picture}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
