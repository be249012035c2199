"""What the detector makes of photons: pedestals, noise, gain, common mode, bad pixels.

Arrays of pixels are ordered (segment, row, column), shape (32, 185, 388).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SHAPE = (32, 185, 388)  # segments, rows, columns
PIXELS = SHAPE[0] * SHAPE[1] * SHAPE[2]
ADU_PER_EV = 0.00338  # high gain of CSPAD 1.2 and later, as geometry files of CrystFEL have it
FULL = 16383  # ADU, 14 bits
WIDE = (193, 194)  # columns at the border of the two ASICs of a 2x1
WIDE_AREA = 2.5  # of such a pixel, in normal pixels
UNBONDED = np.arange(0, 181, 10)  # pixels (p, p) and (p, p + 194) have no sensor behind them
BANK = 1 << 23  # random numbers kept; an event takes a window of them

# Bits of pixel_status, as dark runs are judged today
NOISY, QUIET, SATURATED, LOW, HIGH = 1, 2, 4, 8, 16


@dataclass(frozen=True, eq=False)
class Sensor:
    """One detector's own traits.

    Attributes
    ----------
    pedestal, noise : ndarray of float32
        Mean and sigma of a pixel in the dark, ADU.
    gain : ndarray of float32
        Response of a pixel, 1 on average.
    status : ndarray of uint16
        0, or bits that say why the pixel is bad.
    stuck : ndarray of bool
        Pixels that always give their pedestal, whatever falls on them.
    bank : ndarray of float32
        Standard normal numbers for the noise of events.
    """

    pedestal: Floats
    noise: Floats
    gain: Floats
    status: NDArray[np.uint16]
    stuck: NDArray[np.bool_]
    bank: Floats


def make_sensor(rng: np.random.Generator) -> Sensor:
    """Return a detector with 0.05 % dead, 0.05 % noisy and 0.1 % hot pixels."""
    pedestal, noise = _pedestal(rng), rng.uniform(3.5, 6.0, SHAPE).astype(np.float32)
    status = np.zeros(SHAPE, np.uint16)
    low, full, noisy, hot = _some_pixels(rng, (0.00025, 0.00025, 0.0005, 0.001))
    noise.flat[noisy] = rng.uniform(30, 100, len(noisy))
    noise.flat[hot] = rng.uniform(10, 30, len(hot))
    pedestal.flat[hot] += rng.uniform(1500, 6000, len(hot))
    pedestal.flat[low], pedestal.flat[full] = 0, FULL
    noise.flat[low], noise.flat[full] = 0, 0
    for pixels, bits in (
        (low, LOW | QUIET),
        (full, SATURATED | QUIET),
        (noisy, NOISY),
        (hot, HIGH | NOISY),
    ):
        status.flat[pixels] = bits
    gain = rng.normal(1.0, 0.03, SHAPE).astype(np.float32)
    bank = rng.standard_normal(BANK, np.float32)
    return Sensor(pedestal, noise, gain, status, noise == 0, bank)


def sensitive_area() -> Floats:
    """Return the area of each pixel in normal pixels: 2.5 if wide, 0 if not bonded."""
    area = np.ones(SHAPE, np.float32)
    area[:, :, WIDE] = WIDE_AREA
    for first in (0, 194):
        area[:, UNBONDED, UNBONDED + first] = 0
    return area


def _pedestal(rng: np.random.Generator) -> Floats:
    """Return pedestals, ADU: a level per ASIC, a gentle slope, and each pixel its own."""
    asic = np.repeat(rng.normal(0, 60, (SHAPE[0], 1, 2)), SHAPE[2] // 2, axis=2)
    slope = 30 * np.linspace(-0.5, 0.5, SHAPE[1])[:, None]
    return (1200 + asic + slope + rng.normal(0, 80, SHAPE)).astype(np.float32)


def _some_pixels(
    rng: np.random.Generator, parts: tuple[float, ...]
) -> tuple[NDArray[np.int64], ...]:
    """Return disjoint sets of flat positions, each a part of all pixels."""
    counts = [int(part * PIXELS) for part in parts]
    drawn = rng.choice(PIXELS, sum(counts), replace=False)
    return tuple(np.split(drawn, np.cumsum(counts)[:-1]))


def common_mode(rng: np.random.Generator) -> Floats:
    """Return how far each 2x1 is off in one event, ADU, shape (32,).

    Usually a few ADU; now and then so much that a correction refuses it.
    """
    offsets = rng.normal(0, 5, SHAPE[0])
    wild = rng.random(SHAPE[0]) < 0.01
    offsets[wild] = rng.uniform(15, 30, wild.sum()) * rng.choice([-1, 1], wild.sum())
    return offsets.astype(np.float32)


def read_out(
    rng: np.random.Generator, sensor: Sensor, mean: Floats, energy: float
) -> NDArray[np.int16]:
    """Return what the detector delivers for one event.

    Parameters
    ----------
    mean : ndarray of float32
        Photons per pixel on average; the number that comes is drawn here (Poisson).
    energy : float
        Photon energy, eV.

    Returns
    -------
    ndarray of int16
        ADU, 0 to 16383.
    """
    photons = rng.poisson(mean) if mean.any() else np.zeros(SHAPE, np.int64)
    start = rng.integers(0, BANK - PIXELS)
    values = sensor.bank[start : start + PIXELS].reshape(SHAPE) * sensor.noise
    values += sensor.pedestal
    values += common_mode(rng)[:, None, None]
    values += photons * (sensor.gain * np.float32(ADU_PER_EV * energy))
    raw: NDArray[np.int16] = np.rint(values, out=values).clip(0, FULL, out=values).astype(np.int16)
    raw[sensor.stuck] = sensor.pedestal[sensor.stuck]
    return raw
