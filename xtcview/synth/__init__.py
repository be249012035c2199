"""A realistic run to look at and to test with, written with the reader's own tables."""

from xtcview.synth.dark import write_dark
from xtcview.synth.run import DemoRun, write_demo

__all__ = ["DemoRun", "write_dark", "write_demo"]
