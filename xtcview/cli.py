"""The command line: ``xtcview demo | info | index``."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xtcview.errors import ConstantsError, XtcError

if TYPE_CHECKING:
    from xtcview.run.run import Run

app = typer.Typer(
    help="Open LCLS-I X-ray runs anywhere.", no_args_is_help=True, add_completion=False
)


def _version(wanted: bool) -> None:
    if wanted:
        import xtcview

        typer.echo(f"xtcview {xtcview.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Open LCLS-I X-ray runs anywhere."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder to write the run into.")] = Path("demo-data"),
    events: Annotated[int, typer.Option(help="Number of events; 4.6 MB each.", min=2)] = 56,
    seed: Annotated[int, typer.Option(help="Another seed is another run.", min=0)] = 1,
) -> None:
    """Write a realistic CSPAD run, with its index files and calibration constants."""
    from tqdm import tqdm

    from xtcview.synth import write_demo

    with tqdm(total=events, unit="event", disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        made = write_demo(out, events=events, seed=seed, progress=progress)
    typer.echo(f"xtcview.open('{made.dataset}')")


@app.command()
def info(
    dataset: Annotated[str, typer.Argument(help="Data set string, folder or .xtc file.")],
    every: Annotated[
        bool, typer.Option("--all", help="List all EPICS names and problems.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--check", help="Read all events to find problems, not only some.")
    ] = False,
) -> None:
    """Say what a run holds: streams, events, sources, EPICS names, problems, constants."""
    from xtcview.run.check import check
    from xtcview.run.datasource import DataSource
    from xtcview.run.summary import summary

    runs = list(DataSource(dataset).runs())
    for run in runs:
        with run:
            looked = check(run, whole) if len(runs) == 1 or whole else 0
            typer.echo(summary(run, every, looked) if len(runs) == 1 else repr(run))
            if len(runs) == 1:
                typer.echo("\n".join(_constants(run)))


def _constants(run: Run) -> list[str]:
    """Say for each area detector where its constants come from."""
    from xtcview.detector import Detector, area_detectors

    lines = ["", f"constants in {run.calib_dir}"]
    for src in area_detectors(run):
        try:
            told = Detector(src.name, run).constants(run.run())
        except ConstantsError as error:
            lines.append(f"  {error}")
            continue
        files = [f"{kind} {text}" for kind, text in told.items() if getattr(text, "path", None)]
        rest = [kind for kind, text in told.items() if not getattr(text, "path", None)]
        said = "; ".join([*files, f"default: {', '.join(rest)}"] if rest else files)
        lines += textwrap.wrap(f"  {src.name}: {said}", 100, subsequent_indent="    ")
        lines += [f"    {why}" for text in told.values() if (why := getattr(text, "why", ""))]
    return lines


@app.command()
def index(
    files: Annotated[list[Path], typer.Argument(help=".xtc files.")],
    force: Annotated[bool, typer.Option(help="Replace an index that is there.")] = False,
    jobs: Annotated[int, typer.Option(help="Files at a time; 0: one per core.", min=0)] = 0,
) -> None:
    """Write index files (index/<name>.idx beside each .xtc file), as the DAQ does."""
    from tqdm import tqdm

    from xtcview.run.indexing import write_indexes

    failed = []
    total = sum(path.stat().st_size for path in files if path.is_file())
    with tqdm(total=total, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
        for done in write_indexes(files, force, jobs, bar.update):
            bar.clear()
            if isinstance(done.outcome, XtcError):
                failed.append(str(done.outcome))
            else:
                typer.echo(f"{done.target}: {done.outcome}")
    if failed:
        raise XtcError("\n".join(failed))


def main() -> None:
    """Run the command line; errors of xtcview are one line on standard error."""
    try:
        app()
    except (XtcError, OSError) as error:
        typer.echo(f"xtcview: {error}", err=True)
        raise SystemExit(1) from None
