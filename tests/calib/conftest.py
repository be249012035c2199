"""Golden numbers and the geometries they belong to."""

import json
from pathlib import Path

import numpy as np
import pytest

from xtcview.calib import geometry as geo

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "cspad-golden.json").read_text(encoding="utf-8")
)


def geometry_of(case: str) -> geo.Geometry:
    if case == "cspad_quads_example":
        return geo.quads_example()
    if case.endswith("_ip_tilt_zero"):
        return geo.without_twist(geo.default(case.removesuffix("_ip_tilt_zero")))
    return geo.default(case.removesuffix("_wide_center"))


@pytest.fixture(scope="session")
def golden():
    return GOLDEN


@pytest.fixture(scope="session", params=list(GOLDEN["geometry"]))
def case(request):
    """One golden case: its geometry and the expected numbers."""
    return geometry_of(request.param), GOLDEN["geometry"][request.param]


DISPLAYED = ["cspad", "cspad_ip_tilt_zero", "cspad_quads_example", "cspad2x2", "epix100a", "pnccd"]


@pytest.fixture(scope="session", params=DISPLAYED)
def displayed(request):
    return geometry_of(request.param)


@pytest.fixture(scope="session")
def common_mode_panels():
    """The deterministic panels of the common mode test, (8, 185, 388) float32."""
    number = np.arange(71780, dtype=np.uint64)
    shifts = [0, 3.3, -7.25, 18.6, 30, -40, 6, 2]
    sigmas = [5, 5, 4, 6, 5, 5, 40, 5]
    panels = np.array(
        [
            b + s * _noise(number, 1000 + i)
            for i, (b, s) in enumerate(zip(shifts, sigmas, strict=True))
        ]
    )
    panels[1, number % 7 == 3] += 27
    panels[2, number % 3 != 0] += 27
    panels[7] += 20000
    panels = panels.reshape(8, 185, 388)
    for p in range(0, 181, 10):
        for s in (2, 7):
            panels[s, p, [p, p + 194]] = shifts[s] + (p // 10) % 3 - 1
    return panels.astype(np.float32)


def _noise(number, seed):
    total = np.zeros(number.size)
    for multiplier in (2654435761, 2246822519, 3266489917):
        h = (number * np.uint64(multiplier) + np.uint64(seed * 668265263)) % np.uint64(2**32)
        h ^= h >> np.uint64(15)
        h = h * np.uint64(2246822519) % np.uint64(2**32)
        h ^= h >> np.uint64(13)
        total += (h & np.uint64(65535)).astype(float) + (h >> np.uint64(16)).astype(float)
    return (total - 6 * 32767.5) / np.sqrt(6 * (65536.0**2 - 1) / 12)
