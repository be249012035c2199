"""What commercial cameras share: a region of the sensor, binning, frames behind a short header.

No package of psana: Andor, DualAndor, FLI, iStar, PI-MAX, PIXIS, Princeton and Zyla use it.
"""

from __future__ import annotations

from xtcview.errors import FormatError

from .record import Record

REGION = (
    ("width", "<u4"),   #  0  columns of the sensor, before binning
    ("height", "<u4"),  #  4  rows of the sensor, before binning
    ("orgX", "<u4"),    #  8  first column
    ("orgY", "<u4"),    # 12  first row
    ("binX", "<u4"),    # 16  columns summed into one
    ("binY", "<u4"),    # 20  rows summed into one
)  # 24

FRAME_HEAD = (
    ("shotIdStart", "<u4"),  # 0  id of the shot that opened the exposure
    ("readoutTime", "<f4"),  # 4  s
)  # 8
SHAPE = (lambda s: s.cfg.numPixelsY(), lambda s: s.cfg.numPixelsX())
PIXELS = (
    ("data", "<u2", *SHAPE),  # +  ADU, [row][column]
)
FRAME = (
    *FRAME_HEAD,             # 0
    ("temperature", "<f4"),  # 8  deg C at readout
    *PIXELS,                 # 12
)  # varies


class BinnedConfig(Record):
    """A camera's configuration whose fields include `REGION`."""

    FRAME_HEADER = 12  # bytes that `frameSize` counts in front of the pixels

    def numPixelsX(self) -> int:
        """Return the columns of a frame, after binning."""
        return self._binned(self.width(), self.binX())

    def numPixelsY(self) -> int:
        """Return the rows of a frame, after binning."""
        return self._binned(self.height(), self.binY())

    def numPixels(self) -> int:
        """Return the pixels of a frame."""
        return self.numPixelsX() * self.numPixelsY()

    def frameSize(self) -> int:
        """Return the bytes of a frame, as the DAQ reckons them."""
        return self.FRAME_HEADER + 2 * self.numPixels()

    def _binned(self, pixels: int, binning: int) -> int:
        if not binning:
            at = self._base + self._start
            what = f"{type(self).__name__}: binning is 0, expected 1 or more"
            raise FormatError(what, self._file, at)
        return -(-pixels // binning)
