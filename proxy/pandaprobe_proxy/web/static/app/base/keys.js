// Keys: what is bound now, in layers. The layer that came last is asked first, so an open palette hides the page's keys.
import { signal, useLayoutEffect, useRef } from "./ui.js";

/**
 * @typedef {object} Binding
 * @property {string} keys such as "j", "g s" (one after the other) or "ctrl-k"
 * @property {string} does what `?` says of it
 * @property {() => void} run
 * @property {boolean} [typing] holds while one types, too
 */

const SEQUENCE_MS = 1000;
const NAMES = new Map([
  ["Escape", "esc"],
  ["Enter", "enter"],
  ["ArrowDown", "down"],
  ["ArrowUp", "up"],
  [" ", "space"],
]);

/** @type {import("./ui.js").Signal<{name: string, only: boolean, bindings: {current: Binding[]}}[]>} */
export const layers = signal([]);

let begun = "";
let begunAt = 0;

/**
 * Binds keys while the component is there, before the next key can come.
 * @param {string} name of the layer, as `?` shows it
 * @param {Binding[]} bindings
 * @param {boolean} [only] nothing below is reached
 */
export function useKeys(name, bindings, only = false) {
  const current = useRef(bindings);
  current.current = bindings;
  useLayoutEffect(() => {
    const layer = { name, only, bindings: current };
    layers.value = [...layers.value, layer];
    return () => (layers.value = layers.value.filter((other) => other !== layer));
  }, [name, only]);
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const key = nameOf(event);
    const pressed = begun && event.timeStamp - begunAt < SEQUENCE_MS ? `${begun} ${key}` : key;
    begun = "";
    const found = find(pressed, isTyping(event.target)) ?? (pressed === key ? null : find(key, isTyping(event.target)));
    if (found) {
      event.preventDefault();
      found.run();
    } else if (!isTyping(event.target) && begins(pressed)) {
      begun = pressed;
      begunAt = event.timeStamp;
    }
  });
}

function nameOf(event) {
  const key = NAMES.get(event.key) ?? event.key;
  return event.ctrlKey || event.metaKey ? `ctrl-${key.toLowerCase()}` : event.altKey ? `alt-${key}` : key;
}

/** @returns {Binding | null} */
function find(keys, typing) {
  for (const layer of [...layers.value].reverse()) {
    const binding = layer.bindings.current.find((one) => one.keys === keys && (one.typing || !typing));
    if (binding) return binding;
    if (layer.only) return null;
  }
  return null;
}

function begins(keys) {
  return layers.value.some((layer) => layer.bindings.current.some((one) => one.keys.startsWith(`${keys} `)));
}

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
