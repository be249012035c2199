// Making elements. Text from files goes through textContent only: it is never HTML.

/** An element with properties, `class`, aria- and data- attributes, listeners and children. */
export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (/^(aria-|data-|role)/.test(name)) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

/** A select with these options; values and labels are equal. */
export function choose(label, names, onchange) {
  const select = make("select", { "aria-label": label, title: label, onchange });
  setOptions(select, names.map((name) => [name, name]));
  return select;
}

export function setOptions(select, pairs) {
  select.replaceChildren(
    ...pairs.map(([value, label]) => make("option", { value, textContent: label })),
  );
}

/** A number for a person: whole when whole, else about four digits. */
export function format(value) {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(Math.abs(value) >= 1000 ? 6 : 4)));
}
