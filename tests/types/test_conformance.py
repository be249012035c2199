"""What every registered type must do: exact size, no copy, clear errors, the way back."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.outcome import outcome
from xtcview.errors import FormatError, TruncatedError, UnsupportedTypeError, XtcError
from xtcview.format.headers import type_word
from xtcview.types import cspad, epics, registry
from xtcview.types.record import Record, encode, raw, type_path

TABLES = (  # those that this module knows how to make payloads of
    "alias", "camera", "control", "cspad", "cspad2x2", "epics", "evr", "opal1k",
    "partition", "pulnix",
)  # fmt: skip
ENTRIES = [
    (key, line)
    for key, line in sorted(registry.load_all().items())
    if line.record.__module__.rpartition(".")[2] in TABLES
]
IDS = [f"{line.record.__module__.split('.')[-1]}.{line.record.__name__}" for _, line in ENTRIES]
COUNTS = (
    "neventcodes", "npulses", "noutputs", "numFifoEvents", "nchannels", "npvControls",
    "npvMonitors", "npvLabels", "numPv", "numSrcAlias", "numSources", "numWords",
    "number_of_masked_pixels", "number_of_defect_pixels", "numElements",
)  # fmt: skip
ZEROS = bytes(1 << 16)  # more than what follows the fixed part of any payload here
PIXELS = {"width": 3, "height": 2, "depth": 12}
TESTED = 38  # registered types of these tables


@functools.cache
def config_of(line):
    """A configuration that wants quads 0 and 2, with sections 0 to 2 and 5."""
    if not line.configs:
        return None
    kind = line.configs[-1]
    return kind(encode(kind, quadMask=0b0101, asicMask=0xF, roiMasks=0x20_0007))


@functools.cache
def payload(line):
    """A payload of exact size: counts set to 2, what they count zero."""
    kind = line.record
    names = kind.DTYPE.names or ()
    values = {name: 2 for name in COUNTS if name in names}
    values |= {name: PIXELS[name] for name in PIXELS if kind.__name__ == "FrameV1"}
    head = encode(kind, **values)
    if line.configs:
        quads = [encode(cspad.HeaderV1, quad=q) for q in (2, 0)]
        sections = (8, 8) if kind is cspad.DataV1 else (1, 3)
        tail = [bytes(2 * 185 * 388 * n + 4) for n in sections]
        return b"".join(q + t for q, t in zip(quads, tail, strict=True))
    record = kind(head + ZEROS)
    return (head + ZEROS)[: record.nbytes]


def each(function):
    return pytest.mark.parametrize("line", [line for _, line in ENTRIES], ids=IDS)(function)


def decode(line, data, word=None):
    word = type_word(line.record.TypeId, line.record.Version) if word is None else word
    config = config_of(line)
    return registry.decode(
        word, data, 0, len(data), lambda kind: config if kind is type(config) else None, "a.xtc"
    )


def test_all_types_are_looked_at():
    assert len(ENTRIES) == TESTED


@each
def test_exact_size_is_taken(line):
    data = payload(line)
    record = decode(line, data)
    assert type(record) is line.record
    assert record.nbytes == len(data)
    assert registry.entry(type_word(record.TypeId, record.Version)) is line
    assert decode(line, data + bytes(8)).nbytes == len(data)  # padding behind it is left alone


@each
def test_one_byte_short_is_refused(line):
    data = payload(line)
    if not data:
        return
    with pytest.raises(TruncatedError, match=r"needs .* bytes here") as caught:
        decode(line, data[:-1])
    assert caught.value.file == "a.xtc"
    assert 0 <= caught.value.offset < len(data)
    assert str(caught.value).startswith(f"a.xtc at byte {caught.value.offset}: ")


@each
def test_every_cut_is_refused(line):
    data = payload(line)
    for size in {*range(0, min(len(data), 200), 4), *range(0, len(data), len(data) // 20 + 1)}:
        with pytest.raises(TruncatedError):
            decode(line, data[:size])


@each
def test_accessors_repr_and_asdict(line):
    record = decode(line, payload(line))
    found = record.asdict()
    assert list(found) == list(line.record.NAMES)
    assert all(callable(getattr(record, name)) for name in line.record.NAMES)
    text = repr(record)
    assert text.startswith(f"{type_path(line.record)}(")
    assert "\n" not in text
    assert type_path(line.record).startswith("psana.")


@each
def test_arrays_are_views_that_cannot_be_written(line):
    data = bytearray(payload(line))
    record = decode(line, data)
    whole = np.frombuffer(data, "u1")
    for array in arrays_of(record):
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


def test_some_arrays_were_looked_at():
    found = [n for _, line in ENTRIES for n in arrays_of(decode(line, payload(line)))]
    assert len(found) >= 90


@each
def test_counts_that_lie_are_refused(line):
    kind = line.record
    for name in (n for n in (*COUNTS, *PIXELS) if n in (kind.DTYPE.names or ()) and kind.TAIL):
        width = kind.DTYPE[name].itemsize
        for count in (2 ** (8 * width - 1) - 1, 2 ** (8 * width) - 1):
            values = dict.fromkeys(PIXELS, 16) if name in PIXELS else {}
            head = bytearray(encode(kind, **values))
            at = kind.DTYPE.fields[name][1]
            head[at : at + width] = count.to_bytes(width, "little")
            with pytest.raises(TruncatedError, match=r"a.xtc at byte"):
                decode(line, bytes(head) + bytes(1000))


@each
@settings(max_examples=10)
@given(data=st.data())
def test_what_is_encoded_comes_back(line, data):
    kind, size = line.record, line.record.DTYPE.itemsize
    if line.configs or size > 10_000:
        content = payload(line)
    else:
        head = bytearray(data.draw(st.binary(min_size=size, max_size=size)))
        clean = payload(line)
        for name in (n for n in (*COUNTS, *PIXELS) if n in (kind.DTYPE.names or ())):
            at, width = kind.DTYPE.fields[name][1], kind.DTYPE[name].itemsize
            head[at : at + width] = clean[at : at + width]
        if "_outputOptions" in (kind.DTYPE.names or ()):
            head[5] &= 0xDF  # no output look-up table
        content = bytes(head) + clean[size:]
    record = decode(line, content)
    values = {name: raw(record, name) for name in (kind.DTYPE.names or ())}
    tail = {field[0]: _bytes(raw(record, field[0])) for field in kind.TAIL}
    if not line.configs:  # quads stand in the order of arrival and are given sorted
        assert encode(kind, **values, **tail) == content
        bits = {name: getattr(record, name)() for name in kind.BITS}
        again = kind(encode(kind, **bits, **tail, **_counts(values)))
        assert {name: getattr(again, name)() for name in kind.BITS} == bits


def _counts(values):
    return {name: value for name, value in values.items() if name in (*COUNTS, *PIXELS)}


def _bytes(value):
    if isinstance(value, list):
        return b"".join(bytes(r._data[r._start : r._start + r.nbytes]) for r in value)
    return value.tobytes()


@each
@settings(max_examples=20)
@given(data=st.data())
def test_any_bytes_are_a_record_or_an_error(line, data):
    found = outcome(decode, line, data.draw(st.binary(max_size=400)))
    if isinstance(found, XtcError):
        assert "a.xtc" in str(found)
    else:
        assert found.asdict().keys() == set(line.record.NAMES)
        assert "\n" not in repr(found)


def test_unknown_type():
    with pytest.raises(UnsupportedTypeError, match=r"a.xtc at byte 0: no table for type 999 v3"):
        registry.decode(3 << 16 | 999, b"", 0, 0, lambda kind: None, "a.xtc")


def test_unknown_version():
    with pytest.raises(UnsupportedTypeError, match="CspadElement v77"):
        registry.decode(77 << 16 | 28, b"", 0, 0, lambda kind: None, "a.xtc")


def test_compressed_payload():
    with pytest.raises(UnsupportedTypeError, match="CspadElement v2 compressed"):
        registry.decode(0x8002001C, b"", 0, 0, lambda kind: None, "a.xtc")


def test_missing_configuration_is_named():
    with pytest.raises(UnsupportedTypeError, match="needs one of ConfigV2, ConfigV3"):
        registry.decode(0x2001C, bytes(100), 0, 100, lambda kind: None, "a.xtc")


@pytest.mark.parametrize("code", sorted(epics.RECORDS))
def test_epics_records(code):
    kind = epics.RECORDS[code]
    head = encode(epics.EpicsPvHeader, dbrType=code, numElements=3)
    record = epics.read_pv(head + bytes(2000), 0, 2000, "a.xtc")
    assert type(record) is kind
    data = (head + bytes(2000))[: record.nbytes]
    record = epics.read_pv(data, 0, len(data), "a.xtc")
    assert [record.value(i) for i in range(3)] in ([0, 0, 0], ["", "", ""])
    assert (record.isCtrl(), record.isTime()) == (int(code >= 28), int(code < 28))
    assert (record.status(), record.severity()) == (0, 0)
    assert repr(record).startswith(f"psana.Epics.{kind.__name__}(")
    assert record.asdict()["numElements"] == 3
    for size in range(len(data)):
        with pytest.raises(TruncatedError, match=r"a.xtc at byte"):
            epics.read_pv(data[:size], 0, size, "a.xtc")


# dbrType -> byte at which the values start, from the DAQ's structures
VALUES_AT = {
    14: 20, 15: 22, 16: 20, 17: 22, 18: 23, 19: 20, 20: 24,
    28: 74, 29: 98, 30: 120, 31: 492, 32: 91, 33: 116, 34: 152,
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(VALUES_AT))
def test_where_epics_values_start(code):
    head = encode(epics.EpicsPvHeader, dbrType=code, numElements=0)
    assert epics.read_pv(head + bytes(600), 0, 606).nbytes == VALUES_AT[code]


@pytest.mark.parametrize("code", [0, 13, 21, 27, 35, -1])
def test_epics_record_of_unknown_kind(code):
    data = encode(epics.EpicsPvHeader, dbrType=code) + bytes(100)
    with pytest.raises(XtcError, match=f"a.xtc at byte 0: EPICS dbrType {code}"):
        epics.read_pv(data, 0, len(data), "a.xtc")


class _Cube(Record):
    """Three sizes that the data say."""

    FIELDS = (
        ("a", "<u4"),
        ("b", "<u4"),
        ("c", "<u4"),
        ("data", "u1", lambda s: s.a(), lambda s: s.b(), lambda s: s.c()),
    )


def test_an_empty_array_that_is_too_long_is_refused():
    """0 x 2**32 x 2**32: nothing to read, and no array of numpy."""
    with pytest.raises(FormatError, match=r"a.xtc at byte 12: .* \[0, 4294967295, 4294967295\]"):
        _Cube(np.array([0, 2**32 - 1, 2**32 - 1], "<u4").tobytes(), file="a.xtc")
    assert _Cube(np.array([0, 5, 100_000], "<u4").tobytes()).data().shape == (0, 5, 100_000)


def test_a_line_stays_a_line():
    values = np.array([1e-100, 7.4184123e-69, 4.66730606e-62, -2.35366938e-185])
    line = next(line for _, line in sorted(registry.load_all().items())
                if type_path(line.record) == "psana.Bld.BldDataEOrbitsV0")  # fmt: skip
    record = line.record(np.uint32(4).tobytes() + np.tile(values, 3).tobytes())
    assert record.fBPM_X().tolist() == values.tolist()
    assert "\n" not in repr(record)
