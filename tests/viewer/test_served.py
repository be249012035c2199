"""The viewer as a page of its own: who may ask, and what is answered."""

import http.client
import json
import struct
import subprocess
import sys
import threading
import urllib.request

import numpy as np
import pytest
import viewer_fakes as fakes

from xtcview.viewer import served


@pytest.fixture
def server(run):
    viewer = served.PageViewer(run, run.detector())
    with served.Server(viewer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)
    viewer.close()


def call(server, path, content=None, host=None, secret=None):
    link = http.client.HTTPConnection(*server.server_address[:2], timeout=30)
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {"Host": host} if host else {}
    method = "GET" if content is None else "POST"
    path = f"/{secret or server.secret}{path}"
    link.request(method, path, None if content is None else body, headers)
    answer = link.getresponse()
    found = answer.status, answer.read()
    link.close()
    return found


def ask(server, content):
    status, data = call(server, "/ask", content)
    assert status == 200
    (length,) = struct.unpack_from("<I", data)
    told, at, found = json.loads(data[4 : 4 + length]), 4 + length, []
    for one in told:
        buffers = []
        for size in one["sizes"]:
            buffers.append(data[at : at + size])
            at += size
        found.append((one["content"], buffers))
    assert at == len(data)
    return found


def test_the_page_holds_the_widget_and_nothing_from_outside(server):
    status, page = call(server, "/")
    text = page.decode()
    assert status == 200
    assert "createServedModel(data)" in text
    assert "/*" not in text.replace("/*MODEL*/", "") or "/*SCRIPT*/" not in text
    assert server.secret not in text
    assert 'src="http' not in text


def test_questions_are_answered_with_their_bytes(server):
    ((hello, tiles),) = ask(server, {"t": "hello", "view": "v", "seq": 1})
    assert (hello["t"], hello["n"], len(tiles)) == ("hello", 64, 3)
    ((frame, buffers),) = ask(server, {"t": "event", "view": "v", "seq": 2, "index": 21, "f": 1})
    assert (frame["index"], frame["seq"]) == (21, 2)
    codes = np.frombuffer(buffers[0], np.uint8).reshape(fakes.SHAPE)
    levels = np.frombuffer(buffers[1], "<f4")
    assert fakes.read_number(levels[codes[fakes.MARKED]] + fakes.PEDESTAL) == 21


def test_settings_are_adopted_and_wrong_ones_told(server):
    assert ask(server, {"t": "state", "values": {"event": 9, "cmap": "magma"}}) == []
    assert (server.viewer.event, server.viewer.cmap) == (9, "magma")
    ((told, _),) = ask(server, {"t": "state", "values": {"values": "counts"}})
    assert told == {"t": "drawn"}
    ((told, _),) = ask(server, {"t": "state", "values": {"event": 900}})
    assert "this run has events 0 to 63" in told["text"]
    for values in ({"_esm": "x"}, {"layout": 1}, [1], None, {"nonsense": 2}):
        assert ask(server, {"t": "state", "values": values}) == []
    assert server.viewer._esm != "x"


@pytest.mark.parametrize("content", [[], 3, "x", {}, {"t": "event", "view": "v", "seq": 1}])
def test_a_bad_question_gets_an_error(server, content):
    ((told, _),) = ask(server, content)
    assert told["t"] == "error"


def test_what_is_no_json_is_refused(server):
    assert call(server, "/ask", b"{")[0] == 400


@pytest.mark.parametrize(
    "how",
    [{"secret": "guess"}, {"host": "evil.example"}, {"host": "localhost:1"}],
)
def test_others_are_refused(server, how):
    for path, content in (("/", None), ("/ask", {"t": "hello", "view": "v", "seq": 1})):
        assert call(server, path, content, **how) == (403, b"the address is incomplete")


def test_only_this_machine_can_reach_it(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_address[1]}/{server.secret}/"
    assert len(server.secret) >= 32


def test_the_command_serves_a_run(golden_dir):
    dataset = f"exp=e158:run=34:dir={golden_dir}"
    command = [sys.executable, "-m", "xtcview", "view", dataset, "--detector", "DscCsPad"]
    command += ["--event", "3", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as shown:
        try:
            address = shown.stdout.readline().strip()
            with urllib.request.urlopen(address, timeout=60) as answer:
                page = answer.read().decode()
            assert "exp=e158:run=34" in page
            assert '"event": 3' in page
        finally:
            shown.terminate()


def test_the_command_says_what_it_cannot_open(tmp_path):
    command = [sys.executable, "-m", "xtcview", "view", str(tmp_path), "--no-browser"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("xtcview: ")
    assert "Traceback" not in done.stderr
