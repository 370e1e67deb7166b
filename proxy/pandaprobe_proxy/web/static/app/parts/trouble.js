// What to do when something cannot be shown, and when there is nothing yet.
import { html } from "../base/ui.js";
import { showNote } from "./note.js";

export function Trouble({ error, retry }) {
  const locked = error.status === 401;
  return html`<div class="empty" role="alert">
    <h2>${locked ? "This browser has no key to the viewer" : "This cannot be shown"}</h2>
    <p>${error.message}</p>
    ${locked && html`<${Copyable} text="pandaprobe-proxy open" />`}
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

/** Nothing here, and the one line that changes it. */
export function Empty({ title, children, line }) {
  return html`<div class="empty">
    <h2>${title}</h2>
    ${children}
    ${line && html`<${Copyable} text=${line} />`}
  </div>`;
}

/** One line to copy. */
export function Copyable({ text }) {
  return html`<div class="copyable"><code>${text}</code><button type="button" onClick=${() => copy(text)}>Copy</button></div>`;
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    showNote("Copied");
  } catch {
    showNote("The browser lets no page copy; select the text and copy it.");
  }
}
