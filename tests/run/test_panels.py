"""Raw panels of every area detector: run 35 as psana told it, the others from the type tables."""

import zlib

import numpy as np
import pytest

import xtcview
from tests.conftest import golden_json
from tests.support import areas, smalldata
from xtcview.detector import Detector, area_detectors
from xtcview.errors import FormatError, TruncatedError
from xtcview.format.ids import DEVICES, Damage
from xtcview.run.panels import PAYLOADS, READERS
from xtcview.types import (
    andor,
    camera,
    cspad2x2,
    epix,
    istar,
    pixis,
    pnccd,
    princeton,
    timepix,
    uxi,
    vimba,
)
from xtcview.types.record import encode

# run 35: device -> shape and type of psana's `raw`, and where psana told the checksum
RUN_35 = {
    "CxiSc1.0:Opal1000.0": ((256, 512), "u1", "data8"),
    "MecTargetChamber.0:Opal1000.1": ((128, 256), "u2", "data16"),
    "XcsEndstation.0:OrcaFl40.0": ((64, 128), "u2", "data16"),
    "XppSb3Pim.1:Tm6740.0": ((5, 7), "u1", "data8"),
    "MecTargetChamber.0:Princeton.1": ((100, 200), "u2", "data"),
    "XcsEndstation.0:Epix100a.1": ((64, 192), "u2", "frame"),
    "CxiEndstation.0:Jungfrau.0": ((2, 64, 128), "u2", "frame"),
    "XppEndstation.0:Rayonix.0": ((480, 480), "u2", "data16"),
    "MfxEndstation.0:Zyla.0": ((30, 40), "u2", "data"),
    "SxrEndstation.0:Andor.0": ((50, 90), "u2", "data"),
    "MecTargetChamber.0:Fli.0": ((36, 72), "u2", "data"),
    "AmoEndstation.0:Pimax.0": ((40, 60), "u2", "data"),
    "SxrEndstation.0:DualAndor.0": ((2, 30, 50), "u2", "data"),
    "CxiEndstation.0:Timepix.0": ((32, 64), "u2", "data"),
}
CSPAD2X2 = ("XppGon.0:Cspad2x2.0", "MecTargetChamber.0:Cspad2x2.1")


@pytest.fixture
def run35(golden_dir):
    with xtcview.open(f"exp=cxitut13:run=35:dir={golden_dir}") as run:
        yield run


def told(event, source, field):
    """The checksum that psana told of an array of run 35."""
    events = golden_json("psana/golden-r0035-idx.json.xz")["runs"][0]["events"]
    mine = (v for k, v in events[event]["data"].items() if f"DetInfo({source})" in k)
    return int(next(v[field]["crc32"] for v in mine if isinstance(v, dict) and field in v), 16)


def test_run_35_has_these_area_detectors(run35):
    found = {src.name for src in area_detectors(run35)}
    assert found == {*RUN_35, *CSPAD2X2, "Camp.0:pnCCD.1"}


@pytest.mark.parametrize("source", RUN_35)
def test_run_35_is_what_psana_read(run35, source):
    shape, dtype, field = RUN_35[source]
    det = Detector(source, run35)
    for number in (2, 0, 1):
        raw = det.raw(run35.event(number))
        assert (raw.shape, raw.dtype) == (shape, np.dtype(dtype))
        assert zlib.crc32(raw.tobytes()) == told(number, source, field)
        assert raw.flags.writeable
        assert raw.flags.c_contiguous
    assert det.shape == (shape if len(shape) == 3 else (1, *shape))
    assert det.present(run35.event(0)).tolist() == [True] * det.shape[0]


@pytest.mark.parametrize("source", CSPAD2X2)
def test_cspad2x2_of_run_35(run35, source):
    det = Detector(source, run35)
    for number in range(3):
        raw = det.raw(run35.event(number))
        assert (raw.shape, raw.dtype) == ((2, 185, 388), np.int16)
        daq = np.moveaxis(raw, 0, -1)
        assert zlib.crc32(daq.tobytes()) == told(number, source, "data")


def test_links_of_run_35_are_too_short(run35):
    det = Detector("pnccd", run35)
    event = run35.event(0)
    with pytest.raises(FormatError, match=r"r0035-s00-c00.xtc at byte \d+.* a link of 4096 pixels"):
        det.raw(event)
    assert "a link of 4096 pixels" in event.problems[0].what


def test_raw_is_the_callers_own(run35):
    for source in RUN_35:
        det, event = Detector(source, run35), run35.event(1)
        one = det.raw(event)
        before = one.copy()
        one[...] = 1
        assert np.array_equal(det.raw(event), before)
    frame = run35.event(1).get(camera.FrameV1, xtcview.Source(":Rayonix"))
    assert np.array_equal(frame.data16(), Detector("rayonix", run35).raw(run35.event(1)))


def test_compressed_and_not(golden_dir):
    names = ("CxiSc1.0:Opal1000.0", "CxiSc2.0:Opal4000.0", "XppGon.0:Cspad2x2.0")
    with (
        xtcview.open(f"exp=cxitut13:run=41:dir={golden_dir}") as packed,
        xtcview.open(f"exp=cxitut13:run=42:dir={golden_dir}") as plain,
    ):
        for name in names:
            expected = Detector(name, plain).raw(plain.event(1))
            raw = Detector(name, packed).raw(packed.event(1))
            assert raw.dtype == expected.dtype
            assert np.array_equal(raw, expected)
            raw += 1


def test_every_device_is_named_in_the_table():
    assert set(READERS) <= set(DEVICES)
    assert {payload.ndim for payload in PAYLOADS.values()} == {2, 3}


# detectors that no golden run has


@pytest.mark.parametrize("version", [1, 2, 3, 4])
@pytest.mark.parametrize("modules", [1, 2, 8])
def test_jungfrau(tmp_path, modules, version):
    frame = areas.pixels(modules, 4, 32)
    run = areas.open_run(tmp_path, "Jungfrau", *areas.jungfrau_parts(frame, version))
    det = Detector("jungfrau", run)
    assert np.array_equal(det.raw(run.event(0)), frame)
    assert det.shape == (modules, 4, 32)
    assert det.present(run.event(0)).tolist() == [True] * modules
    assert det.present(run.event(1)).tolist() == [False] * modules
    assert det.raw(run.event(1)) is det.calib(run.event(1)) is det.image(run.event(1)) is None


@pytest.mark.parametrize("element", [epix.ElementV2, epix.ElementV3])
@pytest.mark.parametrize(
    ("device", "config"),
    [
        ("Epix100a", epix.Config100aV1),
        ("Epix100a", epix.Config100aV2),
        ("Epix10ka", epix.Config10kaV1),
        ("Epix10ka", epix.Config10kaV2),
    ],
)
def test_one_epix(tmp_path, device, config, element):
    frame = areas.pixels(8, 32)
    data = areas.epix_element(element, frame)
    run = areas.open_run(
        tmp_path, device, [(config, areas.epix_config(config, 8, 32))], [(element, data)]
    )
    det = Detector(device.lower(), run)
    shape = (1, 8, 32) if device == "Epix10ka" else (8, 32)
    raw = det.raw(run.event(0))
    assert raw.shape == shape
    assert np.array_equal(raw.reshape(8, 32), frame)
    assert det.shape == (1, 8, 32)


@pytest.mark.parametrize(
    ("device", "config"), [("Epix", epix.ConfigV1), ("Epix10k", epix.Config10KV1)]
)
def test_the_first_epix(tmp_path, device, config):
    frame, sizes = areas.pixels(9, 64), areas.epix_sizes(10, 64)
    sizes = {k: v for k, v in sizes.items() if k in {f[0] for f in config.FIELDS}}
    asic = next(field[1] for field in config.FIELDS if field[0] == "asics")
    tail = {f[0]: bytes(0) for f in config.TAIL}
    tail["asics"] = encode(asic) * 4
    for field in config.TAIL[1:]:
        width = 1 if field[1] == "<u4" else 32
        tail[field[0]] = np.zeros((4, 5, width), field[1])
    head = encode(config, lastRowExclusions=1, **sizes, **tail)
    rest = {"excludedRows": np.zeros((1, 64), "<u2"), "temperatures": np.zeros(4, "<u2")}
    data = encode(epix.ElementV1, frame=frame, **rest, lastWord=np.zeros(1, "<u4"))
    run = areas.open_run(tmp_path, device, [(config, head)], [(epix.ElementV1, data)])
    assert np.array_equal(Detector(device.lower(), run).raw(run.event(0)), frame)


@pytest.mark.parametrize(
    ("device", "config", "panels"),
    [
        ("Epix10kaQuad", epix.Config10kaQuadV1, 4),
        ("Epix10kaQuad", epix.Config10kaQuadV2, 4),
        ("Epix10ka2M", epix.Config10ka2MV1, 16),
        ("Epix10ka2M", epix.Config10ka2MV2, 16),
    ],
)
def test_epix_of_several_panels(tmp_path, device, config, panels):
    frame = areas.pixels(panels, 352, 384)
    head = areas.epix_modules(config, panels, np.zeros_like(frame), np.zeros((panels, 4)))
    run = areas.open_run(
        tmp_path, device, [(config, head)], [(epix.ArrayV1, areas.epix_array(frame))]
    )
    det = Detector(device.lower(), run)
    raw = det.raw(run.event(0))
    assert raw.shape == det.shape == (panels, 352, 384)
    assert np.array_equal(raw, frame)


def region(kind, rows, cols, **more):
    """Configuration of a camera without binning."""
    return kind, encode(kind, width=cols, height=rows, binX=1, binY=1, **more)


FRAME = areas.pixels(6, 10)
ALVIUM = encode(vimba.AlviumConfigV1, width=10, height=6)
CAMERAS = {
    "Princeton": (region(princeton.ConfigV1, 6, 10), princeton.FrameV1),
    "Pixis": (region(pixis.ConfigV1, 6, 10), pixis.FrameV1),
    "Andor": (region(andor.ConfigV2, 6, 10), andor.FrameV1),
    "iStar": (region(istar.ConfigV1, 6, 10), None),
    "Alvium": (
        (vimba.AlviumConfigV1, encode(vimba.AlviumConfigV1, width=10, height=6)),
        vimba.FrameV1,
    ),
}


@pytest.mark.parametrize("device", CAMERAS)
def test_cameras_with_payloads_of_their_own(tmp_path, device):
    config, kind = CAMERAS[device]
    if kind is None:
        from xtcview.types.zyla import FrameV1 as kind
    run = areas.open_run(tmp_path, device, [config], [(kind, encode(kind, data=FRAME))])
    raw = Detector(device.lower(), run).raw(run.event(0))
    assert np.array_equal(raw, FRAME)
    assert raw.dtype == np.uint16


def test_uxi(tmp_path):
    frames = areas.pixels(2, 6, 10)
    config = encode(uxi.ConfigV2, width=10, height=6, numberOfFrames=2, numberOFBytesPerPixel=2)
    data = encode(uxi.FrameV1, frames=frames)
    run = areas.open_run(tmp_path, "Uxi", [(uxi.ConfigV2, config)], [(uxi.FrameV1, data)])
    det = Detector("uxi", run)
    assert np.array_equal(det.raw(run.event(0)), frames)
    assert det.shape == (2, 6, 10)


def test_the_first_timepix_is_turned_as_psana_turns_it(tmp_path):
    data = encode(timepix.DataV1, data=areas.pixels(512, 512), lostRows=3)
    run = areas.open_run(tmp_path, "Timepix", [], [(timepix.DataV1, data)])
    event = run.event(0)
    det = Detector("timepix", run)
    raw = det.raw(event)
    shown = event.get(timepix.DataV2, det.src).data()
    assert np.array_equal(raw, shown)
    raw[:] = 0
    assert np.array_equal(det.raw(event), shown)
    assert shown.any()


@pytest.mark.parametrize("device", ["StreakC7700", "Archon", "Opal8000", "ControlsCamera"])
@pytest.mark.parametrize(("depth", "dtype"), [(8, "u1"), (9, "<u2"), (16, "<u2")])
def test_cameras_with_frames(tmp_path, device, depth, dtype):
    pixels = areas.pixels(6, 10).astype(dtype)
    data = encode(camera.FrameV1, width=10, height=6, depth=depth, _pixel_data=pixels.tobytes())
    run = areas.open_run(tmp_path, device, [], [(camera.FrameV1, data)])
    raw = Detector(device.lower(), run).raw(run.event(0))
    assert np.array_equal(raw, pixels)
    assert raw.dtype == np.dtype(dtype)


def test_a_frame_of_three_bytes_per_pixel_is_refused(tmp_path):
    data = encode(camera.FrameV1, width=2, height=2, depth=24, _pixel_data=bytes(12))
    run = areas.open_run(tmp_path, "Opal1000", [], [(camera.FrameV1, data)])
    with pytest.raises(FormatError, match=r"at byte \d+.* 24 bits per pixel, expected at most 16"):
        Detector("opal1000", run).raw(run.event(0))


def test_gains_of_the_fccd960_are_brought_to_one_scale(tmp_path):
    words = np.array([[5, 1 << 13 | 5, 2 << 13 | 5, 3 << 13 | 5], [8191, 16383, 24575, 32767]])
    data = encode(
        camera.FrameV1, width=4, height=2, depth=16, _pixel_data=words.astype("<u2").tobytes()
    )
    run = areas.open_run(tmp_path, "Fccd960", [], [(camera.FrameV1, data)])
    raw = Detector("fccd960", run).raw(run.event(0))
    assert raw.tolist() == [[5, 20, 0, 40], [8191, 32764, 0, 65528]]
    assert raw.dtype == np.uint16


@pytest.mark.parametrize("extra", [0, 6])
def test_pnccd(tmp_path, extra):
    links = areas.pixels(4, 512, 512)
    size = 16 + 2 * 512 * 512 + extra
    config = encode(pnccd.ConfigV1, numLinks=4, payloadSizePerLink=size)
    data = b"".join(bytes(16) + link.tobytes() + bytes(extra) for link in links)
    run = areas.open_run(tmp_path, "pnCCD", [(pnccd.ConfigV1, config)], [(pnccd.FramesV1, data)])
    det = Detector("pnccd", run)
    raw = det.raw(run.event(0))
    assert np.array_equal(raw, links)
    assert raw.flags.writeable
    assert det.shape == (4, 512, 512)
    full = run.event(0).get(pnccd.FullFrameV1, det.src).data()
    assert np.array_equal(full[:512, :512], raw[0])
    assert np.array_equal(full[512:, 512:], raw[2][::-1, ::-1])


@pytest.mark.parametrize("mask", [0, 1, 2, 3])
def test_sections_that_are_not_read_are_absent(tmp_path, mask):
    pixels = areas.pixels(185, 388, 2).astype("<i2")
    config = encode(cspad2x2.ConfigV2, roiMask=mask)
    run = areas.open_run(
        tmp_path,
        "Cspad2x2",
        [(cspad2x2.ConfigV2, config)],
        [(cspad2x2.ElementV1, encode(cspad2x2.ElementV1, data=pixels))],
    )
    det, event = Detector("cspad2x2", run), run.event(0)
    assert det.present(event).tolist() == [bool(mask & 1), bool(mask & 2)]
    assert np.array_equal(det.raw(event), np.moveaxis(pixels, -1, 0))
    calib = det.calib(event, (0,))
    assert [bool(panel.any()) for panel in calib] == det.present(event).tolist()


# faults


def test_damage_hides_the_data(tmp_path):
    damage = int(Damage.IncompleteContribution)
    parts = areas.jungfrau_parts(areas.pixels(1, 4, 32))
    run = areas.open_run(tmp_path, "Jungfrau", *parts, damage=damage)
    det, event = Detector(areas.name("Jungfrau"), run), run.event(0)
    assert det.raw(event) is None
    assert event.damage(det.src) == damage


def test_data_without_configuration_is_told(tmp_path):
    _, data = areas.jungfrau_parts(areas.pixels(1, 4, 32))
    run = areas.open_run(tmp_path, "Jungfrau", [], data)
    event = run.event(0)
    assert Detector("jungfrau", run).raw(event) is None
    assert "needs one of ConfigV1, ConfigV2" in event.problems[0].what


def test_a_payload_that_is_too_short_is_refused(tmp_path):
    config, [(kind, data)] = areas.jungfrau_parts(areas.pixels(2, 4, 32))
    run = areas.open_run(tmp_path, "Jungfrau", config, [(kind, data[:-4])])
    event = run.event(0)
    with pytest.raises(TruncatedError, match=r"s00-c00.xtc at byte \d+.* needs 512 bytes"):
        Detector("jungfrau", run).raw(event)
    assert "needs 512 bytes" in event.problems[0].what


def test_small_data_lead_to_the_panels(tmp_path):
    frame = areas.pixels(2, 64, 128)
    plain = areas.open_run(tmp_path, "Jungfrau", *areas.jungfrau_parts(frame))
    path = plain.files[0].path
    smalldata.write(path)
    with xtcview.open(f"exp=e7:run=3:dir={tmp_path}:smd") as run:
        det = Detector("jungfrau", run)
        raw = det.raw(run.event(0))
        assert np.array_equal(raw, frame)
        raw[:] = 0
        assert np.array_equal(det.raw(run.event(0)), frame)
    plain.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with xtcview.open(f"exp=e7:run=3:dir={tmp_path}:smd") as run:
        event = run.event(0)
        with pytest.raises(TruncatedError, match=r"s00-c00\.xtc"):
            Detector(areas.name("Jungfrau"), run).raw(event)
        assert len(event.problems) == 1


def test_large_payloads_are_read_once_and_not_copied(tmp_path, monkeypatch):
    frame = areas.pixels(2, 512, 1024)
    run = areas.open_run(tmp_path, "Jungfrau", *areas.jungfrau_parts(frame))
    det, event = Detector("jungfrau", run), run.event(0)
    assert det.shape == frame.shape  # what comes first is read
    read = []
    scatter = type(run.files[0]).scatter

    def counted(file, offset, targets, size, what):
        read.append(size)
        return scatter(file, offset, targets, size, what)

    monkeypatch.setattr(type(run.files[0]), "scatter", counted)
    raw = det.raw(event)
    assert len(read) == 1
    assert frame.nbytes < read[0] < frame.nbytes + 100
    assert raw.base is not None
    assert np.array_equal(raw, frame)
