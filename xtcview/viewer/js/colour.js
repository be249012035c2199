// From codes to colours: everything that contrast is happens here, without the kernel.
// The same rules stand in colours.py, for saved pictures.

export const CODES = 256;
export const LOG_CONTRAST = 1000; // the log scale shows this ratio between bright and dark
export const PERCENTILES = [1, 99.9];

/** 256 colours (3 bytes each) from anchors written as hex, joined by straight lines. */
export function expandMap(hex) {
  const last = hex.length / 6 - 1;
  const table = new Uint8Array(3 * CODES);
  for (let i = 0; i < CODES; i++) {
    const at = (i / (CODES - 1)) * last;
    const k = Math.min(Math.floor(at), last - 1);
    for (let c = 0; c < 3; c++) {
      const low = parseInt(hex.substr(6 * k + 2 * c, 2), 16);
      const high = parseInt(hex.substr(6 * (k + 1) + 2 * c, 2), 16);
      table[3 * i + c] = Math.round(low + (high - low) * (at - k));
    }
  }
  return table;
}

/** ADU to 0..1. */
export function stretch(value, vmin, vmax, scale) {
  const width = Math.max(vmax - vmin, 1e-6 * Math.max(Math.abs(vmin), 1));
  const t = Math.min(Math.max((value - vmin) / width, 0), 1);
  if (scale === "log") return Math.log1p(LOG_CONTRAST * t) / Math.log1p(LOG_CONTRAST);
  return scale === "sqrt" ? Math.sqrt(t) : t;
}

/** How many blocks have each code. */
export function histogram(codes) {
  const counts = new Uint32Array(CODES);
  for (let i = 0; i < codes.length; i++) counts[codes[i]]++;
  return counts;
}

/** ADU below which the given percentages of the blocks with a value lie. */
export function percentileLimits(counts, levels, [low, high] = PERCENTILES) {
  let total = 0;
  for (let code = 1; code < CODES; code++) total += counts[code];
  if (!total) return [0, 1];
  const vmin = levelAt(counts, levels, (low / 100) * total);
  const vmax = levelAt(counts, levels, (high / 100) * total);
  return [vmin, Math.max(vmax, vmin + 1e-6 * Math.max(Math.abs(vmin), 1))];
}

function levelAt(counts, levels, enough) {
  let sum = 0;
  for (let code = 1; code < CODES; code++) {
    sum += counts[code];
    if (sum >= enough) return levels[code];
  }
  return levels[CODES - 1];
}

/** The pixel (as one little-endian RGBA word) for each code; code 0 is drawn by the pane. */
export function makeLut(levels, table, { vmin, vmax, scale }) {
  const lut = new Uint32Array(CODES);
  for (let code = 1; code < CODES; code++) {
    const k = 3 * Math.round(stretch(levels[code], vmin, vmax, scale) * (CODES - 1));
    lut[code] = rgb(table[k], table[k + 1], table[k + 2]);
  }
  return lut;
}

export function rgb(r, g, b) {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}

/** Draw codes through an index map; gaps stay transparent, code 0 is hatched. */
export function drawCodes(out, map, codes, lut, [hatchA, hatchB], width) {
  const n = codes.length;
  for (let i = 0; i < map.length; i++) {
    const k = map[i];
    if (k >= n) out[i] = 0;
    else if (codes[k]) out[i] = lut[codes[k]];
    else out[i] = ((i % width) + Math.floor(i / width)) & 4 ? hatchA : hatchB;
  }
}
