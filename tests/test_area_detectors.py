"""Area detectors other than the CSPAD, as a whole: constants, calib, geometry, image."""

import numpy as np
import pytest

import xtcview
from tests.support import areas
from xtcview.calib import assemble, gains, geometry, sensors, store
from xtcview.calib.devices import DEFAULT_GEOMETRIES
from xtcview.calib.medians import Medians, subtract_bank_medians
from xtcview.detector import Detector
from xtcview.errors import ConstantsError
from xtcview.types import andor3d, camera, epix, pnccd, princeton, rayonix
from xtcview.types.record import encode
from xtcview.viewer.messages import label
from xtcview.viewer.reader import Reader


@pytest.fixture
def calib_dir(tmp_path, monkeypatch):
    """A calib folder of its own, known to the detectors."""
    monkeypatch.setattr(xtcview.run.options, "OPTIONS", dict(xtcview.run.options.OPTIONS))
    xtcview.setOption("psana.calib-dir", str(tmp_path / "calib"))
    return tmp_path / "calib"


def deploy(calib_dir, device, **constants):
    """Deploy constants for all runs."""
    for kind, values in constants.items():
        store.deploy(calib_dir, areas.name(device), kind, 0, None, values)


def ramp(*shape, start=0.0, step=0.25):
    return (start + step * np.arange(np.prod(shape))).astype("f4").reshape(shape)


# Jungfrau


@pytest.fixture
def small_jungfrau(tmp_path, calib_dir):
    """Two modules of 4 x 32, all gain bits, counts around 2000."""
    bits = (np.arange(256) % 7 % 4).astype("u2").reshape(2, 4, 32)
    raw = (2000 + areas.pixels(2, 4, 32) % 50).astype("u2") | bits << 14
    with areas.open_run(tmp_path, "Jungfrau", *areas.jungfrau_parts(raw)) as run:
        yield run, raw


def by_hand(raw, pedestals, gain, offset):
    """Count, less pedestal and offset of the pixel's mode, over its gain."""
    found = np.empty(raw.shape, "f8")
    for place, word in np.ndenumerate(raw):
        count, mode = int(word) & 0x3FFF, {0: 0, 1: 1, 3: 2}.get(int(word) >> 14)
        if mode is None:
            found[place] = count
        else:
            at = (mode, *place)
            found[place] = (count - pedestals[at] - offset[at]) / gain[at]
    return found


def test_jungfrau_is_calibrated_by_gain_mode(small_jungfrau, calib_dir):
    run, raw = small_jungfrau
    pedestals, gain = ramp(3, 2, 4, 32, start=1800), ramp(3, 2, 4, 32, start=1)
    offset, status = ramp(3, 2, 4, 32, start=-3), np.zeros((3, 2, 4, 32), "u2")
    status[2, 0, 1, 5], status[0, 1, 3, 31] = 4, 1
    deploy(
        calib_dir,
        "Jungfrau",
        pedestals=pedestals,
        pixel_gain=gain,
        pixel_offset=offset,
        pixel_status=status,
    )
    det, event = Detector("jungfrau", run), run.event(0)
    assert np.array_equal(det.pedestals(event), pedestals)
    bad = status.any(axis=0)
    assert np.array_equal(det.bad(event), bad)
    expected = np.where(bad, 0, by_hand(raw, pedestals, gain, offset))
    plain = det.calib(event, (0,))
    assert plain.dtype == np.float32
    assert np.allclose(plain, expected, rtol=1e-5)
    assert det.constants(event)["pedestals"] == "LOADED 0-end.data"
    assert np.array_equal(det.raw(event), raw)


def test_the_default_common_mode_is_that_of_rows(small_jungfrau, calib_dir):
    run, raw = small_jungfrau
    pedestals = np.full((3, 2, 4, 32), 1950, "f4")
    deploy(calib_dir, "Jungfrau", pedestals=pedestals)
    det, event = Detector("jungfrau", run), run.event(0)
    panels = np.where(raw >> 14 == 2, raw & 0x3FFF, (raw & 0x3FFF) - 1950.0).astype("f4")
    subtract_bank_medians(panels, raw < 1 << 14, Medians(7, 1, 100, 0), banks=16)
    assert np.array_equal(det.calib(event), panels)
    assert not np.array_equal(det.calib(event), det.calib(event, (7, 0, 100)))
    deploy(calib_dir, "Jungfrau", common_mode=np.array([7, 0, 100.0]))
    assert np.array_equal(Detector("jungfrau", run).calib(event), det.calib(event, 0))


def test_without_pedestals_the_gain_bits_are_cut_off_and_it_is_told(small_jungfrau, calib_dir):
    run, raw = small_jungfrau
    det = Detector("jungfrau", run)
    assert np.array_equal(det.calib(run.event(0), (0,)), raw & 0x3FFF)
    assert "no pedestals of CxiEndstation.0:Jungfrau.0" in run.problems[-1].what


def test_constants_without_gain_modes_are_refused(small_jungfrau, calib_dir):
    run, _ = small_jungfrau
    deploy(calib_dir, "Jungfrau", pedestals=ramp(2, 4, 32))
    with pytest.raises(ConstantsError, match=r"768 .*\(3, 2, 4, 32\)"):
        Detector("jungfrau", run).calib(run.event(0))


# Epix10ka


@pytest.mark.parametrize("config", [epix.Config10kaV1, epix.Config10kaV2])
def test_epix10ka_is_calibrated_by_gain_mode(tmp_path, calib_dir, config):
    bits = (np.arange(256) * 4 % 16).reshape(8, 32)
    trbits = [1, 0, 1, 0]
    raw = (3000 + areas.pixels(8, 32) % 60 | (np.arange(256) % 3 == 0).reshape(8, 32) << 14).astype(
        "u2"
    )
    run = areas.open_run(
        tmp_path,
        "Epix10ka",
        [(config, areas.epix_config(config, 8, 32, bits, trbits))],
        [(epix.ElementV3, areas.epix_element(epix.ElementV3, raw))],
    )
    pedestals, gain = ramp(7, 1, 8, 32, start=900), ramp(7, 1, 8, 32, start=1)
    status = np.zeros((7, 1, 8, 32), "u2")
    status[6, 0, 0, 0], status[4, 0, 7, 7] = 1, 1
    deploy(calib_dir, "Epix10ka", pedestals=pedestals, pixel_gain=gain, pixel_status=status)
    det, event = Detector("epix10ka", run), run.event(0)
    asics = np.block(
        [[np.full((4, 16), 1), np.full((4, 16), 0)], [np.full((4, 16), 0), np.full((4, 16), 1)]]
    )
    expected = np.empty((1, 8, 32))
    for (r, c), word in np.ndenumerate(raw):
        mode = mode_of(int(bits[r, c]), int(asics[r, c]), int(word) >> 14 & 1)
        count = int(word) & 0x3FFF
        at = (mode, 0, r, c)
        expected[0, r, c] = count if mode is None else (count - pedestals[at]) / gain[at]
    expected[0, 7, 7] = 0
    plain = det.calib(event, (0,))
    assert plain.shape == (1, 8, 32)
    assert np.allclose(plain, expected, rtol=1e-5)
    assert np.argwhere(det.bad(event)).tolist() == [[0, 7, 7]]  # not the low gain's pixel
    assert np.array_equal(det.calib(event), det.calib(event, (7, 2, 10, 10)))


def mode_of(bits, trbit, low):
    """Gain mode by the meaning of the bits: 8 and 4 fixed high or medium, 8 fixed low, 0 auto."""
    if bits & 12 == 12:
        return 0 if trbit else 1
    if bits & 12 == 8:
        return 2
    if bits & 12 == 4:
        return None
    return (5 if low else 3) if trbit else (6 if low else 4)


@pytest.mark.parametrize(
    ("device", "config", "panels"),
    [("Epix10kaQuad", epix.Config10kaQuadV2, 4), ("Epix10ka2M", epix.Config10ka2MV1, 16)],
)
def test_panels_have_their_own_configuration(tmp_path, calib_dir, device, config, panels):
    fixed = np.where(np.arange(panels) % 2, 8, 12)  # low and high gain in turn
    bits = np.broadcast_to(fixed[:, None, None], (panels, 352, 384))
    raw = np.full((panels, 352, 384), 1000, "u2")
    head = areas.epix_modules(config, panels, bits, np.ones((panels, 4)))
    run = areas.open_run(
        tmp_path, device, [(config, head)], [(epix.ArrayV1, areas.epix_array(raw))]
    )
    det, event = Detector(device.lower(), run), run.event(0)
    gain = np.array([2, 1, 50, 1, 1, 1, 1], "f4").reshape(7, 1, 1, 1)
    full = np.broadcast_to(gain, (7, *det.shape))
    det._constants[("pixel_gain", event.run())] = store.Loaded(full, calib_dir)
    calib = det.calib(event, (0,))
    assert [panel[5, 5] for panel in calib] == [20.0 if i % 2 else 500.0 for i in range(panels)]
    image = det.image(event, raw.astype("f4"))
    assert image.shape == {4: (774, 790), 16: (1674, 1672)}[panels]
    assert image.max() == 1000


# geometry and image


def test_every_default_geometry_fits_its_sensor():
    for (device, segments), _ in DEFAULT_GEOMETRIES.items():
        sensor = sensors.SENSORS[device]
        shape = (segments, sensor.rows, sensor.cols)
        assert segments in sensor.segments
        table = sensors.default_geometry(device, shape)
        assert table.is_default
        assert geometry.segments_shape(table) == shape


@pytest.mark.parametrize("shape", [(2, 64, 128), (3, 512, 1024), (1, 512, 512)])
def test_a_default_table_of_another_size_is_not_taken(shape):
    table = sensors.default_geometry("Jungfrau", shape)
    assert not table.is_default
    assert geometry.segments_shape(table) == shape
    assert geometry.image_shape(table) == (shape[0] * shape[1], shape[2])


def test_stacked_segments_stand_one_below_the_other():
    table = sensors.stacked((3, 4, 5), 2.5)
    assembly = assemble.assembly(*geometry.pixel_indexes(table), False)
    panels = ramp(3, 4, 5, step=1)
    assert np.array_equal(assemble.assemble(panels, assembly), panels.reshape(12, 5))


def test_the_image_of_an_epix100a(tmp_path):
    raw = areas.pixels(704, 768)
    config = areas.epix_config(epix.Config100aV2, 704, 768)
    run = areas.open_run(
        tmp_path,
        "Epix100a",
        [(epix.Config100aV2, config)],
        [(epix.ElementV3, areas.epix_element(epix.ElementV3, raw))],
    )
    det, event = Detector("epix100a", run), run.event(0)
    assert det.raw(event).shape == (704, 768)
    image = det.image(event, det.raw(event))
    assert image.shape == (709, 773)
    assert np.array_equal(np.sort(image[image > 0]), np.sort(raw[raw > 0].ravel().astype("f4")))
    assert det.constants(event)["geometry"] == "DEFAULT"
    assert len(det.tiles(event)) == 4


@pytest.mark.parametrize(
    ("modules", "shape"), [(1, (514, 1030)), (2, (1064, 1030)), (8, (2203, 2299))]
)
def test_the_image_of_a_jungfrau(tmp_path, modules, shape):
    raw = areas.pixels(modules, 512, 1024) & 0x3FFF
    run = areas.open_run(tmp_path, "Jungfrau", *areas.jungfrau_parts(raw))
    det, event = Detector("jungfrau", run), run.event(0)
    image = det.image(event)
    assert image.shape == shape
    assert np.count_nonzero(image) == np.count_nonzero(det.calib(event))
    assert det.constants(event)["geometry"] == "DEFAULT"


def test_the_image_of_a_pnccd(tmp_path):
    links = areas.pixels(4, 512, 512)
    config = encode(pnccd.ConfigV2, numLinks=4, payloadSizePerLink=16 + 2 * 512 * 512)
    data = b"".join(bytes(16) + link.tobytes() for link in links)
    run = areas.open_run(tmp_path, "pnCCD", [(pnccd.ConfigV2, config)], [(pnccd.FramesV1, data)])
    det, event = Detector("pnccd", run), run.event(0)
    assert det.image(event, det.raw(event)).shape == (1400, 1312)


def test_the_image_of_a_camera_is_its_frame(tmp_path, calib_dir):
    pixels = areas.pixels(6, 10)
    config = encode(princeton.ConfigV5, width=10, height=6, binX=1, binY=1)
    data = encode(princeton.FrameV2, data=pixels)
    parts = [(princeton.ConfigV5, config)], [(princeton.FrameV2, data)]
    run = areas.open_run(tmp_path, "Princeton", *parts)
    det, event = Detector("princeton", run), run.event(0)
    assert np.array_equal(det.image(event), pixels.astype("f4"))
    pedestals = ramp(6, 10, start=5)
    deploy(calib_dir, "Princeton", pedestals=pedestals, pixel_gain=np.full((6, 10), 2, "f4"))
    det = Detector("princeton", run)
    assert np.array_equal(det.image(event), (pixels - pedestals) * 2)


def test_sensors_without_geometry_stand_one_below_the_other(tmp_path):
    pixels = areas.pixels(2, 6, 10)
    kind = andor3d.ConfigV1
    config = encode(kind, width=10, height=6, numSensors=2, binX=1, binY=1)
    data = encode(andor3d.FrameV1, temperature=np.zeros(2, "<f4"), data=pixels)
    run = areas.open_run(tmp_path, "DualAndor", [(kind, config)], [(andor3d.FrameV1, data)])
    det, event = Detector("dualandor", run), run.event(0)
    assert np.array_equal(det.image(event), pixels.reshape(12, 10))
    assert det.constants(event)["geometry"] == "NONE (plain matrix)"


@pytest.mark.parametrize("kind", rayonix.Config)
def test_the_pixels_of_a_rayonix_are_as_large_as_configured(tmp_path, kind):
    data = encode(camera.FrameV1, width=10, height=6, depth=16, _pixel_data=bytes(120))
    config = encode(kind, binning_f=8, binning_s=8, deviceID=b"MX170-HS:125")
    run = areas.open_run(tmp_path, "Rayonix", [(kind, config)], [(camera.FrameV1, data)])
    det = Detector("rayonix", run)
    x, y, _ = geometry.pixel_coordinates(det.geometry(run.event(0)))
    assert (x[0, 1, 0] - x[0, 0, 0], y[0, 0, 1] - y[0, 0, 0]) == (352.0, 352.0)


def test_families():
    assert set(gains.FAMILIES) == {"Jungfrau", "Epix10ka", "Epix10kaQuad", "Epix10ka2M"}
    assert all(device in sensors.SENSORS for device in gains.FAMILIES)
    assert set(sensors.PLACED) <= set(sensors.SENSORS)


# what is seen of them


def test_the_viewer_draws_pixels_of_all_gains_calibrated(small_jungfrau, calib_dir):
    run, raw = small_jungfrau
    det = Detector("jungfrau", run)
    plain = Reader(run, det)
    assert np.array_equal(plain.panels(plain.shot(0)), raw)
    assert label(plain) == "raw"
    status = np.zeros((3, 2, 4, 32), "u2")
    status[1, 1, 2, 3] = 1
    pedestals = ramp(3, 2, 4, 32, start=1800)
    deploy(calib_dir, "Jungfrau", pedestals=pedestals, pixel_status=status)
    det = Detector("jungfrau", run)
    reader = Reader(run, det)
    shot = reader.shot(0)
    expected = det.calib(run.event(0), (0,))
    assert np.array_equal(reader.panels(shot), expected)
    assert np.array_equal(reader.exact(shot), expected)
    assert reader.constants()[0] is None
    assert reader.constants()[1].sum() == 1
    assert label(reader) == "calibrated without common mode"
    assert reader.panels(reader.shot(1)).shape == (2, 4, 32)  # an event without data
    assert reader.image(shot).shape in ((8, 32), (32, 8))
    deploy(calib_dir, "Jungfrau", pixel_gain=ramp(2, 4, 32))  # of no use: not by mode
    reader = Reader(run, Detector("jungfrau", run))
    assert np.array_equal(reader.panels(reader.shot(0)), raw)
    assert label(reader) == "raw"
    assert "(3, 2, 4, 32)" in reader.trouble[-1]


def test_reductions_of_other_detectors(small_jungfrau, calib_dir):
    run, raw = small_jungfrau
    found = xtcview.reduce(run, "jungfrau", ops="sum", engines="serial")
    found.wait()
    assert found.n == 1
    assert np.array_equal(found.sum, raw)
