"""A reduction in the kernel of a notebook."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

HERE = str(Path(__file__).parent)
WIDGET = "application/vnd.jupyter.widget-view+json"
SETUP = """
from reduce_fakes import LIBRARY, FakeRun
from xtcview.reduce.api import reduce
slow = FakeRun(n=20_000, delay=0.002)
"""


class Notebook:
    """Runs cells, and keeps what they show."""

    def __init__(self, client) -> None:
        self._client = client

    def run(self, code: str, allow_stdin: bool = True, on_busy=lambda: None) -> dict:
        shown: dict = {}

        def note(message: dict) -> None:
            content = message["content"]
            if message["msg_type"] == "execute_input":
                on_busy()
            if message["msg_type"] in ("execute_result", "display_data"):
                shown.update(content["data"])
            if message["msg_type"] == "error":
                shown["error"] = content["ename"]

        self._client.execute_interactive(
            code, allow_stdin=allow_stdin, output_hook=note, timeout=60
        )
        return shown


@pytest.fixture(scope="module")
def kernel():
    paths = os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])
    manager, client = start_new_kernel(env={**os.environ, "PYTHONPATH": paths})
    notebook = Notebook(client)
    try:
        assert notebook.run(SETUP) == {}
        yield manager, notebook
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_cell_shows_a_bar(kernel):
    _, notebook = kernel
    shown = notebook.run("r = reduce(slow, library=LIBRARY); r")
    assert set(shown) == {"text/plain", WIDGET}
    assert shown["text/plain"].startswith("Reduction(sum, mean of cspad")
    assert set(notebook.run("r", allow_stdin=False)) == {"text/plain"}  # nobody looks
    notebook.run("r.cancel()")


def test_the_stop_button_of_the_kernel_comes_back_with_the_partial(kernel):
    manager, notebook = kernel
    notebook.run("r = reduce(slow, library=LIBRARY)")

    def interrupt() -> None:
        time.sleep(0.5)  # in the midst of waiting
        manager.interrupt_kernel()

    shown = notebook.run("r.wait()", on_busy=interrupt)
    assert shown["error"] == "KeyboardInterrupt"
    shown = notebook.run("r.state, r.report.counted > 0, r.partial()['sum'].shape")
    assert shown["text/plain"] == "('cancelled', True, (3, 4, 5))"


def test_await_in_a_cell(kernel):
    _, notebook = kernel
    shown = notebook.run("(await reduce(FakeRun(n=30, delay=0.01), library=LIBRARY)).n")
    assert shown == {"text/plain": "30"}
