"""Small-data files: the same run as that of the large files, of which nothing is read unasked."""

import random
import shutil
import struct
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xtcview
from tests.support import runs, smalldata
from tests.support.outcome import outcome
from xtcview.errors import DataSetError, FormatError, RunNotFoundError, TruncatedError, XtcError
from xtcview.format import index, writer
from xtcview.format.headers import type_word
from xtcview.format.ids import Damage, TypeId
from xtcview.run import files
from xtcview.run.dataset import parse
from xtcview.run.summary import summary
from xtcview.types import bld, camera, cspad, epics, smldata
from xtcview.types.record import encode

RUNS = (34, 35, 37, 39, 41, 42, 44)
FRAME = camera.FrameV1
CSPAD = "DetInfo(CxiDs1.0:Cspad.0)"
EVERYTHING = 24  # a threshold at which every payload of 4 bytes and more is left out


def linked(golden_dir, folder, number, threshold=smalldata.THRESHOLD):
    """A folder with one golden run and its small data."""
    paths = sorted(golden_dir.glob(f"e158-r{number:04d}-*.xtc"))
    return smalldata.write_all(folder, paths, threshold)


@contextmanager
def both(golden_dir, folder, number):
    """The run of the small data, and that of the large files."""
    text = f"exp=cxitut13:run={number}:dir="
    with xtcview.open(f"{text}{folder}:smd") as small, xtcview.open(f"{text}{golden_dir}") as large:
        yield small, large


@pytest.fixture(scope="module")
def small_dir(golden_dir, tmp_path_factory):
    """All golden runs, with small data."""
    folder = tmp_path_factory.mktemp("small") / "xtc"
    for number in RUNS:
        linked(golden_dir, folder, number)
    return folder


def keys_of(store):
    """What a store lists, without what only small data have."""
    return [key for key in store.keys() if "SmlData" not in repr(key)]  # noqa: SIM118


def described(key):
    return repr(key), key.type_id, key.version, key.size


def payload(event, key):
    item = event.find(key.type(), key.src())
    return None if item is None else bytes(item.data())


def assert_same_event(small, large):
    keys = keys_of(large)
    assert list(map(described, keys_of(small))) == list(map(described, keys))
    for key in keys:
        assert payload(small, key) == payload(large, key), key
        ours, theirs = (outcome(event.get, key.type(), key.src()) for event in (small, large))
        assert type(ours) is type(theirs)
        assert getattr(ours, "what", None) == getattr(theirs, "what", None)
    assert small.damage() == large.damage()
    assert small.time == large.time
    assert list(map(str, small.problems)) == list(map(str, large.problems))


# the same run


@pytest.mark.parametrize("order", ["forwards", "backwards", "random"])
@pytest.mark.parametrize("number", RUNS)
def test_every_object_of_every_event(golden_dir, small_dir, number, order):
    with both(golden_dir, small_dir, number) as (small, large):
        cut = ["no EndRun at the file's end"] if number == 44 else []  # the golden file is cut
        assert [p.what for p in small.problems] == cut
        assert list(small.times()) == list(large.times())
        visited = list(range(len(large.times())))
        if order == "backwards":
            visited.reverse()
        elif order == "random":
            random.Random(number).shuffle(visited)
        for at in visited:
            assert_same_event(small.event(at), large.event(large.times()[at]))


@pytest.mark.parametrize("number", RUNS)
def test_events_in_order_and_by_step(golden_dir, small_dir, number):
    with both(golden_dir, small_dir, number) as (small, large):
        for ours, theirs in zip(small.events(), large.events(), strict=True):
            assert described(keys_of(ours)[0]) == described(keys_of(theirs)[0])
        assert small.nsteps() == large.nsteps()
        steps = [
            [[e.time for e in step.events()] for step in run.steps()] for run in (small, large)
        ]
        assert steps[0] == steps[1]
        assert small.run() == large.run()


@pytest.mark.parametrize("threshold", [smalldata.THRESHOLD, EVERYTHING])
@pytest.mark.parametrize("number", RUNS)
def test_configuration_epics_and_sources(golden_dir, tmp_path, number, threshold):
    folder = linked(golden_dir, tmp_path / "xtc", number, threshold)
    with both(golden_dir, folder, number) as (small, large):
        for at in (-1, 0, len(large.times()) - 1):
            ours, theirs = small.config_at(at), large.config_at(at)
            assert list(map(described, keys_of(ours))) == list(map(described, keys_of(theirs)))
            limit = ours.get(smldata.ConfigV1, smalldata.RECORDER)
            assert limit.sizeThreshold() == threshold
        assert small.aliases.srcs() == large.aliases.srcs()
        names = large.epics_at(-1).names()
        assert small.epics_at(-1).names() == names
        for name in names:
            ours, theirs = small.epics(name), large.epics(name)
            for column in ("times", "values", "events", "stamps", "status", "severity"):
                found, expected = getattr(ours, column), getattr(theirs, column)
                np.testing.assert_array_equal(found, expected, err_msg=f"{name}: {column}")


@pytest.mark.parametrize("number", RUNS)
def test_everything_left_out(golden_dir, tmp_path, number):
    """Beam line records that are shared, event codes and EPICS too."""
    folder = linked(golden_dir, tmp_path / "xtc", number, EVERYTHING)
    with both(golden_dir, folder, number) as (small, large):
        for at in range(0, len(large.times()), 1 + len(large.times()) // 40):
            assert_same_event(small.event(at), large.event(at))


@pytest.mark.parametrize("threshold", [smalldata.THRESHOLD, EVERYTHING])
@pytest.mark.parametrize(
    ("number", "fields"),
    [
        (34, ["EBeam.ebeamCharge", "FEEGasDetEnergy.f_11_ENRC", "eventcode.140", f"{CSPAD}.quads"]),
        (34, ["DetInfo(CxiDg2.0:Tm6740.0).width", "damage", "time", "fiducial", "step"]),
        (39, ["EBeam.ebeamCharge", "EBeam.ebeamL3Energy", "damage"]),
        (42, ["DetInfo(CxiSc1.0:Opal1000.0).width", "DetInfo(CxiDg2.0:Tm6740.0).depth"]),
    ],
)
def test_numbers_of_all_events(golden_dir, tmp_path, number, fields, threshold):
    folder = linked(golden_dir, tmp_path / "xtc", number, threshold)
    with both(golden_dir, folder, number) as (small, large):
        for field in fields:
            ours, theirs = (run.scalars([field]) for run in (small, large))
            assert theirs.present[field].any()
            np.testing.assert_array_equal(ours[field], theirs[field], err_msg=field)
            np.testing.assert_array_equal(ours.present[field], theirs.present[field])


def test_numbers_of_payloads_whose_type_changes(tmp_path, open_small, opened):
    """The leaves that stand for them look alike."""
    kinds = [bld.BldDataEBeamV7, bld.BldDataEBeamV6, bld.BldDataEBeamV7]
    beams = [runs.leaf(k, runs.EBEAM, encode(k, ebeamCharge=i)) for i, k in enumerate(kinds)]
    events = [
        runs.event(i, writer.container(runs.segment(1), beam)) for i, beam in enumerate(beams)
    ]
    path = runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, events)])
    smalldata.write(path, EVERYTHING)
    for run in (opened(), open_small()):
        assert run.scalars(["EBeam.ebeamCharge"])["EBeam.ebeamCharge"].tolist() == [0, 1, 2]


def test_event_codes_that_are_left_out(golden_dir, tmp_path):
    """The DAQ's tool always keeps them."""
    for path in golden_dir.glob("e158-r0034-*.xtc"):
        (tmp_path / path.name).symlink_to(path)
        smalldata.write(tmp_path / path.name, EVERYTHING, kept=())
    fields = ["eventcode.140", "eventcode.40", "eventcode.1"]
    with both(golden_dir, tmp_path, 34) as (small, large):
        ours, theirs = small.scalars(fields), large.scalars(fields)
        for field in fields:
            assert ours[field].tolist() == theirs[field].tolist()
        assert theirs["eventcode.140"].any()
        assert_same_event(small.event(5), large.event(5))


@pytest.mark.parametrize("number", [34, 41, 42])
def test_detectors(golden_dir, small_dir, number):
    with both(golden_dir, small_dir, number) as (small, large):
        names = [name for name, _, _ in xtcview.DetNames("detectors", small)]
        assert names == [name for name, _, _ in xtcview.DetNames("detectors", large)]
        for source in (CSPAD, "DetInfo(CxiDg2.0:Tm6740.0)"):
            ours, theirs = (xtcview.Detector(source, run) for run in (small, large))
            for at in (1, 0, -1):
                raw = ours.raw(small.event(at))
                np.testing.assert_array_equal(raw, theirs.raw(large.event(at)))
                image = ours.image(small.event(at))
                np.testing.assert_array_equal(image, theirs.image(large.event(at)))


def test_the_summary_tells_the_same_sources(golden_dir, small_dir):
    with both(golden_dir, small_dir, 34) as (small, large):
        ours, theirs = (summary(run).splitlines() for run in (small, large))
    assert ours[1] == theirs[1]  # events, calib cycles, span
    rows = [line for line in theirs if line.startswith(("DetInfo", "BldInfo"))]
    assert [line for line in ours if line.startswith(("DetInfo", "BldInfo"))] == rows
    assert ours[-1] == theirs[-1] == "problems: none found"


def test_a_sum_opens_the_small_data_again(golden_dir, small_dir):
    with both(golden_dir, small_dir, 34) as (small, large):
        assert small.spec.endswith(":smd")
        with xtcview.open(small.spec) as again:
            assert list(again.times()) == list(large.times())
            assert again.files[0].path == small.files[0].path
        sums = [xtcview.reduce(run, CSPAD, ops=["sum"], engines="serial") for run in (small, large)]
        ours, theirs = (result.wait(60) for result in sums)
        np.testing.assert_array_equal(ours.sum, theirs.sum)
        assert ours.n == theirs.n == 12


# what is read when


@pytest.fixture
def read(monkeypatch):
    """Names of the files that were opened since the list was cleared."""
    opened = []
    descriptor = files.XtcFile._descriptor

    def noted(self):
        opened.append(self.path.name)
        return descriptor(self)

    monkeypatch.setattr(files.XtcFile, "_descriptor", noted)
    return opened


def test_nothing_of_the_large_file_is_read_unasked(small_dir, read):
    with xtcview.open(f"exp=cxitut13:run=34:dir={small_dir}:smd") as run:
        for event in run.events():
            event.keys()
            event.damage()
            event.get(xtcview.EventId)
            event.get(xtcview.Bld.BldDataEBeamV7, "BldInfo(EBeam)")
            event.find(cspad.DataV2, run.aliases.src("DscCsPad"))
        run.scalars(["EBeam.ebeamCharge", "eventcode.140"])
        [run.epics(name) for name in run.epics_at(-1).pvNames()]
        assert [name for name in read if not name.endswith(".smd.xtc")] == []
        read.clear()
        source = xtcview.Source(CSPAD)
        assert event.get(xtcview.CsPad.DataV2, source) is event.get(xtcview.CsPad.DataV2, source)
        assert {name for name in read if ".smd" not in name} == {"e158-r0034-s01-c00.xtc"}


def test_counts_of_a_detector_are_not_copied(golden_dir, small_dir, monkeypatch):
    """They go from the large file to the panels with one scattered read."""
    with both(golden_dir, small_dir, 34) as (small, large):
        expected = xtcview.Detector(CSPAD, large).raw(large.event(3))
        detector, event = xtcview.Detector(CSPAD, small), small.event(3)
        assert event.config.get(cspad.ConfigV5, CSPAD) is not None
        monkeypatch.setattr(files.XtcFile, "view", None)
        np.testing.assert_array_equal(detector.raw(event), expected)


def test_where_the_datagram_of_an_event_is(golden_dir, small_dir):
    nodes = index.decode((golden_dir / "index" / "e158-r0042-s00-c00.xtc.idx").read_bytes()).nodes
    with xtcview.open(f"exp=cxitut13:run=42:dir={small_dir}:smd") as run:
        for event, node in zip(run.events(), nodes, strict=True):
            place = event.get(smldata.OrigDgramOffsetV1, smalldata.RECORDER)
            assert place.fileOffset() == node["offset"]
            large = run.files[0].large
            head = large.read(place.fileOffset(), 40)
            assert place.extent() == struct.unpack_from("<I", head, 36)[0]


# files that do not belong together


def large_frame(value, src=runs.CAMERA, damage=0):
    return runs.frame(value, src, damage, (40, 30))


@pytest.fixture
def open_small(tmp_path):
    """Return a function that opens the small data of run 3 in the test's own folder."""
    found = []

    def open_it(more=""):
        found.append(xtcview.open(f"exp=e7:run=3:dir={tmp_path}:smd{more}"))
        return found[-1]

    yield open_it
    for run in found:
        run.close()


@pytest.fixture
def pair(tmp_path):
    """Two streams of events with frames, and their small data."""
    paths = []
    for stream in (0, 1):
        numbers = range(stream, 6, 2)
        events = [runs.event(i, writer.container(runs.segment(1), large_frame(i))) for i in numbers]
        whole = [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events), *runs.end()]
        paths.append(runs.write(tmp_path, whole, stream))
        smalldata.write(paths[-1])
    return paths


def pixels(run):
    """First pixel of every event's frame, or the error."""
    found = [outcome(event.get, FRAME, runs.CAMERA) for event in run.events()]
    return [int(f.data16()[0, 0]) if isinstance(f, FRAME) else f for f in found]


def test_a_small_run(pair, open_small):
    run = open_small()
    assert run.problems == []
    assert pixels(run) == list(range(6))


def test_the_large_file_is_missing(pair, open_small):
    pair[1].unlink()
    run = open_small()
    assert [str(p) for p in run.problems] == [
        "e7-r0003-s01-c00.xtc: the large file is not there; "
        "payloads that small data leave out cannot be read"
    ]
    assert "1 problem>" in repr(run)
    found = pixels(run)
    assert found[::2] == [0, 2, 4]
    for error in found[1::2]:
        assert isinstance(error, RunNotFoundError)
        assert str(error) == (
            f"{pair[1]}: e7-r0003-s01-c00.smd.xtc needs this file; "
            "put it there, one folder above the small data"
        )
    event = run.event(1)
    assert [key.size for key in event.keys() if key.type() is FRAME] == [len(large_frame(1)) - 20]  # noqa: SIM118
    with pytest.raises(RunNotFoundError, match="needs this file"):
        xtcview.Detector(str(runs.CAMERA), run).raw(event)


def test_the_large_file_is_put_there_later(pair, open_small):
    aside = pair[1].rename(pair[1].with_suffix(".aside"))
    run = open_small()
    assert isinstance(pixels(run)[1], RunNotFoundError)
    aside.rename(pair[1])
    assert pixels(run) == list(range(6))


def test_the_large_file_is_cut(pair, open_small):
    data = pair[0].read_bytes()
    at = data.index(large_frame(4)[20:])
    pair[0].write_bytes(data[: at + 2000])
    found = pixels(open_small())
    assert found[:4] == [0, 1, 2, 3]
    assert isinstance(found[4], TruncatedError)
    assert str(found[4]) == (
        f"{pair[0]} at byte {at - 20}: e7-r0003-s00-c00.smd.xtc names a payload up to byte "
        f"{at + len(large_frame(4)) - 20}, found a file of {at + 2000} bytes; "
        "one of the two is cut or wrong"
    )


def test_a_proxy_of_several_gigabytes_asks_for_no_memory(pair, open_small):
    change(pair[0], extent=0xFFFFFFFC)
    found = pixels(open_small())
    assert isinstance(found[0], TruncatedError)
    assert found[1:] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("number", [41, 42])  # compressed, and straight to the panels
def test_another_header_at_the_place_of_a_cspad(golden_dir, tmp_path, number):
    (path,) = linked(golden_dir, tmp_path / "xtc", number).glob("*.xtc")
    with both(golden_dir, path.parent, number) as (small, large):
        at = large.event(1).find(cspad.DataV2, xtcview.Detector(CSPAD, large).src).at
        data = bytearray(path.read_bytes())
        data[at - 12] ^= 1  # of the source
        path.unlink()
        path.write_bytes(data)
        detector = xtcview.Detector(CSPAD, small)
        assert detector.raw(small.event(0)) is not None
        with pytest.raises(FormatError, match="the files do not belong together"):
            detector.raw(small.event(1))


@pytest.mark.parametrize("word", range(5))
def test_another_header_in_the_large_file(pair, open_small, word):
    data = bytearray(pair[0].read_bytes())
    at = data.index(large_frame(2)) + 4 * word
    data[at] ^= 4
    pair[0].write_bytes(data)
    found = pixels(open_small())
    assert isinstance(found[2], FormatError)
    assert "e7-r0003-s00-c00.smd.xtc names Frame v1 of source" in str(found[2])
    assert f"{pair[0]} at byte {at - 4 * word}: " in str(found[2])
    assert "the files do not belong together" in str(found[2])
    assert found[:2] + found[3:] == [0, 1, 3, 4, 5]


def test_the_large_file_of_another_run(pair, open_small):
    shutil.copy(pair[1], pair[0])
    found = pixels(open_small())
    assert found[1::2] == [1, 3, 5]
    assert found[0] == 1  # the same headers at the same bytes: nothing tells them apart
    assert found[2:5:2] == [3, 5]


def change(path, number=0, **fields):
    """Change fields of the proxies in a file's small data, of the n-th one only."""
    place = path.parent / "smalldata" / path.name.replace(".xtc", ".smd.xtc")
    data = bytearray(place.read_bytes())
    word = struct.pack("<II", type_word(TypeId.SmlDataProxy, 1), 36)
    at = -1
    for _ in range(number + 1):
        at = data.index(word, at + 1)
    if "word" in fields:
        struct.pack_into("<I", data, at, fields.pop("word"))
    for name, value in fields.items():
        offset, form = {"fileOffset": (0, "<q"), "type": (8, "<I"), "extent": (12, "<I")}[name]
        struct.pack_into(form, data, at + 8 + offset, value)
    place.write_bytes(data)
    return at - 12


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"fileOffset": -1}, "a payload at byte -1 of the large file"),
        ({"fileOffset": -(2**63)}, "a payload at byte -9223372036854775808 of the large file"),
        ({"extent": 19}, "a payload of extent 19; expected a multiple of 4, at least 20"),
        ({"extent": 2}, "a payload of extent 2; expected"),
        ({"extent": 0}, "a payload of extent 0; expected"),
        ({"type": type_word(TypeId.Xtc, 1)}, "a container in the large file, where a payload was"),
        ({"word": type_word(TypeId.SmlDataProxy, 2)}, "expected SmlDataProxy v1, found"),
        ({"word": type_word(TypeId.SmlDataProxy, 1, True)}, "expected SmlDataProxy v1, found"),
        ({"extent": 20}, "e7-r0003-s00-c00.smd.xtc names Frame v1 of source"),
    ],
)
def test_proxies_that_cannot_be(pair, open_small, fields, what):
    at = change(pair[0], **fields)
    event = open_small().event(0)
    assert event.get(FRAME, runs.CAMERA) is None
    (problem,) = event.problems
    assert what in problem.what
    assert problem.consequence == "the payload that it stands for is not given"
    assert (problem.offset, Path(problem.file).name) == (at, "e7-r0003-s00-c00.smd.xtc")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"fileOffset": 2**63 - 1}, TruncatedError),
        ({"fileOffset": 2**40}, TruncatedError),
        ({"fileOffset": 0}, FormatError),
        ({"extent": 2452 - 4}, FormatError),
        ({"extent": 1 << 20}, TruncatedError),
    ],
)
def test_proxies_that_lie(pair, open_small, fields, error):
    change(pair[0], **fields)
    event = open_small().event(0)
    with pytest.raises(error) as caught:
        event.get(FRAME, runs.CAMERA)
    assert caught.value.file == pair[0]
    with pytest.raises(error):
        xtcview.Detector(str(runs.CAMERA), open_small()).raw(event)


# damage, omitted events, missing files


def test_damage_is_that_of_the_large_file(tmp_path, open_small):
    out_of_order = Damage.OutOfOrder
    events = [
        runs.event(0, writer.container(runs.segment(1), large_frame(0, damage=out_of_order))),
        runs.event(1, writer.container(runs.segment(1), large_frame(1)), damage=1 << 1),
    ]
    whole = [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events)]
    smalldata.write(runs.write(tmp_path, whole))
    run = open_small()
    assert [event.damage(runs.CAMERA) for event in run.events()] == [out_of_order, 0]
    assert run.event(1).damage() == 1 << 1
    assert pixels(run) == [None, 1]


def test_events_that_small_data_leave_out_are_not_in_the_run(tmp_path, open_small):
    empty = writer.datagram(12, runs.time_of(1), runs.fiducial_of(1))
    frame = writer.container(runs.segment(1), large_frame(0))
    events = [runs.event(0, frame), empty, runs.event(2, frame)]
    smalldata.write(runs.write(tmp_path, [*runs.begin(), *runs.cycle(0, events)]))
    assert [t.fiducial() for t in open_small().times()] == [0, 6]


def test_chunks(tmp_path, open_small):
    frames = [writer.container(runs.segment(1), large_frame(i)) for i in range(4)]
    events = [runs.event(i, frame) for i, frame in enumerate(frames)]
    whole = [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events), *runs.end()]
    for chunk, part in enumerate((whole[:6], whole[6:])):
        smalldata.write(runs.write(tmp_path, part, chunk=chunk))
    run = open_small()
    assert run.problems == []
    assert pixels(run) == [0, 1, 2, 3]


def test_a_stream_without_small_data_is_told(pair, open_small):
    (pair[0].parent / "smalldata" / "e7-r0003-s01-c00.smd.xtc").unlink()
    run = open_small()
    assert [str(p) for p in run.problems] == [
        "e7-r0003-s01-c00.xtc: the file is there, but no small data of it; its events are missing"
    ]
    assert pixels(run) == [0, 2, 4]
    assert open_small(":stream=0").problems == []


def test_the_large_file_is_empty(pair, open_small):
    pair[0].write_bytes(b"")
    run = open_small()
    assert [p.what for p in run.problems] == ["the large file is empty"]
    assert isinstance(pixels(run)[0], TruncatedError)


def test_streams_of_the_control_system(tmp_path, open_small):
    """Their recorder puts what small data add into its segment (pdsapp camrecord)."""
    smalldata.write(runs.write(tmp_path, runs.simple(3)))
    frame, source = large_frame(7, runs.CAMERA_2), runs.segment(1)
    begin = runs.begin(runs.pulnix_config(runs.CAMERA_2), run=0)
    whole = [*begin, runs.event(1, writer.container(source, frame))]
    path = runs.write(tmp_path, whole, stream=80)
    at, word = path.read_bytes().index(frame), type_word(TypeId.Frame, 1)
    limit = encode(smldata.ConfigV1, sizeThreshold=1024)
    place = encode(smldata.OrigDgramOffsetV1, fileOffset=at - 60, extent=40 + len(frame))
    config = writer.container(source, runs.leaf(smldata.ConfigV1, smalldata.RECORDER, limit))
    leaves = (
        runs.leaf(smldata.OrigDgramOffsetV1, smalldata.RECORDER, place),
        smalldata.proxy(runs.CAMERA_2, at, word, len(frame)),
    )
    begin = runs.begin(runs.pulnix_config(runs.CAMERA_2), config, run=0)
    small = b"".join([*begin, runs.event(1, writer.container(source, *leaves))])
    (tmp_path / "smalldata" / "e7-r0003-s80-c00.smd.xtc").write_bytes(small)
    run = open_small()
    assert run.problems == []
    event = run.event(1)
    assert int(event.get(FRAME, runs.CAMERA_2).data16()[0, 0]) == 7
    assert int(event.get(FRAME, runs.CAMERA).data16()[0, 0]) == 1
    assert run.event(0).get(FRAME, runs.CAMERA_2) is None


def test_small_data_that_are_being_written(tmp_path, open_small):
    frames = [writer.container(runs.segment(1), large_frame(i)) for i in range(4)]
    events = [runs.event(i, frame) for i, frame in enumerate(frames)]
    whole = [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events), *runs.end()]
    small = list(smalldata.small_data(b"".join(whole)))
    large_path = tmp_path / "e7-r0003-s00-c00.xtc.inprogress"
    small_path = tmp_path / "smalldata" / "e7-r0003-s00-c00.smd.xtc.inprogress"
    small_path.parent.mkdir()
    large_path.write_bytes(b"".join(whole[:5]))
    small_path.write_bytes(b"".join(small[:6]))
    run = open_small(":live")
    first, second = (outcome(run.event(i).get, FRAME, runs.CAMERA) for i in (0, 1))
    assert int(first.data16()[0, 0]) == 0
    assert isinstance(second, TruncatedError)
    assert "it is still being written" in str(second)
    with large_path.open("ab") as file:
        file.write(b"".join(whole[5:]))
    with small_path.open("ab") as file:
        file.write(b"".join(small[6:]))
    for path in (large_path, small_path):
        path.rename(path.with_suffix(""))
    assert run.refresh() == 2
    assert pixels(run) == [0, 1, 2, 3]
    assert [problem.consequence for problem in run.problems] == ["the object is not given"]


def test_an_archived_array_that_small_data_leave_out(tmp_path, open_small):
    values = np.arange(300, dtype="<f8")
    kind = epics.RECORDS[20]

    def waveform(scale):
        dbr = encode(runs._dbr(kind), stamp=encode(epics.epicsTimeStamp, sec=100))
        data = (scale * values).tobytes()
        body = encode(kind, pvId=4, dbrType=20, numElements=300, data=data, dbr=dbr)
        return writer.xtc(type_word(TypeId.Epics, 1), runs.ARCHIVER, body)

    begin = runs.begin(runs.archiver(runs.pv_ctrl(4, "A:WAVE", 0.0)), runs.pulnix_config())
    events = [
        runs.event(i, runs.camera_segment(i), runs.archiver(*([waveform(i)] if i % 2 else [])))
        for i in range(6)
    ]
    path = runs.write(tmp_path, [*begin, *runs.cycle(0, events)])
    smalldata.write(path)
    run = open_small()
    found = run.epics("A:WAVE")
    assert found.events.tolist() == [1, 3, 5]
    np.testing.assert_array_equal(found.values, np.outer([1, 3, 5], values))
    run.event(4)
    assert run.env().epicsStore().value("A:WAVE", 299) == 3 * 299.0
    assert [key for key in run.event(1).keys() if key.type_id == TypeId.Epics] == []  # noqa: SIM118


def test_calibration_constants_are_beside_the_large_files(golden_dir, tmp_path):
    folder = linked(golden_dir, tmp_path / "xtc", 42)
    (tmp_path / "calib").mkdir()
    for path in folder.glob("*.xtc"):  # links would be followed
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    with xtcview.open(f"exp=cxitut13:run=42:dir={folder}:smd") as run:
        assert run.calib_dir == tmp_path / "calib"


# data set strings


def test_the_standard_place(golden_dir, tmp_path, monkeypatch):
    place = tmp_path / "CXI" / "cxitut13" / "xtc"
    place.mkdir(parents=True)
    linked(golden_dir, place, 42)
    monkeypatch.setenv("SIT_PSDM_DATA", str(tmp_path))
    with xtcview.open("exp=cxitut13:run=42:smd") as run:
        assert run.files[0].path == place / "smalldata" / "e158-r0042-s00-c00.smd.xtc"
        assert len(run.times()) == 2


@pytest.mark.parametrize(
    "text",
    [
        "exp=e7:run=3:dir={0}:smd",
        "exp=e7:run=3:dir={0}/smalldata:smd",
        "exp=e7:run=3:smd:dir={0}",
        "{0}/smalldata",
        "{0}/smalldata/e7-r0003-s00-c00.smd.xtc",
    ],
)
def test_ways_to_say_it(pair, tmp_path, text):
    with xtcview.open(text.format(tmp_path)) as run:
        assert pixels(run) == list(range(6))
        assert [file.is_small for file in run.files] == [True, True]


def test_one_file_of_several_given_alone(pair, tmp_path):
    small = [tmp_path / "smalldata" / f"e7-r0003-s0{i}-c00.smd.xtc" for i in (0, 1)]
    source = xtcview.DataSource([small[0], small[1]])
    (run,) = source.runs()
    assert pixels(run) == list(range(6))
    run.close()


def test_a_path_within_the_folder_itself(pair, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "smalldata")
    with xtcview.open("e7-r0003-s00-c00.smd.xtc") as run:
        assert pixels(run) == list(range(6))


@pytest.mark.parametrize("modes", ["smd:idx", "idx:smd", "xtc:smd", "idx:xtc"])
def test_one_mode_at_most(modes):
    with pytest.raises(DataSetError, match=r"exclude one another"):
        parse(f"exp=e7:run=3:{modes}")


def test_a_folder_without_small_data(tmp_path):
    runs.write(tmp_path, runs.simple())
    with pytest.raises(RunNotFoundError, match=r"no files such as e7-r0003-s00-c00.smd.xtc"):
        xtcview.open(f"exp=e7:run=3:dir={tmp_path}:smd")


def test_a_folder_with_nothing_but_small_data(pair, tmp_path):
    with pytest.raises(RunNotFoundError, match=r"s00-c00.xtc; those of small data are read with"):
        xtcview.open(f"exp=e7:run=3:dir={tmp_path}/smalldata")


def test_the_index_that_was_made_is_kept_under_its_own_name(pair, open_small, monkeypatch):
    monkeypatch.delenv("XTCVIEW_INDEX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(pair[0].parent / "cache"))
    pixels(open_small())
    kept = pair[0].parent / "smalldata" / ".xtcview"
    assert sorted(p.name for p in kept.iterdir()) == [
        f"e7-r0003-s0{i}-c00.smd.xtc.idx" for i in (0, 1)
    ]
    assert pixels(open_small()) == list(range(6))


# fuzz

slow = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


def scrub(run):
    """Ask everything of every event; only errors of ours, or problems."""
    for event in run.events():
        event.damage()
        for key in event.keys():  # noqa: SIM118
            if key.type() is not None:
                outcome(event.get, key.type(), key.src())
        for source in (CSPAD, "DetInfo(CxiDg2.0:Tm6740.0)", "DetInfo(XppGon.0:Cspad2x2.0)"):
            detector = outcome(xtcview.Detector, source, run)
            if not isinstance(detector, XtcError):
                outcome(detector.raw, event)
    outcome(run.scalars, [f"{CSPAD}.quads", "DetInfo(CxiDg2.0:Tm6740.0).width", "eventcode.140"])
    [outcome(run.epics, name) for name in run.epics_at(-1).names()]
    assert summary(run)


@slow
@given(data=st.data())
def test_changed_small_data(golden_dir, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("changed")
    linked(golden_dir, folder, 42)
    path = folder / "smalldata" / "e158-r0042-s00-c00.smd.xtc"
    changed = bytearray(path.read_bytes())
    proxies = [at for at in range(0, len(changed) - 36, 4) if is_proxy(changed, at)]
    assert len(proxies) == 10
    numbers = st.sampled_from([0, 1, 4, 19, 20, 36, 1024, 2**31, 2**32 - 4, 2**32 - 1])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.sampled_from(proxies)) + 4 * data.draw(st.integers(0, 8))
        value = data.draw(numbers | st.integers(0, 2**32 - 1))
        struct.pack_into("<I", changed, at, value)
    path.write_bytes(changed)
    found = outcome(xtcview.open, f"exp=cxitut13:run=42:dir={folder}:smd")
    if not isinstance(found, XtcError):
        with found as run:
            scrub(run)


def is_proxy(data, at):
    return struct.unpack_from("<II", data, at + 12) == (type_word(TypeId.SmlDataProxy, 1), 36)
