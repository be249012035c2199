"""What stands beside the picture: answers to the page's panels, from a golden run."""

import numpy as np
import pytest
import viewer_fakes as fakes

from xtcview.calib import geometry
from xtcview.viewer import facts, measures
from xtcview.viewer.frames import binning_for

LOOK = {"arrangement": "grid", "cmap": "viridis", "scale": "linear", "auto": True}
LOOK |= {"vmin": 0.0, "vmax": 1.0}


def ask(viewer, t, **content):
    viewer._on_message(viewer, {"t": t, "view": "v1", "seq": 1, **content}, [])
    return viewer.sent[-1]


def rows(answer, title):
    part = next(part for part in answer["parts"] if part["title"] == title)
    return {name: (value, wrong) for name, value, wrong in part["rows"]}


def test_the_event_panel_says_what_the_event_holds(golden_viewer):
    answer, _ = ask(golden_viewer, "about", index=3)
    event = rows(answer, "event")
    assert event["fiducial"] == ("131031", False)
    assert event["damage"] == ("none", False)
    assert rows(answer, "event codes") == {
        "DetInfo(NoDetector.0:Evr.0) evr0": ("40, 140, 162, 203", False)
    }
    beam = rows(answer, "beam")
    assert beam["photon energy"] == ("8303.2 eV, from ebeamPhotonEnergy", False)
    assert beam["f_11_ENRC"] == ("4.1 mJ", False)
    assert rows(answer, "sources")["DetInfo(CxiDs1.0:Cspad.0) DscCsPad"] == ("cspad.DataV2", False)
    assert rows(answer, "constants used")["pedestals"] == ("DEFAULT", False)


def test_the_event_panel_agrees_with_the_event(golden_viewer):
    run = golden_viewer._reader.run
    for index in range(len(run.times())):
        evt, answer = run.peek(index), ask(golden_viewer, "about", index=index)[0]
        held = {str(k.src()) for k in evt.keys() if k.type().__name__ != "EventId"}  # noqa: SIM118
        assert {name.split(" ")[0] for name in rows(answer, "sources")} == held
        damaged = [value for value, wrong in rows(answer, "sources").values() if wrong]
        assert bool(damaged) == any(evt.damage(src) for src in held)
        step = rows(answer, "scan step")
        assert step["step"][0] == f"{run.timeline.step(index)} of {run.nsteps()}"
        assert "cannot be read" not in step


def test_a_part_that_fails_is_a_line_of_its_own(viewer):
    answer, _ = ask(viewer, "about", index=3)  # fakes know next to nothing
    assert rows(answer, "event")["fiducial"] == ("16", False)
    assert rows(answer, "sources")["cannot be read"][1] is True
    answer, _ = ask(viewer, "about", index=9)
    assert "extent 12" in rows(answer, "event")["cannot be read"][0]


@pytest.mark.parametrize(
    ("search", "found"),
    [("", 7), ("DS1 mms", 1), ("detectorz", 1), ("cxi:", 7), ("no such", 0), ("WF", 2)],
)
def test_epics_are_searched(golden_viewer, search, found):
    answer, _ = ask(golden_viewer, "epics", index=3, search=search)
    assert (answer["found"], answer["all"], len(answer["rows"])) == (found, 7, found)


def test_epics_values_are_those_at_the_event(golden_viewer):
    run = golden_viewer._reader.run
    for index in (0, 3, 11):
        answer, _ = ask(golden_viewer, "epics", index=index, search="DetectorZ")
        assert answer["rows"][0][1] == f"{run.epics_at(index).value('DetectorZ'):.6g}"
    answer, _ = ask(golden_viewer, "epics", index=3, search="ShortPV")
    assert answer["rows"][0] == ("CXI:SHORT:ARR (ShortPV)", "-3, 30, -32768 (severity 1)", True)


def test_long_values_are_cut_and_say_so():
    assert facts.short("x" * 401) == "x" * 400 + " ... (401 characters)"
    assert facts.short("a\n b") == "a b"


def test_the_timeline_has_a_number_for_every_event(golden_viewer):
    run = golden_viewer._reader.run
    field = "EBeam.ebeamCharge"
    answer, (values, damaged) = ask(golden_viewer, "strip", field=field)
    table = run.scalars(["damage", field])
    got = np.frombuffer(values, "<f4")
    assert np.array_equal(np.isnan(got), ~table.present[field])
    assert np.array_equal(
        got[table.present[field]], table[field][table.present[field]].astype("f4")
    )
    assert np.array_equal(np.frombuffer(damaged, "u1"), table["damage"] != 0)
    assert answer["field"] == field


def test_a_field_that_is_not_there_is_an_answer(golden_viewer):
    answer, _ = ask(golden_viewer, "strip", field="EBeam.noSuch")
    assert (answer["t"], answer["to"]) == ("error", "strip")
    assert "no event of" in answer["text"]


def test_the_place_of_a_pixel_is_psanas(golden_viewer):
    answer, _ = ask(golden_viewer, "place")
    det, image = golden_viewer._reader.det, golden_viewer._image()
    table = geometry.without_twist(det.geometry(34))  # as it is drawn
    x, y, _ = geometry.pixel_coordinates(table)
    inverse = np.array(answer["inverse"]).reshape(2, 2)
    for t in image.tiles[::7]:
        for r, c in ((0, 0), (3, 17)):
            step = np.array([
                t["x0"] + r * t["dx_row"] + c * t["dx_col"] - answer["beam"][0],
                t["y0"] + r * t["dy_row"] + c * t["dy_col"] - answer["beam"][1],
            ])  # fmt: skip
            got = inverse @ step * answer["pitch"]
            k, row, col = t["segment"], t["row0"] + r, t["col0"] + c
            assert got == pytest.approx([x[k, row, col], y[k, row, col]], abs=answer["pitch"])
    assert answer["distance"] is None  # a default table does not know one
    golden_viewer.distance = 90_000.0
    assert ask(golden_viewer, "place")[0]["distance"] == 90_000.0


def test_the_energy_is_that_of_the_event_or_the_one_given(golden_viewer):
    assert ask(golden_viewer, "energy", index=3)[0]["ev"] == 8303.25
    golden_viewer.energy = 9500.0
    assert ask(golden_viewer, "energy", index=3)[0]["ev"] == 9500.0


def test_a_box_has_exact_statistics(viewer):
    viewer.event = 21
    drawn = viewer.image[100:400, 200:300]
    bad = viewer._reader.constants()[1]
    answer, _ = ask(viewer, "box", index=21, pane="image", box=[100, 200, 400, 300])
    clean = viewer._reader.assembled(
        np.where(bad, np.nan, viewer._reader.exact(viewer._reader.shot(21)))
    )
    part = clean[100:400, 200:300]
    assert part.shape == drawn.shape
    assert answer["n"] == np.isfinite(part).sum()
    assert answer["sum"] == pytest.approx(np.nansum(part, dtype=float))
    assert answer["std"] == pytest.approx(np.nanstd(part.astype(float)))
    raw = viewer.raw
    answer, _ = ask(viewer, "box", index=21, pane="grid", box=[0, 0, 185, 388])  # segment 0
    assert answer["max"] == float(raw[0].max() - fakes.PEDESTAL)
    assert answer["n"] == 185 * 388


def test_an_empty_box_is_no_number(viewer):
    answer, _ = ask(viewer, "box", index=10, pane="grid", box=[0, 1164, 185, 1552])  # absent
    assert (answer["n"], answer["mean"]) == (0, None)
    answer, _ = ask(viewer, "box", index=10, pane="grid", box=[5, 5, 5, 9])
    assert answer["t"] == "error"


def test_a_pixel_over_events_comes_in_parts(viewer):
    found, at = [], 0
    while at < 64:
        answer, (values,) = ask(viewer, "trace", first=at, last=64, segment=3, row=3, col=5)
        found += np.frombuffer(values, "<f4").tolist()
        assert answer["next"] - answer["first"] == len(found) - at
        at = answer["next"]
    expected = [i - fakes.PEDESTAL for i in range(64)]
    missing = [i for i in range(64) if np.isnan(found[i])]
    assert missing == [7, 9, 11]
    assert [f for f in found if f == f] == [e for i, e in enumerate(expected) if i not in missing]
    _, (values,) = ask(viewer, "trace", first=2, last=3, pane="grid", box=[3, 5, 4, 6])
    assert np.frombuffer(values, "<f4").tolist() == [2.0 - fakes.PEDESTAL]


def test_cuts_are_lines_of_the_picture(viewer):
    viewer.event = 21
    _, (row, column) = ask(viewer, "cut", index=21, pane="image", y=800, x=400)
    image, bad = viewer.image, np.frombuffer(row, "<f4")
    same = np.isfinite(bad)
    assert np.array_equal(bad[same], image[800][same])
    assert np.frombuffer(column, "<f4").shape == (1720,)
    assert np.isnan(image[800]).sum() <= (~same).sum()  # bad pixels besides the gaps


def test_a_radial_profile_is_that_of_the_analysis(viewer):
    answer, parts = ask(viewer, "radial", index=21)
    centre, mean, count = (np.frombuffer(part, "<f4") for part in parts)
    assert (answer["known"], len(centre)) == (True, 300)
    reader = viewer._reader
    values = measures.good(reader, reader.shot(21))
    placed = measures.radius(
        __import__("xtcview.viewer.placing", fromlist=["placing"]).placing(reader, viewer._image()),
        viewer._image(), reader.shape,
    )  # fmt: skip
    width = 2 * centre[0]
    for ring in (40, 150, 260):
        inside = np.isfinite(values) & (np.abs(placed - centre[ring]) <= width / 2)
        assert count[ring] == pytest.approx(inside.sum(), abs=2)
        assert mean[ring] == pytest.approx(values[inside].mean(), abs=0.01)


def test_a_contact_sheet_is_made_of_coarse_frames(viewer):
    answer, buffers = ask(viewer, "sheet", index=12, f=8)
    assert (answer["t"], answer["index"], buffers[0].nbytes) == ("sheet", 12, 32 * 24 * 49)


def test_code_and_files_are_of_what_the_page_shows(viewer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    look = LOOK | {"cmap": "magma"}
    answer, _ = ask(viewer, "code", index=21, look=look)
    assert "xv.cmap = 'magma'" in answer["text"]
    assert viewer.cmap == "viridis"
    answer, _ = ask(viewer, "save", index=21, look=look, kind="npy")
    names = ["fake12345-r0034-CxiDs1_0_Cspad_0-e000021-1371300000-174999993-70" + end
             for end in (".npy", ".json")]  # fmt: skip
    assert answer["files"] == [str(tmp_path / name) for name in names]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize("kind", ["exe", "../evil", ""])
def test_the_page_cannot_choose_another_kind_of_file(viewer, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    answer, _ = ask(viewer, "save", index=21, look=LOOK, kind=kind)
    assert answer["t"] == "error"
    assert list(tmp_path.iterdir()) == []


def test_a_run_name_cannot_leave_the_folder(viewer, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run.expt = "../../etc/x"
    answer, _ = ask(viewer, "save", index=21, look=LOOK, kind="png")
    (path,) = tmp_path.iterdir()
    assert answer["files"] == [str(path)]


def test_a_picture_goes_as_text_where_bytes_do_not(viewer):
    answer, buffers = ask(viewer, "picture", index=21, look=LOOK)
    assert buffers == []
    assert answer["png"].startswith("iVBORw0KGgo")
    assert (answer["index"], answer["n"]) == (21, 64)


def test_binning_of_the_fakes_is_known():
    assert binning_for(fakes.SHAPE) == 2
