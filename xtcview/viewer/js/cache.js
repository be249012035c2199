// Events that the page has: as many as fit, the one used longest ago goes first.

export const LIMIT = 256e6; // bytes
export const PREVIEWS = 64e6; // of them, for the coarse pictures of the whole run
const EMPTY = 400; // what an event without a picture is counted as

/** A shelf: index -> entry, bounded in bytes. */
function createShelf(limit) {
  const entries = new Map();
  let bytes = 0;
  return {
    entries,
    bytes: () => bytes,
    get(index) {
      const found = entries.get(index);
      if (!found) return null;
      entries.delete(index); // to the end of the row
      entries.set(index, found);
      return found;
    },
    put(index, entry) {
      this.drop(index);
      entries.set(index, entry);
      bytes += entry.bytes;
      while (bytes > limit() && entries.size > 1) this.drop(entries.keys().next().value);
    },
    drop(index) {
      bytes -= entries.get(index)?.bytes ?? 0;
      entries.delete(index);
    },
    clear() {
      entries.clear();
      bytes = 0;
    },
  };
}

/**
 * Keep entries { content, buffers, rank }; the smaller the rank, the better the picture. Those
 * of rank `coarse` and above lie on the shelf of previews.
 */
export function createCache({ limit = LIMIT, previews = PREVIEWS, coarse = () => 16 } = {}) {
  const small = createShelf(() => previews);
  const large = createShelf(() => limit - small.bytes());
  const shelf = (rank) => (rank >= coarse() ? small : large);
  return {
    limit,
    previews,
    /** The best entry of an event, or null. */
    get: (index) => large.get(index) ?? small.get(index),
    /** Its rank without using it; Infinity when there is none. */
    rank: (index) => (large.entries.get(index) ?? small.entries.get(index))?.rank ?? Infinity,
    has: (index) => small.entries.has(index) || large.entries.has(index),
    put(index, { content, buffers, rank }) {
      if (rank >= (shelf(rank).entries.get(index)?.rank ?? Infinity)) return;
      const bytes = buffers.reduce((sum, b) => sum + b.byteLength, EMPTY);
      shelf(rank).put(index, { content, buffers, rank, bytes });
    },
    bytes: () => large.bytes() + small.bytes(),
    previewBytes: () => small.bytes(),
    clear() {
      large.clear();
      small.clear();
    },
    indexes: () => [[...small.entries.keys()], [...large.entries.keys()]],
  };
}
