// What is drawn over the pictures: rings, the region, the pinned pixel. A click pins a pixel, a
// drag draws a region.

import { make } from "../dom.js";
import { pixelAt, toCanvas } from "../layout.js";
import { canvasOf, displayAtCanvas } from "./where.js";

const DRAG = 4; // CSS pixels; less is a click
const POINTS = 240; // of a ring on the raw panels

/** `act` has pin(place) and box({ pane, box }). */
export function createOverlay(v, act) {
  for (const pane of [v.raw, v.image]) {
    pane.over = make("canvas", { class: "xv-above xv-over", "aria-hidden": "true" });
    pane.box.append(pane.over);
    listen(v, pane, act);
  }
  return { draw: () => [v.raw, v.image].forEach((pane) => drawOver(v, pane)) };
}

function listen(v, pane, act) {
  let from = null;
  const at = (e) => {
    const rect = pane.box.getBoundingClientRect();
    const scale = pane.canvas.width / rect.width;
    return { x: (e.clientX - rect.left) * scale, y: (e.clientY - rect.top) * scale };
  };
  const moved = (e) => Math.hypot(e.clientX - from.e.clientX, e.clientY - from.e.clientY) > DRAG;
  pane.box.addEventListener("pointerdown", (e) => {
    if (e.button === 0 && pane.picture) from = { e, at: at(e) };
  });
  pane.box.addEventListener("pointermove", (e) => {
    if (!from || !moved(e)) return;
    pane.box.setPointerCapture(e.pointerId);
    act.box(boxOf(pane, from.at, at(e)), false);
  });
  pane.box.addEventListener("pointerup", (e) => {
    if (!from) return;
    const start = from;
    const size = pane.canvas.width;
    if (moved(e)) act.box(boxOf(pane, start.at, at(e)), true);
    else act.pin(pixelAt(pane.picture, size, size, start.at.x, start.at.y));
    from = null;
  });
  pane.box.addEventListener("pointercancel", () => (from = null));
}

/** A box of whole display pixels between two canvas positions; null when it holds none. */
export function boxOf(pane, a, b) {
  const size = pane.canvas.width, { picture } = pane;
  const [p, q] = [a, b].map((at) => displayAtCanvas(picture, size, at));
  const clip = (x, most) => Math.min(Math.max(Math.round(x), 0), most);
  const box = [
    clip(Math.min(p.y, q.y), picture.rows), clip(Math.min(p.x, q.x), picture.cols),
    clip(Math.max(p.y, q.y), picture.rows), clip(Math.max(p.x, q.x), picture.cols),
  ];
  return box[2] > box[0] && box[3] > box[1] ? { pane: picture.key, box } : null;
}

function drawOver(v, pane) {
  const size = pane.canvas.width;
  if (pane.over.width !== size) pane.over.width = pane.over.height = size;
  const g = pane.over.getContext("2d");
  g.clearRect(0, 0, size, size);
  if (!pane.picture) return;
  const ratio = size / Math.max(pane.box.clientWidth, 1);
  for (const ring of v.rings ?? []) drawRing(v, pane, g, ring, ratio);
  if (v.box?.pane === pane.picture.key) drawBox(pane, g, v.box.box, ratio);
  if (v.pin) drawPin(g, toCanvas(pane.picture, size, size, v.pin), ratio);
}

/** Draw a path twice, dark below light: it is seen on every colour. */
function outlined(g, ratio, path) {
  for (const [colour, wide] of [["rgba(0,0,0,.7)", 3], ["#fff", 1.25]]) {
    g.strokeStyle = colour;
    g.lineWidth = wide * ratio;
    g.beginPath();
    path();
    g.stroke();
  }
}

function drawBox(pane, g, [top, left, bottom, right], ratio) {
  const size = pane.canvas.width;
  const a = canvasOf(pane.picture, size, { x: left - 0.5, y: top - 0.5 });
  const b = canvasOf(pane.picture, size, { x: right - 0.5, y: bottom - 0.5 });
  outlined(g, ratio, () => g.rect(a.x, a.y, b.x - a.x, b.y - a.y));
}

function drawPin(g, at, ratio) {
  if (at) outlined(g, ratio, () => g.arc(at.x, at.y, 6 * ratio, 0, 2 * Math.PI));
}

function drawRing(v, pane, g, { radius, label }, ratio) {
  const size = pane.canvas.width, [x, y] = v.centre;
  if (pane === v.image) {
    const at = canvasOf(pane.picture, size, { x, y });
    const edge = canvasOf(pane.picture, size, { x: x + radius, y });
    outlined(g, ratio, () => g.arc(at.x, at.y, edge.x - at.x, 0, 2 * Math.PI));
    name(g, label, at.x, at.y - (edge.x - at.x), ratio);
    return;
  }
  outlined(g, ratio, () => {
    for (let i = 0; i < POINTS; i++) dash(v, pane, g, x, y, radius, (2 * Math.PI * i) / POINTS);
  });
}

/** A piece of a ring where it crosses a panel, drawn on that panel. */
function dash(v, pane, g, x, y, radius, angle) {
  const size = pane.canvas.width, image = v.image.canvas.width;
  const ends = [angle, angle + (1.2 * Math.PI) / POINTS].map((a) => {
    const at = { x: x + radius * Math.cos(a), y: y + radius * Math.sin(a) };
    const on = canvasOf(v.image.picture, image, at);
    const place = pixelAt(v.image.picture, image, image, on.x, on.y);
    return place && { place, at: toCanvas(pane.picture, size, size, place) };
  });
  if (!ends[0]?.at || ends[0].place.segment !== ends[1]?.place.segment) return;
  g.moveTo(ends[0].at.x, ends[0].at.y);
  g.lineTo(ends[1].at.x, ends[1].at.y);
}

function name(g, label, x, y, ratio) {
  g.font = `${11 * ratio}px sans-serif`;
  g.textAlign = "center";
  g.lineWidth = 3 * ratio;
  g.strokeStyle = "rgba(0,0,0,.7)";
  g.strokeText(label, x, y - 4 * ratio);
  g.fillStyle = "#fff";
  g.fillText(label, x, y - 4 * ratio);
}

