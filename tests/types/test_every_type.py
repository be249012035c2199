"""What all types of all packages must do: exact size, no copy, clear errors, the way back.

Payloads are made, not recorded: counts are small numbers, what they count is any bytes.
"""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.outcome import outcome
from xtcview.errors import TruncatedError, UnsupportedTypeError, XtcError
from xtcview.format.headers import type_word
from xtcview.types import acqiris, alias, bld, camera, cspad, pulnix, registry
from xtcview.types.record import Record, encode, raw, type_path

ENTRIES = sorted(registry.load_all().items())
IDS = [type_path(line.record).removeprefix("psana.") for _, line in ENTRIES]
VARIABLE = [line for _, line in ENTRIES if line.record.TAIL]

# Numbers that say how long something else is.
SIZES = {
    **dict.fromkeys(
        (
            "neventcodes", "npulses", "noutputs", "numFifoEvents", "nchannels", "npvControls",
            "npvMonitors", "npvLabels", "numPv", "numSrcAlias", "numSources", "numWords",
            "number_of_masked_pixels", "number_of_defect_pixels", "nBPMS", "numChannels",
            "nPeaks", "NChannels", "number_of_registers", "number_of_sequences",
            "number_of_streams", "number_of_beam_event_codes", "number_of_laser_event_codes",
            "numberOfRegisters", "numberOfAsicsPerRow", "numberOfAsicsPerColumn", "numLinks",
            "numberOfModules", "numSensors", "numberOfChannels", "calibrationRowCountPerASIC",
            "environmentalRowCountPerASIC", "binX", "binY", "binning_f", "binning_s",
        ),
        2,
    ),
    **dict.fromkeys(
        (
            "width", "height", "numChars", "data_size", "configSize", "payload_size",
            "module_id_len", "desc_len", "numberOfFrames", "numberOfSamples",
            "samplesPerChannel", "numberOfRowsPerModule", "numberOfColumnsPerModule",
            "numberOfRowsPerAsic", "numberOfReadableRowsPerAsic", "numberOfPixelsPerAsicRow",
        ),
        3,
    ),
    "lastRowExclusions": 1, "depth": 12, "payloadSizePerLink": 16 + 24, "firstChan": 1,
    "lastChan": 4, "channelMask": 0b101, "quadMask": 0b101, "asicMask": 0xF,
    "roiMasks": 0x20_0007, "number_of_weights": 3, "calib_poly_dim": 2, "fit_params_dim": 2,
    "base_name_length": 5, "write_projections": 1, "subtract_sideband": 1,
    "use_reference_roi": 1,
}  # fmt: skip
REGION = encode(camera.FrameCoord, column=4, row=2)
NESTED = {
    "horiz": encode(acqiris.HorizV1, nbrSamples=5, nbrSegments=2),
    "sig_roi_hi": REGION, "sb_roi_hi": REGION, "ref_roi_hi": REGION,
}  # fmt: skip
BYTES = np.random.default_rng(35).integers(0, 256, 1 << 14, "u1").tobytes()


def sizes_of(kind):
    """The numbers of `SIZES` that a class has in its fixed part."""
    names = {*(kind.DTYPE.names or ()), *kind.BITS}
    values = {name: value for name, value in SIZES.items() if name in names}
    words = {bits[0] for name, bits in kind.BITS.items() if name in values}
    return {name: value for name, value in values.items() if name not in words}


@functools.cache
def head_of(kind):
    """The fixed part, with lengths and nothing else."""
    names = kind.DTYPE.names or ()
    nested = {name: value for name, value in NESTED.items() if name in names}
    return encode(kind, **sizes_of(kind), **nested)


@functools.cache
def config_of(line):
    """A configuration that the type needs; the last of those that can serve it."""
    if not line.configs:
        return None
    return made(line.configs[-1], None)[1]


@functools.cache
def made(kind, config):
    """A payload of exact size and its record."""
    head = head_of(kind)
    if kind is bld.BldDataPimV1:
        head, behind = bytes(kind.DTYPE.itemsize), head_of(camera.FrameV1) + BYTES
    elif issubclass(kind, cspad.DataV1 | cspad.DataV2):
        sections = (8, 8) if kind is cspad.DataV1 else (1, 3)
        pixels = [bytes(2 * 185 * 388 * n + cspad.TRAILER) for n in sections]
        quads = [encode(cspad.HeaderV1, quad=q) for q in (2, 0)]
        behind = b"".join(q + p for q, p in zip(quads, pixels, strict=True))
    elif kind in (acqiris.DataDescV1, bld.BldDataAcqADCV1):
        behind = bytes(1 << 14)  # a random indexFirstPoint is out of range
    else:
        behind = b"" if kind is acqiris.TdcDataV1 else _lists(kind) + BYTES + bytes(1 << 21)
    if kind is acqiris.TdcDataV1:
        behind = BYTES[:40]
    data = head + behind
    size = kind(data, config=config).nbytes
    return data[:size], kind(data[:size], config=config)


def _lists(kind):
    """What must not be random behind the fixed part: lengths of Generic1D, sequences of EVR."""
    if type_path(kind) == "psana.Generic1D.ConfigV0":
        return np.array([3, 4, 1, 4], "<u4").tobytes()
    return bytes(512) if type_path(kind).startswith("psana.EvrData.Config") else b""


def decode(line, data):
    record, config = line.record, config_of(line)
    word = type_word(record.TypeId, record.Version)
    known = {type(config): config}
    return registry.decode(word, data, 0, len(data), known.get, "a.xtc", 100)


def payload(line):
    return made(line.record, config_of(line))[0]


def each(function):
    return pytest.mark.parametrize("line", [line for _, line in ENTRIES], ids=IDS)(function)


def test_all_types_are_looked_at():
    assert len(ENTRIES) == 184
    assert len(VARIABLE) == 77


@each
def test_exact_size_is_taken(line):
    data = payload(line)
    record = decode(line, data)
    assert type(record) is line.record
    assert record.nbytes == len(data)
    if line.record is not acqiris.TdcDataV1:  # takes all there is
        assert decode(line, data + bytes(3)).nbytes == len(data)


@each
def test_lists_are_not_empty(line):
    """The other tests would see nothing of what varies."""
    if line.record.TAIL:
        lengths = [
            np.size(raw(decode(line, payload(line)), field[0])) for field in line.record.TAIL
        ]
        assert max(lengths) > 0


@each
def test_one_byte_short_is_refused(line):
    data = payload(line)
    if not data:  # Camera.FrameFccdConfigV1
        assert line.record.FIELDS == ()
    elif line.record is acqiris.TdcDataV1:
        assert decode(line, data[:-1]).nbytes == len(data) - 4
    else:
        with pytest.raises(TruncatedError, match=r"needs .* bytes here") as caught:
            decode(line, data[:-1])
        assert caught.value.file == "a.xtc"
        assert 100 <= caught.value.offset < 100 + len(data)


@each
def test_accessors_repr_and_asdict(line):
    record = decode(line, payload(line))
    assert list(record.asdict()) == list(line.record.NAMES)
    text = repr(record)
    assert text.startswith(f"{type_path(line.record)}(")
    assert "\n" not in text
    assert set(line.record.NAMES) <= set(dir(record))


@each
def test_a_notebook_shows_a_table_of_all_fields(line):
    page = decode(line, payload(line))._repr_html_()
    assert page.startswith(f"<table><caption>{type_path(line.record)}</caption>")
    assert [name for name in line.record.NAMES if f">{name}</td>" not in page] == []
    assert page.count("<tr>") == len(line.record.NAMES) + 1


def test_a_table_escapes_what_a_file_says():
    pair = encode(alias.SrcAlias, aliasName=b"<script>")
    assert "&lt;script&gt;" in alias.SrcAlias(pair)._repr_html_()
    assert "<script>" not in alias.SrcAlias(pair)._repr_html_()


@each
def test_methods_without_arguments_answer(line):
    record = decode(line, payload(line))
    for name in methods_of(line.record):
        found = outcome(getattr(record, name))
        assert found is not None
        assert not isinstance(found, XtcError) or "a.xtc at byte" in str(found)


def methods_of(kind):
    own = {name for parent in kind.__mro__[: kind.__mro__.index(Record)] for name in vars(parent)}
    for name in sorted(own):
        member = getattr(kind, name)
        code = getattr(member, "__code__", None)
        if not name.startswith("_") and code and code.co_argcount == 1:
            yield name


@each
def test_arrays_are_views_that_cannot_be_written(line):
    data = bytearray(payload(line))
    whole = np.frombuffer(data, "u1")
    for array in arrays_of(decode(line, data)):
        assert np.shares_memory(array, whole)
        assert not array.flags.writeable


def arrays_of(record):
    """All arrays that accessors give, nested records included."""
    for name in type(record).NAMES:
        shape = getattr(record, f"{name}_shape", None)
        accessor = getattr(record, name)
        values = [accessor()] if shape is None else [accessor(i) for i in range(shape()[0])]
        values = values[0] if values and isinstance(values[0], list) else values
        for value in values:
            if isinstance(value, np.ndarray) and value.size:
                yield value
            elif isinstance(value, Record):
                yield from arrays_of(value)


def test_many_arrays_were_looked_at():
    found = sum(1 for _, line in ENTRIES for _ in arrays_of(decode(line, payload(line))))
    assert found > 400


@pytest.mark.parametrize("line", VARIABLE, ids=lambda line: type_path(line.record))
def test_lengths_that_lie_are_refused(line):
    kind, data = line.record, payload(line)
    for name in sizes_of(kind):
        if name not in (kind.DTYPE.names or ()):
            continue
        at, width = kind.DTYPE.fields[name][1], kind.DTYPE[name].itemsize
        lying = bytearray(data)
        lying[at : at + width] = b"\xff" * width
        found = outcome(decode, line, bytes(lying))
        if isinstance(found, XtcError):
            assert "a.xtc" in str(found)
        else:  # a number that does not matter in this layout
            assert found.nbytes == len(data)


@each
@settings(max_examples=10)
@given(data=st.data())
def test_any_bytes_are_a_record_or_an_error(line, data):
    content = data.draw(st.binary(max_size=400))
    found = outcome(decode, line, content)
    if isinstance(found, XtcError):
        assert "a.xtc" in str(found)
    else:
        assert list(found.asdict()) == list(line.record.NAMES)
        assert repr(found)


@each
def test_any_fixed_part_comes_back(line):
    kind = line.record
    size = kind.DTYPE.itemsize
    if kind.TAIL or size > len(BYTES):
        return
    record = kind(BYTES[:size])
    values = {name: raw(record, name) for name in (kind.DTYPE.names or ())}
    assert encode(kind, **values) == BYTES[:size]
    bits = {name: int(getattr(record, name)()) for name in kind.BITS}
    again = kind(encode(kind, **bits)) if size else record
    assert {name: getattr(again, name)() for name in kind.BITS} == bits


@pytest.mark.parametrize(
    "line", [line for _, line in ENTRIES if line.configs], ids=lambda line: type_path(line.record)
)
def test_without_configuration_it_is_said_which(line):
    word = type_word(line.record.TypeId, line.record.Version)
    with pytest.raises(UnsupportedTypeError, match=f"needs one of {line.configs[0].__name__}"):
        registry.decode(word, bytes(100), 0, 100, lambda kind: None, "a.xtc")


def test_parts_of_shared_records():
    data, record = made(bld.BldDataPimV1, None)
    parts = bld.split(record)
    assert parts[0][0] is pulnix.TM6740ConfigV2
    assert b"".join(part for _, part in parts) == data


@pytest.mark.parametrize(
    "line", [line for _, line in ENTRIES if line.configs], ids=lambda line: type_path(line.record)
)
@settings(max_examples=20)
@given(data=st.data())
def test_any_configuration_gives_a_record_or_an_error(line, data):
    kind = data.draw(st.sampled_from(line.configs))
    size = min(kind.DTYPE.itemsize, 4000)
    start = data.draw(st.binary(min_size=size, max_size=size))
    config = outcome(kind, start + bytes(kind.DTYPE.itemsize - size + 1000))
    if isinstance(config, XtcError):
        assert kind.TAIL
        return
    word = type_word(line.record.TypeId, line.record.Version)
    known = {kind: config}
    found = outcome(registry.decode, word, BYTES, 0, len(BYTES), known.get, "a.xtc")
    assert isinstance(found, line.record | XtcError)
    assert not isinstance(found, XtcError) or str(found)
