// What comes while one looks at the list: rows that are there change in place, new ones are counted until one asks.
import { get } from "../base/api.js";
import { listen } from "../base/live.js";
import { useEffect, useRef, useState } from "../base/ui.js";

const LEAST_MS = 1000;
const FIRST_ROWS = 50;

/**
 * @param {ReturnType<import("../base/pages.js").usePages>} pages
 * @returns {{count: number, show: () => void}}
 */
export function useNews(pages, where, sort) {
  const [unseen, setUnseen] = useState([]);
  const latest = useRef(pages);
  latest.current = pages;
  useEffect(() => {
    setUnseen([]);
    const look = once(() => refresh(latest.current, where, sort).then(setUnseen));
    const ends = [listen("session", look), listen("call", look), listen("gap", look)];
    return () => ends.forEach((end) => end());
  }, [where, sort]);
  const show = () => {
    setUnseen([]);
    pages.reload();
  };
  return { count: unseen.length, show };
}

/** Brings known rows up to date; the ids of the others. An empty list has nothing that could jump: it is shown at once. */
async function refresh(pages, where, sort) {
  const { items } = await get("/sessions", { where, sort, limit: FIRST_ROWS });
  if (!pages.rows.length) return items.length ? (pages.reload(), []) : [];
  const fresh = new Map(items.map((row) => [row.session_id, row]));
  pages.change((row) => fresh.get(row.session_id) ?? row);
  const known = new Set(pages.rows.map((row) => row.session_id));
  return items.map((row) => row.session_id).filter((id) => !known.has(id));
}

/** Runs at most once a second, and once more if it was asked meanwhile. A failure waits for the next event. */
function once(work) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) return void (again = true);
    running = true;
    await Promise.allSettled([work(), new Promise((resolve) => setTimeout(resolve, LEAST_MS))]);
    running = false;
    if (again) {
      again = false;
      run();
    }
  };
}
