import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import viewer_fakes as fakes

from xtcview.errors import EngineError, XtcError
from xtcview.reduce.op import Field
from xtcview.reduce.report import Report, Skipped
from xtcview.reduce.results import About, Result
from xtcview.run.files import Problem
from xtcview.viewer import messages
from xtcview.viewer.layout import image_picture, raw_pictures


def pictures(reader):
    return [*raw_pictures(reader.shape), image_picture(reader.tiles())]


def test_hello_describes_the_detector_in_few_bytes(reader):
    content, buffers = messages.hello(reader, pictures(reader), 4)
    assert content["n"] == 64
    assert content["index"] == 4
    assert content["constants"]["geometry"] == "LOADED 0-end.data"
    assert [p["key"] for p in content["pictures"]] == ["grid", "stack", "image"]
    assert len(json.dumps(content)) < 5000
    assert len(buffers[-1]) == 64 * 11 * 8 < 10_000


def test_an_event_is_one_message_of_577_kB(reader):
    content, buffers = messages.event(reader, 17, 2)
    assert content["blocks"] == [32, 93, 194]
    assert [memoryview(b).nbytes for b in buffers] == [32 * 93 * 194, 1024]
    assert json.dumps(content)
    codes = np.frombuffer(buffers[0], np.uint8).reshape(32, 93, 194)
    levels = np.frombuffer(buffers[1], "<f4")
    panel = levels[codes[fakes.MARKED]].repeat(2, axis=0).repeat(2, axis=1) + fakes.PEDESTAL
    assert fakes.read_number(panel) == 17


def test_events_without_a_picture_still_have_an_answer(reader):
    for index in (7, 9):
        content, buffers = messages.event(reader, index, 2)
        assert content["data"] is False
        assert content["note"]
        assert content["index"] == index
        assert buffers == []


def test_problems_of_the_run_are_told(run, reader):
    run.problems.append(
        Problem("/data/e1-r0034-s01-c00.xtc", 77, "the file ends", "3 events are lost")
    )
    content, _ = messages.event(reader, 1, 2)
    assert content["problems"] == 1
    assert content["problem"] == "e1-r0034-s01-c00.xtc at byte 77: the file ends; 3 events are lost"


def ask(reader, reduction=None, **question):
    return messages.segment(reader, {"t": "segment", **question}, reduction)


def test_a_segment_is_exact(reader):
    content, buffers = ask(reader, index=17, segment=4, constants=True)
    raw = np.frombuffer(buffers[0], content["dtype"]).reshape(185, 388)
    assert content["dtype"] == "int16"
    assert len(buffers[0]) == 143_560
    assert np.array_equal(raw, reader.shot(17).raw[4])
    assert raw[3, 5] == 17
    assert (np.frombuffer(buffers[1], "<f4") == fakes.PEDESTAL).all()
    assert not np.frombuffer(buffers[2], "u1").any()


def test_a_segment_without_data(reader):
    assert ask(reader, index=7, segment=4) == (
        {"t": "segment", "index": 7, "segment": 4, "data": False},
        [],
    )


def test_a_reduction_grows(reader):
    reduction = fakes.FakeReduction(100)
    content, buffers = messages.progress(reader, reduction)
    assert (content["data"], content["done"], buffers) == (False, 0, [])
    reduction.advance(40)
    content, buffers = messages.progress(reader, reduction)
    assert content["account"] == "mean of 40 events so far, 40 of 100 read"
    assert memoryview(buffers[0]).nbytes == 32 * 93 * 194
    content, buffers = ask(reader, reduction, index=-1, segment=2)
    assert (content["dtype"], content["done"]) == ("float32", 40)
    assert np.frombuffer(buffers[0], "<f4")[0] == fakes.PEDESTAL + 1.5


@pytest.mark.parametrize(("calib", "less"), [(False, True), (True, False)])
def test_pedestals_are_taken_off_raw_means_only(reader, calib, less):
    reduction = fakes.FakeReduction(100)
    reduction.n, reduction.calib = 3, calib
    found = messages.reduced(reader, reduction)
    assert found.subtracted is less
    assert found.values[0, 0, 0] == fakes.PEDESTAL + 1.5
    assert found.drawn[0, 0, 0] == (1.5 if less else fakes.PEDESTAL + 1.5)
    content, _ = messages.progress(reader, reduction)
    assert content["subtracted"] is less
    assert content["label"] == ("raw − pedestal" if less else "calibrated")


def test_the_true_pedestals_are_taken_off_a_mean(run):
    det = run.detector()
    det.pedestals = lambda number: np.full(fakes.SHAPE, 1200.4, np.float32)
    reader = messages.Reader(run, det)
    reduction = fakes.FakeReduction(100)
    reduction.n = 3
    found = messages.reduced(reader, reduction)
    assert found.drawn[0, 0, 0] == pytest.approx(1.1, abs=1e-4)
    _, buffers = ask(reader, reduction, index=-1, segment=2, constants=True)
    assert (np.frombuffer(buffers[1], "<f4") == np.float32(1200.4)).all()


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (0, "reduction of 0 events so far, 0 of 56 read"),
        (30, "mean of 12 events so far, 30 of 56 read; 16 without data, 2 damaged"),
        (56, "mean of 14 events; 40 without data, 2 damaged"),
    ],
)
def test_a_reduction_says_how_many_events_are_in_it(reader, read, words):
    reduction = fakes.FakeReduction(56)
    reduction.n = read
    kinds = ["missing"] * {30: 16, 56: 40}.get(read, 0) + ["damaged"] * 2 * (read > 0)
    reduction.skipped = tuple(Skipped(kind, "", i) for i, kind in enumerate(kinds))
    content, _ = messages.progress(reader, reduction)
    assert content["account"] == words


def test_a_cancelled_reduction_says_what_was_not_read():
    skipped = (Skipped("failed", "", 3),)
    report = fakes.Report(10, 1, skipped)
    cancelled = SimpleNamespace(report=report, done=True)
    assert messages.account(cancelled, "sum") == "sum of 1 event; 1 cannot be read, 8 not read"


def test_a_reduction_of_another_detector_is_refused(reader):
    reduction = fakes.FakeReduction(100, (1, 480, 640))
    reduction.n, reduction.detector = 3, "yag"
    both = r"is of yag, shape \(1, 480, 640\); this viewer shows cspad, shape \(32, 185, 388\)"
    with pytest.raises(XtcError, match=both):
        messages.reduced(reader, reduction)


def test_a_failed_reduction_says_why(reader):
    reduction = fakes.FakeReduction(100)
    reduction.error = EngineError("engine 1 died at event 17")
    assert messages.progress(reader, reduction)[0]["note"] == "engine 1 died at event 17"


def result_of(each="", **arrays) -> Result:
    """Return a result as from a file."""
    fields = tuple(Field(name) for name in arrays)
    report = Report(5, 3, (Skipped("left_out", "", 1), Skipped("missing", "", 2)))
    about = About(detector="cspad", each=each)
    return Result(arrays, fields, report, np.zeros(32, np.int64), about=about)


def test_a_result_that_was_opened_is_shown(reader):
    mean = np.full(fakes.SHAPE, fakes.PEDESTAL + 2.0)
    rows = np.zeros(3, [("event", "<i8")])
    result = result_of(table=rows, max=mean + 5, mean=mean)
    found = messages.reduced(reader, result)
    assert (found.name, found.subtracted) == ("mean", True)
    assert found.drawn[0, 0, 0] == 2.0
    content, _ = messages.progress(reader, result)
    assert content["account"] == "mean of 3 events; 1 without data, 1 left out"
    # tables and the like are no pictures
    assert messages.reduced(reader, result_of(table=rows, above=mean)).name == "above"
    with pytest.raises(XtcError, match="show it in a viewer of its own detector"):
        messages.reduced(reader, result_of(table=rows))


def test_frames_made_by_a_function_are_labelled(reader):
    result = result_of(mean=np.ones(fakes.SHAPE), each="photons")
    found = messages.reduced(reader, result)
    assert (found.subtracted, messages.label(reader, found)) == (False, "photons()")


def test_groups_are_shown_all_together_or_one(reader):
    result = result_of(mean=np.ones((2, *fakes.SHAPE)))
    grouped = replace(result, groups=np.array([3, 4]), sizes=(1, 2), counts=np.ones((2, 32)))
    with pytest.raises(XtcError, match=r"2 groups: show one of them, such as r\[3\]"):
        messages.reduced(reader, grouped)
    assert messages.reduced(reader, grouped[4]).values.shape == fakes.SHAPE
    growing = SimpleNamespace(
        partial=grouped.partial,
        overall=lambda: {"mean": result.mean[0]},
        report=result.report,
        add_callback=None,
        calib=False,
        each="",
        detector="cspad",
    )
    assert messages.reduced(reader, growing).values.shape == fakes.SHAPE
