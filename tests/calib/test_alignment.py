import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtcview.calib import alignment
from xtcview.calib import geometry as geo
from xtcview.errors import GeometryError

QUADS = geo.quads_example()


def test_objects_are_found_by_name():
    assert alignment.find(QUADS, "QUAD:V1", 2).rot_z == 270
    assert alignment.find(QUADS, None).object == "CSPAD:V1"
    section = alignment.find(QUADS, "SENS2X1:V1", 3, ("QUAD:V1", 1))
    assert (section.x0, section.y0) == (10627, 68302)


@pytest.mark.parametrize(
    ("name", "index", "words"),
    [
        ("SENS2X1:V1", 3, "stands 4 times: in QUAD:V1 0, in QUAD:V1 1"),
        ("QUAD:V1", 4, "no object QUAD:V1 4. Did you mean 'QUAD:V1 "),
        ("QUAD", 0, "example cspad quads: no object QUAD 0. Did you mean 'QUAD:V1 "),
    ],
)
def test_objects_that_are_not_one(name, index, words):
    with pytest.raises(GeometryError, match=words):
        alignment.find(QUADS, name, index)


def test_a_moved_quad_moves_its_pixels_only():
    new = alignment.moved(QUADS, "QUAD:V1", 2, dx=110.0, dy=-20.0, dz=5.0)
    before, after = geo.pixel_coordinates(QUADS), geo.pixel_coordinates(new)
    for a, b, step in zip(before, after, (110.0, -20.0, 5.0), strict=True):
        shift = b - a
        assert np.abs(shift[16:24] - step).max() < 1e-6
        assert not shift[:16].any()
        assert not shift[24:].any()
    assert geo.quads_example() == QUADS


def test_a_turned_section_turns_about_its_centre():
    new = alignment.turned(QUADS, "SENS2X1:V1", 0, dz=90.0, parent=("QUAD:V1", 1))
    x, y, _ = geo.pixel_coordinates(QUADS)
    x1, y1, _ = geo.pixel_coordinates(new)
    centre = x[8].mean(), y[8].mean()
    assert (x1[8].mean(), y1[8].mean()) == pytest.approx(centre, abs=1e-6)
    assert np.allclose(x1[8] - centre[0], -(y[8] - centre[1]), atol=1e-6)
    assert np.allclose(y1[8] - centre[1], x[8] - centre[0], atol=1e-6)
    assert np.array_equal(np.delete(x1, 8, 0), np.delete(x, 8, 0))


def test_the_distance_grows_downstream():
    near = alignment.moved(QUADS, dz=0.0, dx=1.0)
    assert geo.pixel_coordinates(near)[2].max() == -100_000
    far = alignment.moved(QUADS, dz=-25_000.0)
    assert geo.pixel_coordinates(far)[2].max() == -125_000
    assert geo.pixel_coordinates(geo.parse(geo.write(far)))[2].max() == -125_000
    with pytest.raises(GeometryError, match="CSPAD:V1 0 would stand 1 um before"):
        alignment.moved(QUADS, dz=100_001.0)


def test_the_beam_goes_to_the_origin():
    new = alignment.centred(QUADS, 330.0, -50.0)
    there = geo.point_position(QUADS, 330.0, -50.0)
    assert geo.point_position(new) == pytest.approx(there, abs=1e-9)


def test_an_aligned_default_is_no_default():
    new = alignment.with_fields(geo.default("cspad"), "CSPAD:V2", tilt_z=0.0)
    assert not new.is_default
    assert geo.without_twist(new) is new


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"x": 1.0}, "x = 1.0. Did you mean"), ({"x0": np.nan}, "x0 = nan")],
)
def test_fields_that_cannot_be_set(fields, words):
    with pytest.raises(GeometryError, match=f"QUAD:V1 0: {words}"):
        alignment.with_fields(QUADS, "QUAD:V1", 0, **fields)


def test_a_part_alone():
    quad = alignment.below(QUADS, "QUAD:V1", 1)
    assert geo.segments_shape(quad) == (8, 185, 388)
    whole = geo.pixel_coordinates(QUADS)
    for a, b in zip(whole[:2], geo.pixel_coordinates(quad)[:2], strict=True):
        assert np.allclose(a[8:16], b)  # the frames above do not turn or shift
    everything = alignment.below(QUADS, None)
    assert everything.rows == QUADS.rows


def test_the_history_tells_what_was_done():
    new = alignment.turned(alignment.moved(QUADS, "QUAD:V1", 2, dx=10.0), None, dz=0.25)
    told = alignment.with_history(QUADS, new, "somebody", "rings were\noff")
    lines = [line for line in told.comments if line.startswith("# HISTORY")]
    assert lines[0].endswith("Z from example cspad quads")
    assert lines[1:] == [
        "# HISTORY   by somebody",
        "# HISTORY   rings were",
        "# HISTORY   off",
        "# HISTORY   QUAD:V1 2 in CSPAD:V1 0: x0 4500 -> 4510",
        "# HISTORY   CSPAD:V1 0 in IP 0: tilt_z 0 -> 0.25",
    ]
    again = geo.parse(geo.write(told))
    assert (again.rows, again.comments) == (told.rows, told.comments)
    assert told.comments[: len(QUADS.comments)] == QUADS.comments


def test_changes_of_the_list_of_objects():
    fewer = geo.Geometry(QUADS.rows[1:])
    gone = "SENS2X1:V1 0 in QUAD:V1 0"
    assert alignment.changes(QUADS, fewer) == [f"{gone}: removed"]
    assert alignment.changes(fewer, QUADS) == [f"{gone}: new"]
    assert alignment.changes(QUADS, QUADS) == []


steps = st.floats(-1e5, 1e5)


@given(steps, steps, st.sampled_from(range(4)))
def test_a_move_is_undone_by_its_opposite(dx, dy, quad):
    there = alignment.moved(QUADS, "QUAD:V1", quad, dx=dx, dy=dy)
    back = alignment.moved(there, "QUAD:V1", quad, dx=-dx, dy=-dy)
    old, new = (alignment.find(t, "QUAD:V1", quad) for t in (QUADS, back))
    assert new[4:6] == pytest.approx(old[4:6], abs=1e-6)
