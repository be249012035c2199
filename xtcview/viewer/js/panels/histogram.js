// How many blocks have which value, with the limits of the colours to be dragged.

import { histogram } from "../colour.js";
import { format, make } from "../dom.js";
import { createPlot, drawPlot, placeOnPlot } from "./plot.js";

const BINS = 200;
const TAILS = [0.0005, 0.9999]; // share of the blocks between which the axis reaches

export function createHistogram(v, act) {
  const plot = createPlot("histogram of the shown values, logarithmic", 150);
  const handles = ["vmin", "vmax"].map((name) => createHandle(v, name, act, plot, () => range));
  const area = make("div", { class: "xv-limits", ondblclick: () => act.look({ auto: true }) },
    plot.canvas, ...handles.map((h) => h.root));
  const hint = make("div", { class: "xv-quiet", textContent: "drag the limits; a double click lets them follow the picture" });
  let range = [0, 1], holding = false;

  function draw() {
    if (!v.frame || !v.shown?.data) return;
    v.counts ??= histogram(v.frame.codes);
    holding = handles.some((h) => h.held());
    if (!holding) range = axisOf(v.counts, v.frame.levels, v.look);
    drawPlot(plot, binned(v.counts, v.frame.levels, range), { from: range[0], to: range[1], axis: v.colours.unit.textContent });
    handles.forEach((h) => h.show());
  }

  return { name: "histogram", title: "Histogram", root: make("div", {}, area, hint), refresh: draw, painted: draw };
}

/** The axis: the bulk of the values, and the limits with room around them. */
export function axisOf(counts, levels, { vmin, vmax }) {
  let total = 0, sum = 0, low = null, high = null;
  for (let code = 1; code < counts.length; code++) total += counts[code];
  for (let code = 1; code < counts.length; code++) {
    sum += counts[code];
    if (low === null && sum >= TAILS[0] * total) low = levels[code];
    if (high === null && sum >= TAILS[1] * total) high = levels[code];
  }
  const from = Math.min(low ?? 0, vmin), to = Math.max(high ?? 1, vmax);
  const room = 0.05 * Math.max(to - from, 1e-9);
  return [from - room, to + room];
}

/**
 * log10(1 + blocks) in even bins. A code is spread half way to its neighbours that occur: whole
 * counts are further apart than codes.
 */
export function binned(counts, levels, [from, to]) {
  const out = new Float32Array(BINS);
  const width = (to - from) / BINS;
  const there = [];
  for (let code = 1; code < counts.length; code++) if (counts[code]) there.push(code);
  there.forEach((code, i) => {
    const low = i > 0 ? (levels[there[i - 1]] + levels[code]) / 2 : levels[code];
    const high = i < there.length - 1 ? (levels[code] + levels[there[i + 1]]) / 2 : levels[code];
    spread(out, counts[code], (low - from) / width, (high - from) / width);
  });
  return out.map((n) => Math.log10(1 + n));
}

function spread(out, count, a, b) {
  if (b - a < 1e-6) {
    const at = Math.floor(a);
    if (at >= 0 && at < out.length) out[at] += count;
    return;
  }
  for (let i = Math.max(0, Math.floor(a)); i < Math.min(out.length, Math.ceil(b)); i++) {
    out[i] += (count * (Math.min(b, i + 1) - Math.max(a, i))) / (b - a);
  }
}

function createHandle(v, name, act, plot, range) {
  const label = { vmin: "lowest value shown", vmax: "highest value shown" }[name];
  let held = false;
  const root = make("div", {
    class: `xv-handle xv-${name}`, tabIndex: 0, role: "slider", "aria-label": label, title: label,
    onpointerdown: (e) => {
      held = true;
      root.setPointerCapture(e.pointerId);
      e.preventDefault();
      root.focus();
    },
    onpointermove: (e) => held && set(placeOnPlot(plot, e)),
    onpointerup: () => (held = false),
    onpointercancel: () => (held = false),
    onkeydown: (e) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[e.key];
      if (!way) return;
      e.stopPropagation();
      e.preventDefault();
      set(v.look[name] + way * (e.shiftKey ? 0.05 : 0.005) * (range()[1] - range()[0]));
    },
  });

  function set(value) {
    if (!Number.isFinite(value)) return;
    const rest = 1e-6 * Math.max(Math.abs(value), 1);
    const vmin = name === "vmin" ? Math.min(value, v.look.vmax - rest) : v.look.vmin;
    const vmax = name === "vmax" ? Math.max(value, v.look.vmin + rest) : v.look.vmax;
    act.look({ vmin, vmax, auto: false });
    show();
  }

  function show() {
    root.style.left = `${plot.frame?.xOf(v.look[name]) ?? 0}px`;
    root.setAttribute("aria-valuenow", String(v.look[name]));
    root.setAttribute("aria-valuetext", `${format(v.look[name])} ${v.colours.unit.textContent}`);
  }

  return { root, held: () => held, show };
}
