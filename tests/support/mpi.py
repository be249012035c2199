"""The MPI of the development environment."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

MPIEXEC = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or "mpiexec"
