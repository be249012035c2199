"""Data set strings and the files they mean."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xtcview
from tests.support import runs
from tests.support.outcome import outcome
from xtcview.errors import DataSetError, RunNotFoundError, XtcError
from xtcview.run import dataset, folders
from xtcview.run.dataset import DataSet, parse
from xtcview.run.files import XtcFile
from xtcview.run.summary import summary


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exp=cxitut13:run=34", DataSet("cxitut13", "CXI", (34,))),
        ("exp=cxitut13:run=34:idx", DataSet("cxitut13", "CXI", (34,))),
        ("exp=cxitut13:run=34:xtc", DataSet("cxitut13", "CXI", (34,), mode="xtc")),
        ("exp=cxitut13:run=34:smd", DataSet("cxitut13", "CXI", (34,), mode="smd")),
        ("/data/xtc/smalldata", DataSet(directory=Path("/data/xtc/smalldata"), mode="smd")),
        (
            "/data/xtc/smalldata/e158-r0034-s01-c00.smd.xtc",
            DataSet("e158", "", (34,), Path("/data/xtc/smalldata"), mode="smd"),
        ),
        ("exp=CXI/cxitut13:run=34", DataSet("cxitut13", "CXI", (34,))),
        ("exp=mec/cxitut13", DataSet("cxitut13", "MEC")),
        ("exp=158:run=34", DataSet("158", "", (34,))),
        ("exp=e158:run=34", DataSet("e158", "", (34,))),
        ("exp=cxitut13:run=1-3,5,2", DataSet("cxitut13", "CXI", (1, 2, 3, 5))),
        ("exp=cxitut13:run=0034", DataSet("cxitut13", "CXI", (34,))),
        ("exp=xpp:dir=/data/xtc", DataSet("xpp", "XPP", directory=Path("/data/xtc"))),
        ("exp=a:run=3:run=4", DataSet("a", "A", (4,))),  # the last value wins
        (" exp = a : run = 3 : : idx ", DataSet("a", "A", (3,))),
        (
            "exp=a:stream=0,2-4,80",
            DataSet("a", "A", streams=frozenset({0, 2, 3, 4, 80})),
        ),
        ("exp=a:stream=", DataSet("a", "A")),
        ("/data/xtc", DataSet(directory=Path("/data/xtc"))),
        (
            "/data/xtc/e158-r0034-s01-c00.xtc",
            DataSet("e158", "", (34,), Path("/data/xtc")),
        ),
        (
            "cxic0115-r0007-s80-c02.xtc.inprogress",
            DataSet("cxic0115", "CXI", (7,), Path()),
        ),
        (
            "/data/xpptut15-r0034-s00-c00.xtc",
            DataSet("xpptut15", "XPP", (34,), Path("/data")),
        ),
        (
            "/data/xtc/e158-r0034-s01-c00.xtc:idx",
            DataSet("e158", "", (34,), Path("/data/xtc")),
        ),
        (
            "/data/xtc/e158-r0034-s01-c00.xtc : xtc",
            DataSet("e158", "", (34,), Path("/data/xtc"), mode="xtc"),
        ),
        ("/data/xtc:xtc", DataSet(directory=Path("/data/xtc"), mode="xtc")),
        ("exp=xpp/xpptut15:run=1 - 3, 7:xtc", DataSet("xpptut15", "XPP", (1, 2, 3, 7), mode="xtc")),
    ],
)
def test_what_is_understood(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no experiment"),
        ("run=34", "names no experiment"),
        ("exp=:run=3", "names no experiment"),
        ("exp=a:run=7-3", "run='7-3' is no list"),
        ("exp=a:run=x", "run='x' is no list"),
        ("exp=a:run=1-", "run='1-' is no list"),
        ("exp=a:run=-1", "run='-1' is no list"),
        ("exp=a:run=1.5", "run='1.5' is no list"),
        ("exp=a:run=1-999999999", "is no list"),
        ("exp=a:run=12345678901234567890", "is no list"),
        ("exp=a:stream=4-2", "stream='4-2' is no list"),
        ("exp=a:idy", "'idy' is not understood. Did you mean 'idx'"),
        ("exp=a:rum=3", "'rum' is not understood. Did you mean 'run'"),
        ("exp=a:idx=3", "'idx' is not understood"),
        ("exp=a:smd=1", "'smd' is not understood"),
        ("exp=a:smd:idx", "'smd' and 'idx' exclude one another"),
        ("exp=a:shmem=x", "'shmem' is not read"),
        ("exp=a:one-stream", "'one-stream' is not read by this version; psana has taken it away"),
        ("exp=a:rax", "'rax' is not read by this version; psana's access by file and byte"),
        ("exp=a:h5", "'h5' is not read by this version; HDF5 files are not read"),
        ("exp=a:shmem=p.0:stop=no", "'shmem' is not read by this version; the shared memory"),
        ("exp=a:run=3:idx:xtc", "'idx' and 'xtc' exclude one another"),
        ("exp=a:xtc:idx:idx", "'xtc' and 'idx' exclude one another"),
        ("/data/e158-r0034-s01-c00.xtc:idx:xtc", "'idx' and 'xtc' exclude one another"),
        ("/data/e158-r0034-s01-c00.xtc:h5", "'h5' is not read"),
    ],
)
def test_what_is_not_understood(text, message):
    with pytest.raises(DataSetError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


@given(st.text(max_size=40) | st.from_regex(r"(exp|run|dir|stream|idx|=|:|,|-|[a-z0-9/])*"))
def test_any_text(text):
    found = outcome(parse, text)
    assert isinstance(found, DataSet) or "data set" in str(found)


@pytest.mark.parametrize(
    "text", ["x" * 5000, "/" + "x" * 5000, "exp=a:dir=/" + "x" * 5000, "a\0/b"]
)
def test_what_cannot_be_a_path(text):
    with pytest.raises(XtcError):
        xtcview.open(text)


@given(
    st.builds(
        DataSet,
        st.sampled_from(["cxitut13", "158", "e158", "xcsc00118"]),
        st.just(""),
        st.lists(st.integers(0, 9999), max_size=4, unique=True).map(tuple),
        st.sampled_from([None, Path("/data/xtc"), Path("/data/with space/xtc")]),
        st.none() | st.frozensets(st.integers(0, 99), min_size=1),
        st.sampled_from(["idx", "xtc", "smd"]),
    )
)
def test_text_form_is_understood_again(which):
    assert parse(str(parse(str(which)))) == parse(str(which))
    again = parse(str(which))
    assert (again.experiment, again.runs, again.directory) == (
        which.experiment,
        which.runs,
        which.directory,
    )
    assert (again.streams, again.mode) == (which.streams, which.mode)


def test_text_form_keeps_an_instrument_of_another_name():
    assert parse(str(parse("exp=CXI/abcd12:run=3"))).instrument == "CXI"


# which files


def touch(folder, *names):
    for name in names:
        (folder / name).write_bytes(b"x")


def names_of(found):
    return [f.path.name for f in found]


def test_files_are_sorted_by_run_stream_and_chunk(tmp_path):
    wanted = [
        "e7-r0003-s00-c00.xtc",
        "e7-r0003-s00-c01.xtc",
        "e7-r0003-s01-c00.xtc",
        "e7-r0003-s80-c00.xtc",
        "e7-r0004-s00-c00.xtc",
    ]
    touch(tmp_path, *reversed(wanted))
    touch(tmp_path, "notes.txt", "e7-r0003.xtc", "e7-r0003-s00-c00.smd.xtc", "x-r0001-s00-c00.xtc")
    (tmp_path / "e7-r0005-s00-c00.xtc").mkdir()
    found = folders.select(parse(f"exp=e7:dir={tmp_path}"))
    assert names_of(found) == wanted
    assert [f.is_ioc for f in found] == [False, False, False, True, False]


def test_streams_and_runs_are_chosen(tmp_path):
    touch(tmp_path, *(f"e7-r000{r}-s{s:02d}-c00.xtc" for r in (1, 2, 3) for s in (0, 1, 80)))
    found = folders.select(parse(f"exp=7:run=1,3:stream=1,80:dir={tmp_path}"))
    assert names_of(found) == [f"e7-r000{r}-s{s:02d}-c00.xtc" for r in (1, 3) for s in (1, 80)]


@pytest.mark.parametrize("name", ["7", "e7", "cxitut13", "CXI/cxitut13"])
def test_an_unknown_number_takes_the_only_prefix(tmp_path, name):
    touch(tmp_path, "e7-r0003-s00-c00.xtc")
    assert names_of(folders.select(parse(f"exp={name}:dir={tmp_path}"))) == ["e7-r0003-s00-c00.xtc"]


def test_the_name_itself_may_be_the_prefix(tmp_path):
    touch(tmp_path, "cxitut13-r0003-s00-c00.xtc", "e7-r0003-s00-c00.xtc")
    found = folders.select(parse(f"exp=cxitut13:dir={tmp_path}"))
    assert names_of(found) == ["cxitut13-r0003-s00-c00.xtc"]


def test_several_prefixes_are_listed(tmp_path):
    touch(tmp_path, "e7-r0003-s00-c00.xtc", "e8-r0003-s00-c00.xtc")
    with pytest.raises(DataSetError, match=r"several experiments.*'cxitut13'.*: e7, e8; put one"):
        folders.select(parse(f"exp=cxitut13:dir={tmp_path}"))
    with pytest.raises(DataSetError, match="which of them is meant"):
        folders.select(parse(tmp_path))


@pytest.mark.parametrize(("asked", "prefix"), [
    ("999", "e7"),
    ("e999", "e7"),
    ("CXI/999", "e7"),
    ("7", "xpptut15"),
    ("cxitut13", "xpptut15"),
])  # fmt: skip
def test_another_experiment_is_taken_and_told(tmp_path, asked, prefix):
    path = runs.write(tmp_path, runs.simple())
    index = runs.index_of(path)
    index.rename(index.parent / index.name.replace("e7", prefix))
    path.rename(tmp_path / path.name.replace("e7", prefix))
    with xtcview.open(f"exp={asked}:run=3:dir={tmp_path}") as run:
        assert len(run.times()) == 4
        (told,) = map(str, run.problems)
        shown = summary(run)
    what = f"exp={asked.split('/')[-1]} asked, files of {prefix} taken"
    assert what in told
    assert what in " ".join(shown.split())


@pytest.mark.parametrize("asked", ["7", "e7", "cxitut13"])
def test_a_name_and_an_old_number_may_be_the_same_experiment(tmp_path, asked):
    runs.write(tmp_path, runs.simple())
    with xtcview.open(f"exp={asked}:run=3:dir={tmp_path}") as run:
        assert run.problems == []


def test_another_number_among_several_prefixes(tmp_path):
    touch(tmp_path, "e7-r0003-s00-c00.xtc", "xpptut15-r0003-s00-c00.xtc")
    with pytest.raises(DataSetError, match=r"which of them is '8' is not known: e7, xpptut15"):
        folders.select(parse(f"exp=8:dir={tmp_path}"))


def test_no_such_run(tmp_path):
    touch(tmp_path, *(f"e7-r{r:04d}-s00-c00.xtc" for r in (1, 2, 3, 7)))
    with pytest.raises(
        RunNotFoundError, match=r"no files of run 5, 9 \(e7\); there are runs 1-3, 7"
    ):
        folders.select(parse(f"exp=e7:run=2,5,9:dir={tmp_path}"))


def test_no_such_stream(tmp_path):
    touch(tmp_path, "e7-r0003-s00-c00.xtc")
    with pytest.raises(RunNotFoundError, match=r"no .xtc files of data set 'exp=e7:run=3:stream=5"):
        folders.select(parse(f"exp=e7:run=3:stream=5:dir={tmp_path}"))


def test_an_empty_folder(tmp_path):
    with pytest.raises(RunNotFoundError, match=r"no files such as e7-r0034-s00-c00.xtc"):
        folders.select(parse(f"exp=e7:dir={tmp_path}"))


def test_a_missing_folder(tmp_path):
    with pytest.raises(RunNotFoundError, match=r"no such folder .*; check 'dir='") as caught:
        xtcview.open(f"exp=e7:run=3:dir={tmp_path / 'nowhere'}")
    assert str(tmp_path / "nowhere") in str(caught.value)
    assert isinstance(caught.value, FileNotFoundError)


def test_the_laboratorys_place(tmp_path, monkeypatch):
    monkeypatch.setenv("SIT_PSDM_DATA", str(tmp_path))
    place = tmp_path / "CXI" / "cxitut13" / "xtc"
    with pytest.raises(RunNotFoundError, match="'dir=', or set SIT_PSDM_DATA") as caught:
        xtcview.open("exp=cxitut13:run=3")
    assert str(place) in str(caught.value)
    runs.write(place, runs.simple())
    assert len(xtcview.open("exp=cxitut13:run=3").times()) == 4


def test_a_name_without_stream_is_refused(tmp_path):
    path = tmp_path / "e7-r0003.xtc"
    path.touch()
    with pytest.raises(DataSetError, match=r"expected a name such as e158-r0034-s01-c00.xtc"):
        XtcFile(path)


@pytest.mark.parametrize("how", ["folder", "file", "file and mode", "set", "path"])
def test_ways_to_open_a_run(tmp_path, how):
    path = runs.write(tmp_path, runs.simple())
    text = {
        "folder": str(tmp_path),
        "file": str(path),
        "file and mode": f"{path}:idx",
        "set": f"exp=e7:run=3:dir={tmp_path}",
        "path": tmp_path,
    }[how]
    with xtcview.open(text) as run:
        assert (run.run(), len(run.times())) == (3, 4)
        assert run.spec == f"exp=e7:run=3:dir={tmp_path}:idx"
        with xtcview.open(run.spec) as again:
            assert again.spec == run.spec
            assert list(again.times()) == list(run.times())


def test_a_folder_of_several_runs(tmp_path):
    for number in (3, 4):
        name = f"e7-r000{number}-s00-c00.xtc"
        (tmp_path / name).write_bytes(b"".join(runs.simple()))
    with pytest.raises(DataSetError, match="holds runs 3, 4; name one"):
        xtcview.open(tmp_path)
    assert [r.run() for r in xtcview.DataSource(f"exp=e7:dir={tmp_path}").runs()] == [3, 3]
    assert dataset.parse(tmp_path).directory == tmp_path


def test_the_folder_of_an_experiment_is_a_data_set(tmp_path):
    runs.write(tmp_path / "xtc", runs.simple())
    with xtcview.open(tmp_path) as run:
        assert len(run.times()) == 4


def test_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    runs.write(tmp_path / "data", runs.simple())
    with xtcview.open("exp=e7:run=3:dir=~/data") as run:
        assert len(run.times()) == 4


def test_a_file_that_is_not_there(tmp_path):
    runs.write(tmp_path, runs.simple())
    with pytest.raises(RunNotFoundError, match="no such file"):
        xtcview.open(tmp_path / "e7-r0003-s05-c00.xtc")
    with pytest.raises(RunNotFoundError, match=r"c00\.xtc: no such file"):
        xtcview.open(f"{tmp_path / 'e7-r0003-s05-c00.xtc'}:idx")


def test_a_folder_whose_name_has_a_colon(tmp_path):
    runs.write(tmp_path / "a:idx", runs.simple())
    with xtcview.open(f"{tmp_path / 'a:idx'}") as run:
        assert len(run.times()) == 4
