"""The command line: ``xtcview demo | info | index | submit | view``."""

from __future__ import annotations

import contextlib
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


@app.command()
def submit(
    dataset: Annotated[str, typer.Argument(help="Data set string, folder or .xtc file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Result: .h5 or .npz.")],
    det: Annotated[str, typer.Option(help="Detector; the only one of the run by default.")] = "",
    ops: Annotated[str, typer.Option(help="Such as mean,std,max.")] = "sum,mean",
    events: Annotated[str, typer.Option(help="all, 0:1000, ::10 or 3,5,8.")] = "all",
    calib: Annotated[bool, typer.Option(help="Calibrated, not the counts.")] = False,
    ranks: Annotated[int, typer.Option("-n", help="Processes.", min=1)] = 16,
    slurm: Annotated[bool, typer.Option("--slurm", help="For sbatch.")] = False,
    lsf: Annotated[bool, typer.Option("--lsf", help="For bsub.")] = False,
    queue: Annotated[str, typer.Option("--queue", "-q", help="Slurm: partition.")] = "",
    minutes: Annotated[int, typer.Option(help="Time limit; 0: the site's.", min=0)] = 0,
    account: Annotated[str, typer.Option(help="To be charged; LSF: project.")] = "",
    launch: Annotated[str, typer.Option(help="Starts the ranks: srun, mpiexec -n 16, ...")] = "",
    option: Annotated[list[str] | None, typer.Option(help="A line more for the system.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the script only.")] = False,
) -> None:
    """Reduce a run in a batch job; the result and the files it grows in lie at --out."""
    from xtcview.reduce import submit as batch

    if slurm == lsf:
        raise XtcError("which batch system? give --slurm or --lsf")
    out = out.absolute()
    request = batch.Request(
        batch.SLURM if slurm else batch.LSF, ranks, queue, minutes, account,
        f"{out}.log", launch, tuple(option or ()),
    )  # fmt: skip
    named = [f"--det={det}"] if det else []
    named += [f"--ops={ops}", f"--events={events}", *(["--calib"] if calib else [])]
    path = out.with_name(f"{out.name}.sh")
    batch.write_script(path, batch.script(request, [dataset, *named, f"--out={out}"]))
    if dry_run:
        typer.echo(path)
        return
    typer.echo(f"job {batch.submit(request.system, path)}")
    typer.echo(f"xtcview.follow('{out}')")


@app.command()
def view(
    dataset: Annotated[
        str, typer.Argument(help="Data set string of one run, folder or .xtc file.")
    ],
    detector: Annotated[
        str | None, typer.Option(help="Name, source or alias, when there are several.")
    ] = None,
    event: Annotated[int, typer.Option(help="Number of the event to show first.")] = 0,
    port: Annotated[int, typer.Option(help="Port on this machine; 0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Show a run in the browser, event by event; Ctrl-C ends."""
    import webbrowser

    from xtcview.detector import Detector
    from xtcview.viewer import run_of
    from xtcview.viewer.served import PageViewer, Server

    with run_of(dataset) as run:
        shown = PageViewer(run, Detector(detector, run))
        shown.event = event
        with Server(shown, port) as server:
            typer.echo(server.address)
            if browser:
                webbrowser.open(server.address)
            with contextlib.suppress(KeyboardInterrupt):
                server.serve_forever()


def main() -> None:
    """Run the command line; errors of xtcview are one line on standard error."""
    try:
        app()
    except (XtcError, OSError) as error:
        typer.echo(f"xtcview: {error}", err=True)
        raise SystemExit(1) from None
