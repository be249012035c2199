// From what the kernel sent to codes and levels.

/** What the last pictures of each binning lacked: the kernel sends it once while it is the same. */
export function createGaps() {
  const known = new Map(); // f -> { sum, runs }
  return {
    sum: (f) => known.get(f)?.sum ?? null,
    take(content, buffer) {
      if (buffer) known.set(content.f, { sum: content.gaps, runs: numbers(buffer, Uint32Array) });
      const found = known.get(content.f);
      return found?.sum === content.gaps ? found.runs : null;
    },
  };
}

/** A buffer as an array of numbers of its own. */
export function numbers(part, Kind) {
  const view = ArrayBuffer.isView(part) ? part : new Uint8Array(part);
  const { buffer, byteOffset, byteLength } = view;
  if (byteOffset % Kind.BYTES_PER_ELEMENT === 0) {
    return new Kind(buffer, byteOffset, byteLength / Kind.BYTES_PER_ELEMENT);
  }
  return new Kind(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Codes (uint8) and levels (float32) of a frame; a promise where a picture must be unpacked. */
export function decode(content, buffers, gaps) {
  if (!content.data) return [];
  const levels = numbers(buffers[1], Float32Array);
  if (content.enc === "raw" || !content.enc) return [numbers(buffers[0], Uint8Array), levels];
  const runs = content.enc === "jpeg" ? gaps.take(content, buffers[2]) : null;
  return unpack(content, numbers(buffers[0], Uint8Array), runs).then((codes) => [codes, levels]);
}

async function unpack({ enc, blocks }, bytes, runs) {
  const picture = await createImageBitmap(new Blob([bytes], { type: `image/${enc}` }),
    { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = picture;
  const canvas = new OffscreenCanvas(width, height);
  const g = canvas.getContext("2d", { willReadFrequently: true });
  g.drawImage(picture, 0, 0);
  picture.close();
  const { data } = g.getImageData(0, 0, width, height);
  const codes = new Uint8Array(blocks[0] * blocks[1] * blocks[2]);
  for (let i = 0; i < codes.length; i++) codes[i] = data[4 * i];
  if (enc === "jpeg") restore(codes, runs);
  return codes;
}

/** Code 0 means no value: JPEG must neither invent nor lose one. */
export function restore(codes, runs) {
  if (!runs) throw new Error("the picture came without the places that have no value");
  for (let i = 0; i < codes.length; i++) if (codes[i] === 0) codes[i] = 1;
  for (let k = 0; k < runs.length; k += 2) codes.fill(0, runs[k], runs[k] + runs[k + 1]);
}
