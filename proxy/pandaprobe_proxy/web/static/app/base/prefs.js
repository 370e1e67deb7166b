// What the reader prefers, kept in this browser: theme, UTC, pinned sessions. Never anything that was recorded.
import { signal } from "./ui.js";

const PREFIX = "pandaprobe.";
const MOST_PINNED = 50;

function load(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

function save(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // A browser that keeps nothing: the preference holds until the page is closed.
  }
}

/** "light", "dark", or null for what the system prefers. */
export const theme = signal(document.documentElement.dataset.theme ?? null);
/** Times in UTC instead of the reader's zone. */
export const utc = signal(load("utc") === "1");
/** Ids of sessions, the newest first. @type {import("./ui.js").Signal<string[]>} */
export const pinned = signal(readPinned());

function readPinned() {
  try {
    const ids = JSON.parse(load("pinned") ?? "[]");
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "string").slice(0, MOST_PINNED) : [];
  } catch {
    return [];
  }
}

export function toggleTheme() {
  const dark = theme.value ? theme.value === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme.value = dark ? "light" : "dark";
  document.documentElement.dataset.theme = theme.value;
  save("theme", theme.value);
}

export function toggleUtc() {
  utc.value = !utc.value;
  save("utc", utc.value ? "1" : null);
}

export function togglePin(sessionId) {
  const others = pinned.value.filter((id) => id !== sessionId);
  pinned.value = others.length < pinned.value.length ? others : [sessionId, ...others].slice(0, MOST_PINNED);
  save("pinned", JSON.stringify(pinned.value));
}
