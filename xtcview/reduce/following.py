"""A reduction that another job computes, followed by the files that it writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xtcview.errors import EngineError, XtcError, near
from xtcview.reduce import ops as known
from xtcview.reduce import outfile, partfile
from xtcview.reduce.job import check_out, part_files
from xtcview.reduce.ops import Array
from xtcview.reduce.partfile import Header
from xtcview.reduce.report import Report, Skipped
from xtcview.reduce.total import Total

LOOK = 1.0  # s between looks at the files
SILENT = 4.0  # times the interval of a rank's files, after which a job is said to be silent
MOST_BYTES = 2 << 30  # of part files read for one partial picture

Callback = Callable[["Following"], object]
Stamp = tuple[str, int, int]


def follow(out: str | Path) -> Following:
    """Follow a reduction that a batch job computes, by the files it writes.

    Parameters
    ----------
    out : str or Path
        What the job was told to write, such as 'out.h5'. Nothing needs to be there yet.

    Raises
    ------
    XtcError
        For a name that ends otherwise than .h5 or .npz, or a folder that is not there.
    MissingExtraError
        For .h5 without h5py.
    """
    return Following(out)


class Following:
    """The reduction of a batch job, live; shown by a viewer like one of this process.

    Besides the attributes below it has one per op, such as ``r.mean``, which wait for the end.

    Parameters
    ----------
    out : str or Path
        What the job was told to write: .h5 or .npz. Nothing needs to be there yet.

    Raises
    ------
    XtcError
        For another kind of name, or a folder that is not there.
    MissingExtraError
        For .h5 without h5py.
    """

    def __init__(self, out: str | Path) -> None:
        self.path = Path(out)
        check_out(self.path)
        self._lock = threading.RLock()
        self._headers: dict[Stamp, Header] = {}
        self._stamps: tuple[Stamp, ...] = ()
        self._partial: dict[str, Array | None] | None = None
        self._final: tuple[Header, dict[str, Array]] | None = None
        self._after = self._stamp(self.path)
        self._callbacks: list[Callback] = []
        self._notes: list[str] = []
        self._thread: threading.Thread | None = None

    @property
    def about(self) -> Header:
        """What the job reduces: 'dataset', 'detector', 'ops' and so on; empty before it began."""
        return next(iter(self._look()), {})

    @property
    def detector(self) -> str:
        """Name of the detector; '' before the job began."""
        return str(self.about.get("detector", ""))

    @property
    def calib(self) -> bool:
        """Whether calibrated panels are reduced, not the counts."""
        return bool(self.about.get("calib_dir"))

    @property
    def done(self) -> bool:
        """Whether the result is written."""
        self._look()
        return self._final is not None

    @property
    def report(self) -> Report:
        """What became of each event so far."""
        headers = self._look()
        skipped = [Skipped(*one) for h in headers for one in h["summary"]["skipped"]]
        counted = sum(h["summary"]["counted"] for h in headers)
        return Report(max([0, *(h["selected"] for h in headers)]), counted, tuple(skipped))

    @property
    def progress(self) -> tuple[int, int]:
        """Events read so far, and selected."""
        report = self.report
        return report.counted + len(report.skipped), report.selected

    @property
    def state(self) -> str:
        """'waiting' for the first file, 'running', 'silent' (it may have died) or 'done'."""
        headers = self._look()
        if self._final is not None:
            return "done"
        if not headers:
            return "waiting"
        last = max(h["time"] for h in headers)
        patience = SILENT * max([30.0, *(h["every"] for h in headers)])
        return "silent" if time.time() - last > patience else "running"

    @property
    def n(self) -> int:
        """Events in the result; waits for the end."""
        return self.wait().report.counted

    def __getattr__(self, name: str) -> Array:
        names = () if name.startswith("_") else self._names(name)
        if name not in names:
            raise AttributeError(f"this reduction has no {name!r}.{near(name, names)}")
        results = self.wait()._results()
        if name not in results:
            raise AttributeError(f"no event was counted, so that there is no {name!r}")
        return results[name]

    def _names(self, name: str) -> list[str]:
        """Return the results that there will be; before the job began, `name` if it is an op."""
        headers = self._look()
        if self._final is not None:
            return list(self._final[1])
        if headers:
            return ["counts", *(op.partition("(")[0] for op in headers[0]["ops"])]
        try:
            return [op.name for op in known.find(name)]
        except XtcError:
            return []

    @property
    def error(self) -> XtcError | None:
        """Why there may never be a result; None while there is no sign of that."""
        if self.state != "silent":
            return None
        return EngineError(f"{self!r}. Look at its log; the same command goes on from there")

    def partial(self) -> dict[str, Array | None]:
        """Return each op's result over the events whose files were read.

        Returns
        -------
        dict of str to ndarray or None
            Each (segments, rows, cols), in ADU; None before the first counted event. Of many
            ranks only so many files are read as make `MOST_BYTES`, so that a partial picture of
            a thousand ranks is that of some of them.
        """
        headers = self._look()
        with self._lock:
            if self._final is not None:
                results = self._final[1].items()
                return {name: array for name, array in results if name != "counts"}
            if self._partial is None and headers:
                self._partial = self._merged(headers[0])
            return dict(self._partial or {})

    def wait(self, timeout: float | None = None) -> Following:
        """Wait until the result is written.

        Raises
        ------
        TimeoutError
            When it is not by then.
        EngineError
            When the job is silent: it has most likely died, and the same command goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done:
            if (error := self.error) is not None:
                raise error
            if deadline is not None and time.monotonic() >= deadline:
                read, selected = self.progress
                raise TimeoutError(f"{read} of {selected} events were read in {timeout} s")
            time.sleep(LOOK if deadline is None else min(LOOK, deadline - time.monotonic() + 0.001))
        return self

    def add_callback(self, function: Callback) -> None:
        """Call ``function(following)`` whenever the files have changed, and at the end.

        Parameters
        ----------
        function : callable
            Is called from another thread. One that raises is not called again; `repr` tells.
        """
        with self._lock:
            self._callbacks.append(function)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._watch, name="xtcview-follow", daemon=True
                )
                self._thread.start()

    def _watch(self) -> None:
        seen: tuple[Stamp, ...] | None = None
        while True:
            ended = self.done
            if ended or self._stamps != seen:
                seen = self._stamps
                self._call()
            if ended:
                return
            time.sleep(LOOK)

    def _call(self) -> None:
        for function in list(self._callbacks):
            try:
                function(self)
            except Exception as error:  # noqa: BLE001 - one picture that fails; `repr` tells
                self._notes.append(f"a callback failed: {type(error).__name__}: {error}")
                self._callbacks.remove(function)

    def _look(self) -> list[Header]:
        """Return the account of each part file, or that of the result once it is written."""
        with self._lock:
            stamp = self._stamp(self.path)
            parts = part_files(self.path)
            if self._final is None and stamp and not (parts and stamp == self._after):
                # a result that was there before the job is not its result, as long as it works
                self._final = outfile.read(self.path)
            if self._final is not None:
                return [self._final[0]]
            stamps = tuple(one for one in map(self._stamp, parts) if one)
            if stamps != self._stamps:
                self._headers = {one: h for one in stamps if (h := self._header(one)) is not None}
                self._stamps, self._partial = stamps, None
            return list(self._headers.values())

    def _header(self, stamp: Stamp) -> Header | None:
        found = self._headers.get(stamp)
        try:
            return found or partfile.load_header(Path(stamp[0]))
        except FileNotFoundError:  # the job has ended since
            return None

    def _merged(self, about: Header) -> dict[str, Array | None]:
        total = Total(known.find(about["ops"]), tuple(about["shape"]), about["selected"])
        size = 0
        for number, (name, _, bytes_) in enumerate(self._headers):
            size += bytes_
            if number and size > MOST_BYTES:
                break
            try:
                header, arrays = partfile.load(Path(name))
            except FileNotFoundError:
                break
            total.merge(number, [header["summary"], *arrays])
        return total.results()

    def _results(self) -> dict[str, Array]:
        assert self._final is not None
        return self._final[1]

    @staticmethod
    def _stamp(path: Path) -> Any:
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        return str(path), found.st_mtime_ns, found.st_size

    def __repr__(self) -> str:
        try:
            read, selected = self.progress
            said = f"{self.state}, {read} of {selected} events"
        except (XtcError, OSError) as error:
            said = f"cannot be followed: {error}"
        return "\n".join([f"Following({self.path}): {said}", *self._notes])
