"""What a detector tells of its constants: arrays by psana's names, masks, and where all comes from.

`Constants` is a part of `xtcview.detector.Detector`; it knows no events, only run numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import masks, store
from xtcview.calib.common_mode import fitting
from xtcview.calib.constants import KINDS
from xtcview.calib.correct import BadPixels, bad_pixels, ready
from xtcview.calib.masks import Mask
from xtcview.calib.parameters import OFF, CommonMode, common_mode_parameters
from xtcview.errors import ConstantsError, near

Array = NDArray[Any]
STATUSES = ("pixel_status", "status_extra", "status_data")  # psana's default mask
_PLACES = ("edges", "central", "unbond", "unbondnbrs", "unbondnbrs8")  # psana's bits 1 to 16
_TOLD = ("pedestals", "pixel_status", "pixel_gain", "common_mode")  # also when not deployed


class Told(str):
    """Where one kind of constants comes from, such as 'LOADED 0-end.data'.

    Attributes
    ----------
    path : Path or None
        The file; None without one.
    begin, end : int or None
        The runs it serves, both included; 9999 is 'end'.
    why : str
        Why the file cannot be used; '' when it can.
    """

    path: Path | None
    begin: int | None
    end: int | None
    why: str

    def __new__(cls, text: str, path: Path | None = None, why: str = "") -> Told:
        """Return the text with what it was made of."""
        told = super().__new__(cls, text)
        told.path, told.why = path, why
        span = store.range_of(path) if path else None
        told.begin, told.end = (span.begin, span.end) if span else (None, None)
        return told


class Constants:
    """The constants of one detector.

    Attributes
    ----------
    source : str
        Such as 'CxiDs1.0:Cspad.0'.
    shape : (int, int, int)
        Segments, rows, columns.
    without : set of str
        Kinds of constants that are not used though they are deployed; see `Constants.constants`.
        A file that cannot be read is an error until its kind is added here.
    """

    source: str
    shape: Any

    def __init__(self, calib_dir: str | Path | None) -> None:
        self._calib_dir = calib_dir
        self.without: set[str] = set()
        self._constants: dict[tuple[str, int], store.Loaded] = {}
        self._bad: dict[tuple[Any, ...], BadPixels | None] = {}

    def pedestals(self, evt: Any) -> Array | None:
        """Return the pedestals of a run, float32 of `shape`, ADU; None when none are deployed.

        Jungfrau and Epix10ka: gain modes in front, see `calib.gains.FAMILIES`; so have others.
        """
        return self._deployed("pedestals", evt)

    def rms(self, evt: Any) -> Array | None:
        """Return the noise of dark events, float32 of `shape`, ADU; None when not deployed."""
        return self._deployed("pixel_rms", evt)

    def gain(self, evt: Any) -> Array | None:
        """Return the factors of 'pixel_gain', float32 of `shape`; None when not deployed."""
        return self._deployed("pixel_gain", evt)

    def status(self, evt: Any, ctype: str = "pixel_status") -> Array | None:
        """Return status words, 0 = good, of `shape`; None when none are deployed.

        Parameters
        ----------
        evt : Event or int
            Event, or run number.
        ctype : str
            One of 'pixel_status', 'status_extra' and 'status_data'.
        """
        if ctype not in STATUSES:
            raise ConstantsError(f"{ctype!r} is no kind of status.{near(ctype, STATUSES)}")
        return self._deployed(ctype, evt)

    def bad(self, evt: Any) -> NDArray[np.bool_] | None:
        """Return True where a pixel's status says bad, bool of `shape`; None without a file."""
        found = self._bad_pixels(evt)
        return None if found is None else found.pixels

    def common_mode(self, evt: Any) -> NDArray[np.float64]:
        """Return the parameters of the common mode, float64 (numbers,): deployed or default."""
        values: NDArray[np.float64] | None = self._load("common_mode", evt).values
        return np.zeros(1) if values is None else values

    def mask(
        self,
        evt: Any,
        calib: bool = False,
        status: bool = False,
        edges: bool = False,
        central: bool = False,
        unbond: bool = False,
        unbondnbrs: bool = False,
        unbondnbrs8: bool = False,
        *,
        neighbors: bool = False,
        rad: int = 5,
        ptrn: str = "r",
        width: int = 1,
        wcentral: int = 1,
    ) -> Mask | None:
        """Return a mask of all that is asked for, as psana's ``det.mask`` and ``mask_v2``.

        Parameters
        ----------
        evt : Event or int
            Event, or run number.
        calib, status : bool
            The user's 'pixel_mask'; pixels whose status is not 0.
        edges, central : bool
            Outermost rows and columns, and those at borders between ASICs: `width`, `wcentral`.
        unbond, unbondnbrs, unbondnbrs8 : bool
            Unbonded pixels of a CSPAD; with four, or eight neighbours.
        neighbors : bool
            All pixels within `rad` of one with bad status or unbonded; `ptrn`: see
            `xtcview.calib.masks.neighbours`.

        Returns
        -------
        ndarray of uint8 or None
            `shape`, 1 = good; None when nothing is asked for.

        Raises
        ------
        ConstantsError
            'pixel_mask' or a status cannot be read, or a width does not fit.
        """
        asked = dict.fromkeys(name for name, on in (("status", status), ("calib", calib)) if on)
        placed = {"unbond": unbond, "unbondnbrs": unbondnbrs, "unbondnbrs8": unbondnbrs8}
        parts = [self._named("status", evt) if "status" in asked else None]
        parts += [self._placed(**placed)] if any(placed.values()) else []
        merged = masks.merge(*parts)
        if neighbors and merged is not None:
            merged = masks.neighbours(merged, rad, ptrn)
        if edges or central:
            at = self._placed(edges=edges, central=central, width=width, wcentral=wcentral)
            merged = masks.merge(merged, at)
        return masks.merge(merged, self._named("calib", evt) if "calib" in asked else None)

    def mask_calib(self, evt: Any) -> Mask:
        """Return the user's 'pixel_mask', uint8 of `shape`, 1 = good; all good without one."""
        return self._named("calib", evt)

    def status_as_mask(self, evt: Any, mode: int = 0) -> Mask:
        """Return the mask of bad pixels; mode 1 with their four, 2 with their eight neighbours."""
        mask = self._named("status", evt)
        return mask if mode == 0 else masks.neighbours(mask, 1, "r" if mode == 1 else "s")

    def mask_geo(self, evt: Any, mbits: int = 255, width: int = 1, wcentral: int = 1) -> Mask:
        """Return a mask by place; bits: 1 edges, 2 central, 4, 8, 16 as the names of `masks`."""
        return self._placed(**_by_bits(mbits), width=width, wcentral=wcentral)

    def mask_comb(self, evt: Any, mbits: int = 0) -> Mask | None:
        """Return `mask` by bits: 1 status, 2 calib, those of `mask_geo` times 4; None for 0."""
        return self.mask(evt, status=bool(mbits & 1), calib=bool(mbits & 2), **_by_bits(mbits >> 2))

    def masks(self, evt: Any) -> dict[str, Mask]:
        """Return each mask that `mask` can be made of by its name, uint8 of `shape`, 1 = good."""
        named = {name: self._named(name, evt) for name in ("status", "calib")}
        return named | {name: self._placed(**{name: True}) for name in _PLACES}

    def constants(self, evt: Any) -> dict[str, str]:
        """Return for each kind of constants where it comes from.

        Returns
        -------
        dict of str to Told
            'LOADED <file>', 'DEFAULT' when none is deployed, 'WRONG SIZE <file>' or 'UNREADABLE
            <file>', with 'NOT USED ' in front when it is in `without`. Files are named
            <first run>-<last run>.data.
        """
        deployed = store.available(self._calib_dir, self.source) if self._calib_dir else {}
        kinds = [k for k in KINDS if k != "geometry" and (k in _TOLD or k in deployed)]
        return {kind: self._told(kind, evt) for kind in kinds}

    def _told(self, kind: str, evt: Any) -> Told:
        place = self._calib_dir, self.source, kind, run_of(evt), self._constants_shape(kind)
        found = store.try_load(*place)
        unused = kind in self.without and found.path is not None
        why = str(found.error) if found.error else ""
        return Told(f"{'NOT USED ' if unused else ''}{found.status}", found.path, why)

    def _named(self, name: str, evt: Any) -> Mask:
        """Return the mask of the status or the user's; all good where none is deployed."""
        if name == "status":
            bad = self.bad(evt)
            found = None if bad is None else masks.of_status(bad)
        else:
            user = self._deployed("pixel_mask", evt)
            found = None if user is None else (user != 0).astype(np.uint8)
        return np.ones(self.shape, np.uint8) if found is None else found

    def _placed(self, **places: Any) -> Mask:
        one = masks.geometric(tuple(self.shape[1:]), **places)
        return np.repeat(one[None], self.shape[0], axis=0)

    def _constants_shape(self, kind: str) -> tuple[int, ...]:
        """Return the shape of one kind, with gain modes in front where there are."""
        return tuple(self.shape)

    def _merged(self, bad: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """Return bad pixels in the shape of the panels, from those of all gain modes."""
        return bad

    def _load(self, kind: str, evt: Any) -> store.Loaded:
        """Return constants of a run: deployed, or the default; of each run they are kept."""
        run = run_of(evt)
        if kind in self.without:
            return store.load(None, self.source, kind, run, self._constants_shape(kind))
        if (kind, run) not in self._constants:
            place = (self._calib_dir, self.source, kind, run, self._constants_shape(kind))
            self._constants[kind, run] = store.load(*place)
        return self._constants[kind, run]

    def _deployed(self, kind: str, evt: Any) -> Array | None:
        """Return constants of a run; None when none are deployed."""
        found = self._load(kind, evt)
        return None if found.path is None else found.values

    def _bad_pixels(self, evt: Any) -> BadPixels | None:
        key = run_of(evt), *(kind for kind in STATUSES if kind in self.without)
        if key not in self._bad:
            words = (self._deployed(kind, evt) for kind in STATUSES)
            self._bad[key] = ready(self._merged(bad_pixels(*words)))
        return self._bad[key]

    def _common_mode_of(self, evt: Any, cmpars: Any, keywords: dict[str, Any]) -> CommonMode:
        if isinstance(cmpars, int) and cmpars == 0:  # psana's way to say off
            return OFF
        numbers = self.common_mode(evt) if cmpars is None else cmpars
        return common_mode_parameters(numbers, **keywords)

    def _hiding(
        self, evt: Any, own: Array | None, places: dict[str, Any], wanted: bool
    ) -> Mask | None:
        """Return the mask that calibrated panels are multiplied by; None: just the status."""
        if wanted and own is None and not places:
            return None
        whole = np.ones(self.shape, np.uint8)
        if not wanted:
            return whole
        user = None if own is None else (fitting(own, whole, "mask") != 0).astype(np.uint8)
        return masks.merge(whole, self.mask(evt, **{"status": True, **places}), user)


def _by_bits(bits: int) -> dict[str, Any]:
    return {name: bool(bits >> number & 1) for number, name in enumerate(_PLACES)}


def run_of(evt: Any) -> int:
    """Return a run number, or that of an event."""
    return evt if isinstance(evt, int) else int(evt.run())
