// What the sidecar says, as JSON. The one place that asks it; an exported file brings its answers along.
import { useCallback, useEffect, useRef, useState } from "./ui.js";

/** An answer that is none: the status, and the sentence that the sidecar gives for it. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** @type {Map<string, unknown> | null} the answers by path and query, where there is nobody to ask */
let packed = null;

/** @type {Map<string, Promise<Response>>} what was asked before anybody needed it */
const early = new Map();

/** Asks for what a screen will need while its code is still on the way. */
export function askEarly(path, query = {}) {
  const url = withQuery(path, query);
  const asked = ask(url, { headers: { Accept: "application/json" } });
  asked.catch(() => early.delete(url)); // whoever needs it asks again, and is told why
  early.set(url, asked);
}

function takeEarly(url) {
  const asked = early.get(url);
  early.delete(url);
  return asked;
}

/** From now on answers come from here; see the export. */
export function answerFrom(answers) {
  packed = answers;
}

/**
 * @param {string} path such as `/sessions`; segments must be encoded, which `at` does
 * @param {Record<string, string | number | null | undefined>} [query] what is null or empty is left out
 * @param {AbortSignal} [signal]
 */
export async function get(path, query = {}, signal) {
  const url = withQuery(path, query);
  if (packed) return unpack(url);
  return read(await (takeEarly(url) ?? ask(url, { signal, headers: { Accept: "application/json" } })));
}

/** Text as it is: raw bodies, curl. */
export async function getText(path, query = {}, signal) {
  const url = withQuery(path, query);
  if (packed) return unpack(url);
  const response = await ask(url, { signal });
  if (!response.ok) await read(response);
  return response.text();
}

export async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json" };
  return read(await ask(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** A path of segments, each encoded: at("sessions", id, "waterfall"). */
export function at(...segments) {
  return `/${segments.map(encodeURIComponent).join("/")}`;
}

async function ask(url, init) {
  try {
    return await fetch(url, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The sidecar does not answer. Is `pandaprobe-proxy serve` running?");
  }
}

async function read(response) {
  const text = await response.text();
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError(response.status, `The sidecar answered ${response.status} with something that is not JSON.`);
  }
  if (!response.ok) throw new ApiError(response.status, value?.detail ?? `The sidecar answered ${response.status}.`);
  return value;
}

function unpack(url) {
  const found = packed.get(url) ?? packed.get(url.split("?")[0]);
  if (found !== undefined) return found;
  throw new ApiError(404, "This file does not hold that; open it in the sidecar that it was exported from.");
}

function withQuery(path, query) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value != null && value !== "") params.set(name, String(value));
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

/**
 * What a component needs of the sidecar. While something else is asked the last value stays, so nothing flickers.
 * @param {string | null} path null: nothing is asked yet
 * @returns {{value: any, error: ApiError | null, loading: boolean, reload: () => void}}
 */
export function useGet(path, query = {}) {
  const url = path && withQuery(path, query);
  const [state, setState] = useState({ url: null, value: null, error: null });
  const [turn, setTurn] = useState(0);
  const latest = useRef(null);
  useEffect(() => {
    if (!url) return;
    const abort = new AbortController();
    latest.current = abort;
    get(url, {}, abort.signal).then(
      (value) => latest.current === abort && setState({ url, value, error: null }),
      (error) => error.name !== "AbortError" && setState((last) => ({ ...last, url, error })),
    );
    return () => abort.abort();
  }, [url, turn]);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  return { value: state.value, error: state.error, loading: state.url !== url, reload };
}
