"""Numbers read one by one are those that numpy reads; arrays are made when they are asked for."""

import numpy as np
import pytest

from xtcview.errors import FormatError, TruncatedError
from xtcview.types import registry
from xtcview.types.accessors import number
from xtcview.types.record import REST, Record

TYPES = sorted({line.record for line in registry.load_all().values()}, key=lambda k: k.__qualname__)


class Counted(Record):
    FIELDS = (
        ("count", "<u2"),
        ("flag", "i1"),
        ("_pad", "u1"),
        ("values", "<i4", lambda s: s.count(), 2),
        ("pair", "<u2", 2),
        ("last", "<f8"),
        ("rest", "u1", REST),
    )


@pytest.mark.parametrize("kind", TYPES, ids=lambda k: k.__qualname__)
def test_numbers_are_numpys(kind):
    data = np.random.default_rng(3).integers(0, 256, kind.DTYPE.itemsize, "u1").tobytes()
    head = np.frombuffer(data, kind.DTYPE)[0] if data else None
    record = object.__new__(kind)  # its counts need not fit
    record._data, record._start, record._head, record._tail = b"ab" + data, 2, head, {}
    for name, (at, _) in kind.PLACES.items():
        theirs = head[name].item()
        assert at == kind.DTYPE.fields[name][1]
        assert type(number(record, name)) is type(theirs)
        np.testing.assert_equal(number(record, name), theirs)
    plain = [n for n in kind.DTYPE.names or () if kind.DTYPE[n].kind in "iuf"]
    assert [n for n in plain if not kind.DTYPE[n].shape] == list(kind.PLACES)


def test_fields_behind_one_that_varies():
    values = np.arange(6, dtype="<i4")
    data = b"\3\0\xff\0" + values.tobytes() + b"\1\0\2\0" + np.float64(2.5).tobytes() + b"end"
    record = Counted(b"--" + data, 2)
    assert (record.count(), record.flag(), record.last()) == (3, -1, 2.5)
    assert record.values().tolist() == values.reshape(3, 2).tolist()
    assert record.pair().tolist() == [1, 2]
    assert record.rest().tobytes() == b"end"
    assert record.nbytes == len(data)
    assert not record.values().flags.writeable
    assert record.values().base is not None  # nothing is copied
    empty = Counted(b"\0\0\0\0" + b"\1\0\2\0" + bytes(8))
    assert (empty.values().shape, empty.rest().shape) == ((0, 2), (0,))


@pytest.mark.parametrize("cut", range(1, 40))
def test_bytes_that_end_early(cut):
    whole = b"\3\0\xff\0" + bytes(24) + b"\1\0\2\0" + bytes(8)
    with pytest.raises(TruncatedError, match=r"Counted needs \d+ bytes here, found"):
        Counted(whole[: 40 - cut])


class Impossible(Record):
    FIELDS = (("n", "<u4"), ("values", "u1", lambda s: 0, lambda s: s.n(), lambda s: s.n()))


def test_an_empty_array_with_impossible_sides():
    with pytest.raises(FormatError, match=r"has an array of .* here; its counts are wrong"):
        Impossible(b"\xff\xff\xff\xff")
