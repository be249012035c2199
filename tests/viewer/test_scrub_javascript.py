"""What the page keeps, asks ahead and sends less of, run by node."""

import json
import shutil
import subprocess

import pytest

from xtcview.viewer import assets

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs node to run the page's functions")
CLOCK = """
const clock = { now: 0, n: 0, all: new Map() };
const timers = {
  setTimeout: (f, ms) => { clock.all.set(++clock.n, { f, at: clock.now + ms }); return clock.n; },
  clearTimeout: (id) => clock.all.delete(id),
};
const pass = (ms) => {
  clock.now += ms;
  for (const [id, t] of [...clock.all]) if (t.at <= clock.now) { clock.all.delete(id); t.f(); }
};
"""
FLOW = (
    CLOCK
    + """
const sent = [], ahead = [], late = [], setup = { room: 0, jobs: [] };
const flow = m.createFlow({
  plan: (wish, hurried) => ({ bytes: 100, hurried, sharp: wish.sharp }),
  send: (seq, wish, plan) => sent.push([seq, wish.index, plan.hurried]),
  supply: () => setup.jobs.shift() ?? null,
  sendAhead: (seq, job) => ahead.push([seq, job.indexes]),
  room: () => setup.room, onLate: (x) => late.push(x), timers, now: () => clock.now,
});
"""
)


@pytest.fixture
def page(tmp_path):
    """Run a piece of script that sees the module as `m` and returns what it logs."""
    (tmp_path / "widget.mjs").write_text(assets.script(), encoding="utf-8")

    def run(script):
        (tmp_path / "test.mjs").write_text(f"import * as m from './widget.mjs';\n{script}")
        done = subprocess.run(
            [NODE, "test.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_names_are_not_used_twice(page):
    assert page("console.log(JSON.stringify(typeof m.default.render))") == "function"


def test_near_the_kernel_one_question_is_open_and_the_newest_wish_wins(page):
    got = page(
        FLOW
        + """
    [10, 11, 12].forEach((i, k) => flow.ask(i, k + 1));
    const first = [...sent];
    const asked = flow.answered(1);
    flow.next();
    console.log(JSON.stringify({ first, sent, turn: asked.wish.turn, unknown: flow.answered(7) }));
    """
    )
    assert got["first"] == [[1, 10, False]]
    assert got["sent"][1:] == [[2, 12, True]]  # 11 was never asked
    assert got["turn"] == 1
    assert got["unknown"] is None


def test_far_from_the_kernel_the_way_is_filled_in_bytes(page):
    got = page(
        FLOW
        + """
    setup.room = 250;
    for (let i = 0; i < 6; i++) flow.ask(i, i + 1);
    const filled = [...sent];
    flow.answered(1);
    flow.next();
    console.log(JSON.stringify({ filled, sent, open: flow.open() }));
    """
    )
    assert [i for _, i, _ in got["filled"]] == [0, 1, 2]  # 300 bytes: the third made it full
    assert [i for _, i, _ in got["sent"]] == [0, 1, 2, 5]
    assert got["open"] == 3


def test_what_is_asked_ahead_waits_for_every_wish(page):
    got = page(
        FLOW
        + """
    const job = (...indexes) => ({ indexes, plan: { bytes: 100 } });
    setup.jobs = [job(5, 6), job(7)];
    flow.ask(4, 1);
    const before = ahead.length;
    flow.answered(1); flow.next();
    flow.ask(9, 2);                       // waits for the job that is open
    const waiting = sent.length;
    flow.answered(2); flow.next();
    console.log(JSON.stringify({ before, ahead, waiting, sent, busy: flow.busy() }));
    """
    )
    assert got["before"] == 0
    assert got["ahead"] == [[2, [5, 6]]]
    assert got["waiting"] == 1
    assert got["sent"][1][:2] == [3, 9]
    assert got["busy"] is True


def test_a_question_without_an_answer_is_asked_again_for_the_newest_wish(page):
    got = page(
        FLOW
        + """
    flow.ask(1, 1);
    pass(2000);
    const said = [...late];
    flow.ask(2, 2);
    pass(3000);
    const again = [...sent];
    const old = flow.answered(1), newer = flow.answered(2);
    const left = clock.all.size;
    console.log(JSON.stringify({ said, again, old: old.wish, newer: newer.wish, late, left }));
    """
    )
    assert got["said"] == [True]
    assert got["again"][-1][:2] == [2, 2]
    assert got["old"]["index"] == 1  # it came late, and is good for the cache
    assert got["newer"]["index"] == 2
    assert got["late"] == [True, False]
    assert got["left"] == 0


def test_ten_thousand_steps_leave_nothing_behind(page):
    got = page(
        FLOW
        + """
    for (let i = 1; i <= 10000; i++) { flow.ask(i, i); flow.answered(i); flow.next(); }
    flow.close();
    console.log(JSON.stringify({ sent: sent.length, open: flow.open(), timers: clock.all.size }));
    """
    )
    assert got == {"sent": 10000, "open": 0, "timers": 0}


def test_the_cache_is_bounded_in_bytes_and_keeps_what_was_used(page):
    got = page("""
    const cache = m.createCache({ limit: 10000, previews: 3000, coarse: () => 16 });
    const put = (i, rank, size) =>
      cache.put(i, { content: { index: i }, buffers: [new Uint8Array(size)], rank });
    for (let i = 0; i < 100; i++) put(i, 16, 600);
    const previews = [cache.previewBytes(), cache.rank(99), cache.rank(0)];
    for (let i = 0; i < 20; i++) { put(i, 4, 1600); cache.get(0); }
    const sharp = cache.indexes()[1];
    put(19, 5, 1000);                      // a worse picture never takes the place of a better one
    const best = cache.rank(19);
    const bytes = cache.bytes();
    cache.clear();
    console.log(JSON.stringify({ previews, sharp, best, bytes, left: cache.bytes() }));
    """)
    assert got["previews"][0] <= 3000
    assert got["previews"][1:] == [16, None]
    assert 0 in got["sharp"]  # used all the time
    assert 19 in got["sharp"]
    assert 1 not in got["sharp"]
    assert got["best"] == 4
    assert got["bytes"] <= 10000
    assert got["left"] == 0


LINK = """
const link = m.createLink();
const blocks = 577344;
let t = 0;
const answer = (plan, bytes, ms) => {
  const many = plan && blocks / (plan.f / 2) ** 2;
  link.heard({ sent: t, arrived: t + ms, bytes, took: 0, plan, blocks: many });
  t += ms;
};
"""


@pytest.mark.parametrize(
    ("rate", "rtt", "enc", "f", "rests"),
    [
        (100_000, 15, "raw", 4, "raw"),  # one machine: coarser while the hand hurries
        (2_500, 65, "jpeg", 2, "png"),  # 20 Mbit/s
        (625, 65, "jpeg", 4, "png"),  # 5 Mbit/s
        (60, 65, "jpeg", 8, "png"),
    ],
)
def test_the_packing_follows_the_link(page, rate, rtt, enc, f, rests):
    got = page(
        LINK
        + f"""
    for (let k = 0; k < 8; k++) answer(null, 0, {rtt});
    const sizes = {{ raw: 1, jpeg: 0.12, png: 0.6 }};
    for (let k = 0; k < 12; k++) {{
      const plan = link.moving(blocks, 2, true);
      const bytes = sizes[plan.enc] * blocks / (plan.f / 2) ** 2;
      answer(plan, bytes, {rtt} + bytes / {rate});
    }}
    const plan = link.moving(blocks, 2, true);
    const rest = link.resting(blocks, 2);
    console.log(JSON.stringify({{ plan, rate: link.rate(), window: link.window(), rest }}));
    """
    )
    assert got["rate"] == pytest.approx(rate, rel=0.02)
    assert got["plan"]["enc"] == enc
    assert got["plan"]["f"] == f
    assert got["rest"]["enc"] == rests
    assert got["rest"]["f"] == 2
    assert got["window"] == (0 if rtt < 35 else pytest.approx(1.5 * rate * rtt, rel=0.02))


def test_a_page_that_is_busy_now_and_then_does_not_make_the_link_slow(page):
    got = page(
        LINK
        + """
    answer(null, 0, 15);
    for (let k = 0; k < 9; k++) answer({ enc: "raw", f: 4 }, 144000, k % 2 ? 400 : 20);
    console.log(JSON.stringify(link.moving(blocks, 2, true)));
    """
    )
    assert got["enc"] == "raw"


def test_places_without_a_value_are_put_back_and_none_is_invented(page):
    got = page("""
    const codes = Uint8Array.from([0, 3, 90, 0, 7, 8]);
    m.restore(codes, Uint32Array.from([1, 2, 5, 1]));
    const gaps = m.createGaps();
    const first = [...gaps.take({ f: 2, gaps: 77 }, Uint32Array.from([1, 2]))];
    const same = [...gaps.take({ f: 2, gaps: 77 })];
    const other = gaps.take({ f: 2, gaps: 78 });
    const sums = [gaps.sum(2), gaps.sum(4)];
    console.log(JSON.stringify({ codes: [...codes], first, same, other, sums }));
    """)
    assert got["codes"] == [1, 0, 0, 1, 7, 0]
    assert got["first"] == got["same"] == [1, 2]
    assert got["other"] is None  # then the picture is refused
    assert got["sums"] == [77, None]
