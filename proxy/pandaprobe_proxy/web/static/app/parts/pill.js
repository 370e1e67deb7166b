// A fact in a few characters; on hovering, exactly.
import { html } from "../base/ui.js";

export function Pill({ name, title, tone, children }) {
  return html`<span class=${`pill ${tone ?? ""}`} title=${title}>${name && html`<span class="name">${name}</span>`}${children}</span>`;
}
