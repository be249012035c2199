// The value under the cursor: always the exact one, from the kernel, never from the picture.

import { format } from "./dom.js";
import { whereWords } from "./panels/where.js";
import { createRequests } from "./requests.js";

const REST_MS = 40; // the pointer rests this long before a segment is fetched
const KEEP = 64; // segments kept: 9 MB

/** Follow the pointer for the view `v`. */
export function createHover(v) {
  const values = new Map(); // "event segment" -> typed array
  const constants = new Map(); // segment -> { pedestal, bad }
  let resting;

  const segments = createRequests({
    send: (seq, { index, segment }) =>
      v.tell({ t: "segment", seq, index, segment, constants: !constants.has(segment) }),
  });

  function fetch() {
    const place = v.place;
    if (!place || !v.shown?.data) return;
    if (v.frames.busy()) return later();
    if (!values.has(key(v.shown, place))) {
      segments.ask({ index: v.shown.index, segment: place.segment });
    }
  }

  function later() {
    clearTimeout(resting);
    resting = setTimeout(fetch, REST_MS);
  }

  function key(shown, place) {
    // of a reduction, values belong to one state of one of them
    return `${shown.index} ${shown.show ?? ""} ${shown.done ?? ""} ${place.segment}`;
  }

  function show() {
    const found = v.place && v.shown && values.get(key(v.shown, v.place));
    v.readout.replaceChildren(...readout(v, v.place, found, constants.get(v.place?.segment)));
  }

  return {
    move(place) {
      v.place = place;
      v.drawCursor();
      v.panels.moved();
      show();
      if (place) later();
    },
    refresh() {
      show();
      if (v.place) later();
    },
    answer(_, content, buffers) {
      if (!segments.answered(content.seq) || !content.data) return;
      const { segment } = content;
      values.set(key(content, { segment }), typed(buffers[0], content.dtype));
      if (values.size > KEEP) values.delete(values.keys().next().value);
      if (buffers.length === 3) {
        constants.set(segment, { pedestal: typed(buffers[1], "float32"), bad: typed(buffers[2], "uint8") });
      }
      show();
    },
    answered: (seq) => segments.answered(seq),
    close() {
      clearTimeout(resting);
      segments.close();
    },
  };
}

const KINDS = {
  int16: Int16Array, uint16: Uint16Array, uint8: Uint8Array, float32: Float32Array,
};

function typed(view, dtype) {
  const start = view.byteOffset;
  return new KINDS[dtype](view.buffer.slice(start, start + view.byteLength));
}

/** The words of the readout line. */
function readout(v, place, values, known) {
  if (!place) return [text("xv-quiet", "point at a pixel to read it")];
  const { segment, row, col } = place;
  const { sections, shape } = v.hello;
  const quad = `q${Math.floor(segment / sections)} s${segment % sections} `;
  const where = shape[0] === 1 ? "" : sections ? quad : `segment ${segment} `;
  const lab = whereWords(v, place);
  return [text("xv-where", `${where}r${row} c${col}`), ...(lab ? [text("xv-quiet", lab)] : []),
    ...value(v, place, values, known)];
}

function value(v, { segment, row, col }, values, known) {
  if (!v.shown?.data) return [text("xv-quiet", "no data")];
  if (v.shown.present && !v.shown.present[segment]) return [text("xv-quiet", "absent")];
  if (v.hello.offline) return [text("xv-value", about(v, segment, row, col))];
  if (!values) return [text("xv-quiet", "…")];
  const at = row * v.hello.shape[2] + col;
  const out = [text("xv-value", `${format(values[at])} ADU`)];
  if (v.shown.subtracted && known?.pedestal.length) {
    const pedestal = known.pedestal[at];
    out.push(text("xv-quiet", `= ${(values[at] - pedestal).toFixed(1)} + pedestal ${pedestal.toFixed(1)}`));
  }
  if (known?.bad.length && known.bad[at]) out.push(text("xv-warn", "marked bad"));
  return out;
}

/** Without a kernel there is the picture alone. */
function about(v, segment, row, col) {
  const { codes, levels, f, shape } = v.frame;
  const blocks = segment * Math.ceil(shape[1] / f) + Math.floor(row / f);
  const code = codes[blocks * Math.ceil(shape[2] / f) + Math.floor(col / f)];
  return code ? `≈ ${format(levels[code])} (${f} × ${f} pixels)` : "no value";
}

function text(kind, content) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = content;
  return span;
}
