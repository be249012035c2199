import numpy as np
import pytest

from xtcview.calib import geometry as geo
from xtcview.calib import old_geometry as old
from xtcview.errors import ConstantsError

P = 109.92


def sensor(angle):
    """Coordinates of a sensor's pixels from its lower corner, x and y (185, 388), in um."""
    c, r = np.arange(388), np.arange(185)
    along = (c + 4 * (c >= 194)) * P + 0 * r[:, None]  # four empty columns between the ASICs
    across = (184 - r[:, None]) * P + 0 * c
    for _ in range(int(angle) // 90):  # a quarter counter-clockwise, back to positive numbers
        along, across = across.max() - across, along
    return along, across


def turn(angle, x, y):
    a = np.radians(angle)
    return np.cos(a) * x - np.sin(a) * y, np.sin(a) * x + np.cos(a) * y


def classic(k):
    """The formula of the reference, section by section: x, y (32, 185, 388) in um."""
    margin, gap, shift = k["marg_gap_shift"][:2, 1:].T * P
    d = [
        (margin[0] - gap[0] + shift[0], margin[1] - gap[1] - shift[1]),
        (margin[0] - gap[0] - shift[0], margin[1] + gap[1] - shift[1]),
        (margin[0] + gap[0] - shift[0], margin[1] + gap[1] + shift[1]),
        (margin[0] + gap[0] + shift[0], margin[1] - gap[1] + shift[1]),
    ]
    xs, ys = [], []
    for q in range(4):
        for s in range(8):
            centre = k["center"][:2, q, s] + k["center_corr"][:2, q, s] + k["marg_gap_shift"][:2, 0]
            half = np.array([196.5 * P + 1, 92 * P + 1])
            half = half[::-1] if k["rotation"][q, s] % 180 else half
            tilt = k["tilt"][q, s]
            x, y = turn(tilt, *sensor(k["rotation"][q, s]))
            x = x + centre[0] * P - half[0] + np.radians(tilt) * half[1]
            y = y + centre[1] * P - half[1] - np.radians(tilt) * half[0]
            for _ in range(int(k["quad_rotation"][q]) // 90):
                x, y = 850 * P - y, x
            x, y = turn(k["quad_tilt"][q], x, y)
            xs.append(x + (k["offset"] + k["offset_corr"])[0, q] * P + d[q][0])
            ys.append(y + (k["offset"] + k["offset_corr"])[1, q] * P + d[q][1])
    return np.array(xs), np.array(ys)


def defaults():
    return {kind: np.resize(np.array(k.default), k.shape) for kind, k in old.CSPAD.items()}


def some(seed=3):
    rng = np.random.default_rng(seed)
    values = defaults()
    del values["center_global"]
    for kind in ("center_corr", "offset_corr", "marg_gap_shift"):
        values[kind] = values[kind] + rng.normal(0, 3, values[kind].shape)
    for kind in ("tilt", "quad_tilt"):
        values[kind] = rng.normal(0, 0.4, values[kind].shape)
    return values


@pytest.mark.parametrize("values", [some(), some(4), {}])
def test_the_geometry_is_the_classic_formula(values):
    table = old.old_geometry(values, "calib")
    found = geo.pixel_coordinates(table)
    expected = classic({**defaults(), **values})
    for axis in range(2):
        assert np.abs(found[axis] - expected[axis]).max() < 1e-6
    assert not found[2].any()
    assert geo.segments_shape(table) == (32, 185, 388)
    assert not table.is_default


def test_the_classic_cells():
    x, y = classic({**defaults(), **some()})
    rows, cols = old.classic_indexes(old.old_geometry(some()))
    expected = np.floor((x - x.min()) / P + 0.25), np.floor((y - y.min()) / P + 0.25)
    for found, cells in zip((rows, cols), expected, strict=True):
        assert (found != cells).mean() < 1e-6  # within rounding, the same cells
    assert rows.min() == cols.min() == 0
    new = geo.pixel_indexes(old.old_geometry(some()))
    assert np.abs(new[0] - rows).max() <= 1


def test_the_defaults_look_like_the_default_table():
    """Quads in their corners, sections in their quads: within a millimetre or so, both say so."""
    table, new = old.old_geometry({}), geo.without_twist(geo.default("cspad"))
    assert geo.upright(table) == geo.Orientation(0)
    assert geo.upright(new) == geo.Orientation(1)
    centres = []
    for one in (table, new):
        x, y, _ = (v.mean(axis=(1, 2)) for v in geo.pixel_coordinates(one))
        x, y = (x, y) if one is table else (-y, x)  # a quarter turn, as `upright` says
        centres.append((x - x.mean(), y - y.mean()))
    assert np.abs(np.subtract(*centres)).max() < 2500


def test_global_centres_replace_the_rest():
    rng = np.random.default_rng(5)
    centres, tilt = rng.uniform(100, 1600, (3, 4, 8)), rng.normal(0, 0.4, (4, 8))
    table = old.old_geometry({"center_global": centres, "tilt": tilt, "offset": np.ones((3, 4))})
    x, y, _ = geo.pixel_coordinates(table)
    assert np.allclose(x.mean(axis=(1, 2)), centres[0].ravel() * P)
    assert np.allclose(y.mean(axis=(1, 2)), centres[1].ravel() * P)
    along = np.degrees(np.arctan2(y[:, 0, 387] - y[:, 0, 0], x[:, 0, 387] - x[:, 0, 0]))
    quads, sections = [90, 0, 270, 180], [0, 0, 270, 270, 180, 180, 270, 270]
    expected = np.add.outer(quads, sections) + tilt
    assert np.allclose((along - expected.ravel() + 180) % 360, 180)
    assert geo.upright(table) == geo.Orientation(1)


def test_two_sections_of_a_cspad2x2():
    table, new = old.old_geometry({}, device="Cspad2x2"), geo.without_twist(geo.default("cspad2x2"))
    assert geo.is_interleaved(table)
    for a, b in zip(geo.pixel_coordinates(table)[:2], geo.pixel_coordinates(new)[:2], strict=True):
        shift = (a - b).mean(axis=(1, 2))
        assert np.abs(shift - shift.mean()).max() < 50  # um, one gap between two sections
    values = {"tilt": np.array([0.5, -0.5]), "center": np.array([[1, 2], [3, 4], [5, 6.0]])}
    moved = old.old_geometry(values, device="Cspad2x2")
    x, y, _ = geo.pixel_coordinates(moved)
    assert np.allclose(x.mean(axis=(1, 2)), [P, 2 * P])
    assert np.allclose(y.mean(axis=(1, 2)), [3 * P, 4 * P])
    along = np.degrees(np.arctan2(y[:, 0, 387] - y[:, 0, 0], x[:, 0, 387] - x[:, 0, 0])) % 360
    assert along == pytest.approx([180.5, 179.5])
    rows, _ = old.classic_indexes(moved)
    assert np.array_equal(rows, np.floor((x - x.min()) / P + 0.1))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"tilts": np.zeros((4, 8))},
            "old: 'tilts' is no old kind of geometry. Did you mean 'tilt'",
        ),
        ({"tilt": np.zeros((8, 4))}, r"old: tilt: expected finite numbers of shape \(4, 8\)"),
        ({"tilt": np.full((4, 8), np.nan)}, r"old: tilt: expected finite numbers"),
        ({"quad_rotation": np.array([180, 89.0, 0, 270])}, "quad_rotation 89: expected 0, 90"),
    ],
)
def test_constants_that_are_none(values, words):
    with pytest.raises(ConstantsError, match=words):
        old.old_geometry(values, "old")


def deployed(tmp_path, **texts):
    for kind, text in texts.items():
        folder = tmp_path / "CsPad::CalibV1" / "CxiDs1.0:Cspad.0" / kind
        folder.mkdir(parents=True)
        (folder / "10-20.data").write_text(text)
    return old.find(tmp_path, "CxiDs1.0:Cspad.0", 15)


def test_files(tmp_path):
    values = some()
    kinds = ("center_corr", "tilt", "quad_tilt")
    texts = {k: "\n".join(str(v) for v in values[k].ravel().tolist()) for k in kinds}
    texts["offset_corr"] = "# a comment\n1 2 3 4\n5 6 7 8\n0 0 0 0\n"
    found = deployed(tmp_path, **texts)
    assert set(found) == {*kinds, "offset_corr"}
    table = old.read(found)
    expected = {k: values[k] for k in kinds}
    expected["offset_corr"] = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [0] * 4], float)
    assert table.rows == old.old_geometry(expected).rows
    assert "10-20.data" in table.name
    assert geo.parse(geo.write(table)).rows == table.rows
    assert old.find(tmp_path, "CxiDs1.0:Cspad.0", 21) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0 0", r"quad_tilt.10-20\.data: expected 4 numbers, found 3"),
        ("0 0\n0 x", r"10-20\.data line 2: expected numbers: .*'x'"),
        ("0 0 0 nan", r"quad_tilt: expected finite numbers"),
    ],
)
def test_damaged_files(tmp_path, text, words):
    with pytest.raises(ConstantsError, match=words):
        old.read(deployed(tmp_path, quad_tilt=text))


def test_a_file_that_cannot_be_read(tmp_path):
    found = deployed(tmp_path, tilt="")
    with pytest.raises(ConstantsError, match="cannot be read: Is a directory"):
        old.read({"tilt": found["tilt"].parent})
