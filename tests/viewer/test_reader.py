import threading

import numpy as np
import pytest
import viewer_fakes as fakes

from xtcview.errors import ConstantsError, GeometryError
from xtcview.viewer.reader import Reader, damage_text, error_text


def test_a_good_event(reader):
    shot = reader.shot(17)
    assert (shot.index, shot.fiducial, shot.note, shot.damage) == (17, 58, "", "")
    assert shot.time == "2013-06-15 12:40:00.141666661"
    assert fakes.read_number(shot.raw[fakes.MARKED]) == 17
    assert shot.present.all()


def test_the_same_event_is_read_once(reader, run):
    reader.shot(3)
    reader.shot(3)
    assert run.reads == [3]


@pytest.mark.parametrize(
    ("index", "note", "damage", "has_data"),
    [
        (5, "", "DroppedContribution + UserDefined (0x00004002)", True),
        (7, "no cspad data in this event", "", False),
        (9, "e1-r0034-s00-c00.xtc at byte 4096: extent 12", "", False),
        (10, "8 of 32 segments absent: 24, 25", "", True),
        (11, "cannot be read: e1-r0034-s00-c00.xtc at byte 8192: no such version", "", False),
        (12, "a part cannot be read: e1-r0034-s00-c00.xtc at byte 8192", "", True),
    ],
)
def test_what_is_wrong_is_said(reader, index, note, damage, has_data):
    shot = reader.shot(index)
    assert shot.note.startswith(note)
    assert shot.damage == damage
    assert (shot.raw is not None) is has_data
    assert shot.faulty is (index in (11, 12))


def test_an_unforeseen_error_is_said_too(reader, run, monkeypatch):
    def broken(index):
        raise ZeroDivisionError("what\nnow")

    monkeypatch.setattr(run, "peek", broken)
    assert reader.shot(1).note == "ZeroDivisionError: what now"


def test_an_empty_run_says_so():
    run = fakes.FakeRun(n=0)
    shot = Reader(run, run.detector()).shot(0)
    assert shot.raw is None
    assert shot.note == "this run has no events"


def test_panels_are_less_the_pedestal_and_0_where_absent(reader):
    shot = reader.shot(10)
    panels = reader.panels(shot)
    assert panels.dtype == np.int16
    assert np.array_equal(panels[:24], shot.raw[:24] - fakes.PEDESTAL)
    assert not panels[24:].any()


def test_the_image_is_less_the_true_pedestals(run):
    det = run.detector()
    det.pedestals = lambda number: np.full(fakes.SHAPE, 1200.4, np.float32)
    reader = Reader(run, det)
    shot = reader.shot(10)
    exact = reader.exact(shot)
    assert exact.dtype == np.float32
    assert np.array_equal(exact[:24], shot.raw[:24] - np.float32(1200.4))
    assert np.isnan(exact[24:]).all()
    fractions = reader.image(shot) % 1
    assert np.nanmin(fractions) == pytest.approx(0.6, abs=1e-3)
    assert reader.panels(shot).dtype == np.int16  # what is drawn in 8 bits is whole


def test_without_pedestals_panels_are_raw():
    run = fakes.FakeRun(pedestal=False)
    reader = Reader(run, run.detector())
    shot = reader.shot(1)
    assert reader.panels(shot) is shot.raw


def test_constants_that_fail_are_noted(run, monkeypatch):
    det = run.detector()

    def broken(number):
        raise ConstantsError("pedestals/0-end.data: 3 numbers where 2296960 were expected")

    monkeypatch.setattr(det, "pedestals", broken)
    reader = Reader(run, det)
    assert reader.constants()[0] is None
    assert reader.trouble == [
        "no pedestals: pedestals/0-end.data: 3 numbers where 2296960 were expected"
    ]


def test_a_geometry_that_fails_is_noted(run, monkeypatch):
    det = run.detector()

    def broken(number):
        raise GeometryError("geometry/0-end.data line 3: 12 columns")

    monkeypatch.setattr(det, "tiles", broken)
    reader = Reader(run, det)
    assert reader.tiles() is None
    assert "line 3" in reader.trouble[0]


def test_the_image_is_upright_with_nan_in_gaps(reader):
    image = reader.image(reader.shot(10))
    assert image.shape == (1720, 1717)
    assert image.dtype == np.float32
    assert np.isnan(image).mean() > 0.3  # gaps and the absent quad
    assert reader.image(reader.shot(7)) is None


def test_two_threads_share_one_reader(reader):
    numbers = []

    def walk(first):
        for i in range(first, first + 12):
            shot = reader.shot(30 + i)
            numbers.append(fakes.read_number(shot.raw[fakes.MARKED]) - shot.index)

    threads = [threading.Thread(target=walk, args=(k,)) for k in (0, 12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert numbers == [0] * 24


def test_damage_words():
    assert damage_text(0) == ""
    assert damage_text(1 << 13) == "OutOfSynch (0x00002000)"
    assert damage_text(1 << 24) == "unknown bits (0x01000000)"


def test_errors_of_ours_need_no_name():
    assert error_text(GeometryError("line 3 is short")) == "line 3 is short"
    assert error_text(OSError("gone")) == "OSError: gone"
