"""Batch scripts, and the clusters of batch systems, with stand-ins for their commands."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reduce_fakes import LIBRARY, FakeRun, expected
from typer.testing import CliRunner

import xtcview
from tests.support.mpi import MPIEXEC
from xtcview.cli import app
from xtcview.errors import EngineError, XtcError
from xtcview.reduce import submit
from xtcview.reduce.submit import Request

HERE = str(Path(__file__).parent)
ROOT = str(Path(__file__).parents[2])
SHIMS = str(Path(__file__).parents[1] / "support" / "shims")
LONG = 60.0


@pytest.fixture
def shims(tmp_path, monkeypatch) -> Path:
    """Put the stand-ins on the path; return the file that says how they were called."""
    log = tmp_path / "shims.log"
    monkeypatch.setenv("PATH", os.pathsep.join([SHIMS, os.environ["PATH"]]))
    monkeypatch.setenv("SHIM_LOG", str(log))
    monkeypatch.setenv("SHIM_MPIEXEC", MPIEXEC)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([ROOT, HERE]))
    return log


@pytest.mark.cluster
@pytest.mark.parametrize("system", ["slurm", "lsf"])
def test_a_job_from_submission_to_result(tmp_path, golden_dir, shims, system):
    out = tmp_path / "out.npz"
    dataset = f"exp=cxitut13:run=34:dir={golden_dir}"
    words = [dataset, "--det=cspad", "--ops=mean,std", f"--out={out}", "-n", "2", f"--{system}"]
    if system == "lsf":
        words += ["--launch", f"{MPIEXEC} -n 2", "-q", "psfehmpiq"]
    found = CliRunner().invoke(app, ["submit", *words])
    assert found.exit_code == 0, found.output
    job, hint = found.output.splitlines()
    assert job.split()[0] == "job"
    assert hint == f"xtcview.follow('{out}')"
    with xtcview.open(dataset) as run:
        wanted = xtcview.reduce(run, "cspad", ["mean", "std"]).wait(LONG)
        live = xtcview.follow(out).wait(LONG)
        for name in ("mean", "std"):
            assert getattr(live, name).tobytes() == getattr(wanted, name).tobytes()
    assert live.report.counted == 12
    assert shims.read_text().startswith("sbatch" if system == "slurm" else "bsub")


def test_the_script_of_slurm(tmp_path):
    request = Request("slurm", 512, "psanaq", 90, "lcls:x", "/d/out.log", "", ("--mem-per-cpu=2G",))
    text = submit.script(request, ["exp=x:run=1", "--ops=mean,std"], "/venv/bin/python")
    lines = text.splitlines()
    for line in ("ntasks=512", "partition=psanaq", "time=01:30:00", "account=lcls:x",
                 "output=/d/out.log", "mem-per-cpu=2G", "signal=TERM@60"):  # fmt: skip
        assert f"#SBATCH --{line}" in lines
    command = (
        "srun --kill-on-bad-exit=1 /venv/bin/python -m xtcview.reduce exp=x:run=1 --ops=mean,std"
    )
    assert f"  {command}" in lines
    assert lines.index(f"cd {Path.cwd()} || exit 1") < lines.index(f"  {command}")


def test_the_script_of_lsf():
    request = Request("lsf", 64, "psfehmpiq", 45, log="mpi.log", options=("-R span[ptile=16]",))
    lines = submit.script(request, ["a b.xtc"], "python").splitlines()
    for line in (
        "-n 64",
        "-q psfehmpiq",
        "-W 00:45",
        "-o mpi.log",
        "-R span[ptile=16]",
        "-env all",
    ):
        assert f"#BSUB {line}" in lines
    assert "  mpiexec -n 64 python -m xtcview.reduce 'a b.xtc'" in lines


@pytest.mark.parametrize(
    ("statuses", "calls", "ends"),
    [([0], 1, 0), ([9, 137, 0], 3, 0), ([1, 0], 1, 1), ([143], 1, 143), ([9] * 5, 5, 9)],
)
def test_the_script_goes_on_after_kills(tmp_path, statuses, calls, ends):
    """Errors that would come again end it; ranks that were killed do not."""
    (tmp_path / "statuses").write_text("\n".join(map(str, statuses)) + "\n")
    launch = tmp_path / "launch"
    launch.write_text(
        f"#!/bin/bash\ncd {tmp_path}\necho >> calls\nstatus=$(head -1 statuses)\n"
        "sed -i 1d statuses\nexit $status\n"
    )
    launch.chmod(0o755)
    script = tmp_path / "job.sh"
    submit.write_script(script, submit.script(Request("slurm", 2, launch=str(launch)), ["x"]))
    done = subprocess.run([script], capture_output=True, text=True)
    assert (done.returncode, (tmp_path / "calls").read_text().count("\n")) == (ends, calls)
    assert done.stderr.count("ranks were killed. What they had read is kept") == (
        calls if ends == 9 else calls - 1
    )
    assert ("submit this script again" in done.stderr) == (ends == 9)


def test_only_the_script(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "o.npz"
    found = CliRunner().invoke(app, ["submit", "x", f"--out={out}", "--slurm", "--dry-run"])
    assert found.output.strip() == f"{out}.sh"
    path = Path(f"{out}.sh")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    found = CliRunner().invoke(app, ["submit", "x", f"--out={out}", "--lsf"])
    assert isinstance(found.exception, EngineError)
    assert "bsub is not on this machine" in str(found.exception)
    for wrong in ([], ["--slurm", "--lsf"]):
        found = CliRunner().invoke(app, ["submit", "x", f"--out={out}", *wrong])
        assert "give --slurm or --lsf" in str(found.exception)


@pytest.mark.parametrize(("system", "name"), [("slurm", "sbatch"), ("lsf", "bsub")])
def test_a_batch_system_that_refuses(tmp_path, monkeypatch, system, name):
    (tmp_path / name).write_text("#!/bin/sh\necho no such queue >&2\nexit 3\n")
    (tmp_path / name).chmod(0o755)
    (tmp_path / "job.sh").touch()
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    with pytest.raises(EngineError, match=rf"{name} refused .*job.sh \(status 3\): no such queue"):
        submit.submit(system, tmp_path / "job.sh")


def test_requests_that_cannot_be():
    with pytest.raises(XtcError, match="no batch system is called 'pbs'"):
        Request("pbs", 2)
    with pytest.raises(XtcError, match="expected 1 or more"):
        Request("lsf", 0)
    with pytest.raises(XtcError, match="one line"):
        Request("lsf", 2, options=("-q a\nrm x",))


def interface_address() -> str:
    """Return an address of this machine that is not loopback, or the second one of loopback."""
    import psutil

    found = [a.address for many in psutil.net_if_addrs().values() for a in many if a.family == 2]
    return next((a for a in found if not a.startswith("127.")), "127.0.0.1")


@pytest.mark.cluster
@pytest.mark.parametrize("kind", ["slurm", "lsf", "ssh"])
def test_engines_of_other_machines(tmp_path, shims, monkeypatch, kind):
    ip = interface_address() if kind == "slurm" else "127.0.0.1"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    options = {} if kind == "ssh" else {"queue": "psanaq", "options": ["--x={1+1}"]}
    n = 1 if kind == "ssh" else 2  # each is four connections
    made = xtcview.cluster(kind, n, ip=ip, hosts=["node1"], folder=tmp_path / "c", **options)
    run = FakeRun(n=80)
    with made as engines:
        keys = sorted((tmp_path / "c" / "security").glob("ipcontroller*.json"))
        assert len(keys) == 2
        for file in keys:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            said = json.loads(file.read_text())
            assert bool(said.get("curve_serverkey")) == ("127" not in ip)
            assert len(said["key"]) == 64
        r = xtcview.reduce(run, "cspad", engines=engines, library=LIBRARY).wait(LONG)
    np.testing.assert_array_equal(r.sum, expected(run, list(range(80)))["sum"])
    assert stat.S_IMODE((tmp_path / "c").stat().st_mode) == 0o700
    called = shims.read_text()
    assert {"slurm": "scancel", "lsf": "bkill", "ssh": "scp"}[kind] in called
    if kind != "ssh":
        script = (tmp_path / "c" / "engines.sh").read_text()
        assert "--x={1+1}" in script
        assert "key" not in script
        assert sys.executable in script
    assert not list(tmp_path.glob("*.sbatch"))


def test_clusters_that_cannot_be():
    with pytest.raises(XtcError, match="no launcher is called 'pbs'"):
        xtcview.cluster("pbs")
    with pytest.raises(XtcError, match="expected 1 engine or more"):
        xtcview.cluster("slurm", 0)
    with pytest.raises(XtcError, match=r"give e.g. hosts=\{'node1': 4\}"):
        xtcview.cluster("ssh", 4)
    with pytest.raises(XtcError, match="do not fit"):
        xtcview.cluster("ssh", 4, hosts={"a": 1, "b": 2})
    for ip, why in (("*", "in numbers"), ("0.0.0.0", "listen on every network")):
        with pytest.raises(XtcError, match=why):
            xtcview.cluster("slurm", ip=ip)


def test_hosts_share_the_engines():
    from xtcview.reduce.launchers import _per_host

    assert _per_host(["a", "b", "c"], 7) == {"a": 3, "b": 2, "c": 2}
    assert _per_host({"a": 4}, 4) == {"a": 4}
