// Scores at a glance: the worst one by name, by shape, and how many more there are. 0 to 1, and 1 is good.
import { html } from "../base/ui.js";

const GOOD = 0.8;
const BAD = 0.5;
const SHAPES = new Map([
  ["good", "●"],
  ["fair", "◆"],
  ["bad", "▼"],
  ["none", "○"],
]);

/** "good", "fair", "bad", or "none": no evidence is never a good score. */
export function tone(value) {
  if (value == null) return "none";
  return value >= GOOD ? "good" : value >= BAD ? "fair" : "bad";
}

export function Score({ name, value, label }) {
  return html`<span class=${`score ${tone(value)}`} title=${label}><span aria-hidden="true">${SHAPES.get(tone(value))}</span> ${spell(name)} ${value == null ? "no evidence" : value.toFixed(2)}</span>`;
}

/** @param {{scores: Record<string, number | null>}} props */
export function WorstScore({ scores }) {
  const all = Object.entries(scores ?? {});
  const known = all.filter(([, value]) => value != null).sort((a, b) => a[1] - b[1]);
  if (!known.length) return null;
  const says = all.map(([name, value]) => `${spell(name)}: ${value == null ? "no evidence" : value.toFixed(2)}`).join("\n");
  const [name, value] = known[0];
  return html`<span class="worst" title=${says}><${Score} name=${name} value=${value} label=${says} />${known.length > 1 && html`<span class="muted"> +${known.length - 1}</span>`}</span>`;
}

function spell(name) {
  return name.replaceAll("_", " ");
}
