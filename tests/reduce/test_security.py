"""Who may send to this process what it unpickles, and who may listen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from xtcview.errors import EngineError
from xtcview.reduce import engines
from xtcview.reduce.core import run_chunk


def client(interface: str, key: bytes = b"k", curve: bytes | None = None, ssh: bool = False):
    return SimpleNamespace(
        session=SimpleNamespace(key=key),
        curve_serverkey=curve,
        _ssh=ssh,
        _config={"interface": interface},
    )


@pytest.mark.parametrize(
    ("given", "exposed"),
    [
        (client("tcp://127.0.0.1"), False),
        (client("tcp://127.0.1.7"), False),
        (client("tcp://[::1]"), False),
        (client("tcp://localhost"), False),
        (client("ipc:///home/me/engines"), False),
        (client("tcp://10.0.0.5"), True),
        (client("tcp://psana101"), True),
        (client("tcp://10.0.0.5", curve=b"public"), False),
        (client("tcp://10.0.0.5", ssh=True), False),
    ],
)
def test_messages_in_the_clear_are_told(given, exposed):
    notes = engines._exposed(given)
    assert len(notes) == exposed
    assert all("without encryption" in note for note in notes)


def test_messages_without_a_signature_are_refused():
    with pytest.raises(
        EngineError, match=r"not signed, .* start its controller with a Session.key"
    ):
        engines._exposed(client("tcp://127.0.0.1", key=b""))


def test_what_travels_is_plain():
    """A result is a dict of numbers and text, and arrays: nothing that needs a class."""
    from reduce_fakes import FakeRun
    from test_core import task_of

    summary, *arrays = run_chunk(task_of(FakeRun(n=9, damaged=[2])), range(9))
    assert {type(value) for value in summary.values()} <= {int, float, str, list, tuple}
    assert all(type(one) is tuple for one in summary["skipped"])
    assert not any(array.dtype.hasobject for array in arrays)
