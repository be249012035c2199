"""Numbers in bulk are those that event after event gives."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xtcview
from tests.support import runs
from xtcview.errors import MissingExtraError, SourceError, XtcError
from xtcview.format import writer
from xtcview.types import evr


def _loop(run, key, accessor):
    """What `evt.get` gives for every event, None where it gives nothing."""
    found = []
    for event in run.events():
        try:
            record = event.get(key.type(), key.src())
            value = None if record is None else getattr(record, accessor)()
        except (XtcError, TypeError):
            value = None
        found.append(value if np.isscalar(value) else None)
    return found


def _assert_same(table, name, expected):
    present = [value is not None for value in expected]
    assert table.present[name].tolist() == present
    ours = [v for v, there in zip(table[name].tolist(), present, strict=True) if there]
    assert ours == [value for value in expected if value is not None]


def _numbers(run):
    """Every number of every payload of a run: its key, accessor and field."""
    keys = {repr(k): k for event in run.events() for k in event.keys()}  # noqa: SIM118
    for key in keys.values():
        if not hasattr(key.type(), "NAMES") or not hasattr(key.src(), "name"):
            continue
        for accessor in key.type().NAMES:
            values = _loop(run, key, accessor)
            if any(isinstance(value, int | float) for value in values):
                yield key, accessor, values


@pytest.mark.parametrize("number", [34, 35, 39])
def test_every_number_of_the_golden_runs(golden_dir, number):
    with xtcview.open(f"exp=cxitut13:run={number}:dir={golden_dir}") as run:
        some = list(_numbers(run))[:: 1 if number != 35 else 9]
        types = {}
        for key, accessor, _ in some:
            types.setdefault((key.src().name, accessor), set()).add(key.type())
        some = [s for s in some if len(types[s[0].src().name, s[1]]) == 1]
        names = [f"{key.src().name}.{accessor}" for key, accessor, _ in some]
        table = run.scalars(names)
        assert len(names) > 3
        for name, (_, _, expected) in zip(names, some, strict=True):
            _assert_same(table, name, expected)


def test_epics_codes_and_the_events_own(golden_dir):
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        pvs = [n for n in run.epics_at(0).names() if not isinstance(run.epics(n).initial, str)]
        table = run.scalars(["time", "fiducial", "step", "damage", "eventcode.140", *pvs])
        for i, event in enumerate(run.events()):
            assert table["time"][i] == event.time.time()
            assert table["fiducial"][i] == event.time.fiducial()
            roots = [head.damage for head, _ in event._datagrams]
            assert table["damage"][i] == np.bitwise_or.reduce(roots)
            lists = [event.get(k.type(), k.src()) for k in event.keys() if _is_codes(k)]  # noqa: SIM118
            codes = {fifo.eventCode() for record in lists for fifo in record.fifoEvents()}
            assert table["eventcode.140"][i] == (140 in codes)
            for pv in pvs:
                held = run.epics_at(i).getPV(pv)
                count = held.numElements()
                assert np.atleast_1d(table[pv][i]).tolist() == [held.value(k) for k in range(count)]
        assert table["step"].tolist() == [0] * 6 + [1] * 6
        assert table.array.dtype.names[:4] == ("time", "fiducial", "step", "damage")
        assert table.array["fiducial"].tolist() == table["fiducial"].tolist()


def _is_codes(key):
    return key.type() in (evr.DataV3, evr.DataV4)


PARTS = st.sampled_from(["ebeam", "damaged", "user", "disorder", "none", "twice", "frame"])


def _part(kind, value):
    made = {
        "ebeam": [runs.ebeam(value)],
        "damaged": [runs.ebeam(value, 1 << 13)],
        "user": [runs.ebeam(value, 1 << 14 | 5 << 24)],
        "disorder": [runs.ebeam(value, 1 << 12)],
        "none": [],
        "twice": [runs.ebeam(value), runs.ebeam(value + 100)],
        "frame": [runs.frame(1), runs.ebeam(value)],
    }[kind]
    return writer.container(runs.segment(1), *made)


@settings(max_examples=40)
@given(first=st.lists(PARTS, min_size=1, max_size=8), other=st.lists(PARTS, max_size=8))
def test_any_mixture_of_layouts_and_streams(tmp_path_factory, first, other):
    folder = tmp_path_factory.mktemp("mixture")
    for stream, kinds in enumerate((first, other)):
        events = [runs.event(i, _part(k, 10 * i + stream)) for i, k in enumerate(kinds)]
        runs.write(folder, [*runs.begin(), *runs.cycle(0, events), *runs.end()], stream=stream)
    with xtcview.open(f"exp=e7:run=3:dir={folder}") as run:
        expected = []
        for event in run.events():
            record = event.get(xtcview.Bld.BldDataEBeamV7, xtcview.Source("EBeam"))
            expected.append(None if record is None else record.ebeamCharge())
        if all(value is None for value in expected):
            with pytest.raises(SourceError, match="no event"):
                run.scalars(["EBeam.ebeamCharge"])
            return
        table = run.scalars(["EBeam.ebeamCharge"])
        _assert_same(table, "EBeam.ebeamCharge", expected)
        assert np.isnan(table["EBeam.ebeamCharge"][~table.present["EBeam.ebeamCharge"]]).all()


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("nothing", "is no field"),
        ("tim", "time"),
        ("EBeam.", "is no field"),
        ("eventcode.x", "expected a number"),
        ("EBeam.noAccessor", "no event of"),
    ],
)
def test_what_is_no_field(golden_dir, field, what):
    with (
        xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run,
        pytest.raises(SourceError, match=what),
    ):
        run.scalars([field])


def _partly(tmp_path):
    """A run in which every other event has a charge."""
    segments = [[writer.container(runs.segment(2), runs.ebeam(1.5 + i))] for i in range(4)]
    events = [runs.event(i, *(segments[i] if i % 2 else ())) for i in range(4)]
    runs.write(tmp_path, [*runs.begin(runs.pulnix_config()), *runs.cycle(0, events)])
    return xtcview.open(tmp_path)


@pytest.mark.parametrize("package", ["pandas", "xarray"])
def test_tables_of_other_packages(tmp_path, package):
    with _partly(tmp_path) as run:
        table = run.scalars(["fiducial", "EBeam.ebeamCharge"])
    found = getattr(table, f"to_{package}")()
    charge = np.array(found["EBeam.ebeamCharge"], float)
    np.testing.assert_array_equal(charge, [np.nan, 2.5, np.nan, 4.5])
    assert np.array(found["fiducial"]).tolist() == [runs.fiducial_of(i) for i in range(4)]


def test_a_package_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with _partly(tmp_path) as run:
        table = run.scalars(["fiducial"])
    with pytest.raises(MissingExtraError, match=r"pip install xtcview\[tables\]"):
        table.to_xarray()
