"""Where a picture comes from, in words that travel with every file that is saved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import xtcview
from xtcview.viewer import export, recipe
from xtcview.viewer.messages import label

if TYPE_CHECKING:
    from xtcview.viewer.export import Scene


def provenance(scene: Scene) -> dict[str, Any]:
    """Return run, event, constants and look of what is shown, as plain values.

    Returns
    -------
    dict
        'xtcview' (version), 'dataset', 'experiment', 'run', 'detector', 'source'; 'event' with
        index, seconds, nanoseconds, fiducial and damage, or 'reduction'; 'values' and 'unit';
        'constants' by kind; 'look' of the picture; 'code' that shows it again.
    """
    reader = scene.reader
    vmin, vmax = export.limits(scene)
    found = {
        "xtcview": xtcview.__version__,
        "dataset": reader.run.spec,
        "experiment": reader.run.expt,
        "run": reader.run.run(),
        "detector": reader.det.name,
        "source": str(reader.det.source),
        "values": label(reader, scene.reduced),
        "unit": export.unit(scene),
        "constants": {kind: str(text) for kind, text in reader.origins().items()},
        "look": {"cmap": scene.look.cmap, "scale": scene.look.scale, "vmin": vmin, "vmax": vmax},
        "code": recipe.code(scene),
    }
    if scene.is_reduction:
        return found | {"reduction": scene.account}
    return found | {"event": _event(scene)}


def _event(scene: Scene) -> dict[str, Any]:
    shot = scene.shot
    names = ("index", "seconds", "nanoseconds", "fiducial", "time", "damage", "note")
    return {name: getattr(shot, name) for name in names}


def text(scene: Scene) -> str:
    """Return the provenance as JSON."""
    return json.dumps(provenance(scene), indent=1, ensure_ascii=False)
