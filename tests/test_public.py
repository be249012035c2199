"""What xtcview promises to the world: names, a light import, one-line texts."""

import importlib
import json
import pickle
import subprocess
import sys

import pytest

import xtcview
from tests.support import runs
from xtcview import errors
from xtcview.format.src import ProcInfo

PUBLIC = {
    "DataSource", "DetNames", "Detector", "EventId", "EventTime", "Source", "XtcError",
    "cluster", "darks", "follow", "open_result", "reduce", "resume", "setConfigFile", "setOption",
    "setOptions", "view",
    "Acqiris", "Alias", "Andor", "Andor3d", "Archon", "Arraychar", "Bld", "Camera", "ControlData",
    "CsPad", "CsPad2x2", "Encoder", "Epics", "Epix", "EpixSampler", "EvrData", "FCCD", "Fli",
    "Generic1D", "GenericPgp", "Gsc16ai", "Imp", "Ipimb", "Jungfrau", "L3T", "Lusi",
    "OceanOptics", "Opal1k", "Orca", "PNCCD", "Partition", "Pimax", "Pixis", "Princeton",
    "Pulnix", "QuadAdc", "Quartz", "Rayonix", "SmlData", "Streak", "TimeTool", "Timepix",
    "UsdUsb", "Uxi", "Vimba", "Zyla", "iStar",
}  # fmt: skip
HEAVY = (
    "ipywidgets", "anywidget", "matplotlib", "numba", "ipyparallel", "typer", "tqdm", "IPython",
    "traitlets", "mpi4py",
)  # fmt: skip
PACKAGES = {
    "Alias": "ConfigV1",
    "Bld": "BldDataEBeamV7",
    "Camera": "FrameV1",
    "ControlData": "ConfigV3",
    "CsPad": "DataV2",
    "CsPad2x2": "ElementV1",
    "Epics": "EpicsPvTimeDouble",
    "EvrData": "DataV4",
    "Opal1k": "ConfigV1",
    "Partition": "ConfigV2",
    "Pulnix": "TM6740ConfigV2",
}


def test_public_names_are_frozen():
    assert set(xtcview.__all__) == PUBLIC
    assert len(xtcview.__all__) == len(PUBLIC)
    assert set(dir(xtcview)) >= PUBLIC
    assert callable(xtcview.open)
    assert "open" not in xtcview.__all__  # `from xtcview import *` leaves Python's own alone


def test_every_public_name_is_there():
    for name in PUBLIC:
        assert getattr(xtcview, name) is not None


def test_what_is_not_there():
    with pytest.raises(AttributeError, match="'xtcview' has no attribute 'nothing'"):
        xtcview.nothing  # noqa: B018


def in_a_new_process(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_loads_nothing_heavy_and_prints_nothing():
    code = (
        "import sys, xtcview, json; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    )
    (line,) = in_a_new_process(code).splitlines()
    assert not set(json.loads(line)) & set(HEAVY)


def test_reading_a_run_loads_nothing_heavy(tmp_path):
    runs.write(tmp_path, runs.simple())
    code = f"""
import sys, json, xtcview as psana
run = next(psana.DataSource("exp=e7:run=3:dir={tmp_path}:idx").runs())
evt = run.event(run.times()[1])
src = psana.Source("DetInfo(CxiDg2.0:Tm6740.0)")
assert evt.get(psana.Camera.FrameV1, src).data16()[0, 0] == 1
assert psana.Detector(":Tm6740", run.env()).raw(evt).shape == (2, 3)
print(json.dumps(sorted(m.split(".")[0] for m in sys.modules)))
"""
    (line,) = in_a_new_process(code).splitlines()
    assert not set(json.loads(line)) & set(HEAVY)


@pytest.mark.parametrize(("package", "kind"), PACKAGES.items())
def test_packages_have_psanas_names(package, kind):
    module = getattr(xtcview, package)
    assert package == module.PACKAGE
    assert getattr(module, kind).__module__ == module.__name__
    assert module is importlib.import_module(module.__name__)


@pytest.mark.parametrize(
    ("package", "lists"),
    {
        "CsPad": ["Config", "Data"],
        "Camera": ["Frame", "FrameFexConfig"],
        "EvrData": ["Config", "Data"],
        "Pulnix": ["TM6740Config"],
        "ControlData": ["Config"],
        "CsPad2x2": ["Config", "Element"],
    }.items(),
)
def test_lists_of_all_versions(package, lists):
    for name in lists:
        versions = getattr(getattr(xtcview, package), name)
        assert isinstance(versions, list)
        assert [kind.Version for kind in versions] == sorted(kind.Version for kind in versions)


# psana's methods, by object: all that dir() shows there
METHODS = {
    "Event": "get keys put remove run",
    "Run": "end env event events nsteps run steps times",
    "Step": "env events",
    "DataSource": "empty end env events jump runs steps",
    "EventId": "fiducials idxtime run ticks time vector",
    "EventTime": "fiducial nanoseconds seconds time",
    "EventKey": "alias key src type",
    "EpicsStore": "alias aliases getPV names pvName pvNames status value",
    "Env": "aliasMap calibDir calibStore configStore epicsStore expNum experiment fwkName "
    "getConfig hmgr instrument jobName jobNameSub subprocess",
    "configStore": "get keys put",
    "calibStore": "get keys put",
    "AliasMap": "add alias clear src srcs",
    "DetInfo": "detId detName detector devId devName device level log phy processId",
    "BldInfo": "level log phy processId type typeName",
    "ProcInfo": "ipAddr level log phy processId",
}


def test_psanas_methods(tmp_path):
    runs.write(tmp_path, runs.simple())
    source = xtcview.DataSource(tmp_path)
    run, env = next(source.runs()), source.env()
    event = run.event(0)
    objects = {
        "Event": event,
        "Run": run,
        "Step": next(run.steps()),
        "DataSource": source,
        "EventId": event.get(xtcview.EventId),
        "EventTime": run.times()[0],
        "EventKey": event.keys()[0],
        "EpicsStore": env.epicsStore(),
        "Env": env,
        "configStore": env.configStore(),
        "calibStore": env.calibStore(),
        "AliasMap": env.aliasMap(),
        "DetInfo": runs.CAMERA,
        "BldInfo": runs.EBEAM,
        "ProcInfo": ProcInfo(runs.segment(1).log(), runs.segment(1).phy()),
    }
    assert objects.keys() == METHODS.keys()
    for name, methods in METHODS.items():
        found, names = objects[name], methods.split()
        assert [m for m in names if not callable(getattr(found, m, None))] == [], name
        assert set(names) <= set(dir(found)), name


def test_texts_are_one_line(tmp_path):
    runs.write(tmp_path, runs.simple())
    run = xtcview.open(tmp_path)
    event = run.event(0)
    objects = [
        run,
        run.env(),
        run.env().configStore(),
        run.env().epicsStore(),
        event,
        run.times(),
        run.times()[0],
        run.files[0],
        next(run.steps()),
        xtcview.DataSource(tmp_path),
        xtcview.Detector(":Tm6740", run),
        event.get(xtcview.EventId),
        event.get(xtcview.Camera.FrameV1, runs.CAMERA),
        event.keys()[0],
        xtcview.Source("EBeam"),
        runs.CAMERA,
    ]
    for found in objects:
        text = repr(found)
        assert text
        assert "\n" not in text
        assert len(text) < 250
        assert " object at 0x" not in text


def test_errors_are_what_python_expects():
    kinds = {k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)}
    assert all(issubclass(kind, xtcview.XtcError) for kind in kinds)
    assert issubclass(errors.TruncatedError, EOFError)
    assert issubclass(errors.RunNotFoundError, FileNotFoundError)
    assert issubclass(errors.SourceError, ValueError)
    assert issubclass(errors.SourceError, KeyError)
    assert str(errors.SourceError("no quotes")) == "no quotes"


def test_errors_travel_between_processes():
    error = errors.TruncatedError("expected 4 bytes, found 2", "a.xtc", 17)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.file, again.offset) == (str(error), "a.xtc", 17)
    assert str(again) == "a.xtc at byte 17: expected 4 bytes, found 2"


def test_hints_name_what_is_near():
    known = ["DscCsPad", "Cspad", "EBeam"]
    assert errors.near("cspat", known).startswith(" Did you mean 'Cspad'")
    assert errors.near("zzz", known) == " There is: Cspad, DscCsPad, EBeam."
    assert errors.near("x", []) == ""
