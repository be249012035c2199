"""The page's pure functions, run by node where there is one, against their Python twins."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from xtcview.calib.geometry import quads_example, tiles, upright
from xtcview.viewer import assets, colours
from xtcview.viewer.frames import encode, make_mask
from xtcview.viewer.layout import grid_picture, image_picture, index_map, stack_picture, to_canvas
from xtcview.viewer.messages import tile_bytes

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs node to run the page's functions")
SHAPE = (32, 185, 388)


@pytest.fixture
def page(tmp_path):
    """Run a piece of script that sees the module as `m` and returns what it logs."""
    (tmp_path / "widget.mjs").write_text(assets.script(), encoding="utf-8")

    def run(script, **data):
        code = f"import * as m from './widget.mjs';\nconst data = {json.dumps(data)};\n{script}"
        (tmp_path / "test.mjs").write_text(code, encoding="utf-8")
        done = subprocess.run(
            [NODE, "test.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_the_modules_are_joined_into_one_script():
    script = assets.script()
    assert "import " not in script
    assert script.count("export default") == 1
    assert "http" not in script.replace("http://www.w3.org/2000/svg", "")  # nothing from outside
    assert "innerHTML" not in script
    assert len(script) < 200_000


def test_no_two_modules_have_the_same_name_in_them():
    named = re.compile(r"^(?:export )?(?:async )?(?:const|let|function) (\w+)", re.MULTILINE)
    found = [(n, m) for m in assets.MODULES for n in named.findall(assets._read(f"js/{m}.js"))]
    homes = {name: [m for n, m in found if n == name] for name, _ in found}
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


PICTURES = [
    grid_picture(SHAPE),
    stack_picture(SHAPE),
    image_picture(tiles(quads_example(), upright(quads_example()))),
]
DRAW = """
const tiles = m.readTiles(new DataView(Uint8Array.from(data.tiles).buffer));
const picture = { ...data, tiles };
const map = m.indexMap(picture, data.width, data.height, data.shape, 2);
"""


@needs_node
@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: p.key)
def test_the_page_draws_the_same_map(page, picture):
    data = {"rows": picture.rows, "cols": picture.cols, "fill": picture.fill, "shape": SHAPE}
    data |= {"tiles": list(tile_bytes(picture.tiles)), "width": 311, "height": 290}
    got = page(DRAW + "console.log(JSON.stringify([...map]))", **data)
    expected = index_map(picture, 290, 311, SHAPE, 2).ravel()
    assert np.array_equal(np.array(got, np.uint32), expected)


@needs_node
@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: p.key)
def test_the_cursor_goes_there_and_back(page, picture):
    data = {"rows": picture.rows, "cols": picture.cols, "fill": picture.fill, "shape": SHAPE}
    data |= {"tiles": list(tile_bytes(picture.tiles)), "width": 600, "height": 600}
    places = [(0, 0, 0), (13, 100, 193), (13, 100, 194), (31, 184, 387)]
    script = (
        DRAW
        + """
    const out = data.places.map(([segment, row, col]) => {
      const at = m.toCanvas(picture, 600, 600, { segment, row, col });
      return [at.x, at.y, m.pixelAt(picture, 600, 600, at.x, at.y)];
    });
    console.log(JSON.stringify(out));
    """
    )
    for (x, y, back), (segment, row, col) in zip(
        page(script, places=places, **data), places, strict=True
    ):
        assert (y, x) == pytest.approx(to_canvas(picture, 600, 600, segment, row, col))
        assert back == {"segment": segment, "row": row, "col": col}


@needs_node
def test_colours_and_limits_are_the_same(page):
    rng = np.random.default_rng(4)
    panels = rng.normal(30, 20, (1, 90, 90)).astype(np.int16)
    coded = encode(panels, 1, make_mask(panels.shape, 1))
    levels = [0.0, *map(float, coded.levels[1:])]
    script = """
    const levels = Float32Array.from(data.levels);
    const [vmin, vmax] = m.percentileLimits(m.histogram(Uint8Array.from(data.codes)), levels);
    const table = m.expandMap(data.hex);
    const shade = (scale) => [...m.makeLut(levels, table, { vmin, vmax, scale })];
    const lut = ["linear", "sqrt", "log"].map(shade);
    console.log(JSON.stringify({ limits: [vmin, vmax], table: [...table], lut }));
    """
    codes = coded.codes.ravel().tolist()
    got = page(script, codes=codes, levels=levels, hex=colours.ANCHORS["viridis"])
    limits = colours.limits(coded)
    table = colours.table("viridis").astype(int)
    assert got["limits"] == pytest.approx(limits)
    assert np.abs(np.array(got["table"]).reshape(256, 3) - table).max() <= 1
    for scale, words in zip(("linear", "sqrt", "log"), got["lut"], strict=True):
        rows = colours.shades(coded.levels, *limits, scale)[1:]
        red = np.array(words[1:]) & 0xFF
        assert np.abs(red - table[rows, 0]).max() <= 3  # one row of the table, at most


@needs_node
def test_the_newest_wish_wins_and_old_answers_are_refused(page):
    got = page("""
    const sent = [], late = [], clock = { n: 0, all: new Map() };
    const timers = {
      setTimeout: (f, ms) => { clock.all.set(++clock.n, { f, ms }); return clock.n; },
      clearTimeout: (id) => clock.all.delete(id),
    };
    const fire = (ms) => [...clock.all].filter(([, t]) => t.ms === ms)
      .forEach(([id, t]) => { clock.all.delete(id); t.f(); });
    const send = (seq, wish, hurried) => sent.push([seq, wish, hurried]);
    const r = m.createRequests({ send, onLate: (x) => late.push(x), timers });
    [10, 11, 12, 13].forEach((i) => r.ask(i));
    const first = [...sent];
    const taken = [r.answered(1)];
    const second = [...sent];
    fire(2000);
    r.ask(14);
    fire(5000);
    const third = [...sent];
    taken.push(r.answered(3), r.answered(2));
    const left = clock.all.size;
    console.log(JSON.stringify({ first, second, third, taken, late, busy: r.busy(), left }));
    """)
    assert got["first"] == [[1, 10, False]]
    assert got["second"] == [[1, 10, False], [2, 13, True]]  # 11 and 12 were never asked
    assert got["third"][-1] == [3, 14, False]  # asked again, for the newest wish
    assert got["taken"] == [True, True, False]  # the late answer 2 came after 3
    assert got["late"] == [True, False]
    assert got["busy"] is False
    assert got["left"] == 0  # no timer stays behind
