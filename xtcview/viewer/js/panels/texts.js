// For front ends that pass no bytes: the kernel draws, and the picture comes as text.

import { showNotes, showStatus } from "../status.js";
import { showWish } from "../controls.js";
import { make } from "../dom.js";
import { createQuestion } from "./questions.js";

export const NOTE = "this front end passes no binary messages: pictures come as PNG, slowly, and panels are off";

/** True when a message lost its bytes on the way. */
export function isStripped(content, buffers) {
  const expected = content.t === "hello" ? content.pictures.length : content.t === "frame" && content.data ? 2 : 0;
  return expected > 0 && !(buffers?.length >= expected && buffers[0]?.byteLength);
}

/** Show PNGs from now on. */
export function startTexts(v, content) {
  v.hello = { ...content, notes: [...content.notes, NOTE] };
  v.wish = content.index;
  v.title.textContent = `${content.run} · ${content.name}`;
  const image = make("img", { class: "xv-png", alt: "both panes" });
  v.root.querySelector(".xv-panes").replaceChildren(image);
  v.root.classList.add("xv-texts");
  const question = createQuestion(v, "picture", {
    onAnswer(found) {
      image.src = `data:image/png;base64,${found.png}`;
      image.alt = `event ${found.index} of ${found.n}, ${found.time} UTC ${found.note}`;
      v.shown = { ...found, index: found.index, data: true };
      showStatus(v);
    },
    onFail: (text) => {
      v.shown = { index: v.wish, note: text };
      showNotes(v);
    },
  });
  // whatever would ask for an event asks for its picture
  v.frames = { ...v.frames, ask: (wish) => question.ask({ index: wish, look: { ...v.look } }), busy: () => question.busy() };
  showWish(v.bar, v.wish, content.n);
  showNotes(v);
  v.frames.ask(v.wish);
}
