"""psana's options: accepted with effect, or refused with what to do instead."""

import pytest

import xtcview
from tests.support import runs
from xtcview.errors import OptionError, XtcError
from xtcview.run import options


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(options, "OPTIONS", {})
    monkeypatch.setattr(options, "_file", {})


@pytest.mark.parametrize(("value", "expected"), [
    ("no", False), ("False", False), (0, False), ("0", False), (False, False), (" off ", False),
    ("yes", True), ("true", True), (1, True), ("1", True), (True, True),
])  # fmt: skip
def test_truth_values_as_psana_writes_them(value, expected):
    for name in ("psana.store-out-of-order-damage", "store-user-ebeam-damage"):
        xtcview.setOption(name, value)
    held = options.held()
    assert held["psana.store-out-of-order-damage"] is expected
    assert held["psana.store-user-ebeam-damage"] is expected


def test_several_options_or_none(tmp_path):
    xtcview.setOptions({"psana.calib-dir": tmp_path, "psana.job-name": 7})
    assert options.held()["psana.calib-dir"] == str(tmp_path)
    assert options.held()["psana.job-name"] == "7"
    with pytest.raises(OptionError):
        xtcview.setOptions({"psana.calib-dir": "other", "psana.nothing": 1})
    assert options.held()["psana.calib-dir"] == str(tmp_path)


@pytest.mark.parametrize(("name", "value", "message"), [
    ("psana.calibdir", "/c", r"no option 'psana.calibdir'. Did you mean 'psana.calib-dir'"),
    ("MyModule.threshold", "3", r"no option 'MyModule.threshold'. There is: .*psana.calib-dir"),
    ("psana.events", 100, "is not offered: take some of run.times"),
    ("psana.skip-events", "5", "is not offered: take some of run.times"),
    ("psana.l3t-accept-only", "yes", "is not offered: no event is hidden"),
    ("psana.parallel", 4, "is not offered: xtcview.reduce"),
    ("psana.modules", "EventKeys", "is not offered: there are no modules"),
    ("psana.experiment", "cxitut13", "is not offered: write 'exp="),
    ("psana.store-out-of-order-damage", "perhaps", "expected yes or no, found 'perhaps'"),
    ("psana.events", "many", "expected a number, found 'many'"),
])  # fmt: skip
def test_what_is_refused(name, value, message):
    with pytest.raises(OptionError, match=message) as caught:
        xtcview.setOption(name, value)
    assert isinstance(caught.value, KeyError | ValueError)
    assert options.held() == options.DEFAULTS


@pytest.mark.parametrize(("name", "value"), [
    ("psana.events", 0), ("psana.skip-epics", "no"), ("psana.l3t-accept-only", 0),
    ("psana.first_control_stream", "80"), ("psana.store-damaged-config", "anything"),
])  # fmt: skip
def test_what_is_done_anyway_is_accepted(name, value):
    xtcview.setOption(name, value)
    assert options.held() == options.DEFAULTS


def test_a_configuration_file(tmp_path):
    path = tmp_path / "psana.cfg"
    path.write_text("[psana]\n# comment\ncalib-dir = /lab/{exp}:calib\njob-name = mine # why\n")
    xtcview.setOption("psana.job-name", "script")
    xtcview.setConfigFile(str(path))
    assert options.held()["psana.calib-dir"] == "/lab/{exp}:calib"
    assert options.held()["psana.job-name"] == "script"  # what a script sets wins
    xtcview.setConfigFile("")
    assert options.held()["psana.calib-dir"] == ""


@pytest.mark.parametrize(("text", "message"), [
    ("[psana]\nmodules = ImgAlgos.Tahometer", "psana.modules='ImgAlgos.Tahometer' is not offered"),
    ("[ImgAlgos.Tahometer]\ndn = 100", "no option 'ImgAlgos.Tahometer.dn'"),
    ("calib-dir = /c", "no configuration file of psana"),
    (None, "no configuration file of psana"),
])  # fmt: skip
def test_a_file_that_is_not_understood(tmp_path, text, message):
    path = tmp_path / "psana.cfg"
    if text is not None:
        path.write_text(text)
    with pytest.raises(XtcError, match=message) as caught:
        xtcview.setConfigFile(path)
    assert str(path) in str(caught.value)


def test_options_hold_for_what_is_opened_later(tmp_path):
    runs.write(tmp_path, runs.simple())
    before = xtcview.open(tmp_path)
    xtcview.setOption("psana.calib-dir", "/c")
    assert before.options["psana.calib-dir"] == ""
    assert xtcview.open(tmp_path).options["psana.calib-dir"] == "/c"
    assert str(xtcview.open(tmp_path).calib_dir) == "/c"


@pytest.mark.parametrize("value", [5, 0.5, "7"])
def test_how_long_a_growing_run_is_waited_for(value):
    xtcview.setOption(options.LIVE_TIMEOUT, value)
    assert options.held()[options.LIVE_TIMEOUT] == float(value)
    with pytest.raises(OptionError, match="expected a number, found 'soon'"):
        xtcview.setOption(options.LIVE_TIMEOUT, "soon")
