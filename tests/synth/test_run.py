"""The files: what the DAQ's own rules ask of them, and the flaws that are promised."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from xtcview.errors import XtcError
from xtcview.format import headers, index, indexer
from xtcview.format.ids import Damage, Transition, TypeId
from xtcview.synth import write_demo
from xtcview.types import alias, bld, camera, control, cspad, epics, evr, partition, registry

from .conftest import EVENTS, SHAPE, SOURCE, Written

T = Transition
SEQUENCE = [
    T.Configure,
    T.BeginRun,
    *2 * [T.BeginCalibCycle, T.Enable, T.Disable, T.EndCalibCycle],
    T.EndRun,
    T.Unconfigure,
]


def test_names_and_data_set_string(demo: Written) -> None:
    names = [file.name for file in demo.files]
    assert names == [f"e999-r0001-s{stream}-c00.xtc" for stream in ("00", "01", "80")]
    assert demo.run.dataset == f"exp=cxidemo14:run=1:dir={demo.run.path / 'xtc'}:idx"
    assert sorted(p.name for p in demo.run.path.iterdir()) == ["calib", "xtc"]


def test_all_streams_have_the_same_transitions(demo: Written) -> None:
    found = {
        stream: [d for d in dgrams if d.head.service != T.L1Accept]
        for stream, dgrams in demo.streams.items()
    }
    assert [d.head.service for d in found[0]] == SEQUENCE
    assert [d.data for d in found[0]] == [d.data for d in found[1]]
    assert [(d.head.service, d.time) for d in found[0]] == [
        (d.head.service, d.time) for d in found[80]
    ]
    assert all(d.head.fiducial == headers.NO_FIDUCIAL for d in found[0])
    assert found[0][1].head.env == 1  # the run number


def test_time_never_goes_back(demo: Written) -> None:
    for dgrams in demo.streams.values():
        times = [d.time for d in dgrams]
        assert times == sorted(set(times))


def test_index_is_what_a_scan_finds(demo: Written) -> None:
    for file in demo.files:
        content = file.read_bytes()
        scan = indexer.scan(lambda at, n, c=content: c[at : at + n], len(content), file.name)
        stored = (file.parent / "index" / f"{file.name}.idx").read_bytes()
        assert not scan.fault
        assert stored == index.encode(scan.index)
        assert scan.index.out_of_order == 0


def test_events_alternate_at_120_hz(demo: Written) -> None:
    by_stream = [[d.head.fiducial for d in demo.streams[s] if d.head.service == 12] for s in (0, 1)]
    events = demo.events()
    half = EVENTS // 2
    assert [d.head.fiducial for d in events[0::2]] == by_stream[0]
    assert [d.head.fiducial for d in events[1::2]] == by_stream[1]
    fiducials = np.array([d.head.fiducial for d in events])
    steps = np.diff(fiducials) % headers.FIDUCIALS
    assert (np.delete(steps, half - 1) == 3).all()
    seconds = np.array([d.head.seconds + d.head.nanoseconds / 1e9 for d in events])
    np.testing.assert_allclose(np.diff(seconds - seconds[0]), steps / 360, atol=1e-6)
    assert [d.head.high >> 17 for d in events] == list(range(EVENTS))


def test_pulse_id_begins_anew() -> None:
    from xtcview.synth import sequence

    beats = sequence._FIRST_EVENT + 3 * np.arange(40)
    fiducials = [sequence.fiducial(int(beat)) for beat in beats]
    assert fiducials[19] == headers.FIDUCIALS - 3
    assert fiducials[20] == 0


def test_camera_follows_its_own_clock(demo: Written) -> None:
    by_fiducial = {d.head.fiducial: d for d in demo.events()}
    frames = [d for d in demo.streams[80] if d.head.service == T.L1Accept]
    assert len(frames) == EVENTS // 4
    for frame in frames:
        event = by_fiducial[frame.head.fiducial]
        ahead = frame.head.seconds - event.head.seconds
        ahead += (frame.head.nanoseconds - event.head.nanoseconds) / 1e9
        assert 0 < ahead < 1
        picture = frame.read(camera.FrameV1)
        assert picture.data16().shape == (480, 640)
        assert picture.data16().max() < 1024


def test_calib_cycles(demo: Written) -> None:
    begins = [d for d in demo.streams[0] if d.head.service == T.BeginCalibCycle]
    points = [d.read(control.ConfigV3) for d in begins]
    assert [p.pvControls()[0].value() for p in points] == [0.0, 0.5]
    assert [p.events() for p in points] == [EVENTS // 2, EVENTS // 2]
    for file in demo.files[:2]:
        found = index.decode((file.parent / "index" / f"{file.name}.idx").read_bytes())
        assert found.calib_cycles["first"].tolist() == [0, EVENTS // 4]


def test_configure_names_the_sources(demo: Written) -> None:
    configure = demo.streams[0][0]
    table = {str(a.src()): a.aliasName() for a in configure.read(alias.ConfigV1).srcAlias()}
    assert table[f"DetInfo({SOURCE})"] == "cspad"
    assert table["DetInfo(CxiDg2.0:Tm6740.0)"] == "yag"
    wanted = configure.read(partition.ConfigV2)
    assert [wanted.bldMaskHasBitSet(i) for i in range(4)] == [1, 1, 1, 0]
    config = demo.config()
    assert config.quadMask() == 0xF
    assert [config.roiMask(q) for q in range(4)] == [0xFF] * 4
    assert all((config.quads(q).gm().gainMap() == 0xFFFF).all() for q in range(4))
    assert [c.code() for c in configure.read(evr.ConfigV7).eventcodes()] == [140, 40, 162]


def test_all_payloads_fill_their_layouts(demo: Written) -> None:
    configs: dict[tuple[int, type], object] = {}
    for dgram in (d for stream in demo.streams.values() for d in stream):
        for leaf in dgram.leaves:
            if headers.type_id(leaf.contains) in (TypeId.Xtc, TypeId.Epics):
                continue
            found = registry.decode(
                leaf.contains,
                dgram.data,
                leaf.start,
                leaf.end,
                lambda kind, phy=leaf.phy: configs.get((phy, kind)),
            )
            configs[leaf.phy, type(found)] = found
            assert found.nbytes == leaf.end - leaf.start


def test_quads_stand_in_order_of_arrival(demo: Written) -> None:
    event = demo.events()[0]
    start = event.find(TypeId.CspadElement)[0].start
    size = 36 + 8 * 185 * 388 * 2
    numbers = [event.data[start + i * size + 7] & 3 for i in range(4)]
    assert numbers == [2, 0, 3, 1]
    assert [event.read(cspad.DataV2, demo.config()).quads(i).quad() for i in range(4)] == [
        *range(4)
    ]


def test_flaws(demo: Written) -> None:
    run, events = demo.run, demo.events()
    assert (run.damaged, run.dropped) == (EVENTS // 3, 2 * EVENTS // 3)
    for number, event in enumerate(events):
        leaves = event.find(TypeId.CspadElement)
        expected = {
            run.damaged: ([Damage.OutOfOrder], Damage.OutOfOrder),
            run.dropped: ([], Damage.DroppedContribution),
        }.get(number, ([0], 0))
        assert ([leaf.damage for leaf in leaves], event.head.damage) == expected
    file = demo.files[0]
    nodes = index.decode((file.parent / "index" / f"{file.name}.idx").read_bytes()).nodes
    assert run.damaged is not None
    assert np.flatnonzero(nodes["damaged"]).tolist() == [run.damaged // 2]


def test_event_codes_are_in_the_index(demo: Written) -> None:
    for file in demo.files[:2]:
        found = index.decode((file.parent / "index" / f"{file.name}.idx").read_bytes())
        assert found.codes.tolist()[:2] == [140, 40]
        assert (found.nodes["codes"] & 3 == 3).all()
    for event, shot in zip(demo.events(), demo.run.shots, strict=True):
        assert event.read(evr.DataV4).present(162) == (shot["intensity"] == 0)


def test_epics_values_come_now_and_then(demo: Written) -> None:
    configure = demo.streams[0][0]
    described = configure.read(epics.ConfigV1).getPvConfig()
    named = [
        epics.read_pv(configure.data, leaf.start, leaf.end) for leaf in configure.find(TypeId.Epics)
    ]
    assert [pv.isCtrl() for pv in named] == [1] * len(described)
    names = [pv.pvName() for pv in named]
    assert names[0] == "CXI:DS1:MMS:06.RBV"
    assert [pv.description() for pv in described][:2] == ["detector_z", "photon_energy"]
    archived = []
    for number, event in enumerate(demo.events()):
        leaves = event.find(TypeId.Epics)
        if leaves:
            pvs = [epics.read_pv(event.data, leaf.start, leaf.end) for leaf in leaves]
            archived.append((number, pvs[3].value(0)))
            assert len(pvs) == len(names)
            assert pvs[0].value(0) == -475.0
            assert pvs[0].stamp().sec() + epics.EPOCH == event.head.seconds
            assert pvs[5].value(0) == "lysozyme"
    assert archived == [(0, 0.0), (EVENTS // 2, 0.5)]
    nodes = index.decode(
        (demo.files[0].parent / "index" / f"{demo.files[0].name}.idx").read_bytes()
    ).nodes
    assert (nodes["empty"] != 0).tolist() == [n not in (0, 6) for n in range(0, EVENTS, 2)]


def test_beam_line_agrees_with_the_shots(demo: Written) -> None:
    for event, shot in zip(demo.events(), demo.run.shots, strict=True):
        beam = event.read(bld.BldDataEBeamV7)
        gas = event.read(bld.BldDataFEEGasDetEnergyV1)
        assert abs(gas.f_11_ENRC() - 2 * shot["intensity"]) < 0.05 * (1 + 2 * shot["intensity"])
        assert (beam.damageMask() == 0) == (shot["intensity"] > 0)
        if shot["intensity"] > 0:
            assert beam.ebeamPhotonEnergy() == shot["energy"]
        gev, current = beam.ebeamL3Energy() / 1000, beam.ebeamPkCurrBC2()
        drift = 0.001 * 0.0016293 * current + 0.0005 * (0.63 * gev + 0.0003 * current)
        assert 44.42 * (gev - drift) ** 2 == pytest.approx(shot["energy"], rel=1e-9)


def test_size_of_an_event(demo: Written) -> None:
    whole = [d for d in demo.events() if d.find(TypeId.CspadElement)]
    pixels = 2 * np.prod(SHAPE)
    assert len(whole) == EVENTS - 1
    assert all(pixels < d.head.size < pixels + 2000 for d in whole)
    frames = [d for d in demo.streams[80] if d.head.service == T.L1Accept]
    # what 60 events take, by these sizes
    assert 60 * max(d.head.size for d in whole) + 15 * frames[0].head.size < 300e6


def _digests(folder: Path) -> dict[str, str]:
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "HISTORY"]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_same_seed_same_files(tmp_path: Path) -> None:
    first = write_demo(tmp_path / "a", 2, seed=3)
    write_demo(tmp_path / "b", 2, seed=3)
    write_demo(tmp_path / "c", 2, seed=4)
    a, b, c = (_digests(tmp_path / name) for name in "abc")
    assert a == b
    assert a.keys() == c.keys()
    assert len(a) == 3 + 3 + 4  # streams, indexes, constants
    assert a["xtc/e999-r0001-s01-c00.xtc"] != c["xtc/e999-r0001-s01-c00.xtc"]
    assert (first.damaged, first.dropped) == (None, None)


def test_progress_and_refusal(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    write_demo(tmp_path, 3, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(XtcError, match="is there already; choose another folder"):
        write_demo(tmp_path, 2)
    with pytest.raises(XtcError, match="2 or more"):
        write_demo(tmp_path / "new", 1)
    assert not (tmp_path / "new").exists()


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_demo(tmp_path, 2, progress=stop)
    assert list(tmp_path.iterdir()) == []
