// The strip under the slider: which events the page has, and the bookmarks.

import { make } from "./dom.js";

const REDRAW_MS = 200;
const HEIGHT = 6;

export function createLoaded(v) {
  const strip = make("canvas", { class: "xv-loaded", height: HEIGHT, role: "img" });
  const track = make("span", { class: "xv-track" });
  v.bar.slider.before(track);
  track.append(v.bar.slider, strip);
  let timer = null;

  function draw() {
    timer = null;
    if (!v.hello) return;
    const width = Math.max(1, strip.clientWidth);
    if (strip.width !== width) strip.width = width;
    const style = getComputedStyle(strip);
    const g = strip.getContext("2d");
    g.clearRect(0, 0, width, HEIGHT);
    const [small, large] = v.cache.indexes();
    columns(g, small, style.getPropertyValue("--xv-preview"), HEIGHT / 3, HEIGHT / 3);
    columns(g, large, style.getPropertyValue("--xv-focus"), HEIGHT / 3, 2 * HEIGHT / 3);
    columns(g, v.model.get("bookmarks"), style.getPropertyValue("--xv-warn"), 0, HEIGHT);
    const both = new Set([...small, ...large]).size;
    const label = `loaded: ${both} of ${v.hello.n} events, ${large.length} of them sharp`;
    strip.setAttribute("aria-label", label);
    strip.title = label;
    strip.dataset.loaded = both;
    strip.dataset.sharp = large.length;
  }

  /** One pixel column at least for each event. */
  function columns(g, indexes, colour, top, height) {
    const last = Math.max(1, v.hello.n - 1);
    const wide = Math.max(1, g.canvas.width / v.hello.n);
    g.fillStyle = colour;
    for (const index of indexes) {
      const x = (index / last) * (g.canvas.width - wide);
      g.fillRect(Math.floor(x), top, Math.ceil(wide), height);
    }
  }

  return {
    /** Redraw soon; many calls make one drawing. */
    show() {
      timer ??= setTimeout(draw, REDRAW_MS);
    },
    close: () => clearTimeout(timer),
  };
}
