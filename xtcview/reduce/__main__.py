"""``python -m xtcview.reduce``: a reduction to a file, alone or as ranks of mpiexec or srun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xtcview.errors import XtcError
from xtcview.reduce import batch
from xtcview.reduce.ranks import communicator
from xtcview.reduce.task import LIBRARY

app = typer.Typer(add_completion=False)


@app.command()
def reduce(
    dataset: Annotated[str, typer.Argument(help="Data set string, folder or .xtc file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Result: .h5 or .npz.")],
    det: Annotated[str, typer.Option(help="Detector; the only one of the run by default.")] = "",
    ops: Annotated[str, typer.Option(help="Such as mean,std,max.")] = "sum,mean",
    events: Annotated[str, typer.Option(help="all, 0:1000, ::10 or 3,5,8.")] = "all",
    calib: Annotated[bool, typer.Option(help="Calibrated, not the counts.")] = False,
    every: Annotated[
        float, typer.Option(help="Seconds between the files of a rank.", min=0)
    ] = batch.EVERY,
    fresh: Annotated[bool, typer.Option(help="Forget what a job before has read.")] = False,
    library: Annotated[str, typer.Option(hidden=True)] = LIBRARY,
) -> None:
    """Reduce a run to a file; the same command goes on where a job before ended early.

    With several ranks each reads its own slice of the run:
    mpiexec -n 16 python -m xtcview.reduce exp=cxitut13:run=34 --det cspad --ops mean,std -o out.h5
    """
    try:
        comm = communicator()
    except XtcError as error:
        _say(f"xtcview: {error}")
        raise typer.Exit(1) from None
    status = batch.run_job(
        comm, _say, fresh, dataset=dataset, det=det or None, ops=batch.ops_of(ops), out=out,
        events=batch.events_of(events), calib=calib, every=every, library=library,
    )  # fmt: skip
    raise typer.Exit(status)


def _say(line: str) -> None:
    typer.echo(line, err=True)


if __name__ == "__main__":
    app(prog_name="python -m xtcview.reduce")
