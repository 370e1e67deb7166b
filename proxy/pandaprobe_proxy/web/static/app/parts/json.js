// A JSON value as a tree: closed branches have no nodes, so a megabyte opens at once. Names are text, whatever they say.
import { exact, size } from "../base/format.js";
import { html, useState } from "../base/ui.js";

const STEP = 100;
const SHOWN_CHARS = 2000;

/** @param {{value: any, name?: string, open?: number}} props `open`: how many levels begin opened */
export function Json({ value, name, open = 1 }) {
  if (!isBranch(value)) return html`<div class="leaf"><${Name} name=${name} /><${Leaf} value=${value} /></div>`;
  return html`<${Branch} value=${value} name=${name} open=${open} />`;
}

function isBranch(value) {
  return value !== null && typeof value === "object" && Object.keys(value).length > 0;
}

function Branch({ value, name, open }) {
  const [opened, setOpened] = useState(open > 0);
  const [shown, setShown] = useState(STEP);
  const many = Array.isArray(value);
  const entries = opened ? (many ? value.map((item, index) => [index, item]) : Object.entries(value)) : [];
  const count = many ? value.length : Object.keys(value).length;
  return html`<details class="branch" open=${opened} onToggle=${(event) => setOpened(event.target.open)}>
    <summary><${Name} name=${name} /><span class="muted">${many ? `[${exact(count)}]` : `{${exact(count)}}`}</span></summary>
    ${entries.slice(0, shown).map(([key, item]) => html`<${Json} key=${key} name=${String(key)} value=${item} open=${open - 1} />`)}
    ${entries.length > shown && html`<button type="button" class="more" onClick=${() => setShown(shown + 10 * STEP)}>${exact(entries.length - shown)} more</button>`}
  </details>`;
}

function Name({ name }) {
  return name === undefined ? null : html`<span class="key">${name}</span> `;
}

function Leaf({ value }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") return html`<span class="atom">${JSON.stringify(value)}</span>`;
  const cut = value.length > SHOWN_CHARS && !whole;
  return html`<span class="string">${cut ? value.slice(0, SHOWN_CHARS) : value}</span>${cut && html` <button type="button" class="more" onClick=${() => setWhole(true)}>Show all of ${size(value.length)}</button>`}`;
}

/** The value of a text that is a JSON object or list; undefined of any other. */
export function parseJson(text) {
  if (typeof text !== "string" || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
