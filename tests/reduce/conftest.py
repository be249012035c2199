"""Fixtures of the reductions' tests; makes `reduce_fakes` importable here and in workers."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)  # spawned processes get the same path
