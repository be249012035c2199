// The radial profile of the shown picture, its centre, and rings over the pictures.

import { make } from "../dom.js";
import { createPlot, drawPlot } from "./plot.js";
import { createQuestion, floatsOf } from "./questions.js";
import { awayOf, energyOf, qOf } from "./where.js";

const SCREEN_RINGS = 300; // as many as the kernel's, see panels.py

export function createRadial(v, act) {
  const plot = createPlot("mean over rings around the beam", 128);
  const words = make("span", { class: "xv-quiet" });
  const rings = make("input", { type: "text", class: "xv-field", "aria-label": "rings", placeholder: "d 4 2.5, q 1.2, r 300, mm 20",
    title: "rings: d in Å, q in 1/Å, r in pixels, mm", oninput: () => placed() });
  const centre = ["x", "y"].map((axis) => make("input", { type: "number", step: "any", class: "xv-number",
    "aria-label": `${axis} of the centre, pixels of the geometry picture`, title: `centre ${axis}, pixels`,
    onchange: () => moveCentre() }));
  const root = make("div", {}, make("div", { class: "xv-bar" },
    make("label", { class: "xv-pair" }, "centre", ...centre), make("label", { class: "xv-pair" }, "rings", rings), words), plot.canvas);
  let exact = null, bins = null;
  const question = createQuestion(v, "radial", {
    onAnswer(content, buffers) {
      if (!content.known) return;
      exact = { key: profileKey(v), lines: buffers.map(floatsOf) };
      draw();
    },
  });

  function moveCentre() {
    const typed = centre.map((box) => Number(box.value));
    if (typed.every(Number.isFinite)) v.centre = typed;
    bins = exact = null;
    placed();
    act.refresh();
  }

  /** The kernel told how the picture lies, or other rings are wanted. */
  function placed() {
    v.rings = v.centre ? parseRings(rings.value, v) : [];
    centre.forEach((box, i) => v.centre && (box.value = v.centre[i].toFixed(1)));
    act.overlay();
  }

  function draw() {
    if (!v.centre) return (words.textContent = "the size of a pixel is not known");
    if (!v.frame || !v.shown?.data) return;
    const sharp = exact?.key === profileKey(v);
    bins = bins?.key === binsKey(v) ? bins : screenBins(v);
    const { centres, mean } = sharp ? { centres: exact.lines[0], mean: exact.lines[1] } : profileOf(v.frame, bins);
    const lost = /[dq]/.test(rings.value) && !(v.placing.distance && energyOf(v));
    words.textContent = lost ? "d and q need a distance and a photon energy: set xv.distance (um), xv.energy (eV)"
      : sharp ? "exact" : "from the picture on screen";
    const from = centres[0], to = centres.at(-1);
    const marks = (v.rings ?? []).map(({ radius }) => ({ at: radius, dash: [3, 3] }));
    drawPlot(plot, mean, { from, to, marks, axis: axisWords(v, to) });
  }

  return {
    name: "radial", title: "Radial, rings", root, painted: draw, placed,
    refresh() {
      placed();
      draw();
      if (v.centre && v.shown?.index >= 0 && v.shown.data) question.ask({ index: v.shown.index, centre: v.centre });
    },
  };
}

const profileKey = (v) => `${v.shown?.index} ${v.centre} ${v.model.get("values")} ${v.image.picture.rows}`;
const binsKey = (v) => `${v.frame.f} ${v.centre} ${v.image.picture.rows}`;

function axisWords(v, to) {
  const { pitch, distance } = v.placing ?? {}, ev = energyOf(v);
  const q = distance && ev ? `, to q ${qOf(to * pitch, distance, ev).toFixed(2)} Å⁻¹` : "";
  return `pixels from the centre${q}`;
}

/** For each block of a frame the ring that it lies in. */
export function screenBins(v) {
  const { shape, f } = v.frame, [cx, cy] = v.centre;
  const rows = Math.ceil(shape[1] / f), cols = Math.ceil(shape[2] / f);
  const away = new Float32Array(shape[0] * rows * cols).fill(NaN);
  let most = 0;
  for (const t of v.image.picture.tiles) {
    for (let i = Math.ceil(t.row0 / f); i * f < t.row0 + t.rows; i++) {
      for (let j = Math.ceil(t.col0 / f); j * f < t.col0 + t.cols; j++) {
        const r = Math.min(i * f + (f - 1) / 2, t.row0 + t.rows - 1) - t.row0;
        const c = Math.min(j * f + (f - 1) / 2, t.col0 + t.cols - 1) - t.col0;
        const far = Math.hypot(t.x0 + r * t.dxRow + c * t.dxCol - cx, t.y0 + r * t.dyRow + c * t.dyCol - cy);
        away[(t.segment * rows + i) * cols + j] = far;
        if (far > most) most = far;
      }
    }
  }
  const numbers = new Uint16Array(away.length).fill(0xffff);
  away.forEach((far, i) => far >= 0 && (numbers[i] = Math.min(Math.floor((far / most) * SCREEN_RINGS), SCREEN_RINGS - 1)));
  const centres = Float32Array.from({ length: SCREEN_RINGS }, (_, i) => ((i + 0.5) * most) / SCREEN_RINGS);
  return { key: binsKey(v), numbers, centres };
}

/** The mean over each ring of what is on screen. */
export function profileOf({ codes, levels }, { numbers, centres }) {
  const sum = new Float64Array(centres.length), n = new Uint32Array(centres.length);
  for (let i = 0; i < codes.length; i++) {
    if (!codes[i] || numbers[i] === 0xffff) continue;
    sum[numbers[i]] += levels[codes[i]];
    n[numbers[i]]++;
  }
  return { centres, mean: Float32Array.from(sum, (s, i) => (n[i] ? s / n[i] : NaN)) };
}

/** Rings from text such as 'd 4 2.5, q 1.2, r 300': { radius (pixels), label }. */
export function parseRings(text, v) {
  const found = [];
  let kind = "r";
  const { pitch, distance } = v.placing ?? {}, ev = energyOf(v);
  for (const word of text.toLowerCase().split(/[\s,;]+/)) {
    if (["d", "q", "r", "mm"].includes(word)) kind = word;
    const value = Number(word);
    if (!word || !(value > 0)) continue;
    const scattered = (q) => (distance && ev ? awayOf(q, distance, ev) / pitch : NaN);
    const radius = { r: value, mm: (1000 * value) / pitch, q: scattered(value), d: scattered((2 * Math.PI) / value) }[kind];
    const label = { r: `${value} px`, mm: `${value} mm`, q: `q ${value} Å⁻¹`, d: `${value} Å` }[kind];
    if (radius > 0) found.push({ radius, label });
  }
  return found.slice(0, 40);
}
