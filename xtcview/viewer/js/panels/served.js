// A model that asks over HTTP, for the page of `xtcview view`.

export function createServedModel({ state }) {
  const handlers = new Map();
  let changed = {};
  const fire = (name, ...args) => [...(handlers.get(name) ?? [])].forEach((f) => f(...args));

  async function post(content) {
    const answer = await fetch("ask", { method: "POST", body: JSON.stringify(content) });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    for (const [told, buffers] of unpackMessages(await answer.arrayBuffer())) fire("msg:custom", told, buffers);
  }

  return {
    get: (name) => state[name],
    set(name, value) {
      state[name] = changed[name] = value;
      fire(`change:${name}`);
    },
    save_changes() {
      const values = changed;
      changed = {};
      return Object.keys(values).length ? post({ t: "state", values }) : undefined;
    },
    on(name, f) {
      handlers.set(name, [...(handlers.get(name) ?? []), f]);
    },
    off(name, f) {
      handlers.set(name, (handlers.get(name) ?? []).filter((g) => g !== f));
    },
    send: post,
  };
}

/** Messages from their bytes, see served.py: [content, buffers] each. */
export function unpackMessages(bytes) {
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  let at = 4 + length;
  return head.map(({ content, sizes }) => {
    const buffers = sizes.map((size) => {
      const view = new DataView(bytes, at, size);
      at += size;
      return view;
    });
    return [content, buffers];
  });
}
