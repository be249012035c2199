"""A realistic run to look at and to test with, written with the reader's own tables."""

from xtcview.synth.run import DemoRun, write_demo

__all__ = ["DemoRun", "write_demo"]
