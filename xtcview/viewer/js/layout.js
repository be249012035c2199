// Where each pixel is drawn. Tiles are affine pieces of the panels in display pixels
// (x to the right, y down); the same rules stand in layout.py, and a test compares the two.

export const GAP = 0xffffffff;
const FIELDS = [
  "segment", "row0", "col0", "rows", "cols", "x0", "y0", "dxRow", "dyRow", "dxCol", "dyCol",
];

/** Tiles from their bytes: float64, eleven fields each. */
export function readTiles(view) {
  const n = view.byteLength / 8 / FIELDS.length;
  return Array.from({ length: n }, (_, i) =>
    Object.fromEntries(
      FIELDS.map((name, k) => [name, view.getFloat64(8 * (i * FIELDS.length + k), true)]),
    ),
  );
}

/** Display pixels per canvas pixel. */
export function steps(picture, width, height) {
  const y = picture.rows / height;
  const x = picture.cols / width;
  return picture.fill ? { x, y } : { x: Math.max(x, y), y: Math.max(x, y) };
}

/** Display position of the centre of canvas pixel number `i` along an axis. */
function displayAt(i, canvasSize, step, pictureSize) {
  return (i + 0.5 - canvasSize / 2) * step + (pictureSize - 1) / 2;
}

/** Pixel of a tile at a display position, by the inverse of its affine steps; null outside. */
export function tilePixel(t, x, y) {
  const det = t.dxRow * t.dyCol - t.dxCol * t.dyRow;
  const u = x - t.x0;
  const v = y - t.y0;
  const r = Math.floor((u * t.dyCol - v * t.dxCol) / det + 0.5);
  const c = Math.floor((v * t.dxRow - u * t.dyRow) / det + 0.5);
  return r >= 0 && r < t.rows && c >= 0 && c < t.cols ? { row: r + t.row0, col: c + t.col0 } : null;
}

/** For each canvas pixel the flat position of the block under its centre, or GAP. */
export function indexMap(picture, width, height, shape, f) {
  const step = steps(picture, width, height);
  const out = new Uint32Array(width * height).fill(GAP);
  for (const tile of picture.tiles) drawTile(out, tile, picture, width, height, step, shape, f);
  return out;
}

function drawTile(out, t, picture, width, height, step, shape, f) {
  const blockRows = Math.ceil(shape[1] / f);
  const blockCols = Math.ceil(shape[2] / f);
  const [i0, i1] = reach(t, "x", width, step.x, picture.cols);
  const [j0, j1] = reach(t, "y", height, step.y, picture.rows);
  for (let j = j0; j < j1; j++) {
    const y = displayAt(j, height, step.y, picture.rows);
    for (let i = i0; i < i1; i++) {
      const at = tilePixel(t, displayAt(i, width, step.x, picture.cols), y);
      if (!at) continue;
      const row = t.segment * blockRows + Math.floor(at.row / f);
      out[j * width + i] = row * blockCols + Math.floor(at.col / f);
    }
  }
}

/** First and one-past-last canvas pixel that a tile can touch along one axis. */
function reach(t, axis, canvasSize, step, pictureSize) {
  const perRow = (t.rows - 1) * (axis === "x" ? t.dxRow : t.dyRow);
  const perCol = (t.cols - 1) * (axis === "x" ? t.dxCol : t.dyCol);
  const start = axis === "x" ? t.x0 : t.y0;
  const low = start + Math.min(0, perRow) + Math.min(0, perCol) - 1;
  const high = start + Math.max(0, perRow) + Math.max(0, perCol) + 1;
  const at = (d) => (d - (pictureSize - 1) / 2) / step + canvasSize / 2 - 0.5;
  return [Math.max(0, Math.floor(at(low))), Math.min(canvasSize, Math.ceil(at(high)) + 1)];
}

/** Detector pixel under a canvas position (canvas pixels, fractions allowed), or null. */
export function pixelAt(picture, width, height, cx, cy) {
  const step = steps(picture, width, height);
  const x = displayAt(cx - 0.5, width, step.x, picture.cols);
  const y = displayAt(cy - 0.5, height, step.y, picture.rows);
  for (let k = picture.tiles.length - 1; k >= 0; k--) {
    const at = tilePixel(picture.tiles[k], x, y);
    if (at) return { segment: picture.tiles[k].segment, ...at };
  }
  return null;
}

/** Canvas position of the centre of a detector pixel, or null. */
export function toCanvas(picture, width, height, { segment, row, col }) {
  const t = picture.tiles.find(
    (tile) =>
      tile.segment === segment &&
      row >= tile.row0 && row < tile.row0 + tile.rows &&
      col >= tile.col0 && col < tile.col0 + tile.cols,
  );
  if (!t) return null;
  const step = steps(picture, width, height);
  const x = t.x0 + (row - t.row0) * t.dxRow + (col - t.col0) * t.dxCol;
  const y = t.y0 + (row - t.row0) * t.dyRow + (col - t.col0) * t.dyCol;
  return {
    x: (x - (picture.cols - 1) / 2) / step.x + width / 2,
    y: (y - (picture.rows - 1) / 2) / step.y + height / 2,
  };
}
