// A text as it was said: plain, redactions as pills with the rule's name, long ones cut until one asks, Markdown on request.
import { size } from "../base/format.js";
import { route } from "../base/route.js";
import { html, signal, useEffect, useMemo, useState } from "../base/ui.js";

const CUT_CHARS = 3000;
const SHOWN_CHARS = 1200;
const REDACTED = /\[redacted:([\w.-]+):([0-9a-f]+)\]/;

/** Whether every text is shown whole. */
export const expanded = signal(false);

export function isRendered() {
  return route.value.query.get("md") === "1";
}

export function Text({ text, plain = false }) {
  const [whole, setWhole] = useState(false);
  const cut = text.length > CUT_CHARS && !whole && !expanded.value;
  const shown = cut ? text.slice(0, SHOWN_CHARS) : text;
  return html`<div class="text">
    ${isRendered() && !plain ? html`<${Markdown} text=${shown} />` : html`<${Plain} text=${shown} />`}
    ${cut && html`<button type="button" class="more" onClick=${() => setWhole(true)}>Show all of ${size(text.length)}</button>`}
  </div>`;
}

function Plain({ text }) {
  const pieces = useMemo(() => text.split(REDACTED), [text]);
  if (pieces.length === 1) return html`<p>${text}</p>`;
  return html`<p>${pieces.map((piece, index) => (index % 3 === 0 ? piece : index % 3 === 1 ? html`<${Redacted} rule=${piece} print=${pieces[index + 1]} />` : null))}</p>`;
}

function Redacted({ rule, print }) {
  return html`<span class="redacted" title=${`A secret stood here; it was never stored. The same one has the fingerprint ${print} everywhere.`}>${rule.replaceAll("_", " ")} ${print}</span>`;
}

/** Rendered, then sanitised, then put in. The libraries are fetched when the first text is rendered. */
function Markdown({ text }) {
  const [markup, setMarkup] = useState(null);
  useEffect(() => {
    let gone = false;
    import("./markdown.js").then(({ render }) => gone || setMarkup(render(text)));
    return () => (gone = true);
  }, [text]);
  return markup ? html`<div class="markdown" dangerouslySetInnerHTML=${{ __html: markup }} />` : html`<${Plain} text=${text} />`;
}
