// What the kernel knows of the event, as text; whatever a name holds, it is never markup.

import { make } from "../dom.js";
import { createQuestion } from "./questions.js";

const TYPING_MS = 200;

const factRow = ([name, value, wrong]) =>
  make("div", { class: wrong ? "xv-row xv-warn" : "xv-row" },
    make("dt", { textContent: name, title: name }), make("dd", { textContent: wrong ? `⚠ ${value}` : value, title: value }));

export function createFacts(v) {
  const root = make("div", { class: "xv-facts" });
  const fail = (text) => root.replaceChildren(make("span", { class: "xv-quiet", textContent: text }));
  const question = createQuestion(v, "about", {
    onAnswer: ({ parts }) => root.replaceChildren(...parts.filter(({ rows }) => rows.length).map(({ title, rows }) =>
      make("section", {}, make("h4", { textContent: title }), make("dl", {}, ...rows.map(factRow))))),
    onFail: fail,
  });
  return {
    name: "facts", title: "Event", root,
    refresh() {
      if (v.shown?.index >= 0) question.ask({ index: v.shown.index });
      else fail("a reduction has no event of its own");
    },
  };
}

export function createEpics(v) {
  const list = make("dl", { class: "xv-epics" });
  const words = make("span", { class: "xv-quiet", role: "status" });
  const box = make("input", { type: "text", class: "xv-field", "aria-label": "search EPICS names", placeholder: "search names and aliases",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(ask, TYPING_MS);
    } });
  let typing;
  const question = createQuestion(v, "epics", {
    onAnswer({ rows, found, all }) {
      list.replaceChildren(...rows.map(factRow));
      const cut = rows.length < found ? `, the first ${rows.length} shown` : "";
      words.textContent = `${found} of ${all} names${cut}`;
    },
    onFail: (text) => (words.textContent = text),
  });

  function ask() {
    if (v.hello) question.ask({ index: Math.max(v.shown?.index ?? 0, 0), search: box.value });
  }

  return {
    name: "epics", title: "EPICS", refresh: ask, close: () => clearTimeout(typing),
    root: make("div", {}, make("div", { class: "xv-bar" }, box, words), list),
  };
}
