"""The viewer without JupyterLab: its own page and the page without a kernel, judged by pixels."""

import json
import os
import struct
import threading

import lab
import pages
import pytest
import viewer_fakes as fakes

from xtcview.viewer import served

if lab.find_browser() is None and not os.environ.get("CI"):
    reason = "no Chromium on this machine: the browser tests are skipped"
    pytest.skip(reason, allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
EVIL = "<img src=x onerror=window.hit=1>"


class Record:
    def numElements(self):
        return 1

    def value(self, index):
        return f"{EVIL} value"

    def severity(self):
        return 0


class Store:
    """EPICS variables with a name that is markup."""

    def names(self):
        return self.pvNames()

    def pvNames(self):
        return [EVIL, "CXI:DS1:MMS:06.RBV"]

    def aliases(self):
        return []

    def pvName(self, alias):
        return ""

    def getPV(self, name):
        return Record()


@pytest.fixture(scope="module")
def tab(window):
    """A page of its own, in front while these tests run."""
    page = window.context.new_page()
    page.set_default_timeout(15_000)
    yield page
    page.close()
    window.bring_to_front()


@pytest.fixture
def viewer():
    run = fakes.FakeRun()
    run.epics_at = lambda number: Store()
    viewer = served.PageViewer(run, run.detector())
    yield viewer
    viewer.close()


@pytest.fixture
def server(viewer):
    with served.Server(viewer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


@pytest.fixture
def page(tab, server):
    """The page of `xtcview view`, painted; nothing may have failed in it at the end."""
    faults = []
    tab.on("pageerror", note := lambda error: faults.append(str(error)))
    tab.goto(server.address)
    ready(tab)
    yield tab
    tab.remove_listener("pageerror", note)
    assert faults == []
    assert tab.evaluate("window.hit") is None


def ready(tab):
    tab.wait_for_selector(".xtcview[data-shown]")
    tab.evaluate(pages.DRIVER)
    pages.place_probe(tab)


def until(tab, expression):
    """Wait until an expression holds; the page's policy forbids Playwright's own way."""
    for _ in range(200):
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(f"not true in 10 s: {expression}")


def open_panel(page, name):
    page.get_by_role("tab", name=name).click()


def test_its_own_page_shows_every_event(page):
    for index in (1, 63, 21, 42):
        assert page.evaluate("(i) => xv.step(i)", index) is not None
        assert page.evaluate("xv.read_both()") == [index, index]


def test_a_page_without_a_kernel_shows_its_events(tab, viewer, tmp_path):
    viewer.event = 19
    path = viewer.export_html(tmp_path / "events.html", events=6)
    asked = []
    tab.goto("about:blank")  # the last page may still have asked something
    tab.on("request", note := lambda request: asked.append(request.url))
    tab.goto(f"file://{path}")
    ready(tab)
    for place in (5, 0, 3):
        tab.evaluate("(i) => xv.move(i)", place)
        until(tab, f"document.querySelector('.xtcview').dataset.shown == {place}")
        assert tab.evaluate("xv.read_both()") == [19 + place, 19 + place]
    assert "shows event 22" in tab.locator(".xv-status").inner_text()
    open_panel(tab, "Save, code")
    until(tab, "document.querySelector('.xv-code').value.includes('xtcview.open')")
    tab.remove_listener("request", note)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_where_bytes_are_lost_pictures_come_as_text(tab, server):
    def strip(route):
        data = route.fetch().body()
        (length,) = struct.unpack_from("<I", data)
        told = [one | {"sizes": []} for one in json.loads(data[4 : 4 + length])]
        head = json.dumps(told).encode()
        route.fulfill(body=struct.pack("<I", len(head)) + head)

    tab.route("**/ask", strip)
    tab.goto(server.address)
    tab.wait_for_selector("img.xv-png[alt^='event 0 of 64']")
    assert "no binary messages" in tab.locator(".xv-badges").inner_text()
    tab.locator(".xtcview").focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_selector("img.xv-png[alt^='event 1 of 64']")
    assert tab.evaluate("document.querySelector('.xv-png').naturalWidth") > 500
    tab.unroute_all(behavior="wait")


def test_a_name_that_is_markup_is_text(page):
    open_panel(page, "EPICS")
    page.wait_for_selector(".xv-epics .xv-row")
    assert page.locator(".xv-epics dt").first.inner_text() == EVIL
    assert page.locator(".xv-epics dd").first.inner_text() == f"{EVIL} value"
    assert page.locator(".xtcview img").count() == 0
    page.get_by_label("search EPICS names").fill("mms")
    until(page, "document.querySelectorAll('.xv-epics .xv-row').length === 1")


def test_limits_are_dragged_without_the_kernel(page):
    open_panel(page, "Histogram")
    page.wait_for_timeout(600)  # what the panels ask for at first
    page.evaluate("xv.watch()")
    before = page.evaluate("xv.root().xtcview.look.vmax")
    box = page.locator(".xv-handle.xv-vmax").bounding_box()
    page.mouse.move(box["x"] + 7, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, box["y"] + 50, steps=6)
    page.mouse.up()
    look = page.evaluate("xv.root().xtcview.look")
    assert look["vmin"] < look["vmax"] < before
    assert look["auto"] is False
    assert page.evaluate("counted.sent") == {}
    page.keyboard.press("ArrowRight")
    assert page.evaluate("xv.root().xtcview.look.vmax") > look["vmax"]
    assert page.evaluate("xv.root().xtcview.wish") == 0  # the key was the handle's
    page.locator(".xv-limits").dblclick(position={"x": 300, "y": 60})
    assert page.evaluate("xv.root().xtcview.look.auto") is True


def test_a_click_pins_a_pixel_and_follows_it(page):
    row, _ = fakes.block_corner(0)
    at = page.evaluate("xv.probe.raw[0]")
    size = page.evaluate("document.querySelector('canvas.xv-raw').width")
    box = page.locator(".xv-box").first.bounding_box()
    scale = box["width"] / size
    page.mouse.click(box["x"] + (at[0] + 0.5) * scale, box["y"] + (at[1] + 0.5) * scale)
    pin = page.evaluate("xv.root().xtcview.pin")
    assert pin["segment"] == fakes.MARKED
    assert row <= pin["row"] < row + fakes.BLOCK
    until(page, "xv.root().xtcview.tracing?.next === 64")
    values = page.evaluate("[...xv.root().xtcview.tracing.values]")
    expected = [(fakes.WHITE if i & 1 else fakes.BLACK) - fakes.PEDESTAL for i in range(64)]
    gaps = {7, 9, 11}
    assert [v for i, v in enumerate(values) if i not in gaps] == [
        e for i, e in enumerate(expected) if i not in gaps
    ]


def test_a_drag_measures_a_region(page):
    box = page.locator(".xv-box").last.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 280, steps=4)
    page.mouse.up()
    until(page, "document.querySelector('.xv-numbers').textContent.includes('exact')")
    words = page.locator(".xv-numbers").inner_text()
    assert "pixels" in words
    assert "σ" in words
    assert page.get_by_role("tab", name="Region").get_attribute("aria-selected") == "true"


def test_values_are_chosen_and_all_pictures_follow(page, viewer):
    page.evaluate("(i) => xv.step(i)", 30)
    page.get_by_label("values shown").select_option("counts")
    until(page, "xv.root().xtcview.rawLabel.textContent === 'raw'")
    assert viewer.values == "counts"
    until(page, "xv.root().xtcview.look.vmin > 1000")  # counts, the dark is in them
    assert page.evaluate("xv.root().xtcview.shown.index") == 30


def test_the_layout_does_not_move(page):
    height = page.evaluate("xv.root().offsetHeight")
    for name in ("Line-outs", "Radial, rings", "Region", "Pixel", "Neighbours", "Event", "EPICS"):
        open_panel(page, name)
        page.wait_for_timeout(150)
        assert page.evaluate("xv.root().offsetHeight") == height
    page.evaluate("(i) => xv.step(i)", 7)  # an event without data
    assert page.evaluate("xv.root().offsetHeight") == height


NAMELESS = """() => [...document.querySelectorAll(
  '.xtcview button, .xtcview input, .xtcview select, .xtcview textarea, .xtcview [role]')]
  .filter((n) => !['group', 'tabpanel', 'status'].includes(n.getAttribute('role')))
  .filter((n) => !(n.getAttribute('aria-label') || n.textContent.trim() || n.labels?.length
    || n.getAttribute('aria-hidden')))
  .map((n) => n.outerHTML.slice(0, 80))"""


def test_everything_has_a_name_and_is_reached_by_keys(page):
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert page.evaluate(NAMELESS) == []
    open_panel(page, "Histogram")
    page.get_by_role("tab", name="Histogram").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "Line-outs"
    assert page.evaluate("xv.root().xtcview.wish") == 0
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
