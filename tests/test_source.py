"""Source strings: psana's recorded answers, every form, and what is refused."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xtcview
from tests.conftest import golden_json
from tests.support.outcome import outcome
from xtcview.errors import SourceError
from xtcview.format.ids import BLD_TYPES, DETECTORS, DEVICES, Level
from xtcview.format.src import NO_SRC, BldInfo, DetInfo, ProcInfo, Src, det_info, make_src
from xtcview.source import AliasMap, Pattern, Source, exact, parse

RECORDED = golden_json("psana/sources-r34.json")
TYPES = (
    "EvrData.DataV4",
    "CsPad.DataV2",
    "Camera.FrameV1",
    "Bld.BldDataEBeamV7",
    "Bld.BldDataFEEGasDetEnergyV1",
    "Bld.BldDataPhaseCavity",
)
CSPAD = det_info(32, 0, 10, 0)  # CxiDs1.0:Cspad.0
PULNIX = det_info(28, 0, 4, 0)  # CxiDg2.0:Tm6740.0
EBEAM = BldInfo(Level.Reporter << 24, 0)
PROCESS = ProcInfo(Level.Segment << 24 | 7, 0xAC152509)  # 172.21.37.9
ALL = (CSPAD, PULNIX, EBEAM, PROCESS, NO_SRC)


@pytest.fixture(scope="module")
def event(golden_dir):
    with xtcview.open(f"exp=cxitut13:run=34:dir={golden_dir}") as run:
        yield run.event(0)


@pytest.mark.parametrize("text", list(RECORDED["results"]))
def test_psanas_answer(event, text):
    expected = RECORDED["results"][text]
    source = Source(text)  # never raises here
    kinds = {
        name: getattr(getattr(xtcview, name.split(".")[0]), name.split(".")[1]) for name in TYPES
    }
    if isinstance(expected, str):
        assert expected.startswith("get raises ValueError")
        with pytest.raises(ValueError, match="Source string cannot be parsed"):
            event.get(kinds["CsPad.DataV2"], source)
    else:
        found = [name for name, kind in kinds.items() if event.get(kind, source) is not None]
        assert found == expected


def test_psanas_keys(event):
    internal = ("EventOffset", "DgramList", "type=None")  # psana's own, not data
    expected = [k for k in RECORDED["keys"] if not any(word in k for word in internal)]
    # psana orders types of one source by their C++ names, we by their numbers
    assert sorted(map(repr, event.keys())) == sorted(expected)


def test_of_several_the_first_key_is_meant(golden_dir):
    assert RECORDED["src_wildcards_with_two_of_same_type"] == "first stored key wins"
    assert set(RECORDED) == {"results", "keys", "src_wildcards_with_two_of_same_type"}
    with xtcview.open(f"exp=cxitut13:run=37:dir={golden_dir}") as run:
        event, cspad = run.event(0), xtcview.CsPad.DataV1
        several = [key for key in event.keys() if key.type() is cspad]  # noqa: SIM118
        assert len(several) == 3
        assert event.get(cspad, Source(":Cspad")) is event.get(cspad, several[0].src())
        assert event.get(cspad, Source()) is event.get(cspad, several[0].src())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("DetInfo(CxiDg2.0:Tm6740.0)", (28, 0, 4, 0)),
        ("CxiDg2.0:Tm6740.0", (28, 0, 4, 0)),
        ("CxiDs1-0|Cspad-0", (32, 0, 10, 0)),
        ("DetInfo(CxiDs1-0|Cspad-0)", (32, 0, 10, 0)),
        ("CxiDs1.0:Cspad", (32, 0, 10, None)),
        ("CxiDs1.0:Cspad.", (32, 0, 10, None)),
        ("CxiDs1.0:Cspad.*", (32, 0, 10, None)),
        ("CxiDs1", (32, None, None, None)),
        ("CxiDs1.*", (32, None, None, None)),
        ("CxiDs1.0:", (32, 0, None, None)),
        ("CxiDs1.0:*.*", (32, 0, None, None)),
        (":Cspad", (None, None, 10, None)),
        ("*.*:Cspad.*", (None, None, 10, None)),
        ("DetInfo(:Cspad)", (None, None, 10, None)),
        ("DetInfo()", (None, None, None, None)),
        ("DetInfo(:)", (None, None, None, None)),
        ("DetInfo (CxiDs1.0:Cspad.0)", (32, 0, 10, 0)),
        ("DetInfo( CxiDs1.0:Cspad.0 )", (32, 0, 10, 0)),
        ("DetInfo(CxiDs1.0:Cspad.0) and more", (32, 0, 10, 0)),
        ("  CxiDs1.0:Cspad.0  ", (32, 0, 10, 0)),
        ("CxiDs1.255:Cspad.0", (32, None, 10, 0)),  # 255 is psana's wildcard
        ("CxiDs1.256:Cspad.257", (32, 0, 10, 1)),  # cut to 8 bits, as in psana
        ("AmoGasdet.0:Acqiris", (2, 0, 2, None)),  # spelling of old runs
        ("CxiDg2.0:TM6740.0", (28, 0, 4, 0)),
    ],
)
def test_detector_forms(text, parts):
    assert parse(text) == Pattern("DetInfo", parts)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", Pattern("any")),
        ("   ", Pattern("any")),
        ("EBeam", Pattern("BldInfo", (0,))),
        ("BldInfo(EBeam)", Pattern("BldInfo", (0,))),
        ("BldInfo()", Pattern("BldInfo", (None,))),
        ("XCS-IPM-gon", Pattern("BldInfo", (57,))),
        ("CxiDg1_Pim", Pattern("BldInfo", (31,))),
        ("ProcInfo(172.21.37.9)", Pattern("ProcInfo", (0xAC152509,))),
        ("ProcInfo()", Pattern("ProcInfo", (None,))),
    ],
)
def test_other_forms(text, pattern):
    assert parse(text) == pattern


@pytest.mark.parametrize(
    "text",
    [
        "Cspad",
        "Evr",
        "cspad",
        "CXIDS1.0:CSPAD.0",
        "CxiDs1.0:Foo.0",
        "Foo.0:Cspad.0",
        "CxiDs1.x:Cspad.0",
        "CxiDs1.0.1:Cspad.0",
        "CxiDs1.0|Cspad.0",
        "CxiDs1-0:Cspad-0",
        "BldInfo(ebeam)",
        "BldInfo(CxiDs1)",
        "DetInfo(EBeam)",
        "ProcInfo(172.21.37)",
        "ProcInfo(172.21.37.256)",
        "ProcInfo(172.21.37.9, pid=7)",
        "DetInfo",
        "detinfo(CxiDs1)",
        "(CxiDs1)",
        "CxiDs1.-1:Cspad.0",
    ],
)
def test_what_is_no_source(text):
    Source(text)
    with pytest.raises(SourceError, match="Source string cannot be parsed") as caught:
        Source(text).resolve()
    assert repr(text) in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", ALL),
        ("DetInfo()", (CSPAD, PULNIX)),
        ("BldInfo()", (EBEAM,)),
        ("ProcInfo()", (PROCESS,)),
        ("ProcInfo(172.21.37.9)", (PROCESS,)),
        (":Cspad", (CSPAD,)),
        ("CxiDg2", (PULNIX,)),
        ("EBeam", (EBEAM,)),
    ],
)
def test_matching(text, matches):
    pattern = parse(text)
    assert [src for src in ALL if pattern.matches(src)] == list(matches)


def test_other_constructors():
    assert Source().resolve() == Pattern("any")
    assert Source(None).resolve() == Pattern("none")
    assert [s for s in ALL if Source(None).resolve().matches(s)] == [NO_SRC]
    assert Source(CSPAD).resolve() == Pattern("DetInfo", (32, 0, 10, 0))
    assert Source(PROCESS).resolve().matches(PROCESS)
    assert Source(EBEAM).resolve() == Source(0).resolve() == Pattern("BldInfo", (0,))
    assert Source(32, 0, 10, 0).resolve() == exact(CSPAD)
    assert Source(NO_SRC).resolve() == Pattern("none")


@pytest.mark.parametrize("args", [(1.5,), (1, 2), (b"CxiDs1",), (1, 2, 3, "4")])
def test_what_source_does_not_take(args):
    with pytest.raises(TypeError, match="Source takes"):
        Source(*args)


def test_text_form():
    assert repr(Source("XppGon.0:Cspad.0")) == 'Source("XppGon.0:Cspad.0")'


def test_aliases_come_first():
    aliases = AliasMap()
    aliases.add("EBeam", CSPAD)
    aliases.add("front", PULNIX)
    assert Source("EBeam").resolve(aliases) == exact(CSPAD)
    assert Source("front").resolve(aliases) == exact(PULNIX)
    assert Source("BldInfo(EBeam)").resolve(aliases) == Pattern("BldInfo", (0,))
    with pytest.raises(SourceError, match="Did you mean 'front'"):
        Source("frnt").resolve(aliases)
    with pytest.raises(SourceError):
        Source(" front ").resolve(aliases)  # blanks are stripped only behind the look-up


def test_the_first_alias_wins_both_ways():
    aliases = AliasMap()
    aliases.add("one", CSPAD)
    aliases.add("one", PULNIX)
    aliases.add("two", CSPAD)
    assert aliases.src("one") == CSPAD
    assert aliases.alias(CSPAD) == "one"
    assert aliases.alias(PULNIX) == "one"  # each direction by itself, as in psana
    assert aliases.src("nobody") == NO_SRC
    assert aliases.aliases() == ["one", "two"]


def test_sources_in_order_of_appearance():
    aliases = AliasMap()
    for src in (PULNIX, PROCESS, EBEAM, CSPAD, PULNIX, NO_SRC):
        aliases.see(src)
    assert aliases.srcs() == [PULNIX, EBEAM, CSPAD]


@pytest.mark.parametrize(
    ("src", "text"),
    [
        (CSPAD, "DetInfo(CxiDs1.0:Cspad.0)"),
        (det_info(52, 3, 57, 254), "DetInfo(DetLab.3:Alvium.254)"),
        (det_info(200, 0, 99, 0), "DetInfo(-Invalid-.0:-Invalid-.0)"),
        (EBEAM, "BldInfo(EBeam)"),
        (BldInfo(6 << 24, 95), "BldInfo(HXX-DG1-BMMON-01)"),
        (BldInfo(6 << 24, 96), "BldInfo(-Invalid-)"),
        (PROCESS, "ProcInfo(172.21.37.9, pid=7)"),
    ],
)
def test_printed_sources(src, text):
    assert str(src) == repr(src) == text


def test_identity_is_level_and_phy():
    other = DetInfo(Level.Source << 24 | 4711, CSPAD.phy())
    assert other == CSPAD
    assert len({other, CSPAD}) == 1
    assert BldInfo(Level.Reporter << 24, CSPAD.phy()) != CSPAD
    assert CSPAD != "CxiDs1.0:Cspad.0"


@pytest.mark.parametrize("src", ALL)
def test_sources_travel(src):
    again = pickle.loads(pickle.dumps(src))
    assert again == src
    assert (type(again), again.log()) == (type(src), src.log())


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        (1 << 24, DetInfo),
        (6 << 24, BldInfo),
        (2 << 24, ProcInfo),
        (0, ProcInfo),
        (3 << 24, ProcInfo),
    ],
)
def test_the_level_tells_the_kind(log, kind):
    assert type(make_src(log, 5)) is kind
    assert make_src(0xFFFFFFFF, 0xFFFFFFFF) is NO_SRC


def test_name_tables():
    assert (DETECTORS[32], DETECTORS[52], len(DETECTORS)) == ("CxiDs1", "DetLab", 53)
    assert (DEVICES[4], DEVICES[10], DEVICES[57], len(DEVICES)) == ("Tm6740", "Cspad", "Alvium", 58)
    assert (BLD_TYPES[26], BLD_TYPES[95], len(BLD_TYPES)) == ("GMD", "HXX-DG1-BMMON-01", 96)


@given(st.builds(det_info, *[st.integers(0, n) for n in (52, 254, 57, 254)]))
def test_every_detector_is_found_by_its_printed_name(src):
    assert parse(str(src)) == exact(src)
    assert parse(src.name) == exact(src)


@given(st.sampled_from([(i, name) for i, name in enumerate(BLD_TYPES)]))
def test_every_bld_record_is_found_by_its_name(bld):
    assert parse(f"BldInfo({bld[1]})") == parse(bld[1]) == Pattern("BldInfo", (bld[0],))


@given(st.text(max_size=30) | st.from_regex(r"(DetInfo|BldInfo|ProcInfo)?\(?[A-Za-z.:|*0-9-]*\)?"))
def test_any_text(text):
    found = outcome(Source(text).resolve, AliasMap())
    assert isinstance(found, Pattern) or "cannot be parsed" in str(found)


def test_a_plain_source():
    src = Src(0x01000005, 7)
    assert (src.level(), src.processId(), src.log(), src.phy()) == (1, 5, 0x01000005, 7)
    assert repr(src) == "Src(log=0x01000005, phy=0x00000007)"
