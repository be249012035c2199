// From a wish to a picture: what the page has is painted at once, the rest is asked for.

import { createCache } from "./cache.js";
import { createGaps, decode } from "./decode.js";
import { createFlow } from "./flow.js";
import { createLink, rank } from "./link.js";
import { createPrefetch } from "./prefetch.js";
import { showWish } from "./controls.js";
import { takeFrame } from "./pictures.js";
import { showStatus } from "./status.js";

const SETTLE_MS = 150; // after the last picture, before the exact one and the shared settings

/** Give the view what scrubbing needs. */
export function createScrub(v, { onLate, onRest }) {
  Object.assign(v, { turn: 0, painted: 0, gaps: createGaps(), link: createLink(), onRest });
  v.blocks = (f) => {
    const [segments, rows, cols] = v.hello.shape;
    return segments * Math.ceil(rows / f) * Math.ceil(cols / f);
  };
  v.ahead = createPrefetch(v);
  v.cache = createCache({ coarse: () => v.ahead.coarse() });
  v.frames = createFlow({
    plan: (wish, hurried) => plan(v, wish, hurried),
    send: (seq, { index }, { f, enc, quality }) =>
      v.tell({ t: "event", seq, index, f, enc, quality, gaps: v.gaps.sum(f) }),
    supply: () => v.ahead.supply(),
    sendAhead: (seq, { indexes, plan: { f, enc, quality } }) =>
      v.tell({ t: "ahead", seq, indexes, f, enc, quality, gaps: v.gaps.sum(f) }),
    room: () => v.link.window(),
    most: v.link.most,
    onLate,
  });
}

/** How an event is packed: exact when it is looked at, small enough while the hand moves. */
function plan(v, wish, hurried) {
  const { f } = v.hello;
  const resting = v.link.resting(v.blocks(f), f);
  const moves = hurried || (v.link.window() > 0 && v.isMoving);
  if (wish.sharp || (!moves && v.link.isPatient(resting.bytes))) return resting;
  return v.link.moving(v.blocks(f), f, hurried);
}

export function go(v, index) {
  if (!v.hello || Number.isNaN(index)) return;
  v.wish = Math.round(Math.min(Math.max(index, 0), Math.max(0, v.hello.n - 1)));
  v.dismissed = Math.max(v.dismissed, v.show);
  v.said = "";
  showWish(v.bar, v.wish, v.hello.n);
  want(v);
  showStatus(v);
}

/** Paint the wished event from the cache; ask the kernel for it, or for a better picture. */
export function want(v) {
  const turn = ++v.turn;
  const now = performance.now();
  v.isMoving = now - (v.wished ?? -Infinity) < SETTLE_MS;
  v.wished = now;
  const hit = v.show ? null : v.cache.get(v.wish); // leaving a reduction is the kernel's business
  v.ahead.moved(v.wish, Boolean(hit));
  if (hit) use(v, turn, hit);
  if (hit && isSharp(v, hit.rank)) v.frames.content();
  else v.frames.ask(v.wish, turn);
}

const isSharp = (v, found) => found <= 2 * v.hello.f;

/** Paint an entry unless a newer wish has been painted. */
function use(v, turn, entry) {
  if (turn < v.painted) return;
  v.painted = turn;
  v.shown = entry.content;
  v.shownRank = entry.rank;
  v.show = 0;
  takeFrame(v, entry.content, entry.buffers);
  v.loaded.show();
  settle(v);
}

export function onFrame(v, content, buffers) {
  const asked = v.frames.answered(content.seq);
  if (!asked?.wish) return;
  measure(v, asked, content, buffers);
  v.frames.next(); // the kernel works while the page paints
  whenDecoded(v, content, buffers, (entry) => use(v, asked.wish.turn, entry));
}

/** Events that were asked ahead of the hand. */
export function onAhead(v, content, buffers) {
  const asked = v.frames.answered(content.seq);
  if (!asked?.job) return;
  measure(v, asked, content, buffers);
  v.ahead.taken(asked.job, content.frames.length);
  let at = 0;
  for (const frame of content.frames) {
    const own = buffers.slice(at, (at += frame.buffers));
    whenDecoded(v, frame, own, (entry) => better(v, entry));
  }
  v.loaded.show();
  v.frames.next();
}

/** What came ahead may be what is wished for by now. */
function better(v, entry) {
  if (v.show || entry.content.index !== v.wish) return;
  if (v.shown?.index === v.wish && v.shownRank <= entry.rank) return;
  use(v, v.turn, entry);
}

function whenDecoded(v, content, buffers, then) {
  const take = (parts) => {
    const entry = { content, buffers: parts, rank: content.data ? rank(content) : 0 };
    if (content.index < (v.hello.settled ?? Infinity)) v.cache.put(content.index, entry);
    then(entry);
  };
  try {
    const parts = decode(content, buffers, v.gaps);
    if (Array.isArray(parts)) take(parts);
    else parts.then(take).catch((error) => undecoded(v, error));
  } catch (error) {
    undecoded(v, error);
  }
}

/** The last picture stays; the next question is for a plain one. */
function undecoded(v, error) {
  console.warn("xtcview:", error);
  v.shown = { ...v.shown, index: v.shown?.index ?? v.wish, broken: String(error.message ?? error) };
  showStatus(v);
}

function measure(v, asked, content, buffers) {
  const bytes = buffers.reduce((sum, b) => sum + b.byteLength, 0);
  const blocks = asked.wish && content.data ? content.blocks.reduce((a, b) => a * b, 1) : 0;
  v.link.heard({ sent: asked.sent, arrived: performance.now(), bytes, took: content.took,
    plan: asked.plan, blocks });
}

/** Once the hand rests: the exact picture, then the shared settings. */
export function settle(v) {
  clearTimeout(v.settling);
  v.settling = setTimeout(() => {
    if (v.shown?.index !== v.wish || v.shown.index < 0) return;
    if (!isSharp(v, v.shownRank)) return v.frames.ask(v.wish, v.turn, true);
    v.onRest();
    v.door.measure();
  }, SETTLE_MS);
}
