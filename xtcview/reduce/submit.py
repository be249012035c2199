"""Batch scripts: the ranks of a reduction as a job of Slurm or LSF.

The script runs the same command again, a few times, when ranks were killed: what they had read is
kept, and each attempt goes on from there.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xtcview.errors import EngineError, XtcError

ATTEMPTS = 5  # an event that kills is found with the third, and reported by the fourth
SUBMIT_SECONDS = 120.0

SLURM = "slurm"
LSF = "lsf"
SYSTEMS = {SLURM: "sbatch", LSF: "bsub"}
# srun lets ranks wait for one that was killed, unless it is told not to
LAUNCH = {SLURM: "srun --kill-on-bad-exit=1", LSF: "mpiexec -n {}"}


@dataclass(frozen=True)
class Request:
    """What is asked of a batch system.

    Parameters
    ----------
    system : str
        'slurm' or 'lsf'.
    ranks : int
        How many processes.
    queue : str
        Slurm's partition; '' means the default of the site.
    minutes : int
        At most; 0 means the default of the site.
    account : str
        To be charged; LSF's project.
    log : str
        Where the output goes.
    launch : str
        What starts the ranks; '' means that of `LAUNCH`.
    options : tuple of str
        More lines for the batch system, such as '--constraint=cpu' or '-R span[ptile=16]'.
    """

    system: str
    ranks: int
    queue: str = ""
    minutes: int = 0
    account: str = ""
    log: str = ""
    launch: str = ""
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.system not in SYSTEMS:
            raise XtcError(f"no batch system is called {self.system!r}: give slurm or lsf")
        if self.ranks < 1:
            raise XtcError(f"{self.ranks} ranks cannot be started; expected 1 or more")
        values = (self.queue, self.account, self.log, *self.options)
        if any("\n" in value for value in values):
            raise XtcError("an option of a batch script is one line")


def script(request: Request, arguments: Sequence[str], python: str = sys.executable) -> str:
    """Return the text of a batch script.

    Parameters
    ----------
    request : Request
        What is asked of the batch system.
    arguments : sequence of str
        Of ``python -m xtcview.reduce``.
    python : str
        Interpreter, where the job runs.
    """
    command = shlex.join([python, "-m", "xtcview.reduce", *arguments])
    launch = request.launch or LAUNCH[request.system].format(request.ranks)
    return _SCRIPT.format(
        head="\n".join(head(request)),
        folder=shlex.quote(str(Path.cwd())),
        command=f"{launch} {command}",
        attempts=ATTEMPTS,
    )


# 1 and 2 are errors that were said, and would come again; 143: the job was told to end
_SCRIPT = """#!/bin/bash
{head}

cd {folder} || exit 1
export OMP_NUM_THREADS=1
for attempt in $(seq {attempts}); do
  {command}
  status=$?
  case $status in 0|1|2|143) exit $status;; esac
  echo "xtcview: attempt $attempt of {attempts} ended with status $status: ranks were killed. \
What they had read is kept" >&2
done
echo "xtcview: submit this script again to go on" >&2
exit $status
"""


def head(request: Request, engines: bool = False) -> list[str]:
    """Return the lines by which a batch system knows what is wanted.

    Parameters
    ----------
    request : Request
        What is asked of the batch system.
    engines : bool
        For engines that know nothing of each other; LSF starts these as an array of jobs.
    """
    hours, minutes = divmod(request.minutes, 60)
    if request.system == SLURM:
        return [f"#SBATCH {line}" for line in _slurm(request, f"{hours:02d}:{minutes:02d}:00")]
    return [f"#BSUB {line}" for line in _lsf(request, f"{hours:02d}:{minutes:02d}", engines)]


def _slurm(request: Request, limit: str) -> list[str]:
    wanted = [
        "--job-name=xtcview",
        "--export=ALL",
        f"--ntasks={request.ranks}",
        "--cpus-per-task=1",
        "--signal=TERM@60",  # a minute before the end, so that ranks keep what they have
        f"--partition={request.queue}" if request.queue else "",
        f"--time={limit}" if request.minutes else "",
        f"--account={request.account}" if request.account else "",
        f"--output={request.log}" if request.log else "",
        *request.options,
    ]
    return [line for line in wanted if line]


def _lsf(request: Request, limit: str, engines: bool) -> list[str]:
    wanted = [
        f"-J xtcview[1-{request.ranks}]" if engines else "-J xtcview",
        "-env all",
        f"-n {1 if engines else request.ranks}",
        "-wt 1 -wa TERM" if request.minutes else "",
        f"-q {request.queue}" if request.queue else "",
        f"-W {limit}" if request.minutes else "",
        f"-P {request.account}" if request.account else "",
        f"-o {request.log}" if request.log else "",
        *request.options,
    ]
    return [line for line in wanted if line]


def write_script(path: Path, text: str) -> None:
    """Write a script that may be run."""
    path.write_text(text)
    path.chmod(0o755)


def submit(system: str, path: Path) -> str:
    """Give a script to the batch system and return the number of the job.

    Raises
    ------
    EngineError
        When the batch system is not here, does not answer or refuses.
    """
    command = SYSTEMS[system]
    found = shutil.which(command)
    if found is None:
        raise EngineError(f"{command} is not on this machine; {path} is written: submit it there")
    arguments = [found, str(path)] if system == SLURM else [found]
    try:
        with path.open() as text:  # bsub reads the #BSUB lines only from its standard input
            done = subprocess.run(
                arguments,
                stdin=text,
                capture_output=True,
                text=True,
                timeout=SUBMIT_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise EngineError(f"{command} did not answer within {SUBMIT_SECONDS:g} s") from None
    number = re.search(r"\d+", done.stdout)
    if done.returncode or number is None:
        said = (done.stderr or done.stdout).strip()
        raise EngineError(f"{command} refused {path} (status {done.returncode}): {said}")
    return number.group()
