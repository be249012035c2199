// A run that is still being written: the slider grows, and the newest event can be followed.

import { showWish } from "./controls.js";
import { make } from "./dom.js";
import { createRequests } from "./requests.js";

const GROW_MS = 1000; // between two looks at the files

export function createLive(v, go) {
  const box = make("input", { type: "checkbox", onchange: () => follow() });
  const root = make("label", { class: "xv-pair", hidden: true, title: "show the newest event (f)" }, box, "follow");
  v.bar.root.append(root);
  const line = createRequests({ send: (seq) => v.tell({ t: "grow", seq }) });
  let timer;

  const last = () => (v.hello.settled ?? v.hello.n) - 1;

  function follow() {
    if (box.checked && last() >= 0 && v.wish !== last()) go(v, last());
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => (document.hidden ? later() : line.ask(1)), GROW_MS);
  }

  return {
    /** The kernel has told what run it is. */
    start() {
      root.hidden = !v.hello.live;
      if (v.hello.live) later();
    },
    onGrown(_, content) {
      if (!line.answered(content.seq)) return;
      if (!content.live) root.hidden = true;
      else later();
      if (content.n === v.hello.n && content.settled === v.hello.settled) return;
      Object.assign(v.hello, { n: content.n, settled: content.settled });
      showWish(v.bar, v.wish, content.n);
      v.ahead.restart();
      v.loaded.show();
      if (!v.show) follow();
    },
    toggle() {
      if (root.hidden) return;
      box.checked = !box.checked;
      follow();
    },
    failed: (content) => line.answered(content.seq) && later(),
    close() {
      clearTimeout(timer);
      line.close();
    },
  };
}
