// Small plots on a canvas, in the colours of the theme.

import { format, make } from "../dom.js";

const MARGIN = { left: 58, right: 8, top: 6, bottom: 16 }; // CSS pixels

/** A plot of a fixed height; its canvas is as wide as its place. */
export function createPlot(label, height, properties = {}) {
  const canvas = make("canvas", { class: "xv-plot", role: "img", "aria-label": label, ...properties });
  canvas.style.height = `${height}px`;
  return { canvas, height, label, frame: null };
}

/** Make the plot empty; returns what is needed to draw on it, null while it is not on the page. */
function clearPlot(plot) {
  const width = plot.canvas.clientWidth;
  if (!width) return null;
  const ratio = Math.min(globalThis.devicePixelRatio || 1, 2);
  const size = [Math.round(width * ratio), Math.round(plot.height * ratio)];
  if (plot.canvas.width !== size[0]) plot.canvas.width = size[0];
  if (plot.canvas.height !== size[1]) plot.canvas.height = size[1];
  const g = plot.canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, plot.height);
  g.font = "11px sans-serif";
  return { g, width, height: plot.height };
}

/** A colour of the theme. */
export function themeColour(node, name) {
  return getComputedStyle(node).getPropertyValue(name).trim() || "#616161";
}

export function rangeOf(values, keep = () => true) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value) || !keep(i)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : [low, high];
}

/**
 * Draw values along x from `from` to `to`. `marks` are { at, colour, dash } across the plot. Where
 * values are closer than pixels, their range is drawn: no peak is left out.
 */
export function drawPlot(plot, values, { from = 0, to = values.length - 1, marks = [], dots = false, axis = "" } = {}) {
  const paper = clearPlot(plot);
  if (!paper) return;
  const { g, width, height } = paper;
  let [low, high] = rangeOf(values);
  if (high === low) [low, high] = [low - 0.5, high + 0.5];
  const box = { x: MARGIN.left, y: MARGIN.top, w: width - MARGIN.left - MARGIN.right, h: height - MARGIN.top - MARGIN.bottom };
  const xOf = (at) => box.x + ((at - from) / Math.max(to - from, 1e-9)) * box.w;
  const yOf = (value) => box.y + (1 - (value - low) / (high - low)) * box.h;
  plot.frame = { at: (px) => from + ((px - box.x) / box.w) * (to - from), xOf, yOf, box };
  axes(plot, g, box, { low, high, from, to, axis });
  g.strokeStyle = g.fillStyle = themeColour(plot.canvas, "--xv-focus");
  g.lineWidth = 1.25;
  const step = (to - from) / Math.max(values.length - 1, 1);
  if (values.length > 2 * box.w) bands(g, values, box, yOf);
  else curve(g, values, (i) => xOf(from + i * step), yOf, dots);
  for (const mark of marks) line(plot, g, xOf(mark.at), box, mark);
}

function axes(plot, g, box, { low, high, from, to, axis }) {
  g.strokeStyle = themeColour(plot.canvas, "--xv-line");
  g.strokeRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1);
  g.fillStyle = themeColour(plot.canvas, "--xv-quiet");
  g.textAlign = "right";
  g.textBaseline = "top";
  g.fillText(format(round4(high)), box.x - 5, box.y - 1);
  g.textBaseline = "bottom";
  g.fillText(format(round4(low)), box.x - 5, box.y + box.h + 1);
  g.textBaseline = "top";
  g.fillText(format(round4(to)), box.x + box.w, box.y + box.h + 3);
  g.textAlign = "left";
  g.fillText(format(round4(from)), box.x, box.y + box.h + 3);
  g.textAlign = "center";
  g.fillText(axis, box.x + box.w / 2, box.y + box.h + 3);
}

const round4 = (value) => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));

function curve(g, values, xOf, yOf, dots) {
  let open = false;
  g.beginPath();
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return (open = false);
    if (open) g.lineTo(xOf(i), yOf(value));
    else g.moveTo(xOf(i), yOf(value));
    return (open = true);
  });
  g.stroke();
  const alone = (i) => !Number.isFinite(values[i - 1] ?? NaN) && !Number.isFinite(values[i + 1] ?? NaN);
  values.forEach((value, i) => {
    if (Number.isFinite(value) && (dots || alone(i))) g.fillRect(xOf(i) - 1.5, yOf(value) - 1.5, 3, 3);
  });
}

/** For each pixel column the range of the values in it. */
function bands(g, values, box, yOf) {
  const per = values.length / box.w;
  for (let px = 0; px < box.w; px++) {
    const [low, high] = rangeOf(values.subarray(Math.floor(px * per), Math.ceil((px + 1) * per)));
    if (low === 0 && high === 1 && !values.subarray(Math.floor(px * per), Math.ceil((px + 1) * per)).some(Number.isFinite)) continue;
    g.fillRect(box.x + px, yOf(high), 1, Math.max(1, yOf(low) - yOf(high)));
  }
}

function line(plot, g, x, box, { colour = "--xv-text", dash = [] }) {
  if (x < box.x - 1 || x > box.x + box.w + 1) return;
  g.save();
  g.strokeStyle = themeColour(plot.canvas, colour);
  g.setLineDash(dash);
  g.beginPath();
  g.moveTo(x, box.y);
  g.lineTo(x, box.y + box.h);
  g.stroke();
  g.restore();
}

/** Where on the x axis a pointer is; null outside of the axes or before anything was drawn. */
export function placeOnPlot(plot, event) {
  const { left } = plot.canvas.getBoundingClientRect();
  const at = plot.frame?.at(event.clientX - left);
  return Number.isFinite(at) ? at : null;
}
