"""Golden run 35, 36 detectors in 3 events: every value of the DAQ's library and of psana."""

import lzma

import pytest

from tests.conftest import GOLDEN, golden_json
from tests.support.compare import Comparison, leaves_of
from xtcview.errors import FormatError
from xtcview.format import tree
from xtcview.format.headers import DGRAM_SIZE, ROOT, type_word
from xtcview.format.ids import Transition
from xtcview.format.src import make_src
from xtcview.types import bld, pnccd, registry
from xtcview.types.record import type_path

VALUES, OBJECTS = 3294, 138  # how much the DAQ's library told
PSANA_VALUES, PSANA_OBJECTS = 2474, 140  # and psana
ALIGNMENT = 4  # to which the library rounds the sizes that it tells


@pytest.fixture(scope="module")
def data():
    return lzma.decompress((GOLDEN / "xtc" / "e158-r0035-s00-c00.xtc.xz").read_bytes())


@pytest.fixture(scope="module")
def datagrams():
    return golden_json("json/e158-r0035.json.xz")["files"][0]["dgrams"]


class Reader:
    """Reads leaf by leaf and keeps the configurations."""

    def __init__(self, data):
        self.data, self.configs = data, {}

    def __call__(self, datagram):
        at = datagram["off"]
        leaves, faults = tree.walk(self.data, at + DGRAM_SIZE, at + ROOT + datagram["extent"])
        assert not faults
        for leaf, recorded in zip(leaves, leaves_of(datagram), strict=True):
            if "obj" in recorded:
                yield (
                    leaf,
                    self.decode(leaf.contains, self.data, leaf.start, leaf.end, leaf),
                    recorded,
                )

    def decode(self, word, data, start, end, leaf):
        def find(kind):
            return self.configs.get((leaf.phy, kind))

        record = registry.decode(word, data, start, end, find, "r35")
        self.configs[leaf.phy, type(record)] = record
        return record


def test_every_recorded_value(data, datagrams):
    read, compared, objects = Reader(data), Comparison(), 0
    for datagram in datagrams:
        for leaf, record, recorded in read(datagram):
            path = f"byte {leaf.start} {recorded['class']}"
            name = type_path(type(record)).removeprefix("psana.").replace(".", "::")
            compared.equal(name, recorded["class"], path)
            obj = whole(recorded)
            size = obj.pop("_sizeof", record.nbytes)
            rounded = -(-record.nbytes // ALIGNMENT) * ALIGNMENT
            compared.equal(size in (record.nbytes, rounded), True, f"{path}: size {size}")
            compared.value(record, obj, path)
            assert list(record.asdict()) == list(record.NAMES)
            objects += 1
    assert compared.wrong == []
    assert (compared.values, objects) == (VALUES, OBJECTS)


def whole(recorded):
    """The recorded object; of pnCCD's links what is really theirs.

    They have 4096 pixels here: the library shows 512 x 512, most of it memory behind them.
    """
    obj = dict(recorded["obj"])
    if recorded["class"] == "PNCCD::FramesV1":
        links = obj["frame"]
        obj["frame"] = [{k: v for k, v in x.items() if k not in ("data", "_data")} for x in links]
    return obj


def test_links_without_enough_pixels_are_refused(data, datagrams):
    read = Reader(data)
    records = [r for d in datagrams for _, r, _ in read(d) if isinstance(r, pnccd.FramesV1)]
    assert len(records) == 3
    with pytest.raises(FormatError, match="a link of 4096 pixels, expected 262144"):
        records[0].frame(0).data()
    with pytest.raises(FormatError, match="r35 at byte"):
        pnccd.full_frame(records[0])


def published(leaf, record, read):
    """What psana publishes of a record: key -> object."""
    parts = [record]
    if isinstance(record, bld.SHARED):
        words = [(type_word(kind.TypeId, kind.Version), part) for kind, part in bld.split(record)]
        parts = [read.decode(word, part, 0, len(part), leaf) for word, part in words]
    src = make_src(leaf.log, leaf.phy)
    return {f"EventKey(type={type_path(type(x))}, src='{src}')": x for x in parts}


def test_what_psana_told(data, datagrams):
    recorded = golden_json("psana/golden-r0035-idx.json.xz")
    read, compared, objects = Reader(data), Comparison(), 0
    wanted = (Transition.Configure, Transition.L1Accept)
    chosen = [d for d in datagrams if d["service"] in wanted]
    expected = [recorded["config"], *(e["data"] for e in recorded["runs"][0]["events"])]
    for datagram, theirs in zip(chosen, expected, strict=True):
        ours = {}
        for leaf, record, _ in read(datagram):
            ours |= published(leaf, record, read)
        for key, value in theirs.items():
            if "FullFrameV1" in key or "EventId" in key:  # assembled; of no detector
                continue
            compared.value(ours[key], value, key)
            objects += 1
    assert compared.wrong == []
    assert (compared.values, objects) == (PSANA_VALUES, PSANA_OBJECTS)
