"""The second way between page and viewer, with the page's messages made here."""

import gc
import sys
import threading
import tracemalloc

import comm
import numpy as np
import pytest
import viewer_fakes as fakes

from xtcview.viewer import channel
from xtcview.viewer.widget import Viewer


class Wire(comm.base_comm.BaseComm):
    """A comm as the kernel makes it when the page opens one; keeps what it publishes."""

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.__dict__.setdefault("sent", []).append(
            (msg_type, data, buffers, threading.current_thread())
        )


def opened(model):
    wire = Wire(channel.TARGET, primary=False)
    message = {"content": {"comm_id": wire.comm_id, "data": {"model": model}}}
    comm.get_comm_manager().register_comm(wire)
    comm.get_comm_manager().targets[channel.TARGET](wire, message)
    return wire


def asked(wire, **question):
    wire.sent = []
    wire.handle_msg({"content": {"data": {"view": "v1", "seq": 1, **question}}})
    return [(data, buffers) for kind, data, buffers, _ in wire.sent if kind == "comm_msg"]


@pytest.fixture
def wire(viewer):
    viewer.respond({"t": "hello", "view": "v1", "seq": 1}, lambda *_: None)
    return opened(viewer.model_id)


def test_hello_says_how_to_open_the_way(viewer):
    said = []
    viewer.respond({"t": "hello", "view": "v1", "seq": 1}, lambda *a: said.append(a))
    assert said[0][0]["channel"] == {"target": "xtcview", "model": viewer.model_id}


def test_an_event_comes_on_the_way_on_which_it_was_asked(wire, viewer):
    [(answer, buffers)] = asked(wire, t="event", index=17, f=2)
    assert (answer["t"], answer["index"], answer["view"], answer["seq"]) == ("frame", 17, "v1", 1)
    assert answer["took"] > 0
    assert memoryview(buffers[0]).nbytes == 32 * 93 * 194
    assert viewer.sent == []  # the widget's own comm is left alone


def test_answers_leave_from_the_thread_that_brought_the_question(wire):
    thread = threading.Thread(target=asked, args=(wire,), kwargs={"t": "ping"})
    thread.start()
    thread.join(10)
    assert [who for *_, who in wire.sent] == [thread]


def test_a_malformed_question_has_an_answer(wire):
    [(answer, _)] = asked(wire, t="event", index="x", f=2)
    assert (answer["t"], answer["to"], answer["seq"]) == ("error", "event", 1)


def test_a_viewer_that_was_closed_closes_the_way(wire, viewer):
    viewer.close()
    asked(wire, t="ping")
    assert [kind for kind, *_ in wire.sent] == ["comm_close"]


def test_a_viewer_that_is_not_known_closes_the_way():
    wire = opened("nobody")
    assert [kind for kind, *_ in wire.sent] == ["comm_close"]


def test_events_ahead_come_together_and_the_shown_one_stays_read(wire, run):
    asked(wire, t="event", index=3, f=2)
    [(answer, buffers)] = asked(wire, t="ahead", indexes=[4, 5, 7], f=8)
    assert [f["index"] for f in answer["frames"]] == [4, 5, 7][: len(answer["frames"])]
    assert sum(f["buffers"] for f in answer["frames"]) == len(buffers)
    first = np.frombuffer(buffers[0], np.uint8)
    assert first.size == 32 * 24 * 49
    reads = len(run.reads)
    asked(wire, t="event", index=3, f=2)
    assert len(run.reads) == reads


def test_an_event_is_found(wire):
    [(answer, _)] = asked(wire, t="find", text="12:40:00.14", shown=0)
    assert (answer["index"], answer["words"]) == (17, "nearest event, 1.667 ms later")
    [(answer, _)] = asked(wire, t="find", text="never", shown=0)
    assert (answer["t"], answer["to"]) == ("error", "find")


class Growing(fakes.FakeRun):
    ended = False

    @property
    def settled(self):
        return self.n - 2

    def refresh(self):
        self.n += 5
        return 5


def test_a_live_run_grows():
    run = Growing(n=10)
    viewer = Viewer(run, run.detector())
    said = []
    viewer.respond({"t": "grow", "view": "v1", "seq": 1}, lambda *a: said.append(a[0]))
    assert {k: said[0][k] for k in ("n", "settled", "live")} == {
        "n": 15,
        "settled": 13,
        "live": True,
    }
    viewer.event = 14
    run.ended = True
    viewer.respond({"t": "grow", "view": "v1", "seq": 1}, lambda *a: said.append(a[0]))
    assert (said[1]["n"], said[1]["settled"], said[1]["live"]) == (15, 15, False)
    viewer.close()


def test_a_cell_that_computes_gives_way_sooner_until_it_is_done():
    usual = sys.getswitchinterval()
    channel._hurry()
    assert sys.getswitchinterval() == usual  # no cell runs
    channel._begin()
    assert channel.is_busy()
    channel._hurry()
    channel._hurry()
    assert sys.getswitchinterval() == pytest.approx(channel.QUICK_S)
    channel._end()
    assert sys.getswitchinterval() == pytest.approx(usual)
    assert not channel.is_busy()


def test_nothing_is_left_of_ten_thousand_steps(monkeypatch):
    small = (1, 16, 16)
    run = fakes.FakeRun(n=200, shape=small)
    det = run.detector()
    panels = np.arange(256, dtype=np.int16).reshape(small)
    monkeypatch.setattr(det, "read", lambda evt: fakes.Raw(panels, np.ones(1, bool)))
    for name in ("pedestals", "bad"):
        monkeypatch.setattr(det, name, lambda run: None)
    viewer = Viewer(run, det)

    def walk(steps):
        for k in range(steps):
            run.reads.clear()
            question = {"t": "event", "view": "v", "seq": k, "index": k % 200, "f": 1}
            viewer.respond(question, lambda *_: None)

    walk(200)
    gc.collect()
    tracemalloc.start()
    walk(10_000)
    gc.collect()
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    viewer.close()
    assert left < 100_000  # bytes
