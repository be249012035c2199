// Questions of the panels: one line for each kind, the newest wish wins.

import { createRequests } from "../requests.js";

const PATIENT = { setTimeout: () => 0, clearTimeout() {} }; // never asks again

/**
 * A line of questions of one kind. `patient`: the answer may take long, it is not asked for again.
 * onFail(sentence) is told why there is none.
 */
export function createQuestion(v, kind, { onAnswer, onFail = () => {}, patient = false }) {
  const line = createRequests({
    send: (seq, wish) => v.tell({ ...wish, t: kind, seq }),
    ...(patient ? { timers: PATIENT } : {}),
  });
  const question = {
    ask(wish) {
      line.ask(wish);
    },
    busy: () => line.busy(),
    answer(content, buffers) {
      if (!line.answered(content.seq)) return;
      if (content.t === "error") onFail(content.text);
      else onAnswer(content, buffers);
    },
    close: () => line.close(),
  };
  v.questions.set(kind, question);
  return question;
}

/** float32 values from a buffer of a message. */
export function floatsOf(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}
