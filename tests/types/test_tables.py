"""Every table against the DAQ's definitions: offsets, types, bits, constants, methods."""

import inspect
import sys
from importlib import import_module

import numpy as np
import pytest

import xtcview
from tests.conftest import golden_json
from xtcview.format.ids import TypeId
from xtcview.types import pds, registry
from xtcview.types.layout import dtype_of, is_static, numpy_field
from xtcview.types.record import REST, Record

DEFINED = golden_json("json/layouts.json.xz")
TYPES, LISTS = DEFINED["types"], DEFINED["lists"]
PAIRS = 184  # type id and version; pnCCD's two classes share one
# Which configurations serve a frame: the definitions name the first, psana's answers to run 35
# show another, so all that can tell the sizes are registered.
MORE_CONFIGS = ("Epix.ElementV1", "Epix.ElementV2", "Epix.ElementV3", "Epix.ArrayV1")
# Lists that have the name of a class of version 0; the class is kept.
HIDDEN_LISTS = (("Bld", "BldDataFEEGasDetEnergy"), ("Bld", "BldDataPhaseCavity"))
# The kinds of a TDC word: given in its place, never as a field of their own.
TDC_WORDS = ("Acqiris.TdcDataV1Common", "Acqiris.TdcDataV1Channel", "Acqiris.TdcDataV1Marker")
CLASSES = sorted(TYPES)


def package(name):
    return pds if name == "Pds" else getattr(xtcview, name)


def find(path):
    name, kind = path.split(".")
    return getattr(package(name), kind)


def offsets(kind):
    """Field -> (type, shape, byte or None behind a field that varies)."""
    found, at = {}, 0
    for field in kind.FIELDS:
        found[field[0]] = (field[1], field[2:], at)
        at = (
            at + np.dtype([numpy_field(field)]).itemsize
            if at is not None and is_static(field)
            else None
        )
    return found


def as_defined(kind):
    """A field type as the definitions write it."""
    if isinstance(kind, type):
        return f"{sys.modules[kind.__module__].PACKAGE}.{kind.__name__}"
    if kind == "S":
        return kind
    dtype = dtype_of(kind)
    return f"S{dtype.itemsize}" if dtype.kind == "S" else dtype.str.replace("|", "")


def each(function):
    return pytest.mark.parametrize("path", CLASSES)(function)


def test_how_much_is_defined():
    assert len(CLASSES) == 260
    assert len(registry.load_all()) == PAIRS
    registered = [path for path, line in TYPES.items() if "typeid" in line]
    assert len(registered) == PAIRS  # and Epics.ConfigV1, and one less for pnCCD


@each
def test_fields(path):
    defined, kind = TYPES[path], find(path)
    ours = offsets(kind)
    rows = []
    for name, (type_, shape, at) in ours.items():
        if name.startswith("_"):
            continue
        shape = ["*" if n == REST else "?" if callable(n) else n for n in shape]
        shape = shape[:-1] if type_ == "S" else shape
        row = [name, at, as_defined(type_), shape]
        rows.append([*row, type_[1].__name__] if isinstance(type_, tuple) else row)
    wanted = [row[:4] if row[0] in kind.BITS else row for row in defined["fields"]]
    assert rows == wanted
    if "size" in defined:
        assert (kind.DTYPE.itemsize, kind.TAIL) == (defined["size"], ())


@each
def test_bits(path):
    kind = find(path)
    ours = offsets(kind)
    found = {}
    for name, (word, low, width, *names) in kind.BITS.items():
        found[name] = [ours[word][2], low, width, names[0].__name__ if names else ""]
    defined = TYPES[path]["bits"]
    assert {name: found.get(name) for name in defined} == defined
    methods = TYPES[path]["methods"]
    enums = {row[0] for row in TYPES[path]["fields"] if len(row) > 4}
    assert found.keys() - defined.keys() <= enums | methods.keys()


@each
def test_enumerations_constants_and_methods(path):
    defined, kind = TYPES[path], find(path)
    for name, values in defined["enums"].items():
        members = getattr(kind, name).__members__
        assert {key: int(member) for key, member in members.items()} == values
    assert {name: getattr(kind, name) for name in defined["constants"]} == defined["constants"]
    for name, arguments in defined["methods"].items():
        assert len(inspect.signature(getattr(kind, name)).parameters) == 1 + arguments
    if path not in TDC_WORDS:
        assert defined["listed"] == kind.LISTED


@each
def test_names_do_not_hide_what_records_are_made_of(path):
    kind = find(path)
    own = {name for name in dir(Record) if not name.startswith("__")}
    meant = {"FIELDS", "BITS", "LISTED", "DTYPE", "TAIL", "NAMES", "published"}
    for parent in kind.__mro__[: kind.__mro__.index(Record)]:
        assert set(vars(parent)) & own <= meant


def test_registry():
    for path, defined in TYPES.items():
        if "typeid" not in defined:
            continue
        kind, key = find(path), tuple(defined["typeid"])
        assert (kind.TypeId, kind.Version) == key
        line = registry.TYPES[key]
        if path == "PNCCD.FullFrameV1":  # made of FramesV1, not read
            continue
        assert line.record is kind
        assert line.store == defined.get("store", line.store)
        configs = [as_defined(config) for config in line.configs]
        wanted = defined.get("configs", [])
        assert configs[: len(wanted)] == wanted
        assert len(configs) == len(wanted) or path in MORE_CONFIGS


def test_configurations_go_into_their_store():
    for line in registry.load_all().values():
        name = line.record.__name__
        assert (line.store == "config") == ("Config" in name), name


def test_every_module_has_the_types_that_the_registry_says():
    for name, numbers in registry.MODULES.items():
        module = import_module(f"xtcview.types.{name}")
        found = {
            t
            for (t, _), line in registry.load_all().items()
            if line.record.__module__ == module.__name__
        }
        assert found == set(numbers)


@pytest.mark.parametrize("name", sorted(LISTS))
def test_lists_without_version(name):
    for title, classes in LISTS[name].items():
        if (name, title) not in HIDDEN_LISTS:
            assert getattr(package(name), title) == [find(f"{name}.{kind}") for kind in classes]


def test_types_that_nobody_decodes():
    for number in (TypeId.Index, TypeId.Xtc, 38, 39, 40, 44, 45, 48, 51, 58, 59, 92, 93, 95, 999):
        assert registry.entry(1 << 16 | number) is None
