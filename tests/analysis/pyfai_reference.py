"""pyFAI's numbers for the cases of test_pyfai.py, as JSON.

    pip install pyFAI
    python tests/analysis/pyfai_reference.py > tests/analysis/pyfai.json

Positions of the CSPAD come from xtcview.calib, everything else from pyFAI.
"""

import json
import sys

import numpy as np

from xtcview.calib import geometry

WAVELENGTH = 1.3  # A
DISTANCE = 0.1  # m
METHOD = ("no", "histogram", "python")  # a pixel belongs to one bin, that of its centre

CAMERA = (64, 80)  # pixels
CAMERA_PITCH = 150e-6  # m
CAMERA_BEAM = (31.3, 20.8)  # row, column of the beam, pixels from the corner of the first one
CSPAD = (32, 185, 388)
CSPAD_PITCH = 109.92e-6  # m

# what is averaged over: pyFAI's unit, range, bins
AXES = {
    "r": ("r_mm", (0.0, 12.0), 40),
    "two_theta": ("2th_rad", (0.01, 0.11), 25),
    "q": ("q_A^-1", (0.05, 0.55), 30),
    "wide q": ("q_A^-1", (0.1, 4.6), 90),
}
# polarization factor, solid angle
CORRECTIONS = {
    "none": (None, False),
    "horizontal": (0.95, False),
    "vertical": (-1.0, False),
    "solid angle": (None, True),
    "both": (1.0, True),
}
CASES = [(axis, "none") for axis in ("r", "two_theta")] + [("q", name) for name in CORRECTIONS]
CAKE = ("r_mm", (0.0, 10.0), 10, (-180.0, 180.0), 12)


def camera_values():
    """Return an image and its mask (True = bad)."""
    row, col = np.mgrid[: CAMERA[0], : CAMERA[1]]
    number = row * CAMERA[1] + col
    values = ((1664525 * number + 1013904223) >> 7 & 0x3FF).astype(np.float32)
    return values, (row * 7 + col * 3) % 11 == 0


def cspad_values():
    number = np.arange(np.prod(CSPAD)).reshape(CSPAD)
    return (number * 3 & 0x3FFF).astype(np.float32), number % 13 == 5


def _camera():
    from pyFAI.detectors import Detector

    pitch = CAMERA_PITCH
    detector = Detector(pixel1=pitch, pixel2=pitch, max_shape=CAMERA)
    return _integrator(detector, CAMERA_BEAM[0] * pitch, CAMERA_BEAM[1] * pitch)


def _cspad():
    """One image of 5920 x 388 pixels with corners in space."""
    from pyFAI.detectors import Detector

    x, y, _ = geometry.pixel_coordinates(geometry.quads_example())
    shape = (CSPAD[0] * CSPAD[1], CSPAD[2])
    centre = np.zeros((*shape, 1, 3))  # z, y, x in m
    centre[..., 0, 1], centre[..., 0, 2] = y.reshape(shape) * 1e-6, x.reshape(shape) * 1e-6
    sides = np.array([(0, -1, -1), (0, -1, 1), (0, 1, 1), (0, 1, -1)]) * CSPAD_PITCH / 2
    detector = Detector(pixel1=CSPAD_PITCH, pixel2=CSPAD_PITCH, max_shape=shape)
    detector.uniform_pixel = detector.IS_FLAT = False
    detector.set_pixel_corners(centre + sides)
    return _integrator(detector, 0.0, 0.0)


def _integrator(detector, row, col):
    from pyFAI.integrator.azimuthal import AzimuthalIntegrator

    place = {"dist": DISTANCE, "poni1": row, "poni2": col, "wavelength": WAVELENGTH * 1e-10}
    return AzimuthalIntegrator(detector=detector, **place)


def _averaged(integrator, values, bad, axis, correction):
    unit, limits, bins = AXES[axis]
    factor, solid = CORRECTIONS[correction]
    result = integrator.integrate1d_ng(
        values,
        bins,
        unit=unit,
        radial_range=limits,
        mask=bad.astype(np.int8),
        polarization_factor=factor,
        correctSolidAngle=solid,
        method=METHOD,
    )
    return _listed(result)


def _cake(integrator, values, bad):
    unit, radii, rings, azimuths, sectors = CAKE
    result = integrator.integrate2d_ng(
        values,
        rings,
        sectors,
        unit=unit,
        radial_range=radii,
        azimuth_range=azimuths,
        mask=bad.astype(np.int8),
        polarization_factor=1.0,
        correctSolidAngle=True,
        method=METHOD,
    )
    return _listed(result)


def _listed(result):
    found = {
        "mean": result.intensity,
        "pixels": result.count,
        "total": result.sum_signal,
        "response": result.sum_normalization,
    }
    return {
        name: [float(f"{number:.9g}") for number in np.ravel(part)] for name, part in found.items()
    }


def numbers():
    """Return what pyFAI finds in all cases."""
    import pyFAI

    values, bad = camera_values()
    found = {"pyFAI": pyFAI.version}
    for axis, correction in CASES:
        found[f"{axis}, {correction}"] = _averaged(_camera(), values, bad, axis, correction)
    found["cake"] = _cake(_camera(), values, bad)
    values, bad = (part.reshape(-1, CSPAD[2]) for part in cspad_values())
    found["cspad"] = _averaged(_cspad(), values, bad, "wide q", "both")
    return found


if __name__ == "__main__":
    json.dump(numbers(), sys.stdout)
    sys.stdout.write("\n")
