// The page's half of the viewer: asks for events, paints both panes, answers the hand at once.

import { expandMap, rgb } from "./colour.js";
import { button, createColourBar, createEventBar, keyAction, showPlaying, showWish } from "./controls.js";
import { createDoor } from "./door.js";
import { make, setOptions } from "./dom.js";
import { createHover } from "./hover.js";
import { readTiles } from "./layout.js";
import { createLive } from "./live.js";
import { createLoaded } from "./loaded.js";
import { createMarks } from "./marks.js";
import { createPanels } from "./panels/panels.js";
import { createPane, fitPane, setPicture } from "./panes.js";
import { autoLimits, chooseRaw, drawCursor, paint, resized, takeFrame } from "./pictures.js";
import { createPlay } from "./play.js";
import { createRequests } from "./requests.js";
import { createScrub, go, onAhead, onFrame, want } from "./scrub.js";
import { geometryText, showNotes, showStatus } from "./status.js";

const SCALES = ["linear", "sqrt", "log"];
const LOOK = ["arrangement", "cmap", "scale", "auto", "vmin", "vmax"];

let views = 0; // views of one kernel object share its messages; each knows its own by number

function render({ model, el }) {
  const view = createView(model);
  el.append(view.root);
  view.start();
  return () => view.stop();
}

export default { render };

function createView(model) {
  const id = `${Date.now().toString(36)}-${++views}`;
  const v = {
    id, model, hello: null, wish: model.get("event"), shown: null, frame: null,
    look: Object.fromEntries(LOOK.map((name) => [name, model.get(name)])),
    dirty: false, playing: null, place: null, dismissed: 0, show: 0, counts: null,
  };
  v.hear = (content, buffers) => onMessage(v, content, buffers);
  v.onMessage = (content, buffers) => v.hear(content, buffers);
  v.door = createDoor(v, v.onMessage, () => onKernelEnd(v));
  v.tell = (content) => guarded(v, () => v.door.send({ view: id, ...content }));
  createScrub(v, { onLate: (late) => setLate(v, late), onRest: () => writeSettings(v) });
  v.greet = createRequests({ send: (seq) => v.tell({ t: "hello", seq }), onLate: (late) => setLate(v, late) });
  v.drawCursor = () => drawCursor(v);
  v.hover = createHover(v);
  buildPage(v);
  v.start = () => start(v);
  v.stop = () => stop(v);
  v.root.xtcview = v; // for the browser tests
  return v;
}

function buildPage(v) {
  const onHover = (place) => v.hover.move(place);
  v.raw = createPane("raw", onHover);
  v.image = createPane("image", onHover);
  v.bar = createEventBar({
    go: (index) => go(v, index), wish: () => v.wish, step: (by) => go(v, v.wish + by), toggle: () => v.play.toggle(),
  });
  v.colours = createColourBar([v.look.cmap], SCALES, (part) => changeLook(v, part));
  v.title = make("strong");
  v.badges = make("span", { class: "xv-badges", role: "status" });
  v.choice = make("select", {
    "aria-label": "arrangement of the raw panels", title: "arrangement of the raw panels",
    onchange: (e) => changeLook(v, { arrangement: e.target.value }),
  });
  v.imageLabel = make("span", { class: "xv-quiet" });
  v.status = make("div", { class: "xv-status" });
  v.readout = make("div", { class: "xv-readout" });
  v.rawLabel = make("span", { textContent: "sections" });
  const geometry = make("span", { textContent: "geometry" });
  const head = (...parts) => make("div", { class: "xv-head" }, ...parts);
  v.root = make("div", { class: "xtcview", tabIndex: 0, role: "group", "aria-label": "event viewer",
    "data-lm-suppress-shortcuts": "true", onkeydown: (e) => onKey(v, e), onfocusout: (e) => onLeave(v, e) },
    make("div", { class: "xv-top" }, v.title, v.badges),
    make("div", { class: "xv-panes" },
      make("div", { class: "xv-pane" }, head(v.rawLabel, v.choice), v.raw.frame),
      make("div", { class: "xv-pane" }, head(geometry, v.imageLabel, turnButtons(v)), v.image.frame)),
    v.readout, v.bar.root, v.status, v.colours.root);
  v.play = createPlay(v, go);
  v.loaded = createLoaded(v);
  v.live = createLive(v, go);
  v.marks = createMarks(v, { go: (index) => go(v, index), say: (words) => say(v, words) });
  v.panels = createPanels(v, {
    go: (index) => go(v, index), look: (part) => changeLook(v, part), again: () => again(v),
  });
}

/** A sentence behind the status line, until the next event. */
function say(v, words) {
  v.said = words;
  showStatus(v);
}

function turnButtons(v) {
  const turn = (mirror) => () => v.tell({ t: "turn", seq: 0, mirror });
  return make("span", { class: "xv-buttons xv-turn" },
    button("turn", "turn the picture counter-clockwise", turn(false)),
    button("mirror", "mirror the picture left to right", turn(true)));
}

function start(v) {
  v.model.on("msg:custom", v.onMessage);
  v.onEvent = () => {
    if (v.hello && v.model.get("event") !== v.wish) go(v, v.model.get("event"));
  };
  v.model.on("change:event", v.onEvent);
  v.onLook = () => adoptLook(v);
  for (const name of LOOK) v.model.on(`change:${name}`, v.onLook);
  v.resizes = new ResizeObserver(() => resized(v));
  v.resizes.observe(v.raw.box);
  showPlaying(v.bar, false);
  v.greet.ask(1);
}

function stop(v) {
  v.model.off("msg:custom", v.onMessage);
  v.model.off("change:event", v.onEvent);
  for (const name of LOOK) v.model.off(`change:${name}`, v.onLook);
  v.resizes.disconnect();
  v.panels.close();
  clearTimeout(v.settling);
  v.play.stop();
  const parts = [v.frames, v.greet, v.hover, v.ahead, v.loaded, v.live, v.marks, v.door];
  for (const part of parts) part.close();
  v.cache.clear();
}

// Messages from the kernel.

function onMessage(v, content, buffers) {
  if (content.view !== undefined && content.view !== v.id) return;
  if (v.panels.take(content, buffers)) return;
  const take = { hello: onHello, frame: onFrame, sum: onSum, events: onEvents,
    segment: v.hover.answer, error: onError, pong: v.door.onPong, ahead: onAhead,
    found: v.marks.onFound, grown: v.live.onGrown }[content.t];
  if (content.busy !== undefined) v.busy = content.busy;
  take?.(v, content, buffers);
}

function onHello(v, content, buffers) {
  const asked = content.seq !== undefined; // else the picture was turned
  if (asked && !v.greet.answered(content.seq)) return;
  v.hello = content;
  if (asked) v.wish = content.index;
  const pictures = content.pictures.map((p, i) => ({ ...p, tiles: readTiles(buffers[i]) }));
  v.raws = pictures.slice(0, -1);
  v.maps = Object.fromEntries(Object.entries(content.anchors).map(([k, hex]) => [k, expandMap(hex)]));
  v.hatch = content.missing.map((c) => rgb(...c));
  v.title.textContent = `${content.run} · ${content.name}`;
  v.title.title = content.source;
  if (asked) v.rawLabel.textContent = content.label;
  setOptions(v.colours.cmap, Object.keys(content.anchors).map((k) => [k, k]));
  setOptions(v.choice, v.raws.map((p) => [p.key, p.label]));
  v.choice.hidden = v.raws.length < 2;
  v.imageLabel.textContent = geometryText(pictures.at(-1), content.constants);
  v.imageLabel.title = Object.entries(content.constants).map((pair) => pair.join(": ")).join("\n");
  setPicture(v.image, pictures.at(-1), content);
  [v.raw, v.image].forEach(fitPane);
  chooseRaw(v);
  showWish(v.bar, v.wish, content.n);
  showNotes(v);
  if (!asked) return paint(v);
  if (!content.reducing) want(v);
  v.loaded.show();
  v.live.start();
  v.door.open(content.channel);
}

/** A reduction's picture so far; one that the hand has left stays away. */
function onSum(v, content, buffers) {
  if (!v.hello || content.show <= v.dismissed) return;
  v.show = content.show;
  v.painted = v.turn;
  v.shown = { index: -1, ...content };
  takeFrame(v, content, buffers);
}

function onEvents(v) {
  v.show = 0;
  if (v.hello) want(v);
}

/** The kernel draws other values: what is loaded is of no use any more. */
function again(v) {
  v.cache?.clear();
  if (v.show) return;
  onEvents(v);
}

/** The kernel could not answer: say so where the picture would be. */
function onError(v, content) {
  if (content.to === "find") return v.marks.failed(content);
  if (content.to === "grow") return v.live.failed(content);
  const line = { event: v.frames, ahead: v.frames, hello: v.greet, segment: v.hover }[content.to];
  if (!line?.answered(content.seq) || line === v.hover) return;
  if (content.to === "ahead") return v.ahead.stop();
  if (line === v.frames) v.frames.next();
  v.shown = { index: v.wish, note: content.text, failed: true };
  showNotes(v);
  showStatus(v);
}

/** Send something; without a kernel, or after `close()` in Python, say so instead of failing. */
function guarded(v, send) {
  try {
    send()?.catch?.(() => setGone(v, true));
    setGone(v, v.ended);
  } catch (error) {
    console.warn("xtcview:", error);
    setGone(v, true);
  }
}

function setGone(v, gone = false) {
  if (Boolean(v.gone) === gone) return;
  v.gone = gone;
  v.root.classList.toggle("xv-late", gone || Boolean(v.late));
  showNotes(v);
}

/** The kernel was restarted or died: what is loaded can still be seen. */
function onKernelEnd(v) {
  v.ended = true;
  setGone(v, true);
}

function setLate(v, late) {
  v.late = late;
  v.root.classList.toggle("xv-late", late || Boolean(v.gone));
  showNotes(v);
}

// Settings.

/** A change by hand: painted here and now; the kernel hears of it later. */
function changeLook(v, part) {
  Object.assign(v.look, part);
  v.dirty = true;
  if (!v.hello) return;
  if ("arrangement" in part) chooseRaw(v);
  autoLimits(v);
  paint(v);
}

/** A change from Python or from another view. */
function adoptLook(v) {
  if (v.writing) return;
  const part = Object.fromEntries(LOOK.map((name) => [name, v.model.get(name)]));
  changeLook(v, part);
  v.dirty = false;
}

// The hand.

const KEYS = {
  play: (v) => v.play.toggle(),
  slower: (v) => v.play.pace(-1),
  faster: (v) => v.play.pace(1),
  goto: (v) => v.marks.open(),
  mark: (v) => v.marks.toggle(),
  next: (v) => v.marks.jump(1),
  previous: (v) => v.marks.jump(-1),
  help: (v) => v.marks.help(),
  follow: (v) => v.live.toggle(),
  auto: (v) => changeLook(v, { auto: !v.look.auto }),
  scale: (v) => changeLook(v, { scale: SCALES[(SCALES.indexOf(v.look.scale) + 1) % SCALES.length] }),
};

function onKey(v, e) {
  const typing = e.target.matches("select, input:not([type=range]):not([type=checkbox])");
  const pressing = e.key === " " && e.target.matches("button, input[type=checkbox]");
  e.stopPropagation(); // the notebook has its own plans for these keys
  if (typing || pressing || e.ctrlKey || e.metaKey || e.altKey) return;
  const action = keyAction(e.key, e.shiftKey);
  if (!action) return;
  e.preventDefault();
  if (action.call) KEYS[action.call](v);
  else go(v, action.to ?? v.wish + action.by);
}

function onLeave(v, e) {
  if (!v.root.contains(e.relatedTarget)) writeSettings(v);
}

/** Tell the kernel, in one message, which event is shown and how; nothing when all is known. */
function writeSettings(v) {
  if (!v.hello || v.gone) return;
  v.writing = true;
  if (v.shown?.index >= 0) v.model.set("event", v.shown.index);
  if (v.dirty || v.look.auto) for (const name of LOOK) v.model.set(name, v.look[name]);
  v.writing = false;
  v.dirty = false;
  guarded(v, () => v.model.save_changes());
}
