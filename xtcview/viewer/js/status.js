// Saying what is shown, and what is wrong with it.

import { make } from "./dom.js";

/** The badges beside the title: what is not as it should be. */
export function showNotes(v) {
  const badges = [];
  const add = (kind, text, title = text) =>
    badges.push(make("span", { class: `xv-badge xv-${kind}`, textContent: text, title }));
  const last = v.shown && v.door.name() === "widget"
    ? "kernel busy, or it does not answer: events that are loaded can be seen, others later"
    : v.shown ? "the kernel does not answer; this is the last picture" : "waiting for the kernel";
  const gone = "the kernel does not know this viewer any more: run its cell again";
  if (v.gone) add("warn", gone);
  else if (v.late) add("warn", last);
  if (v.shown?.damage) add("warn", `damaged: ${v.shown.damage}`);
  if (v.shown?.note && v.shown.data) add(v.shown.faulty ? "warn" : "note xv-event", v.shown.note);
  const { problems = 0, problem } = v.shown ?? {};
  if (problems) add("note", `${problems} problem${problems > 1 ? "s" : ""} in this run: ${problem}`);
  for (const note of v.hello?.notes ?? []) add("note", note);
  v.badges.replaceChildren(...badges);
  showMessages(v);
}

/** The sentence in the middle of the panes when there is no picture. */
function showMessages(v) {
  const nothing = v.shown && !v.shown.data;
  const text = nothing ? v.shown.note || "nothing to show yet" : "";
  for (const pane of [v.raw, v.image]) {
    if (pane.message.textContent !== text) pane.message.textContent = text;
    pane.message.hidden = !text;
  }
}

/** What the geometry picture rests on. */
export function geometryText(picture, { geometry = "" }) {
  const known = { DEFAULT: "default geometry, not this run's" }[geometry];
  const file = geometry.startsWith("LOADED ") ? geometry.slice(7) : "";
  const words = [picture.label, known ?? file].filter(Boolean);
  return words.join(" · ");
}

/** The line that names what is on screen, and what was asked for when that differs. */
export function showStatus(v) {
  const shown = v.shown;
  if (!shown) return;
  const parts = shown.index < 0 ? sumParts(shown) : eventParts(shown, v.hello);
  if (shown.index >= 0 && shown.index !== v.wish) {
    parts.push(["xv-warn", `asked for ${v.wish}`]);
  } else if (shown.index >= 0 && shown.data && v.shownRank > 2 * v.hello.f) {
    parts.push(["xv-quiet", "preview"]);
  }
  if (shown.broken) parts.push(["xv-warn", `the answer cannot be read: ${shown.broken}`]);
  if (v.said) parts.push(["xv-quiet", v.said]);
  const spans = parts.map(([kind, text]) => make("span", { class: kind, textContent: text }));
  v.status.replaceChildren(...spans);
  v.root.dataset.shown = shown.index;
}

function eventParts(s, hello) {
  const number = hello?.numbers?.[s.index] ?? s.index; // a page without a kernel holds some events
  const parts = [["xv-shown", `shows event ${number}`]];
  if (s.time) parts.push(["xv-id", `${s.time} UTC`], ["xv-id", `fiducial ${s.fiducial}`]);
  if (s.damage) parts.push(["xv-warn", "damaged"]);
  if (s.faulty) parts.push(["xv-warn", s.data ? "a part cannot be read" : "cannot be read"]);
  if (s.known && !s.damage && !s.faulty) parts.push(["xv-quiet", "no damage"]);
  return parts;
}

function sumParts(s) {
  if (!s.account) return [["xv-warn", s.note]];
  return [["xv-shown", s.account], ["xv-quiet", s.finished ? "finished" : "running"]];
}
