"""psana.Rayonix: Rayonix MX cameras; their frames are `Camera.FrameV1`.

Layouts from psddldata/data/rayonix.ddl; sizes and offsets were checked against its C++ structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.errors import FormatError
from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "Rayonix"

MX340HS = (7680, 7680)  # rows, columns, before binning
MX170HS = (3840, 3840)


class _Config(Record):
    """What both versions can tell; sizes follow from the device's name."""

    BasePixelSize = 44  # um
    DeviceIDMax = 40

    def pixelWidth(self) -> int:
        """Return the width of a binned pixel, in um."""
        return self.BasePixelSize * self.binning_f()

    def pixelHeight(self) -> int:
        """Return the height of a binned pixel, in um."""
        return self.BasePixelSize * self.binning_s()

    def maxWidth(self) -> int:
        """Return the columns of the sensor, before binning."""
        return self._sensor()[1]

    def maxHeight(self) -> int:
        """Return the rows of the sensor, before binning."""
        return self._sensor()[0]

    def width(self) -> int:
        """Return the columns of a frame."""
        return self.maxWidth() // self._binning("binning_f")

    def height(self) -> int:
        """Return the rows of a frame."""
        return self.maxHeight() // self._binning("binning_s")

    def numPixels(self) -> int:
        """Return the pixels of a frame."""
        return self.width() * self.height()

    def _sensor(self) -> tuple[int, int]:
        return MX340HS if self.deviceID().startswith("MX340-HS") else MX170HS

    def _binning(self, name: str) -> int:
        binning = int(getattr(self, name)())
        if not binning:
            at = self._base + self._start
            raise FormatError(f"Rayonix: {name} is 0, expected 1 or more", self._file, at)
        return binning


@xtc_type(TypeId.RayonixConfig, 1, size=60, store="config")
class ConfigV1(_Config):
    """Settings of the first camera, an MX170-HS."""

    Row_Pixels = 3840
    Column_Pixels = 3840
    ReadoutMode = IntEnum("ReadoutMode", {"Standard": 0, "HighGain": 1, "LowNoise": 2, "EDR": 3})
    FIELDS = (
        ("binning_f", "u1"),                    #  0  pixels summed in the fast direction
        ("binning_s", "u1"),                    #  1  pixels summed in the slow direction
        ("_pad", "<i2"),                        #  2
        ("exposure", "<u4"),                    #  4
        ("trigger", "<u4"),                     #  8
        ("rawMode", "<u2"),                     # 12
        ("darkFlag", "<u2"),                    # 14
        ("readoutMode", ("<u4", ReadoutMode)),  # 16
        ("deviceID", "S40"),                    # 20
    )  # 60  # fmt: skip


@xtc_type(TypeId.RayonixConfig, 2, size=60, store="config")
class ConfigV2(_Config):
    """Settings of an MX170-HS or MX340-HS."""

    MX340HS_Row_Pixels, MX340HS_Column_Pixels = MX340HS
    MX170HS_Row_Pixels, MX170HS_Column_Pixels = MX170HS
    ReadoutMode = IntEnum(
        "ReadoutMode", {"Unknown": 0, "Standard": 1, "HighGain": 2, "LowNoise": 3, "HDR": 4}
    )
    FIELDS = (
        ("binning_f", "u1"),                    #  0  pixels summed in the fast direction
        ("binning_s", "u1"),                    #  1  pixels summed in the slow direction
        ("testPattern", "<i2"),                 #  2
        ("exposure", "<u4"),                    #  4
        ("trigger", "<u4"),                     #  8
        ("rawMode", "<u2"),                     # 12
        ("darkFlag", "<u2"),                    # 14
        ("readoutMode", ("<u4", ReadoutMode)),  # 16
        ("deviceID", "S40"),                    # 20
    )  # 60  # fmt: skip


Config = [ConfigV1, ConfigV2]
