// Which way questions go to the kernel: a way of our own where there is one, else the widget's.

import { openSubshell } from "./subshell.js";

const FIRST_PINGS = 3; // the quickest of them is the length of the way
const OPENING_MS = 4000; // a way that does not answer the first question is none

const ENDED = ["restarting", "autorestarting", "terminating", "dead"]; // what a kernel says at its end

/** Give the view its ways; hear(content, buffers) takes every answer, onEnd() the kernel's end. */
export function createDoor(v, hear, onEnd) {
  const kernel = v.model.widget_manager?.kernel;
  const onStatus = (_, status) => {
    if (ENDED.includes(status)) lost(), onEnd();
  };
  kernel?.statusChanged?.connect(onStatus);
  const waiting = new Map(); // seq of a ping -> done
  let way = null, closed = false, ready = false, seq = 0;

  function ping(through) {
    const number = `ping ${++seq}`;
    const sent = performance.now();
    return new Promise((done) => {
      const timer = setTimeout(() => done(false), OPENING_MS);
      waiting.set(number, (content) => {
        clearTimeout(timer);
        v.link.heard({ sent, arrived: performance.now(), bytes: 0, took: content.took });
        done(true);
      });
      try {
        through.send({ view: v.id, t: "ping", seq: number });
      } catch (error) {
        done(false); // no kernel: the next question of the hand says so
      }
    }).finally(() => waiting.delete(number));
  }

  async function tried(opened) {
    if (!opened) return null;
    if (!closed && (await ping(opened))) return opened;
    opened.close();
    return null;
  }

  function lost() {
    way = null;
    v.root.dataset.way = "widget";
  }

  async function open(channel) {
    const found = await openSubshell(kernel, channel, hear, lost).then(tried).catch((error) => {
      console.warn("xtcview:", error);
      return null;
    });
    if (closed) return found?.close();
    way = found;
    v.root.dataset.way = way?.name ?? "widget";
    for (let i = 0; i < FIRST_PINGS && !closed; i++) await ping(way ?? v.model);
    ready = true;
  }

  return {
    /** Open a way, once it is known what to open it with. */
    open: (channel) => (seq === 0 && channel ? open(channel) : undefined),
    send: (content) => (way ?? v.model).send(content),
    /** Measure the way again; for moments of rest. */
    measure: () => void (ready && !waiting.size && ping(way ?? v.model)),
    onPong: (_, content) => waiting.get(content.seq)?.(content),
    name: () => way?.name ?? "widget",
    close() {
      kernel?.statusChanged?.disconnect(onStatus);
      closed = true;
      way?.close();
      way = null;
    },
  };
}
