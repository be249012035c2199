// What to ask for while nothing is wished: events where the hand is going, then a coarse
// picture of every event of the run.

import { rank } from "./link.js";

const HAND_REST_MS = 150; // the hand must rest, or move among events that the page has
const AHEAD = 24; // events in the direction of the hand
const BEHIND = 4;
const COARSE = 8; // binning of the previews
const BATCH = 16; // previews in one question; the kernel ends it sooner when they take long
const PAUSE_MS = 30; // between batches of previews: the kernel has other work

const coarse = (v) => Math.min(16, Math.max(COARSE, 2 * v.hello.f));

/** `v` is the view; flow, link and cache are asked through it. */
export function createPrefetch(v, clock = () => performance.now()) {
  const state = { at: 0, way: 1, stride: 1, moved: -Infinity, hit: false, cursor: 0, off: false, due: 0 };
  let timer;

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(() => v.frames.next(), ms);
  }

  /** Indexes near the hand without a good picture, the next ones first. */
  function near(sharp) {
    const found = [];
    const { n } = v.hello;
    const add = (index) => {
      if (index >= 0 && index < n && v.cache.rank(index) > sharp) found.push(index);
    };
    const stride = v.playing ? v.every() : state.stride;
    for (let k = 1; k <= AHEAD; k++) add(v.wish + k * stride * state.way);
    for (let k = 1; k <= BEHIND; k++) add(v.wish - k * state.way);
    return found;
  }

  /** The next events of the run without any picture. */
  function missing() {
    const { n } = v.hello;
    const blocks = v.blocks(coarse(v)) + 1024;
    const every = Math.max(1, Math.ceil((n * blocks) / v.cache.previews));
    const found = [];
    for (; state.cursor < n && found.length < BATCH; state.cursor += every) {
      if (!v.cache.has(state.cursor)) found.push(state.cursor);
    }
    return found;
  }

  function previews() {
    const wait = state.due - clock();
    if (wait > 0) return later(wait), null;
    const start = state.cursor;
    const indexes = missing();
    if (!indexes.length) return null;
    state.due = clock() + PAUSE_MS;
    const enc = v.link.rate() === null || v.link.window() === 0 ? "raw" : "jpeg";
    const f = coarse(v);
    const bytes = (enc === "raw" ? 1 : 0.12) * v.blocks(f) * indexes.length;
    return { indexes, start, plan: { f, enc, quality: 60, bytes } };
  }

  return {
    state,
    coarse: () => 2 * coarse(v),
    /** The hand went to an event; hit: the page had it. */
    moved(index, hit) {
      const by = index - state.at;
      const tens = Math.abs(by) === 10 ? 10 : 1; // Shift with an arrow
      if (by) Object.assign(state, { way: Math.sign(by), stride: tens });
      Object.assign(state, { at: index, moved: clock(), hit });
      later(HAND_REST_MS + 10);
    },
    /** The next question, or null. */
    supply() {
      if (!v.hello || state.off || !v.model.get("prefetch") || document.hidden || v.show) return null;
      const resting = v.playing || state.hit || clock() - state.moved > HAND_REST_MS;
      if (!resting || v.frames.late()) return null;
      const plan = v.link.moving(v.blocks(v.hello.f), v.hello.f, false);
      const indexes = near(rank(plan)).slice(0, v.link.window() ? 2 : 1);
      if (indexes.length) return { indexes, plan: { ...plan, bytes: plan.bytes * indexes.length } };
      return v.busy ? null : previews(); // beside a running cell, only what is near
    },
    /** An answer holds the first `many` of the events that were asked. */
    taken(job, many) {
      if (job.start !== undefined && many < job.indexes.length) state.cursor = job.indexes[many];
    },
    /** The run has grown, or what is drawn has changed: look again from the start. */
    restart: () => Object.assign(state, { cursor: 0 }),
    /** The kernel cannot: it is not asked again. */
    stop() {
      state.off = true;
    },
    close: () => clearTimeout(timer),
  };
}
