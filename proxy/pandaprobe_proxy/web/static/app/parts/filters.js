// The filter as chips, one a term, and a box to type the next one in. It is the text `where` of the address.
import { patch, route } from "../base/route.js";
import { html, useEffect, useRef, useState } from "../base/ui.js";
import { add, join, offer, split } from "../base/terms.js";

export function whereOf() {
  return route.value.query.get("where") ?? "";
}

/** A term more; the reader can go back. */
export function addTerm(term) {
  patch({ where: add(whereOf(), term), at: null }, false);
}

function setTerms(terms) {
  patch({ where: join(terms), at: null }, false);
}

/**
 * @param {object} props
 * @param {{current: HTMLInputElement | null}} props.box
 * @param {Error | null} props.error the sidecar's sentence about a term that it does not know
 */
export function Filters({ box, error }) {
  const terms = split(whereOf());
  return html`<div class="filters" role="search">
    ${terms.map((term, index) => html`<${Chip} key=${term} term=${term} onRemove=${() => setTerms(terms.filter((_, other) => other !== index))} />`)}
    <${Box} box=${box} terms=${terms} />
    ${terms.length > 0 && html`<button type="button" class="plain" onClick=${() => setTerms([])}>Clear</button>`}
    ${error && html`<p class="wrong" role="alert">${error.message}</p>`}
  </div>`;
}

function Chip({ term, onRemove }) {
  return html`<span class="chip">${term}<button type="button" aria-label=${`Remove ${term}`} onClick=${onRemove}>×</button></span>`;
}

function Box({ box, terms }) {
  const [text, setText] = useState("");
  const [offers, setOffers] = useState([]);
  const [at, setAt] = useState(-1);
  const type = (value) => {
    setText(value);
    setAt(-1);
    setOffers(offer(value));
  };
  const close = () => setOffers([]);
  const submit = () => {
    if (text.trim()) setTerms([...terms, ...split(text.trim())]);
    type("");
    close();
  };
  const onKeyDown = (event) => {
    const done = press(event, { text, offers, at, terms, type, submit, setAt, close });
    if (done) event.preventDefault();
  };
  return html`<div class="box">
    <input ref=${box} type="text" value=${text} placeholder=${terms.length ? "and…" : "Filter: status:failed, model:…, words that were said"}
      aria-label="Filter" role="combobox" aria-expanded=${offers.length > 0} aria-controls="offers" autocomplete="off" spellcheck=${false}
      onInput=${(event) => type(event.target.value)} onFocus=${() => setOffers(offer(text))} onBlur=${close} onKeyDown=${onKeyDown} />
    ${offers.length > 0 && html`<${Offers} offers=${offers} at=${at} onTake=${([head]) => type(head)} box=${box} />`}
  </div>`;
}

/** Whether the key was one of the box. */
function press(event, { text, offers, at, terms, type, submit, setAt, close }) {
  const taken = offers[at] ?? (event.key === "Tab" && text ? offers[0] : null);
  if ((event.key === "Enter" || event.key === "Tab") && taken) return type(taken[0]), true;
  if (event.key === "Enter") return submit(), true;
  if (event.key === "ArrowDown" && offers.length) return setAt(Math.min(at + 1, offers.length - 1)), true;
  if (event.key === "ArrowUp" && offers.length) return setAt(Math.max(at - 1, -1)), true;
  if (event.key === "Escape") return close(), event.target.blur(), true;
  if (event.key === "Backspace" && !text && terms.length) return setTerms(terms.slice(0, -1)), type(terms.at(-1)), true;
  return false;
}

function Offers({ offers, at, onTake, box }) {
  const list = useRef(null);
  useEffect(() => list.current.children[at]?.scrollIntoView({ block: "nearest" }), [at]);
  const take = (event, one) => {
    event.preventDefault();
    onTake(one);
    box.current.focus();
  };
  return html`<ul ref=${list} id="offers" class="offers" role="listbox">
    ${offers.map((one, index) => html`<li key=${one[0]} role="option" aria-selected=${index === at} onMouseDown=${(event) => take(event, one)}>
      <code>${one[0]}<span class="muted">${one[1]}</span></code><span class="muted">${one[2]}</span>
    </li>`)}
  </ul>`;
}
