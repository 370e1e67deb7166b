// The bar above every screen: where one can go, whether what is shown is live, how times and colours are shown.
import { connection } from "../base/live.js";
import { theme, toggleTheme, toggleUtc, utc } from "../base/prefs.js";
import { href, route } from "../base/route.js";
import { html } from "../base/ui.js";

const PLACES = [
  ["sessions", "Sessions"],
  ["overview", "Overview"],
  ["evaluations", "Evaluations"],
  ["status", "Status"],
];
const LIVE = new Map([
  ["live", ["●", "Live", "What is recorded shows at once"]],
  ["connecting", ["◌", "Connecting", "The sidecar does not answer yet"]],
  ["off", ["○", "Not live", "Nothing new shows until the page is loaded anew"]],
]);

export function Bar({ onSearch, onHelp }) {
  const [place] = route.value.path;
  const current = place === "calls" ? "sessions" : place;
  return html`<header class="bar">
    <a class="skip" href="#main" onClick=${toMain}>To the content</a>
    <nav aria-label="Screens">
      ${PLACES.map(([name, title]) => html`<a key=${name} href=${href([name])} aria-current=${name === current ? "page" : null}>${title}</a>`)}
    </nav>
    <button type="button" class="find" onClick=${onSearch}>Go to <kbd>ctrl-k</kbd></button>
    <${Live} />
    <button type="button" class="zone" aria-pressed=${utc.value} title="Times in UTC (Z)" onClick=${toggleUtc}>UTC</button>
    <button type="button" title="Light or dark (D)" aria-label="Light or dark" onClick=${toggleTheme}><${ThemeIcon} /></button>
    <button type="button" title="Keys (?)" aria-label="Keys" onClick=${onHelp}>?</button>
  </header>`;
}

function toMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function Live() {
  const [shape, word, title] = LIVE.get(connection.value);
  return html`<span class="live" data-state=${connection.value} title=${title}><span aria-hidden="true">${shape}</span> <span class="word">${word}</span></span>`;
}

function ThemeIcon() {
  return html`<svg viewBox="0 0 16 16" class="icon" aria-hidden="true" data-theme=${theme.value ?? "auto"}>
    <circle cx="8" cy="8" r="5.5" class="stroke" /><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" />
  </svg>`;
}
