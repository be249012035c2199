import json
import re
from pathlib import Path

import numpy as np
import pytest

from xtcview.calib import geometry as geo
from xtcview.calib.export import crystfel
from xtcview.calib.export.frames import to_laboratory
from xtcview.calib.placement import place
from xtcview.errors import GeometryError

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "geometry-golden.json").read_text(encoding="utf-8")
)
QUADS = geo.quads_example()


def parsed(text):
    """Return the global lines and the panels of a .geom file."""
    top, panels = {}, {}
    for line in text.splitlines():
        name, equals, value = line.partition(";")[0].partition(" = ")
        if not equals:
            continue
        panel, slash, key = name.partition("/")
        if not slash:
            top[name] = value
            continue
        if key in ("fs", "ss"):
            found = re.findall(r"([+-][\d.]+)([xyz])", value)
            assert [axis for _, axis in found] == list("xyz")
            panels.setdefault(panel, {})[key] = np.array([float(v) for v, _ in found])
        else:
            panels.setdefault(panel, {})[key] = float(value)
    return top, panels


def positions(text, shape, z=0.0):
    """Return x, y, z in m of the centres of all pixels, as CrystFEL computes them."""
    top, panels = parsed(text)
    xyz = np.full((3, *shape), np.nan)
    for p in panels.values():
        fs, ss = np.meshgrid(
            np.arange(p["min_fs"], p["max_fs"] + 1), np.arange(p["min_ss"], p["max_ss"] + 1)
        )
        steps = fs - p["min_fs"] + 0.5, ss - p["min_ss"] + 0.5
        corner = np.array([p["corner_x"], p["corner_y"], 0.0])
        at = [corner[i] + steps[0] * p["fs"][i] + steps[1] * p["ss"][i] for i in range(3)]
        at = [v / float(top["res"]) for v in at]
        at[2] = at[2] + p["coffset"] + z
        xyz[:, ss.astype(int), fs.astype(int)] = at
    return xyz


def test_a_real_file_is_met():
    """The same distance from CrystFEL's file of a CSPAD as the reference found, panel by panel."""
    found = {p.name: p for p in crystfel.panels(QUADS, "cheetah")}
    expected = GOLDEN["crystfel_panels"]
    assert found.keys() == expected.keys()
    along, across, off = [], [], []
    for name, (min_fs, min_ss, *numbers) in expected.items():
        panel = found[name]
        assert (panel.min_fs, panel.min_ss) == (min_fs, min_ss)
        assert (panel.max_fs, panel.max_ss) == (min_fs + 193, min_ss + 184)
        along.append(panel.fs[:2] @ numbers[:2])
        across.append(panel.ss[:2] @ numbers[2:4])
        centre = panel.corner + panel.fs / 2 + panel.ss / 2  # what the reference compared
        off.append(centre[:2] - numbers[4:])
    golden = GOLDEN["crystfel_cross_check"]["quads_example_270"]
    assert min(along) == pytest.approx(golden["min_fs_dot"], abs=1e-6)
    assert min(across) == pytest.approx(golden["min_ss_dot"], abs=1e-6)
    spread = off - np.mean(off, axis=0)
    assert np.sqrt((spread**2).mean(axis=0)) == pytest.approx(golden["corner_rms_px"], abs=0.005)
    assert np.abs(spread).max() == pytest.approx(golden["corner_max_px"], abs=0.005)


TABLES = {
    "quads": QUADS,
    "default": geo.default("cspad"),
    "turned": geo.Geometry(
        tuple(r._replace(rot_y=20.0) if r.parent == "IP" else r for r in QUADS.rows), name="turned"
    ),
    "epix": geo.default("epix10ka2m"),
    "jungfrau": geo.default("jungfrau4m"),
}


@pytest.mark.parametrize("name", TABLES)
def test_pixels_stand_where_the_geometry_says(name):
    table = TABLES[name]
    shape = geo.segments_shape(table)
    text = crystfel.text(table, distance=50_000.0)
    top, panels = parsed(text)
    assert top["clen"] == "0.05 m"
    assert len(panels) == len(geo.blocks(place(table)))
    found = positions(text, (shape[0] * shape[1], shape[2]), 0.05).reshape(3, *shape)
    true = np.stack(geo.pixel_coordinates(table)) * 1e-6
    expected = np.tensordot(to_laboratory(table), true, 1)
    expected[2] += 0.05 - expected[2].mean()
    assert np.abs(found - expected).max() < 1e-8  # 10 nm


def test_the_frame_is_that_of_the_laboratory():
    turn = to_laboratory(QUADS)
    assert (turn @ [1.0, 2.0, 3.0]).tolist() == [-1.0, 2.0, -3.0]
    psana = to_laboratory(geo.default("jungfrau4m"))
    assert (psana @ [1.0, 2.0, 3.0]).tolist() == [-2.0, -1.0, -3.0]
    for rot90 in range(4):
        assert np.linalg.det(to_laboratory(QUADS, geo.Orientation(rot90))) == pytest.approx(1)


def test_quad_0_is_up_and_left_seen_from_the_source():
    text = crystfel.text(QUADS)
    x, y, _ = positions(text, (5920, 388)).reshape(3, 32, 185, 388)
    centres = [(x[8 * q : 8 * q + 8].mean(), y[8 * q : 8 * q + 8].mean()) for q in range(4)]
    # x points to the left, y up: quads 0 to 3 go round clockwise
    assert np.sign(centres).tolist() == [[1, 1], [-1, 1], [-1, -1], [1, -1]]


def test_what_is_not_known_is_not_written():
    top, panels = parsed(crystfel.text(QUADS))
    assert top["clen"] == "0.1 m"
    assert not {"photon_energy", "adu_per_eV", "data"} & top.keys()
    assert float(top["res"]) == pytest.approx(1e6 / 109.92)
    assert {p["coffset"] for p in panels.values()} == {0.0}
    with pytest.raises(GeometryError, match=r"default cspad: a default table .* no distance"):
        crystfel.text(geo.default("cspad"))


def test_what_is_known_is_written():
    text = crystfel.text(
        QUADS,
        layout="cheetah",
        clen="/LCLS/detector_1/EncoderValue mm",
        coffset=573_224.0,
        photon_energy="/LCLS/photon_energy_eV eV",
        adu_per_ev=0.00338,
        data="/entry_1/data_1/data",
        comments=["run 34"],
    )
    top, panels = parsed(text)
    assert top["clen"] == "/LCLS/detector_1/EncoderValue mm"
    assert top["photon_energy"] == "/LCLS/photon_energy_eV eV"
    assert top["adu_per_eV"] == "0.00338"
    assert (top["dim0"], top["dim1"], top["dim2"]) == ("%", "ss", "fs")
    assert panels["q3a15"]["coffset"] == pytest.approx(0.573224)
    assert text.startswith("; geometry of example cspad quads\n; run 34\n")
    assert parsed(crystfel.text(QUADS, photon_energy=9500.0))[0]["photon_energy"] == "9500.0 eV"


def test_groups_of_panels():
    top, panels = parsed(crystfel.text(QUADS))
    assert top["group_q2"] == ",".join(f"q2a{i}" for i in range(16))
    assert top["group_all"] == "q0,q1,q2,q3"
    assert top["rigid_group_q2"] == top["group_q2"]
    assert top["rigid_group_collection_all"] == "q0,q1,q2,q3"
    assert set(",".join(top[f"group_q{q}"] for q in range(4)).split(",")) == panels.keys()
    top, _ = parsed(crystfel.text(geo.default("jungfrau1m"), distance=1e5))
    assert top["group_p1"] == ",".join(f"p1a{i}" for i in range(8))


@pytest.mark.parametrize(("name", "layout"), [("cspad2x2", "cheetah"), ("cspad", "stack")])
def test_layouts_that_are_none(name, layout):
    with pytest.raises(GeometryError, match=f"layout '{layout}': expected 'stacked'"):
        crystfel.panels(geo.default(name), layout)
