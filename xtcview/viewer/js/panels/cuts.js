// Line-outs of the geometry picture through the pinned pixel or the cursor: at once from what is on
// screen, exact once the hand rests.

import { make } from "../dom.js";
import { createPlot, drawPlot } from "./plot.js";
import { createQuestion, floatsOf } from "./questions.js";
import { canvasOf, displayAtCanvas, displayOf } from "./where.js";

export function createCuts(v) {
  const along = createPlot("values along x", 84), down = createPlot("values along y", 84);
  const words = make("div", { class: "xv-quiet" });
  let exact = null;
  const question = createQuestion(v, "cut", {
    onAnswer(content, buffers) {
      exact = { key: cutKey(v, content), lines: buffers.map(floatsOf) };
      draw();
    },
  });
  const root = make("div", {}, words, along.canvas, down.canvas);

  function target() {
    const at = displayOf(v.image.picture, v.pin ?? v.place ?? { segment: -1 });
    return at && { x: Math.round(at.x), y: Math.round(at.y) };
  }

  function draw() {
    const at = v.frame && v.image.picture && target();
    if (!at) {
      words.textContent = "point at a pixel, or click to pin one, to cut the picture through it";
      return;
    }
    const { rows, cols } = v.image.picture;
    const sharp = exact?.key === cutKey(v, { index: v.shown?.index, ...at });
    const lines = sharp ? exact.lines : screenCuts(v, at);
    words.textContent = `through x ${at.x}, y ${at.y} of the geometry picture · ${sharp ? "exact" : "from the picture on screen"}`;
    const ends = sharp ? [[0, cols - 1], [0, rows - 1]] : lines.ends;
    const [across, downwards] = sharp ? lines : lines.values;
    drawPlot(along, across, { from: ends[0][0], to: ends[0][1], marks: [{ at: at.x, dash: [3, 3] }], axis: "x (pixels)" });
    drawPlot(down, downwards, { from: ends[1][0], to: ends[1][1], marks: [{ at: at.y, dash: [3, 3] }], axis: "y (pixels)" });
  }

  return {
    name: "cuts", title: "Line-outs", root, painted: draw, moved: draw,
    refresh() {
      draw();
      const at = v.shown?.index >= 0 && v.shown.data && v.image.picture?.key === "image" && target();
      if (at) question.ask({ index: v.shown.index, pane: "image", ...at });
    },
  };
}

const cutKey = (v, { index, x, y }) => `${index} ${x} ${y} ${v.model.get("values")} ${v.image.picture.rows}`;

/** The row and the column of the canvas through a display position, as values. */
function screenCuts(v, at) {
  const { picture, map, canvas: { width: size } } = v.image;
  const { codes, levels } = v.frame;
  const on = canvasOf(picture, size, at);
  const valueAt = (i) => {
    const code = i < codes.length ? codes[i] : 0;
    return code ? levels[code] : NaN;
  };
  const clip = (x) => Math.min(Math.max(Math.floor(x), 0), size - 1);
  const row = clip(on.y) * size, col = clip(on.x);
  const values = [new Float32Array(size), new Float32Array(size)];
  for (let i = 0; i < size; i++) {
    values[0][i] = valueAt(map[row + i]);
    values[1][i] = valueAt(map[i * size + col]);
  }
  const a = displayAtCanvas(picture, size, { x: 0.5, y: 0.5 });
  const b = displayAtCanvas(picture, size, { x: size - 0.5, y: size - 0.5 });
  return { values, ends: [[a.x, b.x], [a.y, b.y]] };
}
