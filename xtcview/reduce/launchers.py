"""Clusters of ipyparallel on other machines: over SSH, or as jobs of Slurm or LSF.

What is made here differs from ipyparallel's own classes in what these leave open: connection
files lie in a folder that nobody else can read and are not put into the environment, which batch
systems record; traffic that leaves this machine is encrypted; and LSF jobs get the environment
that tells them which cluster is theirs.
"""

from __future__ import annotations

import atexit
import ipaddress
import logging
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import ipyparallel
from ipyparallel.cluster import launcher as theirs
from traitlets.config import Config

from xtcview.errors import EngineError, XtcError, near
from xtcview.reduce.local import CONTROLLER_ARGS
from xtcview.reduce.submit import LSF, SLURM, Request, head

KINDS = ("local", "ssh", SLURM, LSF)
# Nobody is there to type a password
SSH = ["-o", "BatchMode=yes"]


class LSFEngines(theirs.LSFEngineSetLauncher):  # type: ignore[misc]
    """Engines as an array of LSF jobs, which learn from the environment whose they are."""

    def start(self, n: int = 1) -> str:
        """Submit the script by bsub's standard input, where alone it reads #BSUB lines."""
        self.write_batch_script(n)
        with Path(self.batch_file).open() as script:
            done = subprocess.run(
                self.args[:-1],
                stdin=script,
                env={**os.environ, **self.get_env()},
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise EngineError(f"bsub refused {self.batch_file}: {done.stderr or done.stdout}")
        number: str = self.parse_job_id(done.stdout)
        self.notify_start(number)
        return number


def cluster(
    launcher: str = "local",
    n: int = 2,
    *,
    ip: str = "127.0.0.1",
    hosts: Mapping[str, int] | Iterable[str] = (),
    queue: str = "",
    minutes: int = 0,
    account: str = "",
    options: Iterable[str] = (),
    folder: str | Path | None = None,
    python: str = sys.executable,
) -> Any:
    """Make a cluster of engines that `xtcview.reduce` can use; nothing is started yet.

    ``with xtcview.cluster('slurm', n=64, ip='10.0.0.5', queue='psanaq') as engines:`` starts it,
    gives a client for ``engines=``, and stops it at the end.

    Parameters
    ----------
    launcher : 'local', 'ssh', 'slurm' or 'lsf'
        What starts the engines.
    n : int
        How many.
    ip : str
        Address of this machine by which the others reach it. Without it the controller listens
        to this machine alone; with another one all traffic is encrypted (CURVE).
    hosts : dict of str to int, or iterable of str
        For 'ssh': engines per host, or hosts that get equally many. Hosts must let you in without
        a password.
    queue, minutes, account, options
        For 'slurm' and 'lsf': partition or queue, time limit (0: the site's), whom to charge, and
        more lines such as '--constraint=cpu'.
    folder : str or Path, optional
        For connection files and logs; engines of batch jobs must see it. A new one in the home
        folder by default.
    python : str
        Interpreter of the engines, with the same version of this package.

    Returns
    -------
    ipyparallel.Cluster
        Not started.

    Raises
    ------
    XtcError
        For an unknown launcher, no engine, hosts that are missing or an address that is none.
    """
    if launcher not in KINDS:
        raise XtcError(f"no launcher is called {launcher!r}.{near(str(launcher), KINDS)}")
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise XtcError(f"n={n!r}: expected 1 engine or more")
    encrypted = _leaves_this_machine(ip)
    config = Config()
    engines: Any = launcher
    per_host = _per_host(hosts, n) if launcher == "ssh" else {}
    place = _folder(folder)
    _secure(place, encrypted)
    if launcher == "ssh":
        _ssh(config, per_host, python, place.name)
    elif launcher in (SLURM, LSF):
        log = "{output_file}"
        request = Request(launcher, n, queue, minutes, account, log, options=tuple(options))
        engines = _batch(config, request, python, place / "engines.sh")
    quiet = logging.getLogger("xtcview.engines")
    quiet.setLevel(logging.ERROR)
    return ipyparallel.Cluster(
        n=n,
        engines=engines,
        profile_dir=str(place),
        controller_ip=ip,
        controller_args=CONTROLLER_ARGS,
        send_engines_connection_env=False,
        delay=0.0,
        load_profile=False,
        log=quiet,
        config=config,
    )


def _leaves_this_machine(ip: str) -> bool:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise XtcError(f"ip={ip!r}: expected the address of this machine in numbers") from None
    if address.is_unspecified:
        raise XtcError(
            f"ip={ip!r} would listen on every network: give the one address by which the engines "
            "reach this machine"
        )
    return not address.is_loopback


def _secure(place: Path, encrypted: bool) -> None:
    """Have messages signed, and encrypted if they leave this machine.

    A file says it, because other users can read the arguments of a process.
    """
    lines = [
        "c = get_config()",
        f"c.Session.key = {secrets.token_hex(32).encode()!r}",  # encryption alone would unset it
        f"c.IPController.enable_curve = {encrypted}",
    ]
    file = place / "ipcontroller_config.py"
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as text:
        text.write("\n".join([*lines, ""]))


def _folder(folder: str | Path | None) -> Path:
    """Return a folder of this user alone; the connection files in it hold the keys."""
    if folder is None:
        above = Path.home() / ".cache" / "xtcview"
        above.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="cluster-", dir=above))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        return made
    made = Path(folder).absolute()
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    made.chmod(0o700)
    return made


def _per_host(hosts: Mapping[str, int] | Iterable[str], n: int) -> dict[str, int]:
    if isinstance(hosts, Mapping):
        per_host = {str(host): int(count) for host, count in hosts.items()}
    else:
        names = [hosts] if isinstance(hosts, str) else [str(host) for host in hosts]
        per_host = {name: len(range(at, n, len(names))) for at, name in enumerate(names)}
    if not per_host or sum(per_host.values()) < n:
        raise XtcError(f"{n} engines do not fit hosts={hosts!r}: give e.g. hosts={{'node1': {n}}}")
    return per_host


def _ssh(config: Config, per_host: dict[str, int], python: str, name: str) -> None:
    config.SSHEngineSetLauncher.engines = per_host
    config.SSHLauncher.remote_python = python
    # below the home folder there; where that is this one, files are not copied onto themselves
    config.SSHLauncher.remote_profile_dir = f".cache/xtcview/engines-of-{name}"
    config.SSHLauncher.ssh_args = list(SSH)
    config.SSHLauncher.scp_args = list(SSH)


def _batch(config: Config, request: Request, python: str, script: Path) -> Any:
    """Return the launcher for jobs of a batch system; its script is made here."""
    kind = LSFEngines if request.system == LSF else theirs.SlurmEngineSetLauncher
    lines = [line.replace("{", "{{").replace("}", "}}") for line in head(request, engines=True)]
    lines = [line.replace("{{output_file}}", "{output_file}") for line in lines]
    start = "srun " if request.system == SLURM else ""
    settings = config[kind.__name__]
    settings.batch_template = "\n".join(["#!/bin/sh", *lines, f"{start}{{program_and_args}}", ""])
    settings.batch_file_name = str(script)
    settings.engine_cmd = [python, "-m", "ipyparallel.engine"]
    return kind
