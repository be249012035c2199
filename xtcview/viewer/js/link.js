// How fast the way to the kernel is, and how an event is packed so that it keeps up with the hand.

const NEAR_MS = 35; // round trips below this are those of one machine or of a local network
const PINGS = 8; // round trips that are remembered
const MOST = 6; // questions under way at once, however long the link is
const FAST = 5000; // bytes per ms from which codes go as they are: packing would cost more
const EVENTS_PER_S = 24; // that a hand in motion should see
const PATIENCE_MS = 400; // for a picture that is looked at
const SAMPLES = 6;
const COARSEST = 16; // binning that the kernel makes
const FIRST_RTT = 20; // ms, until it is measured

// From the largest to the smallest: packing, quality, coarser by, first guess of bytes per block.
const RUNGS = [
  { enc: "raw", coarser: 1, share: 1 },
  { enc: "jpeg", quality: 85, coarser: 1, share: 0.2 },
  { enc: "jpeg", quality: 60, coarser: 1, share: 0.08 },
  { enc: "jpeg", quality: 85, coarser: 2, share: 0.12 },
  { enc: "jpeg", quality: 60, coarser: 2, share: 0.05 },
  { enc: "jpeg", quality: 60, coarser: 4, share: 0.05 },
];
const LOSSLESS = [RUNGS[0], { enc: "png", coarser: 1, share: 0.65 }];

/** The smaller, the better the picture: even numbers keep every code. */
export function rank({ f, enc }) {
  return 2 * f + (enc === "jpeg" ? 1 : 0);
}

export function createLink() {
  const pings = []; // ms, the newest at the end
  let last = 0;
  const rates = []; // bytes per ms, the newest at the end
  const shares = new Map();

  /** The second largest of the last ones: a busy page only ever makes a link look slower. */
  function rate() {
    if (!rates.length) return null;
    return [...rates].sort((a, b) => b - a)[rates.length > 2 ? 1 : 0];
  }

  function size(rung, blocks, f) {
    const guess = shares.get(`${rung.enc} ${rung.quality} ${f * rung.coarser}`) ?? rung.share;
    return (guess * blocks) / rung.coarser ** 2 + 1024;
  }

  const rtt = () => (pings.length ? Math.min(...pings) : FIRST_RTT);

  const pack = (rung, blocks, f) => ({
    f: Math.min(f * rung.coarser, COARSEST), enc: rung.enc, quality: rung.quality, bytes: size(rung, blocks, f),
  });

  return {
    rate,
    rtt,
    /** An answer: when it was asked and came (ms), its bytes and blocks, and the kernel's own ms. */
    heard({ sent, arrived, bytes, took = 0, plan, blocks }) {
      if (!bytes) pings.push(Math.max(1, arrived - sent - took));
      if (pings.length > PINGS) pings.shift();
      if (plan && blocks) shares.set(`${plan.enc} ${plan.quality} ${plan.f}`, bytes / blocks);
      if (bytes >= 10000) {
        const began = Math.max(sent + took + rtt(), last);
        rates.push(bytes / Math.max(arrived - began, 0.5));
        if (rates.length > SAMPLES) rates.shift();
      }
      last = arrived;
    },
    /** How to pack an event of `blocks` blocks at binning f while the hand moves. */
    moving(blocks, f, hurried) {
      const speed = rate();
      if (speed === null || speed >= FAST) {
        return pack({ ...RUNGS[0], coarser: hurried ? 2 : 1 }, blocks, f);
      }
      const room = (1000 / EVENTS_PER_S) * speed;
      const fits = RUNGS.find((rung) => size(rung, blocks, f) <= room);
      return pack(fits ?? RUNGS.at(-1), blocks, f);
    },
    /** How to pack one that is looked at: every code is kept. */
    resting(blocks, f) {
      const speed = rate();
      const plain = speed === null || speed >= FAST;
      return pack(LOSSLESS[plain ? 0 : 1], blocks, f);
    },
    /** Whether an event would come whole before patience ends. */
    isPatient: (bytes) => rate() === null || bytes / rate() <= PATIENCE_MS,
    /** Bytes that may be under way; 0: one question at a time, as on one machine. */
    window() {
      const speed = rate();
      const far = pings.length === PINGS && rtt() >= NEAR_MS; // not by one slow moment
      return speed !== null && far ? 1.5 * speed * rtt() : 0;
    },
    most: MOST,
  };
}
