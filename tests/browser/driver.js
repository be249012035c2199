// Put into the page by the tests: reads event numbers from the pixels and moves the slider as a hand does.
(() => {
  const root = () => document.querySelector(".xtcview");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const probe = { raw: [], image: [] }; // canvas positions of the eight blocks

  // One read-back per pane: the eight points are first copied side by side.
  const helper = Object.assign(document.createElement("canvas"), { width: 8, height: 1 });
  const g = helper.getContext("2d", { willReadFrequently: true });

  function read(name) {
    const canvas = root().querySelector(`canvas.xv-${name}`);
    g.clearRect(0, 0, 8, 1);
    probe[name].forEach(([x, y], bit) => g.drawImage(canvas, x, y, 1, 1, bit, 0, 1, 1));
    const { data } = g.getImageData(0, 0, 8, 1);
    let number = 0;
    for (let bit = 0; bit < 8; bit++) {
      const [r, green, b, alpha] = data.subarray(4 * bit, 4 * bit + 4);
      if (!alpha) return null;
      number += (r + green + b > 300) << bit;
    }
    return number;
  }
  const read_both = () => [read("raw"), read("image")];

  function move(index) {
    const slider = root().querySelector(".xv-slider");
    slider.value = index;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }

  async function until(index, limit = 10000) {
    const start = performance.now();
    for (;;) {
      await frame();
      const [a, b] = read_both();
      if (a === index && b === index) return performance.now() - start;
      if (performance.now() - start > limit) return null;
    }
  }

  /** Move to an event and return the ms until both panes show it. */
  async function step(index) {
    const start = performance.now();
    move(index);
    return (await until(index)) === null ? null : performance.now() - start;
  }

  /** Drag over [first, last], one place per animation frame, for some ms; what was seen at each frame. */
  async function drag(first, last, ms) {
    const seen = [];
    const start = performance.now();
    let at = first;
    while (performance.now() - start < ms && at <= last) {
      move(at);
      await frame();
      seen.push([at, ...read_both()]);
      at = first + Math.round(((performance.now() - start) / ms) * (last - first));
    }
    const took = performance.now() - start;
    move(last);
    const lag = await until(last);
    seen.push([last, ...read_both()]);
    return { seen, took, lag };
  }

  /** Count what the page sends: questions by kind, settings, and the most event questions open at once. */
  function watch() {
    const view = root().xtcview;
    view.unwatch?.();
    const count = { sent: {}, saved: 0, answers: [], open: 0, most_open: 0, bytes: [] };
    const { tell } = view;
    const save = view.model.save_changes;
    view.tell = (content) => {
      count.sent[content.t] = (count.sent[content.t] ?? 0) + 1;
      if (content.t === "event") count.most_open = Math.max(count.most_open, ++count.open);
      tell(content);
    };
    view.model.save_changes = (...rest) => {
      count.saved++;
      return save(...rest);
    };
    const heard = (content, buffers) => {
      if (content.t !== "frame") return;
      count.open--;
      count.answers.push(content.index);
      count.bytes.push(buffers.reduce((sum, b) => sum + b.byteLength, 0));
    };
    const { hear } = view;
    view.hear = (content, buffers) => {
      heard(content, buffers); // counted first: an answer opens the next question
      hear(content, buffers);
    };
    view.unwatch = () => {
      view.tell = tell;
      view.model.save_changes = save;
      view.hear = hear;
      view.unwatch = null;
    };
    globalThis.counted = count;
  }

  /** A value of a Python expression in the notebook's kernel, as its repr. */
  async function kernel(expression) {
    const { kernel } = globalThis.jupyterapp.shell.currentWidget.context.sessionContext.session;
    const request = kernel.requestExecute({
      code: "", silent: false, store_history: false, user_expressions: { it: expression },
    });
    const reply = await request.done;
    return reply.content.user_expressions.it.data["text/plain"];
  }

  /** A number that changes when any pixel of a pane does. */
  function pixels(name) {
    const canvas = root().querySelector(`canvas.xv-${name}`);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer).reduce((sum, word) => (Math.imul(sum, 31) + word) | 0, 7);
  }

  /** Where in the window a detector pixel is drawn. */
  function place(name, { segment, row, col }) {
    const view = root().xtcview;
    const canvas = root().querySelector(`canvas.xv-${name}`);
    canvas.scrollIntoView({ block: "nearest" });
    const box = canvas.getBoundingClientRect();
    const { picture } = view[name];
    const tile = picture.tiles.find((t) => t.segment === segment && col >= t.col0 && col < t.col0 + t.cols);
    const x = tile.x0 + row * tile.dxRow + (col - tile.col0) * tile.dxCol;
    const y = tile.y0 + row * tile.dyRow + (col - tile.col0) * tile.dyCol;
    const scale = box.width / Math.max(picture.rows, picture.cols);
    return [
      box.left + box.width / 2 + (x - (picture.cols - 1) / 2) * scale,
      box.top + box.height / 2 + (y - (picture.rows - 1) / 2) * scale,
    ];
  }

  /** Whether the cursor is drawn above a pane. */
  function crossed(name) {
    const above = root().querySelector(`canvas.xv-${name} + .xv-above`);
    const { data } = above.getContext("2d").getImageData(0, 0, above.width, above.height);
    return data.some((part) => part);
  }

  /** Median ms of script for one change of the upper limit. */
  function contrast(times) {
    const input = root().querySelector("[aria-label='highest ADU shown']");
    const took = [];
    for (let i = 0; i < times; i++) {
      const start = performance.now();
      input.value = 100 + i;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      took.push(performance.now() - start);
    }
    return took.sort((a, b) => a - b)[times >> 1];
  }

  let running = 0;
  /** Run code in the notebook's kernel as a cell does. */
  function execute(code) {
    const { kernel } = globalThis.jupyterapp.shell.currentWidget.context.sessionContext.session;
    running++;
    kernel.requestExecute({ code, store_history: false }).done.then(() => running--);
  }

  /** Let the page know no event, so that the next one comes from the kernel. */
  function forget() {
    const view = root().xtcview;
    view.unwatch?.();
    view.cache.clear();
    view.ahead.restart();
    view.loaded.show();
  }

  globalThis.xv = {
    forget,
    root, probe, read_both, move, until, step, drag, watch, kernel, frame,
    pixels, place, crossed, contrast, execute, running: () => running > 0,
  };
})();
