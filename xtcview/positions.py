"""Where the pixels of an area detector are, under psana's method names.

Each method takes an event or a run number and hands the geometry of that run to a pure function of
`xtcview.calib`. psana's names of the arguments: `pix_scale_size_um` is the size of an image cell,
`xy0_off_pix` counts empty cells before the first row and column.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from xtcview.calib import alignment, assemble, geometry, orientation, pixels, scattering
from xtcview.calib.geometry import Geometry, Orientation
from xtcview.calib.geometry_access import GeometryAccess
from xtcview.errors import GeometryError
from xtcview.run import beam
from xtcview.run.event import Event
from xtcview.run.run import Run

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Number = TypeVar("Number", bound=np.generic)
Offset = tuple[int, int] | None


class Shape(tuple[int, ...]):
    """(segments, rows, columns); called with an event, as in psana, it gives itself."""

    __slots__ = ()

    def __call__(self, evt: Any = None) -> Shape:
        """Return the same; a detector's shape does not change within a run."""
        return self


class Positions:
    """The part of `Detector` that knows where pixels are."""

    _run: Run
    source: str

    def __init__(self) -> None:
        self._geometries: dict[int, GeometryAccess] = {}
        self._orientation: Orientation | None = None

    @property
    def is_flat(self) -> bool:
        """True when raw is (rows, columns), without an axis for the segments."""
        raise NotImplementedError

    def _find_geometry(self, run: int) -> Geometry:
        raise NotImplementedError

    def geometry(self, evt: Event | int) -> GeometryAccess:
        """Return the geometry of a run: deployed, else psana's default, else a plain matrix."""
        run = run_of(evt)
        if run not in self._geometries:
            self.set_geometry(run, self._find_geometry(run))
        return self._geometries[run]

    def set_geometry(self, evt: Event | int, table: Geometry) -> None:
        """Take another geometry for a run from now on; nothing is written to the calib folder."""
        self._geometries[run_of(evt)] = GeometryAccess.of(table)

    def move_geo(self, evt: Event | int, dx: float, dy: float, dz: float) -> None:
        """Move the detector by dx, dy, dz um for this object; see `xtcview.calib.alignment`."""
        self.set_geometry(evt, alignment.moved(self.geometry(evt), dx=dx, dy=dy, dz=dz))

    def tilt_geo(self, evt: Event | int, dt_x: float, dt_y: float, dt_z: float) -> None:
        """Turn the detector about x, y and z by degrees for this object."""
        self.set_geometry(evt, alignment.turned(self.geometry(evt), dx=dt_x, dy=dt_y, dz=dt_z))

    # coordinates

    def coords_xyz(self, evt: Event | int) -> tuple[Floats | None, ...]:
        """Return x, y and z of all pixels; each None where the pixel size is not known.

        Returns
        -------
        x, y, z : ndarray of float64
            Shape of `raw`, um, in psana's frame; see `xtcview.calib.geometry`.
        """
        table = self.geometry(evt)
        if not pixels.has_size(table):
            return None, None, None
        return tuple(self._as_raw(values) for values in geometry.pixel_coordinates(table))

    def coords_xy(self, evt: Event | int) -> tuple[Floats | None, ...]:
        """Return x and y of all pixels, um; see `coords_xyz`."""
        return self.coords_xyz(evt)[:2]

    def coords_x(self, evt: Event | int) -> Floats | None:
        """Return x of all pixels, um, along the rows of the image; see `coords_xyz`."""
        return self.coords_xyz(evt)[0]

    def coords_y(self, evt: Event | int) -> Floats | None:
        """Return y of all pixels, um, along the columns of the image; see `coords_xyz`."""
        return self.coords_xyz(evt)[1]

    def coords_z(self, evt: Event | int) -> Floats | None:
        """Return z of all pixels, um, against the beam; see `coords_xyz`."""
        return self.coords_xyz(evt)[2]

    def areas(self, evt: Event | int) -> Floats | None:
        """Return the area of each pixel in normal pixels; None where their size is not known."""
        table = self.geometry(evt)
        return self._as_raw(pixels.areas(table)) if pixels.has_size(table) else None

    def pixel_size(self, evt: Event | int) -> float | None:
        """Return the size of a normal pixel, um; None where it is not known."""
        table = self.geometry(evt)
        return pixels.pixel_size(table) if pixels.has_size(table) else None

    # the image

    def assembly(
        self,
        evt: Event | int,
        pix_scale_size_um: float | None = None,
        xy0_off_pix: Offset = None,
    ) -> assemble.Assembly:
        """Return where each pixel goes in the image of a run."""
        return assemble.assembly_of(self.geometry(evt), pix_scale_size_um, xy0_off_pix or (0, 0))

    def indexes_xy(
        self,
        evt: Event | int,
        pix_scale_size_um: float | None = None,
        xy0_off_pix: Offset = None,
        do_update: bool = False,
    ) -> tuple[Integers, Integers]:
        """Return row (x) and column (y) of the image cell that each pixel falls into.

        Parameters
        ----------
        evt, pix_scale_size_um, xy0_off_pix
            See above.
        do_update : bool
            psana's; nothing goes stale here.
        """
        plan = self.assembly(evt, pix_scale_size_um, xy0_off_pix)
        rows, cols = np.divmod(plan.cells, plan.shape[1])
        return self._as_raw(rows), self._as_raw(cols)

    def indexes_x(self, evt: Event | int, *args: Any, **keywords: Any) -> Integers:
        """Return the image row of each pixel; see `indexes_xy`."""
        return self.indexes_xy(evt, *args, **keywords)[0]

    def indexes_y(self, evt: Event | int, *args: Any, **keywords: Any) -> Integers:
        """Return the image column of each pixel; see `indexes_xy`."""
        return self.indexes_xy(evt, *args, **keywords)[1]

    def point_indexes(
        self,
        evt: Event | int,
        pxy_um: tuple[float, float] = (0, 0),
        pix_scale_size_um: float | None = None,
        xy0_off_pix: Offset = None,
    ) -> tuple[int, int]:
        """Return row and column of the image cell that holds a point; it may be outside."""
        where = (pix_scale_size_um, xy0_off_pix or (0, 0))
        row, col = geometry.point_position(self.geometry(evt), *pxy_um, *where)
        return int(np.floor(row + 0.5)), int(np.floor(col + 0.5))

    def image_xaxis(
        self,
        evt: Event | int,
        pix_scale_size_um: float | None = None,
        x0_off_pix: int | None = None,
    ) -> Floats:
        """Return the x of each image row, um."""
        return pixels.image_axis(self.geometry(evt), 0, pix_scale_size_um, x0_off_pix)

    def image_yaxis(
        self,
        evt: Event | int,
        pix_scale_size_um: float | None = None,
        y0_off_pix: int | None = None,
    ) -> Floats:
        """Return the y of each image column, um."""
        return pixels.image_axis(self.geometry(evt), 1, pix_scale_size_um, y0_off_pix)

    def ndarray_from_image(
        self,
        evt: Event | int,
        image: Array,
        pix_scale_size_um: float | None = None,
        xy0_off_pix: Offset = None,
        do_update: bool = False,
    ) -> Array:
        """Return for each pixel what its cell of an image holds, such as a mask drawn on it.

        Returns
        -------
        ndarray
            Shape of `raw`, dtype of the image.
        """
        plan = self.assembly(evt, pix_scale_size_um, xy0_off_pix)
        return self._as_raw(assemble.ndarray_from_image(np.asarray(image), plan))

    # scattering

    def distance(self, evt: Event, offset: float, pv: str | None = None) -> float | None:
        """Return the distance from the interaction point at an event, um, by its stage's PV.

        Parameters
        ----------
        evt : Event
        offset : float
            Distance where the stage reads 0, mm.
        pv : str, optional
            PV of the stage; that of `xtcview.run.beam.STAGES` when not given.
        """
        epics = evt.owner.epics_at(evt.number)
        return beam.distance(epics, self.source.partition(".")[0], offset, pv)

    def q(self, evt: Event, distance: float | None = None, energy: float | None = None) -> Floats:
        """Return the momentum transfer that each pixel sees, 1/Å, shape of `raw`.

        Parameters
        ----------
        evt : Event
        distance : float, optional
            From the interaction point, um; that of the geometry when not given.
        energy : float, optional
            Of the photons, eV; that of the event's electron beam record when not given.

        Raises
        ------
        GeometryError
            Distance or energy is neither given nor known.
        """
        angle = self._two_theta(evt, distance)
        return self._as_raw(scattering.q(angle, self._energy(evt, energy)))

    def resolution(
        self, evt: Event, distance: float | None = None, energy: float | None = None
    ) -> Floats:
        """Return the resolution d = 2 pi / q that each pixel sees, Å; see `q`."""
        angle = self._two_theta(evt, distance)
        return self._as_raw(scattering.resolution(angle, self._energy(evt, energy)))

    def _two_theta(self, evt: Event, distance: float | None) -> Floats:
        table = self.geometry(evt)
        if not pixels.has_size(table):
            raise GeometryError(f"{self.source}: no geometry is deployed that tells the pixel size")
        return scattering.two_theta(table, distance)

    def _energy(self, evt: Event, energy: float | None) -> float:
        if energy is not None:
            return energy
        found = beam.photon_energy(evt)
        if found is None:
            what = "has no electron beam record that tells the photon energy; give energy in eV"
            raise GeometryError(f"{evt!r} {what}")
        return found.ev

    # the display

    @property
    def orientation(self) -> Orientation | None:
        """How the display turns the image; None until `tiles` has chosen it.

        What is set here is remembered for the same detector of the same experiment, see
        `xtcview.calib.orientation.remember`; None forgets it.
        """
        return self._orientation

    @orientation.setter
    def orientation(self, value: Orientation | None) -> None:
        self._orientation = value
        orientation.remember(self._remembered_as, value)

    @property
    def _remembered_as(self) -> str:
        return f"{self._run.experiment} {self.source}"

    def tiles(self, evt: Event | int) -> Array:
        """Return how the display draws the panels, `calib.geometry.TILE` per block of pixels.

        A default geometry is drawn without the tilt that marks it as a default.
        """
        table = geometry.without_twist(self.geometry(evt))
        if self._orientation is None:
            known = orientation.remembered(self._remembered_as)
            self._orientation = geometry.upright(table) if known is None else known
        return geometry.tiles(table, self._orientation)

    def _as_raw(self, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
        return values[0] if self.is_flat else values


def run_of(evt: Event | int) -> int:
    """Return the run number that an event or a number means."""
    return evt if isinstance(evt, int) else evt.run()
