// A contact sheet: small pictures of the neighbouring events, in the colours of the shown one.

import { drawCodes, makeLut } from "../colour.js";
import { make } from "../dom.js";
import { indexMap } from "../layout.js";
import { createQuestion } from "./questions.js";

const SIDE = 90; // pixels of a picture
const MANY = 8;
const SHEET_COARSE = 8;

export function createSheet(v, act) {
  const root = make("div", { class: "xv-sheet", role: "group", "aria-label": "neighbouring events" });
  const frames = new Map();
  let maps = null, queue = [];
  const question = createQuestion(v, "sheet", {
    onAnswer(content, buffers) {
      frames.set(content.index, { content, buffers });
      if (frames.size > 4 * MANY) frames.delete(frames.keys().next().value);
      draw();
      next();
    },
  });

  const numbers = () => {
    const { n } = v.hello;
    const first = Math.min(Math.max(v.wish - MANY / 2 + 1, 0), Math.max(0, n - MANY));
    return Array.from({ length: Math.min(MANY, n) }, (_, i) => first + i);
  };

  function next() {
    const index = queue.find((i) => !frames.has(i));
    if (index !== undefined && !question.busy()) question.ask({ index, f: SHEET_COARSE });
  }

  function draw() {
    if (!v.hello || !v.image.picture) return;
    const key = `${v.image.picture.rows} ${v.image.picture.tiles[0].x0} ${v.image.picture.tiles[0].y0}`;
    if (maps?.key !== key) maps = { key, map: indexMap(v.image.picture, SIDE, SIDE, v.hello.shape, SHEET_COARSE) };
    root.replaceChildren(...numbers().map((index) => cell(index)));
  }

  function cell(index) {
    const found = frames.get(index), canvas = make("canvas", { width: SIDE, height: SIDE });
    const wrong = found && (found.content.damage || found.content.faulty || !found.content.data);
    const state = !found ? "…" : !found.content.data ? "no data" : found.content.damage ? "damaged" : "";
    if (found?.content.data) small(canvas, found);
    const label = `event ${index}${state ? `, ${state}` : ""}`;
    return make("button", { type: "button", class: "xv-word xv-cell", "aria-label": label, title: found?.content.note || label,
      "aria-current": String(index === v.wish), onclick: () => act.go(index) }, canvas,
    make("span", { class: wrong ? "xv-warn" : "", textContent: `${index}${state ? ` ${state}` : ""}` }));
  }

  function small(canvas, { buffers: [codes, levels] }) {
    const values = new Float32Array(levels.buffer.slice(levels.byteOffset, levels.byteOffset + levels.byteLength));
    const image = new ImageData(SIDE, SIDE);
    const bytes8 = new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);
    drawCodes(new Uint32Array(image.data.buffer), maps.map, bytes8, makeLut(values, v.maps[v.look.cmap], v.look), v.hatch, SIDE);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  return {
    name: "sheet", title: "Neighbours", root, painted: draw,
    forget: () => frames.clear(),
    refresh() {
      if (!v.hello) return;
      queue = numbers().sort((a, b) => Math.abs(a - v.wish) - Math.abs(b - v.wish));
      draw();
      next();
    },
  };
}
