// What screens are made of: Preact, htm and signals, by one name each. The only file that knows where these three are.
import { createContext, h, render } from "../../vendor/preact.js";
import htm from "../../vendor/htm.js";

export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "../../vendor/signals.js";
export {
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "../../vendor/preact-hooks.js";
export { createContext, h, render };

/** @template T @typedef {import("../../vendor/signals.js").Signal<T>} Signal */

/** Markup as a tagged template. What is put in is a text node or a property, never markup. */
export const html = htm.bind(h);
