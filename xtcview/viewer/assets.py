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
    "panels/where",
    "panels/plot",
    "panels/questions",
    "panels/tabs",
    "panels/overlay",
    "panels/histogram",
    "panels/strip",
    "panels/cuts",
    "panels/radial",
    "panels/traces",
    "panels/sheet",
    "panels/facts",
    "panels/out",
    "panels/texts",
    "panels/panels",
    "panels/offline",
    "panels/served",
    "widget",
)
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)
_INDENT = re.compile(r"^ +", re.MULTILINE)
_IMPORT = re.compile(r"^import [^;]*?;\n", re.MULTILINE)


def _read(name: str) -> str:
    return resources.files("xtcview.viewer").joinpath(name).read_text(encoding="utf-8")


def script() -> str:
    """Return the widget's ES module, without what only a reader needs: it is in every page."""
    joined = "\n".join(_IMPORT.sub("", _read(f"js/{name}.js")) for name in MODULES)
    return _INDENT.sub("", _COMMENT.sub("", joined))


def style() -> str:
    """Return the widget's style sheet."""
    return _read("widget.css")
