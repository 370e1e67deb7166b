// How something ended, by shape first and by colour second.
import { html } from "../base/ui.js";

const SHAPES = new Map([
  ["ok", html`<circle cx="6" cy="6" r="3" />`],
  ["error", html`<path d="M2 2l8 8M10 2l-8 8" class="stroke" />`],
  ["open", html`<circle cx="6" cy="6" r="4" class="stroke" /><path d="M6 3.5V6l1.7 1.2" class="stroke" />`],
  ["partial", html`<circle cx="6" cy="6" r="4" class="stroke" /><path d="M6 2a4 4 0 0 1 0 8z" />`],
  ["warn", html`<path d="M6 1.5l5 9H1z" class="stroke" /><path d="M6 5v2.4M6 8.6v.6" class="stroke" />`],
  ["flag", html`<path d="M3 11V1.5h6.5L7.6 4l1.9 2.5H3" class="stroke" />`],
]);

const MEANINGS = new Map([
  ["ok", "ended well"],
  ["error", "failed"],
  ["open", "still running"],
  ["partial", "broke off"],
  ["warn", "needs a look"],
  ["flag", "an evaluator points here"],
]);

/**
 * @param {{state: string, label?: string}} props `label` is read out and shown on hovering; else what the state means
 */
export function Mark({ state, label }) {
  const known = SHAPES.has(state) ? state : "warn";
  const says = label ?? MEANINGS.get(state) ?? state;
  return html`<svg class=${`mark ${known}`} viewBox="0 0 12 12" role="img" aria-label=${says}><title>${says}</title>${SHAPES.get(known)}</svg>`;
}
