"""The viewer in a real JupyterLab, judged by the pixels of both panes."""

import base64
import json
import os

import lab
import measure
import nbformat
import numpy as np
import pages
import pytest
import viewer_fakes as fakes

if lab.find_browser() is None and not os.environ.get("CI"):
    reason = "no Chromium on this machine: the browser tests are skipped"
    pytest.skip(reason, allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def both(page):
    return page.evaluate("xv.read_both()")


def step(page, index):
    assert page.evaluate("(i) => xv.step(i)", index) is not None
    return both(page)


def wait_for(page, index):
    assert page.evaluate("(i) => xv.until(i)", index) is not None


def sent(page):
    """Messages that left the page since `xv.watch()`: by kind, settings included."""
    return page.evaluate("({ ...counted.sent, saved: counted.saved })")


def status(page):
    return page.locator(".xv-status").inner_text()


def badges(page):
    return page.locator(".xv-badges").inner_text()


def test_every_step_is_on_screen_in_both_panes(viewer):
    assert both(viewer) == [20, 20]
    for index in (0, 1, 199, 128, 127, 64, 31):
        assert step(viewer, index) == [index, index]
        assert f"shows event {index}" in status(viewer)


def test_status_names_the_event(viewer):
    step(viewer, 17)
    assert "2013-06-15 12:40:00.141666661 UTC" in status(viewer)
    assert "fiducial 58" in status(viewer)
    slider = viewer.locator(".xv-slider")
    assert "event 17 of 200, 2013-06-15" in slider.get_attribute("aria-valuetext")


def test_drag_paints_nothing_stale_and_ends_on_the_last(viewer):
    viewer.evaluate("xv.watch()")
    drag = viewer.evaluate("xv.drag(20, 180, 2500)")
    seen = [(raw, image) for _, raw, image in drag["seen"]]
    numbers = [raw for raw, _ in seen]
    assert all(raw == image for raw, image in seen)
    assert numbers == sorted(numbers)  # never an older event after a newer one
    assert seen[-1] == (180, 180)
    assert len(set(numbers)) > 5
    assert viewer.evaluate("counted.most_open") == 1
    answers = viewer.evaluate("counted.answers")
    assert set(numbers) <= {20, *answers}
    assert len(answers) <= viewer.evaluate("counted.sent.event")


def test_the_picture_is_sharp_again_when_the_hand_rests(viewer):
    fine = "xv.root().xtcview.frame.f"
    assert viewer.evaluate(fine) == 2
    viewer.evaluate("xv.drag(20, 120, 800)")
    viewer.wait_for_function(f"{fine} === 2")
    assert both(viewer) == [120, 120]


def test_one_event_is_one_message_of_578_kB(viewer):
    viewer.evaluate("xv.watch()")
    step(viewer, 77)
    assert viewer.evaluate("counted.bytes") == [32 * 93 * 194 + 1024]


def test_arrangements_show_the_same_event(viewer):
    viewer.locator(".xv-head select").select_option("stack")
    pages.place_probe(viewer, "stack")
    assert step(viewer, 165) == [165, 165]
    viewer.locator(".xv-head select").select_option("grid")
    pages.place_probe(viewer, "grid")
    assert both(viewer) == [165, 165]


@pytest.mark.parametrize(
    ("key", "index"),
    [
        ("ArrowRight", 21),
        ("ArrowLeft", 19),
        ("Shift+ArrowRight", 30),
        ("Shift+ArrowLeft", 10),
        ("PageUp", 120),
        ("End", 199),
        ("Home", 0),
    ],
)
def test_keys_move_the_event_and_not_the_notebook(viewer, key, index):
    cell = "jupyterapp.shell.currentWidget.content.activeCellIndex"
    before = viewer.evaluate(cell)
    viewer.locator(".xtcview").focus()
    viewer.keyboard.press(key)
    if index == 10:  # that event is partial, its number is still there
        assert badges(viewer) is not None
    wait_for(viewer, index)
    assert viewer.evaluate(cell) == before
    assert viewer.evaluate("document.activeElement.classList.contains('xtcview')")


def test_buttons_and_play(viewer):
    viewer.get_by_label("one event on (right arrow)").click()
    wait_for(viewer, 21)
    viewer.get_by_label("last event (End)").click()
    wait_for(viewer, 199)
    step(viewer, 190)
    viewer.evaluate("xv.forget()")
    viewer.evaluate("xv.watch()")
    viewer.get_by_label("events per second", exact=True).select_option("20")
    viewer.get_by_label("play (space)").click()
    wait_for(viewer, 199)
    assert viewer.evaluate("counted.answers") == list(range(191, 200))  # none left out
    assert viewer.get_by_label("play (space)").is_visible()  # it ended by itself


def test_contrast_changes_pixels_without_a_message(viewer):
    step(viewer, 33)
    pages.settle(viewer)
    viewer.evaluate("xv.watch()")
    heard = pages.kernel(viewer, "len(heard)")
    before = viewer.evaluate("xv.pixels('image')")
    changes = [
        lambda: viewer.get_by_label("highest ADU shown").fill("60"),
        lambda: viewer.get_by_label("highest ADU shown").press("Enter"),
        lambda: viewer.get_by_label("colour map").select_option("magma"),
        lambda: viewer.get_by_label("scale", exact=True).select_option("log"),
        lambda: viewer.get_by_label("lowest ADU shown").fill("-5"),
        lambda: viewer.get_by_label("lowest ADU shown").press("Enter"),
    ]
    pictures = []
    for change in changes:
        change()
        pictures.append(viewer.evaluate("xv.pixels('image')"))
    assert not viewer.get_by_text("auto limits").locator("input").is_checked()
    viewer.get_by_text("auto limits").click()
    pictures.append(viewer.evaluate("xv.pixels('image')"))
    assert len({before, *pictures}) >= 6
    pages.settle(viewer)
    assert sent(viewer) == {"saved": 0}
    assert pages.kernel(viewer, "len(heard)") == heard


def test_settings_reach_python_when_the_focus_leaves(viewer):
    viewer.get_by_label("colour map").select_option("inferno")
    viewer.locator(".jp-Notebook .jp-InputArea").first.click()
    pages.settle(viewer)
    assert pages.kernel(viewer, "(xv.cmap, xv.event)") == ("inferno", 20)


def test_python_moves_the_page(viewer):
    pages.kernel(viewer, "setattr(xv, 'event', 99)")
    wait_for(viewer, 99)
    before = viewer.evaluate("xv.pixels('raw')")
    pages.kernel(viewer, "setattr(xv, 'cmap', 'cividis')")
    viewer.wait_for_function("(old) => xv.pixels('raw') !== old", arg=before)
    assert viewer.get_by_label("colour map").input_value() == "cividis"


def test_the_geometry_picture_can_be_turned(viewer):
    before = viewer.evaluate("['raw', 'image'].map(xv.pixels)")
    for _ in range(4):
        old = viewer.evaluate("xv.pixels('image')")
        viewer.get_by_label("turn the picture counter-clockwise").click()
        viewer.wait_for_function("(old) => xv.pixels('image') !== old", arg=old)
    assert viewer.evaluate("['raw', 'image'].map(xv.pixels)") == before
    assert both(viewer) == [20, 20]


@pytest.mark.parametrize("pane", ["raw", "image"])
def test_hover_reads_the_exact_value(viewer, pane):
    step(viewer, 37)
    segment, row, col = 7, 121, 89
    at = viewer.evaluate(
        "([p, s]) => xv.place(p, s)", [pane, {"segment": 7, "row": 121, "col": 89}]
    )
    viewer.mouse.move(*at)
    viewer.wait_for_function("document.querySelector('.xv-value')")
    text = viewer.locator(".xv-readout").inner_text().replace("\n", " ")
    where = viewer.evaluate("xv.root().xtcview.place")
    assert abs(where["row"] - row) <= 2
    assert abs(where["col"] - col) <= 2
    assert where["segment"] == segment
    run = fakes.FakeRun()
    raw = run.detector().read(run.peek(37)).panels[segment, where["row"], where["col"]]
    assert f"q0 s7 r{where['row']} c{where['col']}" in text
    assert f"{raw} ADU = {raw - fakes.PEDESTAL}.0 + pedestal {fakes.PEDESTAL}.0" in text
    crosses = viewer.evaluate("['raw', 'image'].map((name) => xv.crossed(name))")
    assert crosses == [True, True]  # the cursor is in both panes


def test_hover_says_that_a_pixel_is_bad(viewer):
    at = viewer.evaluate("xv.place('raw', { segment: 20, row: 120, col: 320 })")
    viewer.mouse.move(*at)
    viewer.wait_for_function("document.querySelector('.xv-readout .xv-warn')")
    assert "marked bad" in viewer.locator(".xv-readout").inner_text()


def test_a_damaged_event_is_shown_and_said(viewer):
    assert step(viewer, 5) == [5, 5]
    assert "damaged: DroppedContribution + UserDefined (0x00004002)" in badges(viewer)


def test_absent_segments_are_said(viewer):
    assert step(viewer, 10) == [10, 10]
    assert "8 of 32 segments absent" in badges(viewer)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (7, "no cspad data in this event"),
        (9, "at byte 4096"),
        (11, "cannot be read: e1-r0034-s00-c00.xtc at byte 8192"),
    ],
)
def test_an_event_without_a_picture_says_why(viewer, index, words):
    viewer.evaluate("(i) => xv.move(i)", index)
    viewer.wait_for_function("(i) => xv.root().dataset.shown === String(i)", arg=index)
    assert words in viewer.locator(".xv-message").first.inner_text()
    assert both(viewer) != [20, 20]  # no older picture pretends to be this event
    assert step(viewer, 22) == [22, 22]
    assert not viewer.locator(".xv-message").first.is_visible()


def test_a_part_that_cannot_be_read_is_said(viewer):
    assert step(viewer, 12) == [12, 12]
    assert "a part cannot be read: e1-r0034-s00-c00.xtc at byte 8192" in badges(viewer)
    assert "no damage" not in status(viewer)
    assert viewer.locator(".xv-head").first.inner_text().startswith("raw − pedestal")


@pytest.mark.parametrize(
    ("typed", "index"), [("99", 99), ("999", 199), ("-3", 0), ("2.6", 3), ("", 20)]
)
def test_the_event_box_shows_the_event_on_screen(viewer, typed, index):
    box = viewer.get_by_label("go to event")
    box.fill(typed)
    box.press("Enter")
    wait_for(viewer, index)
    assert box.input_value() == str(index)


def test_limits_in_the_wrong_order_are_refused_until_they_fit(viewer):
    low, high = (viewer.get_by_label(f"{which} ADU shown") for which in ("lowest", "highest"))
    before = viewer.evaluate("xv.pixels('raw')")
    low.fill("5000")
    low.press("Enter")
    assert low.get_attribute("aria-invalid") == "true"
    assert "below" in low.get_attribute("title")
    assert viewer.evaluate("xv.pixels('raw')") == before
    high.fill("9000")
    high.press("Enter")
    assert [low.input_value(), high.input_value()] == ["5000", "9000"]
    assert low.get_attribute("aria-invalid") == high.get_attribute("aria-invalid") == "false"
    assert viewer.evaluate("xv.pixels('raw')") != before
    viewer.get_by_text("auto limits").click()
    assert viewer.evaluate("xv.pixels('raw')") == before


def test_scrubbing_goes_on_while_a_cell_runs(viewer, folder):
    viewer.evaluate("(code) => xv.execute(code)", pages.wait_code(folder))
    try:
        for index in (60, 61, 140):
            assert step(viewer, index) == [index, index]
        assert viewer.evaluate("xv.running()")
    finally:
        (folder / "go").touch()
    viewer.wait_for_function("!xv.running()")


def test_a_silent_kernel_leaves_the_last_picture_greyed(viewer):
    pages.kernel(viewer, "setattr(run, 'delay', 3.0)")
    viewer.evaluate("xv.move(150)")
    viewer.wait_for_selector(".xtcview.xv-late", timeout=8000)
    assert both(viewer) == [20, 20]
    assert "the kernel does not answer" in badges(viewer)
    assert "asked for 150" in status(viewer)
    wait_for(viewer, 150)
    assert not viewer.locator(".xtcview.xv-late").count()
    pages.kernel(viewer, "setattr(run, 'delay', 0.0)")


def test_a_reduction_grows_in_the_panes(viewer):
    pages.kernel(viewer, "[r := fakes.FakeReduction(250), r.advance(77), xv.show(r)] and 0")
    wait_for(viewer, 77)
    assert "mean of 77 events so far, 77 of 250 read" in status(viewer)
    pages.kernel(viewer, "r.advance(200)")
    wait_for(viewer, 200)
    assert step(viewer, 44) == [44, 44]
    pages.kernel(viewer, "r.advance(250)")
    pages.settle(viewer)
    assert both(viewer) == [44, 44]


def test_hover_reads_the_reduction_that_is_shown(viewer):
    """Another reduction, as far as the first one: its own values, not those fetched before."""
    says = "(t) => document.querySelector('.xv-value')?.innerText === t"
    pages.kernel(viewer, "[a := fakes.FakeReduction(50), a.advance(33), xv.show(a)] and 0")
    wait_for(viewer, 33)
    viewer.mouse.move(*viewer.evaluate("xv.place('raw', { segment: 12, row: 120, col: 300 })"))
    viewer.wait_for_function(says, arg=f"{fakes.PEDESTAL + 1.5} ADU")
    other = "{'mean': fakes.FakeReduction.partial(b)['mean'] + 10}"
    make = f"b := fakes.FakeReduction(50), b.advance(33), setattr(b, 'partial', lambda: {other})"
    pages.kernel(viewer, f"[{make}, xv.show(b)] and 0")
    viewer.wait_for_function(says, arg=f"{fakes.PEDESTAL + 11.5} ADU")


def test_the_saved_notebook_keeps_a_picture_and_stays_small(viewer, folder):
    from nbconvert import HTMLExporter

    viewer.evaluate("jupyterapp.commands.execute('docmanager:save')")
    path = folder / "view.ipynb"
    data = nbformat.read(path, 4).cells[0].outputs[0].data
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in data
    assert path.stat().st_size <= 300_000 * 4 / 3
    html, _ = HTMLExporter().from_filename(str(path))
    assert data["image/png"].replace("\n", "")[:200] in html.replace("\n", "")


def test_a_notebook_executed_by_nbconvert_shows_the_picture(folder):
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import ExecutePreprocessor

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(pages.SETUP)])
    ExecutePreprocessor(timeout=60).preprocess(notebook, {"metadata": {"path": str(pages.FAKES)}})
    data = notebook.cells[0].outputs[0].data
    html, _ = HTMLExporter().from_notebook_node(notebook)
    assert notebook.metadata.widgets  # the dead widget's state, which nbconvert would prefer
    assert data["image/png"].replace("\n", "")[:200] in html.replace("\n", "")


def test_numbers_for_the_benchmark_table(viewer, request):
    found = measure.measure_page(viewer)
    request.config.cache.set("xtcview/viewer", found)
    print(json.dumps(found))
    assert found["most_requests_open"] == 1
    assert found["bytes_per_event"] == 32 * 93 * 194 + 1024
    assert np.isfinite(list(found.values())).all()


def test_pictures_of_the_page(viewer, folder):
    step(viewer, 37)
    shot = viewer.locator(".xtcview").screenshot(path=str(folder / "viewer.png"))
    assert len(shot) > 100_000


def test_without_the_widget_in_the_kernel_a_key_says_so(viewer):
    def broken():
        viewer.locator(".xtcview").focus()
        viewer.keyboard.press("ArrowRight")

    viewer.evaluate(
        "() => { const { model, door } = xv.root().xtcview; door.close();"
        " model.xv_send = model.send;"
        " model.send = () => { throw new Error('Cannot send'); }; }"
    )
    broken()
    viewer.wait_for_selector(".xtcview.xv-late")
    assert "run its cell again" in badges(viewer)
    assert "asked for 21" in status(viewer)
    viewer.evaluate("() => { const { model } = xv.root().xtcview; model.send = model.xv_send; }")
    viewer.keyboard.press("ArrowRight")
    wait_for(viewer, 22)
    assert "run its cell again" not in badges(viewer)


def test_closing_the_viewer_in_python_breaks_nothing_in_the_page(page):
    page.locator(".xtcview").focus()
    pages.kernel(page, "xv.close()")
    page.wait_for_function("!document.querySelector('.xtcview')")
    page.keyboard.press("ArrowRight")
    pages.settle(page)
    assert page.faults == []
