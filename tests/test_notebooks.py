"""Every notebook is executed, on a small demo run; every script of notebooks/ too."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import xtcview
from tests.support import runs

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
EVENTS = 8


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `make demo` leaves it: notebooks beside demo-data."""
    from xtcview.synth import write_demo

    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copytree(NOTEBOOKS, folder / "notebooks")
    write_demo(folder / "demo-data", events=EVENTS)
    return folder


@pytest.mark.cluster
@pytest.mark.parametrize("name", sorted(p.name for p in NOTEBOOKS.glob("*.ipynb")))
def test_notebook_runs_and_shows_pictures(workplace: Path, name: str) -> None:
    path = workplace / "notebooks" / name
    notebook = nbformat.read(path, 4)
    NotebookClient(
        notebook,
        timeout=180,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert any("image/png" in o.get("data", {}) for o in outputs)


@pytest.mark.parametrize("name", sorted(p.name for p in NOTEBOOKS.glob("*.ipynb")))
def test_notebook_is_stored_without_output(name: str) -> None:
    notebook = nbformat.read(NOTEBOOKS / name, 4)
    assert not [c for c in notebook.cells if c.get("outputs")]


def test_random_access_script_goes_from_last_to_first(workplace: Path) -> None:
    lines = _run([sys.executable, "random_access.py", "../demo-data/xtc"], workplace)
    with xtcview.open(workplace / "demo-data" / "xtc") as run:
        want = [f"fiducials {t.fiducial()}" for t in reversed(run.times())]
    assert lines == [f"run 1: {EVENTS} events", *want, "unknown time: None"]


@pytest.mark.cluster
def test_mpi_script_sums_in_both_widths(golden_dir: Path) -> None:
    mpiexec = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    assert mpiexec, "mpiexec of the development environment is missing"
    dataset = f"exp=cxitut13:run=34:dir={golden_dir}:idx"
    script = [sys.executable, "mpi_sum.py", dataset]
    lines = _run([mpiexec, "-n", "2", *script], NOTEBOOKS.parent)
    want = 0
    with xtcview.open(dataset) as run:
        for evt in run.events():
            frame = evt.get(xtcview.Camera.FrameV1, xtcview.Source("DetInfo(CxiDg2.0:Tm6740.0)"))
            want += int(frame.data16().sum(dtype="i8"))
    assert lines[1].split() == ["64", "bits:", str(want)]
    assert int(lines[0].split()[-1]) <= want


@pytest.mark.cluster
def test_mpi_script_shows_why_sums_need_a_wider_type(tmp_path: Path) -> None:
    frames = [40_000, 30_000, 20_000, 10_000]
    events = [runs.event(i, runs.camera_segment(value)) for i, value in enumerate(frames)]
    stream = [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events), *runs.end()]
    runs.write(tmp_path, stream)
    mpiexec = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
    assert mpiexec
    lines = _run(
        [mpiexec, "-n", "2", sys.executable, "mpi_sum.py", str(tmp_path)], NOTEBOOKS.parent
    )
    assert int(lines[0].split()[-1]) == 6 * (sum(frames) - 65_536)
    assert int(lines[1].split()[-1]) == 6 * sum(frames)
    assert lines[2].startswith("6 of 6 pixels wrapped")


def _run(command: list[str], workplace: Path) -> list[str]:
    done = subprocess.run(
        command,
        cwd=workplace / "notebooks",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
