import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcview.calib import geometry as geo
from xtcview.errors import ConstantsError, GeometryError, XtcError

TEXT = """# TITLE two sections
SENS:V0 0 MTRX:2:3:10:10 0   0 -20.5 0 0 0 0 0 0 0
SENS:V0 0 MTRX:2:3:10:10 1 100  20.5 0 90 0 0 0.25 0 0

IP 0 SENS:V0 0 0 0 1000 0 0 0 0 0 0
"""


def test_parse():
    geometry = geo.parse(TEXT, "two.data")
    assert geometry.name == "two.data"
    assert geometry.comments == ("# TITLE two sections",)
    assert not geometry.is_default
    assert len(geometry.rows) == 3
    assert geometry.rows[1] == geo.Row(
        "SENS:V0", 0, "MTRX:2:3:10:10", 1, 100, 20.5, 0, 90, 0, 0, 0.25, 0, 0
    )
    assert hash(geometry) == hash(geo.parse(TEXT, "two.data"))


@pytest.mark.parametrize("name", geo.DEFAULTS)
def test_defaults_survive_writing(name):
    geometry = geo.default(name)
    assert geometry.is_default
    assert geometry.name == f"default {name}"
    again = geo.parse(geo.write(geometry))
    assert again.rows == geometry.rows
    assert again.comments == geometry.comments


numbers = st.floats(-1e9, 1e9, allow_subnormal=True)


@given(st.lists(numbers, min_size=9, max_size=9))
def test_numbers_survive_writing_bit_by_bit(values):
    geometry = geo.Geometry((geo.Row("IP", 0, "SENS2X1:V1", 7, *values),))
    again = geo.parse(geo.write(geometry)).rows[0]
    assert [v.hex() for v in again[4:]] == [v.hex() for v in values]
    assert again[:4] == ("IP", 0, "SENS2X1:V1", 7)


def test_unknown_default():
    with pytest.raises(GeometryError, match="Did you mean 'cspad'"):
        geo.default("cspadd")


def test_read_names_the_file(tmp_path):
    path = tmp_path / "0-end.data"
    path.write_text(TEXT)
    assert geo.read(path).name == str(path)
    with pytest.raises(GeometryError, match=r"9-end\.data: cannot be read: No such file"):
        geo.read(tmp_path / "9-end.data")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.25 0 0", "0.25 0", r"two\.data line 3: expected 13 fields .*found 12"),
        ("20.5 0 90", "20.5 0 ninety", r"line 3: expected a number .*found 'ninety'"),
        ("20.5 0 90", "20.5 0 nan", r"line 3: expected a number .*found 'nan'"),
        ("20.5 0 90", "20.5 0 1e12", r"line 3: expected a number within .*found '1e12'"),
        ("20.5 0 90", "20.5 0 1_0", r"line 3: expected a number .*found '1_0'"),
        ("10:10 1", "10:10 one", r"line 3: expected an integer index, found 'one'"),
        ("10:10 1", "10:10 0", r"line 3: MTRX:2:3:10:10 0 in SENS:V0 0 stands already in line 2"),
        ("IP 0 SENS:V0 0", "SENS:V0 0 SENS:V0 0", r"is its own ancestor"),
        (
            "IP 0 SENS:V0 0",
            "IP 0 SENS:V1 0",
            r"two\.data line 2: 2 parents .*: SENS:V0 0 \(line 2\), IP",
        ),
        (TEXT, "# nothing\n", r"no line that places an object"),
        (TEXT, TEXT + "IP 1 SENS:V0 0 0 0 0 0 0 0 0 0 0", r"line 6: SENS:V0 0 .*line 5"),
    ],
)
def test_messages(old, new, words):
    assert old in TEXT
    with pytest.raises(GeometryError, match=words):
        geo.parse(TEXT.replace(old, new), "two.data")


def test_a_loop_beside_a_sound_tree():
    loop = "A 0 B 0 0 0 0 0 0 0 0 0 0\nB 0 A 0 0 0 0 0 0 0 0 0 0\n"
    with pytest.raises(GeometryError, match="line 1: B 0 is its own ancestor"):
        geo.parse(loop)
    with pytest.raises(GeometryError, match="line 6: B 0 is its own ancestor"):
        geo.parse(TEXT + loop, "both")


def test_a_deep_tree_is_no_problem():
    lines = [f"L {i} L {i + 1} 1 0 0 0 0 0 0 0 0" for i in range(3000)]
    lines.append("L 3000 MTRX:2:2:1:1 0 0 0 0 0 0 0 0 0 0")
    geometry = geo.parse("\n".join(reversed(lines)))
    assert geo.pixel_coordinates(geometry)[0][0, 0, 0] == 3000


def test_errors_are_of_the_family():
    assert issubclass(GeometryError, ConstantsError)
    assert issubclass(GeometryError, ValueError)


SOURCES = [TEXT, geo.write(geo.quads_example()), geo.write(geo.default("cspad2x2"))]
edits = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 12),
        st.text("0123456789 -.e:#\nINFPSVQUAD\x00é", max_size=6),
    ),
    min_size=1,
    max_size=6,
)


def outcome(text):
    """Return what a text gives: geometry, image shape and tiles, or the error."""
    try:
        geometry = geo.parse(text)
        return geometry, geo.image_shape(geometry), geo.tiles(geometry, geo.upright(geometry))
    except XtcError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SOURCES), edits)
def test_mutated_text_gives_a_geometry_or_an_error(text, changes):
    for where, length, inserted in changes:
        at = int(where * len(text))
        text = text[:at] + inserted + text[at + length :]
    result = outcome(text)
    if isinstance(result, XtcError):
        assert isinstance(result, GeometryError)
        assert str(result)
    else:
        geometry, shape, drawn = result
        assert min(shape) >= 1
        assert len(drawn) >= 1
        assert geo.parse(geo.write(geometry)).rows == geometry.rows


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text(text):
    result = outcome(text)
    assert isinstance(result, tuple) or str(result).startswith("geometry")
