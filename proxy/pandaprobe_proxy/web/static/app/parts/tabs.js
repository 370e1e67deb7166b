// Tabs that are links: which one is open stands in the address.
import { patch, route } from "../base/route.js";
import { html } from "../base/ui.js";

/**
 * @param {{tabs: [string, string][], first: string}} props names and titles; `first` is open if the address names none
 */
export function Tabs({ tabs, first }) {
  const open = openTab(first);
  return html`<div class="tabs" role="tablist">
    ${tabs.map(([name, title]) => html`<a key=${name} id=${`tab-${name}`} role="tab" href=${linkTo(name, first)} aria-selected=${name === open} onClick=${(event) => choose(event, name, first)}>${title}</a>`)}
  </div>`;
}

export function openTab(first) {
  return route.value.query.get("tab") ?? first;
}

export function openTabNamed(name, first) {
  patch({ tab: name === first ? null : name });
}

function linkTo(name, first) {
  const query = new URLSearchParams(route.value.query);
  if (name === first) query.delete("tab");
  else query.set("tab", name);
  return `?${query}`;
}

function choose(event, name, first) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  openTabNamed(name, first);
}
