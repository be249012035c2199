"""`darks`: pedestals, noise and bad pixels of a run without X-rays, in one pass."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xtcview.calib import assemble, geometry, store
from xtcview.calib.status import MEANING, UNSEEN, Judged, Limits, judge
from xtcview.detector import Detector
from xtcview.errors import ConstantsError, XtcError
from xtcview.reduce.api import reduce
from xtcview.reduce.report import Report
from xtcview.run.datasource import open_run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[Any]
_BY_MODE = ("Jungfrau", "Epix10ka", "Epix10kaQuad", "Epix10ka2M")
_FORMATS = {"pedestals": "%.3f", "pixel_rms": "%.3f", "pixel_status": "%d"}


@dataclass(frozen=True, eq=False)
class Darks:
    """What a dark run tells of a detector.

    Attributes
    ----------
    pedestals, rms : ndarray of float32
        (segments, rows, columns), ADU: mean and standard deviation over the events; 0 and 1 in
        segments that no event held.
    status : ndarray of uint16
        Same shape; 0 = good, else bits of `xtcview.calib.status.MEANING`.
    counts : ndarray of int64
        Events per segment.
    judged : Judged
        The ranges of rms and mean in which a pixel is good, ADU.
    report : Report
        What became of each event.
    """

    detector: Detector
    run: Any
    pedestals: NDArray[np.float32]
    rms: NDArray[np.float32]
    status: NDArray[np.uint16]
    counts: NDArray[np.int64]
    judged: Judged
    report: Report

    def bad(self) -> dict[str, int]:
        """Return how many pixels are bad, by reason; a pixel may have several."""
        found = {text: int(np.count_nonzero(self.status & bit)) for bit, text in MEANING.items()}
        return {text: number for text, number in found.items() if number}

    def deploy(
        self,
        calib_dir: str | Path | None = None,
        begin: int | None = None,
        end: int | None = None,
        comment: str = "-",
    ) -> list[Path]:
        """Write pedestals, pixel_rms and pixel_status into a calib folder; nothing is overwritten.

        Parameters
        ----------
        calib_dir : str or Path, optional
            Without it that of the run, if there is one.
        begin, end : int, optional
            Runs that they serve; from this run on without them.
        comment : str
            For HISTORY.

        Returns
        -------
        list of Path
            The new files.

        Raises
        ------
        ConstantsError
            If one of the files is there already: then none is written. If no folder is given
            and the run has none.
        """
        folder = Path(self.run.calib_dir if calib_dir is None else calib_dir)
        if calib_dir is None and not folder.is_dir():
            raise ConstantsError(f"{folder}: no such calib folder; name the one to write to")
        first = self.run.run() if begin is None else begin
        source = self.detector.source
        arrays: dict[str, Array] = {
            "pedestals": self.pedestals,
            "pixel_rms": self.rms,
            "pixel_status": self.status,
        }
        name = f"{first}-{'end' if end is None else end}.data"
        there = [p for kind in arrays if (p := store.folder(folder, source, kind) / name).exists()]
        if there:
            raise ConstantsError(f"{there[0]} is there already; choose another range of runs")
        about = [f"EXP {self.run.experiment}", f"RUN {self.run.run()}", f"SRC {source}"]
        about.append(f"EVENTS {self.report.counted}")
        told = {"exp": self.run.experiment, "run": self.run.run(), "comment": comment}
        return [
            store.deploy(folder, source, kind, first, end, array, _FORMATS[kind], about, told)
            for kind, array in arrays.items()
        ]

    def figure(self) -> Figure:
        """Return images of pedestals, rms and status and a histogram of the rms."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(12, 9.5), layout="constrained")
        panes = figure.subplots(2, 2)
        for axes, name, unit in (
            (panes[0, 0], "pedestals", "ADU"),
            (panes[0, 1], "rms", "ADU"),
            (panes[1, 0], "status", "bits"),
        ):
            self._draw(axes, name, unit)
        self._draw_histogram(panes[1, 1])
        events = f"{self.report.counted} events"
        figure.suptitle(
            f"{self.detector.source}, run {self.run.run()} of {self.run.experiment}, {events}"
        )
        return figure

    def _draw(self, axes: Axes, name: str, unit: str) -> None:
        values = getattr(self, name).astype(np.float32)
        values[self.status & UNSEEN != 0] = np.nan
        table = geometry.without_twist(self.detector.geometry(self.run.run()))
        image = assemble.assemble(values, assemble.assembly_of(table), gap=np.nan)
        known = values[np.isfinite(values)]
        low, high = np.percentile(known, (1, 99)) if known.size and name != "status" else (0, 63)
        upright = geometry.orient(image, geometry.upright(table))
        drawn = axes.imshow(upright, vmin=low, vmax=high, cmap="viridis", interpolation="nearest")
        axes.set(title=name, xticks=[], yticks=[])
        axes.figure.colorbar(drawn, ax=axes, label=unit, shrink=0.85)

    def _draw_histogram(self, axes: Axes) -> None:
        values = self.rms[self.status & UNSEEN == 0]
        low, high = self.judged.rms_range
        top = min(high * 1.2, float(values.max(initial=1.0)) + 1)
        axes.hist(values, bins=200, range=(0, top), histtype="step", color="k")
        axes.axvspan(low, high, color="tab:green", alpha=0.15, label="good")
        axes.set(title="rms", xlabel="ADU", ylabel="pixels", yscale="log")
        axes.legend()

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.figure().savefig(stream, format="png", dpi=80)
        return stream.getvalue()

    def __repr__(self) -> str:
        bad = np.count_nonzero(self.status)
        reasons = ", ".join(f"{number} {text}" for text, number in self.bad().items())
        part = 100 * bad / self.status.size
        return (
            f"Darks of {self.detector.source}, run {self.run.run()}: {bad} bad pixels "
            f"({part:.2f} %{': ' if reasons else ''}{reasons})\n{self.report}"
        )


def darks(
    run: Any,
    name: str | None = None,
    *,
    events: Any = None,
    engines: Any = "serial",
    limits: Limits | None = None,
) -> Darks:
    """Return pedestals, noise and bad pixels of a run without X-rays; waits for the end.

    Parameters
    ----------
    run : Run or str
        From `xtcview.open`, or a data set string.
    name : str, optional
        Detector; without it the run's only area detector.
    events, engines
        See `xtcview.reduce`.
    limits : Limits
        What a good pixel keeps to; psana's without it.

    Returns
    -------
    Darks
        Shown in a notebook as three images and a histogram.

    Raises
    ------
    ConstantsError
        For detectors whose pixels choose their gain: each mode needs dark events of its own.
    XtcError
        When no event has data of the detector.
    """
    if isinstance(run, str | Path):
        run = open_run(run)
    detector = Detector(name, run)
    if detector.src.devName() in _BY_MODE:
        raise ConstantsError(
            f"{detector.source}: pixels of this detector choose their gain, and each mode has "
            "pedestals of its own; darks of one run cannot tell them"
        )
    limits = limits or Limits()
    wanted = ("mean", "std", *_counting(limits))
    done = reduce(run, detector.name, wanted, events=events, engines=engines).wait()
    found = done.partial()
    if found["mean"] is None:
        raise XtcError(f"{run}: no event has data of {detector.source}\n{done.report}")
    return _judged(detector, run, {k: v for k, v in found.items() if v is not None}, done, limits)


def _counting(limits: Limits) -> Iterable[str]:
    return f"above:{limits.highest:g}", f"below:{limits.lowest:g}"


def _judged(
    detector: Detector, run: Any, found: dict[str, Array], done: Any, limits: Limits
) -> Darks:
    counts = done.counts
    number = np.maximum(counts, 1).reshape(-1, 1, 1)
    above, below = (found[name] / number for name in _counting(limits))
    judged = judge(found["mean"], found["std"], above, below, limits)
    unseen = judged.status & UNSEEN != 0
    pedestals = np.where(unseen, 0, found["mean"]).astype(np.float32)
    rms = np.where(unseen, 1, found["std"]).astype(np.float32)
    return Darks(detector, run, pedestals, rms, judged.status, counts, judged, done.report)
