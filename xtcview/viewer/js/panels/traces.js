// A region or a pinned pixel: its numbers in the shown event, and over events.

import { format, make } from "../dom.js";
import { createPlot, drawPlot, placeOnPlot } from "./plot.js";
import { createQuestion, floatsOf } from "./questions.js";
import { wordButton } from "./tabs.js";
import { canvasOf } from "./where.js";

const NEAR = 100; // events to each side of the shown one, without asking for all
const TRACE_PAUSE_MS = 60; // while a picture is wished for

/** A growing plot over events; target() gives what to follow, or null. One is fetched at a time. */
function createTrace(v, act, target) {
  const plot = createPlot("value over events", 96, { title: "click to go to an event" });
  const words = make("span", { class: "xv-quiet" });
  const state = { key: "", values: null, next: 0, last: 0, whole: false, waiting: null };
  const all = make("input", { type: "checkbox", onchange: () => { state.whole = all.checked; state.key = ""; go(); } });
  plot.canvas.addEventListener("click", (e) => {
    const at = placeOnPlot(plot, e);
    if (at !== null) act.go(Math.round(at));
  });

  function go() {
    const wanted = target();
    if (!wanted || !v.hello) return;
    const key = JSON.stringify([wanted, v.model.get("values"), state.whole]);
    const at = Math.max(v.shown?.index ?? 0, 0);
    if (key !== state.key || at < state.first || at >= state.last) {
      state.first = state.whole ? 0 : Math.max(0, at - NEAR);
      state.last = state.whole ? v.hello.n : Math.min(v.hello.n, at + NEAR + 1);
      Object.assign(state, { key, next: state.first, wanted, values: new Float32Array(state.last - state.first).fill(NaN) });
    }
    more();
  }

  function more() {
    clearTimeout(state.waiting);
    draw();
    if (state.next >= state.last || v.tracing !== state || v.gone) return;
    if (v.frames.busy() || v.trace.busy()) return (state.waiting = setTimeout(more, TRACE_PAUSE_MS));
    v.trace.ask({ ...state.wanted, name: state.key, first: state.next, last: state.last });
  }

  function draw() {
    if (!state.values) return;
    const marks = [{ at: v.shown?.index ?? -1, dash: [3, 3] }];
    drawPlot(plot, state.values, { from: state.first, to: state.last - 1, marks, dots: state.values.length < 200, axis: "event" });
    const done = state.next - state.first, of = state.last - state.first;
    words.textContent = done < of ? `${done} of ${of} events` : `events ${state.first} to ${state.last - 1}`;
  }

  state.take = (content, buffers) => {
    if (content.name === state.key && content.first === state.next) {
      state.values.set(floatsOf(buffers[0]), content.first - state.first);
      state.next = content.next;
    }
    more();
  };
  state.fail = (text) => (words.textContent = text);
  const root = make("div", {}, make("div", { class: "xv-bar" }, make("label", { class: "xv-pair" }, all, "whole run"), words), plot.canvas);
  return { root, draw, go: () => { v.tracing = state; go(); } };
}

/** The one line of questions for all traces: the panel that was shown last gets the answers. */
export function createTraceQuestion(v) {
  v.trace = createQuestion(v, "trace", {
    onAnswer: (content, buffers) => v.tracing?.take(content, buffers),
    onFail: (text) => v.tracing?.fail(text),
  });
}

export function createPixel(v, act) {
  const shape = ["segment", "row", "col"];
  const boxes = shape.map((name) => make("input", { type: "number", min: 0, step: 1, class: "xv-number",
    "aria-label": `${name} of the pixel`, title: name, onchange: () => typed() }));
  const trace = createTrace(v, act, () => v.pin && { ...v.pin });
  const words = make("span", { class: "xv-quiet", textContent: "click a pixel, or type one" });
  const bar = make("div", { class: "xv-bar" }, make("label", { class: "xv-pair" }, "segment, row, column", ...boxes),
    wordButton("unpin", () => act.pin(null)), words);

  function typed() {
    const [segment, row, col] = boxes.map((box) => (box.value === "" ? NaN : Number(box.value)));
    const [n, rows, cols] = v.hello?.shape ?? [0, 0, 0];
    const inside = (x, most) => Number.isInteger(x) && x >= 0 && x < most;
    if (inside(segment, n) && inside(row, rows) && inside(col, cols)) return act.pin({ segment, row, col });
    words.textContent = `expected 0 to ${n - 1}, 0 to ${rows - 1}, 0 to ${cols - 1}`;
  }

  return {
    name: "pixel", title: "Pixel", root: make("div", {}, bar, trace.root), painted: trace.draw,
    refresh() {
      shape.forEach((name, i) => v.pin && (boxes[i].value = v.pin[name]));
      words.textContent = v.pin ? "" : "click a pixel, or type one";
      trace.go();
    },
  };
}

export function createRegion(v, act) {
  const trace = createTrace(v, act, () => v.box && { pane: v.box.pane, box: v.box.box });
  const words = make("div", { class: "xv-numbers", "aria-live": "polite" });
  const edges = ["top", "left", "bottom", "right"].map((name, i) => make("input", { type: "number", min: 0, step: 1,
    class: "xv-number", "aria-label": `${name} of the region`, title: name, onchange: () => typed(i) }));
  const bar = make("div", { class: "xv-bar" }, make("label", { class: "xv-pair" }, "top, left, bottom, right", ...edges),
    wordButton("clear", () => act.box(null, true)), words);
  let exact = null;
  const question = createQuestion(v, "box", {
    onAnswer(content) {
      exact = { key: boxKey(v, content.index), ...content };
      show();
    },
    onFail: (text) => (words.textContent = text),
  });

  function typed() {
    const box = edges.map((edge) => Math.round(Number(edge.value)));
    act.box({ pane: v.box?.pane ?? v.image.picture.key, box }, true);
  }

  function show() {
    edges.forEach((edge, i) => v.box && (edge.value = v.box.box[i]));
    if (!v.box) return (words.textContent = "drag over a picture to choose a region");
    const sharp = exact?.key === boxKey(v, v.shown?.index);
    const found = sharp ? exact : screenStatistics(v);
    words.textContent = found ? `${statisticsWords(found)} · ${sharp ? "exact" : "from the picture on screen"}` : "";
  }

  return {
    name: "region", title: "Region", root: make("div", {}, bar, trace.root),
    painted() {
      show();
      trace.draw();
    },
    refresh() {
      show();
      if (v.box && v.shown?.index >= 0 && v.shown.data) question.ask({ index: v.shown.index, ...v.box });
      trace.go();
    },
  };
}

const boxKey = (v, index) => JSON.stringify([index, v.box, v.model.get("values")]);

function statisticsWords({ n, sum, mean, std, min, max }) {
  if (!n) return "no pixels with a value";
  const parts = [`${n} pixels`, sum === undefined ? "" : `sum ${format(Number(sum.toPrecision(7)))}`, `mean ${format(mean)}`,
    `σ ${format(std)}`, `${format(min)} to ${format(max)}`];
  return parts.filter(Boolean).join(" · ");
}

/** Statistics of a region from the canvas: of blocks, so σ and the ends are smaller than the exact. */
function screenStatistics(v) {
  const pane = [v.raw, v.image].find((p) => p.picture?.key === v.box.pane);
  if (!pane?.map || !v.frame) return null;
  const size = pane.canvas.width, [top, left, bottom, right] = v.box.box, { codes, levels } = v.frame;
  const a = canvasOf(pane.picture, size, { x: left, y: top }), b = canvasOf(pane.picture, size, { x: right, y: bottom });
  let n = 0, sum = 0, squares = 0, min = Infinity, max = -Infinity;
  for (let y = Math.max(0, Math.round(a.y)); y < Math.min(size, b.y); y++) {
    for (let x = Math.max(0, Math.round(a.x)); x < Math.min(size, b.x); x++) {
      const k = pane.map[y * size + x];
      if (k >= codes.length || !codes[k]) continue;
      const value = levels[codes[k]];
      n++;
      sum += value;
      squares += value * value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  const mean = sum / n;
  const pixels = Math.round(n * ((bottom - top) * (right - left)) / Math.max((b.x - a.x) * (b.y - a.y), 1));
  return { n: pixels, mean, std: Math.sqrt(Math.max(0, squares / n - mean * mean)), min, max };
}
