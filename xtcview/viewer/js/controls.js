// The bars around the panes: where in the run, and how it is coloured.

import { choose, format, make } from "./dom.js";

export const RATES = [1, 2, 5, 10, 20, 40];

const ICONS = {
  first: "M3 2h2v12H3zM14 2v12L6 8z",
  back: "M12 2v12L4 8z",
  play: "M4 2l10 6-10 6z",
  pause: "M3 2h4v12H3zM9 2h4v12H9z",
  forward: "M4 2v12l8-6z",
  turn: "M8 3V0L3 4l5 4V5a4 4 0 1 1-4 4H2a6 6 0 1 0 6-6z",
  mirror: "M7 2v12H1zm2 0 6 12H9zm1.5 4.5v6h3z",
  last: "M11 2h2v12h-2zM2 2v12l8-6z",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and a name for those who cannot see it. */
export function button(name, label, onclick) {
  const b = make("button", { type: "button", title: label, "aria-label": label, onclick }, icon(name));
  b.dataset.name = name;
  return b;
}

/** The event bar. `act` has go(index), step(by) and toggle(). */
export function createEventBar(act) {
  const slider = make("input", {
    type: "range", min: 0, max: 0, step: 1, value: 0, class: "xv-slider", "aria-label": "event",
    oninput: (e) => act.go(Number(e.target.value)),
  });
  const number = make("input", {
    type: "number", min: 0, step: 1, value: 0, class: "xv-number", "aria-label": "go to event",
    title: "go to event", onchange: (e) => typedEvent(e.target, act),
    oninput: () => (number.editing = true), onblur: () => typedEvent(number, act),
  });
  const play = button("play", "play (space)", () => act.toggle());
  const total = make("span", { class: "xv-quiet" });
  const rate = choose("events per second", RATES.map(String), () => {});
  rate.value = "10";
  const buttons = make("span", { class: "xv-buttons", role: "group", "aria-label": "step" },
    button("first", "first event (Home)", () => act.go(0)),
    button("back", "one event back (left arrow)", () => act.step(-1)),
    play,
    button("forward", "one event on (right arrow)", () => act.step(1)),
    button("last", "last event (End)", () => act.go(Infinity)));
  const where = make("label", { class: "xv-pair" }, "event", number, total);
  const pace = make("label", { class: "xv-pair xv-quiet" }, rate, "per s");
  return { root: make("div", { class: "xv-bar" }, buttons, slider, where, pace),
    slider, number, play, total, rate };
}

/** Go to the event that was typed; the box then shows where that led, also after nonsense. */
function typedEvent(box, act) {
  const asked = box.editing && box.value.trim() !== "";
  box.editing = false;
  if (asked) act.go(Number(box.value));
  box.value = act.wish();
}

/** Show on the bar which event is wished for. */
export function showWish(bar, index, n, time) {
  bar.slider.max = Math.max(0, n - 1);
  bar.slider.value = index;
  bar.number.max = Math.max(0, n - 1);
  if (!bar.number.editing) bar.number.value = index;
  bar.total.textContent = `of ${n}`;
  bar.slider.setAttribute("aria-valuetext", `event ${index} of ${n}${time ? `, ${time}` : ""}`);
  bar.slider.disabled = bar.number.disabled = n < 2;
}

export function showPlaying(bar, playing) {
  bar.play.replaceChildren(icon(playing ? "pause" : "play"));
  const label = playing ? "pause (space)" : "play (space)";
  bar.play.title = label;
  bar.play.setAttribute("aria-label", label);
  bar.play.setAttribute("aria-pressed", String(playing));
}

/** The colour bar. `change(part of the look)` is called for every choice. */
export function createColourBar(maps, scales, change) {
  const cmap = choose("colour map", maps, (e) => change({ cmap: e.target.value }));
  const scale = choose("scale", scales, (e) => change({ scale: e.target.value }));
  const limit = (name, label) => make("input", {
    type: "text", inputMode: "decimal", class: "xv-limit", "aria-label": label, title: label,
    oninput: () => (bar[name].editing = true), onchange: () => typedLimit(bar, name, change),
  });
  const vmin = limit("vmin", "lowest ADU shown");
  const vmax = limit("vmax", "highest ADU shown");
  const ramp = make("canvas", { class: "xv-ramp", width: 256, height: 1, "aria-hidden": "true" });
  const auto = make("input", { type: "checkbox", onchange: (e) => {
    bar.typed = {};
    change({ auto: e.target.checked });
  } });
  const unit = make("span", { class: "xv-quiet", textContent: "ADU" });
  const title = "limits follow the 1 and 99.9 percentiles of what is shown, which are means of"
    + " blocks of pixels where the picture is coarser than the detector; off: they stay";
  const root = make("div", { class: "xv-bar" }, cmap, scale, vmin, ramp, vmax, unit,
    make("label", { class: "xv-pair", title }, auto, "auto limits"));
  const bar = { root, cmap, scale, vmin, vmax, ramp, auto, unit, look: {}, typed: {} };
  return bar;
}

/** Limits typed by hand hold from then on; until they make sense they only stand there, marked. */
function typedLimit(bar, name, change) {
  const text = bar[name].value.trim();
  bar[name].editing = false;
  if (text === "") delete bar.typed[name];
  else bar.typed[name] = Number(text.replace(",", "."));
  const { vmin, vmax } = { ...bar.look, ...bar.typed };
  if (Object.keys(bar.typed).length && Number.isFinite(vmax - vmin) && vmin < vmax) {
    bar.typed = {};
    return change({ vmin, vmax, auto: false });
  }
  showLimits(bar);
}

/** Show the limits in force, or those typed that cannot be. */
function showLimits(bar) {
  const { vmin, vmax } = { ...bar.look, ...bar.typed };
  for (const name of ["vmin", "vmax"]) {
    const box = bar[name];
    if (!(name in bar.typed) && !box.editing) box.value = format(bar.look[name]);
    const wrong = name in bar.typed || !(vmin < vmax);
    box.classList.toggle("xv-wrong", wrong);
    box.setAttribute("aria-invalid", String(wrong));
    box.title = box.getAttribute("aria-label") + (wrong ? ": the lowest must be below the highest" : "");
  }
}

/** Show the look on the bar, with its colours drawn between the limits. */
export function showLook(bar, look, table) {
  for (const name of ["cmap", "scale"]) bar[name].value = look[name];
  bar.auto.checked = look.auto;
  bar.look = look;
  showLimits(bar);
  if (bar.table === table) return;
  bar.table = table;
  const pixels = new ImageData(256, 1);
  for (let i = 0; i < 256; i++) {
    pixels.data.set([table[3 * i], table[3 * i + 1], table[3 * i + 2], 255], 4 * i);
  }
  bar.ramp.getContext("2d").putImageData(pixels, 0, 0);
}

/** What a key does, as a step, a place or the name of a call; null when it is not ours. */
export function keyAction(key, shift) {
  const actions = {
    ArrowLeft: { by: shift ? -10 : -1 }, ArrowRight: { by: shift ? 10 : 1 },
    ArrowDown: { by: shift ? -10 : -1 }, ArrowUp: { by: shift ? 10 : 1 },
    PageDown: { by: -100 }, PageUp: { by: 100 },
    Home: { to: 0 }, End: { to: Infinity }, " ": { call: "play" }, "[": { call: "slower" },
    "]": { call: "faster" }, g: { call: "goto" }, b: { call: "mark" }, n: { call: "next" },
    N: { call: "previous" }, f: { call: "follow" }, c: { call: "auto" }, l: { call: "scale" },
    "?": { call: "help" },
  };
  return actions[key] ?? null;
}
