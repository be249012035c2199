"""What the X-rays do: pulses, water scattering, jet streaks and Bragg spots on the detector.

Frame of the geometry file: x right, y up, seen from the source; the beam passes through (0, 0).
Arrays of pixels are ordered (segment, row, column), shape (32, 185, 388).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xtcview.calib.assemble import assembly, inverse_map
from xtcview.calib.geometry import Geometry, pixel_coordinates, pixel_indexes

Floats = NDArray[np.float32]

PITCH = 109.92  # um, side of a CSPAD pixel
DISTANCE = 100_000.0  # um from the interaction point to the detector
PHOTON_ENERGY = 9500.0  # eV, mean of the run
ENERGY_SPREAD = 20.0  # eV, from shot to shot
HC = 12398.42  # eV A, Planck's constant times the speed of light
RING_Q = 2.0  # 1/A, first maximum of the scattering of water
CELL = (79.0, 79.0, 38.0)  # A, tetragonal lysozyme

HIT_RATE = 0.2  # part of the shots with a crystal in the beam
DARK_RATE = 0.05  # part of the shots without X-rays
STREAK_RATE = 0.3  # part of the shots in which the jet's surface scatters

SHOT = np.dtype(
    [
        ("intensity", "f8"),  # pulse energy relative to the run's mean; 0 without X-rays
        ("energy", "f8"),  # eV, photon energy
        ("hit", "?"),  # a crystal was in the beam
        ("streak", "f8"),  # strength of the jet streak; 0 without
    ]
)


def draw_shots(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return what each pulse is like.

    Returns
    -------
    ndarray of SHOT
        Shape (count,). Pulse energies follow a gamma distribution of mean 1 and sigma 0.3. The
        first shot always has X-rays and a crystal.
    """
    shots = np.zeros(count, SHOT)
    dark = rng.random(count) < DARK_RATE
    shots["intensity"] = rng.gamma(1 / 0.3**2, 0.3**2, count)
    shots["energy"] = rng.normal(PHOTON_ENERGY, ENERGY_SPREAD, count)
    shots["hit"] = rng.random(count) < HIT_RATE
    shots["streak"] = rng.exponential(1.0, count) * (rng.random(count) < STREAK_RATE)
    dark[:1], shots["hit"][:1] = False, True
    for name in ("intensity", "hit", "streak"):
        shots[name][dark] = 0
    return shots


def momentum_transfer(two_theta: NDArray[np.float64], energy: float) -> NDArray[np.float64]:
    """Return q = 4 pi / wavelength * sin(theta) in 1/A; the photon energy is in eV."""
    return 4 * np.pi * energy / HC * np.sin(two_theta / 2)


@dataclass(frozen=True, eq=False)
class Scene:
    """Where the pixels are and what they see on average.

    Attributes
    ----------
    x, y : ndarray of float64
        Pixel centres, um, shape (32, 185, 388).
    area : ndarray of float32
        Sensitive area in normal pixels: 2.5 for the wide ones, 0 for those that are not bonded.
    water, streak : ndarray of float32
        Photons per pixel of a mean pulse: the water, and the jet's surface.
    nearest : ndarray of intp
        Image (rows, columns) of positions in the flat arrays, -1 in the gaps.
    lattice : ndarray of float64
        Reciprocal lattice of the crystals, 1/A, shape (points, 3).
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    area: Floats
    water: Floats
    streak: Floats
    nearest: NDArray[np.intp]
    lattice: NDArray[np.float64]


def make_scene(geometry: Geometry, area: Floats) -> Scene:
    """Return the scene of a detector; see `Scene` for the area."""
    x, y, _ = pixel_coordinates(geometry)
    near = inverse_map(assembly(*pixel_indexes(geometry)))
    water, streak = (part * area for part in (_water(x, y), _streak(x, y)))
    return Scene(x, y, area, water, streak, near, reciprocal_lattice())


def _water(x: NDArray[np.float64], y: NDArray[np.float64]) -> Floats:
    """Return photons per normal pixel: the ring of water, a rise towards the beam, a tail."""
    two_theta = np.arctan2(np.hypot(x, y), DISTANCE)
    q = momentum_transfer(two_theta, PHOTON_ENERGY)
    photons = np.exp(-((q - RING_Q) ** 2) / (2 * 0.35**2)) + 0.5 * np.exp(-q / 0.5)
    photons += 0.15 * (1 - np.exp(-((q / 1.5) ** 2)))  # beyond the ring, mostly inelastic
    # polarized along x; a flat panel sees cos^3 of the solid angle
    polarization = 1 - (np.sin(two_theta) * np.cos(np.arctan2(y, x))) ** 2
    seen: Floats = (photons * polarization * np.cos(two_theta) ** 3).astype(np.float32)
    return seen


def _streak(x: NDArray[np.float64], y: NDArray[np.float64]) -> Floats:
    """Return photons per normal pixel of the streak across a vertical jet: along x, at small q."""
    wedge = np.exp(-((np.arctan2(np.abs(y), np.abs(x)) / np.deg2rad(4)) ** 2) / 2)
    fall = np.exp(-np.hypot(x, y) / 5000.0)  # 1/e in 5 mm
    seen: Floats = (12.0 * wedge * fall).astype(np.float32)
    return seen


def reciprocal_lattice(q_max: float = 3.2) -> NDArray[np.float64]:
    """Return the reciprocal lattice points of `CELL` with 0 < q < q_max, 1/A, shape (points, 3)."""
    steps = [2 * np.pi / side for side in CELL]
    axes = [step * np.arange(-int(q_max / step), int(q_max / step) + 1) for step in steps]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    q = np.linalg.norm(grid, axis=1)
    inside: NDArray[np.float64] = grid[(q > 0) & (q < q_max)]
    return inside


def draw_spots(
    rng: np.random.Generator, lattice: NDArray[np.float64], energy: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Bragg spots of one crystal in a random orientation.

    Parameters
    ----------
    lattice : ndarray of float64
        From `reciprocal_lattice`.
    energy : float
        Photon energy, eV.

    Returns
    -------
    positions : ndarray of float64
        Shape (spots, 2): x and y on the detector plane, um.
    photons : ndarray of float64
        Shape (spots,), of a mean pulse; about 30 to 1000, fewer at high q.
    """
    width = 0.001  # 1/A: how far from the Ewald sphere a point of a small crystal still reflects
    k = 2 * np.pi * energy / HC
    turned = lattice @ _rotation(rng).T
    out = turned + np.array([0.0, 0.0, k])
    off = np.abs(np.linalg.norm(out, axis=1) - k) / width
    lit = (off < 1) & (out[:, 2] > 0.3 * k)
    positions = DISTANCE * out[lit, :2] / out[lit, 2:]
    q = np.linalg.norm(turned[lit], axis=1)
    falloff = np.exp(-(q**2) * 10 / (8 * np.pi**2))  # Debye-Waller, B = 10 A^2
    photons = 30 + rng.exponential(300.0, len(q)) * falloff * (1 - off[lit] ** 2)
    return positions, np.minimum(photons, 1000.0)


def _rotation(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a rotation matrix; all orientations are equally likely."""
    w, x, y, z = (v := rng.standard_normal(4)) / np.linalg.norm(v)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def add_spots(
    mean: Floats,
    scene: Scene,
    positions: NDArray[np.float64],
    photons: NDArray[np.float64],
    sigma: float,
) -> None:
    """Add Gaussian spots to the mean photons per pixel, in place.

    Parameters
    ----------
    mean : ndarray of float32
        Shape (32, 185, 388).
    positions, photons
        From `draw_spots`; what falls into gaps is lost.
    sigma : float
        Width of a spot, pixels.
    """
    corner = np.array([scene.x.min(), scene.y.min()])
    reach = np.arange(-4, 5)
    cells = np.rint((positions - corner) / PITCH).astype(np.intp)
    rows = cells[:, :1, None] + reach[None, :, None]
    cols = cells[:, 1:, None] + reach[None, None, :]
    height, width = scene.nearest.shape
    inside = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    pixels = scene.nearest[rows.clip(0, height - 1), cols.clip(0, width - 1)]
    spot, _, _ = np.nonzero(inside & (pixels >= 0))
    found = pixels[inside & (pixels >= 0)]
    dx = (scene.x.ravel()[found] - positions[spot, 0]) / PITCH
    dy = (scene.y.ravel()[found] - positions[spot, 1]) / PITCH
    shape = np.exp(-(dx**2 + dy**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    np.add.at(mean.reshape(-1), found, photons[spot] * shape * scene.area.ravel()[found])


def mean_photons(rng: np.random.Generator, scene: Scene, shot: np.void) -> Floats:
    """Return the photons per pixel that a shot gives on average, shape (32, 185, 388).

    Parameters
    ----------
    shot : SHOT
        One line of `draw_shots`.
    """
    mean: Floats = scene.water * np.float32(shot["intensity"])
    if shot["streak"] > 0:
        mean += scene.streak * np.float32(shot["intensity"] * shot["streak"])
    if shot["hit"]:
        positions, photons = draw_spots(rng, scene.lattice, float(shot["energy"]))
        photons = photons * shot["intensity"]
        add_spots(mean, scene, positions, photons, rng.uniform(0.7, 1.0))
    return mean
