import json
import subprocess
import sys

import pytest
import traitlets
import viewer_fakes as fakes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xtcview.calib.geometry import Orientation
from xtcview.errors import XtcError


def ask(viewer, **content):
    viewer._on_message(viewer, {"view": "v1", "seq": 1, **content}, [])
    return viewer.sent[-1]


def test_every_question_gets_its_answer(viewer):
    hello, _ = ask(viewer, t="hello")
    assert (hello["t"], hello["view"], hello["seq"], hello["n"]) == ("hello", "v1", 1, 64)
    frame, buffers = ask(viewer, t="event", seq=2, index=12, f=2)
    assert (frame["t"], frame["index"], frame["seq"], len(buffers)) == ("frame", 12, 2, 2)
    segment, _ = ask(viewer, t="segment", seq=3, index=12, segment=31)
    assert (segment["t"], segment["seq"]) == ("segment", 3)


@pytest.mark.parametrize(
    "content",
    [
        {"t": "event", "index": 640, "f": 2},
        {"t": "event"},
        {"t": "event", "index": 3, "f": 3},
        {"t": "turn"},
        {"t": "nonsense"},
        {"t": "segment", "index": 3, "segment": 99},
    ],
)
def test_a_bad_question_is_answered_with_an_error(viewer, content):
    answer, buffers = ask(viewer, **content)
    assert answer["t"] == "error"
    assert answer["text"]
    assert (answer["view"], answer["seq"], buffers) == ("v1", 1, [])


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.text(max_size=5),
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(st.sampled_from(["t", "seq", "view", "index", "f"]), x)
    ),
    max_leaves=8,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    JUNK
    | st.fixed_dictionaries(
        {"t": st.sampled_from(["event", "segment", "hello"]), "f": JUNK, "index": JUNK}
    )
)
def test_no_message_can_raise(viewer, content):
    before = len(viewer.sent)
    viewer._on_message(viewer, content, [])
    assert len(viewer.sent) == before + 1
    assert viewer.sent[-1][0]["t"] == "error"


def test_event_counts_like_a_list(viewer):
    viewer.event = -1
    assert viewer.event == 63
    with pytest.raises(traitlets.TraitError, match="this run has events 0 to 63"):
        viewer.event = 64


@pytest.mark.parametrize(
    ("name", "value"), [("cmap", "rainbow"), ("scale", "cubic"), ("arrangement", "pile")]
)
def test_unknown_settings_are_refused(viewer, name, value):
    with pytest.raises(traitlets.TraitError):
        setattr(viewer, name, value)


def test_arrays_are_of_the_shown_event(viewer):
    viewer.event = 21
    assert fakes.read_number(viewer.raw[fakes.MARKED]) == 21
    assert viewer.raw.shape == fakes.SHAPE
    viewer.raw[:] = 0  # the caller's own
    assert viewer.raw.any()
    assert viewer.image.shape == (1720, 1717)
    viewer.event = 7
    assert viewer.raw is None
    assert viewer.image is None


def test_no_trait_holds_a_frame(viewer):
    ask(viewer, t="event", index=3, f=2)
    sizes = {name: len(str(value)) for name, value in viewer.get_state().items()}
    assert sum(sizes.values()) < 160_000  # the script; a saved notebook may grow by 300 kB
    assert all(size < 100 for name, size in sizes.items() if name not in ("_esm", "_css"))


def test_repr_is_one_line(viewer):
    viewer.event = 5
    assert repr(viewer) == "<Viewer of exp=fake12345:run=34, cspad, event 5 of 64>"


def test_a_reduction_is_shown_until_an_event_is_asked_for(viewer):
    reduction = fakes.FakeReduction(50)
    viewer.show(reduction)
    reduction.advance(10)
    content, buffers = viewer.sent[-1]
    assert (content["t"], content["done"], content["show"], len(buffers)) == ("sum", 10, 1, 2)
    ask(viewer, t="event", index=3, f=2)
    sent = len(viewer.sent)
    reduction.advance(20)
    assert len(viewer.sent) == sent
    viewer.show(reduction)
    assert viewer.sent[-1][0]["show"] == 2
    assert len(reduction.callbacks) == 1
    viewer.show(None)
    assert viewer.sent[-1][0] == {"t": "events"}


@pytest.mark.parametrize("thing", [3, "mean", None.__class__])
def test_what_is_no_reduction_is_refused(viewer, thing):
    with pytest.raises(XtcError, match=r"from xtcview.reduce\(run, ...\); this is"):
        viewer.show(thing)
    assert viewer.sent == []
    assert viewer.snapshot().data


def test_a_reduction_of_another_detector_leaves_the_viewer_as_it_was(viewer):
    other, shown = fakes.FakeReduction(50, (1, 480, 640)), fakes.FakeReduction(50)
    shown.n = other.n = 3
    viewer.show(shown)
    with pytest.raises(XtcError, match="is of cspad, shape"):
        viewer.show(other)
    assert viewer._reduction is shown
    assert other.callbacks == []


def test_a_reduction_that_turns_out_to_be_of_another_detector_is_let_go(viewer):
    other = fakes.FakeReduction(50, (1, 480, 640))
    viewer.show(other)  # it has no values yet, so nobody can know
    other.advance(3)
    content, _ = viewer.sent[-1]
    assert (content["t"], content["data"], content["show"]) == ("sum", False, 1)
    assert "this viewer shows cspad" in content["note"]
    assert viewer._reduction is None
    assert viewer.snapshot().data


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "high"])
def test_limits_are_numbers(viewer, value):
    with pytest.raises(traitlets.TraitError, match="vmax"):
        viewer.vmax = value
    assert viewer.vmax == 1.0


def test_a_second_view_sees_the_reduction(viewer):
    reduction = fakes.FakeReduction(50)
    reduction.n = 50
    viewer.show(reduction)
    hello, _ = ask(viewer, t="hello")
    assert hello["t"] == "sum"  # the greeting went before it
    assert viewer.sent[-2][0]["reducing"] is True


def test_turning_the_detector_changes_the_tiles(viewer):
    _, buffers = ask(viewer, t="hello")
    viewer.orientation = Orientation(rot90=2)
    hello, turned = viewer.sent[-1]
    assert hello["t"] == "hello"
    assert "view" not in hello  # for all views
    assert turned[:2] == buffers[:2]
    assert turned[2] != buffers[2]
    assert viewer._reader.det.orientation == Orientation(rot90=2)
    assert viewer.image.shape == (1717, 1720)


def test_the_page_can_turn_the_picture(viewer):
    assert viewer.orientation == Orientation(rot90=1)
    ask(viewer, t="turn", mirror=True)
    ask(viewer, t="turn", mirror=False)
    assert viewer.orientation == Orientation(rot90=0, flip=True)


def test_a_camera_has_one_arrangement():
    from xtcview.viewer.widget import Viewer

    run = fakes.FakeRun(shape=(1, 48, 64))
    det = run.detector()
    viewer = Viewer(run, det)
    assert viewer.arrangement == "stack"
    viewer.close()


def test_importing_the_package_is_light():
    code = (
        "import sys, xtcview.viewer;"
        "heavy = {'anywidget', 'ipywidgets', 'matplotlib', 'ipyparallel', 'PIL'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_answers_are_plain_values(viewer):
    answer, _ = ask(viewer, t="event", index=10, f=2)
    assert json.loads(json.dumps(answer))["present"] == [1] * 24 + [0] * 8
