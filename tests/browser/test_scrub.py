"""Scrubbing in a real JupyterLab: beside a running cell, from the cache, over a slow link, live."""

import os
import re

import lab
import pages
import pytest
import shaper

if lab.find_browser() is None and not os.environ.get("CI"):
    reason = "no Chromium on this machine: the browser tests are skipped"
    pytest.skip(reason, allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

WAY = "xv.root().dataset.way"
CACHE = "xv.root().xtcview.cache"
BUSY = {
    "sleeps": "import time\nwhile not os.path.exists({flag!r}): time.sleep(0.05)",
    "computes": "while not os.path.exists({flag!r}): sum(range(10_000))",
}


def wait_for(page, index):
    assert page.evaluate("(i) => xv.until(i)", index) is not None


def badges(page):
    return page.locator(".xv-badges").inner_text()


def dragged(page, first, last, ms):
    """Drag; both panes always agree, never go back, and end on the last event."""
    page.evaluate("(i) => xv.step(i)", first)
    drag = page.evaluate("(a) => xv.drag(...a)", [first, last, ms])
    assert all(raw == image for _, raw, image in drag["seen"])
    numbers = [raw for _, raw, _ in drag["seen"]]
    assert numbers == sorted(numbers)  # nothing stale after a newer one
    assert numbers[-1] == last
    return len(set(numbers)) / (drag["took"] / 1000)


@pytest.fixture
def scrubbed(page):
    """The viewer at event 20, loading ahead; nothing loaded yet."""
    pages.reset(page, ahead=True)
    page.wait_for_function(f"{WAY} === 'subshell'")
    yield page
    assert page.faults == []


@pytest.mark.parametrize("kind", BUSY)
def test_scrubbing_goes_on_while_a_cell(page, folder, kind):
    pages.reset(page)
    page.wait_for_function(f"{WAY} === 'subshell'")
    flag = folder / f"done-{kind}"
    code = "import os\n" + BUSY[kind].format(flag=str(flag))
    page.evaluate("(code) => xv.execute(code)", code)
    try:
        page.wait_for_timeout(200)
        page.evaluate("xv.watch()")
        rate = dragged(page, 20, 190, 4000)
        assert page.evaluate("xv.running()")
        assert page.evaluate("counted.most_open") <= 6
        assert "busy" not in badges(page)
        page.evaluate("xv.root().xtcview.marks.open()")
        page.get_by_label("go to number, time or fiducial").fill("12:40:00.14")
        page.keyboard.press("Enter")
        wait_for(page, 17)
        assert "nearest event, 1.667 ms later" in page.locator(".xv-status").inner_text()
        assert page.evaluate("xv.running()")
    finally:
        flag.touch()
    page.wait_for_function("!xv.running()")
    assert pages.kernel(page, "__import__('sys').getswitchinterval()") == pytest.approx(0.005)
    print(f"events/s while a cell {kind}: {rate:.1f}")
    assert rate > 1  # without the way of our own: 0


def test_without_a_subshell_the_loaded_range_can_be_scrubbed(other):
    """As in front ends that know none: a busy kernel is said, what is loaded is shown."""
    alone = other("alone.ipynb", pages.SETUP)
    alone.evaluate(f"() => {{ const v = xv.root().xtcview; v.door.close(); {WAY} = 'widget'; }}")
    alone.wait_for_function(f"{CACHE}.indexes()[1].includes(20)")  # read ahead of event 0
    model = "xv.root().xtcview.model"
    alone.evaluate(f"() => {{ {model}.xv_send = {model}.send; {model}.send = () => {{}}; }}")
    for index in (3, 8, 17):  # no message of the page arrives any more
        assert alone.evaluate("(i) => xv.step(i)", index) is not None
    alone.evaluate("xv.forget()")
    alone.evaluate("xv.move(180)")
    alone.wait_for_function("document.querySelector('.xv-badges').innerText.includes('busy')")
    assert alone.evaluate("xv.read_both()") == [17, 17]
    alone.evaluate(f"() => {{ {model}.send = {model}.xv_send; }}")
    wait_for(alone, 180)
    assert alone.faults == []


def test_the_whole_run_is_loaded_coarsely_in_the_background(scrubbed):
    scrubbed.wait_for_function("xv.root().querySelector('.xv-loaded').dataset.loaded === '200'")
    label = scrubbed.locator(".xv-loaded").get_attribute("aria-label")
    assert re.fullmatch(r"loaded: 200 of 200 events, \d+ of them sharp", label)
    assert scrubbed.evaluate(f"{CACHE}.bytes()") <= 256e6
    assert scrubbed.evaluate(f"{CACHE}.previewBytes()") <= 200 * (32 * 24 * 49 + 2000)
    scrubbed.evaluate("xv.watch()")
    status = "xv.root().querySelector('.xv-status').innerText"
    numbers, words = scrubbed.evaluate(
        f"() => {{ xv.move(150); return [xv.read_both(), {status}]; }}"
    )
    assert numbers == [150, 150]  # at once, as a preview
    assert "preview" in words
    scrubbed.wait_for_function("xv.root().xtcview.frame.f === 2")
    assert scrubbed.evaluate("xv.read_both()") == [150, 150]


def test_what_comes_next_is_asked_ahead_in_the_direction_of_the_hand(scrubbed):
    scrubbed.evaluate("(i) => xv.step(i)", 101)
    scrubbed.evaluate("(i) => xv.step(i)", 100)
    wanted = f"[...Array(24)].every((_, k) => {CACHE}.rank(99 - k) === 4)"
    scrubbed.wait_for_function(wanted)
    assert scrubbed.evaluate(f"{CACHE}.rank(120)") > 4
    scrubbed.evaluate("xv.watch()")
    scrubbed.evaluate("xv.root().focus()")
    for index in (99, 98, 97):
        scrubbed.keyboard.press("ArrowLeft")
        assert scrubbed.evaluate("xv.read_both()") == [index, index]
    assert "event" not in scrubbed.evaluate("counted.sent")


def test_a_drag_over_what_is_loaded_asks_nothing(scrubbed):
    pages.kernel(scrubbed, "setattr(xv, 'prefetch', False)")
    sharp = "(({ shown, shownRank, hello }) => shown.index === INDEX && shownRank <= 2 * hello.f)"
    for index in range(40, 80):
        scrubbed.evaluate("(i) => xv.step(i)", index)
        scrubbed.wait_for_function(f"{sharp}(xv.root().xtcview)".replace("INDEX", str(index)))
    scrubbed.wait_for_timeout(300)
    scrubbed.evaluate("xv.watch()")
    rate = dragged(scrubbed, 40, 79, 1500)
    assert scrubbed.evaluate("counted.sent") == {}
    print(f"events/s from the cache: {rate:.1f}")


def test_play_leaves_no_event_out_and_says_its_real_pace(scrubbed):
    pages.kernel(scrubbed, "setattr(xv, 'prefetch', False)")
    pages.kernel(scrubbed, "setattr(run, 'delay', 0.1)")
    scrubbed.evaluate("(i) => xv.step(i)", 170)
    scrubbed.evaluate("xv.watch()")
    scrubbed.get_by_label("events per second", exact=True).select_option("40")
    scrubbed.locator(".xtcview").focus()
    scrubbed.keyboard.press(" ")
    scrubbed.wait_for_function(
        "xv.root().querySelector('.xv-pace').textContent.startsWith('waits for data: ')"
    )
    wait_for(scrubbed, 199)
    pages.kernel(scrubbed, "setattr(run, 'delay', 0.0)")
    answers = scrubbed.evaluate("[...new Set(counted.answers)]")
    assert answers == list(range(171, 200))
    scrubbed.keyboard.press("[")
    assert scrubbed.get_by_label("events per second", exact=True).input_value() == "20"
    scrubbed.get_by_label("play every n-th event").select_option("10")
    scrubbed.evaluate("(i) => xv.step(i)", 150)
    scrubbed.evaluate("xv.forget()")
    scrubbed.evaluate("xv.watch()")
    scrubbed.get_by_label("play (space)").click()
    wait_for(scrubbed, 199)
    assert scrubbed.evaluate("[...new Set(counted.answers)]") == [160, 170, 180, 190, 199]
    scrubbed.get_by_label("play every n-th event").select_option("1")


def test_bookmarks_goto_and_help_by_keys(scrubbed):
    scrubbed.locator(".xtcview").focus()
    for index in (33, 66):
        scrubbed.evaluate("(i) => xv.step(i)", index)
        scrubbed.keyboard.press("b")
    pages.settle(scrubbed)
    assert pages.kernel(scrubbed, "xv.bookmarks") == [33, 66]
    scrubbed.keyboard.press("Shift+N")
    wait_for(scrubbed, 33)
    scrubbed.keyboard.press("n")
    wait_for(scrubbed, 66)
    scrubbed.keyboard.press("b")
    pages.settle(scrubbed)
    assert pages.kernel(scrubbed, "xv.bookmarks") == [33]
    scrubbed.keyboard.press("g")
    box = scrubbed.get_by_label("go to number, time or fiducial")
    box.fill("f 430")
    box.press("Enter")
    wait_for(scrubbed, 141)
    assert scrubbed.evaluate("document.activeElement.classList.contains('xtcview')")
    scrubbed.keyboard.press("g")
    box.fill("<b>noon</b>")
    box.press("Enter")
    scrubbed.get_by_text("'<b>noon</b>' names no event").wait_for()
    assert not scrubbed.locator(".xv-help").is_visible()
    scrubbed.keyboard.press("?")
    assert scrubbed.locator(".xv-help").is_visible()
    scrubbed.keyboard.press("?")
    assert not scrubbed.locator(".xv-help").is_visible()


LIVE = """import viewer_fakes as fakes
from xtcview.viewer.widget import Viewer
class Growing(fakes.FakeRun):
    ended, more = False, 0
    @property
    def settled(self):
        return self.n - 1
    def refresh(self):
        self.n, new, self.more = self.n + self.more, self.more, 0
        return new
run = Growing(n=30)
xv = Viewer(run, run.detector())
xv"""


def test_a_live_run_grows_and_its_newest_whole_event_is_followed(other):
    live = other("live.ipynb", LIVE)
    assert live.locator(".xv-slider").get_attribute("max") == "29"
    pages.kernel(live, "setattr(run, 'more', 40)")
    live.wait_for_function("xv.root().querySelector('.xv-slider').max === '69'")
    assert live.evaluate("xv.read_both()") == [0, 0]  # nobody has asked to follow
    live.locator(".xtcview").focus()
    live.keyboard.press("f")
    wait_for(live, 68)  # 69 is not whole yet
    pages.kernel(live, "setattr(run, 'more', 30)")
    wait_for(live, 98)
    assert not live.evaluate(f"{CACHE}.has(99)")
    pages.kernel(live, "setattr(run, 'ended', True)")
    live.wait_for_function(
        "xv.root().querySelector('input[type=checkbox]').closest('label').hidden"
    )
    assert live.faults == []


@pytest.mark.parametrize(("mbit", "most"), [(20, 130_000), (5, 60_000)])
def test_over_a_slow_link_events_are_packed_smaller(other, address, mbit, most):
    port = int(re.search(r":(\d+)/", address)[1])
    with shaper.slow_link(port) as link:
        there = address.replace(f":{port}/", f":{link.port}/")
        far = other(f"slow{mbit}.ipynb", pages.SETUP, there)
        far.wait_for_function(f"{WAY} === 'subshell'")
        pages.kernel(far, "setattr(xv, 'prefetch', False)")
        far.evaluate("xv.forget()")
        link.slow(mbit, 50)
        for index in (3, 6, 13, 14, 15, 16, 17, 18):
            assert far.evaluate("(i) => xv.step(i)", index) is not None
            far.wait_for_timeout(700)  # at rest the way is measured
        far.evaluate("xv.watch()")
        rate = dragged(far, 20, 199, 5000)
        bytes_each = far.evaluate("counted.bytes")
        middle = sorted(bytes_each)[len(bytes_each) // 2]
        print(f"events/s at {mbit} Mbit/s: {rate:.1f}, {middle} bytes each")
        assert middle <= most
        assert far.evaluate("counted.most_open") <= 6
        # every code is kept once the hand rests
        far.wait_for_function(
            "(({ f, enc }) => f === 2 && enc !== 'jpeg')(xv.root().xtcview.shown)"
        )
        assert far.evaluate("xv.read_both()") == [199, 199]
        link.slow(10_000, 0)
    assert far.faults == []
