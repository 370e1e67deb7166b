// Begins the page: the bar above, the screen that the address names, the keys that hold everywhere.
// Screens are fetched when they are first shown.
import { answerFrom, askEarly, at } from "./base/api.js";
import { listenToKeys, useKeys } from "./base/keys.js";
import { start } from "./base/live.js";
import { toggleTheme, toggleUtc } from "./base/prefs.js";
import { followLinks, go, href, leave, route } from "./base/route.js";
import { html, render, signal, useEffect, useState } from "./base/ui.js";
import { Bar } from "./parts/bar.js";
import { Help } from "./parts/help.js";
import { showNote, Note } from "./parts/note.js";
import { Palette } from "./parts/palette.js";
import { Trouble } from "./parts/trouble.js";

/** How the code of each screen is fetched; it is given the id that the address names. */
const SCREENS = new Map([
  ["sessions", (id) => (id ? import("./screens/session.js") : import("./screens/sessions.js"))],
  ["calls", () => import("./screens/call.js")],
  ["overview", () => import("./screens/overview.js")],
  ["evaluations", () => import("./screens/evaluations.js")],
  ["status", () => import("./screens/status.js")],
]);

/** What lies over the page: "help", "palette", "search" or nothing. */
const over = signal("");

function Page() {
  const [place, id] = route.value.path;
  useEffect(() => {
    if (!SCREENS.has(place)) go(href(["sessions"]), true);
  }, [place]);
  useKeys("Everywhere", everywhere());
  const close = () => (over.value = "");
  return html`
    <${Bar} onSearch=${() => (over.value = "palette")} onHelp=${() => (over.value = "help")} />
    <main id="main" tabindex="-1">${SCREENS.has(place) && html`<${Screen} key=${`${place} ${Boolean(id)}`} load=${SCREENS.get(place)} id=${id} />`}</main>
    ${over.value === "help" && html`<${Help} onClose=${close} />`}
    ${["palette", "search"].includes(over.value) && html`<${Palette} searching=${over.value === "search"} onClose=${close} />`}
    <${Note} />
  `;
}

/** A screen is a module whose default export is a component; it is given the id that the address names. */
function Screen({ load, id }) {
  const [loaded, setLoaded] = useState(null);
  useEffect(() => {
    let gone = false;
    load(id).then(
      (module) => gone || setLoaded({ View: module.default }),
      (error) => gone || setLoaded({ error }),
    );
    return () => (gone = true);
  }, []);
  if (loaded?.error) return html`<${Trouble} error=${loaded.error} />`;
  return loaded && html`<${loaded.View} id=${id} />`;
}

function everywhere() {
  const to = (place) => () => go(href([place]));
  return [
    { keys: "g s", does: "Sessions", run: to("sessions") },
    { keys: "g o", does: "Overview", run: to("overview") },
    { keys: "g e", does: "Evaluations", run: to("evaluations") },
    { keys: "g t", does: "Status", run: to("status") },
    { keys: "/", does: "Search what was said", run: () => (over.value = "search") },
    { keys: "ctrl-k", does: "Go to anything", typing: true, run: () => (over.value = "palette") },
    { keys: "y", does: "Copy the link", run: copyLink },
    { keys: "u", does: "Up", run: up },
    { keys: "Z", does: "Times in UTC or here", run: toggleUtc },
    { keys: "D", does: "Light or dark", run: toggleTheme },
    { keys: "?", does: "These keys", run: () => (over.value = "help") },
    { keys: "esc", does: "Up", run: up },
  ];
}

function up() {
  const [place, id] = route.value.path;
  if (id) leave(href([place === "calls" ? "sessions" : place]));
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    showNote("Link copied");
  } catch {
    showNote("The browser lets no page copy; take the link from its address bar.");
  }
}

/** An exported file brings what it shows along; there is no sidecar to listen to. */
function unpackExport() {
  const packed = document.getElementById("answers");
  if (!packed) return hurry(), start();
  answerFrom(new Map(Object.entries(JSON.parse(packed.textContent))));
}

/** What the first screen is made of and made from, at once rather than after each other. */
function hurry() {
  const [place, id] = route.value.path;
  SCREENS.get(place)?.(id).catch(() => {}); // the screen says it when it is shown
  if (place !== "sessions" || !id) return;
  askEarly(at("sessions", id), { traces: 0 });
  askEarly(at("sessions", id, "waterfall"));
}

unpackExport();
followLinks();
listenToKeys();
render(html`<${Page} />`, document.getElementById("app"));
