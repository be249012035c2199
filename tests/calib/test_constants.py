import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xtcview.calib.constants import (
    KINDS,
    constants_text,
    default_constants,
    parse_numbers,
    read_constants,
)
from xtcview.errors import ConstantsError, WrongSizeError


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "1-end.data"
        path.write_text(text)
        return path

    return write


floats = hnp.arrays(
    np.float32,
    hnp.array_shapes(max_dims=4, max_side=5),
    elements=st.floats(allow_infinity=False, allow_nan=False, width=32),
)


@settings(deadline=None)
@given(floats)
def test_floats_survive_bit_by_bit(tmp_path_factory, array):
    path = tmp_path_factory.getbasetemp() / "float.data"
    path.write_text(constants_text(array))
    again = read_constants(path, "pedestals")
    assert again.dtype == np.float32
    assert again.shape == array.shape
    assert again.tobytes() == array.tobytes()


@settings(deadline=None)
@given(hnp.arrays(np.uint16, (2, 3, 4)), st.booleans())
def test_status_survives_without_metadata(tmp_path_factory, array, interleaved):
    path = tmp_path_factory.getbasetemp() / "status.data"
    path.write_text(constants_text(array, described=False, interleaved=interleaved))
    again = read_constants(path, "pixel_status", (2, 3, 4), interleaved)
    assert again.dtype == np.uint16
    assert np.array_equal(again, array)
    assert again.flags.c_contiguous


def test_layout_of_a_cspad_file():
    array = np.arange(12.0).reshape(2, 2, 3)
    text = constants_text(array, "%.1f", ["EXP demo"], described=False)
    assert text == "# EXP demo\n0.0 1.0 2.0\n3.0 4.0 5.0\n6.0 7.0 8.0\n9.0 10.0 11.0\n"
    swapped = constants_text(array, "%d", described=False, interleaved=True)
    assert swapped == "0 6\n1 7\n2 8\n3 9\n4 10\n5 11\n"


def test_metadata(file):
    array = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    text = constants_text(array)
    assert text.startswith("# DTYPE float32\n# NDIM 3\n# DIM:0 1\n# DIM:1 2\n# DIM:2 3\n0 1 2\n")
    assert read_constants(file(text), "pedestals").shape == (1, 2, 3)
    # only the count must fit: the caller knows the detector
    assert read_constants(file(text), "pedestals", (3, 2, 1)).shape == (3, 2, 1)
    # other keys and other dimensions than announced mean nothing
    assert read_constants(file("# NDIM 2\n# DIM:0 2\n1 2\n"), "pedestals").shape == (2,)
    assert read_constants(file("#DTYPE x\n# SHAPE (2,1)\n1 2\n"), "pedestals").shape == (2,)


def test_line_breaks_mean_nothing(file):
    path = file("# c\n1 2 3\r\n4\n\n   \n5\t6\n")
    assert read_constants(path, "pedestals", (1, 2, 3)).ravel().tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("word", ["nan", "inf", "-inf", "1e39"])
def test_constants_are_finite(file, word):
    path = file(f"# c\n\n1 2\n3 {word}\n{word} 4\n")
    with pytest.raises(ConstantsError, match=r"1-end\.data line 4: expected finite .*and 1 more"):
        read_constants(path, "pixel_gain")


def test_constants_of_another_detector_are_recognised(file):
    path = file("\n".join(["0 " * 388] * 370))
    with pytest.raises(WrongSizeError, match=r"found 143560 \(as for a Cspad2x2\)"):
        read_constants(path, "pixel_status", (32, 185, 388))


@pytest.mark.parametrize(
    ("text", "kind", "shape", "words"),
    [
        ("1 2 3", "pedestals", (1, 2, 2), r"1-end\.data: expected 4 numbers .*found 3; .*Deploy"),
        ("", "pedestals", (1, 2, 2), r"expected 4 numbers .*found 0"),
        ("# c\n1 2\n3 x4\n", "pedestals", (4,), r"1-end\.data line 3: expected a number.*'x4'"),
        ("1 2\n3\n4,5", "pedestals", (4,), r"line 3: expected a number, found '4,5'"),
        ("0\n1.5", "pixel_status", None, r"line 2: expected .* 0\.\.65535 \(uint16\), found 1.5"),
        ("0 -1", "pixel_status", None, r"found -1"),
        ("0 70000", "pixel_status", None, r"found 70000"),
        ("nan", "pixel_mask", None, r"0\.\.255 \(uint8\), found nan"),
        ("1e19", "status_extra", None, r"0\.\.9007199254740992 \(uint64\)"),
        ("1e39", "pedestals", None, r"line 1: expected finite numbers \(float32\), found 1e\+39"),
        ("1", "geometry", None, r"geometry is text"),
        ("1", "pedestal", None, r"'pedestal' is no kind of constants. Did you mean 'pedestals'"),
    ],
)
def test_messages(file, text, kind, shape, words):
    with pytest.raises(ConstantsError, match=words):
        read_constants(file(text), kind, shape)


def test_missing_file(tmp_path):
    with pytest.raises(ConstantsError, match=r"1-2\.data: cannot be read: No such file"):
        read_constants(tmp_path / "1-2.data", "pedestals")


@settings(deadline=None)
@given(st.text(alphabet="0123456789.eE+- \n#xnaif\x00é", max_size=60))
def test_any_text_gives_numbers_or_an_error(text):
    try:
        result = parse_numbers(text, "any")
    except ConstantsError as error:
        result = error
    assert isinstance(result, np.ndarray) or str(result).startswith("any line ")


def test_defaults():
    assert default_constants("pedestals", (1, 2)).tolist() == [[0, 0]]
    assert default_constants("pixel_gain", (2,)).tolist() == [1, 1]
    assert default_constants("pixel_gain", (2,)).dtype == np.float32
    assert default_constants("pixel_status", (2,)).dtype == np.uint16
    assert default_constants("geometry", (2,)) is None
    assert default_constants("common_mode", (2,)) is None
    assert all(np.dtype(kind.dtype) is not None for kind in KINDS.values())
