// The panels below the pictures, one at a time, in a place of fixed height.

import { make } from "../dom.js";

/** `panels` are { name, title, root, refresh() }; `onShow(panel)` when another is chosen. */
export function createTabs(v, panels, onShow) {
  const body = make("div", { class: "xv-panel", role: "tabpanel", tabIndex: 0 });
  const tabs = panels.map((panel) => {
    const tab = make("button", { type: "button", class: "xv-word xv-tab", role: "tab",
      id: `xv-${v.id}-${panel.name}`, textContent: panel.title, onclick: () => choose(panel) });
    return tab;
  });
  const list = make("div", { class: "xv-tabs", role: "tablist", "aria-label": "panels", onkeydown: onTabKey }, ...tabs);
  let chosen = null;

  function choose(panel) {
    chosen = panel;
    body.replaceChildren(panel.root);
    body.setAttribute("aria-labelledby", `xv-${v.id}-${panel.name}`);
    tabs.forEach((tab, i) => {
      const on = panels[i] === panel;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    });
    onShow(panel);
  }

  function onTabKey(e) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (!way) return;
    e.stopPropagation();
    e.preventDefault();
    const next = (panels.indexOf(chosen) + way + panels.length) % panels.length;
    choose(panels[next]);
    tabs[next].focus();
  }

  return {
    root: make("div", { class: "xv-beside" }, list, body),
    choose: (name) => choose(panels.find((panel) => panel.name === name)),
    chosen: () => chosen,
  };
}

/** A button with a word on it. */
export function wordButton(label, onclick, title = label) {
  return make("button", { type: "button", class: "xv-word", textContent: label, title, onclick });
}
