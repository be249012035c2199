"""What is shown, saved with its provenance: run, event, constants and the code for it.

A picture holds it as text, an array has it in a .json file beside it, an HDF5 file in attributes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xtcview.errors import AnalysisError, MissingExtraError
from xtcview.viewer import export, figure
from xtcview.viewer.provenance import provenance, text

if TYPE_CHECKING:
    from xtcview.viewer.export import Scene

KEY = "xtcview"  # of the text in a PNG


def save(scene: Scene, path: str | Path) -> list[Path]:
    """Save what is shown; the kind of file follows from its name.

    Parameters
    ----------
    scene : Scene
    path : str or Path
        .png: both panes. .npy: the panels, float32 (segments, rows, columns), bad and absent
        pixels nan, with the provenance in a .json file of the same name. .h5: panels, counts as
        the DAQ wrote them, image and bad pixels, provenance in attributes. What is there already
        is replaced.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    AnalysisError
        Another kind of file, or nothing to save.
    MissingExtraError
        HDF5 without h5py.
    """
    target = Path(path)
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        raise AnalysisError(f"{target}: expected a name that ends in {', '.join(WRITERS)}")
    nothing = scene.reduced is None if scene.is_reduction else scene.shot.raw is None
    if nothing and writer is not _png:
        what = (
            scene.account if scene.is_reduction else f"event {scene.shot.index}: {scene.shot.note}"
        )
        raise AnalysisError(f"{target}: there is nothing to save; {what}")
    return writer(scene, target)


def _png(scene: Scene, path: Path) -> list[Path]:
    path.write_bytes(annotated(export.png(scene, export.SNAPSHOT), text(scene)))
    return [path]


def annotated(png: bytes, words: str) -> bytes:
    """Return a PNG with its provenance in a text chunk, unpacked pixels unchanged."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info, out = PngInfo(), io.BytesIO()
    info.add_itxt(KEY, words)
    Image.open(io.BytesIO(png)).save(out, "PNG", optimize=True, pnginfo=info)
    return out.getvalue()


def _npy(scene: Scene, path: Path) -> list[Path]:
    beside = path.with_suffix(".json")
    with path.open("wb") as file:
        np.save(file, figure.panels(scene))
    beside.write_text(text(scene), encoding="utf-8")
    return [path, beside]


def _hdf5(scene: Scene, path: Path) -> list[Path]:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("HDF5 files need h5py: pip install 'xtcview[h5]'") from error
    panels, bad = figure.panels(scene), scene.reader.constants()[1]
    arrays = {"panels": panels, "image": scene.reader.assembled(panels)}
    if scene.reduced is None and scene.shot.raw is not None:
        arrays["raw"] = scene.shot.raw
    if bad is not None:
        arrays["bad"] = bad
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            data = file.create_dataset(name, data=array)
            if name in ("panels", "image"):
                data.attrs["unit"] = export.unit(scene)
        file.attrs.update(_flat(provenance(scene)))
    return [path]


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    """Return values that an attribute can hold; those inside others as JSON."""
    plain = (str, int, float)
    return {k: v if isinstance(v, plain) else json.dumps(v, default=str) for k, v in found.items()}


WRITERS: dict[str, Callable[[Scene, Path], list[Path]]] = {
    ".png": _png,
    ".npy": _npy,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
}


def name_of(scene: Scene) -> str:
    """Return a file name that says what is inside: experiment, run, detector and event."""
    reader, shot = scene.reader, scene.shot
    run = f"{reader.run.expt}-r{reader.run.run():04d}-{reader.det.source}"
    event = f"e{shot.index:06d}-{shot.seconds}-{shot.nanoseconds:09d}-{shot.fiducial}"
    name = f"{run}-{_one_word(scene.account) if scene.is_reduction else event}"
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:200]


def _one_word(text: str) -> str:
    return "_".join(text.split()[:4])
