// What leaves the viewer: files beside the notebook, and the code that shows the same again.

import { make } from "../dom.js";
import { createQuestion } from "./questions.js";
import { wordButton } from "./tabs.js";

export function createOut(v) {
  const text = make("textarea", { class: "xv-code", readOnly: true, rows: 6, spellcheck: false, "aria-label": "code that shows this again" });
  const words = make("span", { class: "xv-quiet", role: "status" });
  const say = (sentence) => (words.textContent = sentence);
  let copying = false;
  const code = createQuestion(v, "code", { onFail: say, onAnswer: (content) => {
    text.value = content.text;
    if (copying) copy();
    copying = false;
  } });
  const saving = createQuestion(v, "save", { patient: true, onFail: say, onAnswer: ({ files }) => say(`saved ${files.join(", ")}`) });
  const shown = () => ({ index: Math.max(v.shown?.index ?? 0, 0), look: { ...v.look } });

  /** Where the page may not use the clipboard, the text is selected for the hand. */
  function copy() {
    text.select();
    const done = navigator.clipboard?.writeText(text.value);
    if (!done) return say("press Ctrl+C to copy the selected code");
    done.then(() => say("copied"), () => say("press Ctrl+C to copy the selected code"));
  }

  function save(kind) {
    say("saving …");
    saving.ask({ kind, ...shown() });
  }

  const bar = make("div", { class: "xv-bar" },
    wordButton("copy as code", () => { copying = true; code.ask(shown()); }),
    wordButton("save PNG", () => save("png"), "both panes, in the kernel's folder"),
    wordButton("save NPY", () => save("npy"), "exact values of the panels, with a .json of where they come from"),
    wordButton("save HDF5", () => save("h5"), "panels, counts, image and bad pixels"), words);
  return {
    name: "out", title: "Save, code", root: make("div", {}, bar, text),
    refresh: () => v.hello && code.ask(shown()),
  };
}
