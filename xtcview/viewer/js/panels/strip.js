// A number of every event along the run: click to go there; damaged events and those without a
// value are marked.

import { make } from "../dom.js";
import { createPlot, drawPlot, placeOnPlot, themeColour } from "./plot.js";
import { createQuestion, floatsOf } from "./questions.js";
import { wordButton } from "./tabs.js";

export function createStrip(v, act) {
  const plot = createPlot("timeline of the run", 56, { title: "click to go to an event" });
  const names = make("datalist", { id: `xv-${v.id}-fields` });
  const box = make("input", { type: "text", class: "xv-field", "aria-label": "number along the run",
    placeholder: "EBeam.ebeamCharge, a PV …", title: "source.accessor, eventcode.N, or an EPICS name",
    onchange: () => choose(box.value.trim()) });
  box.setAttribute("list", names.id);
  const legend = make("span", { class: "xv-quiet" });
  const shown = { field: "", values: null, damaged: null };
  const question = createQuestion(v, "strip", { patient: true, onFail: fail,
    onAnswer(content, buffers) {
      shown.values = floatsOf(buffers[0]);
      shown.damaged = new Uint8Array(buffers[1].buffer, buffers[1].byteOffset, buffers[1].byteLength);
      shown.field = content.field;
      draw();
    } });
  plot.canvas.addEventListener("click", (e) => {
    const at = placeOnPlot(plot, e);
    if (at !== null && shown.values) act.go(Math.round(at));
  });
  const root = make("div", { class: "xv-strip" },
    make("div", { class: "xv-bar" }, make("label", { class: "xv-pair" }, "timeline", box), names,
      wordButton("◂ marked", () => jump(-1), "previous damaged or missing event"),
      wordButton("marked ▸", () => jump(1), "next damaged or missing event"), legend),
    plot.canvas);

  function choose(field) {
    legend.textContent = "reading …";
    question.ask({ field: field || "damage" });
  }

  function fail(words) {
    legend.textContent = words;
    legend.title = words;
  }

  const isMarked = (i) => shown.damaged[i] || !Number.isFinite(shown.values[i]);

  function jump(way) {
    if (!shown.values) return;
    for (let i = v.wish + way; i >= 0 && i < shown.values.length; i += way) if (isMarked(i)) return act.go(i);
  }

  function draw() {
    if (!shown.values) return;
    const last = Math.max(shown.values.length - 1, 1);
    drawPlot(plot, shown.values, { from: 0, to: last, marks: [{ at: v.wish }], axis: shown.field });
    const [damaged, missing] = drawMarks(plot, shown);
    const words = [damaged && `▲ ${damaged} damaged`, missing && `× ${missing} without a value`].filter(Boolean);
    legend.textContent = words.join(" · ") || "no event is damaged or lacks it";
    plot.canvas.setAttribute("aria-label", `timeline of ${shown.field}: ${legend.textContent}`);
  }

  return {
    root,
    suggest(fields) {
      names.replaceChildren(...fields.map((value) => make("option", { value })));
      if (!shown.values && !question.busy()) choose(box.value.trim());
    },
    draw,
  };
}

/** Triangles for damaged events, crosses for those without a value: not by colour alone. */
function drawMarks(plot, { values, damaged }) {
  const counts = [0, 0];
  if (!plot.frame) return counts;
  const g = plot.canvas.getContext("2d"), { box, xOf } = plot.frame;
  g.fillStyle = g.strokeStyle = themeColour(plot.canvas, "--xv-warn");
  for (let i = 0; i < values.length; i++) {
    const x = xOf(i);
    if (damaged[i]) {
      counts[0]++;
      g.beginPath();
      g.moveTo(x, box.y + box.h - 7);
      g.lineTo(x + 4, box.y + box.h);
      g.lineTo(x - 4, box.y + box.h);
      g.fill();
    }
    if (!Number.isFinite(values[i])) {
      counts[1]++;
      g.beginPath();
      for (const way of [-1, 1]) {
        g.moveTo(x - 3 * way, box.y + 2);
        g.lineTo(x + 3 * way, box.y + 8);
      }
      g.stroke();
    }
  }
  return counts;
}
