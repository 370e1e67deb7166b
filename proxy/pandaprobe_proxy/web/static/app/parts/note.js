// One short line that says what just happened, and goes by itself.
import { html, signal } from "../base/ui.js";

const SHOWN_MS = 2500;
const note = signal("");
let timer = 0;

export function showNote(text) {
  note.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (note.value = ""), SHOWN_MS);
}

export function Note() {
  return html`<div class="note" role="status" aria-live="polite" hidden=${!note.value}>${note.value}</div>`;
}
