// What is recorded while one looks: server-sent events, told in batches so that a burst is one change of the page.
// A hidden tab lets go of its connection (a browser has six per host) and catches up when it is seen again.
import { signal } from "./ui.js";

const KINDS = ["call", "session", "change"];
const BATCH_MS = 250;
const RETRY_MS = 3000;

/** "live", "connecting" or "off". @type {import("./ui.js").Signal<string>} */
export const connection = signal("off");

const listeners = new Map([...KINDS, "gap"].map((kind) => [kind, new Set()]));
const waiting = new Map();
let source = null;
let timer = 0;
let wanted = false;
let seen = false;

/**
 * Calls with the events of a kind that came since the last time. The kind `gap` means: some may have been missed.
 * @param {"call" | "session" | "change" | "gap"} kind
 * @param {(events: any[]) => void} listener
 * @returns {() => void} ends it
 */
export function listen(kind, listener) {
  listeners.get(kind).add(listener);
  return () => listeners.get(kind).delete(listener);
}

export function start() {
  wanted = true;
  document.addEventListener("visibilitychange", follow);
  follow();
}

function follow() {
  if (document.hidden) stop();
  else if (wanted && !source) connect(seen);
}

function stop() {
  source?.close();
  source = null;
  connection.value = "off";
}

function connect(again) {
  connection.value = "connecting";
  const opened = (source = new EventSource("/events"));
  opened.onopen = () => {
    connection.value = "live";
    if (again) tell("gap", null);
    seen = true;
  };
  opened.onerror = () => {
    if (source !== opened) return;
    connection.value = "connecting";
    if (opened.readyState === EventSource.CLOSED) retry(opened);
  };
  for (const kind of KINDS) opened.addEventListener(kind, (event) => tell(kind, JSON.parse(event.data)));
}

/** The browser itself goes on after a broken connection, but not after an answer that refuses. */
function retry(closed) {
  closed.close();
  setTimeout(() => {
    if (source !== closed) return;
    source = null;
    if (document.hidden) connection.value = "off";
    else connect(true);
  }, RETRY_MS);
}

function tell(kind, value) {
  if (!waiting.has(kind)) waiting.set(kind, []);
  waiting.get(kind).push(value);
  timer ||= setTimeout(flush, BATCH_MS);
}

function flush() {
  timer = 0;
  const told = [...waiting];
  waiting.clear();
  for (const [kind, events] of told) for (const listener of [...listeners.get(kind)]) listener(events);
}
