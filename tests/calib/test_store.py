import io
from pathlib import Path

import numpy as np
import pytest

from xtcview.calib import geometry as geo
from xtcview.calib import store
from xtcview.errors import ConstantsError, WrongSizeError

CSPAD = "CxiDs1.0:Cspad.0"
SMALL = "CxiSc1.0:Cspad2x2.0"


@pytest.fixture
def calib(tmp_path):
    """A folder of empty files: names are all that `find` looks at."""

    def make(*names, source=CSPAD, kind="pedestals"):
        place = store.folder(tmp_path, source, kind)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            (place / name).touch()
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("source", "group"),
    [
        (CSPAD, "CsPad::CalibV1"),
        ("DetInfo(XppGon.0:Cspad2x2.1)", "CsPad2x2::CalibV1"),
        ("CxiDg2.0:Tm6740.0", "Camera::CalibV1"),
        ("XppEndstation.0:Opal1000.2", "Camera::CalibV1"),
        ("MfxEndstation.0:Epix10ka2M.0", "Epix10ka2M::CalibV1"),
        ("MfxEndstation.0:Epix10ka.0", "Epix10ka::CalibV1"),
        ("Camp.0:pnCCD.1", "PNCCD::CalibV1"),
    ],
)
def test_groups(source, group):
    assert store.group_of(source) == group


def test_sources_without_a_group():
    with pytest.raises(ConstantsError, match=r"device 'Cspod'\. Did you mean 'Cspad'"):
        store.group_of("CxiDs1.0:Cspod.0")
    with pytest.raises(ConstantsError, match=r"such as CxiDs1\.0:Cspad\.0"):
        store.group_of("cspad")


def test_folder():
    expected = "c/CsPad::CalibV1/CxiDs1.0:Cspad.0/pedestals"
    assert store.folder("c", CSPAD, "pedestals").as_posix() == expected
    assert store.folder("c", f"DetInfo({CSPAD})", "pedestals").as_posix() == expected


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (1, None),
        (2, "2-end.data"),
        (15, "15-end.data"),
        (20, "20-25.data"),
        (22, "20-25.data"),
        (26, "20-30.data"),
        (31, "15-end.data"),
        (9999, "15-end.data"),
        (123456, "15-end.data"),
    ],
)
def test_find(calib, run, name):
    root = calib(
        "2-end.data",
        "15-end.data",
        "20-30.data",
        "20-25.data",
        "HISTORY",
        "21-end.data-2016-05-01T12:00:00",
        "21-end.txt",
        "21.data",
        "21-x.data",
        "a-end.data",
        "-1-end.data",
        "21-end.data.data",
    )
    found = store.find(root, CSPAD, "pedestals", run)
    assert (found and found.name) == name


def test_find_without_a_folder(tmp_path):
    assert store.find(tmp_path / "none", CSPAD, "pedestals", 1) is None
    assert store.available(tmp_path, CSPAD) == {}


def test_available(calib):
    root = calib("15-end.data", "2-9.data", "HISTORY")
    calib("0-end.data", kind="geometry")
    calib("HISTORY", kind="pixel_mask")
    found = store.available(root, CSPAD)
    assert {kind: [r[:2] for r in ranges] for kind, ranges in found.items()} == {
        "geometry": [(0, 9999)],
        "pedestals": [(2, 9), (15, 9999)],
    }
    assert found["geometry"][0].path.name == "0-end.data"


def test_deploy_and_load(tmp_path):
    pedestals = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 4)
    path = store.deploy(tmp_path, SMALL, "pedestals", 3, None, pedestals, comments=["EXP demo"])
    assert path == store.folder(tmp_path, SMALL, "pedestals") / "3-end.data"
    lines = path.read_text().splitlines()
    assert lines[0] == "# EXP demo"
    assert [len(line.split()) for line in lines[1:]] == [2] * 12  # section fastest
    loaded = store.load(tmp_path, SMALL, "pedestals", 5, (2, 3, 4))
    assert loaded.status == "LOADED 3-end.data"
    assert loaded.values.tobytes() == pedestals.tobytes()
    history = (path.parent / "HISTORY").read_text()
    assert history.startswith("file:3-end.data copy_of:")
    assert history.count("\n") == 1
    assert store.available(tmp_path, SMALL) == {"pedestals": [store.Range(3, 9999, path)]}


def test_deploy_a_camera_tells_type_and_shape(tmp_path):
    status = np.zeros((1, 2, 2), np.uint16)
    path = store.deploy(tmp_path, "A.0:Opal1000.0", "pixel_status", 0, 7, status)
    assert path.read_text().startswith("# DTYPE uint16\n# NDIM 3\n# DIM:0 1\n")


def test_deploy_geometry(tmp_path):
    text = geo.write(geo.quads_example())
    path = store.deploy(tmp_path, CSPAD, "geometry", 0, None, text)
    assert geo.read(path).rows == geo.quads_example().rows
    with pytest.raises(ConstantsError, match="expected the text of a file"):
        store.deploy(tmp_path, CSPAD, "geometry", 1, None, np.zeros(3))


def test_deploy_never_overwrites(tmp_path):
    store.deploy(tmp_path, CSPAD, "common_mode", 0, None, "1 50 50 100\n")
    with pytest.raises(ConstantsError, match=r"0-end\.data is there already"):
        store.deploy(tmp_path, CSPAD, "common_mode", 0, None, "0")
    kept = store.load(tmp_path, CSPAD, "common_mode", 0, (32, 185, 388))
    assert kept.values.tolist() == [1, 50, 50, 100]
    assert kept.values.dtype == np.float64


@pytest.mark.parametrize(("begin", "end"), [(-1, 3), (4, 3), (0, 10000), (10000, None)])
def test_deploy_refuses_empty_ranges(tmp_path, begin, end):
    with pytest.raises(ConstantsError, match="expected 0 <= begin <= end <= 9999"):
        store.deploy(tmp_path, CSPAD, "pedestals", begin, end, "1")


def test_deploy_refuses_other_kinds_and_places(tmp_path):
    with pytest.raises(ConstantsError, match="Did you mean 'pedestals'"):
        store.deploy(tmp_path, CSPAD, "pedestal", 0, None, "1")
    (tmp_path / "file").touch()
    with pytest.raises(ConstantsError, match="cannot be written"):
        store.deploy(tmp_path / "file", CSPAD, "pedestals", 0, None, "1")


def test_load_defaults(tmp_path):
    shape = (2, 3, 4)
    for root in (tmp_path, None):
        pedestals = store.load(root, CSPAD, "pedestals", 1, shape)
        assert pedestals.status == "DEFAULT"
        assert pedestals.values.shape == shape
    common_mode = store.load(tmp_path, CSPAD, "common_mode", 1, shape)
    assert common_mode.values.tolist() == [1, 25, 25, 100, 1]
    assert store.load(None, "A.0:Opal1000.0", "common_mode", 1, shape).values.tolist() == [0]
    assert store.load(tmp_path, CSPAD, "geometry", 1, shape).status == "NONE"


def test_load_does_not_fall_back_silently(calib):
    root = calib("0-end.data")
    with pytest.raises(ConstantsError, match=r"0-end\.data: expected 24 numbers .*found 0"):
        store.load(root, CSPAD, "pedestals", 1, (2, 3, 4))


def test_default_geometries_exist():
    for (device, segments), name in store.DEFAULT_GEOMETRIES.items():
        found = store.default_geometry_name(f"A.0:{device}.0", segments)
        assert found == name
        assert geo.segments_shape(geo.default(name))[0] == segments
    assert store.default_geometry_name(CSPAD, 2) is None
    assert store.default_geometry_name("A.0:Opal1000.0", 1) is None


def test_what_cannot_be_used_is_told(tmp_path):
    shape = (2, 3, 4)
    store.deploy(tmp_path, CSPAD, "pedestals", 0, 3, "1 2 3\n")
    store.deploy(tmp_path, CSPAD, "pedestals", 4, None, "1 2\nx 3\n")
    short, spoilt = (store.try_load(tmp_path, CSPAD, "pedestals", run, shape) for run in (1, 4))
    assert (short.status, short.values) == ("WRONG SIZE 0-3.data", None)
    assert (spoilt.status, spoilt.values) == ("UNREADABLE 4-end.data", None)
    assert "4-end.data line 2: expected a number, found 'x'" in str(spoilt.error)
    with pytest.raises(WrongSizeError):
        store.load(tmp_path, CSPAD, "pedestals", 1, shape)
    assert store.try_load(tmp_path, CSPAD, "pixel_gain", 1, shape).status == "DEFAULT"


def test_deploy_tells_history(tmp_path):
    told = {"exp": "cxitut13", "run": 7, "comment": "dark\nof the night"}
    path = store.deploy(tmp_path, CSPAD, "pedestals", 7, None, "1", history=told)
    line = (path.parent / "HISTORY").read_text()
    assert line.startswith("file:7-end.data copy_of:- exp:cxitut13 run:7 app:xtcview user:")
    assert line.endswith(" comment:dark of the night\n")


def test_deploy_refuses_what_could_not_be_read_again(tmp_path):
    with pytest.raises(ConstantsError, match="pedestals: expected finite numbers"):
        store.deploy(tmp_path, CSPAD, "pedestals", 0, None, np.array([1, np.nan]))
    assert store.available(tmp_path, CSPAD) == {}


def test_an_interrupted_deploy_leaves_nothing(tmp_path, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    def full(path, *args, **kwargs):
        path.touch()
        return Full()

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ConstantsError, match="cannot be written: No space left on device"):
        store.deploy(tmp_path, CSPAD, "pedestals", 0, None, "1")
    assert store.available(tmp_path, CSPAD) == {}
