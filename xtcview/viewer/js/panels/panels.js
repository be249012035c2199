// All that stands beside the pictures, and when each part is brought up to date.

import { choose, make } from "../dom.js";
import { createCuts } from "./cuts.js";
import { createEpics, createFacts } from "./facts.js";
import { createHistogram } from "./histogram.js";
import { createOut } from "./out.js";
import { createOverlay } from "./overlay.js";
import { createQuestion } from "./questions.js";
import { createRadial } from "./radial.js";
import { createSheet } from "./sheet.js";
import { createStrip } from "./strip.js";
import { createTabs } from "./tabs.js";
import { isStripped, startTexts } from "./texts.js";
import { createPixel, createRegion, createTraceQuestion } from "./traces.js";

const QUIET_MS = 220; // without another picture, before the kernel is asked for exact numbers
const PLOT_MS = 80;
const VALUES = ["dark", "counts", "calib", "running mean"]; // as in ways.py
const BINNED = ["mean", "max"];

/** `act` has go(index), look(part) and again(): ask for the shown event anew. */
export function createPanels(v, act) {
  v.questions = new Map();
  createTraceQuestion(v);
  const hand = { ...act, overlay: () => overlay.draw(), refresh: () => later(), pin, box };
  const radial = createRadial(v, hand), sheet = createSheet(v, hand);
  const again = () => v.hello && place.ask({});
  const list = [createHistogram(v, hand), createCuts(v), radial, createRegion(v, hand), createPixel(v, hand), sheet,
    createFacts(v), createEpics(v), createOut(v)];
  const overlay = createOverlay(v, hand);
  const strip = createStrip(v, hand);
  const tabs = createTabs(v, list, () => later(0));
  const values = createWays(v);
  const place = createQuestion(v, "place", { onAnswer: onPlace });
  const energy = createQuestion(v, "energy", { onAnswer: (content) => {
    v.energy = content;
    radial.placed();
    v.hover.refresh();
  } });
  let timer, plotting = null, plotted = 0;
  const themes = watchTheme(() => v.frame && redraw());
  for (const name of ["distance", "energy"]) v.model.on(`change:${name}`, again);
  v.status.after(strip.root);
  v.colours.root.append(values.root);
  v.root.append(tabs.root);

  function onPlace(content) {
    v.placing = content;
    v.energy = null;
    v.centre = content.known ? content.beam : null;
    strip.suggest(content.fields);
    radial.placed();
    later(0);
  }

  function pin(at) {
    v.pin = at;
    overlay.draw();
    if (!["pixel", "cuts"].includes(tabs.chosen().name)) tabs.choose("pixel");
    later(0);
  }

  function box(found, done) {
    v.box = found;
    overlay.draw();
    if (tabs.chosen().name !== "region") tabs.choose("region");
    else tabs.chosen().painted();
    if (done) later(0);
  }

  /** Exact numbers, once no other picture came for a while. */
  function later(wait = QUIET_MS) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!v.hello || v.gone || v.root.classList.contains("xv-texts")) return;
      if (v.shown?.index !== v.wish && v.shown?.index >= 0) return later();
      tabs.chosen().refresh();
      if (v.placing?.distance && v.energy?.index !== v.shown?.index) energy.ask({ index: Math.max(v.shown?.index ?? 0, 0) });
    }, wait);
  }

  tabs.choose("histogram");
  return {
    tabs,
    /** Take a message that is for the panels; true when it was. */
    take(content, buffers) {
      if (isStripped(content, buffers)) startTexts(v, content.t === "hello" ? content : v.hello);
      else if (content.t === "hello") return greeted();
      else if (content.t === "drawn") changed();
      else {
        const question = v.questions.get(content.t === "error" ? content.to : content.t);
        question?.answer(content, buffers ?? []);
        return Boolean(question);
      }
      return true;
    },
    /** The pictures were painted: with other colours, or of another event. */
    painted() {
      overlay.draw();
      soon();
      later();
    },
    moved: () => tabs.chosen().moved?.(),
    close() {
      clearTimeout(timer);
      clearTimeout(plotting);
      for (const name of ["distance", "energy"]) v.model.off(`change:${name}`, again);
      for (const question of v.questions.values()) question.close();
      for (const panel of list) panel.close?.();
      values.close();
      themes.close();
    },
  };

  function greeted() {
    setTimeout(() => {
      v.root.classList.toggle("xv-offline", Boolean(v.hello?.offline));
      if (v.hello) place.ask({});
    }, 0); // after the pictures are known
    return false;
  }

  /** Plots follow the pictures at most every `PLOT_MS`: a scrubbing hand looks at the pictures. */
  function soon() {
    if (plotting) return;
    plotting = setTimeout(redraw, Math.max(0, plotted + PLOT_MS - performance.now()));
  }

  function redraw() {
    clearTimeout(plotting);
    plotting = null;
    plotted = performance.now();
    overlay.draw();
    strip.draw();
    tabs.chosen().painted?.();
  }

  function changed() {
    sheet.forget();
    v.above = null;
    act.again();
  }
}

/** Plots are drawn in the colours of the theme, so they are drawn again when it changes. */
function watchTheme(redraw) {
  const query = globalThis.matchMedia("(prefers-color-scheme: dark)");
  const body = new MutationObserver(redraw);
  query.addEventListener("change", redraw);
  body.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  return {
    close() {
      query.removeEventListener("change", redraw);
      body.disconnect();
    },
  };
}

/** Which values are shown, and what one place on the screen has of several pixels. */
function createWays(v) {
  const write = (name) => (e) => {
    v.model.set(name, e.target.value);
    v.model.save_changes();
  };
  const parts = {
    values: choose("values shown", VALUES, write("values")),
    binning: choose("blocks of pixels show their", BINNED, write("binning")),
  };
  const adopt = () => Object.keys(parts).forEach((name) => (parts[name].value = v.model.get(name)));
  adopt();
  const names = Object.keys(parts);
  names.forEach((name) => v.model.on(`change:${name}`, adopt));
  const root = make("span", { class: "xv-pair xv-ways" }, "values", parts.values, "blocks", parts.binning);
  return { root, close: () => names.forEach((name) => v.model.off(`change:${name}`, adopt)) };
}
