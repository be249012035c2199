"""The same profiles as pyFAI's: recorded, and made anew where pyFAI is installed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.analysis import pyfai_reference as reference
from xtcview.analysis import cake, radial, scattering
from xtcview.calib import geometry

HERE = Path(__file__).parent
ENERGY = scattering.HC / reference.WAVELENGTH
DISTANCE = reference.DISTANCE * 1e6
WAYS = ["recorded"]
if importlib.util.find_spec("pyFAI"):
    WAYS.append("live")


@pytest.fixture(scope="module", params=WAYS)
def theirs(request):
    """pyFAI's numbers; live ones come from a process of their own, with its own warnings."""
    if request.param == "recorded":
        return json.loads((HERE / "pyfai.json").read_text(encoding="utf-8"))
    command = [sys.executable, str(HERE / "pyfai_reference.py")]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def camera_positions():
    row, col = np.mgrid[: reference.CAMERA[0], : reference.CAMERA[1]]
    pitch = reference.CAMERA_PITCH * 1e6
    beam = reference.CAMERA_BEAM
    return (col + 0.5 - beam[1]) * pitch, (row + 0.5 - beam[0]) * pitch


def response_of(x, y, correction):
    factor, solid = reference.CORRECTIONS[correction]
    response = np.ones(x.shape)
    if factor is not None:
        response *= scattering.polarization(x, y, DISTANCE, factor)
    return response * scattering.solid_angle(x, y, DISTANCE) if solid else response


def profile(x, y, values, bad, axis, correction):
    angle = scattering.two_theta(x, y, DISTANCE)
    q = scattering.q(angle, ENERGY)
    radius = {"r": np.hypot(x, y) / 1e3, "two_theta": angle}.get(axis, q)
    _, (low, high), count = reference.AXES[axis]
    edges = np.linspace(low, high, count + 1)
    bins = radial.radial_bins(radius, edges, bad, response_of(x, y, correction))
    return radial.radial_profile(values, bins)


@pytest.mark.parametrize(("axis", "correction"), reference.CASES)
def test_profile_is_pyfais(theirs, axis, correction):
    expected = theirs[f"{axis}, {correction}"]
    ours = profile(*camera_positions(), *reference.camera_values(), axis, correction)
    assert ours.pixels.tolist() == expected["pixels"]
    assert ours.total.tolist() == expected["total"]
    assert ours.response == pytest.approx(expected["response"], rel=1e-6)
    filled = ours.pixels > 0  # pyFAI says 0 where there is nothing
    assert filled.sum() > 20
    assert ours.mean[filled] == pytest.approx(np.array(expected["mean"])[filled], rel=1e-6)


def test_cake_is_pyfais(theirs):
    x, y = camera_positions()
    values, bad = reference.camera_values()
    _, radii, rings, azimuths, sectors = reference.CAKE
    bins = cake.cake_bins(
        np.hypot(x, y) / 1e3,
        scattering.azimuth(x, y),
        np.linspace(*radii, rings + 1),
        np.linspace(*azimuths, sectors + 1),
        bad,
        response_of(x, y, "both"),
    )
    ours = cake.cake(values, bins)
    shape = (sectors, rings)  # pyFAI's order
    pixels, mean = (np.reshape(theirs["cake"][name], shape).T for name in ("pixels", "mean"))
    assert ours.pixels.tolist() == pixels.tolist()
    filled = ours.pixels > 0
    assert 60 < filled.sum() < filled.size
    assert ours.mean[filled] == pytest.approx(mean[filled], rel=1e-6)


def test_cspad_is_pyfais(theirs):
    x, y, _ = geometry.pixel_coordinates(geometry.quads_example())
    ours = profile(x, y, *reference.cspad_values(), "wide q", "both")
    expected = {name: np.array(part) for name, part in theirs["cspad"].items()}
    # a pixel on an edge may be in the next bin: pyFAI's corners are float32
    assert np.abs(ours.pixels - expected["pixels"]).max() <= 2
    assert ours.pixels.sum() == expected["pixels"].sum() > 2_100_000
    filled = ours.pixels > 0
    assert filled.sum() > 60
    assert ours.mean[filled] == pytest.approx(expected["mean"][filled], rel=5e-6)
