"""psana.TimeTool: arrival times of X-rays relative to the laser, found by the DAQ.

Layouts from psddldata/data/timetool.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from xtcview.format.ids import TypeId

from .camera import FrameCoord
from .record import Record
from .registry import xtc_type

PACKAGE = "TimeTool"


class EventLogic(Record):
    """An event code and how it joins those before it."""

    LogicOp = IntEnum("LogicOp", {"L_OR": 0, "L_AND": 1, "L_OR_NOT": 2, "L_AND_NOT": 3})
    FIELDS = (
        ("_Code", "<u4"),  # 0
    )  # 4
    BITS = {
        "event_code": ("_Code", 0, 8),
        "logic_op": ("_Code", 8, 2, LogicOp),
    }


class _Config(Record):
    """Sizes of the projections; regions include both corners."""

    Axis = IntEnum("Axis", {"X": 0, "Y": 1})

    def signal_projection_size(self) -> int:
        """Return the length of the signal's projection in the data; 0 when it is not written."""
        return self._span("sig") if self.write_projections() else 0

    def sideband_projection_size(self) -> int:
        """Return the length of the sideband's projection in the data."""
        written = self.write_projections() and self.subtract_sideband()
        return self._span("sb") if written else 0

    def _span(self, region: str) -> int:
        """Return a region's length along the axis on which it is projected."""
        return self._rows(region) if self.project_axis() == self.Axis.Y else self._columns(region)

    def _columns(self, region: str) -> int:
        low, high = self._corners(region)
        return high.column() - low.column() + 1

    def _rows(self, region: str) -> int:
        low, high = self._corners(region)
        return high.row() - low.row() + 1

    def _corners(self, region: str) -> tuple[Any, Any]:
        return getattr(self, f"{region}_roi_lo")(), getattr(self, f"{region}_roi_hi")()


_CODES = (
    ("number_of_beam_event_codes", "<u2"),   # 0
    ("number_of_laser_event_codes", "<u2"),  # 2
    ("signal_cut", "<u4"),                   # 4  lowest projection that is used
)  # 8
_REGIONS = (
    ("sig_roi_lo", FrameCoord),  #  0  signal
    ("sig_roi_hi", FrameCoord),  #  4
    ("sb_roi_lo", FrameCoord),   #  8  sideband
    ("sb_roi_hi", FrameCoord),   # 12
    ("sb_convergence", "<f8"),   # 16  weight of the rolling average
)  # 24
_REFERENCE = (
    ("ref_roi_lo", FrameCoord),  # 0  reference
    ("ref_roi_hi", FrameCoord),  # 4
)  # 8
_CONVERGENCE = (
    ("ref_convergence", "<f8"),  # 0  weight of the rolling average
)  # 8
_LISTS = (
    ("beam_logic", EventLogic, lambda s: s.number_of_beam_event_codes()),    # +
    ("laser_logic", EventLogic, lambda s: s.number_of_laser_event_codes()),  # +
    ("weights", "<f8", lambda s: s.number_of_weights()),                     # +  of the filter that finds the edge
    ("calib_poly", "<f8", lambda s: s.calib_poly_dim()),                     # +  polynomial from pixel to time
)
_NAME = (
    ("base_name", "S", lambda s: s.base_name_length()),  # +  of the EPICS PVs that tell the results
)


@xtc_type(TypeId.TimeToolConfig, 1, store="config")
class ConfigV1(_Config):
    """Where the edge is looked for, and how."""

    FIELDS = (
        ("_Control", "<u4"),  #  0
        *_CODES,              #  4
        *_REGIONS,            # 12
        *_CONVERGENCE,        # 36
        *_LISTS,              # 44
        *_NAME,               #  +
    )  # varies
    BITS = {
        "project_axis": ("_Control", 0, 1, _Config.Axis),
        "write_image": ("_Control", 1, 1),
        "write_projections": ("_Control", 2, 1),
        "subtract_sideband": ("_Control", 3, 1),
        "number_of_weights": ("_Control", 4, 16),
        "calib_poly_dim": ("_Control", 20, 4),
        "base_name_length": ("_Control", 24, 8),
    }


@xtc_type(TypeId.TimeToolConfig, 2, store="config")
class ConfigV2(_Config):
    """From here on with a region of reference."""

    FIELDS = (
        ("_Control", "<u4"),  #  0
        *_CODES,              #  4
        *_REGIONS,            # 12
        *_REFERENCE,          # 36
        *_CONVERGENCE,        # 44
        *_LISTS,              # 52
        *_NAME,               #  +
    )  # varies
    BITS = {
        "project_axis": ("_Control", 0, 1, _Config.Axis),
        "write_image": ("_Control", 1, 1),
        "write_projections": ("_Control", 2, 1),
        "subtract_sideband": ("_Control", 3, 1),
        "use_reference_roi": ("_Control", 4, 1),
        "number_of_weights": ("_Control", 5, 16),
        "calib_poly_dim": ("_Control", 21, 4),
        "base_name_length": ("_Control", 25, 8),
    }

    def reference_projection_size(self) -> int:
        """Return the length of the reference's projection in the data."""
        written = self.write_projections() and self.use_reference_roi()
        return self._span("ref") if written else 0


@xtc_type(TypeId.TimeToolConfig, 3, store="config")
class ConfigV3(_Config):
    """From here on with a fit, and with whole regions instead of projections on request."""

    FIELDS = (
        ("_Control", "<u8"),                                  #  0
        *_CODES,                                              #  8
        ("fit_max_iterations", "<u4"),                        # 16
        ("fit_weights_factor", "<f8"),                        # 20
        *_REGIONS,                                            # 28
        *_REFERENCE,                                          # 52
        *_CONVERGENCE,                                        # 60
        *_LISTS,                                              # 68
        ("fit_params", "<f8", lambda s: s.fit_params_dim()),  #  +
        *_NAME,                                               #  +
    )  # varies
    BITS = {
        "project_axis": ("_Control", 0, 1, _Config.Axis),
        "use_full_roi": ("_Control", 1, 1),
        "use_fit": ("_Control", 2, 1),
        "write_image": ("_Control", 3, 1),
        "write_projections": ("_Control", 4, 1),
        "subtract_sideband": ("_Control", 5, 1),
        "use_reference_roi": ("_Control", 6, 1),
        "number_of_weights": ("_Control", 7, 16),
        "calib_poly_dim": ("_Control", 23, 4),
        "fit_params_dim": ("_Control", 27, 4),
        "base_name_length": ("_Control", 31, 8),
    }

    def signal_projection_size(self) -> int:
        """Return the length of the signal's projection in the data."""
        return 0 if self.use_full_roi() else super().signal_projection_size()

    def sideband_projection_size(self) -> int:
        """Return the length of the sideband's projection in the data."""
        return 0 if self.use_full_roi() else super().sideband_projection_size()

    def reference_projection_size(self) -> int:
        """Return the length of the reference's projection; `use_reference_roi` does not matter."""
        written = self.write_projections() and not self.use_full_roi()
        return self._span("ref") if written else 0

    def signal_x_size(self) -> int:
        """Return the columns of the signal's region in the data."""
        return self._columns("sig") if self._whole() else 0

    def signal_y_size(self) -> int:
        """Return the rows of the signal's region in the data."""
        return self._rows("sig") if self._whole() else 0

    def signal_size(self) -> int:
        """Return the pixels of the signal's region in the data."""
        return self.signal_x_size() * self.signal_y_size()

    def sideband_x_size(self) -> int:
        """Return the columns of the sideband's region in the data."""
        return self._columns("sb") if self._whole() and self.subtract_sideband() else 0

    def sideband_y_size(self) -> int:
        """Return the rows of the sideband's region in the data."""
        return self._rows("sb") if self._whole() and self.subtract_sideband() else 0

    def sideband_size(self) -> int:
        """Return the pixels of the sideband's region in the data."""
        return self.sideband_x_size() * self.sideband_y_size()

    def reference_x_size(self) -> int:
        """Return the columns of the reference's region in the data."""
        return self._columns("ref") if self._whole() else 0

    def reference_y_size(self) -> int:
        """Return the rows of the reference's region in the data."""
        return self._rows("ref") if self._whole() else 0

    def reference_size(self) -> int:
        """Return the pixels of the reference's region in the data."""
        return self.reference_x_size() * self.reference_y_size()

    def _whole(self) -> bool:
        return bool(self.write_projections() and self.use_full_roi())


class _Data(Record):
    EventType = IntEnum("EventType", {"Dark": 0, "Reference": 1, "Signal": 2})


_RESULT = (
    ("event_type", ("<u4", _Data.EventType)),  #  0
    ("_z", "<u4"),                             #  4
    ("amplitude", "<f8"),                      #  8  height of the edge
    ("position_pixel", "<f8"),                 # 16  pixel of the edge
    ("position_time", "<f8"),                  # 24  time of the edge; calib_poly sets the unit, usually ps
    ("position_fwhm", "<f8"),                  # 32  pixels
    ("ref_amplitude", "<f8"),                  # 40  height in the reference
    ("nxt_amplitude", "<f8"),                  # 48  height of the next best edge
)  # 56
_PROJECTIONS = (
    ("projected_signal", "<i4", lambda s: s.cfg.signal_projection_size()),      # +
    ("projected_sideband", "<i4", lambda s: s.cfg.sideband_projection_size()),  # +
)
_PROJECTED_REFERENCE = (
    ("projected_reference", "<i4", lambda s: s.cfg.reference_projection_size()),  # +
)


@xtc_type(TypeId.TimeToolData, 1, configs=(ConfigV1,))
class DataV1(_Data):
    """The edge of one event, and its projections."""

    FIELDS = (*_RESULT, *_PROJECTIONS)  # varies


@xtc_type(TypeId.TimeToolData, 2, configs=(ConfigV2,))
class DataV2(_Data):
    """From here on with the reference's projection."""

    FIELDS = (*_RESULT, *_PROJECTIONS, *_PROJECTED_REFERENCE)  # varies


_SIGNAL = (lambda s: s.cfg.signal_y_size(), lambda s: s.cfg.signal_x_size())
_SIDEBAND = (lambda s: s.cfg.sideband_y_size(), lambda s: s.cfg.sideband_x_size())
_REFERENCE_ROWS = (lambda s: s.cfg.reference_y_size(), lambda s: s.cfg.reference_x_size())


@xtc_type(TypeId.TimeToolData, 3, configs=(ConfigV3,))
class DataV3(_Data):
    """From here on with projections or whole regions, [row][column]."""

    FIELDS = (
        *_RESULT,                                     #  0
        *_PROJECTIONS,                                # 56
        *_PROJECTED_REFERENCE,                        #  +
        ("full_signal", "<i4", *_SIGNAL),             #  +
        ("full_sideband", "<i4", *_SIDEBAND),         #  +
        ("full_reference", "<i4", *_REFERENCE_ROWS),  #  +
    )  # varies


Config = [ConfigV1, ConfigV2, ConfigV3]
Data = [DataV1, DataV2, DataV3]
