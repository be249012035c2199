// Going to an event that is typed, bookmarks, and the list of keys.

import { make } from "./dom.js";
import { createRequests } from "./requests.js";

const KEY_HELP = [
  ["← →", "one event back or on"], ["Shift ← →", "ten events"], ["Page Up, Page Down", "a hundred"],
  ["Home, End", "first and last event"], ["Space", "play or pause"], ["[ ]", "play slower, faster"],
  ["g", "go to a number, a time or a fiducial"], ["b", "set or remove a bookmark"],
  ["n, Shift n", "next and previous bookmark"], ["f", "follow a run that is being written"],
  ["c", "limits follow each picture, or stay"], ["l", "scale linear, sqrt, log"], ["?", "this list"],
];
const EXAMPLES = "17, f 4096, 1371300000.25, 12:40:00.25";

/** `act` has go(index) and say(words). */
export function createMarks(v, act) {
  const box = make("input", {
    type: "text", class: "xv-goto", hidden: true, placeholder: EXAMPLES, title: `go to: ${EXAMPLES}`,
    "aria-label": "go to number, time or fiducial",
    onkeydown: (e) => {
      if (e.key === "Enter") line.ask(box.value);
      if (e.key === "Escape" || e.key === "Enter") close();
    },
  });
  const help = make("dl", { class: "xv-help", hidden: true, "aria-label": "keys" },
    ...KEY_HELP.flatMap(([key, what]) => [make("dt", { textContent: key }), make("dd", { textContent: what })]));
  v.bar.root.append(box);
  v.root.append(help);
  const line = createRequests({
    send: (seq, text) => v.tell({ t: "find", seq, text, shown: Math.max(v.shown?.index ?? 0, 0) }),
  });

  function close() {
    box.hidden = true;
    v.root.focus();
  }

  function jump(way) {
    const marks = v.model.get("bookmarks").filter((at) => (at - v.wish) * way > 0);
    if (marks.length) act.go(way > 0 ? Math.min(...marks) : Math.max(...marks));
  }

  return {
    open() {
      box.hidden = false;
      box.value = "";
      box.focus();
    },
    toggle() {
      const marks = new Set(v.model.get("bookmarks"));
      if (!marks.delete(v.wish)) marks.add(v.wish);
      v.model.set("bookmarks", [...marks].sort((a, b) => a - b));
      v.model.save_changes();
      v.loaded.show();
    },
    jump,
    help() {
      help.hidden = !help.hidden;
    },
    onFound(_, content) {
      if (!line.answered(content.seq)) return;
      act.go(content.index);
      act.say(content.words);
    },
    failed(content) {
      if (line.answered(content.seq)) act.say(content.text);
    },
    close: () => line.close(),
  };
}
