// One pane: a canvas for the picture and one above it for the cursor and the labels.

import { drawCodes } from "./colour.js";
import { indexMap, pixelAt, toCanvas } from "./layout.js";
import { make } from "./dom.js";

const MAX_PIXELS = 1200; // of a canvas side; more would only repeat blocks

/** A pane; `onHover(place or null)` is called with the detector pixel under the pointer. */
export function createPane(name, onHover) {
  const canvas = make("canvas", { class: `xv-canvas xv-${name}`, role: "img", "aria-label": `${name} picture` });
  const above = make("canvas", { class: "xv-above" });
  const message = make("div", { class: "xv-message" });
  const labels = make("div", { class: "xv-labels", "aria-hidden": "true" });
  const box = make("div", { class: "xv-box" }, canvas, above, message);
  const pane = {
    name, canvas, above, message, labels, box,
    frame: make("div", { class: "xv-frame" }, labels, box),
    picture: null, map: null, mapKey: "",
  };
  box.addEventListener("pointermove", (e) => onHover(placeUnder(pane, e)));
  box.addEventListener("pointerleave", () => onHover(null));
  return pane;
}

/** Give the canvases the resolution of the screen; true when it changed. */
export function fitPane(pane) {
  const side = pane.box.clientWidth * Math.min(globalThis.devicePixelRatio || 1, 2);
  const size = Math.max(64, Math.min(Math.round(side), MAX_PIXELS));
  if (pane.canvas.width === size && pane.canvas.height === size) return false;
  for (const c of [pane.canvas, pane.above]) c.width = c.height = size;
  pane.mapKey = "";
  return true;
}

/** Choose what the pane draws. */
export function setPicture(pane, picture, { shape, sections }) {
  pane.picture = picture;
  pane.shape = shape;
  pane.mapKey = "";
  const labels = picture.key === "image" ? [] : axisLabels(picture, sections);
  pane.labels.replaceChildren(...labels);
}

function axisLabels(picture, sections) {
  if (!sections) return [];
  const at = (axis, tile) =>
    axis === "x" ? tile.x0 + tile.cols / 2 - 0.5 : tile.y0 + tile.rows / 2 - 0.5;
  const wide = Math.max(picture.rows, picture.cols);
  const place = (axis, tile, text) => {
    const size = axis === "x" ? picture.cols : picture.rows;
    const share = picture.fill ? at(axis, tile) / size : 0.5 + (at(axis, tile) - size / 2) / wide;
    const node = make("span", { class: `xv-${axis}`, textContent: text });
    node.style[axis === "x" ? "left" : "top"] = `${100 * share}%`;
    return node;
  };
  const tiles = picture.tiles;
  if (picture.key === "stack") {
    const first = tiles.filter((t) => t.segment % 4 === 0);
    return first.map((t) => place("y", t, `q${Math.floor(t.segment / sections)} s${t.segment % sections}`));
  }
  const tops = tiles.filter((t) => t.segment % sections === 0);
  return [
    ...tops.map((t, quad) => place("x", t, `quad ${quad}`)),
    ...tiles.slice(0, sections).map((t, section) => place("y", t, `s${section}`)),
  ];
}

/** Paint a frame. `frame` holds codes, shape and f; `lut` and `hatch` are pixel words. */
export function paintPane(pane, frame, lut, hatch) {
  const { width, height } = pane.canvas;
  const key = `${width}x${height} ${frame.f}`;
  if (pane.mapKey !== key) {
    pane.map = indexMap(pane.picture, width, height, frame.shape, frame.f);
    pane.image = new ImageData(width, height);
    pane.words = new Uint32Array(pane.image.data.buffer);
    pane.mapKey = key;
  }
  drawCodes(pane.words, pane.map, frame.codes, lut, hatch, width);
  pane.canvas.getContext("2d").putImageData(pane.image, 0, 0);
}

function placeUnder(pane, event) {
  if (!pane.picture) return null;
  const box = pane.above.getBoundingClientRect();
  const { width, height } = pane.above;
  const x = ((event.clientX - box.left) / box.width) * width;
  const y = ((event.clientY - box.top) / box.height) * height;
  return pixelAt(pane.picture, width, height, x, y);
}

/** Draw the cursor cross at a detector pixel and name the absent segments. */
export function drawAbove(pane, place, present) {
  const { width, height } = pane.above;
  const g = pane.above.getContext("2d");
  g.clearRect(0, 0, width, height);
  if (!pane.picture) return;
  if (present) nameAbsent(pane, g, present);
  const at = place && toCanvas(pane.picture, width, height, place);
  if (at) drawCross(g, at, width / pane.box.clientWidth);
}

function drawCross(g, { x, y }, ratio) {
  for (const [colour, wide] of [["rgba(0,0,0,.75)", 3.5], ["#fff", 1.5]]) {
    g.strokeStyle = colour;
    g.lineWidth = wide * ratio;
    g.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      g.moveTo(x + 5 * ratio * dx, y + 5 * ratio * dy);
      g.lineTo(x + 13 * ratio * dx, y + 13 * ratio * dy);
    }
    g.stroke();
  }
}

function nameAbsent(pane, g, present) {
  const { width, height } = pane.above;
  const size = Math.round((11 * width) / pane.box.clientWidth);
  g.font = `${size}px sans-serif`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  const { shape } = pane;
  for (let segment = 0; segment < shape[0]; segment++) {
    const middle = { segment, row: shape[1] >> 1, col: shape[2] >> 1 };
    const at = !present[segment] && toCanvas(pane.picture, width, height, middle);
    if (!at) continue;
    g.lineWidth = 3;
    g.strokeStyle = "rgba(0,0,0,.7)";
    g.strokeText("absent", at.x, at.y);
    g.fillStyle = "#fff";
    g.fillText("absent", at.x, at.y);
  }
}
