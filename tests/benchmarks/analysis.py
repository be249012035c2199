"""Speed of profiles, cakes, histograms, photons and peaks on a CSPAD.

    python tests/benchmarks/analysis.py

Profiles and cakes as ratios to one `np.bincount` of the same bins, measured in turn; exits with 1
when a limit does not hold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from xtcview.analysis import cake, edges, histogram, peaks, photons, radial, scattering
from xtcview.calib import geometry

sys.path.insert(0, str(Path(__file__).parent))
from run import paired

LIMIT = 0.7  # of bincount
PHOTON = 32.0  # ADU


def frames(x: np.ndarray) -> list[np.ndarray]:
    """Return calibrated ADU of a few events, 0.3 photons per pixel."""
    rng = np.random.default_rng(0)
    noise = [rng.normal(0, 4, x.shape) + PHOTON * rng.poisson(0.3, x.shape) for _ in range(4)]
    return [frame.astype(np.float32) for frame in noise]


def bins() -> tuple[list[np.ndarray], list[tuple[str, Callable[..., object], np.ndarray, int]]]:
    """Return frames, and (name, function of a frame, bin of each pixel, number of bins)."""
    x, y, _ = geometry.pixel_coordinates(geometry.quads_example())
    r, phi = np.hypot(x, y), scattering.azimuth(x, y)
    fine, coarse = edges.even_edges(r, 109.92), edges.even_edges(r, 1099.2)
    rings, sectors = radial.radial_bins(r, fine), cake.cake_bins(r, phi, coarse)
    numbers = edges.bin_numbers(r, fine)
    both = edges.bin_numbers(r, coarse) * 36 + edges.bin_numbers(phi, cake.SECTORS)
    return frames(x), [
        ("radial profile", lambda f: radial.radial_profile(f, rings), numbers, fine.size - 1),
        ("cake", lambda f: cake.cake(f, sectors), both, (coarse.size - 1) * 36),
    ]


def main() -> int:
    """Print the table."""
    events, rows = bins()
    held = True
    for name, function, numbers, count in rows:
        flat = numbers.ravel()
        ours, control, ratio = paired(
            lambda i, f=function: f(events[i]),
            lambda i, b=flat, n=count: np.bincount(b, events[i].ravel(), n),
            len(events),
            10,
        )
        held = held and ratio <= LIMIT
        measured = f"{ours:6.2f} ms, bincount {control:6.2f} ms, ratio {ratio:.2f} <= {LIMIT}"
        print(f"{name} of {count} bins: {measured}")
    for name, work in (
        ("histogram", lambda i: histogram.histogram(events[i], -50, 300)),
        ("photon counts", lambda i: photons.photon_counts(events[i], PHOTON)),
        ("merged photons", lambda i: photons.merged_photons(events[i], PHOTON)),
        ("peaks", lambda i: peaks.find_peaks(events[i])),
    ):
        took, _, _ = paired(work, lambda i: None, len(events), 2)
        print(f"{name}: {took:6.1f} ms")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
