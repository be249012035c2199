"""Which values are shown, and how blocks of pixels become one."""

import numpy as np
import pytest
import traitlets
import viewer_fakes as fakes

from xtcview.errors import ConstantsError
from xtcview.viewer import messages, ways
from xtcview.viewer.frames import make_mask


def shown(viewer, index):
    return viewer._reader.exact(viewer._reader.shot(index))


def test_counts_are_what_the_daq_wrote(viewer):
    viewer.values = "counts"
    raw = viewer._reader.shot(3).raw
    assert np.array_equal(shown(viewer, 3), raw)
    content, _ = messages.event(viewer._reader, 3, 2)
    assert (content["label"], content["subtracted"]) == ("raw", False)


def test_the_running_mean_is_of_the_events_before(viewer, run):
    viewer.values = "running mean"
    raws = [viewer._reader.glance(i).raw.astype(float) for i in range(20, 31)]
    expected = raws[10] - np.mean(raws[:10], axis=0)
    assert np.allclose(shown(viewer, 30), expected, atol=1e-3)
    before = len(run.reads)
    shown(viewer, 31)
    assert len(run.reads) - before == 2  # the shown one, and the one that joined the mean
    content, _ = messages.event(viewer._reader, 31, 2)
    assert content["label"] == "raw − mean of ≤ 10 events before"


def test_events_and_segments_without_data_do_not_count(viewer):
    viewer.values = "running mean"
    good = [viewer._reader.glance(i).raw.astype(float) for i in (3, 4, 5, 6, 8)]
    partial = viewer._reader.glance(10).raw.astype(float)
    twelve = viewer._reader.glance(12).raw
    mean = viewer._reader.earlier.mean(viewer._reader, 12)  # 7, 9 and 11 have no data
    there = [viewer._reader.glance(2).raw.astype(float), *good]
    assert np.allclose(mean[24:], np.mean(there, axis=0)[24:])
    assert np.allclose(mean[:24], np.mean([*there, partial], axis=0)[:24])
    assert np.allclose(shown(viewer, 12), twelve - mean, atol=1e-3)


def test_the_first_event_has_nothing_before_it(viewer):
    viewer.values = "running mean"
    assert np.isnan(shown(viewer, 0)).all()
    content, (codes, _) = messages.event(viewer._reader, 0, 2)
    assert not np.asarray(codes).any()  # no value anywhere
    assert content["data"] is True


def test_calibrated_values_are_those_of_the_detector(viewer):
    wanted = np.full(fakes.SHAPE, 4.25, np.float32)
    viewer._reader.det.calib = lambda evt, *_: wanted
    viewer.values = "calib"
    assert np.array_equal(shown(viewer, 3), wanted)
    assert messages.event(viewer._reader, 3, 2)[0]["label"] == "calibrated"


def test_without_constants_the_viewer_says_so_and_shows_the_rest(viewer):
    def no_calib(evt):
        raise ConstantsError("no file of pedestals")

    viewer._reader.det.calib = no_calib
    viewer.values = "calib"
    content, _ = messages.event(viewer._reader, 3, 2)
    assert (content["label"], content["subtracted"]) == ("raw − pedestal", True)
    assert "not calibrated: no file of pedestals" in viewer._reader.trouble


def test_the_page_drops_its_pictures_when_the_values_change(viewer):
    viewer.binning = "max"
    assert viewer.sent[-1][0] == {"t": "drawn"}
    assert viewer._reader.binning == "max"
    assert messages.event(viewer._reader, 3, 2)[0]["label"].endswith("maximum of blocks")


@pytest.mark.parametrize("name", ["values", "binning"])
def test_other_values_are_refused(viewer, name):
    with pytest.raises(traitlets.TraitError):
        setattr(viewer, name, "nonsense")


@pytest.mark.parametrize("kind", [np.int16, np.float32])
@pytest.mark.parametrize("f", [1, 2, 4, 8])
def test_the_maximum_of_blocks(kind, f):
    rng = np.random.default_rng(1)
    panels = rng.integers(-50, 50, (2, 21, 30)).astype(kind)
    bad = rng.random(panels.shape) < 0.3
    bad[0, :8, :8] = True
    found = ways.block_max(panels, f, make_mask(panels.shape, f, bad))
    for k, r, c in np.ndindex(found.shape):
        part = (k, slice(r * f, r * f + f), slice(c * f, c * f + f))
        good = panels[part][~bad[part]]
        assert found[k, r, c] == (good.max() if good.size else 0)


@pytest.mark.parametrize("value", [0.0, -3.0, float("inf"), float("nan")])
def test_a_distance_is_above_0(viewer, value):
    with pytest.raises(traitlets.TraitError, match=r"distance = .*expected a number of um above 0"):
        viewer.distance = value
