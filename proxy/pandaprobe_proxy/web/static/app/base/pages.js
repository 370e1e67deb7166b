// A list that comes page by page. What one has seen stays while one is elsewhere, so that going back is going back.
import { get } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./ui.js";

const PAGE = 100;
const MOST_KEPT = 6;

/** @type {Map<string, Kept>} by path and query, the one used last at the end */
const kept = new Map();

/**
 * @typedef {object} Kept
 * @property {any[]} rows
 * @property {string | null} next the cursor to ask on with
 * @property {number} offset how far one had scrolled
 */

/**
 * @param {string} path
 * @param {Record<string, string | null>} query
 */
export function usePages(path, query) {
  const name = JSON.stringify([path, query]);
  const [state, setState] = useState({ name: "", rows: [], next: null, error: null, offset: 0 });
  const asking = useRef(null);

  const ask = useCallback(async (rows, cursor) => {
    asking.current?.abort();
    const abort = (asking.current = new AbortController());
    try {
      const page = await get(path, { ...query, cursor, limit: PAGE }, abort.signal);
      const next = { rows: [...rows, ...page.items], next: page.next ?? null, offset: kept.get(name)?.offset ?? 0 };
      keep(name, next);
      setState({ name, ...next, error: null });
    } catch (error) {
      if (error.name !== "AbortError") setState((last) => ({ ...last, name, error }));
    } finally {
      if (asking.current === abort) asking.current = null;
    }
  }, [name]);

  useEffect(() => {
    const before = kept.get(name);
    if (before) setState({ name, ...before, error: null });
    else ask([], null);
    return () => asking.current?.abort();
  }, [name]);

  const more = useCallback(() => {
    const { rows, next } = kept.get(name) ?? {};
    if (next && !asking.current) ask(rows, next);
  }, [name]);

  const change = useCallback((swap) => {
    const before = kept.get(name);
    if (!before) return;
    before.rows = before.rows.map(swap);
    setState((last) => (last.name === name ? { ...last, rows: before.rows } : last));
  }, [name]);

  const reload = useCallback(() => ask([], null), [name]);
  const remember = useCallback((offset) => kept.has(name) && (kept.get(name).offset = offset), [name]);
  return { ...state, loading: state.name !== name, more, change, reload, remember };
}

function keep(name, value) {
  kept.delete(name);
  kept.set(name, value);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
}
