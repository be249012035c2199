"""What scripts rely on in single types: pixels, quads, enumerations, texts."""

import numpy as np
import pytest

from tests.support import runs
from xtcview.format.src import det_info
from xtcview.types import alias, camera, control, cspad, epics, evr, opal1k, pulnix
from xtcview.types.record import Record, encode

ROWS = np.arange(6, dtype="<u2").reshape(2, 3) * 1000


def frame(depth, pixels):
    shape = {"width": pixels.shape[1], "height": pixels.shape[0]}
    return camera.FrameV1(
        encode(camera.FrameV1, depth=depth, offset=32, _pixel_data=pixels.tobytes(), **shape)
    )


def test_camera_pixels():
    found = frame(12, ROWS)
    assert found.data16().tolist() == ROWS.tolist()
    assert found.data16().dtype == np.uint16
    assert found.data8().shape == (0, 0)
    assert (found.width(), found.height(), found.depth(), found.offset()) == (3, 2, 12, 32)
    assert found.depth_bytes() == 2


def test_camera_pixels_are_the_callers_own():
    found = frame(12, ROWS)
    total = found.data16()
    total += found.data16()  # as the classic script does
    assert total.flags.writeable
    assert total.tolist() == (2 * ROWS).tolist()
    assert found.data16().tolist() == ROWS.tolist()


def test_a_sum_in_16_bits_wraps():
    total = frame(16, np.full((1, 1), 40_000, "<u2")).data16()
    total += np.uint16(40_000)
    assert total.tolist() == [[80_000 - 65_536]]  # why a sum needs a wider type


@pytest.mark.parametrize(("depth", "eight"), [(8, True), (9, False), (16, False), (1, True)])
def test_depth_decides_which_pixels_there_are(depth, eight):
    pixels = np.arange(6, dtype="u1" if eight else "<u2").reshape(2, 3)
    found = frame(depth, pixels)
    assert found.data8().shape == ((2, 3) if eight else (0, 0))
    assert found.data16().shape == ((0, 0) if eight else (2, 3))
    assert (found.data8() if eight else found.data16()).tolist() == pixels.tolist()


def test_a_camera_without_pixels():
    assert frame(12, np.zeros((0, 5), "<u2")).data16().shape == (0, 5)


def _quads(*numbers, mask=0xFF):
    config = cspad.ConfigV5(
        encode(cspad.ConfigV5, quadMask=sum(1 << q for q in numbers), asicMask=0xF,
               roiMasks=sum(mask << 8 * q for q in numbers))
    )  # fmt: skip
    data = b""
    for q in numbers:
        pixels = np.full((mask.bit_count(), 185, 388), q, "<i2").tobytes()
        data += encode(cspad.HeaderV2, quad=q, seq_count=7) + pixels + bytes(4)
    return cspad.DataV2(data, 0, len(data), config)


def test_quads_are_sorted_by_number():
    found = _quads(2, 0, 3, 1)
    assert found.quads_shape() == [4]
    assert [found.quads(i).quad() for i in range(4)] == [0, 1, 2, 3]
    assert [int(found.quads(i).data()[7, 184, 387]) for i in range(4)] == [0, 1, 2, 3]


def test_missing_quads_and_sections():
    found = _quads(3, 1, mask=0b1010_0001)
    assert [found.quads(i).quad() for i in range(2)] == [1, 3]
    assert found.quads(0).data().shape == (3, 185, 388)
    assert found.quads(0).sectionMask() == 0b1010_0001


@pytest.mark.parametrize("number", [4, -1, 99])
def test_a_quad_that_is_not_there(number):
    with pytest.raises(IndexError, match=rf"DataV2.quads\({number}\): there are 4"):
        _quads(0, 1, 2, 3).quads(number)


def test_quad_pixels_outlive_the_event():
    pixels = _quads(0).quads(0).data()
    assert not pixels.flags.writeable
    assert int(pixels.sum()) == 0


def test_cspad_configuration_counts():
    config = cspad.ConfigV3(
        encode(cspad.ConfigV3, quadMask=0b1011, asicMask=0xF, roiMasks=0x03_00_FF_01)
    )
    assert (config.numQuads(), config.numAsicsRead(), config.numSect()) == (3, 16, 11)
    assert [config.roiMask(q) for q in range(4)] == [0x01, 0xFF, 0x00, 0x03]
    assert [config.numAsicsStored(q) for q in range(4)] == [2, 16, 0, 4]
    two = cspad.ConfigV1(encode(cspad.ConfigV1, quadMask=0xF, asicMask=1))
    assert (two.numAsicsRead(), two.numSect()) == (4, 2)


def test_enumerations():
    config = pulnix.TM6740ConfigV2(
        encode(pulnix.TM6740ConfigV2, output_resolution=1, vertical_binning=2, lookuptable_mode=1)
    )
    assert config.output_resolution() is config.Depth.Ten_bit
    assert config.vertical_binning() is config.Binning.x4
    assert config.lookuptable_mode() == config.LookupTable.Linear
    assert config.output_resolution_bits() == 10


def test_a_number_that_the_enumeration_does_not_know():
    config = opal1k.ConfigV1(encode(opal1k.ConfigV1, output_resolution=9, output_mirroring=3))
    assert config.output_resolution() == 9
    assert config.output_mirroring() is config.Mirroring.HVFlip


def test_opal_look_up_table_only_when_enabled():
    table = np.arange(4096, dtype="<u2").tobytes()
    found = opal1k.ConfigV1(
        encode(opal1k.ConfigV1, output_lookup_table_enabled=1, output_lookup_table=table)
    )
    assert found.output_lookup_table().tolist() == list(range(4096))
    assert opal1k.ConfigV1(encode(opal1k.ConfigV1)).output_lookup_table().size == 0


def test_texts_end_at_the_first_nul():
    payload = encode(
        alias.ConfigV1,
        numSrcAlias=1,
        srcAlias=encode(alias.SrcAlias, aliasName=b"DscCsPad\0garbage", src=bytes(8)),
    )
    assert alias.ConfigV1(payload).srcAlias()[0].aliasName() == "DscCsPad"


def test_sources_inside_records():
    address = runs.CAMERA.log().to_bytes(4, "little") + runs.CAMERA.phy().to_bytes(4, "little")
    payload = encode(alias.ConfigV1, numSrcAlias=1, srcAlias=encode(alias.SrcAlias, src=address))
    found = alias.ConfigV1(payload).srcAlias()[0].src()
    assert found == runs.CAMERA == det_info(28, 0, 4, 0)
    assert str(found) == "DetInfo(CxiDg2.0:Tm6740.0)"


def test_scan_values():
    one = encode(control.PVControl, name=b"motor", index=0xFFFFFFFF, value=-2.5e-9)
    two = encode(control.PVControl, name=b"array", index=3, value=1.0)
    found = control.ConfigV3(
        encode(control.ConfigV3, npvControls=2, pvControls=one + two, uses_events=1, events=6)
    )
    assert [(p.name(), p.value(), p.array()) for p in found.pvControls()] == [
        ("motor", -2.5e-9, 0),
        ("array", 1.0, 1),
    ]
    assert (found.events(), found.uses_events(), found.uses_duration()) == (6, 1, 0)


def test_event_codes_present():
    fifo = b"".join(encode(evr.FIFOEvent, eventCode=c) for c in (140, 40))
    found = evr.DataV4(encode(evr.DataV4, numFifoEvents=2, fifoEvents=fifo))
    assert [found.present(c) for c in (140, 40, 41)] == [1, 1, 0]
    assert [e.eventCode() for e in found.fifoEvents()] == [140, 40]


def test_epics_values_of_every_kind():
    expected = {"S40": b"state 1", "<i2": -5, "<f4": 1.5, "<u2": 2, "u1": 97, "<i4": -7, "<f8": 4.5}
    for code, kind in epics.RECORDS.items():
        dtype = kind.FIELDS[-1][1]
        data = np.array([expected[dtype]], dtype).tobytes()
        head = epics.read_pv(encode(epics.EpicsPvHeader, dbrType=code) + bytes(600), 0, 606)
        content = encode(epics.EpicsPvHeader, dbrType=code, numElements=1)
        content = content + bytes(head.nbytes - len(content)) + data
        found = epics.read_pv(content, 0, len(content)).value(0)
        wanted = expected[dtype]
        assert found == (wanted.decode() if isinstance(wanted, bytes) else wanted)
        assert type(found) in (int, float, str)


def test_epics_stamp_by_hand():
    words = bytes.fromhex(
        "0300" "1400" "0100" "0000"  # pvId 3, TIME double, one element, pad
        "0100" "0200"  # status, severity
        "6a000000" "07000000"  # 106 s and 7 ns since 1990
        "00000000" "0000000000000440"  # pad, 2.5
    )  # fmt: skip
    found = epics.read_pv(words, 0, len(words))
    assert (found.pvId(), found.value(0)) == (3, 2.5)
    assert (found.status(), found.severity()) == (1, 2)
    assert (found.stamp().sec(), found.stamp().nsec()) == (106, 7)


def test_a_record_of_my_own():
    class Point(Record):
        """A point."""

        FIELDS = (("x", "<i2"), ("y", "<i2", 2), ("_pad", "<u2"))

    found = Point(encode(Point, x=-1, y=[2, 3]))
    assert found.asdict()["x"] == -1
    assert found.y().tolist() == [2, 3]
    assert not hasattr(found, "_pad")
    assert found.nbytes == 8
