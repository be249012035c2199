// From a frame to both panes.

import { histogram, makeLut, percentileLimits } from "./colour.js";
import { showLook, showWish } from "./controls.js";
import { drawAbove, fitPane, paintPane, setPicture } from "./panes.js";
import { showNotes, showStatus } from "./status.js";

/** Paint what the kernel sent, or the empty panels when it had nothing to send. */
export function takeFrame(v, content, buffers) {
  const codes = content.data ? bytes(buffers[0], Uint8Array) : new Uint8Array(0);
  const levels = content.data ? bytes(buffers[1], Float32Array) : new Float32Array(256);
  const data = content.data ? codes : (v.blank ??= new Uint8Array(blockCount(v)));
  v.frame = { codes: data, levels, shape: v.hello.shape, f: content.f ?? v.hello.f };
  v.counts = null;
  if (content.data) {
    v.colours.unit.textContent = content.subtracted ? "ADU − pedestal" : "ADU";
    v.rawLabel.textContent = content.label;
  }
  autoLimits(v);
  paint(v);
  showNotes(v);
  showStatus(v);
  showWish(v.bar, v.wish, v.hello.n, content.time);
  v.hover.refresh();
}

function bytes(view, Kind) {
  const { buffer, byteOffset, byteLength } = view;
  const aligned = byteOffset % Kind.BYTES_PER_ELEMENT === 0;
  return aligned
    ? new Kind(buffer, byteOffset, byteLength / Kind.BYTES_PER_ELEMENT)
    : new Kind(buffer.slice(byteOffset, byteOffset + byteLength));
}

function blockCount({ hello: { shape, f } }) {
  return shape[0] * Math.ceil(shape[1] / f) * Math.ceil(shape[2] / f);
}

/** Limits of the shown frame, where they follow it. */
export function autoLimits(v) {
  if (!v.look.auto || !v.shown?.data) return;
  v.counts ??= histogram(v.frame.codes);
  [v.look.vmin, v.look.vmax] = percentileLimits(v.counts, v.frame.levels);
}

export function paint(v) {
  if (!v.frame) return;
  const table = v.maps[v.look.cmap];
  const lut = makeLut(v.frame.levels, table, v.look);
  for (const pane of [v.raw, v.image]) paintPane(pane, v.frame, lut, v.hatch);
  showLook(v.colours, v.look, table);
  drawCursor(v);
  v.panels.painted();
}

/** Redraw what lies above the pictures, when it changed. */
export function drawCursor(v) {
  const key = JSON.stringify([v.place, v.shown?.present]);
  if (key === v.above) return;
  v.above = key;
  for (const pane of [v.raw, v.image]) drawAbove(pane, v.place, v.shown?.present);
}

export function resized(v) {
  const fitted = [v.raw, v.image].map(fitPane); // both, always
  if (!v.hello || !fitted.some(Boolean)) return;
  v.above = null;
  paint(v);
}

export function chooseRaw(v) {
  const picture = v.raws.find((p) => p.key === v.look.arrangement) ?? v.raws[0];
  v.choice.value = picture.key;
  setPicture(v.raw, picture, v.hello);
  v.above = null;
}
