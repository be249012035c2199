// Asking for events: the newest wish wins. Near the kernel one question is open at a time; on a
// long way as many as fill it. What is asked ahead of the hand goes out when nothing is wished.

import { LATE_MS, RETRY_MS } from "./requests.js";

const REMEMBERED = 8; // questions asked again whose first answer may still come

/**
 * plan(wish, hurried) packs an event: { f, enc, quality, bytes }; hurried = the wish had to wait.
 * send(seq, wish, plan) asks. supply() gives { indexes, plan } to ask ahead, or null, and
 * sendAhead(seq, job) asks for them. room() is the window in bytes, `most`
 * the questions that may be open in it. A wish is { index, turn }.
 */
export function createFlow({ plan, send, supply, sendAhead, room, most = 6, onLate, timers = globalThis, now }) {
  const open = new Map(); // seq -> { wish or job, plan, sent }
  const old = new Map();
  const clock = now ?? (() => performance.now());
  let wish = null, seq = 0, tries = 0, late = false, lateTimer, retryTimer;

  function setLate(is) {
    if (is === late) return;
    late = is;
    onLate(late);
  }

  function flying() {
    let bytes = 0;
    for (const one of open.values()) bytes += one.plan.bytes;
    return bytes;
  }

  const isFree = () => open.size === 0 || (open.size < most && flying() < room());

  function launch(one) {
    open.set(++seq, { ...one, sent: clock() });
    if (open.size === 1) watch();
    if (one.wish) send(seq, one.wish, one.plan);
    else sendAhead(seq, one.job);
  }

  function pump(hurried) {
    if (!isFree()) return;
    if (wish) {
      const mine = wish;
      wish = null;
      launch({ wish: mine, plan: plan(mine, hurried) });
    } else {
      const job = open.size ? null : supply();
      if (job) launch({ job, plan: job.plan });
    }
  }

  function watch() {
    stopWatch();
    if (!open.size) return;
    lateTimer = timers.setTimeout(() => setLate(true), LATE_MS);
    retryTimer = timers.setTimeout(retry, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
  }

  function stopWatch() {
    timers.clearTimeout(lateTimer);
    timers.clearTimeout(retryTimer);
  }

  function retry() {
    tries++;
    for (const [number, one] of open) {
      if (one.wish && (!wish || one.wish.turn > wish.turn)) wish = one.wish;
      old.set(number, one);
      if (old.size > REMEMBERED) old.delete(old.keys().next().value);
    }
    open.clear();
    setLate(wish !== null); // of what was asked ahead nobody waits for an answer
    pump(false);
  }

  return {
    /** Wish for an event; it replaces a wish that was not asked yet. */
    ask(index, turn, sharp = false) {
      wish = { index, turn, sharp };
      pump(false);
    },
    /** Nothing is wished any more: it is on screen. */
    content() {
      wish = null;
      pump(false);
    },
    /** Take note of an answer; returns what was asked, null when that is not known. */
    answered(number) {
      const one = open.get(number) ?? old.get(number);
      if (!one) return null;
      open.delete(number);
      old.delete(number);
      tries = 0;
      setLate(false);
      watch();
      return one;
    },
    /** Ask the next, if there is one; called once an answer was used. */
    next: () => pump(true),
    busy: () => wish !== null || [...open.values()].some((one) => one.wish),
    open: () => open.size,
    late: () => late,
    close() {
      stopWatch();
      wish = null;
      open.clear();
      old.clear();
    },
  };
}
