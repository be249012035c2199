"""Every value of every object of the golden runs, against the DAQ's own library."""

from collections import Counter

import pytest

from tests.conftest import golden_json
from tests.support.compare import Comparison, leaves_of
from xtcview.format import headers, tree
from xtcview.format.ids import Transition, TypeId
from xtcview.types import epics, registry
from xtcview.types.record import type_path

# how much was recorded: a comparison that skips something must show
VALUES = {34: 4807, 37: 1440, 39: 111_275, 42: 513}
OBJECTS = {34: 179, 37: 18, 39: 5009, 42: 12}


def _decode(leaf, data, configs):
    if headers.type_id(leaf.contains) == TypeId.Epics:
        return epics.read_pv(data, leaf.start, leaf.end)
    return registry.decode(
        leaf.contains, data, leaf.start, leaf.end, lambda kind: configs.get((leaf.phy, kind))
    )


class Reading:
    """One golden file, read leaf by leaf beside the recorded answers."""

    def __init__(self, data):
        self.data, self.configs = data, {}
        self.compared, self.seen, self.unread = Comparison(), Counter(), Counter()

    def datagram(self, recorded):
        at = recorded["off"]
        head = headers.dgram(self.data, at)
        names = ("service", "sec", "nsec", "fiducials", "damage", "extent", "env")
        ours = (head.service, head.seconds, head.nanoseconds, head.fiducial, head.damage)
        ours += (head.extent, head.env)
        names += ("ticks", "control", "vector", "name")
        ours += (head.low & 0xFFFFFF, head.low >> 24, head.high >> 17)
        ours += (Transition(head.service).name,)
        self.compared.equal(ours, tuple(recorded[n] for n in names), f"byte {at}")
        leaves, faults = tree.walk(self.data, at + headers.DGRAM_SIZE, at + head.size)
        theirs = list(leaves_of(recorded))
        self.compared.equal(len(leaves), len(theirs), f"leaves at byte {at}")
        assert not faults
        for leaf, found in zip(leaves, theirs, strict=True):
            self.leaf(leaf, found)

    def leaf(self, leaf, recorded):
        path = f"byte {leaf.start} {recorded.get('class')}"
        src = recorded["src"]
        ours = (leaf.start - 20, leaf.contains, leaf.damage, leaf.log, leaf.phy)
        ours += (leaf.end - leaf.start + 20, headers.version(leaf.contains))
        theirs = (recorded["off"], recorded["typeid"], recorded["damage"], src["log"], src["phy"])
        theirs += (recorded["extent"], recorded["version"])
        self.compared.equal(ours, theirs, path)
        if "obj" not in recorded:
            return
        if registry.entry(leaf.contains) is None and leaf.contains & 0xFFFF != TypeId.Epics:
            self.unread[recorded["class"]] += 1
            return
        record = _decode(leaf, self.data, self.configs)
        self.configs[leaf.phy, type(record)] = record
        name = type_path(type(record)).removeprefix("psana.").replace(".", "::")
        self.compared.equal(name, recorded["class"], f"{path}: class")
        self.compared.value(record, recorded["obj"], path)
        if "_sizeof" in recorded["obj"]:
            self.compared.equal(record.nbytes, recorded["obj"]["_sizeof"], f"{path}: size")
        assert "(" in repr(record)
        assert record.asdict().keys() >= set(type(record).NAMES)
        self.seen[recorded["class"]] += 1


@pytest.mark.parametrize("run", [34, 37, 39, 42])
def test_every_recorded_value(golden_dir, run):
    values, seen, unread = 0, Counter(), Counter()
    for recorded in golden_json(f"json/e158-r{run:04d}.json.xz")["files"]:
        reading = Reading((golden_dir / recorded["file"]).read_bytes())
        for datagram in recorded["dgrams"]:
            reading.datagram(datagram)
        assert reading.compared.wrong == []
        values += reading.compared.values
        seen += reading.seen
        unread += reading.unread
    assert not unread
    assert values == VALUES[run]
    assert seen.total() == OBJECTS[run]


def test_a_comparison_notices_a_wrong_value(golden_dir):
    """The comparison itself: one changed number must show."""
    recorded = golden_json("json/e158-r0042.json.xz")["files"][0]
    every = (leaf for dgram in recorded["dgrams"] for leaf in leaves_of(dgram))
    leaf = next(x for x in every if x.get("class") == "Camera::FrameV1")
    leaf["obj"]["width"] += 1
    leaf["obj"]["data16"]["crc32"] ^= 1
    reading = Reading((golden_dir / "e158-r0042-s00-c00.xtc").read_bytes())
    for datagram in recorded["dgrams"]:
        reading.datagram(datagram)
    assert len(reading.compared.wrong) == 2
