// Playing the run: at a rate that is wished for, but no event is left out in silence.

import { choose, make } from "./dom.js";
import { RATES, showPlaying } from "./controls.js";

export const EVERY = [1, 2, 5, 10, 100];
const STALLED_MS = 200; // between two looks while the kernel does not answer
const WINDOW = 12; // events over which the pace is measured

/** Add what play needs to the event bar. */
export function createPlay(v, go) {
  const every = choose("play every n-th event", EVERY.map(String), () => {});
  const pace = make("span", { class: "xv-quiet xv-pace", "aria-live": "off" });
  v.bar.root.append(make("label", { class: "xv-pair xv-quiet" }, "every", every), pace);
  const seen = []; // when the last events were played
  let due = 0;

  v.every = () => Number(every.value);

  function stop() {
    clearTimeout(v.playing);
    v.playing = null;
    pace.textContent = "";
    showPlaying(v.bar, false);
  }

  function on() {
    if (v.wish >= v.hello.n - 1) return stop();
    const now = performance.now();
    const waits = v.shown?.index !== v.wish;
    const gap = 1000 / Number(v.bar.rate.value);
    if (!waits && now >= due - 1) {
      due = Math.max(due + gap, now); // a late event makes those after it late: none is left out
      go(v, Math.min(v.wish + v.every(), v.hello.n - 1));
      note(now, gap);
    }
    const pause = waits ? (v.late ? STALLED_MS : 4) : Math.max(0, due - performance.now());
    v.playing = setTimeout(on, pause);
  }

  /** Say the real pace when it is not the wished one. */
  function note(now, gap) {
    seen.push(now);
    if (seen.length > WINDOW) seen.shift();
    const took = (now - seen[0]) / Math.max(seen.length - 1, 1);
    const slow = seen.length === WINDOW && took > 1.25 * gap;
    pace.textContent = slow ? `waits for data: ${(1000 / took).toFixed(1)} per s` : "";
  }

  return {
    toggle() {
      if (v.playing) return stop();
      seen.length = 0;
      due = performance.now();
      v.playing = setTimeout(on, 0);
      showPlaying(v.bar, true);
    },
    /** Faster or slower by one of the offered rates. */
    pace(by) {
      const at = RATES.indexOf(Number(v.bar.rate.value)) + by;
      v.bar.rate.value = String(RATES[Math.min(Math.max(at, 0), RATES.length - 1)]);
    },
    stop,
  };
}
