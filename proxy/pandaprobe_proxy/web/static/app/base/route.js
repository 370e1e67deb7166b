// Where the reader is: the path and the query, as one signal. Every state of a screen is a link.
// On a sidecar it is the address under /ui; in an exported file it stands after the #.
import { signal } from "./ui.js";

/**
 * @typedef {object} Route
 * @property {string[]} path decoded segments under the root
 * @property {URLSearchParams} query
 */

const ROOT = "/ui";
const inFile = !location.pathname.startsWith(ROOT);

/** @type {import("./ui.js").Signal<Route>} */
export const route = signal(parse(location));

/** @returns {Route} */
function parse({ pathname, search, hash }) {
  const [path, query] = inFile ? splitOnce(hash.replace(/^#/, ""), "?") : [pathname.slice(ROOT.length), search];
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

function splitOnce(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * The link to a screen.
 * @param {string[]} path
 * @param {Record<string, string | null | undefined>} [query] what is null or empty is left out
 */
export function href(path, query = {}) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) params.set(name, value);
  return join(path, params);
}

function join(path, params) {
  const query = params.toString();
  return `${inFile ? "#" : ROOT}/${path.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

/** Goes to a link. `replace` leaves no trace in the history. */
export function go(url, replace = false) {
  if (replace) history.replaceState(history.state, "", url);
  else history.pushState({ ours: true }, "", url);
  route.value = parse(location);
}

/**
 * Changes some of the query and keeps the rest.
 * @param {Record<string, string | null>} changes
 */
export function patch(changes, replace = true) {
  const { path, query } = route.value;
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) value ? params.set(name, value) : params.delete(name);
  if (params.toString() !== query.toString()) go(join(path, params), replace);
}

/** Goes back if one came from a screen of ours, else to the link. */
export function leave(url) {
  if (history.state?.ours) history.back();
  else go(url);
}

/** Follows the links of the page without loading it anew. Clicks with a modifier stay the browser's. */
export function followLinks() {
  addEventListener("popstate", () => (route.value = parse(location)));
  addEventListener("hashchange", () => (route.value = parse(location)));
  document.addEventListener("click", (event) => {
    /** @type {HTMLAnchorElement | null} */
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!link || event.defaultPrevented || event.button || isModified(event)) return;
    if (link.target || link.hasAttribute("download") || !isOurs(link)) return;
    event.preventDefault();
    go(link.href);
  });
}

function isModified(event) {
  return event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
}

function isOurs(link) {
  if (inFile) return link.getAttribute("href").startsWith("#");
  return link.origin === location.origin && link.pathname.startsWith(ROOT) && !link.pathname.startsWith(`${ROOT}/static`);
}
