"""Speed, as ratios to a control measured in the same minute: ``make bench``.

Ours and its control are timed in turn; a row shows both medians and the median of the ratios
pair by pair, so that other work on the machine does not decide.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

import xtcview
from xtcview.calib import assemble, geometry
from xtcview.run.store import read_items
from xtcview.synth import write_demo

EVENTS = 30
PIXELS = 32 * 185 * 388


class Row(NamedTuple):
    """One line of the table; `value` must not exceed `limit` (or not fall below, if `floor`)."""

    what: str
    ours: str
    control: str
    value: float
    limit: float
    floor: bool = False

    @property
    def holds(self) -> bool:
        return self.value >= self.limit if self.floor else self.value <= self.limit


def paired(
    ours: Callable[[int], object], control: Callable[[int], object], count: int, repeat: int = 8
) -> tuple[float, float, float]:
    """Return the medians in ms and the ratio of two functions of an event number.

    Each goes first in every other round, since the second finds the file's pages in the cache;
    the ratio is the geometric mean of the median ratios of both orders.
    """
    order = np.random.default_rng(0).permutation(count)
    times = np.zeros((repeat + 1, count, 2))
    for number, row in enumerate(times):
        which = ((0, ours), (1, control))[:: -1 if number % 2 else 1]
        for event in order:
            for column, function in which:
                start = time.perf_counter()
                function(int(event))
                row[event, column] = 1e3 * (time.perf_counter() - start)
    found = times[1:]  # the first round warms up
    ratios = found[..., 0] / found[..., 1]
    ratio = np.sqrt(np.median(ratios[::2]) * np.median(ratios[1::2]))
    return (*np.median(found.reshape(-1, 2), axis=0), float(ratio))


def random_event(run: xtcview.run.run.Run) -> list[Row]:
    """Random event, its quads or `det.raw`, sum; control: preadv of the same bytes, sum."""
    det = xtcview.Detector("cspad", run)
    times = run.times()
    good = [i for i in range(len(times)) if det.raw(run.event(i)) is not None]
    items = [run.event(i).find(xtcview.CsPad.DataV2, det.src) for i in good]
    offsets = [run.timeline.parts(i)[0] for i in good]
    heads = [read_items(run.files[f], o)[0] for f, o in offsets]
    buffer = np.empty(max(h.size for h in heads), "u1")
    descriptors = [os.open(f.path, os.O_RDONLY) for f in run.files]

    def raw(i: int) -> int:
        return int(det.raw(run.event(times[good[i]])).sum(dtype=np.int64))

    def quads(i: int) -> int:
        data = run.event(times[good[i]]).get(xtcview.CsPad.DataV2, det.src)
        return sum(
            int(data.quads(q).data().sum(dtype=np.int64)) for q in range(data.quads_shape()[0])
        )

    def control(i: int) -> int:
        file, offset = offsets[i]
        data = buffer[: heads[i].size]
        os.preadv(descriptors[file], [data], offset)
        at = items[i].at - offset
        return int(data[at : at + 2 * PIXELS].view("<i2").sum(dtype=np.int64))

    rows = []
    for what, ours, limit in (("get + sum of its quads", quads, 1.05), ("raw + sum", raw, 1.25)):
        mine, other, ratio = paired(ours, control, len(good))
        title = f"random event + {what} / preadv + sum"
        rows.append(Row(title, f"{mine:.2f} ms", f"{other:.2f} ms", ratio, limit))
    for descriptor in descriptors:
        os.close(descriptor)
    return rows


def assembly() -> Row:
    """Assembly of the full image; control: a bare take of as many values."""
    table = geometry.without_twist(geometry.default("cspad"))
    plan = assemble.assembly(*geometry.pixel_indexes(table))
    panels = np.random.default_rng(1).normal(size=(32, 185, 388)).astype("f4")
    flat = panels.ravel()
    inverse = np.maximum(assemble.inverse_map(plan), 0).ravel()
    image, out = np.empty(plan.shape, "f4"), np.empty(inverse.size, "f4")

    def ours(_: int) -> object:
        return assemble.assemble(panels, plan, out=image)

    def control(_: int) -> object:
        return np.take(flat, inverse, out=out, mode="clip")

    mine, other, ratio = paired(ours, control, 20, 5)
    return Row(
        "assembly to the full image / np.take", f"{mine:.2f} ms", f"{other:.2f} ms", ratio, 1.2
    )


def first_image() -> Row:
    """The first image of a geometry, index arrays included; control: a later one."""
    table = geometry.default("cspad")
    panels = np.random.default_rng(1).normal(size=(32, 185, 388)).astype("f4")

    def ours(_: int) -> object:
        assemble.assembly_of.cache_clear()
        return assemble.assemble(panels, assemble.assembly_of(table))

    def control(_: int) -> object:
        return assemble.assemble(panels, assemble.assembly_of(table))

    mine, other, _ = paired(ours, control, 5)
    later = f"later {other:.1f} ms"
    return Row("first image of a geometry, ms", f"{mine:.0f} ms", later, mine, 200)


def import_time() -> Row:
    """Import in a fresh interpreter; control: the interpreter with numpy."""

    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    mine = np.median([seconds("import xtcview") for _ in range(9)])
    other = np.median([seconds("import numpy") for _ in range(9)])
    return Row(
        "import xtcview, s (limit in s)", f"{mine:.3f} s", f"numpy {other:.3f} s", mine, 0.25
    )


def viewer() -> list[Row]:
    """Step and drag in a real browser; nothing when there is none."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
    import lab
    import measure

    if lab.find_browser() is None:
        return []
    found = measure.measure()
    step, drag = found["step_ms_median"], found["drag_events_per_s"]
    messages = float(found["contrast_messages"])
    return [
        Row("slider step painted in both panes, ms", f"{step:.0f} ms", "", step, 90),
        Row("distinct events/s while dragging", f"{drag:.1f}/s", "", drag, 15, floor=True),
        Row("kernel messages of a contrast change", f"{messages:.0f}", "", messages, 0),
    ]


def main() -> int:
    """Print the table; exit with 1 when a limit does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        write_demo(demo, events=EVENTS)
        with xtcview.open(demo / "xtc") as run:
            rows = [*random_event(run), assembly(), first_image(), import_time()]
    seen = viewer()
    rows += seen
    width = max(len(row.what) for row in rows)
    print(f"{'what':<{width}}  {'ours':>9}  {'control':>12}  {'value':>7}  limit")
    for row in rows:
        sign = ">=" if row.floor else "<="
        holds = "" if row.holds else "  NOT HELD"
        line = f"{row.what:<{width}}  {row.ours:>9}  {row.control:>12}  {row.value:7.2f}"
        print(f"{line}  {sign} {row.limit:g}{holds}")
    if not seen:
        print("no browser here: the viewer's rows are not measured")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
