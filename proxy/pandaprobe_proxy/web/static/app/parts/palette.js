// Go to anything (ctrl-k), or search what was said (/): one line to type in, and where it leads.
import { get } from "../base/api.js";
import { oneLine } from "../base/format.js";
import { layers } from "../base/keys.js";
import { pinned } from "../base/prefs.js";
import { go, href } from "../base/route.js";
import { html, useEffect, useMemo, useRef, useState } from "../base/ui.js";
import { Over } from "./over.js";

const WAIT_MS = 120;
const MOST = 12;

/**
 * @typedef {object} Choice
 * @property {string} title
 * @property {string} [detail]
 * @property {string} kind
 * @property {() => void} run
 */

export function Palette({ searching, onClose }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [commands] = useState(readCommands);
  const found = useFound(text.trim(), searching);
  const choices = useMemo(() => [...(searching ? [] : match(commands, text.trim())), ...found], [text, found]);
  const chosen = Math.min(at, choices.length - 1);
  const take = (choice) => {
    onClose();
    choice?.run();
  };
  const move = (by) => () => setAt(Math.max(0, Math.min(choices.length - 1, chosen + by)));
  const bindings = [
    { keys: "down", does: "Next", typing: true, run: move(1) },
    { keys: "up", does: "Previous", typing: true, run: move(-1) },
    { keys: "enter", does: "Open", typing: true, run: () => take(choices[chosen]) },
  ];
  const onInput = (event) => {
    setText(event.target.value);
    setAt(0);
  };
  return html`<${Over} title=${searching ? "Search" : "Go to"} onClose=${onClose} bindings=${bindings}>
    <input type="text" autofocus class="ask" role="combobox" aria-expanded="true" aria-controls="choices" aria-activedescendant=${`choice-${chosen}`}
      placeholder=${searching ? "Search what was said" : "Session id, screen, command, or words that were said"}
      aria-label=${searching ? "Search what was said" : "Go to"} value=${text} onInput=${onInput} />
    <ul id="choices" class="choices" role="listbox">
      ${choices.map((choice, index) => html`<${Row} key=${`${choice.kind} ${choice.title} ${index}`} choice=${choice} index=${index} chosen=${index === chosen} onTake=${take} />`)}
    </ul>
    ${!choices.length && text.trim() && html`<p class="muted">Nothing is called so, and nobody said it.</p>`}
  <//>`;
}

function Row({ choice, index, chosen, onTake }) {
  const row = useRef(null);
  useEffect(() => {
    if (chosen) row.current.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return html`<li ref=${row} id=${`choice-${index}`} role="option" aria-selected=${chosen} onClick=${() => onTake(choice)}>
    <span class="kind">${choice.kind}</span><span class="title">${choice.title}</span>
    <span class="detail">${choice.detail}</span>
  </li>`;
}

/** What can be done here, and the sessions that were pinned. @returns {Choice[]} */
function readCommands() {
  const bindings = [...layers.value].reverse().flatMap((layer) => layer.bindings.current);
  const shown = bindings.filter((one) => !["esc", "ctrl-k", "/", "j", "k", "enter", "o"].includes(one.keys));
  return [
    ...pinned.value.map((id) => ({ kind: "pinned", title: id, run: () => go(href(["sessions", id])) })),
    ...shown.map((one) => ({ kind: one.keys, title: one.does, run: one.run })),
  ];
}

/** Every word must be in the title. */
function match(commands, text) {
  const words = text.toLowerCase().split(/\s+/);
  return commands.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word))).slice(0, MOST);
}

/** Sessions whose id begins so, and passages with these words; the last ones stay until there are others. */
function useFound(text, searching) {
  const [found, setFound] = useState([]);
  useEffect(() => {
    if (!text) return setFound([]);
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      const asked = [searching ? [] : findSessions(text, abort.signal), findPassages(text, abort.signal)];
      const answers = await Promise.allSettled(asked);
      if (!abort.signal.aborted) setFound(answers.flatMap((answer) => answer.value ?? []));
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, searching]);
  return found;
}

/** @returns {Promise<Choice[]>} */
async function findSessions(text, signal) {
  if (/[\s"]/.test(text)) return [];
  const { items } = await get("/sessions", { where: `session:${text}*`, limit: 5 }, signal);
  return items.map((one) => ({
    kind: "session",
    title: one.session_id,
    detail: oneLine(one.first_input, 80),
    run: () => go(href(["sessions", one.session_id])),
  }));
}

/** @returns {Promise<Choice[]>} */
async function findPassages(text, signal) {
  const { items } = await get("/search", { q: text, limit: MOST }, signal);
  return items.map((hit) => ({
    kind: hit.role,
    title: oneLine(hit.snippet, 120),
    detail: hit.session_id,
    run: () => go(href(["sessions", hit.session_id], { call: hit.call_id })),
  }));
}
