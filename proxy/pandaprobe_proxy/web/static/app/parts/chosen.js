// Which row of a list is chosen, by its id in the address, so that a link leads to it and a reload keeps it.
import { patch, route } from "../base/route.js";
import { useEffect, useRef, useState } from "../base/ui.js";

const REST_MS = 150;

/**
 * @param {string[]} ids
 * @param {(index: number) => void} show scrolls to a row
 * @param {string} [name] of the query's parameter
 */
export function useChosen(ids, show, name = "at") {
  const linked = route.value.query.get(name);
  const [id, setId] = useState(linked);
  const timer = useRef(0);
  const index = id === null ? -1 : ids.indexOf(id);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!timer.current) setId(linked);
  }, [linked]);

  /** The address follows once the keys rest: browsers bear only so many changes of it. */
  const choose = (next) => {
    setId(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = 0;
      patch({ [name]: next });
    }, REST_MS);
  };
  const moveTo = (next) => {
    if (!(next in ids)) return;
    choose(ids[next]);
    show(next);
  };
  const move = (by) => moveTo(index < 0 ? (by > 0 ? 0 : ids.length - 1) : Math.max(0, Math.min(ids.length - 1, index + by)));
  return { id, index, choose, move, moveTo };
}
