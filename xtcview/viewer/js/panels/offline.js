// A model without a kernel: the page holds some events and answers for itself.

const UNPACKED = 40; // events kept unpacked, 0.6 MB each

/** `data` has hello, frames and state, see offline.py. */
export function createOfflineModel(data) {
  const handlers = new Map();
  const ready = new Map();

  const fire = (name, ...args) => [...(handlers.get(name) ?? [])].forEach((f) => f(...args));

  function frame(index) {
    if (!ready.has(index)) ready.set(index, inflated(data.frames[index].buffers));
    if (ready.size > UNPACKED) ready.delete(ready.keys().next().value);
    return ready.get(index);
  }

  async function answer({ t, seq, view, index, segment }) {
    const back = { seq, view };
    if (t === "hello") return [{ ...data.hello.content, ...back }, await inflated(data.hello.buffers)];
    if (t === "event") return [{ ...data.frames[index].content, ...back }, await frame(index)];
    if (t === "code") return [{ t, text: data.provenance.code, ...back }, []];
    if (t === "place") return [{ ...data.place, ...back }, []];
    if (t === "segment") return [{ t: "segment", index, segment, data: false, ...back }, []];
    return [{ t: "error", to: t, text: "this page is without a kernel", ...back }, []];
  }

  return {
    get: (name) => data.state[name],
    set: (name, value) => (data.state[name] = value),
    save_changes() {},
    on(name, f) {
      handlers.set(name, [...(handlers.get(name) ?? []), f]);
    },
    off(name, f) {
      handlers.set(name, (handlers.get(name) ?? []).filter((g) => g !== f));
    },
    send: (content) => answer(content).then((found) => fire("msg:custom", ...found)),
  };
}

const inflated = (texts) => Promise.all(texts.map(inflate));

/** The bytes of a base64 text of zlib data. */
async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new DataView(await new Response(stream).arrayBuffer());
}
