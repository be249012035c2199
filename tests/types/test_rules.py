"""What the layouts alone do not tell: assembled frames, remapped pixels, derived numbers."""

import math

import numpy as np
import pytest

from xtcview.errors import FormatError, TruncatedError
from xtcview.format.ids import TypeId
from xtcview.types import (
    acqiris,
    andor,
    archon,
    bld,
    camera,
    encoder,
    epix,
    epixsampler,
    evr,
    fccd,
    generic1d,
    gsc16ai,
    ipimb,
    istar,
    l3t,
    lusi,
    oceanoptics,
    pnccd,
    princeton,
    pulnix,
    quadadc,
    rayonix,
    smldata,
    streak,
    timepix,
    timetool,
    usdusb,
    uxi,
    vimba,
    zyla,
)
from xtcview.types.record import encode


def record(kind, config=None, /, **values):
    return kind(encode(kind, **values), config=config, file="a.xtc", base=1000)


# pnCCD


@pytest.fixture(scope="module")
def links():
    """Four links whose pixels tell link, row and column."""
    config = record(pnccd.ConfigV1, numLinks=4, payloadSizePerLink=16 + 2 * 512 * 512)
    row, column = np.mgrid[:512, :512]
    parts = [
        encode(
            pnccd.FrameV1,
            specialWord=10 + i,
            frameNumber=20 + i,
            timeStampHi=5,
            timeStampLo=[9, 8, 3, 7][i],
            _pixels=(i * 16384 + row * 32 + column % 32).astype("<u2"),
        )
        for i in range(4)
    ]
    return pnccd.FramesV1(b"".join(parts), config=config)


def test_pnccd_links(links):
    assert links.numLinks() == 4
    assert links.frame_shape() == [4]
    assert links.frame(2).data().shape == (512, 512)
    assert links.frame(2).data()[3, 7] == 2 * 16384 + 3 * 32 + 7


def test_pnccd_full_frame(links):
    full = pnccd.full_frame(links)
    pixels, link = full.data(), [links.frame(i).data() for i in range(4)]
    assert (pixels.shape, pixels.dtype) == ((1024, 1024), np.uint16)
    assert np.array_equal(pixels[:512, :512], link[0])
    assert np.array_equal(pixels[:512, 512:], link[3])
    assert np.array_equal(pixels[512:, :512], np.rot90(link[1], 2))
    assert np.array_equal(pixels[512:, 512:], np.rot90(link[2], 2))
    assert (full.specialWord(), full.frameNumber()) == (10, 20)
    assert (full.timeStampHi(), full.timeStampLo()) == (5, 3)
    assert (full.TypeId, full.Version) == (TypeId.pnCCDframe, 1)


def test_pnccd_needs_four_links():
    config = record(pnccd.ConfigV1, numLinks=2, payloadSizePerLink=24)
    frames = pnccd.FramesV1(bytes(48), config=config, file="a.xtc")
    with pytest.raises(FormatError, match="2 links, expected 4"):
        pnccd.full_frame(frames)


# Timepix


def test_timepix_remapping():
    stream = np.arange(1024 * 256, dtype="<u4").astype("<u2").reshape(1024, 256)
    old = record(timepix.DataV1, timestamp=7, frameCounter=8, lostRows=9, data=stream.tobytes())
    new = timepix.as_v2(old)
    wanted = np.zeros((512, 512), "<u2")
    for iy in range(1024):
        ix = np.arange(256)
        if iy < 256:
            x, y = iy, 511 - ix
        elif iy < 512:
            x, y = iy - 256, 255 - ix
        elif iy < 768:
            x, y = 1023 - iy, ix
        else:
            x, y = 1279 - iy, ix + 256
        wanted[y, x] = stream[iy]
    assert np.array_equal(new.data(), wanted)
    assert (new.width(), new.height(), new.depth(), new.depth_bytes()) == (512, 512, 14, 2)
    assert (new.timestamp(), new.frameCounter(), new.lostRows()) == (7, 8, 9)
    assert new.data_size() == old.data_size() == new.data().nbytes
    assert (old.width(), old.height()) == (512, 512)


# Acqiris


def waveforms(first_point, samples=(4, 3)):
    config = record(
        acqiris.ConfigV1,
        channelMask=0b1001,
        horiz=encode(acqiris.HorizV1, nbrSegments=samples[0], nbrSamples=samples[1]),
    )
    parts = []
    for channel in range(2):
        block = np.full(samples[0] * samples[1] + 32, -1, "<i2")
        valid = block[first_point : first_point + 12]
        valid[:] = 100 * channel + np.arange(valid.size)
        stamps = [encode(acqiris.TimestampV1, timeStampLo=i, timeStampHi=channel) for i in range(4)]
        head = encode(acqiris.DataDescV1Elem, indexFirstPoint=first_point, nbrSegments=1)
        parts.append(head + b"".join(stamps) + block.tobytes())
    return acqiris.DataDescV1(b"".join(parts), config=config)


@pytest.mark.parametrize("first_point", [0, 5, 32])
def test_acqiris_waveforms(first_point):
    data = waveforms(first_point)
    assert data.data_shape() == [2]
    element = data.data(1)
    assert element.waveforms().tolist() == (100 + np.arange(12).reshape(4, 3)).tolist()
    assert [stamp.value() for stamp in element.timestamp()] == [(1 << 32) + i for i in range(4)]
    assert element.nbytes == 64 + 4 * 16 + 2 * (12 + 32)


def test_acqiris_first_point_behind_the_block():
    with pytest.raises(TruncatedError):
        waveforms(33)


def test_acqiris_volts():
    channel = record(acqiris.VertV1, fullScale=0.5, offset=0.1)
    assert channel.slope() == 0.5 / 65536
    assert channel.slope() * 32768 - channel.offset() == pytest.approx(0.15)


def test_acqiris_tdc():
    words = [0 << 28 | 3, 2 << 28 | 1000, 1 << 31 | 6 << 28 | 5, 7 << 28 | 16, 7 << 28 | 99]
    hits = acqiris.TdcDataV1(np.array(words, "<u4").tobytes()).data()
    common, hit, late, marker, odd = hits
    assert [type(x).__name__ for x in hits[1:4]] == [
        "TdcDataV1Channel", "TdcDataV1Channel", "TdcDataV1Marker",
    ]  # fmt: skip
    assert all(isinstance(x, acqiris.TdcDataV1_Item) for x in hits)
    assert (common.source().name, common.nhits(), common.overflow()) == ("Comm", 3, 0)
    assert (hit.source().name, hit.ticks(), hit.time()) == ("Chan2", 1000, 1000 * 50e-12)
    assert (late.source().name, late.ticks(), late.overflow()) == ("Chan6", 5, 1)
    assert marker.type() is acqiris.TdcDataV1Marker.Type.AuxIOMarker
    assert odd.type() == 99


def test_acqiris_tdc_settings():
    channel = record(acqiris.TdcChannel, channel=-2, mode=1, slope=1, level=0.5)
    assert channel.channel() is acqiris.TdcChannel.Channel.Veto
    assert (channel.mode().name, channel.slope().name) == ("Inactive", "Negative")
    assert channel._mode_int() == 1 << 31 | 1


# Shared beam line records


def test_split_of_an_intensity_monitor():
    data = encode(ipimb.DataV2, channel0=11)
    config = encode(ipimb.ConfigV2, serialID=12)
    fex = encode(lusi.IpmFexV1, sum=13.0)
    shared = bld.BldDataIpimbV1(bytes(8) + data + config + fex, 8)
    (a, x), (b, y), (c, z) = bld.split(shared)
    assert (a, b, c) == (ipimb.DataV2, ipimb.ConfigV2, lusi.IpmFexV1)
    assert (bytes(x), bytes(y), bytes(z)) == (data, config, fex)
    assert c(z).sum() == 13.0
    assert bld.split(bld.BldDataIpimbV0(bytes(104)))[0][0] is ipimb.DataV1


def test_split_of_a_profile_monitor():
    frame = encode(camera.FrameV1, width=3, height=2, depth=8, _pixel_data=bytes(range(6)))
    parts = encode(pulnix.TM6740ConfigV2, gain_a=5), encode(lusi.PimImageConfigV1, xscale=2.0)
    found = bld.split(bld.BldDataPimV1(b"".join(parts) + frame + bytes(2)))
    assert [kind for kind, _ in found] == [
        pulnix.TM6740ConfigV2, lusi.PimImageConfigV1, camera.FrameV1,
    ]  # fmt: skip
    assert [bytes(part) for _, part in found] == [*parts, frame]  # padding is not part of it


def test_split_of_encoders():
    found = bld.split(bld.BldDataUsdUsbV1(bytes(344)))
    kinds = [usdusb.ConfigV1, usdusb.FexConfigV1, usdusb.DataV1, usdusb.FexDataV1]
    assert [kind for kind, _ in found] == kinds
    assert [len(part) for _, part in found] == [32, 240, 40, 32]


def test_only_shared_records_have_parts():
    with pytest.raises(TypeError, match="BldDataEBeamV0 has no parts"):
        bld.split(bld.BldDataEBeamV0(bytes(52)))


def test_electron_beam_damage_bits():
    assert bld.BldDataEBeamV7.DamageMask.EbeamPhotonEnergyDamage == 1 << 17
    assert [len(kind.DamageMask) for kind in bld.BldDataEBeam] == [6, 7, 8, 10, 14, 17, 18, 18]


# Counts and volts


def test_ipimb_volts():
    old = record(ipimb.DataV1, channel1=65535, channel2=1)
    assert old.channel1Volts() == float(np.float32(3.3))
    assert old.channel2Volts() == float(np.float32(3.3 / 65535))
    new = record(ipimb.DataV2, channel3=65535, channel0ps=13107)
    assert (new.channel3Volts(), new.channel0psVolts()) == (5.0, 1.0)
    assert (new.channel0Volts(), new.channel2psVolts()) == (0.0, 0.0)


def test_ipimb_trigger_counter_is_stored_backwards():
    assert (
        record(ipimb.DataV1, triggerCounter=0x1122334455667788).triggerCounter()
        == 0x1122334455667788
    )
    assert (
        record(ipimb.DataV2, _triggerCounter=0x1122334455667788).triggerCounter()
        == 0x7788556633441122
    )


def test_ipimb_capacitors():
    old = record(ipimb.ConfigV1, chargeAmpRange=0b11_10_01_00)
    assert old.capacitorValue(1) is ipimb.ConfigV1.CapacitorValue.c_100pF
    assert old.capacitorValue(3) == 3  # has no name
    assert old.capacitorValues().tolist() == [0, 1, 2, 3]
    new = record(ipimb.ConfigV2, chargeAmpRange=0x7610)
    assert [new.capacitorValue(i).name for i in range(4)] == [
        "c_1pF",
        "c_4p7pF",
        "c_10nF",
        "expert",
    ]


@pytest.mark.parametrize(
    ("word", "count"), [(5, 5), (0xFFFFFF, -1), (0x800000, -(1 << 23)), (0xAB000007, 7)]
)
def test_counts_of_24_bits(word, count):
    assert encoder.signed24(word) == count
    assert record(encoder.DataV1, encoder_count=word).value() == count
    assert record(encoder.DataV2, encoder_count=[0, word, 0]).value(1) == count
    counts = record(usdusb.DataV1, _count=[0, word, 1, 2]).encoder_count()
    assert (counts.tolist(), counts.dtype) == ([0, count, 1, 2], np.int32)


# Waveforms of any type


def wave8():
    lengths, kinds = [3, 2, 2, 2, 1], [0, 1, 2, 3, 4]
    config = record(
        generic1d.ConfigV0,
        NChannels=5,
        Length=lengths,
        SampleType=kinds,
        Offset=[0] * 5,
        Period=[1.0] * 5,
    )
    parts = [
        np.array(values, dtype).tobytes()
        for values, dtype in [
            ([1, 2, 3], "u1"), ([4, 5], "<u2"), ([6, 7], "<u4"), ([8, 9], "<f4"), ([0.5], "<f8"),
        ]
    ]  # fmt: skip
    data = b"".join(parts)
    return config, record(generic1d.DataV0, config, data_size=len(data), _data_u1=data)


def test_generic1d():
    config, data = wave8()
    assert [config.Depth(i) for i in range(5)] == [1, 2, 4, 4, 8]
    assert [config.data_offset(i) for i in range(6)] == [0, 3, 7, 15, 23, 31]
    assert data.data_u8(0).tolist() == [1, 2, 3]
    assert data.data_u16(1).tolist() == [4, 5]
    assert data.data_u32(2).tolist() == [6, 7]
    assert data.data_f32(3).tolist() == [8, 9]
    assert data.data_f64(4).tolist() == [0.5]
    assert data.data_u16(0).size == data.data_f64(0).size == 0
    assert data._int_data().size == 31
    with pytest.raises(IndexError, match="there are 5"):
        data.data_u8(5)


def test_generic1d_with_lengths_that_lie():
    config = record(
        generic1d.ConfigV0,
        NChannels=2,
        Length=[10, 1],
        SampleType=[4, 9],
        Offset=[0, 0],
        Period=[0.0, 0.0],
    )
    data = record(generic1d.DataV0, config, data_size=8, _data_u1=bytes(8))
    with pytest.raises(TruncatedError, match="needs 80 bytes"):
        data.data_f64(0)
    with pytest.raises(FormatError, match="sample type 9 of channel 1"):
        config.Depth(1)


# Cameras


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (andor.ConfigV1, 12), (princeton.ConfigV4, 8), (princeton.ConfigV5, 12),
        (zyla.ConfigV1, 12), (istar.ConfigV1, 12),
    ],
)  # fmt: skip
def test_binned_frames(kind, header):
    config = record(kind, width=101, height=50, binX=2, binY=3)
    assert (config.numPixelsX(), config.numPixelsY(), config.numPixels()) == (51, 17, 867)
    assert config.frameSize() == header + 2 * 867
    with pytest.raises(FormatError, match=r"a.xtc at byte 1000: ConfigV\d: binning is 0"):
        record(kind, width=1, height=1, binX=0, binY=1).numPixelsX()


def test_frame_of_an_istar():
    config = record(istar.ConfigV1, width=4, height=2, binX=1, binY=1)
    frame = record(zyla.FrameV1, config, timestamp=5, data=np.arange(8))
    assert frame.data().tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_rayonix_sizes():
    small = record(rayonix.ConfigV2, deviceID=b"MX170-HS:125", binning_f=2, binning_s=4)
    assert (small.width(), small.height(), small.numPixels()) == (1920, 960, 1920 * 960)
    assert (small.pixelWidth(), small.pixelHeight()) == (88, 176)
    large = record(rayonix.ConfigV2, deviceID=b"MX340-HS:1", binning_f=2, binning_s=4)
    assert (large.maxWidth(), large.maxHeight()) == (7680, 7680)
    with pytest.raises(FormatError, match="binning_f is 0"):
        record(rayonix.ConfigV1).width()


def test_fccd_sizes():
    config = record(fccd.FccdConfigV1)
    assert (config.width(), config.height()) == (576, 500)
    assert (config.trimmedWidth(), config.trimmedHeight()) == (480, 480)
    assert record(fccd.FccdConfigV2).width() == 1152


def test_vimba_depth():
    assert record(vimba.AlviumConfigV1, pixelMode=3).depth() == 12
    with pytest.raises(FormatError, match="pixel mode 9"):
        record(vimba.AlviumConfigV1, pixelMode=9).depth()


def test_archon():
    config = record(
        archon.ConfigV4,
        biasChan=-3,
        configSize=9,
        config=b"[A]\nB=1\0\0",
        lines=7,
        pixels=5,
        sensorTaps=4,
    )
    assert config.biasChan() is archon.ConfigV4.BiasChannelId.NV3
    assert config.config() == "[A]\nB=1"
    assert (config.numPixelsX(), config.numPixelsY(), config.numPixels()) == (20, 7, 140)


def test_epix_of_several_modules():
    config = epix.Config10ka2MV1(bytes(4347768))
    assert (config.numberOfElements(), config.numberOfAsics()) == (16, 64)
    assert (config.numberOfReadableRows(), config.numberOfColumns()) == (352, 384)
    assert (config.numberOfCalibrationRows(), config.numberOfEnvironmentalRows()) == (4, 2)
    assert config.quad_shape() == [4]
    size = 4 + 16 * 384 * 2 * (352 + 4 + 2) + 2 * 64
    assert epix.ArrayV1(bytes(size), config=config).nbytes == size


def test_uxi_sequences():
    sequence = np.arange(80).reshape(2, 40)
    basic = record(uxi.ConfigV4, timingSequence=sequence)
    assert [basic.timeOn().tolist(), basic.timeOff().tolist(), basic.delay().tolist()] == [
        [0, 40],
        [1, 41],
        [2, 42],
    ]
    assert basic.timing(1).tolist() == [40, 41, 42]
    manual = record(uxi.ConfigV4, timingSequence=sequence, timingMode=2)
    assert manual.timeOn().tolist() == [0, 0]
    assert manual.timingArray().shape == (2, 7)
    with pytest.raises(FormatError, match="timing mode 5"):
        record(uxi.ConfigV4, timingMode=5).timingLength()


def test_uxi_potentiometers():
    config = record(
        uxi.ConfigV1,
        readOnlyPots=1 << 2 | 1 << (13 + 4),
        width=3,
        height=2,
        numberOfFrames=4,
        numberOFBytesPerPixel=2,
    )
    assert [config.potIsReadOnly(i) for i in (2, 3, 17)] == [1, 0, 0]
    assert [config.potIsTuned(i) for i in (4, 2, 17)] == [1, 0, 0]
    assert (config.numPixels(), config.frameSize()) == (24, 48)


# Spectra and times


def test_ocean_optics():
    config = record(oceanoptics.ConfigV1, nonlinCorrect=[2.0, 0.5, 0, 0, 0, 0, 0, 0])
    times = {
        "timeFrameStart": encode(oceanoptics.timespec64, tv_sec=10, tv_nsec=900_000_000),
        "timeFrameEnd": encode(oceanoptics.timespec64, tv_sec=12, tv_nsec=100_000_000),
    }
    counts = np.full(3840, 4)
    inverted = record(oceanoptics.DataV1, config, data=counts ^ 0x2000, **times)
    assert inverted.nonlinerCorrected(7) == 4 / (2 + 0.5 * 4)
    assert inverted.durationOfFrame() == pytest.approx(1.2)
    plain = record(oceanoptics.DataV3, config, data=counts)
    assert plain.nonlinerCorrected(7) == 1.0
    zero = record(oceanoptics.DataV3, record(oceanoptics.ConfigV2), data=counts)
    assert math.isinf(zero.nonlinerCorrected(0))


def test_streak_times():
    config = record(streak.ConfigV1, calib=[2.0, 0.5, 0.25], calibScale=1)
    times = config.calibTimes()
    assert times.shape == (streak.ConfigV1.Column_Pixels,)
    assert times[:3].tolist() == [0, 2.75, 2.75 + 2 + 1 + 1]
    assert config.calibTimesInSeconds()[1] == pytest.approx(2.75e-6)
    with pytest.raises(FormatError, match=r"a.xtc at byte 1040: Streak.ConfigV1: calibScale 4"):
        record(streak.ConfigV1, calibScale=4).calibTimesInSeconds()


def corners(**regions):
    found = {}
    for name, (low, high) in regions.items():
        found[f"{name}_roi_lo"] = encode(camera.FrameCoord, column=low[0], row=low[1])
        found[f"{name}_roi_hi"] = encode(camera.FrameCoord, column=high[0], row=high[1])
    return found


REGIONS = corners(sig=((10, 20), (19, 24)), sb=((0, 0), (3, 7)), ref=((1, 1), (2, 6)))


def test_timetool_projections():
    two = {k: v for k, v in REGIONS.items() if not k.startswith("ref")}
    config = record(timetool.ConfigV1, write_projections=1, **two)
    assert (config.signal_projection_size(), config.sideband_projection_size()) == (10, 0)
    config = record(
        timetool.ConfigV1, write_projections=1, subtract_sideband=1, project_axis=1, **two
    )
    assert (config.signal_projection_size(), config.sideband_projection_size()) == (5, 8)
    assert record(timetool.ConfigV1, subtract_sideband=1, **two).sideband_projection_size() == 0


def test_timetool_reference():
    on = {"write_projections": 1, **REGIONS}
    assert record(timetool.ConfigV2, **on).reference_projection_size() == 0
    assert record(timetool.ConfigV2, use_reference_roi=1, **on).reference_projection_size() == 2
    assert record(timetool.ConfigV3, **on).reference_projection_size() == 2  # on its own


def test_timetool_whole_regions():
    config = record(
        timetool.ConfigV3, write_projections=1, use_full_roi=1, subtract_sideband=1, **REGIONS
    )
    assert config.signal_projection_size() == config.reference_projection_size() == 0
    assert (config.signal_size(), config.sideband_size(), config.reference_size()) == (50, 32, 12)
    data = record(
        timetool.DataV3,
        config,
        full_signal=np.arange(50),
        full_sideband=np.zeros(32),
        full_reference=np.zeros(12),
    )
    assert data.full_signal().shape == (5, 10)
    assert data.event_type().name == "Dark"


def test_timetool_name():
    config = record(timetool.ConfigV1, base_name_length=6, base_name=b"CXI:TT")
    assert config.base_name() == "CXI:TT"


def test_epix_sampler_interval_is_psanas():
    config = record(epixsampler.ConfigV1, adcClkHalfT=14, baseClockFrequency=100_000_000)
    assert config.sampleInterval_sec() == pytest.approx(7e-5)  # 1.4e-7 would be right
    assert math.isinf(record(epixsampler.ConfigV1, adcClkHalfT=1).sampleInterval_sec())


# Others


def test_channels_of_an_analog_card():
    config = record(gsc16ai.ConfigV1, firstChan=2, lastChan=6)
    data = record(gsc16ai.DataV1, config, channelValue=[1, 2, 3, 4, 5])
    assert data.channelValue().tolist() == [1, 2, 3, 4, 5]
    wrong = record(gsc16ai.ConfigV1, firstChan=6, lastChan=2)
    with pytest.raises(TruncatedError):
        gsc16ai.DataV1(bytes(100), config=wrong)


def test_texts_of_any_length():
    config = record(l3t.ConfigV1, module_id_len=4, desc_len=3, module_id=b"ab\0d", desc=b"xyz")
    assert (config.module_id(), config.desc()) == ("ab", "xyz")


def test_quad_adc_has_version_0():
    assert (quadadc.ConfigV1.TypeId, quadadc.ConfigV1.Version) == (TypeId.QuadAdcConfig, 0)


def test_proxy_of_small_data():
    proxy = record(
        smldata.ProxyV1, fileOffset=1 << 40, extent=20, type=(0x2001C).to_bytes(4, "little")
    )
    assert (proxy.fileOffset(), proxy.type().value(), proxy.extent()) == (1 << 40, 0x2001C, 20)


def test_rate_without_name():
    assert record(evr.ConfigV2, opcode=44).rate() is evr.ConfigV2.RateCode.r5Hz
    assert record(evr.ConfigV2, opcode=60).rate() == 20
