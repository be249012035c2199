"""The panels' pure functions, run by node, against the library's own."""

import numpy as np
import pytest
import test_javascript as js

from xtcview.analysis import scattering
from xtcview.calib.geometry import quads_example, tiles, upright
from xtcview.calib.scattering import ring_radius
from xtcview.viewer.frames import encode, make_mask
from xtcview.viewer.layout import image_picture
from xtcview.viewer.messages import tile_bytes

page = js.page
pytestmark = js.needs_node


def test_q_is_that_of_the_library(page):
    away, distance, energy = [0.0, 1e3, 4.5e4, 9e4], 90_000.0, 9000.0
    script = """
    const q = data.away.map((r) => m.qOf(r, data.distance, data.energy));
    console.log(JSON.stringify([q, q.map((x) => m.awayOf(x, data.distance, data.energy))]));
    """
    q, back = page(script, away=away, distance=distance, energy=energy)
    expected = scattering.q(scattering.two_theta(away, 0, distance), energy)
    assert q == pytest.approx(expected.tolist())
    assert back[1:] == pytest.approx(away[1:])


def test_rings_are_where_the_library_puts_them(page):
    script = """
    const placing = { pitch: 110, distance: 90000 };
    const v = { placing, energy: { index: 3, ev: 9000 }, shown: { index: 3 } };
    const rings = (text) => m.parseRings(text, v).map((r) => [r.radius, r.label]);
    v.elsewhere = rings("d 4 2.5, q 1.2; r 300 mm 11 nonsense -3");
    v.shown.index = 4; // its photon energy is not known
    console.log(JSON.stringify([v.elsewhere, rings("d 4, r 7")]));
    """
    rings, unknown = page(script)
    d = np.array([4.0, 2.5, 2 * np.pi / 1.2])
    radii = (ring_radius(d, 90_000.0, 9000.0) / 110).tolist()
    assert [r for r, _ in rings] == pytest.approx([*radii, 300, 100])
    assert [label for _, label in rings] == ["4 Å", "2.5 Å", "q 1.2 Å⁻¹", "300 px", "11 mm"]
    assert unknown == [[7, "7 px"]]


def test_the_histogram_counts_every_block_once(page):
    rng = np.random.default_rng(2)
    panels = rng.normal(30, 12, (1, 120, 120)).round().astype(np.int16)
    coded = encode(panels, 1, make_mask(panels.shape, 1))
    script = """
    const counts = m.histogram(Uint8Array.from(data.codes));
    const levels = Float32Array.from(data.levels);
    const axis = m.axisOf(counts, levels, { vmin: -100, vmax: 200 });
    const bins = [...m.binned(counts, levels, axis)].map((x) => 10 ** x - 1);
    console.log(JSON.stringify({ axis, bins }));
    """
    levels = [0.0, *map(float, coded.levels[1:])]
    got = page(script, codes=coded.codes.ravel().tolist(), levels=levels)
    assert sum(got["bins"]) == pytest.approx(panels.size, rel=1e-4)
    assert got["axis"][0] < -100
    assert got["axis"][1] > 200
    full = np.array(got["bins"])
    middle = np.linspace(*got["axis"], len(full) + 1)[:-1][full > 200]
    assert abs(middle.mean() - 30) < 3


def test_the_profile_on_screen_is_the_mean_over_rings(page):
    shape = (32, 185, 388)
    picture = image_picture(tiles(quads_example(), upright(quads_example())))
    centre = [picture.cols / 2, picture.rows / 2]
    script = """
    const all = m.readTiles(new DataView(Uint8Array.from(data.tiles).buffer));
    const n = data.shape[0] * 24 * 49;
    const codes = new Uint8Array(n).fill(1);
    const frame = { f: 8, shape: data.shape, codes, levels: new Float32Array(256).fill(7) };
    const v = { frame, centre: data.centre, image: { picture: { rows: data.rows, tiles: all } } };
    const bins = m.screenBins(v);
    // a value that is its ring's number: the mean must give it back
    bins.numbers.forEach((ring, i) => (frame.codes[i] = ring === 0xffff ? 0 : 1 + (ring % 200)));
    frame.levels = Float32Array.from({ length: 256 }, (_, i) => i);
    const { centres, mean } = m.profileOf(frame, bins);
    const held = [...bins.numbers].filter((x) => x !== 0xffff).length;
    const means = [...mean].map((x) => (x > 0 ? x : null));
    console.log(JSON.stringify({ centres: [...centres], mean: means, held }));
    """
    data = {"shape": shape, "centre": centre, "rows": picture.rows}
    got = page(script, tiles=list(tile_bytes(picture.tiles)), **data)
    there = [(i, x) for i, x in enumerate(got["mean"]) if x is not None]
    assert all(x == pytest.approx(1 + i % 200) for i, x in there)
    assert len(there) > 250
    assert got["held"] == 32 * 24 * 49  # every block has its ring


def test_messages_over_http_keep_their_bytes(page):
    from xtcview.viewer.served import pack

    data = list(pack([({"t": "a", "µ": 1}, [b"\x01\x02", b""]), ({"t": "b"}, [b"\xff"])]))
    script = """
    const found = m.unpackMessages(Uint8Array.from(data.bytes).buffer);
    console.log(JSON.stringify(found.map(([content, buffers]) => [content, buffers.map((b) =>
      [...new Uint8Array(b.buffer, b.byteOffset, b.byteLength)])])));
    """
    got = page(script, bytes=data)
    assert got == [[{"t": "a", "µ": 1}, [[1, 2], []]], [{"t": "b"}, [[255]]]]


def test_lost_bytes_are_noticed(page):
    script = """
    const view = new DataView(new ArrayBuffer(4)), none = new DataView(new ArrayBuffer(0));
    const hello = { t: "hello", pictures: [1, 2] }, frame = { t: "frame", data: true };
    console.log(JSON.stringify([
      m.isStripped(hello, [view, view]), m.isStripped(hello, []), m.isStripped(hello, undefined),
      m.isStripped(frame, [view, view]), m.isStripped(frame, [none, none]),
      m.isStripped({ t: "frame", data: false }, []), m.isStripped({ t: "segment" }, []),
    ]));
    """
    assert page(script) == [False, True, True, False, True, False, False]
