// Where pixels are: display pixels, laboratory, scattering angle. The formulas are those of
// xtcview.calib.scattering; the kernel's `place` says how the picture lies before the beam.

import { steps } from "../layout.js";

const HC = 12398.419843320026; // eV Å

/** Display position of a detector pixel in a picture, or null. */
export function displayOf(picture, { segment, row, col }) {
  const t = picture.tiles.find(
    (tile) => tile.segment === segment && row >= tile.row0 && row < tile.row0 + tile.rows
      && col >= tile.col0 && col < tile.col0 + tile.cols,
  );
  if (!t) return null;
  const r = row - t.row0, c = col - t.col0;
  return { x: t.x0 + r * t.dxRow + c * t.dxCol, y: t.y0 + r * t.dyRow + c * t.dyCol };
}

/** Canvas position of a display position, and back. */
export function canvasOf(picture, size, { x, y }) {
  const step = steps(picture, size, size);
  return { x: (x - (picture.cols - 1) / 2) / step.x + size / 2, y: (y - (picture.rows - 1) / 2) / step.y + size / 2 };
}

export function displayAtCanvas(picture, size, { x, y }) {
  const step = steps(picture, size, size);
  return { x: (x - size / 2) * step.x + (picture.cols - 1) / 2, y: (y - size / 2) * step.y + (picture.rows - 1) / 2 };
}

/** x and y in mm (psana's frame) and the distance from the beam in um; null where unknown. */
export function labOf(placing, at) {
  if (!placing?.known || !at) return null;
  const [a, b, c, d] = placing.inverse;
  const u = at.x - placing.beam[0], w = at.y - placing.beam[1];
  const x = placing.pitch * (a * u + b * w), y = placing.pitch * (c * u + d * w);
  return { x: x / 1000, y: y / 1000, away: Math.hypot(x, y) };
}

/** Momentum transfer in 1/Å at a distance (um) from the beam. */
export function qOf(away, distance, ev) {
  return ((4 * Math.PI * ev) / HC) * Math.sin(Math.atan2(away, distance) / 2);
}

/** Distance from the beam (um) at which q is seen; nan where a flat detector never sees it. */
export function awayOf(q, distance, ev) {
  const sine = (q * HC) / (4 * Math.PI * ev);
  return sine > 0 && sine < Math.SQRT1_2 ? distance * Math.tan(2 * Math.asin(sine)) : NaN;
}

/** The photon energy that holds for the shown event; null where it is not known. */
export function energyOf(v) {
  return v.energy && v.energy.index === v.shown?.index ? v.energy.ev : null;
}

/** What the readout says of a place: mm, q and d as far as they are known. */
export function whereWords(v, place) {
  const picture = v.image.picture;
  const lab = picture?.key === "image" ? labOf(v.placing, displayOf(picture, place)) : null;
  if (!lab) return "";
  const words = [`x ${lab.x.toFixed(2)}, y ${lab.y.toFixed(2)} mm`];
  const { distance } = v.placing, ev = energyOf(v);
  if (distance && ev) {
    const q = qOf(lab.away, distance, ev);
    words.push(`q ${q.toFixed(3)} Å⁻¹`, `d ${q ? ((2 * Math.PI) / q).toFixed(2) : "∞"} Å`);
  }
  return words.join(" · ");
}
