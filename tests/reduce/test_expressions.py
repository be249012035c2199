"""Conditions as text: read without being executed, and honest about what is not known."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtcview.errors import XtcError
from xtcview.reduce.expressions import Known, read

X = np.array([0.5, 1.5, np.nan, 3.0])
K = np.array([1, 2, 3, 4], "i2")
C = np.array([True, False, True, False])
ALL = np.ones(4, bool)
COLUMNS = {
    "x": Known(X, np.array([True, True, False, True])),
    "k": Known(K, ALL),
    "big": Known(np.array([30000] * 4, "i2"), ALL),
    "eventcode.140": Known(C, np.array([True, True, True, False])),
    "EBeam.ebeamCharge": Known(X, np.array([True, True, False, True])),
    "CXI:SB1:MMS:01.RBV": Known(K, ALL),
}


def answer(text: str) -> list:
    values, known = read(text).evaluate(COLUMNS)
    return [v if k else None for v, k in zip(values.tolist(), known.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x > 1", [False, True, None, True]),
        ("not x > 1", [True, False, None, False]),
        ("x > 1 and k > 1", [False, True, None, True]),
        ("x > 1 and k > 3", [False, False, False, True]),  # known without x
        ("x > 1 or k == 3", [False, True, True, True]),
        ("140 in codes", [True, False, True, None]),
        ("140 not in codes", [False, True, False, None]),
        ("140 in codes and k < 4", [True, False, True, False]),
        ("k in (1, 4)", [True, False, False, True]),
        ("k not in [1, 4]", [False, True, True, False]),
        ("1 < k <= 3", [False, True, True, False]),
        ("EBeam.ebeamCharge < 1", [True, False, None, False]),
        ("'CXI:SB1:MMS:01.RBV' == 2", [False, True, False, False]),
        ("k * 2 - 1", [1, 3, 5, 7]),
        ("big + big", [60000] * 4),  # wider than its 16 bits
        ("k / (k - 2)", [-1.0, None, 3.0, 2.0]),
        ("k % (k - 2)", [0, None, 0, 0]),
        ("k // 2", [0, 1, 1, 2]),
        ("abs(-k)", [1, 2, 3, 4]),
        ("round(x)", [0.0, 2.0, None, 3.0]),
        ("round(x / 3, 1)", [0.2, 0.5, None, 1.0]),
        ("-x", [-0.5, -1.5, None, -3.0]),
        ("k == 1 or k == 2 or x == 3", [True, True, None, True]),
    ],
)
def test_answers(text, wanted):
    assert answer(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "k.__class__()",
        "[k for k in (1, 2)]",
        "lambda: k",
        "k if k else 1",
        "k[0]",
        "open('x')",
        "k ** 99999999",
        "k << 3",
        "~k",
        "f'{k}'",
        "(k := 3)",
        "abs(k, k)",
        "round(k, k)",
        "round(k, ndigits=1)",
        "k in (x, 1)",
        "'a' in codes",
        "k in codes",
        "k is 3",
        "None",
        "1j * k",
        "b'x' == k",
        "...",
        "*k",
    ],
)
def test_nothing_else_is_understood(text):
    with pytest.raises(XtcError, match=r"is not understood; expected names|cannot be read"):
        read(text)


@pytest.mark.parametrize(
    "text", ["", "k >", "k; k", "k = 3", "(" * 3000, "-" * 3900 + "1", "k\n=1"]
)
def test_what_cannot_be_read(text):
    with pytest.raises(XtcError, match="cannot be read"):
        read(text)


def test_bounds_and_codes():
    with pytest.raises(XtcError, match="at most 4000 characters"):
        read("k + " * 2000 + "1")
    with pytest.raises(XtcError, match="write '140 in codes'"):
        read("codes == 140")


def test_fields_are_named_once():
    assert read("x > 1 and x < 3 and 140 in codes and 'A:B' > A.b.c").fields == (
        "x",
        "eventcode.140",
        "A:B",
        "A.b.c",
    )


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(XtcError):
        read(text)


FORMS = st.recursive(
    st.sampled_from(["x > 1", "k > 2", "140 in codes", "k == 3", "x < 2"]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["and", "or"]), part).map(lambda p: f"({' '.join(p)})"),
        part.map(lambda p: f"(not {p})"),
    ),
    max_leaves=6,
)


@given(FORMS)
def test_known_answers_hold_whatever_is_not_known(text):
    """What is said to be known is the same for every value that the unknown could have."""
    values, known = read(text).evaluate(COLUMNS)
    for x in (0.0, 1.2, 9.0):
        for code in (False, True):
            filled = COLUMNS | {
                "x": Known(np.where(COLUMNS["x"].known, X, x), ALL),
                "eventcode.140": Known(np.where(COLUMNS["eventcode.140"].known, C, code), ALL),
            }
            sure = read(text).evaluate(filled)
            assert sure.known.all()
            assert np.array_equal(sure.values[known], values[known])
