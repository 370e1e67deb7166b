// A moment: relative, the exact one on hovering. All of a page are told the time by one clock.
import { ago, moment } from "../base/format.js";
import { utc } from "../base/prefs.js";
import { html, signal } from "../base/ui.js";

const TICK_MS = 10_000;
const now = signal(Date.now());
setInterval(() => document.hidden || (now.value = Date.now()), TICK_MS);

export function Time({ at }) {
  return html`<time datetime=${at} title=${moment(at, utc.value)}>${ago(at, Math.max(now.value, Date.parse(at)))}</time>`;
}

/** The exact moment, in the zone that the reader chose. */
export function Moment({ at }) {
  return html`<time datetime=${at}>${moment(at, utc.value)}</time>`;
}
