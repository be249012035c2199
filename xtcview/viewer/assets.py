"""The page's half of the viewer as one ES module and one style sheet.

The front end loads a widget's script from a single text, so the small modules under `js/` are
joined here. They import from each other by name only, which makes joining a matter of leaving
the import lines out.
"""

from __future__ import annotations

import re
from importlib import resources

MODULES = (  # callees first
    "colour",
    "layout",
    "requests",
    "link",
    "flow",
    "cache",
    "decode",
    "prefetch",
    "subshell",
    "door",
    "dom",
    "panes",
    "controls",
    "status",
    "pictures",
    "scrub",
    "play",
    "loaded",
    "marks",
    "live",
    "hover",
    "panels/offline",
    "widget",
)
_IMPORT = re.compile(r"^import [^;]*?;\n", re.MULTILINE)


def _read(name: str) -> str:
    return resources.files("xtcview.viewer").joinpath(name).read_text(encoding="utf-8")


def script() -> str:
    """Return the widget's ES module."""
    return "\n".join(_IMPORT.sub("", _read(f"js/{name}.js")) for name in MODULES)


def style() -> str:
    """Return the widget's style sheet."""
    return _read("widget.css")
